"""Models of the real torchmil predict here what they predict there."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.foreign.import_model import as_checkpoint
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import recognise
from msm_mil_core.mil.predict import predict
from tests.models import a_bag

models = pytest.importorskip("torchmil.models", reason="the models are those of torchmil (extra bench)")

TOLD = {"classes": ("benign", "malignant"), "encoder": "zoo:uni", "side_px": 256, "mpp": 0.5}
SIZES = st.integers(1, 9)


def extractor(kind: str, P: int, L: int) -> nn.Module:
    """What torchmil puts before the attention."""
    return {
        "nothing": nn.Identity(),
        "linear": nn.Linear(P, L),
        "relu": nn.Sequential(nn.Linear(P, L), nn.ReLU()),
        "two layers": nn.Sequential(nn.Linear(P, L + 1), nn.ReLU(), nn.Dropout(), nn.Linear(L + 1, L), nn.ReLU()),
        "gelu": nn.Sequential(nn.Linear(P, L), nn.GELU()),
        "open end": nn.Sequential(nn.Linear(P, L + 1), nn.ReLU(), nn.Linear(L + 1, L, bias=False)),
    }[kind]


TOLD_ACTIVATION = {"gelu": "gelu", "open end": "none"}
"""What a file leaves open: a user says it."""


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["ABMIL", "CLAM_SB"]),
    st.sampled_from(["nothing", "linear", "relu", "two layers", "gelu", "open end"]),
    st.booleans(),
    st.tuples(SIZES, SIZES, SIZES),
    st.integers(1, 30),
)
def test_a_model_predicts_here_what_it_predicts_there(tmp_path_factory, kind, first, gated, sizes, tiles):
    (P, L, D), bag = sizes, a_bag(tiles, P=sizes[0])
    torch.manual_seed(tiles)
    made = getattr(models, kind)(in_shape=(P,), att_dim=D, gated=gated, feat_ext=extractor(first, P, L)).eval()
    path = tmp_path_factory.mktemp("a") / "weights.pt"
    torch.save(made.state_dict(), path)

    model = recognise(path, TOLD_ACTIVATION.get(first))
    prediction = predict(as_checkpoint(model, ImportOptions(**TOLD)), bag, device="cpu")

    with torch.no_grad():
        z, scores = made(torch.from_numpy(bag)[None], return_att=True)
    np.testing.assert_allclose(prediction.logits, [0, z[0]], atol=1e-5)
    np.testing.assert_allclose(prediction.probabilities[1], z.sigmoid()[0], atol=1e-5)
    np.testing.assert_allclose(prediction.stages[0].attention, scores[0].softmax(-1), atol=1e-5)
    assert model.one_output
    assert "tanh in the attention" in model.assumed


@pytest.mark.parametrize(
    ("kind", "sentence"), [("TransformerABMIL", "transformer"), ("DSMIL", "no attention layer"), ("SmABMIL", "no att")]
)
def test_other_models_of_torchmil_are_refused(tmp_path, kind, sentence):
    torch.save(getattr(models, kind)(in_shape=(8,)).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=sentence):
        recognise(tmp_path / "weights.pt")
