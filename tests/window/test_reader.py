"""Opening slides and results: what is ours, what is left to others, and what is reported."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

from msm_mil_core.results.result_file import save_result
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil._reader import NO_LAYERS, get_reader
from tests.level_files import write_ome_zarr
from tests.results import a_result
from tests.slides import a_drawn_slide
from tests.tiled_slides import a_field

OURS = "napari-msm-mil"


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


def a_result_beside(slide_path, result_path):
    save_result(a_result(slide=open_slide(slide_path).facts), result_path)
    return result_path


@pytest.mark.parametrize("name", ["drawn.tiff", "drawn.svs", "DRAWN.SVS", "drawn.ndpi", "дрожжи 😐.svs"])
def test_napari_opens_a_slide_with_our_reader(plugin, tmp_path, name):
    drawn = a_drawn_slide(tmp_path / name)
    viewer = ViewerModel()

    (layer,) = viewer.open(str(drawn.path), plugin=OURS)

    assert layer.data[0].shape == (1536, 2048, 3)
    assert layer.scale.tolist() == [0.5, 0.5]
    assert layer.metadata["facts"].quick_hash
    assert layer.source.reader_plugin == OURS


def test_a_slide_and_its_dicom_twin_are_the_same_picture(plugin, shared):
    viewer = ViewerModel()

    svs, dicom = (
        viewer.open(str(shared(name)), plugin=OURS)[0]
        for name in ("slides/CMU-1-Small-Region.svs", "slides/CMU-1-Small-Region-dicom")
    )

    assert svs.extent.world.tolist() == dicom.extent.world.tolist()
    here = np.s_[1000:1400, 500:900]
    assert np.abs(svs.data[0][here].astype(int) - dicom.data[0][here]).mean() < 5  # the twin was compressed again


@pytest.mark.parametrize("name", ["slides/tiny/small.svs", "slides/tiny/boxes_0.dcm", "slides/tiny/hs2p-test-mask.tif"])
def test_tiny_slides_are_opened_too(plugin, shared, name):
    assert len(ViewerModel().open(str(shared(name)), plugin=OURS)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "pathml-small_dicom-no-image-flavor.dcm",
        "pathml-smalltif-uint16-untiled.tif",
        "unopenable.tiff",
    ],
)
def test_what_openslide_refuses_is_left_to_other_readers(shared, notes, name):
    assert get_reader(str(shared(f"negative/{name}"))) is None
    assert notes == []


@pytest.mark.parametrize("name", ["histolab-kidney-48-5-flat-HE.tif", "rgb-byte-geotiff-notHE.tif"])
def test_a_flat_tiff_is_opened_where_our_reader_is_chosen_and_its_pixel_size_is_asked_for(plugin, shared, notes, name):
    (layer,) = ViewerModel().open(str(shared(f"negative/{name}")), plugin=OURS)

    assert layer.metadata["facts"].reader == "picture"
    assert layer.metadata["mpp_origin"] == "missing"
    assert "Type the micrometres per pixel in Run MSM-MIL" in notes[-1][1]


def test_of_png_and_jpeg_napari_is_not_offered_our_reader(plugin):
    patterns = {pattern for reader in plugin.contributions.readers for pattern in reader.filename_patterns}

    assert not {"*.png", "*.jpg", "*.jpeg"} & patterns  # else each one dropped would be a question


@pytest.mark.parametrize("name", ["histolab-broken.svs", "unreadable.svs"])
def test_a_broken_slide_is_reported_and_opens_nothing(plugin, shared, notes, name):
    viewer = ViewerModel()

    assert viewer.open(str(shared(f"negative/{name}")), plugin=OURS) == []

    assert len(viewer.layers) == 0
    (severity, message) = notes[-1]
    assert severity == "error"
    assert message.startswith(name)
    assert "again" in message


@pytest.mark.parametrize("content", [b"", b"this is a shopping list\n"])
def test_a_file_that_only_pretends_to_be_a_slide_is_reported(tmp_path, notes, content):
    path = tmp_path / "list.svs"
    path.write_bytes(content)

    assert read(path) == NO_LAYERS

    assert "list.svs" in notes[-1][1]


def test_a_missing_slide_is_reported(tmp_path, notes):
    assert read(tmp_path / "gone.ndpi") == NO_LAYERS

    assert "gone.ndpi" in notes[-1][1]


def test_a_slide_that_was_cut_off_is_reported(tmp_path, shared, notes):
    whole = shared("slides/CMU-1-Small-Region.svs").read_bytes()
    (tmp_path / "cut.svs").write_bytes(whole[: len(whole) // 2])

    assert read(tmp_path / "cut.svs") == NO_LAYERS

    assert "cut.svs" in notes[-1][1]


def test_folders_other_files_and_stacks_are_not_ours(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((4, 5, 6), np.uint16), photometric="minisblack")
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")

    for path in (str(tmp_path), str(tmp_path / "notes.txt"), str(tmp_path / "stack.tif"), [str(drawn.path)] * 2):
        assert get_reader(path) is None


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_folder_of_ome_zarr_is_opened_as_a_slide(plugin, tmp_path, version):
    pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")
    path = write_ome_zarr(tmp_path / "field.zarr", a_field((700, 500)), version=version)

    (layer,) = ViewerModel().open(str(path), plugin=OURS)

    assert layer.data[0].shape == (500, 700, 3)
    assert layer.scale.tolist() == [0.25, 0.25]
    assert (np.asarray(layer.data[0][:40, :40]) == a_field((700, 500))[:40, :40]).all()


def test_a_slide_without_mpp_is_shown_in_pixels_and_asks_for_it(plugin, shared, notes):
    (layer,) = ViewerModel().open(str(shared("slides/TCGA-CR-7395-01A-01-TS1.svs")), plugin=OURS)

    assert layer.scale.tolist() == [1, 1]
    (severity, message) = notes[-1]
    assert severity == "info"
    assert "TCGA-CR-7395-01A-01-TS1.svs" in message
    assert "Run MSM-MIL" in message


def test_a_result_brings_its_slide_and_its_maps(plugin, tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    path = a_result_beside(drawn.path, tmp_path / "out.msm.h5")

    layers = ViewerModel().open(str(path), plugin=OURS)

    shown = [layer.name for layer in layers]
    assert shown == ["drawn", *(f"{n} rank, top 5 %" for n in (1, 2, 3)), "Shared top tiles", "Claimed tiles"]
    assert layers[0].metadata["slide"].facts.path == str(drawn.path)


def test_a_result_finds_its_slide_beside_it_when_both_have_moved(tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    path = a_result_beside(drawn.path, tmp_path / "out.msm.h5")

    moved = shutil.move(tmp_path, tmp_path.with_name("elsewhere"))

    assert len(read(f"{moved}/{path.name}")) == 6


def test_a_result_keeps_the_mpp_that_its_user_had_typed(tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff", mpp=None)
    save_result(a_result(slide=open_slide(drawn.path, mpp=0.3).facts), tmp_path / "out.msm.h5")

    slide, stage, *_ = read(tmp_path / "out.msm.h5")

    assert slide[1]["scale"] == (0.3, 0.3)
    assert slide[1]["units"] == stage[1]["units"]


def test_a_result_whose_slide_has_gone_shows_its_maps_alone(tmp_path, notes):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    path = a_result_beside(drawn.path, tmp_path / "out.msm.h5")
    drawn.path.unlink()

    assert len(read(path)) == 5

    (severity, message) = notes[-1]
    assert severity == "warning"
    assert str(drawn.path) in message


def test_a_result_is_not_laid_over_another_slide(tmp_path, notes):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    facts = replace(open_slide(drawn.path).facts, quick_hash="of another slide")
    save_result(a_result(slide=facts), tmp_path / "out.msm.h5")

    assert len(read(tmp_path / "out.msm.h5")) == 5

    assert "not the slide that was analysed" in notes[-1][1]


def test_a_file_that_is_not_a_result_is_reported(plugin, tmp_path, notes):
    (tmp_path / "text.msm.h5").write_text("no result")

    assert ViewerModel().open(str(tmp_path / "text.msm.h5"), plugin=OURS) == []

    assert notes[-1][0] == "error"
    assert "text.msm.h5" in notes[-1][1]


TUMOUR = (
    '{"type": "Feature", "properties": {"classification": {"name": "Tumor"}}, '
    '"geometry": {"type": "Polygon", "coordinates": [[[600, 300], [900, 300], [900, 600], [600, 300]]]}}'
)


def test_known_areas_beside_a_slide_open_with_it_and_lie_below_the_maps_of_its_result(plugin, tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    (tmp_path / "drawn.truth.geojson").write_text(TUMOUR)
    path = a_result_beside(drawn.path, tmp_path / "drawn.msm.h5")

    _, known = ViewerModel().open(str(drawn.path), plugin=OURS)
    layers = ViewerModel().open(str(path), plugin=OURS)

    assert list(known.features["class"]) == ["Tumor"]
    assert known.extent.world.tolist() == [[149.75, 299.75], [299.75, 449.75]]  # µm, from the centre of a pixel
    assert [layer.name for layer in layers[:2]] == ["drawn", "Known areas"]
    assert len(layers) > 3


def test_known_areas_that_cannot_be_read_are_reported_and_the_slide_opens(plugin, tmp_path, notes):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    (tmp_path / "drawn.truth.geojson").write_text("{}")

    (layer,) = ViewerModel().open(str(drawn.path), plugin=OURS)

    assert layer.name == "drawn"
    assert notes[-1][0] == "warning"
    assert "drawn.truth.geojson is not GeoJSON" in notes[-1][1]


def test_opening_a_slide_does_not_pay_for_the_network():
    heavy = "{'torch', 'timm', 'torchvision', 'matplotlib', 'sklearn', 'skimage', 'qtpy'}"
    code = f"import sys, napari_msm_mil._reader; sys.exit(','.join({heavy} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""
