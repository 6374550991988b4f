"""From the pixels of tiles to their features."""
