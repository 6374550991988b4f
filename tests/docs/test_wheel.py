"""What a package index shows of the wheel: links that lead somewhere without a checkout."""

import runpy
from importlib.metadata import metadata

import pytest

from tests.docs.pages import ROOT

HOME = "https://example.org/project"


@pytest.fixture
def absolute_links(monkeypatch):
    dist = pytest.importorskip("setuptools.dist")
    monkeypatch.setattr(dist.Distribution, "parse_config_files", dist.Distribution.parse_config_files)
    return runpy.run_path(str(ROOT / ".ci" / "build_backend.py"))["absolute_links"]


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("[method](docs/method.md#stages)", f"[method]({HOME}/blob/main/docs/method.md#stages)"),
        ("![window](examples/window.png)", f"![window]({HOME}/raw/main/examples/window.png)"),
        ("[napari](https://napari.org)", "[napari](https://napari.org)"),
        ("[below](#licence)", "[below](#licence)"),
    ],
)
def test_links_of_the_readme_are_absolute_in_the_wheel(link, there, absolute_links):
    assert absolute_links(f"Before {link} after", HOME) == f"Before {there} after"


def test_no_link_of_the_readme_is_left_relative(absolute_links):
    readme = absolute_links((ROOT / "README.md").read_text(encoding="utf-8"), HOME)

    assert "](docs/" not in readme
    assert "](examples/" not in readme


def test_the_package_says_where_it_comes_from():
    named = [url.partition(",")[0] for url in metadata("napari-msm-mil").get_all("Project-URL")]

    assert {"Homepage", "Source", "Documentation", "Changelog", "Issues"} <= set(named)
