"""The window: a napari plugin that shows what each mask stage of MSM-MIL looked at."""

__version__ = "0.1.0"
