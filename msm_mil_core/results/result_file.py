"""The file of a result: one HDF5 file of the schema `msm-mil-result/2`, with the annotations made on it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import Hdf5Error, OutputError, ResultError
from msm_mil_core.file_lock import NoLockError, locked
from msm_mil_core.hdf5.opening import open_hdf5
from msm_mil_core.hdf5.writing import written_hdf5
from msm_mil_core.mil.model_file.first_version import RESULT
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.results.annotations import WAIT_S, Annotations, load_annotations, write_annotations
from msm_mil_core.results.result_reading import read_result
from msm_mil_core.results.run_identity import holds_run
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.tiling.tiles import TileGrid

SCHEMA = "msm-mil-result/2"
READABLE = (RESULT, SCHEMA)

_TILE_OUTPUTS = ("scores", "tile_logits", "stage_tile_logits", "bias", "stage_bias")
_FUSION = ("inner", "inner_bias", "outer")


def save_result(
    result: SlideResult, path: Path, annotations: Annotations | None = None, *, overwrite: bool = True
) -> None:
    """Write a result and its annotations as one file; the file is whole or absent.

    Parameters
    ----------
    path
        Where it is written; by convention the name ends in .msm.h5.
    annotations
        The annotations. They are merged with those of a result at `path` that is of the same slide, model and tiles.
    overwrite
        Whether a file that already exists is replaced.

    Raises
    ------
    OutputError
        If it cannot be written there, a file that may not be replaced already exists, or one has annotations that
        would be lost.
    """
    with _locked(path):
        _write(result, path, _merged_with_those_at(path, result, annotations or Annotations()), overwrite=overwrite)


def load_result(path: Path) -> SlideResult:
    """Read a result back, equal to what was saved field by field.

    Raises
    ------
    ResultError
        If the file is missing, not a result, of another schema, damaged, or reaches outside itself.
    """
    try:
        with open_hdf5(path) as file:
            _check_schema(file, path)
            return read_result(file)
    except FileNotFoundError as exc:
        raise ResultError.missing(path) from exc
    except Hdf5Error as exc:
        raise ResultError(f"{exc} Choose a file that ends in .msm.h5, or run the slide again.") from exc
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError) as exc:
        raise ResultError(f"{path} is damaged ({_first_line(exc)}). Run the slide again.") from exc


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a path; where the drive cannot lock files, go on only if nothing can be lost."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, "is being saved", wait_s=WAIT_S))
        except NoLockError:
            if path.exists():
                raise
        yield


def _merged_with_those_at(path: Path, result: SlideResult, annotations: Annotations) -> Annotations:
    if not path.is_file() or not holds_run(path, result):
        return annotations
    try:
        return load_annotations(path).merged(annotations)
    except ResultError as exc:
        raise OutputError(f"{exc} So that they are not lost, the file is not replaced; choose another place.") from exc


def _write(result: SlideResult, path: Path, annotations: Annotations, *, overwrite: bool) -> None:
    with whole_file(path, overwrite=overwrite) as part, written_hdf5(part) as file:
        _write_facts(file, result)
        _write_tiles(file.create_group("tiles"), result.tiles)
        _write_prediction(file, result.prediction)
        if result.tile_outputs is not None:
            _write_tile_outputs(file.create_group("memory"), result.tile_outputs)
        if annotations != Annotations():
            write_annotations(file, annotations)


def _write_facts(file: h5py.File, result: SlideResult) -> None:
    file.attrs["schema"] = SCHEMA
    file.attrs["created"] = result.created
    file.attrs["slide"] = json.dumps(asdict(result.slide), allow_nan=False)
    file.attrs["options"] = json.dumps(dict(result.options), allow_nan=False)
    file.attrs["model"] = json.dumps(asdict(result.model), allow_nan=False)
    file.attrs["versions"] = json.dumps(dict(result.versions))
    if result.tissue is not None:
        file.attrs["tissue"] = json.dumps(asdict(result.tissue), allow_nan=False)


def _write_tiles(group: h5py.Group, tiles: TileGrid) -> None:
    xy_px0 = _write_array(group, "xy_px0", tiles.xy_px0.astype(np.int64, copy=False))
    xy_px0.attrs.update(side_px0=tiles.side_px0, side_px=tiles.side_px, mpp=tiles.mpp)


def _write_prediction(file: h5py.File, prediction: Prediction) -> None:
    stages = prediction.stages
    _write_array(file, "prediction/logits", prediction.logits)
    _write_array(file, "prediction/probabilities", prediction.probabilities)
    attention = _write_array(file, "stages/attention", np.stack([stage.attention for stage in stages]))
    attention.attrs["masks_applied"] = prediction.masks_applied
    _write_array(file, "stages/claimed", np.stack([stage.claimed for stage in stages]))
    _write_array(file, "stages/beta", np.array([stage.beta for stage in stages]))
    _write_array(file, "stages/logits", np.stack([stage.logits for stage in stages]))
    if prediction.bias is not None:
        parts = [part for stage in stages if (part := stage.evidence) is not None]
        _write_array(file, "evidence", np.stack(parts)).attrs["bias"] = prediction.bias


def _write_tile_outputs(group: h5py.Group, tile_outputs: TileOutputs) -> None:
    group.attrs["options"] = tile_outputs.options.model_dump_json()
    group.attrs["masks_applied"] = tile_outputs.masks_applied
    for name in _TILE_OUTPUTS:
        _write_array(group, name, getattr(tile_outputs, name))
    if tile_outputs.fusion is not None:
        for name in _FUSION:
            _write_array(group, f"weigher/{name}", getattr(tile_outputs.fusion, name))


def _write_array(group: h5py.Group, name: str, values: NDArray[Any]) -> h5py.Dataset:
    """Write an array with a checksum, which detects damage.

    Nothing is compressed: attention and evidence hardly shrink (by a tenth, at fifty times the writing time).
    """
    return group.create_dataset(name, data=values, fletcher32=True)


def _check_schema(file: h5py.File, path: Path) -> None:
    schema = file.attrs.get("schema")
    if not isinstance(schema, str):
        raise ResultError(f"{path} is an HDF5 file, but not a result of MSM-MIL. Choose a file that ends in .msm.h5.")
    if schema not in READABLE:
        raise ResultError(
            f"{path} has the schema {schema!r}; this version reads {' and '.join(map(repr, READABLE))}. "
            "Run the slide again, or use the version of napari-msm-mil that wrote the file."
        )


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
