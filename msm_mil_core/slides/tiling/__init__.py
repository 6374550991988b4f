"""Tissue, the tiles laid over it, and how they are read."""
