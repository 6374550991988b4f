"""Model files: what is saved comes back, the same content gives the same bytes, and nothing else gets in."""

import json
import pickle
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.errors import CheckpointError, OutputError
from msm_mil_core.mil.model_file import checkpoint as checkpoints
from msm_mil_core.mil.model_file.checkpoint import (
    Checkpoint,
    bundled_checkpoints,
    check_fits,
    default_checkpoint_path,
    load_checkpoint,
    save_checkpoint,
)
from msm_mil_core.mil.model_file.weight_shapes import weight_shapes
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.network import MsmMil
from tests.models import a_checkpoint, model_options


@pytest.fixture
def saved(tmp_path) -> Path:
    path = tmp_path / "drawn.safetensors"
    save_checkpoint(a_checkpoint(), path)
    return path


@pytest.mark.parametrize("name", ["paper", "default", "explain"])
def test_what_is_saved_comes_back(tmp_path, name):
    made = a_checkpoint(name, standardise=True, record={"data": "οσκ", "auc": 0.9, "splits": [1, None, {"a": True}]})

    kept = save_checkpoint(made, tmp_path / "new" / "model.safetensors")
    loaded = load_checkpoint(tmp_path / "new" / "model.safetensors")

    for field in fields(Checkpoint):
        if field.name == "state":
            continue
        assert getattr(loaded, field.name) == getattr(kept, field.name)
    assert loaded.options == made.options
    assert loaded.state.keys() == made.state.keys()
    assert all(np.array_equal(loaded.state[weight], made.state[weight]) for weight in made.state)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    made = a_checkpoint(record={"data": "x", "seed": 1, "auc": 0.5})
    turned = replace(
        made,
        record=dict(reversed(made.record.items())),
        state={name: np.asfortranarray(weight) for name, weight in reversed(made.state.items())},
    )

    first = save_checkpoint(made, tmp_path / "a.safetensors")
    second = save_checkpoint(turned, tmp_path / "b.safetensors")
    again = save_checkpoint(load_checkpoint(first.path), tmp_path / "c.safetensors")

    assert first.path.read_bytes() == second.path.read_bytes() == again.path.read_bytes()
    assert first.sha256 == second.sha256 == again.sha256


@given(
    st.builds(
        model_options,
        st.sampled_from(["paper", "default", "explain"]),
        features=st.integers(1, 20),
        classes=st.integers(2, 4),
        hidden=st.integers(1, 20),
        attention=st.integers(1, 9),
        masked_stages=st.integers(0, 3),
        heads=st.sampled_from(["own", "shared"]),
        fusion=st.sampled_from(["mean", "attention"]),
        fusion_width=st.integers(1, 5),
        fusion_activation=st.sampled_from(["relu", "tanh"]),
        standardise=st.booleans(),
    )
)
def test_the_shapes_known_without_torch_are_those_of_the_network(options: ModelOptions):
    assert weight_shapes(options) == shapes_of_network(options)


def test_pooling_by_the_mean_needs_no_weights_of_attention():
    options = model_options("mean", heads="shared")
    assert weight_shapes(options) == shapes_of_network(options)
    assert set(weight_shapes(options)) == {
        *("projection.weight", "classifier.weight", "classifier.bias"),
        *("feature_mean", "feature_std"),
    }


def shapes_of_network(options: ModelOptions) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        state = MsmMil(options).state_dict()
    return {name: tuple(weight.shape) for name, weight in state.items()}


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "model.ckpt", "model.safetensors", "model"])
@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_is_refused_unopened(tmp_path, name, protocol):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "burst"), protocol))

    with pytest.raises(CheckpointError, match=r"is a pickle.*can run any program"):
        load_checkpoint(path)

    assert not (tmp_path / "burst").exists()


def test_what_torch_saves_is_refused_under_any_name(tmp_path):
    path = tmp_path / "model.safetensors"
    torch.save({"weight": torch.zeros(2)}, path)

    with pytest.raises(CheckpointError, match="is a pickle"):
        load_checkpoint(path)
    assert zipfile.is_zipfile(path)


@pytest.mark.parametrize("protocol", [3, 4, 5])  # for 2 no card is short enough
def test_a_model_whose_first_bytes_look_like_a_pickle_is_still_a_model(tmp_path, protocol):
    saved = save_checkpoint(a_checkpoint("mean", standardise=False), tmp_path / "model.safetensors")
    content = saved.path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header["__metadata__"]["msm-mil"])
    asked = saved.options.model_dump(exclude_defaults=True)  # with all that is left out a card is short enough
    header["__metadata__"]["msm-mil"] = json.dumps(card | {"options": asked, "record": {}})
    written = json.dumps(header).encode().ljust(0x80 + 0x100 * protocol)
    saved.path.write_bytes(len(written).to_bytes(8, "little") + written + content[8 + length :])

    assert saved.path.read_bytes()[:2] == bytes([0x80, protocol])
    assert load_checkpoint(saved.path).options == saved.options


def with_card(path, **changes):
    """The model file at `path`, with some of what its card says changed; None takes an entry away."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header["__metadata__"]["msm-mil"]) | changes
    header["__metadata__"]["msm-mil"] = json.dumps({key: value for key, value in card.items() if value is not None})
    written = json.dumps(header).encode()
    path.write_bytes(len(written).to_bytes(8, "little") + written + content[8 + length :])


def with_weights(path, **changes):
    """The model at `path`, with some of its weights changed; None takes one away."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    state = {name: weight for name, weight in (load_checkpoint(path).state | changes).items() if weight is not None}
    path.write_bytes(save(state, metadata=header["__metadata__"]))


FLAWS = {
    "missing": (lambda path: path.unlink(), "Cannot read the model"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "Cannot read the model"),
    "empty": (lambda path: path.write_bytes(b""), "is not a model file"),
    "a text": (lambda path: path.write_text("a text that is no model"), "is not a model file"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-7]), "damaged or was not copied whole"),
    "garbled": (lambda path: path.write_bytes(path.read_bytes()[:9] + b"\xff" * 5000), "damaged"),
    "a stranger": (lambda path: save_file({"a": np.zeros(2)}, path), "not a model of MSM-MIL"),
    "a stranger with a card": (lambda path: save_file({"a": np.zeros(2)}, path, {"format": "pt"}), "not a model of"),
    "of a later format": (lambda path: with_card(path, format="msm-mil-checkpoint/3"), r"format: .*Update"),
    "without an encoder": (lambda path: with_card(path, encoder=None), r"encoder: it is missing"),
    "with a strange option": (lambda path: with_card(path, colour="red"), r"colour: there is no such option"),
    "with classes alike": (lambda path: with_card(path, classes=["a", "a"]), "2 classes need"),
    "with too many classes": (lambda path: with_card(path, classes=["a", "b", "c"]), "2 classes need"),
    "with a false mpp": (lambda path: with_card(path, mpp=-1), "mpp"),
    "short of a weight": (lambda path: with_weights(path, score_bias=None), "lacks the float32 weights score_bias"),
    "in half precision": (lambda path: with_weights(path, score_bias=np.zeros(3, "f2")), "lacks .* score_bias"),
    "with a weight more": (lambda path: with_weights(path, more=np.zeros(3, "f4")), "do not know, more"),
    "of another shape": (lambda path: with_weights(path, score_bias=np.zeros(2, "f4")), r"\(2,\) instead of \(3,\)"),
    "not finite": (lambda path: with_weights(path, score_bias=np.full(3, np.nan, "f4")), "not finite"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flawed_file_gets_one_sentence_that_names_it(saved, flaw):
    spoil, sentence = FLAWS[flaw]
    spoil(saved)

    with pytest.raises(CheckpointError, match=sentence) as refusal:
        load_checkpoint(saved)

    assert str(saved) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_standard_deviation_of_zero_is_a_flaw(tmp_path):
    checkpoint = a_checkpoint(standardise=True)
    checkpoint.state["feature_std"][3] = 0

    with pytest.raises(ValueError, match="feature_std"):
        save_checkpoint(checkpoint, tmp_path / "model.safetensors")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(saved, data):
    content = saved.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    place = data.draw(st.integers(0, header - 1))
    damaged = saved.with_name("damaged.safetensors")
    byte = data.draw(st.binary(min_size=0, max_size=2))

    damaged.write_bytes(content[:place] + byte + content[place + 1 :])

    try:
        load_checkpoint(damaged)
    except CheckpointError as refusal:
        assert str(damaged) in str(refusal)


def test_weights_that_do_not_fit_are_not_saved(tmp_path):
    checkpoint = a_checkpoint()
    path = tmp_path / "model.safetensors"

    with pytest.raises(ValueError, match="lacks"):
        save_checkpoint(replace(checkpoint, state={}), path)
    with pytest.raises(ValueError, match="different names"):
        save_checkpoint(replace(checkpoint, classes=("one",)), path)
    with pytest.raises(ValueError, match="JSON compliant"):
        save_checkpoint(replace(checkpoint, record={"auc": float("nan")}), path)

    assert not any(tmp_path.iterdir())


def test_a_model_is_saved_under_a_name_that_loads(tmp_path):
    with pytest.raises(CheckpointError, match=r"name it model\.safetensors"):
        save_checkpoint(a_checkpoint(), tmp_path / "model.pt")


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="Cannot write"):
        save_checkpoint(a_checkpoint(), tmp_path / "file" / "model.safetensors")


def card(**changes):
    facts = {"name": "efficientnet-lite0", "features": 12, "weights_sha256": "5f2a"} | changes
    return EncoderCard(side_px=96, mpp=0.5, licence="Apache-2.0", **facts)


@pytest.mark.parametrize("fitting", [{}, {"weights_sha256": ""}, {"name": "timm:efficientnet_lite0"}])
def test_features_of_the_encoder_it_was_trained_with_fit(fitting):
    check_fits(a_checkpoint(), card(**fitting))


@pytest.mark.parametrize(
    ("strange", "sentence"),
    [
        ({"name": "zoo:uni2", "features": 1536}, r"zoo:uni2 gives 1536 features.*trained on 12 of efficientnet-lite0"),
        ({"weights_sha256": "99"}, r"weights of efficientnet-lite0.*are not those"),
    ],
)
def test_other_features_are_refused_and_the_sentence_says_which_fit(strange, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        check_fits(a_checkpoint(), card(**strange))


def test_every_bundled_model_loads_and_is_small():
    for path in bundled_checkpoints():
        assert load_checkpoint(path).record["licence"]
        assert path.stat().st_size < 3_000_000


def test_the_default_model_is_a_bundled_one_or_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "BUNDLED", tmp_path)

    with pytest.raises(CheckpointError, match="No model is bundled"):
        default_checkpoint_path()
    save_checkpoint(a_checkpoint(), tmp_path / "oral.safetensors")
    assert default_checkpoint_path() == tmp_path / "oral.safetensors"
