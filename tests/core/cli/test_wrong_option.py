"""Whatever cannot be used is said in one sentence with the option as it was typed, in our own words."""

import importlib
from types import UnionType
from typing import Literal, Union, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from msm_mil_core.cli.app import call
from msm_mil_core.cli.wrong_option import describe_wrong_use
from msm_mil_core.options import Options

FOREIGN = ("pydantic", "http", "validation error", "input_value", "Input should", "function-after", "Traceback")
OPTIONS = {
    "run": ("cli.running.run_options.RunOptions", "analysis_options.AnalysisOptions"),
    "export": ("export.qupath.geojson_options.GeoJsonOptions", "export.exchange.map_options.MapOptions"),
    "compare": ("explain.comparison_options.CompareOptions",),
    "explain": ("explain.examination_options.ExamineOptions",),
    "report": ("export.report.report_options.ReportOptions",),
    "train": ("learning.training.train_options.TrainOptions", "learning.dataset.fold_options.FoldOptions"),
    "evaluate": ("cli.training.evaluation_options.EvaluateOptions",),
    "encode": ("encoders.encoding_options.EncodingOptions",),
}
NEEDED = {
    "export": ["--to", "csv"],
    "train": ["--labels", "no.csv", "--out", "no.safetensors"],
    "evaluate": ["--labels", "no.csv", "--model", "no.safetensors"],
    "encode": ["--out", "no"],
}


def numbers_and_choices(model: type[BaseModel], prefix: str = ""):
    """The options of a model that do not take any text, as they are typed."""
    for name, field in model.model_fields.items():
        kinds = (
            get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else (field.annotation,)
        )
        typed = f"{prefix}{name.replace('_', '-')}"
        if isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            yield from numbers_and_choices(kinds[0], f"{typed}.")
        elif any(kind in (int, float) or get_origin(kind) is Literal for kind in kinds):
            yield f"--{typed}"


def typed_options():
    for command, models in OPTIONS.items():
        for model in models:
            module, _, name = f"msm_mil_core.{model}".rpartition(".")
            for option in numbers_and_choices(getattr(importlib.import_module(module), name)):
                yield command, option


@pytest.mark.parametrize(("command", "option"), list(typed_options()))
def test_every_option_of_every_command_refuses_what_it_is_not_in_one_sentence(command, option, tmp_path, capsys):
    code = call([command, str(tmp_path / "no"), *NEEDED.get(command, ()), f"{option}=0,5x"])

    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith(f"msm-mil: {option}: ")
    assert not any(words in said for words in FOREIGN)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "a", "--mpp", "0,5"], "--mpp: '0,5' is not a number: write 0.5."),
        (["encode", "a", "--out", "b", "--mpp", "0,5"], "--mpp: '0,5' is not a number: write 0.5."),
        (["run", "a", "--tiles.side_px", "2.5"], "--tiles.side_px: '2.5' is not a whole number."),
        (["run", "a", "--tiles.min-tissue", "7"], "--tiles.min-tissue: '7' is too large: the most is 1."),
        (["compare", "a", "--top-percent", "nan"], "--top-percent: 'nan' is not a number."),
        (["run", "a", "--masks", "maybe"], "--masks: 'maybe' is not one of 'checkpoint', 'always' or 'never'."),
        (["run", "a", "--overwrite=maybe"], "--overwrite: 'maybe' is not true or false."),
        (
            ["export", "a", "--to", "csv", "--custom-origin-px0", "1", "x"],
            "--custom-origin-px0: 'x' is not a whole number.",
        ),
        (["evaluate", "a", "--labels", "b", "--model", "c", "--encoder="], "--encoder: it is empty."),
    ],
)
def test_the_sentence_says_what_is_wrong(words, sentence, capsys):
    assert call(words) == 2
    assert capsys.readouterr().err.split("msm-mil: ")[1].split() == sentence.split()


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=3)
FIELDS = st.sampled_from(["tiles", "encode", "masks", "side_px", "mpp", "batch", "unknown"])


@given(st.dictionaries(FIELDS, ANYTHING | st.dictionaries(FIELDS, ANYTHING, max_size=3), max_size=4))
def test_whatever_is_chosen_its_flaw_is_said_in_our_words(chosen):
    module = importlib.import_module("msm_mil_core.pipeline")
    options: type[Options] = module.AnalysisOptions
    try:
        options.model_validate(chosen)
    except ValidationError as exc:
        said = describe_wrong_use(exc)
        assert "--" in said
        assert not any(words in said for words in FOREIGN)
