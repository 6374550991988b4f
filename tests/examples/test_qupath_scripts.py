"""The script that counts an export inside QuPath asks for what the export writes."""

import json
import re

from msm_mil_core.export.qupath.companions import write_for_qupath
from tests.docs.pages import ROOT
from tests.results import a_result

SCRIPT = (ROOT / "examples" / "qupath" / "count_objects.groovy").read_text()


def test_it_compares_with_members_that_the_sidecar_has(tmp_path):
    said = json.loads(write_for_qupath(a_result(), tmp_path / "drawn.geojson").provenance.read_text())

    asked = re.findall(r"about\.([a-z_.]+)", SCRIPT)

    assert {"objects.tiles", "objects.top_tiles", "objects.hot_spots", "run.run"} <= set(asked)
    for path in asked:
        value = said
        for name in path.removesuffix(".find").split("."):
            value = value[name]


def test_it_counts_hot_spots_by_the_name_that_they_have(tmp_path):
    from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions

    options = GeoJsonOptions(all_tiles=False, hot_spots_percent=10)
    written = write_for_qupath(a_result(), tmp_path / "drawn.geojson", options)

    (words,) = re.findall(r"contains\('([^']+)'\)", SCRIPT)
    names = [feature["properties"]["name"] for feature in json.loads(written.geojson.read_text())["features"]]
    counted = sum(words in name for name in names)
    assert counted == json.loads(written.provenance.read_text())["objects"]["hot_spots"] > 0
