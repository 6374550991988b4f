"""The help of an option of the model says what the presets really have."""

import re
from typing import get_args

import pytest
from pydantic import ValidationError

from msm_mil_core.cli.app import call
from msm_mil_core.learning.training import preset_values
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil import model_options
from msm_mil_core.mil.model_options import Preset, preset


def told(text: str) -> dict[str, str]:
    """The value that a help text gives for each preset."""
    if found := re.search(r"All presets: (.+)", text):
        return dict.fromkeys(get_args(Preset), found[1].rstrip("."))
    groups = re.findall(r"([^;(]+) \(([^)]+)\)", text.partition("Presets: ")[2])
    return {name: value.strip() for value, names in groups for name in names.split(", ")}


@pytest.mark.parametrize("option", [name for name in ModelChanges.model_fields if name not in {"k", "standardise"}])
def test_every_preset_is_told_with_its_value(option: str):
    values = told(ModelChanges.model_fields[option].description)

    assert set(values) == set(get_args(Preset))
    for name, value in values.items():
        expected = getattr(preset(name, 1024, 2), option)
        shown = "not set" if expected is None else f"{expected:g}" if isinstance(expected, float) else str(expected)
        assert value.split(" for ")[0].split(",")[0] == shown


def test_what_depends_on_features_or_classes_says_so():
    assert "512 for 1,024 features (paper)" in ModelChanges.model_fields["hidden"].description
    assert "2, 6 with more than 2 classes (paper)" in ModelChanges.model_fields["masked_stages"].description


def test_a_number_of_tiles_that_a_share_replaces_is_not_told_as_a_value():
    assert told(ModelChanges.model_fields["k"].description) == {
        name: "not set" if preset(name, 1024, 2).k_share else "10" for name in get_args(Preset)
    }


def test_texts_follow_the_presets_when_these_change(monkeypatch):
    monkeypatch.setitem(model_options._CHANGES, "default", {"lambda_s": 0.3, "lambda_c": 0.77})
    preset_values._shown.cache_clear()

    text = preset_values.preset_values("lambda_c")

    monkeypatch.undo()
    preset_values._shown.cache_clear()
    assert told(text)["default"] == "0.77"


def test_the_command_line_shows_them(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")

    call(["train", "--help"])

    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for option in ("lambda_s", "hidden", "mask_mode"):
        assert preset_values.preset_values(option) in words


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [("mean", {"masked_stages": 2}, "no masked stages"), ("paper", {"claim_mass": 0.5}, "min_keep of at least 1")],
)
def test_changes_that_no_preset_of_that_name_can_have_are_refused_at_once(name: str, changes: dict, reason: str):
    with pytest.raises(ValidationError, match=reason):
        TrainOptions(preset=name, model=changes)
