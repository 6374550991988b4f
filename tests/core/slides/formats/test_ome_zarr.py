"""OME-Zarr 0.4 and 0.5: what zarr and ome-zarr write is read, what is no bright-field slide is declined."""

import json
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.formats.multiscale import UnusualError, read_multiscale
from msm_mil_core.slides.formats.zarr_mark import is_ome_zarr
from msm_mil_core.slides.slide import is_slide, open_slide
from tests.level_files import write_ome_zarr
from tests.tiled_slides import a_field

zarr = pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")

FIELD = a_field((700, 500))
MADE = Path(__file__).parent / "made_by_ome_zarr"


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_folder_that_ome_zarr_has_written_is_a_slide(tmp_path: Path, version: str):
    with ZipFile(MADE / f"field-{version}.zarr.zip") as archive:
        archive.extractall(tmp_path / "field.zarr")
    row, col = np.mgrid[:64, :96]

    with open_slide(tmp_path / "field.zarr") as slide:
        pixels, facts = slide.read((0, 0), 0, (96, 64)), slide.facts

    np.testing.assert_array_equal(pixels, np.stack([col * 2, row * 3, np.full_like(row, 90)], axis=2))
    assert (facts.mpp, facts.mpp_origin, facts.reader) == (0.25, "ome-zarr.mpp-x", "zarr")
    assert slide.level_sizes_px == ((96, 64), (48, 32))
    assert is_slide(tmp_path / "field.zarr")


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["cyx", "tczyx", "yxc"])
@pytest.mark.parametrize("chunk_px", [50, 300])
def test_pixels_do_not_depend_on_axes_chunks_and_version(tmp_path: Path, version, axes: str, chunk_px: int):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version=version, axes=axes, chunk_px=chunk_px)

    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.read((-3, 5), 0, (706, 495))[:, 3:703], FIELD[5:])


@pytest.mark.parametrize(("side", "unit"), [(0.25, "micrometer"), (250.0, "nanometer"), (0.00025, "millimeter")])
def test_the_size_of_a_pixel_is_taken_with_its_unit(tmp_path: Path, side: float, unit: str):
    assert open_slide(write_ome_zarr(tmp_path / "a.zarr", FIELD, um=(side, unit))).require_mpp() == pytest.approx(0.25)


def test_without_a_unit_the_size_is_asked_for(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, um=None)

    with open_slide(path) as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (None, "missing")
    assert open_slide(path, mpp=0.5).require_mpp() == 0.5


def test_the_first_image_of_several_is_read_and_that_is_said(tmp_path: Path):
    for name in "01":
        write_ome_zarr(tmp_path / "raw.zarr" / name, FIELD, version="0.4")
    (tmp_path / "raw.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    (tmp_path / "raw.zarr" / ".zattrs").write_text('{"bioformats2raw.layout": 3}')

    with open_slide(tmp_path / "raw.zarr") as slide:
        np.testing.assert_array_equal(slide.read((0, 0), 0, (700, 500)), FIELD)
        assert "raw.zarr holds 2 images (series); the first is shown" in slide.remark


def test_a_result_finds_its_folder_again_and_no_other(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "case.zarr", FIELD)
    facts = open_slide(path).facts

    found = find_slide(facts, tmp_path / "case.msm.h5")
    write_ome_zarr(path, FIELD[::-1])

    assert found is not None
    assert found.facts == facts
    assert find_slide(facts, tmp_path / "case.msm.h5") is None


def test_the_hash_is_of_the_pixels_and_not_of_how_they_are_stored(tmp_path: Path):
    hashes = {
        open_slide(
            write_ome_zarr(tmp_path / f"{version}{chunk_px}.zarr", FIELD, version=version, chunk_px=chunk_px)
        ).facts.quick_hash
        for version in ("0.4", "0.5")
        for chunk_px in (64, 200)
    }

    assert len(hashes) == 1


FLUORESCENCE = {"channels": [{"label": name, "color": "FFFFFF"} for name in ("DAPI", "FITC", "Cy3")]}
RGB = {
    "channels": [{"label": f"Channel {n}", "color": color} for n, color in enumerate(("FF0000", "00FF00", "0000FF"))]
}


def test_three_channels_are_colours_unless_they_are_named_otherwise(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "rgb.zarr", FIELD, omero=RGB)

    assert open_slide(path).facts.size_px0 == (700, 500)
    with pytest.raises(SlideError, match=r"fl\.zarr has 3 channels \(DAPI, FITC, Cy3\), as fluorescence has; .*RGB"):
        open_slide(write_ome_zarr(tmp_path / "fl.zarr", FIELD, omero=FLUORESCENCE))


@pytest.mark.parametrize(
    ("shape", "axes", "kind", "words"),
    [
        ((3, 4, 64, 64), "czyx", np.uint8, "is a z-stack of 4 focal planes"),
        ((2, 3, 64, 64), "tcyx", np.uint8, "is a series of 2 moments"),
        ((5, 64, 64), "cyx", np.uint8, "has 5 channels, as fluorescence has"),
        ((1, 64, 64), "cyx", np.uint8, "has 1 channel of uint8"),
        ((3, 64, 64), "cyx", np.uint16, "stores 16 bits a channel"),
    ],
)
def test_what_is_no_plane_of_bright_field_is_declined_in_a_sentence(tmp_path, shape, axes, kind, words):
    path = write_ome_zarr(tmp_path / "a.zarr", np.zeros(shape, kind), axes=axes, steps=(1,))

    with pytest.raises(SlideError, match=rf"a\.zarr {words}"):
        open_slide(path)
    assert not is_slide(path)  # the window leaves it to other readers


def test_a_damaged_chunk_is_an_error_there(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4", chunk_px=300)
    (path / "0" / "1.0.1").write_bytes(b"no chunk")  # green, in the middle of the upper edge

    with pytest.raises(SlideError, match="damaged"), open_slide(path) as slide:
        slide.read((0, 0), 0, (700, 500))


def test_a_level_that_is_missing_is_an_error_with_the_name(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4")
    (path / "1" / ".zarray").unlink()

    with pytest.raises(SlideError, match=r"a\.zarr cannot be opened as OME-Zarr, since .*again"):
        open_slide(path)


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD)
    monkeypatch.setitem(sys.modules, "zarr", None)

    with pytest.raises(SlideError, match=r"needs the library zarr: pip install 'napari-msm-mil\[zarr\]'"):
        open_slide(path)


def test_other_folders_are_not_taken_for_it(tmp_path: Path):
    (tmp_path / "zarr.json").write_text(json.dumps({"node_type": "group", "attributes": {}}))
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / ".zattrs").write_text("[")

    assert not is_ome_zarr(tmp_path)
    assert not is_ome_zarr(tmp_path / "inside")
    assert not is_ome_zarr(tmp_path / "absent")
    with pytest.raises(SlideError, match="contains no DICOM slide and is not OME-Zarr"):
        open_slide(tmp_path)


KEYS = ["axes", "name", "path", "type", "scale", "datasets", "coordinateTransformations", "multiscales", "unit"]
PLAIN = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_any_metadata_are_read_or_refused(described: object):
    try:
        image = read_multiscale({"multiscales": [described]})
    except UnusualError:
        return
    assert image.axes
    assert image.paths


def packed(folder: Path, archive: Path, inside: str = "") -> Path:
    with ZipFile(archive, "w") as opened:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            opened.write(file, Path(inside) / file.relative_to(folder))
    return archive


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(("name", "inside"), [("a.ozx", ""), ("a.zarr.zip", ""), ("a.zip", "a.zarr")])
def test_a_group_packed_in_a_zip_archive_is_read_there(tmp_path: Path, version, name: str, inside: str):
    folder = write_ome_zarr(tmp_path / "a.zarr", FIELD, version=version)

    with open_slide(packed(folder, tmp_path / name, inside)) as slide, open_slide(folder) as plain:
        np.testing.assert_array_equal(slide.read((0, 0), 0, (700, 500)), FIELD)
        assert (slide.facts.mpp, slide.facts.quick_hash) == (0.25, plain.facts.quick_hash)
        assert find_slide(slide.facts, tmp_path / "a.msm.h5") is not None
    assert is_slide(tmp_path / name)


def test_chunks_in_shards_are_read(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.5", steps=(1,))
    group = zarr.open_group(str(path), mode="a")
    planes = np.ascontiguousarray(np.moveaxis(FIELD, 2, 0))
    group.create_array("0", data=planes, chunks=(3, 64, 64), shards=(3, 512, 704), overwrite=True)

    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.read((0, 0), 0, (700, 500)), FIELD)


def raw_folder(path: Path, images: dict[str, np.ndarray], *, says_so: bool) -> Path:
    """Lay images out as bioformats2raw does; older versions of it did not say so."""
    for name, image in images.items():
        write_ome_zarr(path / name, image, version="0.4")
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    if says_so:
        (path / ".zattrs").write_text('{"bioformats2raw.layout": 3}')
    return path


@pytest.mark.parametrize("says_so", [True, False])
def test_the_largest_image_is_read_where_a_label_comes_first(tmp_path: Path, says_so: bool):
    path = raw_folder(tmp_path / "raw.zarr", {"0": FIELD[:100, :120], "1": FIELD, "2": FIELD[:80]}, says_so=says_so)

    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.read((0, 0), 0, (700, 500)), FIELD)
        assert slide.remark == "raw.zarr holds 3 images (series); the largest is shown and used, 700 x 500 pixels."


def test_levels_may_be_listed_from_the_coarsest_on(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4", steps=(4, 1, 2))

    with open_slide(path) as slide:
        assert slide.level_sizes_px == ((700, 500), (350, 250), (175, 125))
        assert slide.facts.mpp == 0.25


@pytest.mark.parametrize("version", ["0.1", "0.3"])
def test_versions_without_lengths_are_read_and_the_size_is_asked_for(tmp_path: Path, version: str):
    axes = "tczyx" if version == "0.1" else "cyx"
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4", axes=axes, steps=(1,))
    first = {"version": version, "datasets": [{"path": "0"}]} | ({"axes": list(axes)} if version == "0.3" else {})
    (path / ".zattrs").write_text(json.dumps({"multiscales": [first]}))

    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.read((0, 0), 0, (700, 500)), FIELD)
        assert slide.facts.mpp_origin == "missing"


def test_a_part_of_it_names_the_whole(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4")

    for part in ("0", ".zattrs", ".zgroup"):
        with pytest.raises(SlideError, match=r"(belongs to|is a part of) the OME-Zarr .*a\.zarr\. Choose that folder"):
            open_slide(path / part)


def test_metadata_that_cannot_be_read_are_told_apart_from_another_folder(tmp_path: Path):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.5")
    (path / "zarr.json").write_text("{")

    with pytest.raises(SlideError, match=r"a\.zarr cannot be opened as OME-Zarr, since its metadata cannot be read"):
        open_slide(path)


def test_a_plate_says_which_folder_to_choose(tmp_path: Path):
    (tmp_path / ".zgroup").write_text('{"zarr_format": 2}')
    (tmp_path / ".zattrs").write_text('{"plate": {"wells": []}}')

    with pytest.raises(SlideError, match=r"is a plate of many images in OME-Zarr.*such as A/1/0"):
        open_slide(tmp_path)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"axes": ["x", "y", "c"]}, "its axes are xyc, not in the order"),
        ({"axes": ["q", "y", "x"]}, "it has an axis 'q'"),
        ({"datasets": [{"path": "7"}]}, "its level '7' is missing"),
        ({"datasets": 3}, "its metadata are not those of OME-Zarr 0.4 or 0.5"),
        (
            {"datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0]}]}]},
            "a scale has another number of axes",
        ),
    ],
)
def test_odd_metadata_are_told_without_a_word_of_python(tmp_path: Path, described: dict[str, object], words: str):
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD, version="0.4", steps=(1,))
    plain = {"version": "0.4", "axes": ["c", "y", "x"], "datasets": [{"path": "0"}]}
    (path / ".zattrs").write_text(json.dumps({"multiscales": [plain | described]}))

    with pytest.raises(SlideError, match=rf"a\.zarr cannot be opened as OME-Zarr, since {words}") as caught:
        open_slide(path)
    assert "Error" not in str(caught.value)
