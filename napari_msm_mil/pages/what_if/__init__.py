"""What the model would say without, or with only, some of the tiles."""
