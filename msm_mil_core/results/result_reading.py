"""Reads an open file of a schema that `result_file` names, and believes none of it: it may be a stranger's."""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from msm_mil_core.mil.model_file.first_version import RESULT, options_today
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.prediction import Prediction, StageAttention, TileEvidence
from msm_mil_core.mil.tile_outputs import StageFusion, TileOutputs
from msm_mil_core.mil.trust.negative_class import negative_class
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from msm_mil_core.results.parts import (
    array,
    attribute_flag,
    attribute_number,
    attribute_text,
    dataset,
    finite,
    finite_or_missing,
    moment,
    numbers,
    parsed,
    parts_of_one,
    shares_or_missing,
    slide_facts,
    texts,
)
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

MOST_CELLS = 10**8
"""Greatest number of tiles that fit into the rectangle around all tiles: it is drawn as an image."""
MOST_STAGES = 33
"""As many as `ModelOptions` allows."""


def read_result(file: h5py.File) -> SlideResult:
    """Return the result.

    Raises
    ------
    ValueError, KeyError, TypeError, OSError, RuntimeError, AttributeError
        If any part is missing, of another type or shape, or holds values that no result has.
    """
    model, slide = _model(file), slide_facts(parsed(attribute_text(file, "slide"), "slide"))
    versions = parsed(attribute_text(file, "versions"), "versions")
    texts(versions, *versions)
    tiles = _tiles(file, slide)
    prediction = _prediction(file, model, len(tiles))
    return SlideResult(
        created=moment(attribute_text(file, "created")),
        slide=slide,
        options=parsed(attribute_text(file, "options"), "options"),
        model=model,
        versions=versions,
        tiles=tiles,
        prediction=prediction,
        tile_outputs=_tile_outputs(file["memory"], model, len(tiles)) if "memory" in file else None,
        tissue=_tissue(parsed(attribute_text(file, "tissue"), "tissue")) if "tissue" in file.attrs else None,
    )


def _model(file: h5py.File) -> ModelFacts:
    record = parsed(attribute_text(file, "model"), "model")
    texts(record, "name", "sha256", "preset")
    classes, stages = record["classes"], record["stages"]
    if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
        raise ValueError("classes are no names")
    if len(set(classes)) < len(classes):
        raise ValueError("two classes have one name")
    if not isinstance(stages, int) or not 1 <= stages <= MOST_STAGES:
        raise ValueError(f"stages is no number from 1 to {MOST_STAGES}")
    if not isinstance(record.get("record", {}), dict):
        raise TypeError("the model's record is no record")
    return ModelFacts(**record | {"classes": tuple(classes)})


def _tissue(record: dict[str, Any]) -> TissueDistance:
    numbers(record, "value", "nearer", "limit")
    if record["nearer"] > 1:
        raise ValueError("nearer is no share")
    return TissueDistance(**record)


def _tiles(file: h5py.File, slide: SlideFacts) -> TileGrid:
    xy_px0 = dataset(file, "tiles/xy_px0")
    side_px0, side_px = attribute_number(xy_px0, "side_px0"), attribute_number(xy_px0, "side_px")
    if not isinstance(side_px0, int) or not isinstance(side_px, int):
        raise TypeError("the side of a tile is no whole number")
    count = xy_px0.shape[0] if xy_px0.ndim else 0

    def lie_on_the_slide(places: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (places >= 0) & (places < slide.size_px0)

    places = array(file, "tiles/xy_px0", (count, 2), np.int64, lie_on_the_slide)
    if not count or np.prod(np.ptp(places // side_px0, axis=0) + 1.0) > MOST_CELLS:
        raise ValueError(f"{count} tiles over an area of more than {MOST_CELLS:,}, or none")
    return TileGrid(places, side_px0, side_px, _mpp(xy_px0))


def _mpp(xy_px0: h5py.Dataset) -> float:
    unknown = isinstance(xy_px0.attrs["mpp"], np.floating) and np.isnan(xy_px0.attrs["mpp"])
    return float("nan") if unknown else float(attribute_number(xy_px0, "mpp"))


def _prediction(file: h5py.File, model: ModelFacts, N: int) -> Prediction:
    S, C = model.stages, len(model.classes)
    explained = "evidence" in file
    evidence = array(file, "evidence", (S, N, C), np.float32, finite) if explained else None
    return Prediction(
        classes=model.classes,
        logits=array(file, "prediction/logits", (C,), np.float32, finite),
        probabilities=array(file, "prediction/probabilities", (C,), np.float32, parts_of_one),
        stages=_stages(file, (S, N, C), evidence),
        masks_applied=attribute_flag(dataset(file, "stages/attention"), "masks_applied"),
        bias=_bias(file["evidence"], C) if explained else None,
        negative=negative_class(model.record, model.classes),
    )


def _stages(
    file: h5py.File, sizes: tuple[int, int, int], evidence: NDArray[np.float32] | None
) -> tuple[StageAttention, ...]:
    S, N, C = sizes
    attention = array(file, "stages/attention", (S, N), np.float32, shares_or_missing)
    claimed = array(file, "stages/claimed", (S, N), np.bool_, lambda claims: claims.sum(axis=0) <= 1)
    beta = array(file, "stages/beta", (S,), np.float64, parts_of_one)
    logits = array(file, "stages/logits", (S, C), np.float32, finite_or_missing)
    parts = [None] * S if evidence is None else list(map(TileEvidence.stored, evidence))
    return tuple(StageAttention(attention[t], claimed[t], float(beta[t]), logits[t], parts[t]) for t in range(S))


def _bias(evidence: h5py.Dataset, C: int) -> NDArray[np.float32]:
    bias = np.asarray(evidence.attrs["bias"])
    if bias.shape != (C,) or bias.dtype.kind != "f" or not np.isfinite(bias).all():
        raise ValueError(f"bias is not one number for each of {C} classes")
    return bias.astype(np.float32, copy=False)


def _tile_outputs(group: h5py.Group, model: ModelFacts, N: int) -> TileOutputs:
    S, C = model.stages, len(model.classes)
    return TileOutputs(
        options=_options(group, S, C),
        classes=model.classes,
        masks_applied=attribute_flag(group, "masks_applied"),
        scores=array(group, "scores", (S, N), np.float32, finite),
        tile_logits=array(group, "tile_logits", (N, C), np.float32, finite),
        stage_tile_logits=array(group, "stage_tile_logits", (S, N, C), np.float32, finite),
        bias=array(group, "bias", (C,), np.float32, finite),
        stage_bias=array(group, "stage_bias", (S, C), np.float32, finite),
        fusion=_fusion(group, N) if "weigher" in group else None,
        negative=negative_class(model.record, model.classes),
    )


def _options(group: h5py.Group, S: int, C: int) -> ModelOptions:
    try:
        written = parsed(attribute_text(group, "options"), "options")
        first = attribute_text(group.file, "schema") == RESULT
        options = ModelOptions.model_validate(options_today(written) if first else written)
    except ValidationError as exc:
        raise ValueError("the options of the model cannot be those of one") from exc
    if (options.stages, options.classes) != (S, C):
        raise ValueError(f"the options of the model are not those of {S} stages and {C} classes")
    return options


def _fusion(group: h5py.Group, N: int) -> StageFusion:
    outer = dataset(group, "weigher/outer")
    F = outer.shape[0] if outer.ndim else 0
    return StageFusion(
        inner=array(group, "weigher/inner", (N, F), np.float32, finite),
        inner_bias=array(group, "weigher/inner_bias", (F,), np.float32, finite),
        outer=array(group, "weigher/outer", (F,), np.float32, finite),
    )
