"""What the names of files of features end in; known without importing what reads them."""

HDF5 = (".h5", ".hdf5")
TORCH = (".pt", ".pth")
NUMPY = (".npy", ".npz")
STORE = ".zarr"
FEATURES = (*HDF5, *TORCH, *NUMPY, STORE)
"""Of all files that may hold features; a store is a folder."""
