"""The sample slide, fetched or made; all without any network but this machine's own."""

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from msm_mil_core.errors import OutputError
from msm_mil_core.slides import sample
from msm_mil_core.slides.sample import sample_slide
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tissue import find_tissue

Find = Callable[[str], Path]
NOWHERE = "http://127.0.0.1:9/sample.svs"


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    sample_slide(folder, fetch=False)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder that this machine serves as a web site does."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    (folder / "address").write_text(f"http://127.0.0.1:{server.server_address[1]}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_without_a_network_a_slide_is_made_that_is_a_slide(made_folder: Path):
    made = sample_slide(made_folder, fetch=False)

    assert made.made
    with open_slide(made.path) as slide:
        assert slide.level_sizes_px == ((4096, 4096), (2048, 2048), (1024, 1024), (512, 512))
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (0.5, "openslide.mpp-x")
        assert 0.4 < find_tissue(slide).mask.mean() < 0.6


def test_the_made_slide_is_made_once_and_tells_what_it_is(made_folder: Path):
    before = (made_folder / sample.MADE_NAME).stat()

    made = sample_slide(made_folder, fetch=False)

    assert made.path.stat().st_mtime_ns == before.st_mtime_ns
    assert "mosaic" in made.sentence
    assert str(made.path) in made.sentence


def test_where_one_was_made_the_network_is_left_alone(made_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sample, "URL", "no address at all")

    assert sample_slide(made_folder).made


def test_a_fetched_slide_is_used_without_asking_again(tmp_path: Path, shared: Find):
    shutil.copy(shared("slides/CMU-1-Small-Region.svs"), tmp_path)

    found = sample_slide(tmp_path, fetch=False)

    assert not found.made
    assert found.path == tmp_path / "CMU-1-Small-Region.svs"
    assert "CC0" in found.sentence


def test_a_slide_is_fetched_quietly_and_kept(
    tmp_path: Path, site: Path, shared: Find, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    shutil.copy(shared("slides/CMU-1-Small-Region.svs"), site / "sample.svs")
    monkeypatch.setattr(sample, "URL", (site / "address").read_text() + "/sample.svs")

    fetched = sample_slide(tmp_path / "cache")

    assert not fetched.made
    assert open_slide(fetched.path).facts.size_px0 == (2220, 2967)
    assert "Downloading" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("found", [None, b"<html>please log in</html>"])
def test_what_cannot_be_fetched_or_is_something_else_is_made(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch, found: bytes | None
):
    if found is not None:
        (site / "sample.svs").write_bytes(found)
    monkeypatch.setattr(sample, "URL", (site / "address").read_text() + "/sample.svs")
    monkeypatch.setattr(sample, "MADE_SIDE_PX0", 1024)

    made = sample_slide(tmp_path / "cache")

    assert made.made
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [sample.MADE_NAME]


def test_no_connection_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sample, "URL", NOWHERE)
    monkeypatch.setattr(sample, "MADE_SIDE_PX0", 1024)

    assert sample_slide(tmp_path).made


def test_a_damaged_sample_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / sample.NAME).write_bytes(b"half a slide")
    (tmp_path / sample.MADE_NAME).write_bytes(b"half a slide")
    monkeypatch.setattr(sample, "MADE_SIDE_PX0", 1024)

    made = sample_slide(tmp_path, fetch=False)

    assert open_slide(made.path).facts.size_px0 == (1024, 1024)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(sample, "URL", NOWHERE)
    monkeypatch.setattr(sample, "MADE_SIDE_PX0", 1024)

    with pytest.raises(OutputError, match="file"):
        sample_slide(tmp_path / "file" / "cache")
