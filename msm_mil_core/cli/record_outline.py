"""Records the outline of the command line from its commands: python -m msm_mil_core.cli.record_outline."""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from io import StringIO
from pathlib import Path
from typing import Any, get_args, get_type_hints

from cyclopts import App
from cyclopts.help import HelpEntry
from cyclopts.help import HelpPanel as FoundPanel
from pydantic import BaseModel
from rich.console import Console, ConsoleOptions

from msm_mil_core.cli.app import COMMANDS, make_app
from msm_mil_core.cli.help_page import HelpPage, HelpPanel, HelpRow
from msm_mil_core.cli.outline import CORE, OUTLINE, CommandOutline, Surface, surface_crc

WIDE = 100_000
"""Columns of a console on which no text is wrapped."""
ANYTHING = (str, Path)


def main() -> None:
    """Write the outline."""
    written = {command: asdict(outline) for command, outline in record_outline().items()}
    OUTLINE.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def record_outline() -> dict[str, CommandOutline]:
    """Return the outline of each command, and of the whole as ""."""
    app = make_app()
    return {"": _whole(app)} | {name: _outline(app, name) for name in COMMANDS}


def record_page(app: App, command: Sequence[str]) -> HelpPage:
    """Return the page of help that the command line has for a command."""
    recorder = _Recorder()
    app.help_formatter = recorder
    app.help_print(list(command), console=Console(file=StringIO(), width=WIDE))
    return HelpPage(recorder.usage, tuple(_paragraphs(recorder.description)), tuple(recorder.panels))


class _Recorder:
    """Takes what the library would print."""

    def __init__(self) -> None:
        self.usage, self.description = "", ""
        self.panels: list[HelpPanel] = []

    def __call__(self, console: Console, _options: ConsoleOptions, panel: FoundPanel) -> None:
        rows = tuple(_row(entry, console) for entry in panel.entries)
        if rows:
            self.panels.append(HelpPanel(str(panel.title), rows))

    def render_usage(self, _console: Console, _options: ConsoleOptions, usage: object) -> None:
        self.usage = str(usage).removeprefix("Usage:").strip()

    def render_description(self, console: Console, _options: ConsoleOptions, description: object) -> None:
        self.description = _plain(description, console)


def _row(entry: HelpEntry, console: Console) -> HelpRow:
    words = " ".join(_plain(entry.description, console).split())
    choices = f"[choices: {', '.join(entry.choices)}]" if entry.choices else ""
    default = f"[default: {entry.default}]" if entry.default is not None else ""
    names = entry.display_labels_with_metavar
    return HelpRow(names, " ".join(filter(None, (words, choices, default))), entry.required)


def _plain(renderable: Any, console: Console) -> str:
    if renderable is None:
        return ""
    lines = console.render_lines(renderable, console.options.update(width=WIDE), pad=False)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if words := " ".join(paragraph.split()):
            yield words


def _whole(app: App) -> CommandOutline:
    files = [CORE / "cli" / "app.py", *(Path(inspect.getfile(_function(app, name))) for name in COMMANDS)]
    surfaces = (_surface(path, len(path.read_text(encoding="utf-8").splitlines())) for path in files[:1])
    commands = (_surface(*_lines_of(_function(app, name))) for name in COMMANDS)
    return CommandOutline(record_page(app, []), {}, takes_files=False, surfaces=(*surfaces, *commands))


def _outline(app: App, name: str) -> CommandOutline:
    function = _function(app, name)
    arguments = app[name].assemble_argument_collection()
    options = {option: _follow(argument, option) for argument in arguments for option in argument.names}
    options = {option: follow for option, follow in options.items() if option.startswith("--")}
    of_files = [argument for argument in arguments if argument.index is not None and _kinds(argument.hint) & {Path}]
    return CommandOutline(
        page=record_page(app, [name]),
        options=options | dict.fromkeys(("--help", "--version"), (0, True)),
        takes_files=bool(of_files),
        surfaces=tuple(_surface(*_lines_of(each)) for each in _told_by(function)),
    )


def _function(app: App, name: str) -> Callable[..., object]:
    function = app[name].default_command
    if function is None:
        raise ValueError(f"{name} is no command")
    return function


def _follow(argument: Any, option: str) -> tuple[int, bool]:
    """Return how many words follow an option, and whether they may be any."""
    if option in argument.negatives:
        return 0, True
    follow, _ = argument.token_count()
    return follow, bool(follow) and _kinds(argument.hint) <= {*ANYTHING, type(None)}


def _kinds(hint: Any) -> set[Any]:
    """Return the plain types in a hint: of `tuple[str, ...] | None`, str and None."""
    inner = [part for part in get_args(hint) if part is not ...]
    return set().union(*map(_kinds, inner)) if inner else {hint}


def _told_by(function: Callable[..., object]) -> list[Any]:
    """Return a command and the classes of its options, and of theirs."""
    found: list[Any] = [function]
    for each in found:
        hints = get_type_hints(each, include_extras=False).values()
        for kind in {kind for hint in hints for kind in _kinds(hint)}:
            if _has_options(kind) and kind not in found:
                found.append(kind)
    return sorted(found, key=lambda each: (each.__module__, each.__qualname__))


def _has_options(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or (is_dataclass(kind) and bool(fields(kind))))


def _lines_of(told: Any) -> tuple[Path, int]:
    """Return the file of a command or of options, and the line on which they are told: docstring, or whole class."""
    lines, start = inspect.getsourcelines(told)
    if inspect.isfunction(told):
        (node,) = ast.parse(textwrap.dedent("".join(lines))).body
        return Path(inspect.getfile(told)), start - 1 + (node.body[0].end_lineno or 0)  # type: ignore[attr-defined]
    return Path(inspect.getfile(told)), start - 1 + len(lines)


def _surface(path: Path, lines: int) -> Surface:
    return Surface(path.relative_to(CORE).as_posix(), lines, surface_crc(path, lines))


if __name__ == "__main__":
    main()
