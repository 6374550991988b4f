"""Drawn results for tests: any number of tiles, stages and classes, with or without masks and evidence."""

import numpy as np

from msm_mil_core.mil.prediction import Prediction, StageAttention, TileEvidence
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid


def slide_facts(size_px0=(2220, 2967), *, bounds=None, mpp=0.499) -> SlideFacts:
    """Facts of a slide; `bounds` are x, y, width, height as openslide tells them."""
    x, y, width, height = bounds or (0, 0, *size_px0)
    return SlideFacts(
        name="drawn.svs",
        path="/slides/drawn.svs",
        size_px0=size_px0,
        mpp=mpp,
        mpp_origin="aperio.MPP",
        origin_px0=(x, y),
        extent_px0=(width, height),
        quick_hash="5f2a",
    )


def tile_grid(cells, side_px0=100) -> TileGrid:
    """Tiles at the cells (col, row) of the grid."""
    xy_px0 = np.asarray(cells, np.int64).reshape(-1, 2) * side_px0
    return TileGrid(xy_px0, side_px0=side_px0, side_px=96, mpp=0.52)


def block_of_tiles(cols, rows, side_px0=100) -> TileGrid:
    """A full rectangle of tiles from the slide's corner."""
    row, col = np.divmod(np.arange(cols * rows), cols)
    return tile_grid(np.stack([col, row], 1), side_px0)


def a_prediction(N, *, S=3, C=2, K=4, masks=False, evidence=True, seed=0) -> Prediction:
    """A prediction whose numbers obey the laws of the method; the drawn logits alone are made up."""
    rng = np.random.default_rng(seed)
    shown, stages = np.ones(N, bool), []
    beta = rng.dirichlet(np.ones(S))
    for weight in beta:
        stage, claimed = _a_stage(rng, shown, (C, K), float(weight), masks=masks, evidence=evidence)
        stages.append(stage)
        shown = shown & ~claimed
    bias = rng.normal(size=C).astype(np.float32) if evidence else None
    logits = bias + sum(stage.evidence.sum(0) for stage in stages) if evidence else rng.normal(size=C)
    probabilities = np.exp(logits) / np.exp(logits).sum()
    return Prediction(
        classes=tuple(f"class {c}" for c in range(C)),
        logits=np.float32(logits),
        probabilities=np.float32(probabilities),
        stages=tuple(stages),
        masks_applied=masks,
        bias=bias,
    )


UNLIKE = TissueDistance(value=3.0, nearer=1.0, limit=1.4)
LIKE = TissueDistance(value=1.1, nearer=0.7, limit=1.4)


def _a_stage(rng, shown, sizes, beta, *, masks, evidence):
    (C, K), N = sizes, len(shown)
    scores = rng.normal(0, 2, N)
    looked = shown if masks else np.ones(N, bool)
    attention = np.where(looked, np.exp(scores), 0)
    attention /= attention.sum()
    taken = np.argsort(np.where(shown, -scores, np.inf))[: max(0, min(K, shown.sum() - 1))]
    claimed = np.isin(np.arange(N), taken)
    parts = (beta * attention[:, None] * rng.normal(size=(N, C))).astype(np.float32)
    stage = StageAttention(
        attention=np.where(looked, attention, np.nan).astype(np.float32),
        claimed=claimed,
        beta=beta,
        logits=rng.normal(size=C).astype(np.float32),
        tile_evidence=TileEvidence.stored(parts) if evidence else None,
    )
    return stage, claimed


def a_result(tiles=None, *, slide=None, prediction=None, preset="default", record=None, tissue=None) -> SlideResult:
    """A whole result over drawn tiles."""
    tiles = block_of_tiles(6, 5) if tiles is None else tiles
    prediction = prediction or a_prediction(len(tiles))
    return SlideResult(
        created="2026-11-22T10:00:00+01:00",
        slide=slide or slide_facts(),
        options={"tiles": {"side_px": 96, "mpp": 0.52}, "masks": "checkpoint", "regions": None},
        model=ModelFacts("drawn model", "ab12", preset, prediction.classes, len(prediction.stages), record or {}),
        versions={"napari-msm-mil": "0.1.0"},
        tiles=tiles,
        prediction=prediction,
        tissue=tissue,
    )
