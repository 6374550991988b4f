"""The bench's measures and statistics hold the laws that their names promise."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from examples.benchmarks.floors import check_floors
from examples.benchmarks.measures import maps as measures
from examples.benchmarks.measures.statistics import RESAMPLES, Resampling, auc_resampled, mean_resampled


def test_coverage_counts_kinds_not_tiles():
    kinds = np.array([0, 0, 0, 2, 7, 7])
    ranking = np.array([6.0, 5, 4, 1, 3, 2])  # three tiles of kind 0, then two of no interest, then the one of kind 2

    found = measures.finds(ranking, kinds, evidence=(0, 2))

    assert found.coverage_r == 0.5
    assert found.coverage_10 == 1


def test_a_perfect_ranking_finds_everything():
    kinds = np.array([0, 2, 7, 7, 3])

    found = measures.finds(np.array([9.0, 8, 1, 0, 7]), kinds, evidence=(0, 2, 3))

    assert (found.coverage_r, found.localisation_auc, found.average_precision) == (1, 1, 1)


@given(st.integers(0, 2**31), st.integers(2, 40), st.booleans())
def test_average_precision_is_that_of_scikit_learn(seed, tiles, tied):
    rng = np.random.default_rng(seed)
    ranking = rng.integers(0, 4, tiles).astype(float) if tied else rng.normal(size=tiles)
    is_evidence = rng.random(tiles) < 0.4
    is_evidence[0] = True

    found = measures.average_precision(ranking, is_evidence)

    assert found == pytest.approx(average_precision_score(is_evidence, ranking))


def test_looking_by_turns_takes_the_best_of_each_map_first():
    maps = np.array([[5.0, 4, 0, 1], [0, 1, 9, 8]])

    order = np.argsort(-measures.by_turns(maps))

    assert order.tolist() == [0, 2, 1, 3]


@given(st.integers(0, 2**31), st.integers(2, 4), st.integers(10, 40))
def test_monotone_maps_agree_wholly_and_reversed_ones_not_at_all(seed, stages, tiles):
    scores = np.random.default_rng(seed).normal(size=tiles)

    assert measures.rank_correlation(np.stack([np.exp(scores)] * stages)) == pytest.approx(1)
    assert measures.rank_correlation(np.stack([scores, -scores])) == pytest.approx(-1)


def test_rank_correlation_is_over_tiles_that_both_saw():
    one, other = np.array([-np.inf, 1.0, 2, 3]), np.array([9.0, 1, 2, 3])

    assert measures.rank_correlation(np.stack([one, other])) == pytest.approx(1)


def test_stages_that_share_nothing_tell_all_and_equal_ones_nothing():
    assert measures.mutual_information(np.array([[5, 0], [0, 5]])) == pytest.approx(np.log(2))
    assert measures.mutual_information(np.array([[3, 1], [3, 1]])) == pytest.approx(0)


def test_even_attention_is_carried_by_all_tiles():
    assert measures.effective_tiles(np.zeros((3, 17))) == pytest.approx(17)


def a_record(seed, groups):
    rng = np.random.default_rng(seed)
    labels = np.arange(len(groups)) % 2
    fold = {
        "labels": labels.tolist(),
        "margins": (rng.normal(size=len(groups)) + labels)[:, None].tolist(),
        "groups": groups,
    }
    return {"folds": [fold]}


def test_the_first_resample_is_the_figure_itself():
    groups = [f"patient {number // 2}" for number in range(40)]
    record = a_record(0, groups)

    aucs = auc_resampled([record], Resampling(groups, 1), pooled=False)

    fold = record["folds"][0]
    assert aucs[0] == pytest.approx(roc_auc_score(fold["labels"], np.ravel(fold["margins"])))
    assert len(aucs) == 1 + RESAMPLES


def test_a_resample_is_the_auc_of_the_bags_drawn():
    groups = [f"patient {number // 2}" for number in range(40)]
    record, resampling = a_record(1, groups), Resampling(groups, 1)

    aucs = auc_resampled([record], resampling, pooled=False)

    fold, drawn = record["folds"][0], resampling.weights(groups)[5].astype(int)
    labels, margins = np.repeat(fold["labels"], drawn), np.repeat(np.ravel(fold["margins"]), drawn)
    assert aucs[5] == pytest.approx(roc_auc_score(labels, margins))


def test_bags_of_two_folds_are_compared_only_if_pooled():
    groups = ["a", "b", "c", "d"]
    folds = [
        {"labels": [0, 1], "margins": [[5.0], [6.0]], "groups": ["a", "b"]},
        {"labels": [0, 1], "margins": [[0.0], [1.0]], "groups": ["c", "d"]},
    ]

    apart = auc_resampled([{"folds": folds}], Resampling(groups, 1), pooled=False)
    together = auc_resampled([{"folds": folds}], Resampling(groups, 1), pooled=True)

    assert (apart[0], together[0]) == (1, 0.75)


def test_a_mean_leaves_out_what_is_missing():
    mean = mean_resampled([[1.0, None, 3.0]], [["a", "b", "c"]], Resampling(["a", "b", "c"], 1))

    assert mean[0] == 2


def test_a_fallen_figure_is_told(tmp_path, capsys):
    path = tmp_path / "floors.json"
    path.write_text(json.dumps({"results/elephant/msm/auc/value": 0.9}))
    tables = {"results": {"elephant": {"msm": {"auc": {"value": 0.85}}}}}

    assert check_floors(tables, path) == 1
    assert "FALLEN results/elephant/msm/auc/value: 0.850, at least 0.900" in capsys.readouterr().out


def test_each_map_is_localised_over_the_tiles_it_saw():
    kinds = np.array([0, 0, 7, 7])
    maps = np.array([[4.0, 3, 2, 1], [-np.inf, 1, 2, 3], [-np.inf, -np.inf, 1, 2]])

    first, second, third = measures.localisation(maps, kinds, evidence=(0,))

    assert (first, second) == (1, 0)
    assert np.isnan(third)
