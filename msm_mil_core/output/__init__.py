"""What leaves the core: result files, heatmaps, GeoJSON, tables and figures."""
