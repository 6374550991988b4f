"""Opens what openslide does not: pictures of several levels in TIFF, OME-Zarr, arrays, and files on other computers."""
