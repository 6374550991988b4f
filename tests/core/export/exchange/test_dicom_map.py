"""Maps as a DICOM Parametric Map of a real DICOM slide, as highdicom and pydicom read them."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.dicom_map import write_parametric_map
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide, open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.results import a_prediction, a_result, tile_grid
from tests.slides import a_drawn_slide

highdicom = pytest.importorskip("highdicom", reason="needs the extra: dicom")
pydicom = pytest.importorskip("pydicom")

SIDE_PX0 = 224
LEVEL_0 = "1.2.826.0.1.3680043.8.498.58740178995208579534253317996600852419"


@pytest.fixture
def slide(shared):
    with open_slide(shared("slides/CMU-1-Small-Region-dicom")) as opened:
        yield opened


def a_result_of(slide: Slide, **changes) -> SlideResult:
    tiles = tile_grid([(col, row) for row in range(2, 9) for col in range(1, 7)], SIDE_PX0)
    return a_result(tiles, slide=slide.facts, prediction=a_prediction(len(tiles), masks=True, **changes))


@pytest.mark.parametrize("maps", ["attention", "rank"])
def test_each_frame_holds_the_values_of_a_stage_tile_by_tile(tmp_path, slide, maps):
    result = a_result_of(slide)

    write_parametric_map(result, slide, tmp_path / "a.dcm", MapOptions(maps=maps))

    read = highdicom.imread(tmp_path / "a.dcm")
    frames = read.get_frames(apply_real_world_transform=True, dtype=np.float32)
    col, row = (result.tiles.xy_px0 // SIDE_PX0).T
    for index, (frame, stage) in enumerate(zip(frames, result.prediction.stages, strict=True)):
        mapping = read.PerFrameFunctionalGroupsSequence[index].RealWorldValueMappingSequence[0]
        assert mapping.LUTExplanation == f"Stage {index + 1} {maps}"
        assert np.isnan(frame).sum() == frame.size - np.isfinite(stage.attention).sum()
        if maps == "attention":
            assert np.array_equal(frame[row, col], stage.attention, equal_nan=True)
    assert frames.shape == (3, 14, 10)


def test_the_map_is_of_the_slides_study_refers_to_its_level_0_and_lies_where_the_tiles_lie(tmp_path, slide):
    result = a_result_of(slide)

    write_parametric_map(result, slide, tmp_path / "a.dcm")

    read = pydicom.dcmread(tmp_path / "a.dcm")
    source = pydicom.dcmread(Path(slide.facts.path) / f"{LEVEL_0}.dcm", stop_before_pixels=True)
    assert read.StudyInstanceUID == source.StudyInstanceUID
    assert read.SeriesInstanceUID != source.SeriesInstanceUID
    assert read.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert [item.ReferencedSOPInstanceUID for item in read.SourceImageSequence] == [LEVEL_0]
    corners = np.array([[0, 0], [10, 0], [0, 14], [4, 7]], float)  # of pixels of the map
    glass_mm = to_mm(read)(corners)
    np.testing.assert_allclose(glass_mm, to_mm(source)(corners * SIDE_PX0), atol=0.5 * 0.499e-3)
    assert read.ContentQualification == "RESEARCH"


def test_names_of_any_kind_are_written(tmp_path, slide):
    result = a_result_of(slide)
    prediction = dataclasses.replace(result.prediction, classes=("a\\b\x00 正常", "long " * 40))

    write_parametric_map(
        dataclasses.replace(result, prediction=prediction), slide, tmp_path / "a.dcm", MapOptions(maps="evidence")
    )

    groups = pydicom.dcmread(tmp_path / "a.dcm").PerFrameFunctionalGroupsSequence
    labels = [group.RealWorldValueMappingSequence[0].LUTLabel for group in groups]
    assert labels == ["Evidence a/b  正常", "Evidence long lo"]


@pytest.mark.parametrize("kind", ["one stage", "one tile", "overlapping", "over the edge", "a stage that saw nothing"])
def test_maps_of_any_result_are_written_and_lie_where_its_tiles_do(tmp_path, slide, kind):
    places = {
        "one tile": [(600, 700)],
        "overlapping": [(0, 0), (112, 0), (56, 300)],
        "over the edge": [(-50, -50), (2200, 2950)],
    }.get(kind, [(0, 0), (224, 448)])
    tiles = TileGrid(np.array(places, np.int64), side_px0=SIDE_PX0, side_px=224, mpp=0.5)
    prediction = a_prediction(len(tiles), S=1 if kind == "one stage" else 2)
    if kind == "a stage that saw nothing":
        unseen = dataclasses.replace(prediction.stages[1], attention=np.full(len(tiles), np.nan, np.float32))
        prediction = dataclasses.replace(prediction, stages=(prediction.stages[0], unseen))

    write_parametric_map(a_result(tiles, slide=slide.facts, prediction=prediction), slide, tmp_path / "a.dcm")

    read = highdicom.imread(tmp_path / "a.dcm")
    frames = read.get_frames(apply_real_world_transform=True, dtype=np.float32)
    source = pydicom.dcmread(Path(slide.facts.path) / f"{LEVEL_0}.dcm", stop_before_pixels=True)
    row, col = np.argwhere(np.isfinite(frames[0]))[0]
    glass_mm = to_mm(read)(np.array([[col + 0.5, row + 0.5]], float))
    inside = [to_mm(source)(np.array([[x, y], [x + SIDE_PX0, y + SIDE_PX0]], float)) for x, y in places]
    assert any(
        (np.sort(two, axis=0)[0] <= glass_mm[0] + 1e-6).all() and (glass_mm[0] <= np.sort(two, axis=0)[1] + 1e-6).all()
        for two in inside
    )
    assert len(frames) == len(prediction.stages)


def test_one_file_of_the_slide_is_enough_to_find_its_level_0(tmp_path, shared):
    folder = shared("slides/CMU-1-Small-Region-dicom")
    with open_slide(folder / f"{LEVEL_0}.dcm") as slide:
        write_parametric_map(a_result_of(slide), slide, tmp_path / "a.dcm")

    assert pydicom.dcmread(tmp_path / "a.dcm").SourceImageSequence[0].ReferencedSOPInstanceUID == LEVEL_0


@pytest.mark.parametrize(
    ("lacks", "refused"),
    [
        ("PatientID", ""),
        ("PatientBirthDate", ""),
        ("StudyTime", ""),
        ("AccessionNumber", ""),
        ("FrameOfReferenceUID", "does not say where it lies"),
        ("TotalPixelMatrixOriginSequence", "does not say where it lies"),
        ("SharedFunctionalGroupsSequence", "header is not as DICOM asks for"),
        ("StudyInstanceUID", "header is not as DICOM asks for"),
        ("TotalPixelMatrixRows", "holds its finest level"),
        ("ImageType", "holds its finest level"),
    ],
)
def test_a_header_that_lacks_something_is_written_all_the_same_or_refused_in_a_sentence(
    tmp_path, slide, lacks, refused
):
    header = pydicom.dcmread(Path(slide.facts.path) / f"{LEVEL_0}.dcm", stop_before_pixels=True)
    del header[lacks]
    (tmp_path / "slide").mkdir()
    header.save_as(tmp_path / "slide" / "level_0")
    moved = dataclasses.replace(slide, facts=dataclasses.replace(slide.facts, path=str(tmp_path / "slide")))

    if refused:
        with pytest.raises(OutputError, match=refused):
            write_parametric_map(a_result_of(slide), moved, tmp_path / "a.dcm")
    else:
        write_parametric_map(a_result_of(slide), moved, tmp_path / "a.dcm")

    assert (tmp_path / "a.dcm").exists() != bool(refused)


def test_a_map_of_a_slide_that_is_not_dicom_is_refused_in_a_sentence(tmp_path):
    with open_slide(a_drawn_slide(tmp_path / "drawn.tif").path) as slide:
        result = a_result(tile_grid([(5, 5)]), slide=slide.facts, prediction=a_prediction(1))
        with pytest.raises(OutputError, match=r"drawn\.tif is not a DICOM slide"):
            write_parametric_map(result, slide, tmp_path / "a.dcm")

    assert not (tmp_path / "a.dcm").exists()


def test_a_map_of_another_slide_is_refused(tmp_path, slide):
    other = a_result_of(slide)

    with pytest.raises(OutputError, match="is not the slide of this result"):
        write_parametric_map(
            dataclasses.replace(other, slide=dataclasses.replace(other.slide, quick_hash="other")),
            slide,
            tmp_path / "a.dcm",
        )


def test_the_command_finds_the_slide_beside_the_result(tmp_path, shared, capsys):
    folder = shutil.copytree(shared("slides/CMU-1-Small-Region-dicom"), tmp_path / "slide")
    with open_slide(folder) as slide:
        save_result(a_result_of(slide), tmp_path / "a.msm.h5")
    words = ["export", str(tmp_path / "a.msm.h5"), "--to", "dicom", "--out", str(tmp_path)]

    assert call(words) == 0
    assert pydicom.dcmread(tmp_path / "a.pm.dcm").Modality == "OT"

    shutil.rmtree(folder)
    assert call([*words, "--overwrite"]) == 1
    assert "Open it from where it is now" in " ".join(capsys.readouterr().err.split())


def to_mm(dataset):
    """The transformer of corners of an image's pixels (x, y) to the glass."""
    origin = dataset.TotalPixelMatrixOriginSequence[0]
    spacing = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    return highdicom.spatial.ImageToReferenceTransformer(
        image_position=(float(origin.XOffsetInSlideCoordinateSystem), float(origin.YOffsetInSlideCoordinateSystem), 0),
        image_orientation=tuple(map(float, dataset.ImageOrientationSlide)),
        pixel_spacing=tuple(map(float, spacing)),
    )
