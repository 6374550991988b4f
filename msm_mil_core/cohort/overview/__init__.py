"""What a folder of slides shows: its state, a page, a table for statistics."""
