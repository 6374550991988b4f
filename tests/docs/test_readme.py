"""The README is short, and its links lead somewhere."""

import re

import pytest

from tests.docs.pages import DOCS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = sorted({link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")})


@pytest.mark.parametrize("link", LINKS)
def test_every_link_leads_to_a_file_and_a_heading(link):
    path, _, anchor = link.partition("#")

    text = (ROOT / path).read_bytes()
    assert not anchor or anchor in headings(text.decode())


def test_nothing_in_the_documentation_points_into_a_machine():
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *DOCS.rglob("*.md"))}

    assert not [path for path, text in pages.items() if re.search(r"(?:/home|/Users|/tmp)/|[A-Z]:\\", text)]


def test_every_make_target_that_the_documentation_names_exists():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *DOCS.rglob("*.md"))]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    named = {target for text in pages for target in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE)}
    assert {"demo", "test", "lint", "docs", "bench-quick"} <= named
    assert named <= set(" ".join(re.findall(r"^([a-z][a-z -]*):", makefile, re.MULTILINE)).split())


def headings(text: str) -> set[str]:
    lines = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in lines}
