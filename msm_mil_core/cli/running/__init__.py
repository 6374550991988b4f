"""The commands that take slides, and what they share."""
