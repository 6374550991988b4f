"""The training script of the examples, as a user runs it."""

import runpy
from pathlib import Path

from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from tests.bags import an_encoded_slide

SCRIPT = Path(__file__).parents[2] / "examples" / "train_on_your_slides.py"


def test_the_example_trains_on_encoded_slides(tmp_path, monkeypatch, capsys):
    for number in range(16):
        an_encoded_slide(tmp_path / f"s{number}.h5", number)
    lines = ["slide,label", *(f"s{number},{'xy'[number % 2]}" for number in range(16))]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = [SCRIPT, tmp_path, tmp_path / "labels.csv", tmp_path / "mine.safetensors"]
    monkeypatch.setattr("sys.argv", [str(word) for word in words])

    runpy.run_path(str(SCRIPT), run_name="__main__")

    printed = capsys.readouterr().out
    assert "'test': {'bags': 4" in printed
    assert "gated ABMIL: AUC" in printed
    assert "their keep here: AUC" in printed
    assert "Research use, not for diagnosis." in printed
    model = load_checkpoint(tmp_path / "mine.safetensors")
    assert (model.name, model.classes, model.encoder) == ("mine", ("x", "y"), "timm:resnet18")
