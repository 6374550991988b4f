"""The window: a napari plugin that shows what each mask stage of MSM-MIL looked at."""

from napari_msm_mil.isolated_triton import isolate_triton

__version__ = "0.1.0"

isolate_triton()  # before anything of ours imports torch, in whichever thread
