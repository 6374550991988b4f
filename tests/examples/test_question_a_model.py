"""The script of the examples that questions a model, as a user runs it."""

import runpy
from dataclasses import replace
from pathlib import Path

from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import save_result
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles

SCRIPT = Path(__file__).parents[2] / "examples" / "question_a_model.py"


def test_the_script_compares_questions_and_keeps_what_it_asked(tmp_path, monkeypatch, capsys):
    predicted = predict_bag(a_checkpoint(), a_bag(30), device="cpu")
    path = tmp_path / "drawn.msm.h5"
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)
    save_result(replace(result, tile_outputs=predicted.tile_outputs), path)

    monkeypatch.setattr("sys.argv", [str(SCRIPT), str(path)])

    runpy.run_path(str(SCRIPT), run_name="__main__")

    printed = capsys.readouterr().out
    for told in ("stages 1 and 3: overlap", "Logit of class", "Without the tiles that stage 2 claims (27 of 30"):
        assert told in printed
    (kept,) = load_annotations(path).questions
    assert str(kept.question) == "Without the last stage?"
