"""Slides and regions in the viewer: where they lie, what lies on them, and where the camera looks."""
