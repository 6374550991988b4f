"""Whole-slide images: opening them, finding tissue, laying tiles."""
