"""Several models on one slide: their maps on the same tiles, how far they agree, how far they spread."""
