"""msm-mil models: the bundled models and their origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out, print_line
from msm_mil_core.mil.checkpoint import Checkpoint, bundled_checkpoints, load_checkpoint

LONGEST_LINE = 200


def models(*paths: Path, full: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Show facts about models: the bundled ones, or your own checkpoints.

    Parameters
    ----------
    paths
        Checkpoints (.safetensors); the bundled ones by default.
    full
        Show everything that is known of them, with the options and figures of their training.
    """
    for path in paths or bundled_checkpoints():
        checkpoint = load_checkpoint(path)
        for line in short_card(checkpoint):
            print_line(line)
        if full:
            out.print(_full_card(checkpoint))
    if not full:
        print_line("--full shows everything that is known of a model.")


def short_card(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return five lines for people: what a model is, what it says, what it was made of, what it takes, its limits."""
    record, options = checkpoint.record, checkpoint.options
    tiles = f"tiles of {checkpoint.side_px} px at {checkpoint.mpp:g} µm per pixel"
    classes = " or ".join(checkpoint.classes) if len(checkpoint.classes) < 3 else ", ".join(checkpoint.classes)
    return (
        f"{checkpoint.name}: {options.stages} mask stages, preset {options.preset} ({checkpoint.path})",
        f"  says: {_shortened(classes)}",
        f"  trained on: {_shortened(_words(record.get('data', 'not recorded')))}",
        f"  takes: {tiles}, encoded by {checkpoint.encoder}",
        f"  limits: {_shortened(_words(record.get('limits', 'not recorded; research use, not for diagnosis')))}",
    )


def _full_card(checkpoint: Checkpoint) -> Table:
    table = Table(show_header=False)
    for key, value in ({"sha256": checkpoint.sha256} | dict(checkpoint.record)).items():
        table.add_row(Text(key), Text(_words(value)))
    return table


def _words(value: object) -> str:
    """Write a value of a record as a person reads it: groups as "name value", one after the other."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_group(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_group, value))
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _group(value: object) -> str:
    return f"({_words(value)})" if isinstance(value, Mapping | list | tuple) else _words(value)


def _shortened(text: str) -> str:
    """Cut a text after a sentence, if one ends early enough, else after a word."""
    if len(text) <= LONGEST_LINE:
        return text
    whole = text[:LONGEST_LINE].rpartition(". ")[0]
    return f"{whole}. …" if whole else f"{text[:LONGEST_LINE].rpartition(' ')[0]} …"
