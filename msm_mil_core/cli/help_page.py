"""A page of help, and how it is printed."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

NAMES_SHARE = 0.35
"""Most of a line's width that names of options take."""


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A command, an argument or an option."""

    names: tuple[str, ...]
    """As they are typed, with what stands for a value: "--out PATH"."""
    words: str
    """What it does, and its choices and default."""
    required: bool


@dataclass(frozen=True, slots=True)
class HelpPanel:
    """Rows under one title."""

    title: str
    rows: tuple[HelpRow, ...]


@dataclass(frozen=True, slots=True)
class HelpPage:
    """What is known of a command without importing it."""

    usage: str
    paragraphs: tuple[str, ...]
    panels: tuple[HelpPanel, ...]

    @classmethod
    def of_json(cls, written: dict[str, Any]) -> "HelpPage":
        """Return the page that `dataclasses.asdict` made JSON of."""
        panels = (HelpPanel(panel["title"], tuple(map(_row, panel["rows"]))) for panel in written["panels"])
        return cls(written["usage"], tuple(written["paragraphs"]), tuple(panels))


def _row(written: dict[str, Any]) -> HelpRow:
    return HelpRow(tuple(written["names"]), written["words"], written["required"])


def print_help(page: HelpPage, console: Console) -> None:
    """Print a page of help as wide as the console."""
    console.print(f"Usage: {page.usage}", style="bold", highlight=False)
    for paragraph in page.paragraphs:
        console.print()
        console.print(paragraph, highlight=False)
    for panel in page.panels:
        console.print()
        _print_panel(panel, console)


def _print_panel(panel: HelpPanel, console: Console) -> None:
    from rich.box import ROUNDED
    from rich.panel import Panel
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(style="cyan", max_width=int(console.width * NAMES_SHARE), overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for row in panel.rows:
        table.add_row(" ".join(row.names), f"{row.words} [required]".strip() if row.required else row.words)
    console.print(Panel(table, box=ROUNDED, title=panel.title, title_align="left", expand=True))
