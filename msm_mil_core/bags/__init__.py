"""Feature bags: encoding the tiles of a slide, and keeping the features."""
