"""How results are drawn: stage colours, ramps, heatmaps, tile maps and outlines."""
