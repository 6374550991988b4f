"""Groovy scripts for QuPath's script editor, and the values that an export fills in."""
