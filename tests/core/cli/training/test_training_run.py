"""The folder beside a trained model is enough to evaluate the model."""

import csv
import json
from collections import defaultdict

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from tests.bags import an_encoded_slide


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Twenty encoded slides of ten patients, and a model that was trained on some of them."""
    rows = ["slide,label,patient"]
    tmp_path = tmp_path_factory.mktemp("trained")
    for number in range(20):
        an_encoded_slide(tmp_path / f"s{number}.h5", number)
        rows.append(f"s{number},{'xy'[number % 2]},{number // 4 * 2 + number % 2}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    words = ["train", str(tmp_path), "--labels", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "m.safetensors")]
    assert call([*words, "--epochs", "3"]) == 0
    return tmp_path


def test_the_split_names_every_slide_once_and_separates_no_patient(trained):
    with (trained / "m.run" / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert sorted(row["slide"] for row in rows) == sorted(f"s{number}" for number in range(20))
    assert {row["split"] for row in rows} == {"train", "val", "test"}
    parts = defaultdict(set)
    for row in rows:
        parts[row["patient"]].add(row["split"])
    assert all(len(of_patient) == 1 for of_patient in parts.values())


def test_evaluating_by_the_split_gives_exactly_the_metrics_in_the_model_file(trained):
    words = ["evaluate", str(trained), "--labels", str(trained / "m.run" / "split.csv")]

    assert call([*words, "--model", str(trained / "m.safetensors"), "--json", str(trained / "evaluation.json")]) == 0

    recorded = load_checkpoint(trained / "m.safetensors").record["figures"]["test"]
    evaluated = json.loads((trained / "evaluation.json").read_text())["models"][0]["figures"]
    for name in ("auc", "balanced_accuracy", "log_loss"):
        assert evaluated[name]["value"] == recorded[name]
    assert (evaluated["auc"]["low"], evaluated["auc"]["high"]) == (recorded["auc_low"], recorded["auc_high"])


def test_a_table_without_a_split_may_hold_bags_that_the_model_was_trained_on(trained, capsys):
    words = ["evaluate", str(trained), "--labels", str(trained / "labels.csv")]

    assert call([*words, "--model", str(trained / "m.safetensors")]) == 0

    assert "A model may have been trained on some of these bags" in capsys.readouterr().out
