"""How well maps point at areas whose class is known."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.localisation import ALL_AREAS, localise, tile_auc
from msm_mil_core.mil.prediction import TileEvidence
from msm_mil_core.slides.truth import TruthArea
from tests.results import a_prediction, block_of_tiles

TILES = block_of_tiles(6, 5)
LEFT = TruthArea("class 0", (0, 0, 0), shapely.box(0, 0, 200, 500))
RIGHT = TruthArea("class 1", (0, 0, 0), shapely.box(500, 0, 600, 500))
OTHER = TruthArea("stroma", (0, 0, 0), shapely.box(300, 0, 400, 500))
COLUMN = TILES.xy_px0[:, 0] // 100

values = arrays(np.float32, 30, elements=st.sampled_from(np.arange(6, dtype=np.float32)))
insides = arrays(bool, 30)


@given(values, insides)
def test_it_is_the_area_under_the_roc_curve(drawn, inside):
    measured = tile_auc(drawn, inside)

    if inside.all() or not inside.any():
        assert np.isnan(measured)
    else:
        assert measured == pytest.approx(roc_auc_score(inside, drawn))


@given(values, insides)
def test_only_the_order_of_values_counts_and_their_sign_turns_it_round(drawn, inside):
    measured = tile_auc(drawn, inside)

    assert tile_auc(np.exp(drawn), inside) == pytest.approx(measured, nan_ok=True)
    assert tile_auc(-drawn, inside) == pytest.approx(1 - measured, nan_ok=True)
    assert tile_auc(drawn, ~inside) == pytest.approx(1 - measured, nan_ok=True)


@given(values, insides, insides)
def test_tiles_that_were_not_shown_count_as_absent(drawn, inside, shown):
    masked = np.where(shown, drawn, np.nan)

    assert tile_auc(masked, inside) == pytest.approx(tile_auc(drawn[shown], inside[shown]), nan_ok=True)


def a_prediction_of(evidence):
    """A prediction of one stage whose evidence for three classes is drawn, (N, 3)."""
    drawn = a_prediction(len(evidence), S=1, C=3)
    stages = (replace(drawn.stages[0], tile_evidence=TileEvidence.stored(np.asarray(evidence, np.float32))),)
    return replace(drawn, stages=stages, negative="class 2")


def test_evidence_that_follows_the_areas_finds_them_and_evidence_against_them_does_not():
    prediction = a_prediction_of(np.stack([COLUMN < 2, COLUMN < 5, 0 * COLUMN], axis=1))

    found = localise(prediction, TILES, [LEFT, RIGHT])

    assert found.targets == ("class 0", "class 1", ALL_AREAS)
    assert found.counts == (10, 5, 15)
    scores = {score.title: score for score in found.maps}
    assert scores["Evidence for class 0"].auc == 1
    assert scores["Evidence for class 1"].auc == 0
    assert scores["Evidence for class 0"].aucs[1] == pytest.approx(0.5 * 15 / 25)


@given(st.integers(1, 4), st.booleans())
def test_evidence_comes_before_attention_and_every_stage_has_a_map(S, masks):
    prediction = a_prediction(30, S=S, masks=masks)

    maps = localise(prediction, TILES, [LEFT, OTHER]).maps

    evidence = dict.fromkeys([f"Evidence for {prediction.winner}", "Evidence for class 0"])
    attention = ["Attention of all stages", *(f"Attention of stage {number + 1}" for number in range(S))]
    assert [score.title for score in maps] == [*evidence, *attention]
    assert [score.stage for score in maps if score.quantity == "attention"] == [None, *range(S)]


def test_a_map_should_find_the_area_of_its_class_and_else_all_areas():
    prediction = replace(a_prediction(30, C=3), probabilities=np.array([0.1, 0.1, 0.8], np.float32))

    found = localise(prediction, TILES, [LEFT, RIGHT])

    assert [found.targets[score.target] for score in found.maps[:4]] == [ALL_AREAS, "class 0", "class 1", ALL_AREAS]


def test_a_single_area_is_the_only_target():
    found = localise(a_prediction(30), TILES, [OTHER])

    assert found.targets == ("stroma",)
    assert {score.target for score in found.maps} == {0}


def test_a_model_without_evidence_is_measured_by_attention_alone():
    maps = localise(a_prediction(30, evidence=False), TILES, [LEFT]).maps

    assert {score.quantity for score in maps} == {"attention"}


def test_areas_that_hold_no_tile_are_refused():
    elsewhere = TruthArea("class 0", (0, 0, 0), shapely.box(5000, 5000, 6000, 6000))

    with pytest.raises(QuestionError, match="belong to this slide"):
        localise(a_prediction(30), TILES, [elsewhere])
