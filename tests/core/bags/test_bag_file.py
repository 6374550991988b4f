"""Bags survive the disk, and files of other programs are read."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import load_bag, load_features, save_bag
from msm_mil_core.errors import FeatureFileError, OutputError
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.core.bags.drawn_bags import CARD, FACTS, a_bag


def assert_same(bag: FeatureBag, other: FeatureBag) -> None:
    np.testing.assert_array_equal(bag.features, other.features)
    np.testing.assert_array_equal(bag.tiles.xy_px0, other.tiles.xy_px0)
    assert (bag.features.dtype, bag.tiles.xy_px0.dtype) == (other.features.dtype, other.tiles.xy_px0.dtype)
    assert (bag.tiles.side_px0, bag.tiles.side_px) == (other.tiles.side_px0, other.tiles.side_px)
    np.testing.assert_equal(bag.tiles.mpp, other.tiles.mpp)
    assert (bag.slide, bag.encoder) == (other.slide, other.encoder)


def test_a_bag_survives_the_disk(tmp_path: Path):
    bag = a_bag()

    save_bag(bag, tmp_path / "bag.h5")

    assert_same(load_bag(tmp_path / "bag.h5"), bag)
    np.testing.assert_array_equal(load_features(tmp_path / "bag.h5"), bag.features)


def test_a_bag_without_a_pixel_size_survives_too(tmp_path: Path):
    bag = a_bag()
    unscaled = FeatureBag(
        bag.features,
        TileGrid(bag.tiles.xy_px0, 128, 64, float("nan")),
        replace(FACTS, mpp=None, mpp_origin="missing"),
        CARD,
    )

    save_bag(unscaled, tmp_path / "bag.h5")

    assert_same(load_bag(tmp_path / "bag.h5"), unscaled)


def test_our_files_read_as_tridents(tmp_path: Path):
    save_bag(a_bag(), tmp_path / "bag.h5")

    with h5py.File(tmp_path / "bag.h5") as file:
        attributes = dict(file["coords"].attrs)
        assert (file["features"].shape, file["coords"].shape) == ((6, 5), (6, 2))
        assert file["features"].attrs["encoder"] == "small"

    assert (attributes["patch_size"], attributes["patch_size_level0"], attributes["overlap"]) == (64, 128, 0)
    assert (attributes["level0_width"], attributes["level0_height"], attributes["name"]) == (2048, 1536, "slide ü")
    assert (attributes["level0_magnification"], attributes["target_magnification"]) == (40, 20)


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(OutputError, match="file"):
        save_bag(a_bag(), tmp_path / "file" / "bag.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def write(path: Path, values: dict[str, object], **attributes: dict[str, object]) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
        for name, told in attributes.items():
            (file if name == "root" else file[name]).attrs.update(told)
    return path


@pytest.mark.parametrize("batched", [False, True])
def test_tridents_files_are_read(tmp_path: Path, batched: bool):
    bag = a_bag()
    features, coords = bag.features.astype(np.float16), bag.tiles.xy_px0
    told = {"patch_size": 64, "patch_size_level0": 128, "level0_magnification": 40, "target_magnification": 20}
    told |= {"overlap": 0, "name": "case 1", "savetodir": "x", "level0_width": 2048, "level0_height": 1536}
    path = write(
        tmp_path / "trident.h5",
        {"features": features[None] if batched else features, "coords": coords[None] if batched else coords},
        features={"name": "case 1", "savetodir": "x", "encoder": "uni_v2"},
        coords=told,
    )

    read = load_bag(path, slide_mpp=0.25)

    np.testing.assert_array_equal(read.features, features.astype(np.float32))
    np.testing.assert_array_equal(read.tiles.xy_px0, coords)
    assert (read.tiles.side_px0, read.tiles.side_px, read.tiles.mpp) == (128, 64, 0.5)
    assert (read.slide.name, read.slide.size_px0, read.slide.mpp_origin) == ("case 1", (2048, 1536), "user")
    assert (read.encoder.name, read.encoder.weights_sha256) == ("uni_v2", "")


def test_stamps_files_are_read_once_the_slides_mpp_is_known(tmp_path: Path):
    bag = a_bag()
    coords_um = (bag.tiles.xy_px0 * 0.25).astype(np.float32)
    told = {"tile_size_um": 32.0, "tile_size_px": 64}
    root = {"unit": "um", "extractor": "ctranspath", "stamp_version": "2.1.0", **told}
    path = write(tmp_path / "stamp.h5", {"feats": bag.features.astype(np.float16), "coords": coords_um}, root=root)

    read = load_bag(path, slide_mpp=0.25)

    np.testing.assert_array_equal(read.tiles.xy_px0, bag.tiles.xy_px0)
    assert (read.tiles.side_px0, read.tiles.mpp, read.encoder.name) == (128, 0.5, "ctranspath")
    assert load_features(path).dtype == np.float32
    with pytest.raises(FeatureFileError, match="slide's mpp is needed"):
        load_bag(path)


UNUSABLE = {
    "no features": ({"coords": np.zeros((2, 2))}, "features or feats was looked for, only .* found"),
    "both": ({"features": np.zeros((2, 5)), "feats": np.zeros((2, 5))}, "features or feats .* both found"),
    "another name": ({"embeddings": np.zeros((2, 5))}, r"looked for, only \['embeddings'\]"),
    "one vector": ({"features": np.zeros(5), "coords": np.zeros((1, 2))}, "not one vector of numbers"),
    "two bags": ({"features": np.zeros((2, 2, 5))}, "not one vector of numbers"),
    "too large": ({"features": np.full((2, 5), 1e300)}, "not one vector of finite numbers"),
    "complex": ({"features": np.zeros((2, 5), complex)}, "not one vector of numbers"),
    "no number": ({"features": np.zeros((2, 0))}, "not one vector of numbers"),
    "nothing": ({"features": h5py.Empty("f4")}, "not one vector of numbers"),
    "not finite": ({"features": np.full((2, 5), np.nan), "coords": np.zeros((2, 2))}, "not one vector"),
    "no tile": ({"features": np.zeros((0, 5)), "coords": np.zeros((0, 2))}, "not one vector"),
    "words": ({"features": np.array([[b"a", b"b"]]), "coords": np.zeros((1, 2))}, "not one vector of numbers"),
    "a group": ({"features/x": np.zeros(3)}, "features is a group"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_without_usable_features_is_told(tmp_path: Path, case: str):
    values, words = UNUSABLE[case]
    path = write(tmp_path / "odd.h5", values)

    with pytest.raises(FeatureFileError, match=rf"odd\.h5.*{words}"):
        load_features(path)
    with pytest.raises(FeatureFileError, match=r"odd\.h5"):
        load_bag(path)


def test_what_is_no_file_of_features_is_told(tmp_path: Path):
    (tmp_path / "text.h5").write_text("no HDF5")
    (tmp_path / "empty.h5").touch()
    (tmp_path / "folder.h5").mkdir()

    for name, words in {
        "text": "not an HDF5 file",
        "empty": "not an HDF5 file",
        "folder": "a folder",
        "gone": "no file",
    }.items():
        with pytest.raises(FeatureFileError, match=rf"{words}.*{name}\.h5|{name}\.h5.*{words}"):
            load_bag(tmp_path / f"{name}.h5")


def test_a_file_of_a_later_schema_is_told(tmp_path: Path):
    save_bag(a_bag(), tmp_path / "bag.h5")
    later = (tmp_path / "bag.h5").read_bytes().replace(b"msm-mil-features/1", b"msm-mil-features/2", 1)
    (tmp_path / "bag.h5").write_bytes(later)

    with pytest.raises(FeatureFileError, match="schema msm-mil-features/2; this version reads msm-mil-features/1"):
        load_bag(tmp_path / "bag.h5")


def test_a_bag_that_was_changed_is_told(tmp_path: Path):
    save_bag(a_bag(), tmp_path / "bag.h5")
    with h5py.File(tmp_path / "bag.h5", "r+") as file:
        file["coords"][0] = (999, 999)

    with pytest.raises(FeatureFileError, match=r"bag\.h5 .* has changed since it was written"):
        load_bag(tmp_path / "bag.h5")


def test_listing_and_storing_never_import_torch():
    code = (
        "import sys; sys.modules['lazyslide_models'] = None;"  # the zoo imports torch to list itself
        "from msm_mil_core.bags import bag_file; from msm_mil_core.encoders import encode, registry;"
        "registry.known_encoders();"
        "print('torch' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"
