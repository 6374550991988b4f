"""What a TIFF says of its pages."""
