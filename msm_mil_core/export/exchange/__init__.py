"""Files that other programs read: Parquet, OME-TIFF, AnnData, SpatialData, DICOM."""
