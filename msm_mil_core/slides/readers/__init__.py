"""What reads the pixels of a slide: openslide, or the file's own tiles decoded directly."""
