"""A result goes to a running QuPath, annotations come back, and both look at one place."""

import gc
import json
import socket
import sys
from dataclasses import replace
from unicodedata import normalize

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

pytest.importorskip("py4j", reason="needs the extra: qupath")

from msm_mil_core.cli.app import call
from msm_mil_core.errors import QuPathError, RegionError
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.live.camera import View, move_view, read_view
from msm_mil_core.export.qupath.live.connection import connected
from msm_mil_core.export.qupath.live.fetch import fetch_regions
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.export.qupath.live.send import send_result
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import Annotations, Verdict
from msm_mil_core.results.result_file import save_result
from tests.groovy import values_of
from tests.qupath_gateway import QuPath, Server, Viewer, a_gateway, a_server
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts

BOUNDS = (150, 250, 1000, 900)
FACTS = slide_facts((2000, 1500), bounds=BOUNDS)
CROPPED, WHOLE = (1000, 900), (2000, 1500)
DETAIL = GeoJsonOptions(top_k=2, hot_spots_percent=20)


def showing(size_px=CROPPED, name="drawn.svs", path="/data/drawn.svs", **more):
    return QuPath(Server(name, size_px, path), **more)


@pytest.mark.parametrize(("size_px", "rule"), [(CROPPED, "auto"), (WHOLE, "none")])
def test_qupath_gets_the_objects_of_an_export_where_its_image_begins(tmp_path, size_px, rule):
    result, said = a_result(slide=FACTS), Annotations(verdicts=(Verdict(stage=0, label="tumour", at=""),))
    qupath = showing(size_px)

    with a_gateway(qupath) as port:
        sent = finish(send_result(result, GatewayOptions(port=port), DETAIL, said))

    path = write_geojson(result, tmp_path / "drawn.geojson", DETAIL.replace(origin=rule), said)
    assert qupath.hierarchy.features == json.loads(path.read_text())["features"]
    assert sent.objects == len(qupath.hierarchy.features)
    assert "drawn.svs" in str(sent)


def test_a_large_result_goes_in_parts(tmp_path):
    result = a_result(block_of_tiles(100, 60), slide=slide_facts((10_000, 6_000)), prediction=a_prediction(6000))
    qupath = showing((10_000, 6_000))

    with a_gateway(qupath) as port:
        steps = list(send_result(result, GatewayOptions(port=port), GeoJsonOptions(top_k=0)))

    assert len(steps) >= 4
    assert len(qupath.hierarchy.features) == 6000


def test_qupath_is_told_the_colours_and_the_map(tmp_path):
    qupath = showing()

    with a_gateway(qupath) as port:
        finish(send_result(a_result(slide=FACTS), GatewayOptions(port=port)))

    remove, show = map(values_of, qupath.scripts)
    assert remove["measurements"] == ["Winner stage", "Attention share"]
    assert show["measurement"] == "Stage 1 rank"
    assert set(show["colours"]) == {"Stage 1", "Stage 2", "Stage 3"}


def test_what_was_sent_before_is_replaced_and_what_a_person_drew_stays():
    qupath = showing()
    drawn = an_annotation(shapely.box(10, 10, 90, 90))
    qupath.hierarchy.features.append(drawn)

    with a_gateway(qupath) as port:
        once = finish(send_result(a_result(slide=FACTS), GatewayOptions(port=port)))
        twice = finish(send_result(a_result(slide=FACTS), GatewayOptions(port=port)))

    assert once.objects == twice.objects == len(qupath.hierarchy.features) - 1
    assert drawn in qupath.hierarchy.features


def test_a_send_that_is_dropped_leaves_qupath_as_it_was():
    qupath = showing()

    with a_gateway(qupath) as port:
        steps = send_result(a_result(slide=FACTS), GatewayOptions(port=port))
        next(steps)
        next(steps)
        steps.close()

    assert qupath.hierarchy.features == []
    assert qupath.scripts == []


def test_an_image_that_is_opened_meanwhile_gets_nothing():
    qupath = showing()

    with a_gateway(qupath) as port:
        steps = send_result(a_result(slide=FACTS), GatewayOptions(port=port))
        next(steps)
        next(steps)
        qupath.server = Server("other.svs", CROPPED, "/data/other.svs")
        with pytest.raises(QuPathError, match="Another image was opened"):
            finish(steps)

    assert qupath.hierarchy.features == []
    assert qupath.scripts == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    corner=st.tuples(st.floats(0, 800), st.floats(0, 700)),
    size=st.tuples(st.floats(20, 100), st.floats(20, 100)),
    cropped=st.booleans(),
)
def test_annotations_come_back_to_within_half_a_pixel_of_level_0(corner, size, cropped):
    (x, y), (width, height) = corner, size
    there = shapely.box(x, y, x + width, y + height).difference(shapely.box(x + 5, y + 5, x + 9, y + 9))
    qupath = showing(CROPPED if cropped else WHOLE)
    qupath.hierarchy.features.append(an_annotation(there, name="left", classification={"name": "Tumor"}))

    with a_gateway(qupath) as port:
        regions = fetch_regions(FACTS, GatewayOptions(port=port))

    moved = shapely.transform(there, lambda xy: xy + (BOUNDS[:2] if cropped else (0, 0)))
    assert regions.polygons[0].hausdorff_distance(moved) < 0.5
    assert len(regions.polygons[0].interiors) == 1
    assert [str(label) for label in regions.labels] == ["left · Tumor"]


def test_what_came_with_a_result_is_no_region_until_it_is_unlocked():
    qupath = showing()
    with a_gateway(qupath) as port:
        finish(send_result(a_result(slide=FACTS), GatewayOptions(port=port), GeoJsonOptions(top_k=2)))
        with pytest.raises(RegionError, match="QuPath has no annotation with an area"):
            fetch_regions(FACTS, GatewayOptions(port=port))
        top = next(each for each in qupath.hierarchy.features if each["properties"].get("name") == "Stage 2 top 1")
        top["properties"]["isLocked"] = False

        regions = fetch_regions(FACTS, GatewayOptions(port=port))

    left, upper, right, lower = shape(top["geometry"]).bounds
    assert regions.polygons[0].bounds == (left + 150, upper + 250, right + 150, lower + 250)
    assert [label.name for label in regions.labels] == ["Stage 2 top 1"]
    assert "5 locked annotations that came with a result left out" in regions.remark


def test_many_annotations_are_fetched_in_parts_and_of_one_class():
    qupath = showing(WHOLE)
    for number in range(1200):
        left, top = 10 * (number % 100), 10 * (number // 100)
        name = "Tumor" if number % 2 else "Stroma"
        qupath.hierarchy.features.append(an_annotation(shapely.box(left, top, left + 8, top + 8), classification=name))

    with a_gateway(qupath) as port:
        regions = fetch_regions(FACTS, GatewayOptions(port=port), classes=["Tumor"])

    assert len(regions.polygons) == 600


@pytest.mark.parametrize("size_px", [CROPPED, WHOLE])
def test_both_look_at_one_place(size_px):
    qupath, view = showing(size_px), View((700.5, 800.25), 3.0)

    with a_gateway(qupath) as port, connected(GatewayOptions(port=port)) as entry_point:
        move_view(entry_point, FACTS, view)
        back = read_view(entry_point, FACTS)

    assert back == view
    corner = BOUNDS[:2] if size_px == CROPPED else (0, 0)
    assert qupath.viewer == Viewer((700.5 - corner[0], 800.25 - corner[1]), 3.0)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.5, 20))
def test_views_are_the_same_if_nobody_sees_a_difference(right, down, px0_per_px):
    view = View((1000.0, 1000.0), px0_per_px)

    moved = View((1000 + right * px0_per_px, 1000 + down * px0_per_px), px0_per_px)

    assert view.shows_same(moved) == (max(abs(right), abs(down)) <= 0.5 + 1e-9) or max(abs(right), abs(down)) > 0.499
    assert not view.shows_same(View(view.centre_px0, px0_per_px * 1.1))


def test_without_a_gateway_it_is_said_how_to_get_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(QuPathError, match=rf"port {port}.*Start Py4J Gateway.*qupath-extension-py4j"):
        fetch_regions(FACTS, GatewayOptions(port=port))


def test_without_py4j_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "py4j.java_gateway", None)

    with pytest.raises(QuPathError, match=r"pip install 'napari-msm-mil\[qupath\]'"):
        fetch_regions(FACTS)


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_token_that_is_refused_is_said(token):
    with a_gateway(showing(), token="right") as port, pytest.raises(QuPathError, match="does not accept this token"):
        fetch_regions(FACTS, GatewayOptions(port=port, token=token))


def test_the_right_token_is_accepted_and_not_shown():
    options = GatewayOptions(port=1, token="right")
    with a_gateway(showing(), token="right") as port, connected(options.replace(port=port)) as entry_point:
        assert entry_point.getCurrentViewer().getDownsampleFactor() == 1

    assert "right" not in repr(options)


def test_a_token_is_taken_without_the_blanks_around_it_and_is_one_line():
    assert GatewayOptions(token=" right\n").token == "right"
    with pytest.raises(ValueError, match="a token is one line"):
        GatewayOptions(token="right\nc\nt\nexit")


@pytest.mark.parametrize(
    ("qupath", "why"),
    [
        (QuPath(None), "No image is open in QuPath"),
        (showing(name="other.svs", path="/data/other.svs"), r"QuPath shows other.svs, not drawn\.svs"),
        (
            QuPath(Server("drawn.svs", CROPPED, "/d/drawn.svs", "OpenSlide (Rotate 180)")),
            r"turned \(OpenSlide \(Rotate",
        ),
        (showing((1001, 900)), "1001 x 900 pixels in QuPath, and 1000 x 900 here"),
        (showing(has_window=False), "QuPath's window is not open"),
        (
            showing(tiles_fail=True),
            r"QuPath could not do this \(com.*JsonParseException: not this time\)",
        ),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_changes(qupath, why):
    with a_gateway(qupath) as port, pytest.raises(QuPathError, match=why):
        finish(send_result(a_result(slide=FACTS), GatewayOptions(port=port)))

    assert qupath.hierarchy.features == []


@pytest.mark.parametrize(
    ("name", "path", "same"),
    [
        ("Case 7", "/data/Drawn.svs", True),  # renamed in the project
        ("Case 7", "/data/a folder/drawn.svs?series=0", True),
        ("Case 7", "/data/drawn.svs/1.dcm", True),  # a folder of DICOM files
        ("drawn.svs - Series 0", "/elsewhere/copy.svs", True),
        ("drawn", "/elsewhere/copy.svs", True),
        ("drawn-2.svs", "/data/drawn-2.svs", False),
        ("drawn.svs-2.svs", "/data/drawn.svs-2.svs", False),
        ("Case 7", "/data/redrawn.svs", False),
        ("Case 7", "/C:/Users/Jürgen Groß/drawn.svs", True),
        ("Case 7", "C:\\Users\\lab\\drawn.svs", True),
        ("Case 7", "//server/share/drawn.svs", True),
    ],
)
def test_an_image_is_known_by_its_file_or_its_name(name, path, same):
    qupath = showing(name=name, path=path)

    with a_gateway(qupath) as port:
        sending = send_result(a_result(slide=FACTS), GatewayOptions(port=port))
        if not same:
            with pytest.raises(QuPathError, match="Open that slide in QuPath"):
                finish(sending)
            return
        finish(sending)

    assert qupath.hierarchy.features


def test_a_gateway_that_is_gone_in_between_is_said():
    with a_gateway(showing()) as port:
        pass

    with pytest.raises(QuPathError, match="No gateway of QuPath answers"):
        fetch_regions(FACTS, GatewayOptions(port=port))


def test_methods_that_an_older_extension_lacks_are_said(monkeypatch):
    monkeypatch.delattr(QuPath, "toFeatureCollections")

    with a_gateway(showing()) as port, pytest.raises(QuPathError, match="toFeatureCollections"):
        fetch_regions(FACTS, GatewayOptions(port=port))


@pytest.mark.parametrize("token", ["right", "wrong"])
def test_the_command_sends_a_result(tmp_path, capsys, token):
    save_result(a_result(slide=FACTS), tmp_path / "drawn.msm.h5")
    qupath = showing()

    with a_gateway(qupath, token="right") as port:
        words = ["--port", str(port), "--token", token, "--no-all-tiles", "--top-k", "3"]
        code = call(["send", str(tmp_path / "drawn.msm.h5"), *words])

    printed = capsys.readouterr()
    assert code == (0 if token == "right" else 2)
    assert len(qupath.hierarchy.features) == (9 if token == "right" else 0)
    assert ("QuPath has 9 objects" in printed.out) == (token == "right")
    assert ("does not accept this token" in " ".join(printed.err.split())) == (token == "wrong")
    assert "Traceback" not in printed.err


def an_annotation(polygon, **properties):
    return {"type": "Feature", "geometry": mapping(polygon), "properties": {"isLocked": False} | properties}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("place", ["name", "path"])
def test_a_name_is_known_however_its_accents_are_written(form, place):
    facts = replace(FACTS, name=normalize("NFD" if form == "NFC" else "NFC", "Präparat é.svs"))
    there = normalize(form, "Präparat é.svs")
    qupath = showing(name=there if place == "name" else "Case 7", path=f"/d/{there if place == 'path' else 'x.svs'}")

    with a_gateway(qupath) as port:
        finish(send_result(a_result(slide=facts), GatewayOptions(port=port)))

    assert qupath.hierarchy.features


@pytest.fixture
def connections_let_go():
    """py4j leaves a connection to the garbage collector that breaks off while it shows its token."""
    yield
    gc.collect()


breaks_off = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def _http(connection):
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def _answers(line):
    def converse(connection):
        while connection.recv(1000):
            connection.sendall(line)

    return converse


ODD = {
    "a web server": _http,
    "words": _answers(b"hello\n"),
    "bytes": _answers(b"\xff\xfe\x00\n"),
    "empty lines": _answers(b"\n"),
    "half an answer": _answers(b"!yr\n"),
    "nothing, and it hangs up": lambda _: None,
    "nothing": lambda connection: connection.recv(1000) and connection.recv(1000),
}


@breaks_off
@pytest.mark.usefixtures("connections_let_go")
@pytest.mark.parametrize("converse", ODD.values(), ids=ODD)
@pytest.mark.parametrize("token", ["", "right"])
def test_another_program_at_the_port_is_a_sentence_without_stack_traces(monkeypatch, caplog, converse, token):
    monkeypatch.setattr("msm_mil_core.export.qupath.live.connection.FIRST_ANSWER_S", 0.2)
    with a_server(converse) as port, pytest.raises(QuPathError, match=r"\. (In|Look|Update|Open|Start)"):
        fetch_regions(FACTS, GatewayOptions(port=port, token=token))

    assert not caplog.records


class Odd(QuPath):
    """A QuPath of which one method answers what QuPath does not."""

    def __init__(self, **answers):
        super().__init__(Server("drawn.svs", CROPPED, "/data/drawn.svs"))
        for name, answer in answers.items():
            setattr(self, name, lambda *_, answer=answer: answer)


@pytest.mark.parametrize(
    "answers",
    [
        {"getQuPath": "hello"},
        {"getQuPath": 5},
        {"getImageData": 5},
        {"toFeatureCollections": None},
        {"toFeatureCollections": ["not JSON"]},
        {"toFeatureCollections": ['{"features": 7}']},
        {"toFeatureCollections": ["[]"]},
        {"toFeatureCollections": 7},
    ],
)
def test_what_qupath_would_not_answer_is_a_sentence(answers):
    with a_gateway(Odd(**answers)) as port, pytest.raises(QuPathError, match="not a QuPath that this program knows"):
        fetch_regions(FACTS, GatewayOptions(port=port))


@pytest.mark.parametrize(
    "flawed", [7, {"properties": 7}, {"properties": {"metadata": 7, "name": "left"}, "geometry": 7}]
)
def test_an_annotation_that_cannot_be_read_is_told(flawed):
    answer = [json.dumps({"features": [flawed]})]

    told = pytest.raises(RegionError, match=r"Feature 1 .*of QuPath is not a valid annotation")
    with a_gateway(Odd(toFeatureCollections=answer)) as port, told:
        fetch_regions(FACTS, GatewayOptions(port=port))


def test_an_annotation_that_crosses_itself_is_told_by_its_name_and_its_place_in_qupath():
    crossed = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    qupath = showing()
    qupath.hierarchy.features.append(an_annotation(crossed, name="left"))

    with a_gateway(qupath) as port, pytest.raises(RegionError, match=r"QuPath: feature 1 \('left'\) .*\[50 50\]"):
        fetch_regions(FACTS, GatewayOptions(port=port))


@pytest.mark.parametrize(
    ("viewer", "why"),
    [
        (None, "not a QuPath that this program knows"),
        (Viewer((float("nan"), 0.0)), "shows no place"),
        (Viewer((0.0, 0.0), 0.0), "shows no place"),
    ],
)
def test_a_viewer_that_looks_nowhere_is_a_sentence(viewer, why):
    told = pytest.raises(QuPathError, match=why)
    with a_gateway(showing(viewer=viewer)) as port, told, connected(GatewayOptions(port=port)) as entry_point:
        read_view(entry_point, FACTS)


@pytest.mark.parametrize("answers", range(30))
def test_when_qupath_quits_while_a_result_is_sent_it_is_a_sentence(caplog, answers):
    told = pytest.raises(QuPathError, match=r"broke off\. Look whether QuPath still runs")
    with a_gateway(showing(WHOLE), answers=answers) as port, told:
        finish(send_result(a_result(slide=slide_facts(WHOLE)), GatewayOptions(port=port)))

    assert not caplog.records


@breaks_off
@pytest.mark.usefixtures("connections_let_go")
@pytest.mark.parametrize("answers", range(15))
def test_when_qupath_quits_while_annotations_are_fetched_it_is_a_sentence(caplog, answers):
    told = pytest.raises(QuPathError, match=r"broke off\. Look|does not accept this token")
    with a_gateway(showing(), token="right", answers=answers) as port, told:
        fetch_regions(FACTS, GatewayOptions(port=port, token="right"))

    assert not caplog.records
