"""The pages of the dock, independent of each other."""
