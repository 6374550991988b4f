"""Models made elsewhere predict here what they predict there; what cannot is refused by name."""

import argparse
from collections import OrderedDict, defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.foreign.import_model import as_checkpoint
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import recognise
from msm_mil_core.mil.foreign.weights_file import SUFFIXES
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.mil.model_file.model_card import full_card
from msm_mil_core.mil.predict import predict
from tests.core.mil.foreign.originals import Clam, Ilse, MilLab, Widths, drawn, saved
from tests.models import a_bag

WIDTHS = st.builds(Widths, st.integers(1, 20), st.integers(1, 16), st.integers(1, 9), st.integers(2, 5))
ORIGINALS = st.one_of(
    st.tuples(
        st.just(Clam),
        st.fixed_dictionaries({"branches": st.booleans(), "gated": st.booleans(), "dropout": st.booleans()}),
    ),
    st.tuples(
        st.just(MilLab),
        st.fixed_dictionaries({"layers": st.integers(1, 3), "gated": st.booleans(), "dropout": st.booleans()}),
    ),
    st.tuples(st.just(Ilse), st.fixed_dictionaries({"gated": st.booleans(), "projected": st.booleans()})),
)
WRAPPERS = st.sampled_from(
    [
        {},
        {"prefix": "module."},
        {"prefix": "model.", "nests": ("state_dict",), "epoch": 3, "global_step": 70},
        {"prefix": "_orig_mod.module.", "nests": ("checkpoint", "model_state_dict")},
        {"nests": ("model",), "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}},
    ]
)


def told(count: int, **more) -> ImportOptions:
    names = tuple(f"class {c}" for c in range(count))
    return ImportOptions(**({"classes": names, "encoder": "zoo:uni", "side_px": 256, "mpp": 0.5} | more))


def imported(path, **more):
    model = recognise(path)
    return as_checkpoint(model, told(model.options.classes, **more))


def assert_alike(checkpoint, original, bag):
    attention, logits = drawn(original, bag)
    prediction = predict(checkpoint, bag, device="cpu")
    np.testing.assert_allclose([stage.attention for stage in prediction.stages], attention, atol=1e-5)
    np.testing.assert_allclose(prediction.logits, logits, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(ORIGINALS, WIDTHS, WRAPPERS, st.integers(1, 30), st.integers(0, 9))
def test_a_model_predicts_here_what_it_predicts_there(tmp_path_factory, original, widths, wrapper, tiles, seed):
    kind, form = original
    torch.manual_seed(seed)
    made = kind(widths, **form)
    nests = wrapper.get("nests", ())
    if "checkpoint" in nests:  # no name that training programs use
        wrapper = wrapper | {"nests": nests[1:]}
    path = saved(made, tmp_path_factory.mktemp("a") / "weights.pt", **wrapper)

    checkpoint = imported(path)
    kept = load_checkpoint(save_checkpoint(checkpoint, path.with_suffix(".safetensors")).path)

    assert_alike(kept, made, a_bag(tiles, P=widths.features, seed=seed))


def clam(path, **form):
    torch.manual_seed(0)
    made = Clam(Widths(classes=3), **({"branches": False, "gated": True, "dropout": True} | form))
    return made, saved(made, path / "weights.pt")


def test_clam_with_branches_is_one_map_a_class(tmp_path):
    _, path = clam(tmp_path, branches=True)

    checkpoint = imported(path, classes=("normal", "LUAD", "LUSC"))
    prediction = predict(checkpoint, a_bag(), device="cpu")

    assert (prediction.maps, prediction.masks_applied) == ("classes", False)
    assert prediction.map_names == ("Map of normal", "Map of LUAD", "Map of LUSC")
    assert str(recognise(path)) == (
        "CLAM-MB: 12 features per tile, gated attention, 3 classes, one attention map a class"
    )


def test_where_a_model_came_from_stays_in_its_card(tmp_path):
    _, path = clam(tmp_path)

    checkpoint = imported(path, data="TCGA-LUNG.", negative="class 0", name="lung")

    origin = checkpoint.record["imported"]
    assert origin["from"] == "weights.pt"
    assert len(origin["sha256"]) == 64
    assert "instance_classifiers.0.weight" in origin["left_out"]
    assert origin["assumed"] == []
    card = "\n".join(full_card(checkpoint))
    assert "CLAM-SB" in card
    assert "TCGA-LUNG" in card
    assert (checkpoint.name, checkpoint.encoder, checkpoint.side_px, checkpoint.mpp) == ("lung", "zoo:uni", 256, 0.5)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pth", ".ckpt", ".bin"])
def test_other_kinds_of_files_hold_the_same(tmp_path, suffix):
    made, _ = clam(tmp_path)
    path = tmp_path / f"other{suffix}"
    state = made.state_dict()
    if suffix == ".npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    elif suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(OrderedDict(state), path)

    assert_alike(imported(path), made, a_bag())


def test_half_precision_is_read_as_the_numbers_that_it_holds(tmp_path):
    made, _ = clam(tmp_path)
    half = made.bfloat16()
    save_file(half.state_dict(), tmp_path / "half.safetensors")

    assert_alike(imported(tmp_path / "half.safetensors"), half.float(), a_bag())


BESIDE = {
    "numpy's numbers": {"auc": np.float64(0.9), "epoch": np.int64(3), "confusion": np.zeros((3, 3))},
    "options": {"args": argparse.Namespace(lr=0.1, out=Path("results"), seed=np.int32(1))},
    "other options": {"cfg": SimpleNamespace(k_sample=8), "history": defaultdict(list, loss=[0.1])},
    "Lightning": {
        "hyper_parameters": {"lr": 0.1},
        "callbacks": {"best": {"score": torch.tensor(0.9)}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(9), "step": torch.tensor(1.0)}}}],
    },
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("case", BESIDE)
@pytest.mark.parametrize("nest", ["state_dict", "model", "mil_model"])
def test_harmless_things_beside_weights_are_left_out(tmp_path, case, nest, zipped):
    made, _ = clam(tmp_path)
    path = tmp_path / "beside.pt"
    torch.save({nest: made.state_dict()} | BESIDE[case], path, _use_new_zipfile_serialization=zipped)

    assert_alike(imported(path), made, a_bag())


def test_weights_as_numpy_arrays_in_a_file_of_torch_are_the_same(tmp_path):
    made, _ = clam(tmp_path)
    torch.save({name: tensor.numpy() for name, tensor in made.state_dict().items()}, tmp_path / "arrays.pt")

    assert_alike(imported(tmp_path / "arrays.pt"), made, a_bag())


@pytest.mark.parametrize(
    ("kind", "form", "within"),
    [
        (Clam, {"branches": True, "gated": True, "dropout": True}, "attention_net"),
        (Clam, {"branches": False, "gated": False, "dropout": False}, "attention_net"),
        (MilLab, {"layers": 2, "gated": True}, "patch_embed"),
        (MilLab, {"layers": 1, "gated": False}, "global_attn"),
    ],
)
def test_a_part_that_was_trained_on_several_devices_is_the_same(tmp_path, kind, form, within):
    torch.manual_seed(0)
    made = kind(Widths(), **form)
    setattr(made, within, nn.DataParallel(getattr(made, within)))
    path = saved(made, tmp_path / "parallel.pt")

    setattr(made, within, getattr(made, within).module)
    assert_alike(imported(path), made, a_bag())


NAMES_OF_ABMIL = [
    {"attention_weights": "attention_w"},
    {"attention_weights": "attention_W", "feature_extractor_part2.0": "fc1.0"},
    {"attention_V.0": "attention.attention_V", "attention_U.0": "attention.attention_U", "classifier.0": "classifier"},
    {"attention_V": "mil.attention_a", "attention_U": "mil.attention_b", "attention_weights": "mil.attention_c"},
    {"feature_extractor_part2.0": "bottleneck.0", "classifier.0": "classifier.1"},
    {"feature_extractor_part2.0": "Projection"},
]


@pytest.mark.parametrize("names", NAMES_OF_ABMIL)
@pytest.mark.parametrize("prefix", ["", "module.model."])
def test_abmil_as_labs_write_it_down_is_told_by_the_names_of_its_layers(tmp_path, names, prefix):
    torch.manual_seed(0)
    made = Ilse(Widths(), gated=True, projected=True)
    state = dict(made.state_dict())
    for ours, theirs in names.items():
        state = {name.replace(f"{ours}.", f"{theirs}."): tensor for name, tensor in state.items()}
    torch.save({f"{prefix}{name}": tensor for name, tensor in state.items()}, tmp_path / "own.pt")

    model = recognise(tmp_path / "own.pt")

    assert_alike(as_checkpoint(model, told(2)), made, a_bag())
    certain = {name for name in state if "part2" in name} and "attention_V.0.weight" in state
    assert bool(model.assumed) is not certain


def test_a_classifier_of_several_layers_is_refused(tmp_path):
    state = dict(Ilse(Widths(), gated=True, projected=True).state_dict())
    state |= {"classifier.0.weight": torch.ones(4, 8), "classifier.0.bias": torch.ones(4)}
    torch.save(state | {"classifier.2.weight": torch.ones(2, 4)}, tmp_path / "deep.pt")

    with pytest.raises(CheckpointError, match=r"2 layers \(4 x 8, 2 x 4\), so evidence of tiles does not add up"):
        recognise(tmp_path / "deep.pt")


def test_what_a_file_does_not_say_is_asked_for(tmp_path):
    model = recognise(clam(tmp_path)[1])
    with pytest.raises(CheckpointError) as asked:
        as_checkpoint(model, ImportOptions(classes=("a", "b")))

    words = str(asked.value)
    for option in ("CLAM-SB", "--class, 3 times (in the order of its outputs)", "--encoder", "--side-px", "--mpp"):
        assert option in words


def test_of_one_output_the_low_class_is_asked_for_first(tmp_path):
    model = recognise(saved(Ilse(Widths(), gated=True, projected=True), tmp_path / "ilse.pt"))
    with pytest.raises(CheckpointError, match=r"2 times .first for a low output, then for a high one.,"):
        as_checkpoint(model, ImportOptions())


@pytest.mark.parametrize("flaw", [{"classes": ("a", "a", "b")}, {"negative": "d"}])
def test_names_that_cannot_be_are_refused(tmp_path, flaw):
    with pytest.raises(CheckpointError):
        imported(clam(tmp_path)[1], **flaw)


def with_layers(tmp_path, changes=None, **form):
    """A file of CLAM with other layers: None removes one."""
    made, _ = clam(tmp_path, **form)
    state = dict(made.state_dict()) | (changes or {})
    path = tmp_path / "changed.pt"
    torch.save({name: tensor for name, tensor in state.items() if tensor is not None}, path)
    return path


TWO_HEADS = {"attention_net.3.attention_c.weight": torch.zeros(2, 5), "attention_net.3.attention_c.bias": None}
MISFITS = {
    "another layer": ({"norm.weight": torch.ones(8)}, r"none of these models has: norm.weight \(8,\)"),
    "a convolution": ({"stem.weight": torch.ones(3, 3, 3, 3)}, r"stem.weight \(3, 3, 3, 3\)"),
    "no classifier": ({"classifiers.weight": None, "classifiers.bias": None}, "no classifier"),
    "two heads": (TWO_HEADS, "2 maps"),
    "gates of another width": ({"attention_net.3.attention_b.0.weight": torch.ones(4, 8)}, "none of|do not fit"),
    "another first layer": ({"attention_net.0.weight": torch.ones(9, 12), "attention_net.0.bias": None}, "follow"),
    "no score": (
        {"attention_net.3.attention_c.weight": None, "attention_net.3.attention_c.bias": None},
        "no layers 'score'",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_named(tmp_path, misfit):
    changes, sentence = MISFITS[misfit]
    path = with_layers(tmp_path, changes)
    with pytest.raises(CheckpointError, match=sentence) as refused:
        recognise(path)
    assert str(path) in str(refused.value)


BESIDE_MODEL = {
    name: torch.ones(2)
    for name in ("loss_fn.weight", "instance_loss_fn.labels", "val_metrics.total", "train_acc.tp", "criterion.weight")
}


def test_what_acts_in_training_alone_is_left_out(tmp_path):
    path = with_layers(tmp_path, BESIDE_MODEL)

    assert set(BESIDE_MODEL) <= set(recognise(path).left_out)


STRANGERS = {
    "torchmil's transformer": ({"pool.fc1.weight": torch.ones(6, 2), "a.qkv.to_qkv.weight": torch.ones(6, 2)}, "a tr"),
    "transformer": ({"layer1.attn.to_qkv.weight": torch.ones(6, 2)}, "a transformer"),
    "dsmil": ({"i_classifier.fc.weight": torch.ones(2, 4), "b_classifier.q.weight": torch.ones(2, 4)}, "DSMIL"),
    "pixels": ({"feature_extractor_part1.0.weight": torch.ones(2, 1, 5, 5)}, "reads pixels"),
    "anything": ({"fc.weight": torch.ones(2, 4)}, r"no attention layer .* fc.weight \(2, 4\).*CLAM"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_other_models_are_named(tmp_path, stranger):
    state, sentence = STRANGERS[stranger]
    torch.save(state, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=sentence):
        recognise(tmp_path / "weights.pt")


class Bomb:
    def __reduce__(self):
        return print, ("run",)


def test_nothing_in_a_pickle_is_run(tmp_path, capsys):
    torch.save({"state_dict": {"a": torch.ones(1)}, "hyper_parameters": Bomb()}, tmp_path / "a.ckpt")
    with pytest.raises(CheckpointError, match=r"Python objects.*state_dict"):
        recognise(tmp_path / "a.ckpt")
    assert capsys.readouterr().out == ""


def test_a_whole_pickled_network_is_refused(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="save the weights alone"):
        recognise(tmp_path / "a.pt")


def test_objects_in_an_archive_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], object))
    with pytest.raises(CheckpointError, match="without Python objects"):
        recognise(tmp_path / "a.npz")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SUFFIXES), st.one_of(st.binary(max_size=300), st.sampled_from([b"PK\x03\x04", b"\x80\x02}."])))
def test_any_bytes_are_refused_in_a_sentence(tmp_path_factory, suffix, content):
    path = tmp_path_factory.mktemp("a") / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        recognise(path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("a")
    _, path = clam(folder)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        imported(path)
    except CheckpointError as exc:
        assert str(path) in str(exc)


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_another_kind_of_file_is_named(tmp_path, name):
    (tmp_path / name).write_text("weights")
    with pytest.raises(CheckpointError, match="not a file of weights"):
        recognise(tmp_path / name)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CheckpointError, match="Cannot read"):
        recognise(tmp_path / "none.pt")
