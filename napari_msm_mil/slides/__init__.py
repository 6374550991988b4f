"""A slide as a multiscale pyramid for napari."""
