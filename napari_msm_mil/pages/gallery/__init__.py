"""The top tiles of a stage as pictures."""
