"""The command msm-mil import-model, called as a user calls it."""

import numpy as np
import pytest
import torch

from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.mil.predict import predict
from tests.core.mil.foreign.originals import Clam, Ilse, Widths, drawn, saved
from tests.models import a_bag

TOLD = ["--class", "normal", "--class", "tumour", "--encoder", "timm:resnet18", "--side-px", "256", "--mpp", "0.5"]


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    made = Clam(Widths(), branches=True, gated=True, dropout=True)
    return made, saved(made, tmp_path / "clam.pt")


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_model_is_written_beside_its_weights(weights, capsys):
    made, path = weights

    code = call(["import-model", str(path), *TOLD, "--negative", "normal"])

    words = " ".join(capsys.readouterr().out.split())
    assert code == 0
    for told in ("CLAM-MB", "one attention map a class", "instance_classifiers.0", "normal or tumour", "wrote"):
        assert told in words
    checkpoint = load_checkpoint(path.with_suffix(".safetensors"))
    assert checkpoint.record["negative"] == "normal"
    _, logits = drawn(made, a_bag())
    np.testing.assert_allclose(predict(checkpoint, a_bag(), device="cpu").logits, logits, atol=1e-5)


def test_the_file_alone_is_answered_with_what_it_is_and_what_is_missing(weights, capsys):
    code = call(["import-model", str(weights[1])])

    line = last_line(capsys)
    assert code == 2
    for told in ("CLAM-MB: 12 features", "--class, 2 times", "--encoder", "--side-px", "--mpp"):
        assert told in line
    assert not weights[1].with_suffix(".safetensors").exists()


def test_what_is_assumed_is_told(tmp_path, capsys):
    path = saved(Ilse(Widths(), gated=True, projected=True), tmp_path / "ilse.pt")

    call(["import-model", str(path), *TOLD, "--activation", "gelu"])

    assert "GELU after the layer before the attention" in capsys.readouterr().out


def test_a_model_that_exists_is_kept_unless_overwriting_is_allowed(weights, capsys):
    words = ["import-model", str(weights[1]), *TOLD]

    assert call(words) == 0
    assert call(words) == 2
    assert "already exists" in last_line(capsys)
    assert call([*words, "--overwrite"]) == 0


@pytest.mark.parametrize("wrong", [["--out", "model.pt"], ["--side-px", "0"], ["--mpp", "0,5"], ["--class", "third"]])
def test_wrong_use_is_one_line_and_exit_code_2(weights, wrong, capsys):
    code = call(["import-model", str(weights[1]), *TOLD, *wrong])

    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("msm-mil: ")]
    assert code == 2
    assert len(lines) == 1
