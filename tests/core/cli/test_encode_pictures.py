"""msm-mil encode on photographs: a bag a picture or a bag a folder, and features like those of the same slide."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from msm_mil_core.bags.bag_file import load_bag
from msm_mil_core.cli.app import call
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.result_file import load_result
from tests.models import a_checkpoint
from tests.slides import HOT, TISSUE, a_picture, write_slide

TILES = ("--tiles.side-px", "56", "--tiles.mpp", "2", "--mpp", "1")
"""112 level-0 pixels."""


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Three photographs of tissue, one of blank glass, and a note."""
    folder = tmp_path / "case 7"
    folder.mkdir()
    colours = {"a.png": TISSUE, "b.jpeg": HOT, "c.tif": TISSUE}
    for number, (name, colour) in enumerate(colours.items()):
        size = (224 + 30 * number, 240)
        Image.fromarray(a_picture(size, {(0, 0, *size): colour}, noise=20)).save(folder / name)
    Image.fromarray(a_picture((224, 224), {})).save(folder / "blank.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_a_bag_a_folder_holds_the_tiles_of_all_its_pictures_and_where_they_lie(photographs, tmp_path, capsys):
    code = call(["encode", str(photographs), "--bag", "folder", "--out", str(tmp_path / "out"), *TILES])

    bag = load_bag(tmp_path / "out" / "case 7.h5")
    assert code == 0
    assert "12 tiles x 1280 of 4 pictures, 1 without tissue (blank.png)" in capsys.readouterr().out
    assert [(one.name, one.tiles) for one in bag.joined] == [
        ("a.png", 4),
        ("b.jpeg", 4),
        ("c.tif", 4),
        ("blank.png", 0),
    ]
    assert [one.y_px0 for one in bag.joined[:3]] == [0, 336, 672]  # 240 px are 3 tiles at most
    place = bag.tiles.xy_px0[7] - (0, bag.joined[1].y_px0)
    assert place.tolist() == [112, 112]
    tile = Image.open(photographs / "b.jpeg").crop((*place, *(place + 112)))
    encoder = load_encoder("efficientnet-lite0", device="cpu")
    alone = encoder.encode(np.asarray(tile.resize((56, 56), Image.Resampling.BILINEAR, reducing_gap=1.0))[None])[0]
    np.testing.assert_allclose(bag.features[7], alone, atol=1e-4)


def test_a_bag_a_picture_is_a_file_for_each_and_the_blank_one_is_reported(photographs, tmp_path, capsys):
    code = call(["encode", str(photographs), "--out", str(tmp_path / "out"), *TILES])

    printed = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "blank.png" in printed[printed.index("failed") :]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.h5", "b.h5", "c.h5"]
    assert not load_bag(tmp_path / "out" / "a.h5").joined
    with h5py.File(tmp_path / "out" / "a.h5") as file:
        assert "joined" not in file.attrs


@pytest.mark.parametrize(("bag", "names"), [("picture", {"a", "b", "c", "d"}), ("folder", {"case 7", "case 8"})])
def test_folders_of_pictures_may_lie_in_one_another(photographs, tmp_path, bag, names):
    patients = tmp_path / "patients"
    (patients / "empty").mkdir(parents=True)
    (photographs / "blank.png").unlink()
    shutil.copytree(photographs, patients / "women" / photographs.name)
    other = patients / "men" / "case 8"
    other.mkdir(parents=True)
    shutil.copy(patients / "women" / photographs.name / "a.png", other / "d.png")

    code = call(["encode", str(patients), "--bag", bag, "--out", str(tmp_path / "out"), *TILES])

    assert code == 0
    assert {path.stem for path in (tmp_path / "out").glob("*.h5")} == names


def test_both_ways_give_a_tile_the_same_features(photographs, tmp_path):
    call(["encode", str(photographs), "--out", str(tmp_path / "each"), *TILES])
    call(["encode", str(photographs), "--bag", "folder", "--out", str(tmp_path / "all"), *TILES])

    joined = load_bag(tmp_path / "all" / "case 7.h5").features
    apart = [load_bag(tmp_path / "each" / f"{name}.h5").features for name in "abc"]
    np.testing.assert_allclose(joined, np.concatenate(apart), atol=1e-4)


def test_a_picture_gives_the_features_of_the_same_pixels_as_a_slide(tmp_path):
    pixels = a_picture((224, 224), {(0, 0, 224, 224): TISSUE}, noise=20)
    Image.fromarray(pixels).save(tmp_path / "flat.png")
    write_slide(tmp_path / "tiled.tiff", pixels, mpp=1.0, levels=1)

    code = call(["encode", str(tmp_path / "flat.png"), str(tmp_path / "tiled.tiff"), "--out", str(tmp_path), *TILES])

    flat, tiled = load_bag(tmp_path / "flat.h5"), load_bag(tmp_path / "tiled.h5")
    assert code == 0
    assert (flat.tiles.xy_px0 == tiled.tiles.xy_px0).all()
    np.testing.assert_allclose(flat.features, tiled.features, atol=1e-5)


@pytest.mark.parametrize("kind", ["lung_n", "lung_aca", "lung_scc"])
def test_real_photographs_of_lung_are_encoded_whole(tmp_path, shared: Callable[[str], Path], kind):
    for path in sorted(shared(f"tiles/lung/{kind}").glob("*.jpeg"))[:4]:
        shutil.copy(path, tmp_path / path.name)

    code = call(["encode", str(tmp_path), "--bag", "folder", "--out", str(tmp_path / "out"), *TILES])

    (encoded,) = (tmp_path / "out").iterdir()
    bag = load_bag(encoded)
    assert code == 0
    assert [one.tiles for one in bag.joined] == [4] * 4
    assert np.isfinite(bag.features).all()


def test_pictures_without_a_pixel_size_ask_for_it(photographs, tmp_path, capsys):
    code = call(["encode", str(photographs), "--bag", "folder", "--out", str(tmp_path / "out")])

    assert code == 1
    assert "a.png: the file does not say how many micrometres" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.h5"))


def test_a_folder_without_pictures_and_one_without_tissue_are_sentences(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank").mkdir()
    Image.fromarray(a_picture((224, 224), {})).save(tmp_path / "blank" / "glass.png")
    words = ["--bag", "folder", "--out", str(tmp_path / "out"), *TILES]

    codes = [call(["encode", str(tmp_path / name), *words]) for name in ("empty", "blank")]

    told = capsys.readouterr().err
    assert codes == [1, 1]
    assert "contains no DICOM slide and is not OME-Zarr. Choose a slide or picture file" in told
    assert f"No image of {tmp_path / 'blank'} has tissue" in told


def test_two_pictures_for_one_file_are_refused_before_any_work(photographs, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    shutil.copy(photographs / "a.png", tmp_path / "other" / "a.png")

    code = call(["encode", str(photographs), str(tmp_path / "other"), "--out", str(tmp_path / "out"), *TILES])

    assert code == 2
    assert "Two inputs would be written" in capsys.readouterr().err


def test_a_photograph_runs_through_a_model_as_a_slide_does(photographs, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    checkpoint = replace(a_checkpoint(features=1280), side_px=56, mpp=2.0, encoder_sha256="")
    model = save_checkpoint(checkpoint, tmp_path / "model.safetensors").path

    code = call(["run", str(photographs / "b.jpeg"), "--model", str(model), "--out", str(tmp_path), "--mpp", "1"])

    result = load_result(tmp_path / "b.msm.h5")
    assert code == 0
    assert (len(result.tiles), result.slide.mpp_origin) == (4, "user")
    assert call(["report", str(tmp_path / "b.msm.h5"), "--out", str(tmp_path)]) == 0
