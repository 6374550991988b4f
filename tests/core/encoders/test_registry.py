"""Encoders are found by name, keep their promises, and tell what is missing before a tile is read."""

import json
import sys
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from msm_mil_core.encoders.devices.torch_encoder import put_on_device
from msm_mil_core.encoders.encoder_check import check_encoder
from msm_mil_core.encoders.encoder_on_demand import find_encoder
from msm_mil_core.encoders.registry import Encoder, known_encoders, load_encoder, name_here
from msm_mil_core.errors import BatchTooLargeError, DeviceError, EncoderError
from tests.encoders import a_hub, a_network, a_small_encoder

TINY = "test_efficientnet"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of timm's tiny test model, with a classifier as timm keeps them."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


@pytest.fixture
def hub_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of what was fetched from the hub, and no hub: whoever asks for it is refused at once."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


def keep(hub_folder: Path, repository: str, files: dict[str, bytes]) -> None:
    """Lay files down as the hub's library keeps them."""
    kept = hub_folder / f"models--{repository.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("abc")
    for name, content in files.items():
        path = kept / "snapshots" / "abc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture(params=["efficientnet-lite0", "timm", "small"])
def encoder(request: pytest.FixtureRequest, tiny_weights: Path) -> Encoder:
    if request.param == "small":
        return a_small_encoder()
    name = f"timm:{TINY}@{tiny_weights}" if request.param == "timm" else request.param
    return load_encoder(name, device="cpu", precision="float32")


def test_an_encoder_gives_the_features_its_card_tells(encoder: Encoder):
    card = encoder.card
    batch = np.random.default_rng(0).integers(0, 256, (3, card.side_px, card.side_px, 3), np.uint8)

    features = encoder.encode(batch)

    assert (features.shape, features.dtype) == ((3, card.features), np.float32)
    assert len(card.weights_sha256) == 64
    assert card.precision == "float32"


def test_a_tiles_features_do_not_depend_on_the_others(encoder: Encoder):
    side_px = encoder.card.side_px
    batch = np.random.default_rng(1).integers(0, 256, (3, side_px, side_px, 3), np.uint8)

    together = encoder.encode(batch)

    alone = np.concatenate([encoder.encode(batch[n : n + 1]) for n in (2, 0, 1)])[[1, 2, 0]]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


def test_pixels_that_may_not_be_written_are_taken(encoder: Encoder):
    batch = np.full((1, encoder.card.side_px, encoder.card.side_px, 3), 200, np.uint8)
    expected = encoder.encode(batch)
    batch.flags.writeable = False

    np.testing.assert_array_equal(encoder.encode(batch), expected)


@pytest.mark.parametrize("shape", [(32, 32, 3), (1, 3, 32, 32), (1, 32, 31, 3)])
def test_what_is_no_batch_of_tiles_is_a_callers_mistake(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="tiles are"):
        a_small_encoder().encode(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("name", ["efficientnet", "efficientnet-lite0:x", "timm", "timm:", "zoo:", "", "hf:x/y"])
def test_an_unknown_name_is_told_with_the_known_ones(name: str):
    with pytest.raises(EncoderError, match=r"There is no encoder .*timm:NAME.*zoo:KEY"):
        load_encoder(name, device="cpu")


def test_timm_features_are_the_models_own(tiny_weights: Path):
    encoder = load_encoder(f"timm:{TINY}@{tiny_weights}", device="cpu", precision="float32")
    side_px = encoder.card.side_px
    batch = np.random.default_rng(2).integers(0, 256, (2, side_px, side_px, 3), np.uint8)
    model = timm.create_model(TINY, pretrained=False, checkpoint_path=str(tiny_weights)).eval()
    model.reset_classifier(0)
    to_model = timm.data.create_transform(**{**timm.data.resolve_model_data_config(model), "crop_pct": 1.0})

    features = encoder.encode(batch)

    from PIL import Image

    with torch.inference_mode():
        expected = model(torch.stack([to_model(Image.fromarray(tile)) for tile in batch]))
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-3, atol=1e-4)


def test_a_timm_model_kept_from_the_hub_needs_no_network(hub_folder: Path, tiny_weights: Path):
    keep(hub_folder, f"timm/{TINY}.r160_in1k", {"model.safetensors": tiny_weights.read_bytes()})
    by_file = load_encoder(f"timm:{TINY}@{tiny_weights}", device="cpu")

    by_name = load_encoder(f"timm:{TINY}", device="cpu")

    assert by_name.card.weights_sha256 == by_file.card.weights_sha256
    assert by_name.card.name == f"timm:{TINY}"


OLD_CONFIG = {"architecture": TINY, "num_features": 256, "labels": [], "input_size": [3, 96, 96], "license": "mit"}
NEW_CONFIG = {
    "architecture": TINY,
    "model_args": {"num_classes": 1000, "drop_rate": 0.1},
    "pretrained_cfg": {"input_size": [3, 96, 96], "license": "mit", "of_a_later_timm": True},
}


@pytest.mark.parametrize("config", [OLD_CONFIG, NEW_CONFIG], ids=["old", "new"])
def test_any_timm_model_on_the_hub_is_built_as_its_config_says(
    hub_folder: Path, tiny_weights: Path, config: dict[str, object]
):
    files = {"config.json": json.dumps(config).encode(), "model.safetensors": tiny_weights.read_bytes()}
    keep(hub_folder, "someone/tiny", files)

    encoder = load_encoder("timm:hf-hub:someone/tiny", device="cpu")

    assert (encoder.card.side_px, encoder.card.licence) == (96, "mit")


def test_a_repository_of_another_library_is_told(hub_folder: Path):
    keep(hub_folder, "someone/bert", {"config.json": b'{"model_type": "bert"}'})

    with pytest.raises(EncoderError, match="someone/bert is not a model of timm"):
        load_encoder("timm:hf-hub:someone/bert", device="cpu")


def test_without_a_network_what_is_not_kept_is_told_at_once(hub_folder: Path):
    with pytest.raises(EncoderError, match=r"timm/test_efficientnet.* did not deliver them .*Connect to the internet"):
        load_encoder(f"timm:{TINY}", device="cpu")


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        ("lab/gated", r"lab/gated are gated\. Ask for access at http://127\.0\.0\.1:\d+/lab/gated,.*hf auth login"),
        ("lab/gated2", r"lab/gated2 are gated\. Ask for access at .*/lab/gated2,.*hf auth login"),
        ("lab/forbidden", r"refuses access to lab/forbidden: .* Ask for access at .*/lab/forbidden"),
        ("lab/absent", "has no lab/absent"),
        ("lab/private", "has no lab/private.*log in"),
        ("lab/broken", "hub did not deliver them"),
        ("no:name/at all", "has no no:name"),
    ],
)
def test_weights_that_the_hub_withholds_are_told(
    hub_folder: Path, monkeypatch: pytest.MonkeyPatch, repository: str, words: str
):
    answers = {
        "lab/gated": (403, "GatedRepo"),
        "lab/gated2": (401, "GatedRepo"),
        "lab/forbidden": (403, ""),
        "lab/absent": (404, "RepoNotFound"),
        "lab/private": (401, "RepoNotFound"),
        "lab/broken": (500, ""),
    }
    with a_hub(answers) as address, pytest.raises(EncoderError, match=words):
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        load_encoder(f"timm:hf-hub:{repository}", device="cpu")


@pytest.mark.parametrize("name", ["no_such_model", "resnet18.no_such_tag"])
def test_a_model_that_timm_does_not_know_is_told(name: str):
    with pytest.raises(EncoderError, match=f"cannot build '{name}'"):
        load_encoder(f"timm:{name}", device="cpu")


def test_a_missing_weights_file_is_told(tmp_path: Path):
    with pytest.raises(EncoderError, match=r"There is no file .*gone\.safetensors"):
        load_encoder(f"timm:{TINY}@{tmp_path / 'gone.safetensors'}", device="cpu")


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_damaged_weights_file_is_told(tmp_path: Path, suffix: str):
    damaged = tmp_path / f"damaged.{suffix}"
    damaged.write_bytes(b"no weights at all")

    with pytest.raises(EncoderError, match=r"damaged\.\w+ is damaged, or holds"):
        load_encoder(f"timm:{TINY}@{damaged}", device="cpu")


def test_a_file_that_holds_no_weights_by_name_is_told(tmp_path: Path):
    torch.save([torch.zeros(3)], tmp_path / "list.pth")

    with pytest.raises(EncoderError, match=r"list\.pth (lacks|is damaged, or holds)"):
        load_encoder(f"timm:{TINY}@{tmp_path / 'list.pth'}", device="cpu")


def test_weights_of_another_network_are_told_and_not_left_at_random(tmp_path: Path, tiny_weights: Path):
    other = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.zeros(3)}, other)

    with pytest.raises(EncoderError, match=r"other\.safetensors lacks \d+ of the network's weights"):
        load_encoder(f"timm:{TINY}@{other}", device="cpu")
    with pytest.raises(EncoderError, match=r"tiny\.safetensors (lacks|is damaged, or holds)"):
        load_encoder(f"timm:test_vit@{tiny_weights}", device="cpu")


def test_a_network_of_one_side_tells_which(tmp_path: Path):
    weights = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit", pretrained=False).state_dict(), weights)
    encoder = load_encoder(f"timm:test_vit@{weights}", device="cpu")

    with pytest.raises(EncoderError, match=f"takes tiles of {encoder.card.side_px} px, not 224"):
        encoder.encode(np.zeros((1, 224, 224, 3), np.uint8))


def test_a_network_without_one_vector_a_tile_is_told():
    with pytest.raises(EncoderError, match="not one feature vector"):
        put_on_device(a_network(torch.nn.Identity()), CPU, "float32")


def test_a_device_without_memory_is_told_apart_from_one_that_fails():
    class Failing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3)) @ torch.zeros(3, 2) if len(x) == 1 else x @ torch.zeros(7)

    tiles = np.zeros((4, 32, 32, 3), np.uint8)

    with pytest.raises(BatchTooLargeError, match="too little memory for small on 4 tiles"):
        a_small_encoder(most_tiles=3).encode(tiles)
    with pytest.raises(DeviceError, match="small failed on cpu") as told:
        put_on_device(a_network(Failing()), CPU, "float32").encode(tiles)
    assert not isinstance(told.value, BatchTooLargeError)


def test_features_that_are_no_numbers_are_never_handed_out():
    class Dividing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 1 / x.mean((2, 3))

    encoder = put_on_device(a_network(Dividing()), CPU, "float32")

    with pytest.raises(DeviceError, match="not finite in float32"):
        encoder.encode(np.zeros((1, 32, 32, 3), np.uint8))


def test_the_table_of_encoders_has_one_line_each_and_needs_no_torch():
    rows = [listing.row() for listing in known_encoders()]

    assert rows[0][0] == "efficientnet-lite0"
    assert rows[0][-1] == "embedded, offline"
    assert all(len(row) == 6 for row in rows)
    assert any(row[0].startswith("zoo:") for row in rows)


def test_an_absent_zoo_tells_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lazyslide_models", None)

    with pytest.raises(EncoderError, match=r"pip install napari-msm-mil\[zoo\]"):
        load_encoder("zoo:uni2", device="cpu")


def test_a_model_of_the_zoo_is_an_encoder(hub_folder: Path, tiny_weights: Path):
    zoo = pytest.importorskip("lazyslide_models")

    @zoo.register(key="tiny", task=zoo.ModelTask.vision, license=["MIT", "CC0"], encode_dim=256)
    class Tiny(zoo.TimmModel):
        transform_kws = {}  # noqa: RUF012  as the zoo wants it: whole tiles, colours of ImageNet

        def __init__(self) -> None:
            super().__init__(TINY, pretrained=False, num_classes=1000, checkpoint_path=str(tiny_weights))
            self.model.reset_classifier(0)

    batch = np.random.default_rng(3).integers(0, 256, (2, 160, 160, 3), np.uint8)
    encoder = load_encoder("zoo:tiny", device="cpu", precision="float32")

    features = encoder.encode(batch)

    expected = load_encoder(f"timm:{TINY}@{tiny_weights}", device="cpu", precision="float32").encode(batch)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4)
    assert (encoder.card.licence, encoder.card.side_px, len(encoder.card.weights_sha256)) == ("MIT and CC0", 160, 64)


@pytest.mark.parametrize("theirs", ["EfficientNet_Lite0", "efficientnetlite0"])
def test_an_encoder_is_found_by_the_name_that_another_program_gives_it(theirs: str):
    assert name_here(theirs) == "efficientnet-lite0"
    assert load_encoder(theirs, device="cpu").card.name == find_encoder(theirs, device="cpu").card.name
    assert check_encoder(theirs).name == "efficientnet-lite0"


@pytest.mark.parametrize("name", ["uni_v7", "timm:uni", "zoo:no such", "resnet18", ""])
def test_other_names_stay_as_they_are(name: str):
    assert name_here(name) == name


@pytest.mark.parametrize(
    ("theirs", "ours"), [("uni_v1", "uni"), ("mahmood-uni2", "uni2"), ("hoptimus0", "h-optimus-0")]
)
def test_encoders_of_the_zoo_are_found_by_the_names_of_trident_and_stamp(theirs: str, ours: str):
    pytest.importorskip("lazyslide_models")

    assert name_here(theirs) == f"zoo:{ours}"


def test_gated_models_of_the_zoo_are_told(hub_folder: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("lazyslide_models")
    with a_hub({"MahmoodLab/UNI2-h": (403, "GatedRepo")}) as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)

        with pytest.raises(EncoderError, match="MahmoodLab/UNI2-h are gated"):
            load_encoder("zoo:uni2", device="cpu")
