"""Results as GeoJSON for QuPath, and annotations drawn in QuPath as regions."""
