"""Refuse built pages that load from elsewhere, or lack a command: python docs/check_pages.py docs/_build/html."""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from msm_mil_core.cli.app import app as command_line

LOADED = {"script": "src", "link": "href", **dict.fromkeys(("img", "iframe", "source", "audio", "video"), "src")}
REMOTE_IN_CSS = re.compile(r"(?:@import|url\()\s*['\"]?(?:https?:)?//")


class Loads(HTMLParser):
    """Collects the addresses that a page loads by itself; links that a reader follows are no concern."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what the element loads."""
        address = dict(attrs).get(LOADED.get(tag, ""))
        self.addresses += [address] if address else []


def main() -> None:
    """Name everything that is wrong, and leave with 1 if there is anything."""
    folder = Path(sys.argv[1])
    flaws = [*remote(folder), *missing_commands((folder / "cli.html").read_text(encoding="utf-8"))]
    if flaws:
        sys.exit("\n".join(flaws))


def remote(folder: Path) -> Iterator[str]:
    """Give a sentence for each page or style sheet that loads from another machine."""
    for path in sorted(folder.rglob("*.html")):
        page = Loads()
        page.feed(path.read_text(encoding="utf-8"))
        yield from (f"{path} loads {address}" for address in page.addresses if re.match(r"(?:https?:)?//", address))
    for path in sorted(folder.rglob("*.css")):
        if REMOTE_IN_CSS.search(path.read_text(encoding="utf-8")):
            yield f"{path} loads from another machine"


def missing_commands(page: str) -> Iterator[str]:
    """Give a sentence for each command without a section of its own."""
    names = [name for name in command_line if not name.startswith("-")]
    yield from (f"cli.html has no section on {name}" for name in names if f'id="msm-mil-{name}"' not in page)


if __name__ == "__main__":
    main()
