"""A model made elsewhere, chosen in the window: recognised, asked about, imported, used."""

import numpy as np
import pytest
import torch
from qtpy.QtWidgets import QDialogButtonBox, QLabel, QPushButton
from safetensors.torch import save_file

from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.mil.predict import predict
from napari_msm_mil.run.import_dialog import ImportDialog
from napari_msm_mil.run.model_picker import ModelPicker
from tests.core.mil.foreign.originals import Clam, Ilse, Widths, saved
from tests.core.mil.foreign.originals import drawn as said_of
from tests.models import a_bag
from tests.window.dock_user import a_model_file, child, dock_in, keep_apart, settle, show_slide


@pytest.fixture
def picker(qtbot, tmp_path, monkeypatch):
    keep_apart(monkeypatch, tmp_path)
    picker = ModelPicker()
    qtbot.addWidget(picker)
    yield picker
    settle()


def clam(path, *, features=12, branches=True):
    torch.manual_seed(1)
    made = Clam(Widths(features=features), branches=branches, gated=True, dropout=True)
    return made, saved(made, path)


def dialog_of(qtbot, widget) -> ImportDialog:
    """The dialog that comes once the file is read."""
    qtbot.waitUntil(lambda: widget.findChild(ImportDialog) is not None)
    return widget.findChild(ImportDialog)


def fill(dialog, *, classes=("normal", "tumour"), encoder="efficientnet-lite0", side=64, mpp=1.0) -> None:
    """Type what is asked for."""
    child(dialog, "import_classes").setPlainText("\n".join(classes))
    child(dialog, "import_encoder").setText(encoder)
    child(dialog, "import_side").setValue(side)
    child(dialog, "import_mpp").setValue(mpp)


def button(dialog, text: str) -> QPushButton:
    return next(each for each in dialog.findChild(QDialogButtonBox).buttons() if each.text() == text)


def test_a_model_is_recognised_asked_about_and_chosen(qtbot, picker, tmp_path):
    made, path = clam(tmp_path / "lung.pt")

    picker.choose(path)
    dialog = dialog_of(qtbot, picker)
    assert picker.checkpoint is None
    assert "CLAM-MB: 12 features per tile" in child(dialog, "import_found").text()
    fill(dialog)
    child(dialog, "import_negative").setCurrentText("normal")
    button(dialog, "Import").click()
    qtbot.waitUntil(lambda: picker.checkpoint is not None)

    checkpoint = picker.checkpoint
    assert (checkpoint.name, checkpoint.classes, checkpoint.side_px) == ("lung", ("normal", "tumour"), 64)
    assert checkpoint.record["negative"] == "normal"
    assert checkpoint.path == tmp_path / "lung.safetensors"
    assert "CLAM-MB" in picker.card_text
    _, logits = said_of(made, a_bag())
    np.testing.assert_allclose(predict(checkpoint, a_bag(), device="cpu").logits, logits, atol=1e-5)


def test_nothing_is_imported_before_all_is_typed(qtbot, picker, tmp_path):
    picker.choose(clam(tmp_path / "lung.pt")[1])
    dialog = dialog_of(qtbot, picker)

    problems = []
    for more in ({"classes": ("a",)}, {"encoder": " "}, {"side": 0}, {}):
        fill(dialog, **more)
        problems.append(child(dialog, "import_problem").text())

    assert [bool(problem) for problem in problems] == [True, True, True, False]
    assert "2 different classes" in problems[0]
    child(dialog, "import_path").setText(str(tmp_path / "lung.pt"))
    assert not button(dialog, "Import").isEnabled()
    dialog.reject()


def test_who_does_not_want_it_has_the_model_from_before_again(qtbot, picker, tmp_path):
    ours = a_model_file(tmp_path / "ours.safetensors")
    picker.choose(ours)

    picker.choose(clam(tmp_path / "lung.pt")[1])
    dialog_of(qtbot, picker).reject()

    assert picker.checkpoint.path == ours


def test_what_cannot_be_imported_is_told_in_the_card(qtbot, picker, tmp_path):
    save_file({"layer1.attn.to_qkv.weight": torch.ones(6, 2)}, tmp_path / "transmil.safetensors")

    picker.choose(tmp_path / "transmil.safetensors")
    qtbot.waitUntil(lambda: "a transformer" in picker.card_text)

    assert picker.checkpoint is None


def test_what_a_file_leaves_open_is_asked(qtbot, picker, tmp_path):
    parts = {"feat_ext.0": (4, 6), "pool.fc1.module": (3, 4), "pool.fc2": (1, 3), "classifier.module": (1, 4)}
    torch.save({f"{name}.weight": torch.randn(shape) for name, shape in parts.items()}, tmp_path / "a.pt")

    picker.choose(tmp_path / "a.pt")
    dialog = dialog_of(qtbot, picker)
    assert "tanh in the attention" in child(dialog, "import_found").text()
    fill(dialog)
    child(dialog, "import_activation").setCurrentText("GELU")
    button(dialog, "Import").click()
    qtbot.waitUntil(lambda: picker.checkpoint is not None)

    assert picker.checkpoint.options.activation == "gelu"


def test_another_model_that_is_chosen_meanwhile_is_kept(qtbot, picker, tmp_path):
    ours = a_model_file(tmp_path / "ours.safetensors")
    picker.choose(saved(Ilse(Widths(), gated=True, projected=True), tmp_path / "ilse.pt"))

    picker.choose(ours)
    settle()

    assert picker.checkpoint.path == ours
    assert picker.findChild(ImportDialog) is None


def test_an_imported_model_runs_and_shows_a_map_a_class(qtbot, napari_viewer, drawn, tmp_path):
    _, path = clam(tmp_path / "lung.pt", features=1280)
    show_slide(napari_viewer, drawn)
    dock = dock_in(napari_viewer)

    dock.findChild(ModelPicker).choose(path)
    dialog = dialog_of(qtbot, dock)
    fill(dialog)
    button(dialog, "Import").click()
    qtbot.waitUntil(lambda: child(dock, "run").isEnabled())
    child(dock, "run").click()
    qtbot.waitUntil(lambda: any("stage" in layer.metadata for layer in napari_viewer.layers))

    names = [layer.name for layer in napari_viewer.layers if "stage" in layer.metadata]
    assert [name.split()[0] for name in names] == ["normal", "tumour"]
    assert load_checkpoint(tmp_path / "lung.safetensors").options.maps == "classes"
    assert not any("Stage 1" in label.text() for label in dock.findChildren(QLabel))
