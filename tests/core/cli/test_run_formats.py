"""Whatever kind of slide a lab has: `msm-mil run` takes it, knows it again, and says what it cannot take."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.result_file import load_result
from tests.icc import a_profile
from tests.level_files import write_ome_tiff, write_ome_zarr
from tests.models import a_checkpoint
from tests.slides import HOT, TISSUE, a_picture

PIXELS = a_picture((1024, 768), {(256, 0, 512, 512): TISSUE, (256, 0, 256, 256): HOT})


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    """Features are kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A small untrained model: tiles of 256 level-0 pixels at 0.5 µm."""
    checkpoint = replace(a_checkpoint(features=1280), side_px=32, mpp=4.0, encoder_sha256="")
    return str(save_checkpoint(checkpoint, tmp_path / "model.safetensors").path)


def a_slide(folder: Path, kind: str) -> Path:
    """Write the same picture as one kind of slide."""
    if kind == "zarr":
        pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")
        return write_ome_zarr(folder / "case.zarr", PIXELS, um=(0.5, "micrometer"))
    if kind == "ome":
        return write_ome_tiff(folder / "case.ome.tif", PIXELS, um=(0.5, "µm"))
    path = folder / f"case.{kind}"
    Image.fromarray(PIXELS).save(path)
    return path


def run(slide: Path | str, model: str, out: Path, *more: str) -> int:
    return call(["run", str(slide), "--model", model, "--out", str(out), *more])


def result_in(out: Path):
    (path,) = out.glob("*.msm.h5")
    return load_result(path)


@pytest.mark.parametrize(
    ("kind", "reader", "more"),
    [
        ("ome", "tifffile", ()),
        ("zarr", "zarr", ()),
        ("png", "picture", ("--mpp", "0.5")),
        ("tif", "picture", ("--mpp", "0.5")),
    ],
)
def test_each_kind_is_run_and_known_again(tmp_path: Path, model: str, kind: str, reader: str, more, capsys):
    slide, out = a_slide(tmp_path, kind), tmp_path / "out"

    codes = [run(slide, model, out, *more), run(slide, model, out, *more)]

    result = result_in(out)
    assert codes == [0, 0]
    assert (result.slide.reader, result.slide.mpp, len(result.tiles)) == (reader, 0.5, 4)
    assert result.tiles.xy_px0.tolist() == [[256, 0], [512, 0], [256, 256], [512, 256]]


def test_all_of_a_folder_are_run(tmp_path: Path, model: str):
    (tmp_path / "slides").mkdir()
    names = {a_slide(tmp_path / "slides", kind).name for kind in ("zarr", "ome")}

    code = run(tmp_path / "slides", model, tmp_path / "out")

    assert code == 0
    assert {load_result(path).slide.name for path in (tmp_path / "out").glob("*.msm.h5")} == names


def test_without_a_pixel_size_it_is_asked_for(tmp_path: Path, model: str, capsys):
    code = run(a_slide(tmp_path, "png"), model, tmp_path / "out")

    assert code == 1
    assert "Give it: --mpp on the command line" in " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize(("command", "expected"), [(["run", "--model", "MODEL"], 1), (["encode"], 2)])
def test_an_address_is_refused_in_a_sentence(tmp_path: Path, model: str, capsys, command: list[str], expected: int):
    words = [model if word == "MODEL" else word for word in command]

    code = call([words[0], "s3://bucket/case.svs", *words[1:], "--out", str(tmp_path / "out")])

    assert code == expected
    assert "s3://bucket/case.svs is on another computer" in " ".join("".join(capsys.readouterr()).split())


def test_an_address_is_run_where_the_reader_is_asked_for(tmp_path: Path, model: str):
    fsspec = pytest.importorskip("fsspec", reason="addresses are read by fsspec, of the extra remote")
    fsspec.filesystem("memory").pipe("/case.ome.tif", a_slide(tmp_path, "ome").read_bytes())

    code = run("memory://case.ome.tif", model, tmp_path / "out", "--reader", "fsspec")

    result = result_in(tmp_path / "out")
    assert code == 0
    assert (result.slide.path, result.slide.reader) == ("memory://case.ome.tif", "fsspec")
    assert len(result.tiles) == 4


def test_the_encoder_gets_srgb_where_that_is_chosen_and_the_result_says_so(tmp_path: Path, model: str, capsys):
    how = {"tile": (256, 256), "photometric": "rgb", "metadata": None, "resolutionunit": "CENTIMETER"}
    slide = tmp_path / "case.tif"
    tifffile.imwrite(slide, PIXELS, resolution=(2e4, 2e4), iccprofile=a_profile("Scanner 7"), **how)

    codes = [run(slide, model, tmp_path / "a"), run(slide, model, tmp_path / "b", "--colors", "srgb")]
    again = run(slide, model, tmp_path / "a", "--colors", "srgb")

    stored, srgb = result_in(tmp_path / "a"), result_in(tmp_path / "b")
    assert codes == [0, 0]
    assert (stored.slide.colors, srgb.slide.colors) == ("as-stored", "srgb")
    assert {stored.slide.profile, srgb.slide.profile} == {"Scanner 7"}
    assert not np.allclose(stored.prediction.logits, srgb.prediction.logits)
    assert again == 2
    assert "colors is as-stored there, srgb here" in " ".join("".join(capsys.readouterr()).split())
