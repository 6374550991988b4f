"""The calls suit Java: py4j's own gateway finds each method by the types of what is sent."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("py4j", reason="needs the extra: qupath")

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.live.camera import View, move_view, read_view
from msm_mil_core.export.qupath.live.connection import connected
from msm_mil_core.export.qupath.live.fetch import fetch_regions
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.export.qupath.live.send import send_result
from msm_mil_core.progress import finish
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts

JARS = sorted(Path(sys.prefix, "share", "py4j").glob("py4j*.jar"))
FACTS = slide_facts((2000, 1500), bounds=(150, 250, 1000, 900))

pytestmark = pytest.mark.skipif(
    not JARS or not shutil.which("javac") or not shutil.which("java"), reason="needs a Java development kit"
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The gateway of py4j for Java, in front of a stand-in of QuPath."""
    folder = tmp_path_factory.mktemp("java")
    source = Path(__file__).with_name("StandIn.java")
    subprocess.run(["javac", "-cp", str(JARS[-1]), "-d", str(folder), str(source)], check=True, capture_output=True)
    command = ["java", "-cp", f"{JARS[-1]}:{folder}", "StandIn", "a token"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as java:
        yield GatewayOptions(port=int(java.stdout.readline()), token="a token")
        java.communicate("\n", timeout=300)


def test_objects_go_to_java_and_annotations_come_back(gateway):
    result = a_result(block_of_tiles(10, 9), slide=FACTS, prediction=a_prediction(90, S=2))

    sent = finish(send_result(result, gateway, GeoJsonOptions(top_k=3)))
    with connected(gateway) as entry_point:
        counts = entry_point.getQuPath().countObjects(), entry_point.getQuPath().countScripts()
    with pytest.raises(Exception, match="no annotation with an area"):
        fetch_regions(FACTS, gateway)  # top tiles are locked, so that none is a region

    assert counts == (sent.objects, 2)


def test_java_looks_where_it_is_told_to(gateway):
    view = View((700.5, 800.25), 3.0)

    with connected(gateway) as entry_point:
        move_view(entry_point, FACTS, view)
        assert read_view(entry_point, FACTS) == view


def test_an_exception_of_java_is_one_sentence(gateway):
    why = r"could not do this \(java.lang.IllegalArgumentException: only text that is"
    with pytest.raises(QuPathError, match=why), connected(gateway) as entry_point:
        entry_point.getQuPath().runScript(None, "no such thing")


def test_a_method_that_java_does_not_have_is_one_sentence(gateway):
    with (
        pytest.raises(QuPathError, match=r"did not understand this: .*noSuchMethod"),
        connected(gateway) as entry_point,
    ):
        entry_point.noSuchMethod()


@pytest.mark.parametrize("token", ["", "wrong"])
def test_java_refuses_a_wrong_token(gateway, token):
    with pytest.raises(QuPathError, match="does not accept this token"):
        fetch_regions(FACTS, gateway.replace(token=token))
