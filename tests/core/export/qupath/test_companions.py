"""Beside a GeoJSON are the scripts that import it in QuPath, and what it was made from."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.errors import OutputError
from msm_mil_core.export.qupath.companion_names import import_script_beside, provenance_beside
from msm_mil_core.export.qupath.companions import class_colours, write_for_qupath
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.scripts import groovy_text
from msm_mil_core.export.qupath.scripts.groovy_text import SHOWING
from tests.groovy import values_of
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid

SCRIPTS = Path(groovy_text.__file__).parent
GIVEN = {"geojson", "slide", "size", "folder", "colours", "measurement", "measurements", "ramp"}


@pytest.mark.parametrize("name", ["drawn.geojson", "drawn.geojson.gz", "two.parts.geojson", "bare", ".geojson"])
def test_all_files_of_an_export_have_its_name(tmp_path, name):
    written = write_for_qupath(a_result(), tmp_path / name)

    stem = name.removesuffix(".gz").removesuffix(".geojson") or name
    assert written.geojson.name == name
    assert written.script.name == f"{stem}.import.groovy"
    assert written.provenance.name == f"{stem}.provenance.json"
    assert sorted(tmp_path.iterdir()) == sorted(
        [written.geojson, written.script, written.script_for_all, written.provenance]
    )


def test_the_script_imports_the_file_and_shows_stage_1_in_our_colours(tmp_path):
    slide = slide_facts((2000, 1500), bounds=(50, 60, 1000, 900))
    written = write_for_qupath(a_result(slide=slide), tmp_path / "drawn.geojson")

    values = values_of(written.script.read_text("ascii"))

    assert values["geojson"] == written.geojson.as_posix()
    assert values["slide"] == "drawn.svs"
    assert values["size"] == [1000, 900]  # as QuPath shows the slide, cropped
    assert values["measurement"] == "Stage 1 rank"
    first = json.loads(written.geojson.read_text())["features"][0]
    assert values["measurement"] in first["properties"]["measurements"]
    red, green, blue = values["ramp"]
    assert len(red) == len(green) == len(blue)
    assert all(0 <= channel <= 255 for channel in (*red, *green, *blue))
    assert values["colours"] == {f"Stage {stage + 1}": signed(stage_rgb(stage)) for stage in range(3)}


def test_where_the_corner_is_the_users_the_size_of_the_image_is_not_known(tmp_path):
    options = GeoJsonOptions(origin="custom", custom_origin_px0=(10, 10))

    written = write_for_qupath(a_result(), tmp_path / "drawn.geojson", options)

    assert values_of(written.script.read_text("ascii"))["size"] == []


def test_the_sidecar_says_what_the_file_holds_and_what_it_was_made_from(tmp_path):
    slide = slide_facts((2000, 2000), bounds=(150, 250, 400, 300))
    result = a_result(tile_grid([(2, 3), (5, 5), (9, 9)]), slide=slide, prediction=a_prediction(3, S=2))

    written = write_for_qupath(result, tmp_path / "drawn.geojson", GeoJsonOptions(top_k=1, hot_spots_percent=50))

    said = json.loads(written.provenance.read_text("utf-8"))
    features = json.loads(written.geojson.read_text())["features"]
    kinds = [feature["properties"]["objectType"] for feature in features]
    objects = said["objects"]
    assert said["geojson"] == "drawn.geojson"
    assert said["slide"] == {"name": "drawn.svs", "quick_hash": "5f2a", "size_px0": [2000, 2000]}
    assert said["origin"] == {"rule": "auto", "origin_px0": [150, 250], "size_px": [400, 300]}
    assert (
        said["run"]
        == next(feature for feature in features if "metadata" in feature["properties"])["properties"]["metadata"]
    )
    assert objects["tiles"] == kinds.count("tile") == 2
    assert objects["top_tiles"] + objects["hot_spots"] == kinds.count("annotation")
    assert (objects["tiles_outside_the_image"], objects["tiles_cut_at_the_edge"]) == (1, 1)
    assert said["measurements"] == list(features[0]["properties"]["measurements"])


def test_one_script_imports_all_results_of_the_folder_by_their_sidecars(tmp_path):
    first = write_for_qupath(a_result(), tmp_path / "a.geojson")
    second = write_for_qupath(a_result(), tmp_path / "b.geojson")

    values = values_of(second.script_for_all.read_text("ascii"))

    assert first.script_for_all == second.script_for_all == tmp_path / "import-all.groovy"
    assert values["folder"] == tmp_path.as_posix()
    assert (tmp_path / json.loads(first.provenance.read_text())["geojson"]) == first.geojson


def test_large_results_are_imported_zipped(tmp_path):
    many = a_result(block_of_tiles(160, 130), slide=slide_facts((16_000, 13_000)), prediction=a_prediction(20_800))

    written = write_for_qupath(many, tmp_path / "many.geojson")

    assert written.geojson.name == "many.geojson.gz"
    assert values_of(written.script.read_text("ascii"))["geojson"].endswith("many.geojson.gz")
    assert written.provenance == provenance_beside(tmp_path / "many.geojson")
    assert written.script == import_script_beside(tmp_path / "many.geojson")


@pytest.mark.parametrize("name", ["drawn.import.groovy", "import-all.groovy"])
def test_a_script_of_the_users_own_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("println 'mine'")

    with pytest.raises(OutputError, match=rf"{name} was not written by an export"):
        write_for_qupath(a_result(), tmp_path / "drawn.geojson")

    assert (tmp_path / name).read_text() == "println 'mine'"
    assert not (tmp_path / "drawn.geojson").exists()


def test_our_own_scripts_are_replaced(tmp_path):
    write_for_qupath(a_result(), tmp_path / "drawn.geojson")

    again = write_for_qupath(a_result(slide=slide_facts((800, 700))), tmp_path / "drawn.geojson")

    assert values_of(again.script.read_text("ascii"))["size"] == [800, 700]


@settings(max_examples=50)
@given(name=st.text(min_size=1, max_size=30))
def test_whatever_a_slide_is_called_the_script_says_it(tmp_path_factory, name):
    slide = dataclasses.replace(slide_facts(), name=name)

    written = write_for_qupath(a_result(slide=slide), tmp_path_factory.mktemp("out") / "drawn.geojson")

    assert values_of(written.script.read_text("ascii"))["slide"] == name


def test_colours_are_those_of_the_stages_for_as_many_as_there_are():
    names = [f"Stage {stage}" for stage in range(1, 11)]
    assert list(class_colours(names)) == names
    assert class_colours(names)["Stage 9"] == class_colours(names)["Stage 1"] == signed((0x00, 0x72, 0xB2))


def signed(rgb):
    red, green, blue = rgb
    return ((255 << 24) | (red << 16) | (green << 8) | blue) - 2**32


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.groovy")), ids=lambda path: path.name)
def test_every_script_uses_only_names_that_it_is_given(path):
    script = path.read_text("ascii").replace(SHOWING, (SCRIPTS / "show_stage.groovy").read_text("ascii"))

    used = {name for name in GIVEN if re.search(rf"(?<![.'\w]){name}\b", script)}

    defined = set(re.findall(r"def (\w+) =", script))
    given = {"import_result": GIVEN, "import_all": {"folder", "colours"}, "remove_sent": {"measurements"}}
    shown = {"colours", "measurement", "ramp"}
    assert used - defined <= given.get(path.stem, shown)
    assert script.count("{") == script.count("}")
    assert script.count("(") == script.count(")")
