"""Half precision only where the device gains, and the same choice in every run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from msm_mil_core import precision
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.mil.model_file.checkpoint import bundled_checkpoints, load_checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.precision import Trial, choose_precision, cpu_has_bfloat16, gains_from_bfloat16
from msm_mil_core.precision_choice import Computed
from msm_mil_core.slides.sample import LUNG
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.read_plan import plan_read
from msm_mil_core.slides.tiling.tile_reader import read_tile

FEATURES = np.array([[1.0, 2.0, 0.0], [0.0, 0.5, 3.0]], np.float32)


def a_device(float32: float, bfloat16: float, off: float = 0.0) -> Callable[[Computed], Trial]:
    """Give a device that takes so many seconds in each precision, and is off by so much in bfloat16."""
    seconds = {"float32": float32, "bfloat16": bfloat16}
    return lambda precision: Trial(seconds[precision], FEATURES + off * (precision == "bfloat16"))


def never(tried: Computed) -> Trial:
    raise ValueError(f"probed in {tried}")


def test_a_wish_is_granted_without_a_probe():
    assert choose_precision("bfloat16", "cpu", "some", never) == "bfloat16"
    assert choose_precision("float32", "cuda", "some", never) == "float32"


@pytest.mark.parametrize(("device", "chosen"), [("cuda", "float16"), ("mps", "float32")])
def test_gpus_are_not_probed(device: str, chosen: str):
    assert choose_precision("auto", device, "some", never) == chosen


def test_a_cpu_without_units_for_bfloat16_is_not_probed():
    if cpu_has_bfloat16():
        pytest.skip("this CPU has them")

    assert choose_precision("auto", "cpu", "some", never) == "float32"


@pytest.mark.parametrize(
    ("device", "gains"),
    [
        (a_device(1.0, 0.5), True),
        (a_device(1.0, 0.95), False),
        (a_device(1.0, 2.0), False),
        (a_device(1.0, 0.5, off=0.001), True),
        (a_device(1.0, 0.5, off=0.2), False),
    ],
)
def test_bfloat16_has_to_be_clearly_faster_and_faithful(device: Callable[[Computed], Trial], gains: bool):
    assert gains_from_bfloat16(device) == gains


def test_the_first_batch_of_a_probe_only_warms_up():
    seconds = iter([9.0, 1.0, 1.1, 90.0, 0.5, 0.6])

    assert gains_from_bfloat16(lambda precision: Trial(next(seconds), FEATURES))


def test_what_a_probe_found_holds_in_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "precision_file", lambda: tmp_path / "kept" / "precision.json")

    first = choose_precision("auto", "cpu", "some", a_device(1.0, 0.5))

    assert first == choose_precision("auto", "cpu", "some", never) == "bfloat16"
    assert choose_precision("auto", "cpu", "another", a_device(1.0, 0.95)) == "float32"


@pytest.mark.parametrize("damage", ["", "[1]", '{"a": 1}', "no json"])
def test_a_damaged_answer_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str):
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "precision_file", lambda: tmp_path / "precision.json")
    (tmp_path / "precision.json").write_text(damage)

    assert choose_precision("auto", "cpu", "some", a_device(1.0, 0.5)) == "bfloat16"


def tiles_of(path: Path, side_px0: int, side_px: int) -> NDArray[np.uint8]:
    """Tiles all over a slide, glass included."""
    with open_slide(path) as slide:
        plan = plan_read(side_px0, side_px, slide.facts.size_px0, slide.level_sizes_px)
        return np.stack([read_tile(slide, plan, (x, y)) for y in range(0, 2600, 640) for x in range(0, 1900, 640)])


def encoded(tiles: NDArray[np.uint8], computed: Computed) -> NDArray[np.float32]:
    return load_encoder("efficientnet-lite0", device="cpu", precision=computed).encode(tiles)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_keeps_the_features_of_tissue_and_of_glass(shared, precision: Computed):
    tiles = tiles_of(shared("slides/CMU-1-Small-Region.svs"), 224, 96)[::6]  # a CPU emulates half precision slowly
    whole = encoded(tiles, "float32")

    half = encoded(tiles, precision)

    cosine = (whole * half).sum(1) / np.linalg.norm(whole, axis=1) / np.linalg.norm(half, axis=1)
    assert cosine.min() >= 0.999
    assert not np.array_equal(whole, half)


@pytest.mark.parametrize("path", bundled_checkpoints(), ids=lambda path: path.stem)
def test_half_precision_keeps_the_probabilities(path: Path):
    checkpoint = load_checkpoint(path)
    tiles = tiles_of(LUNG.path, checkpoint.side_px, checkpoint.side_px)

    whole, half = (predict(checkpoint, encoded(tiles, precision)) for precision in ("float32", "bfloat16"))

    np.testing.assert_allclose(half.probabilities, whole.probabilities, atol=0.01)
