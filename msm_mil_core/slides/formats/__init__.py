"""Kinds of files, told apart and opened."""
