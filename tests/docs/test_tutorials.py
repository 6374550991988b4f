"""The tutorials run: every block of Python and every call of msm-mil, in order, as a reader would type them."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from msm_mil_core.cli.app import call
from tests.core.mil.foreign.originals import Clam, Widths, saved
from tests.docs.pages import DOCS, ROOT, blocks
from tests.slides import HOT, TISSUE, a_drawn_slide, a_picture, write_slide

REGION = [[[600, 300], [1000, 300], [1000, 700], [600, 700], [600, 300]]]
TUTORIALS = ("demo", "questions", "training", "own-features-and-model")
PAGES = (ROOT / "README.md", *(DOCS / "tutorials" / f"{name}.md" for name in TUTORIALS))
SLIDES = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the tutorials take for granted: a slide, annotations on it, photographs, small slides and their labels."""
    folder = tmp_path_factory.mktemp("tutorial")
    a_drawn_slide(folder / "slide.svs")
    region = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": REGION}, "properties": {}}
    (folder / "annotations.geojson").write_text(json.dumps(region))
    saved(Clam(Widths(features=1280), branches=True, gated=True, dropout=True), folder / "clam.pt")
    (folder / "photographs").mkdir()
    for name in ("one.jpg", "two.png"):
        Image.fromarray(a_picture((224, 224), {(0, 0, 224, 224): TISSUE}, noise=8)).save(folder / "photographs" / name)
    lines = ["slide,label,patient"]
    (folder / "slides").mkdir()
    for number in range(1, SLIDES + 1):
        colour, label = ((TISSUE, "normal"), (HOT, "tumour"))[number % 2]
        picture = a_picture((448, 448), {(0, 0, 448, 448): colour}, noise=8)
        write_slide(folder / "slides" / f"s{number:02}.svs", np.roll(picture, number, axis=1), levels=1)
        lines.append(f"s{number:02},{label},p{number:02}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_runs(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    names: dict[str, object] = {}

    run = {"python": lambda block: exec(compile(block, page.name, "exec"), names), "shell": run_commands}
    done = [run[language](block) for language, block in blocks(page.read_text(encoding="utf-8")) if language in run]

    assert done


def run_commands(block: str) -> None:
    """Run each line, with its stars opened as a shell does."""
    for line in block.splitlines():
        program, *words = (found for word in shlex.split(line, comments=True) for found in opened(word))
        assert program == "msm-mil", f"only msm-mil can be run here: {line}"
        assert call(words) == 0, line


def opened(word: str) -> list[str]:
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]
