"""The commands that take results."""
