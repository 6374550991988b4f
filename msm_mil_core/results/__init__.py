"""The result of one slide, its file, and the annotations saved with it."""
