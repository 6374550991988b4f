"""HDF5 files that nobody vouches for: opened only once they are known to be self-contained, and written whole."""
