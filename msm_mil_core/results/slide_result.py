"""The result of one slide: everything needed to draw it again and to run it again, and its file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import ResultError
from msm_mil_core.explain.what_if import require_tile_outputs
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.results.hdf5_array import write_array
from msm_mil_core.results.tile_outputs_group import read_tile_outputs, shapes_of, write_tile_outputs
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiles import TileGrid

SCHEMA = "msm-mil-result/1"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model spoke."""

    name: str
    sha256: str
    """Of the checkpoint file."""
    preset: str
    """"paper", "default" or "explain"."""
    classes: tuple[str, ...]
    stages: int
    """S, the number of stages."""


@dataclass(frozen=True, slots=True, eq=False)
class SlideResult:
    """What MSM-MIL says of one slide, tile by tile and stage by stage."""

    created: str
    """ISO 8601, with the time zone."""
    slide: SlideFacts
    options: Mapping[str, Any]
    """All options of the run, as JSON values."""
    model: ModelFacts
    versions: Mapping[str, str]
    tiles: TileGrid
    prediction: Prediction
    tile_outputs: TileOutputs | None = None
    """What questions need; None for models with a refinement block, and in files of older versions."""

    def __repr__(self) -> str:
        said = f"{self.prediction.winner}, P = {self.prediction.probabilities.max():.3f}"
        return f"<SlideResult {self.slide.name}: {said}; {self.model.name}, {len(self.tiles)} tiles>"

    def require_tile_outputs(self) -> TileOutputs:
        """Return what questions need.

        Raises
        ------
        QuestionError
            If there is none; it says why.
        """
        return require_tile_outputs(self.tile_outputs, refined=self.model.preset == "paper")


def save_result(result: SlideResult, path: Path, *, overwrite: bool = True) -> None:
    """Write a result as one HDF5 file of the schema `msm-mil-result/1`; the file is whole or absent.

    Raises
    ------
    OutputError
        If it cannot be written there, or there is one already that may not be overwritten.
    """
    with whole_file(path, overwrite=overwrite) as part, h5py.File(part, "w") as file:
        write_result(file, result)


def write_result(file: h5py.File, result: SlideResult) -> None:
    """Write a result into an empty HDF5 file."""
    _write_facts(file, result)
    _write_tiles(file.create_group("tiles"), result.tiles)
    _write_prediction(file, result.prediction)
    if result.tile_outputs is not None:
        write_tile_outputs(file.create_group("memory"), result.tile_outputs)


def load_result(path: Path) -> SlideResult:
    """Read a result back, equal to what was saved field by field.

    Raises
    ------
    ResultError
        If the file is missing, no result, of another schema, or damaged.
    """
    if not path.is_file():
        raise ResultError(f"There is no result file {path}. Check the path; results end in .msm.h5.")
    try:
        with h5py.File(path, "r") as file:
            _check_schema(file, path)
            result = _read(file)
            _check_shapes(result)
            return result
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as exc:
        if not h5py.is_hdf5(path):
            raise ResultError(f"{path} is no HDF5 file, so no result. Choose a file that ends in .msm.h5.") from exc
        raise ResultError(f"{path} is damaged ({_first_line(exc)}). Run the slide again to make it anew.") from exc


def _write_facts(file: h5py.File, result: SlideResult) -> None:
    file.attrs["schema"] = SCHEMA
    file.attrs["created"] = result.created
    file.attrs["slide"] = json.dumps(asdict(result.slide), allow_nan=False)
    file.attrs["options"] = json.dumps(dict(result.options), allow_nan=False)
    file.attrs["model"] = json.dumps(asdict(result.model), allow_nan=False)
    file.attrs["versions"] = json.dumps(dict(result.versions))


def _write_tiles(group: h5py.Group, tiles: TileGrid) -> None:
    xy_px0 = write_array(group, "xy_px0", tiles.xy_px0.astype(np.int64, copy=False))
    xy_px0.attrs.update(side_px0=tiles.side_px0, side_px=tiles.side_px, mpp=tiles.mpp)


def _write_prediction(file: h5py.File, prediction: Prediction) -> None:
    stages = prediction.stages
    write_array(file, "prediction/logits", prediction.logits)
    write_array(file, "prediction/probabilities", prediction.probabilities)
    attention = write_array(file, "stages/attention", np.stack([stage.attention for stage in stages]))
    attention.attrs["masks_applied"] = prediction.masks_applied
    write_array(file, "stages/claimed", np.stack([stage.claimed for stage in stages]))
    write_array(file, "stages/beta", np.array([stage.beta for stage in stages]))
    write_array(file, "stages/logits", np.stack([stage.logits for stage in stages]))
    if prediction.bias is not None:
        parts = [stage.evidence for stage in stages if stage.evidence is not None]
        write_array(file, "evidence", np.stack(parts)).attrs["bias"] = prediction.bias


def _check_schema(file: h5py.File, path: Path) -> None:
    schema = file.attrs.get("schema")
    if schema is None:
        raise ResultError(f"{path} is an HDF5 file, but no result of MSM-MIL. Choose a file that ends in .msm.h5.")
    if schema != SCHEMA:
        raise ResultError(
            f"{path} has the schema {schema!r}; this version reads {SCHEMA!r}. "
            "Run the slide again, or use the version of napari-msm-mil that wrote the file."
        )


def _read(file: h5py.File) -> SlideResult:
    model = json.loads(file.attrs["model"])
    model["classes"] = tuple(model["classes"])
    return SlideResult(
        created=str(file.attrs["created"]),
        slide=_read_slide(json.loads(file.attrs["slide"])),
        options=json.loads(file.attrs["options"]),
        model=ModelFacts(**model),
        versions=json.loads(file.attrs["versions"]),
        tiles=_read_tiles(file["tiles/xy_px0"]),
        prediction=_read_prediction(file, model["classes"]),
        tile_outputs=read_tile_outputs(file["memory"], model["classes"]) if "memory" in file else None,
    )


def _read_slide(facts: dict[str, Any]) -> SlideFacts:
    facts = {"path": "", "extent_px0": facts["size_px0"]} | facts  # the two that other writers may leave out
    fields: dict[str, Any] = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}
    return SlideFacts(**fields)


def _read_tiles(xy_px0: h5py.Dataset) -> TileGrid:
    attrs = xy_px0.attrs
    return TileGrid(xy_px0[()], int(attrs["side_px0"]), int(attrs["side_px"]), float(attrs["mpp"]))


def _read_prediction(file: h5py.File, classes: tuple[str, ...]) -> Prediction:
    evidence = file.get("evidence")
    return Prediction(
        classes=classes,
        logits=file["prediction/logits"][()],
        probabilities=file["prediction/probabilities"][()],
        stages=_read_stages(file["stages"], None if evidence is None else evidence[()]),
        masks_applied=bool(file["stages/attention"].attrs["masks_applied"]),
        bias=None if evidence is None else evidence.attrs["bias"],
    )


def _read_stages(group: h5py.Group, evidence: NDArray[np.float32] | None) -> tuple[StageAttention, ...]:
    attention, claimed, beta, logits = (group[name][()] for name in ("attention", "claimed", "beta", "logits"))
    return tuple(
        StageAttention(attention[t], claimed[t], float(beta[t]), logits[t], None if evidence is None else evidence[t])
        for t in range(len(attention))
    )


def _check_shapes(result: SlideResult) -> None:
    N, S, C = len(result.tiles), result.model.stages, len(result.model.classes)
    prediction = result.prediction
    found = [result.tiles.xy_px0.shape, prediction.logits.shape, prediction.probabilities.shape, len(prediction.stages)]
    expected: list[object] = [(N, 2), (C,), (C,), S]
    for stage in prediction.stages:
        found += [stage.attention.shape, stage.claimed.shape, stage.logits.shape]
        expected += [(N,), (N,), (C,)]
        if stage.evidence is not None:
            found.append(stage.evidence.shape)
            expected.append((N, C))
    if result.tile_outputs is not None:
        found += shapes_of(result.tile_outputs)
        expected += [(S, N), (N, C), (S, N, C), (C,), (S, C)]
    if found != expected:
        raise ValueError(f"sizes do not fit {N} tiles, {S} stages and {C} classes")


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
