"""An encoder is loaded once a process, and not at all where nothing has to be encoded."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from msm_mil_core.encoders import encoder_on_demand
from msm_mil_core.encoders.encoder_on_demand import find_encoder
from msm_mil_core.encoders.registry import Encoder, load_encoder
from msm_mil_core.errors import EncoderError

TINY = "test_efficientnet"


@pytest.fixture(scope="module")
def drawn_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", seed=0)


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the encoders that are really loaded, in a process with an empty cache folder."""
    loaded: list[str] = []

    def load(name: str, **choices: str) -> Encoder:
        loaded.append(name)
        return load_encoder(name, **choices)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(encoder_on_demand, "encoder_cards_file", lambda: tmp_path / "cards" / "encoders.json")
    monkeypatch.setattr(encoder_on_demand, "load_encoder", load)
    begin_a_process()
    return loaded


def draw_weights(path: Path, *, seed: int) -> Path:
    torch.manual_seed(seed)
    save_file(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


def begin_a_process() -> None:
    encoder_on_demand._found.cache_clear()
    encoder_on_demand._hash.cache_clear()


def find(name: str) -> encoder_on_demand.EncoderOnDemand:
    return find_encoder(name, device="cpu")


@pytest.fixture(params=["efficientnet-lite0", "timm"])
def name(request: pytest.FixtureRequest, drawn_weights: Path) -> str:
    return request.param if request.param != "timm" else f"timm:{TINY}@{drawn_weights}"


def test_a_process_loads_an_encoder_once(loads, name):
    first, second = find(name).load(), find(name).load()

    assert first is second
    assert loads == [name]


def test_the_next_process_knows_the_card_without_loading(loads, name):
    card = find(name).card
    begin_a_process()

    found = find(name)

    assert found.card == card
    assert loads == [name]


def test_what_was_remembered_is_loaded_when_it_is_needed_and_is_the_same(loads, name):
    tiles = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    features = find(name).load().encode(tiles)
    begin_a_process()

    found = find(name)

    assert found.load() is found.load()
    assert found.load().card == found.card
    np.testing.assert_array_equal(found.load().encode(tiles), features)
    assert loads == [name, name]


def test_other_weights_under_the_same_name_are_noticed(loads, drawn_weights, tmp_path):
    path = Path(shutil.copy(drawn_weights, tmp_path / "w.safetensors"))
    before = find(f"timm:{TINY}@{path}").card

    draw_weights(path, seed=1)

    assert find(f"timm:{TINY}@{path}").card.weights_sha256 != before.weights_sha256
    assert len(loads) == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"a": 1}', '{"a": {"name": "b"}}', "\udcff"])
def test_a_damaged_memory_costs_one_load(loads, name, content):
    path = encoder_on_demand.encoder_cards_file()
    path.parent.mkdir()
    path.write_text(content, "utf-8", errors="surrogateescape")

    find(name)
    begin_a_process()
    find(name)

    assert loads == [name]


def test_a_memory_that_cannot_be_written_is_no_error(loads, name, caplog):
    encoder_on_demand.encoder_cards_file().parent.write_text("a file where the folder should be")

    assert find(name).card.features
    assert "loads the encoder" in caplog.text


def test_weights_that_are_missing_are_reported_at_once(loads, tmp_path):
    with pytest.raises(EncoderError, match="There is no file"):
        find(f"timm:{TINY}@{tmp_path / 'gone.safetensors'}")
