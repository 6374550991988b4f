"""Model files: what is in them, of any version."""
