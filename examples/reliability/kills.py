"""Kill the product before each of its writes: files stay whole, and the same command comes to the same end."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.reliability.child import Ended, run
from examples.reliability.scenarios import (
    ENCODE,
    EXPORT,
    FOLDS,
    NOTE,
    RUN,
    SEEDS,
    TRAIN,
    Scenario,
    draw_inputs,
    flaw_in,
    preload,
    visible_files,
)
from examples.reliability.trial import Trial

KILLED = -9
SHORT = {TRAIN: 12, FOLDS: 3, RUN: 3, ENCODE: 3, EXPORT: 2, NOTE: 4}
"""How many kills of each in the short form, counted from the end."""
LONG = (TRAIN, FOLDS, SEEDS, RUN, ENCODE, EXPORT, NOTE)


def tries(*, short: bool) -> Iterator[Trial]:
    """Yield each kill as it is over; in the short form only the last of each command, where most can go wrong."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        preload()
        run(lambda: draw_inputs(folder / "inputs") or 0, folder / "inputs.log")
        for scenario in SHORT if short else LONG:
            yield from _kill_everywhere(scenario, folder, last=SHORT[scenario] if short else None)


def _kill_everywhere(scenario: Scenario, folder: Path, last: int | None) -> Iterator[Trial]:
    place = folder / "".join(filter(str.isalpha, scenario.name))
    whole = _ended(scenario, folder, place / "whole")
    if whole.code:
        yield Trial(f"{scenario.name}, not killed", held=False, said=whole.said[-500:])
        return
    expected = scenario.outcome(place / "whole")
    numbers = range(1, whole.writes + 1)
    for number in numbers if last is None else numbers[-last:]:
        said = _killed(scenario, folder, place / f"killed{number}", number, expected)
        yield Trial(f"{scenario.name}, killed before write {number} of {whole.writes}", held=not said, said=said)


def _killed(scenario: Scenario, folder: Path, out: Path, number: int, expected: object) -> str:
    """Kill the work before this write, do it again, and return what is wrong; empty if nothing is."""
    killed = _ended(scenario, folder, out, kill_at=number)
    if killed.code != KILLED:
        return f"it was not killed but ended with {killed.code}"
    if flaws := [flaw for path in visible_files(out) if (flaw := flaw_in(path))]:
        return "; ".join(flaws)
    again = _ended(scenario, folder, out)
    if again.code and "already exists" not in again.said:
        return f"the same command ended with {again.code}: {again.said[-500:]}"
    if scenario.outcome(out) != expected:
        return f"the same command came to something else: {again.said[-500:]}"
    return ""


def _ended(scenario: Scenario, folder: Path, out: Path, kill_at: int | None = None) -> Ended:
    log = out.with_name(f"{out.name}-{kill_at}.log")
    return run(lambda: scenario.work(folder / "inputs", out), log, kill_at=kill_at)
