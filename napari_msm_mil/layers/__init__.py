"""The only room that touches `viewer.layers`."""
