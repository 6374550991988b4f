"""Kinds of files, told apart and opened: openslide's, pictures, TIFF series, OME-Zarr, arrays, addresses."""
