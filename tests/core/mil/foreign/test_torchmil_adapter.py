"""Our network trains with torchmil's own trainer, and torchmil's models run here."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.predict import predict
from tests.models import a_bag, model_options
from tests.results import a_result, block_of_tiles

pytest.importorskip("torchmil.models", reason="the adapter is for torchmil (extra bench)")

from tensordict import TensorDict
from torchmil import models
from torchmil.data import collate_fn
from torchmil.datasets import TridentWSIDataset
from torchmil.utils.trainer import Trainer

from msm_mil_core.mil.foreign.torchmil_adapter import TorchmilMsmMil, checkpoint_of, prediction_of
from msm_mil_core.results.result_file import load_result, save_result

TOLD = ImportOptions(classes=("benign", "malignant"), encoder="zoo:uni", side_px=256, mpp=0.5)


def bags(count=24, *, P=6):
    """Bags in which a few tiles of the positive ones stand out."""
    rng = np.random.default_rng(0)
    for number in range(count):
        features = rng.normal(size=(rng.integers(6, 12), P)).astype(np.float32)
        if number % 2:
            features[:3, 0] += 5
        yield TensorDict({"X": torch.from_numpy(features), "Y": torch.tensor(number % 2)})


def test_our_network_trains_in_torchmil_and_becomes_a_checkpoint(tmp_path):
    torch.manual_seed(0)
    ours = TorchmilMsmMil(model_options(features=6, masked_stages=1))
    loader = torch.utils.data.DataLoader(list(bags()), batch_size=8, collate_fn=collate_fn)
    optimiser = torch.optim.Adam(ours.parameters(), lr=0.03)
    trainer = Trainer(ours, optimiser, device="cpu", disable_pbar=True, verbose=False)

    trainer.train(20, loader, loader)
    path = save_checkpoint(ours.checkpoint(TOLD), tmp_path / "ours.safetensors").path

    checkpoint = load_checkpoint(path)
    said = [predict(checkpoint, bag["X"].numpy(), device="cpu").winner == "malignant" for bag in bags()]
    assert np.mean([one == bool(bag["Y"]) for one, bag in zip(said, bags(), strict=True)]) > 0.9
    whole = torch.from_numpy(a_bag(9, P=6))[None]
    with torch.no_grad():
        z, attention = ours.eval()(whole, return_att=True)
    logits = predict(checkpoint, whole[0].numpy(), device="cpu").logits
    assert float(z[0]) == pytest.approx(float(logits[1] - logits[0]), abs=1e-4)
    assert float(attention.sum()) == pytest.approx(1, abs=1e-5)


def trident_folder(folder: Path, *, P=6) -> Path:
    """A folder as TRIDENT leaves it, and labels beside it."""
    for number, bag in enumerate(bags(12, P=P)):
        corners = np.stack([np.arange(len(bag["X"])) * 512, np.zeros(len(bag["X"]), int)], -1)
        for path in (folder / "features_uni_v1" / f"s{number}.h5", folder / "patches" / f"s{number}_patches.h5"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with h5py.File(path, "w") as file:
                file["coords"] = corners
                if path.parent.name != "patches":
                    file["features"] = bag["X"].numpy()
    lines = ["wsi,label", *(f"s{number}.svs,{number % 2}" for number in range(12))]
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize("name", ["default", "explain", "paper", "abmil"])
def test_every_preset_trains_on_torchmils_own_dataset_of_tridents_features(tmp_path, name):
    torch.manual_seed(0)
    folder, ours = trident_folder(tmp_path / "20x_256px_0px_overlap"), TorchmilMsmMil(preset(name, 6, 2))
    columns = {"wsi_name_col": "wsi", "wsi_label_col": "label"}
    dataset = TridentWSIDataset(f"{folder}/", str(folder / "labels.csv"), "uni_v1", bag_keys=["X", "Y"], **columns)
    loader = torch.utils.data.DataLoader(dataset, batch_size=4, collate_fn=collate_fn)
    before = {part: value.clone() for part, value in ours.state_dict().items()}
    trainer = Trainer(
        ours, torch.optim.Adam(ours.parameters(), lr=0.01), device="cpu", disable_pbar=True, verbose=False
    )

    trainer.train(2, loader, loader)

    trained, batch = trainer.get_best_model().eval(), next(iter(loader))
    assert any(not torch.equal(before[part], value) for part, value in trained.state_dict().items())
    z, attention = trainer.model.predict(batch, return_inst_pred=True)  # as torchmil's scripts do it
    assert (z.shape, attention.shape) == ((4,), batch["mask"].shape)
    torch.testing.assert_close((attention * batch["mask"]).sum(-1), torch.ones(4))
    checkpoint = trained.checkpoint(TOLD)
    for bag in dataset:
        logits = predict(checkpoint, bag["X"].numpy(), device="cpu").logits
        assert float(logits[1] - logits[0]) == pytest.approx(trained(bag["X"][None]).item(), abs=1e-4)


def test_the_weights_of_classes_go_along_to_another_device():
    ours = TorchmilMsmMil(model_options(features=6), class_weight=torch.tensor([1.0, 2.0]))

    moved = ours.to("meta")

    assert moved.class_weight.device.type == "meta"
    assert "class_weight" not in moved.state_dict()


def test_padding_of_a_batch_changes_nothing():
    ours = TorchmilMsmMil(model_options(features=6)).eval()
    (one, other), batch = list(bags(2)), collate_fn(list(bags(2)))

    together = ours(batch["X"], batch["mask"])

    alone = [ours(bag["X"][None])[0] for bag in (one, other)]
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-5, rtol=1e-4)


def test_what_a_checkpoint_needs_is_asked_for():
    with pytest.raises(CheckpointError, match="--encoder"):
        TorchmilMsmMil(model_options()).checkpoint(ImportOptions(classes=("a", "b")))
    with pytest.raises(ValueError, match="two classes"):
        TorchmilMsmMil(model_options(classes=3))


@pytest.mark.parametrize("act", [nn.ReLU(), nn.GELU(), None])
def test_a_model_of_torchmil_becomes_a_checkpoint_with_its_own_activation(act):
    layers = nn.Sequential(*filter(None, (nn.Linear(12, 5), act, nn.Dropout(0.2))))
    made = models.ABMIL(in_shape=(12,), att_dim=4, gated=True, feat_ext=layers).eval()

    prediction = predict(checkpoint_of(made, TOLD), a_bag(), device="cpu")

    with torch.no_grad():
        z, scores = made(torch.from_numpy(a_bag())[None], return_att=True)
    np.testing.assert_allclose(prediction.logits, [0, z[0]], atol=1e-5)
    np.testing.assert_allclose(prediction.stages[0].attention, scores[0].softmax(-1), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"att_act": "relu"}, "activation relu"),
        ({"feat_ext": nn.Sequential(nn.Linear(12, 5), nn.Sigmoid())}, "Sigmoid"),
        ({"feat_ext": nn.Sequential(nn.Linear(12, 5), nn.LayerNorm(5))}, "LayerNorm"),
        ({"feat_ext": nn.Sequential(nn.Linear(12, 5), nn.GELU(), nn.Linear(5, 4), nn.ReLU())}, "different activations"),
    ],
)
def test_what_no_checkpoint_holds_is_refused_by_name(changes, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint_of(models.ABMIL(in_shape=(12,), att_dim=4, **changes), TOLD)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [("TransMIL", {"att_dim": 8, "n_heads": 2}), ("TransformerABMIL", {"transf_att_dim": 8, "transf_n_heads": 2})],
)
def test_other_models_of_torchmil_run_in_the_viewer_without_evidence(tmp_path, kind, sizes):
    torch.manual_seed(0)
    made = getattr(models, kind)(in_shape=(12,), **sizes)

    prediction = prediction_of(made, a_bag(30), ("benign", "malignant"))
    result = a_result(block_of_tiles(6, 5), prediction=prediction, preset="abmil")
    save_result(result, tmp_path / "a.msm.h5")

    again = load_result(tmp_path / "a.msm.h5").prediction
    assert again.winner == prediction.winner
    np.testing.assert_allclose(again.stages[0].attention.sum(), 1, rtol=1e-5)
    assert again.bias is None
    assert made.training


def test_a_model_without_attention_has_no_map():
    class Mean(nn.Module):
        def forward(self, X):
            return X.mean((1, 2))

    with pytest.raises(CheckpointError, match="gives no attention"):
        prediction_of(Mean(), a_bag(), ("a", "b"))
