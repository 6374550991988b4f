"""What a model computed of each tile, as a group of a result's file."""

import h5py

from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.tile_outputs import StageWeigher, TileOutputs
from msm_mil_core.results.hdf5_array import write_array

ARRAYS = ("scores", "tile_logits", "stage_tile_logits", "bias", "stage_bias")
WEIGHER = ("inner", "inner_bias", "outer")


def write_tile_outputs(group: h5py.Group, tile_outputs: TileOutputs) -> None:
    """Write all that questions need."""
    group.attrs["options"] = tile_outputs.options.model_dump_json()
    group.attrs["masks_applied"] = tile_outputs.masks_applied
    for name in ARRAYS:
        write_array(group, name, getattr(tile_outputs, name))
    if tile_outputs.weigher is not None:
        for name in WEIGHER:
            write_array(group, f"weigher/{name}", getattr(tile_outputs.weigher, name))


def read_tile_outputs(group: h5py.Group, classes: tuple[str, ...]) -> TileOutputs:
    """Read it back."""
    weigher = None
    if "weigher" in group:
        weigher = StageWeigher(*(group[f"weigher/{name}"][()] for name in WEIGHER))
    return TileOutputs(
        options=ModelOptions.model_validate_json(group.attrs["options"]),
        classes=classes,
        masks_applied=bool(group.attrs["masks_applied"]),
        weigher=weigher,
        **{name: group[name][()] for name in ARRAYS},
    )


def shapes_of(tile_outputs: TileOutputs) -> list[tuple[int, ...]]:
    """Return the shapes of the arrays: (S, N), (N, C), (S, N, C), (C,), (S, C)."""
    return [getattr(tile_outputs, name).shape for name in ARRAYS]
