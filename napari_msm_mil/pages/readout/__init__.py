"""What all stages say about the tile under the mouse."""
