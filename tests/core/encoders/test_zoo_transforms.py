"""Encoders of the zoo see tiles as their makers have them seen: a small network of each kind, its own transform."""

from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from msm_mil_core.encoders.registry import load_encoder
from tests.tiled_slides import a_field

zoo = pytest.importorskip("lazyslide_models", reason="the zoo's encoders are those of lazyslide-models, extra zoo")

TINY = "test_efficientnet"
CLOSE = {"rtol": 2e-3, "atol": 2e-3}


@pytest.fixture(autouse=True)
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder of what was fetched from the hub, and no hub."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


def tiles(side_px: int) -> np.ndarray:
    return np.stack([a_field((side_px, side_px), seed) for seed in range(3)])


def a_timm_model(key: str, weights: Path, **transform: object) -> type:
    """Register a model of timm as the zoo does; `transform` is its makers' recipe."""

    @zoo.register(key=key, task=zoo.ModelTask.vision, license="MIT", encode_dim=256)
    class Tiny(zoo.TimmModel):
        transform_kws = transform

        def __init__(self) -> None:
            super().__init__(TINY, pretrained=False, num_classes=1000, checkpoint_path=str(weights))
            self.model.reset_classifier(0)

    return Tiny


@pytest.mark.parametrize(
    ("key", "recipe", "side_px"),
    [
        ("whole", {"interpolation": "bilinear"}, 160),
        ("cropped", {"crop_pct": 0.875}, 182),
        ("own-colours", {"mean": (0.7, 0.5, 0.6), "std": (0.2, 0.3, 0.25)}, 160),
    ],
)
def test_a_network_of_timm_is_given_what_its_makers_transform_gives(weights, key: str, recipe: dict, side_px: int):
    a_timm_model(key, weights, **recipe)
    encoder = load_encoder(f"zoo:{key}", device="cpu", precision="float32")
    batch = tiles(encoder.card.side_px)

    features = encoder.encode(batch)

    model = timm.create_model(TINY, pretrained=False, checkpoint_path=str(weights)).eval()
    model.reset_classifier(0)
    plain = {"crop_pct": 1.0, "interpolation": "bicubic", "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    own = timm.data.create_transform(input_size=(3, 160, 160), **(plain | recipe))
    with torch.inference_mode():
        expected = model(torch.stack([own(Image.fromarray(tile)) for tile in batch])).numpy()
    assert encoder.card.side_px == side_px
    np.testing.assert_allclose(features, expected, **CLOSE)


def test_a_network_with_the_zoos_plain_transform_is_given_it(weights):
    from torchvision.transforms import v2

    @zoo.register(key="plain", task=zoo.ModelTask.vision, license="MIT", encode_dim=256)
    class Plain(zoo.ImageModel):
        def __init__(self) -> None:
            self.model = timm.create_model(TINY, pretrained=False, checkpoint_path=str(weights)).eval()
            self.model.reset_classifier(0)

        @torch.inference_mode()
        def encode_image(self, image):
            return self.model(image)

    encoder = load_encoder("zoo:plain", device="cpu", precision="float32")
    batch = tiles(encoder.card.side_px)

    features = encoder.encode(batch)

    own = v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    model = Plain().model
    with torch.inference_mode():
        expected = model(torch.stack([own(Image.fromarray(tile)) for tile in batch])).numpy()
    assert encoder.card.side_px == 224
    np.testing.assert_allclose(features, expected, **CLOSE)


def test_a_network_that_prepares_tiles_itself_is_given_them_as_they_are(tmp_path: Path):
    transformers = pytest.importorskip("transformers", reason="it comes with lazyslide-models")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=64, patch_size=16
    )
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "vit")
    processor = transformers.ViTImageProcessor(size={"height": 64, "width": 64}, image_mean=[0.7, 0.5, 0.6])
    processor.save_pretrained(tmp_path / "vit")

    @zoo.register(key="processed", task=zoo.ModelTask.vision, license="MIT", encode_dim=32)
    class Processed(zoo.ImageModel):
        def __init__(self) -> None:
            self.model = transformers.ViTModel.from_pretrained(tmp_path / "vit", add_pooling_layer=False)
            self.own = transformers.AutoImageProcessor.from_pretrained(tmp_path / "vit")

        def get_transform(self):
            return None

        @torch.inference_mode()
        def encode_image(self, image):
            return self.model(**self.own(images=image, return_tensors="pt")).last_hidden_state[:, 0]

    encoder = load_encoder("zoo:processed", device="cpu", precision="float32")
    batch = tiles(64)

    features = encoder.encode(batch)

    model = Processed()
    expected = model.encode_image([Image.fromarray(tile) for tile in batch]).numpy()
    np.testing.assert_allclose(features, expected, **CLOSE)
