"""What the tests read out of the pages of the documentation: tables and blocks of code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of all Markdown tables, by the names of their columns."""
    found: list[dict[str, str]] = []
    head: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = [cell.strip() for cell in line.strip("|").split("|")]
        elif not set(line) <= set("|- "):
            found.append(dict(zip(head, [cell.strip(" |") for cell in cells], strict=False)))
    return found


def blocks(text: str) -> list[tuple[str, str]]:
    """Return language and content of every fenced block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
