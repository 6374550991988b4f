"""Features that other programs write in formats other than HDF5, and what lies beside them."""
