"""Feature bags: the features of a slide's tiles, and their files."""
