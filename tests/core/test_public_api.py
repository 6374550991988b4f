"""The names that `import msm_mil_core as mm` gives: cheap, complete, documented, and known to type checkers."""

import ast
import inspect
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from shapely import Point

import msm_mil_core as mm
from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.slides.regions import check_regions
from msm_mil_core.slides.tiling.tissue import find_tissue
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles, slide_facts
from tests.slides import a_drawn_slide

STUB = Path(mm.__file__).with_suffix(".pyi")
REFERENCE = Path(__file__).parents[2] / "docs" / "api.md"
HEAVY = {"torch", "scipy", "h5py", "matplotlib", "numpy", "pydantic", "openslide", "sklearn", "shapely", "PIL"}


def test_importing_the_core_loads_no_heavy_library():
    script = "import json, sys, msm_mil_core; print(json.dumps(sorted(sys.modules)))"

    loaded = json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)

    ours = {name for name in loaded if name.startswith("msm_mil_core")}
    assert ours == {"msm_mil_core"}
    assert not HEAVY & {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize("name", mm.__all__)
def test_every_public_name_exists_and_says_what_it_is(name):
    public = getattr(mm, name)

    assert inspect.getdoc(public)
    assert name in dir(mm)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'analyze'"):
        mm.__getattr__("analyze")


def test_type_checkers_see_the_same_names_from_the_same_places():
    imports = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)]
    stubbed = {
        alias.asname or alias.name: getattr(import_module(node.module or ""), alias.name)
        for node in imports
        for alias in node.names
    }

    assert stubbed == {name: getattr(mm, name) for name in mm.__all__}


def test_there_are_few_public_names():
    assert len(mm.__all__) <= 29


def test_the_reference_lists_exactly_the_public_names():
    listed = re.findall(r"^\.\. auto\w+:: (\w+)(?:\(.*)?$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted(mm.__all__)


def test_nouns_are_one_short_line_in_a_notebook(tmp_path):
    tiles, card = block_of_tiles(6, 5), EncoderCard("drawn", 12, 96, None, "CC0", "5f2a")
    checkpoint = a_checkpoint()
    predicted = predict_bag(checkpoint, a_bag(30), device="cpu")
    outputs, prediction = predicted.tile_outputs, predicted.prediction
    with mm.open_slide(a_drawn_slide(tmp_path / "drawn.tiff", levels=1).path) as slide:
        nouns = [slide, find_tissue(slide)]
    nouns += [tiles, FeatureBag(a_bag(30), tiles, slide_facts(), card), checkpoint, outputs]
    nouns += [prediction, prediction.stages[0], a_result(tiles, prediction=prediction)]
    nouns += [mm.what_if(outputs, tiles, prediction, mm.Question())]
    quick = {"search": {"budget": 50}, "faithfulness": {"points": 2, "draws": 2}, "stability": {"runs": 2}}
    examination = mm.finish(mm.examine(outputs, mm.ExamineOptions(**quick)))
    nouns += [examination.faithfulness, examination.flip]
    nouns += [mm.finish(mm.compare_stages(prediction, tiles, 0.5, mm.CompareOptions(draws=2)))]
    many = predict_bag(a_checkpoint(classes=40), a_bag(30), device="cpu")
    nouns += [a_checkpoint(classes=40), many.prediction, outputs.fusion or outputs]
    nouns += [rasterise(tiles, prediction.stages[0].attention), FeatureTable(a_bag(30), 30, 12)]
    nouns += [check_regions([Point(50, 50).buffer(40, quad_segs=5000)], slide_facts())]

    for noun in nouns:
        shown = repr(noun)
        assert shown.startswith(f"<{type(noun).__name__}")
        assert len(shown) < 200
        assert "\n" not in shown
