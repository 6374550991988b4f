"""Maps as OME-TIFF, as tifffile and ome-types read them."""

import dataclasses
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.display.stage_style import STAGE_COLOURS
from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.ome_tiff import LONGEST_PX, write_ome_tiff
from msm_mil_core.export.exchange.stage_maps import draw_maps
from msm_mil_core.export.tables.measurements import measure_tiles
from tests.core.export.exchange.results import results_on_slides, same
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid


@settings(max_examples=20)
@given(result=results_on_slides(), maps=st.sampled_from(["attention", "rank", "evidence"]))
def test_each_level_holds_the_value_of_each_tile_where_the_tile_lies(tmp_path_factory, result, maps):
    path = tmp_path_factory.mktemp("ome") / "drawn.ome.tif"

    write_ome_tiff(result, path, MapOptions(maps=maps))

    with tifffile.TiffFile(path) as file:
        levels = [channels_of(level) for level in file.series[0].levels]
        names = file_facts(file)["names"]
        centre_px0 = result.tiles.xy_px0 + result.tiles.side_px0 / 2
        for pixels in levels:
            px0_per_px = 2300 / pixels.shape[-1]  # 23 cells of 100 cover 2220 pixels
            col, row = (centre_px0 // px0_per_px).astype(int).T
            measured = measure_tiles(result.prediction)
            assert all(same(one[row, col], measured[name]) for name, one in zip(names, pixels, strict=True))
            assert np.isnan(pixels).sum() >= pixels.size * (1 - len(result.tiles) / (23 * 30))


@settings(max_examples=30)
@given(result=results_on_slides())
def test_pixel_size_and_position_put_each_pixel_on_the_slide_within_half_a_level_0_pixel(tmp_path_factory, result):
    ome_types = pytest.importorskip("ome_types", reason="needs the extra: test")
    path = tmp_path_factory.mktemp("ome") / "drawn.ome.tif"

    write_ome_tiff(result, path)

    (image,) = ome_types.from_tiff(path).images
    pixels, mpp = image.pixels, result.slide.mpp
    assert {pixels.physical_size_x_unit.value, pixels.planes[0].position_x_unit.value} == {"µm"}
    first_um = np.array([[plane.position_x, plane.position_y] for plane in pixels.planes])
    side_um = np.array([pixels.physical_size_x, pixels.physical_size_y])
    corner_px0 = (first_um - side_um / 2) / mpp + 0.5  # pixels of level 0 counted from their corners
    np.testing.assert_allclose(corner_px0, 0, atol=0.5)
    np.testing.assert_allclose(side_um * (pixels.size_x, pixels.size_y) / mpp, (2300, 3000), atol=0.5)


def test_the_xml_is_valid_and_channels_have_the_names_and_colours_of_the_stages(tmp_path):
    ome_types = pytest.importorskip("ome_types", reason="needs the extra: test")
    result = a_result(prediction=a_prediction(30, S=8))

    write_ome_tiff(result, tmp_path / "drawn.ome.tif")

    read = ome_types.from_tiff(tmp_path / "drawn.ome.tif")
    ome_types.validate_xml(tifffile.tiffcomment(tmp_path / "drawn.ome.tif"))
    channels = read.images[0].pixels.channels
    assert [channel.name for channel in channels] == [f"Stage {number} attention" for number in range(1, 9)]
    assert [channel.color.as_hex(format="long").upper() for channel in channels] == list(STAGE_COLOURS)
    (facts,) = read.structured_annotations
    assert facts.value["slide_quick_hash"] == "5f2a"
    assert facts.value["warning"] == "Research use, not for diagnosis."


@pytest.mark.parametrize("bounds", [None, (256, 130, 1536, 1280)])
def test_quapths_transform_leads_from_its_pixels_to_the_maps(tmp_path, bounds):
    result = a_result(tile_grid([(5, 4)]), slide=slide_facts(bounds=bounds), prediction=a_prediction(1, S=1))

    write_ome_tiff(result, tmp_path / "drawn.ome.tif")

    with tifffile.TiffFile(tmp_path / "drawn.ome.tif") as file:
        pixels = channels_of(file.series[0].levels[0])[0]
        a, _, x, _, b, y = map(float, file_facts(file)["qupath_to_pixel"].split())
    corner = (0, 0) if bounds is None else bounds[:2]
    left, top = 500 - corner[0], 400 - corner[1]  # of the tile, as QuPath counts
    shown = np.argwhere(np.isfinite(pixels))
    np.testing.assert_allclose((shown.min(0)[::-1]), (left * a + x, top * b + y))
    np.testing.assert_allclose((shown.max(0)[::-1] + 1), ((left + 100) * a + x, (top + 100) * b + y))


def test_levels_halve_and_the_finest_is_not_larger_than_needed(tmp_path):
    result = a_result(block_of_tiles(300, 2), slide=slide_facts((30_050, 4000)), prediction=a_prediction(600))

    write_ome_tiff(result, tmp_path / "drawn.ome.tif")

    with tifffile.TiffFile(tmp_path / "drawn.ome.tif") as file:
        widths = [level.shape[-1] for level in file.series[0].levels]
        assert file.is_ome
    assert widths[0] <= LONGEST_PX < 2 * widths[0]
    assert all(finer == 2 * coarser for finer, coarser in pairwise(widths))


def test_without_a_pixel_size_there_is_none_in_the_file(tmp_path):
    result = a_result(slide=slide_facts(mpp=None))

    write_ome_tiff(result, tmp_path / "drawn.ome.tif")

    with tifffile.TiffFile(tmp_path / "drawn.ome.tif") as file:
        assert "PhysicalSize" not in file.ome_metadata
        assert "Position" not in file.ome_metadata
        assert file_facts(file)["pixel_to_px0"] == "6.25 0 0 0 6.25 0"


def test_names_of_any_kind_stand_in_the_file(tmp_path):
    prediction = dataclasses.replace(a_prediction(30), classes=('<a> & "b"', "正常 \x00\udce4"))
    slide = dataclasses.replace(slide_facts(), name='<x> & "y"\n\ud800.svs')

    write_ome_tiff(a_result(prediction=prediction, slide=slide), tmp_path / "a.ome.tif", MapOptions(maps="evidence"))

    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert file_facts(file)["names"] == ["Evidence <a> & 'b'", "Evidence 正常   "]


def test_evidence_that_a_model_does_not_have_is_refused_in_a_sentence(tmp_path):
    result = a_result(prediction=a_prediction(30, evidence=False))

    with pytest.raises(OutputError, match="has no exact evidence"):
        write_ome_tiff(result, tmp_path / "drawn.ome.tif", MapOptions(maps="evidence"))
    assert not list(tmp_path.iterdir())


def test_tiles_off_the_slides_own_grid_keep_their_place():
    tiles = dataclasses.replace(tile_grid([(0, 0), (1, 0)]), xy_px0=np.array([[100, 300], [200, 300]]))

    maps = draw_maps(a_result(tiles, prediction=a_prediction(2, S=1)))

    (row, col), *_ = np.argwhere(np.isfinite(maps.values[0]))
    assert (maps.origin_px0[0] + col * 100, maps.origin_px0[1] + row * 100) == (100, 300)


def channels_of(level):
    """The pixels of a level (C, Y, X): of one channel tifffile leaves the first axis out."""
    pixels = level.asarray()
    return pixels.reshape(-1, *pixels.shape[-2:])


def file_facts(file):
    """The facts in the file's map annotation, and the names of its channels."""
    ome = ET.fromstring(file.ome_metadata)
    names = [channel.get("Name") for channel in ome.iterfind(".//{*}Channel")]
    return {item.get("K"): item.text for item in ome.iterfind(".//{*}MapAnnotation//{*}M")} | {"names": names}
