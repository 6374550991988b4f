"""Dialogs, and what reads and writes files in the background."""
