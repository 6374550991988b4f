"""The bundled model knows held-out photographs of its own data set, and says that skin is unlike what it learnt."""

import numpy as np
import pytest

from examples.lung_collection import SIDE_PX, TILE_MPP, encode_photographs
from examples.lung_comparison import NAMES
from examples.lung_photographs import CLASSES, draw_mosaics, parts_of, read_photographs
from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide


@pytest.fixture(scope="module")
def model():
    return load_checkpoint(default_checkpoint_path())


def test_it_is_small_and_made_for_the_tiles_of_the_photographs(model):
    assert model.classes == NAMES
    assert (model.side_px, model.mpp) == (SIDE_PX, TILE_MPP)
    assert model.path.stat().st_size < 3_000_000
    assert "any way they see fit" in model.record["licence"]


def test_skin_is_unlike_what_it_learnt(model, shared):
    with open_slide(shared("slides/CMU-1-Small-Region.svs")) as slide:
        result = finish(analyse(slide, model, AnalysisOptions()))

    assert result.tissue.unlike
    assert result.tissue.value > 2 * result.tissue.limit
    assert "the answer means nothing" in result.warnings[0]


def test_mosaics_of_held_out_photographs_are_not_and_are_mostly_answered_right(model, shared):
    every = read_photographs(shared("tiles/lung"))
    held_out = [one for one, part in zip(every, parts_of(every, seed=0), strict=True) if part == 2]
    collection = encode_photographs(held_out[::3], load_encoder(model.encoder, device="cpu", precision="float32"), None)
    mosaics = draw_mosaics(collection.kinds, 12, np.random.default_rng(0))

    bags = collection.tiles(mosaics)

    assert not any(model.tissue.compare(bag).unlike for bag in bags)
    right = [predict(model, bag, device="cpu").winner for bag in bags]
    truth = [CLASSES[one.label] for one in mosaics]
    assert np.mean([one == other for one, other in zip(right, truth, strict=True)]) > 0.5
