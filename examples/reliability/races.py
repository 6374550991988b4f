"""Let processes work to one place at once: no note is lost, the second is told of the first, reads are whole."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.reliability.child import Ended, join, run, start
from examples.reliability.scenarios import (
    a_question,
    a_verdict,
    command,
    draw_inputs,
    encode,
    flaw_in,
    names_of_questions,
    preload,
    results_in,
    run_slide,
    train,
    visible_files,
)
from examples.reliability.trial import Trial
from msm_mil_core.results.annotations import load_annotations, save_annotations
from msm_mil_core.results.result_file import load_result, save_result

Work = Callable[[], int]
TOLD = ("by process", "in use by another process", "already exists", "is finished", "It is done")
"""What the second may be told: who works there, or that the first has ended."""


def tries(*, short: bool) -> Iterator[Trial]:
    """Yield each race as it ends."""
    rounds, notes = (1, 60) if short else (8, 300)
    with TemporaryDirectory() as name:
        folder = Path(name)
        preload()
        run(lambda: draw_inputs(folder / "inputs") or 0, folder / "inputs.log")
        for number in range(rounds):
            place = folder / str(number)
            yield _notes(folder / "inputs", place / "notes", notes)
            yield _second_is_told("train", partial(train, folder / "inputs"), place / "train")
            yield _second_is_told("train --folds", partial(_folds, folder / "inputs"), place / "folds")
            yield _second_is_told("encode", partial(encode, folder / "inputs"), place / "encode")
            yield _second_is_told("run", partial(_run_once, folder / "inputs"), place / "run")
            yield _both_overwrite(folder / "inputs", place / "overwrite")
            yield _reads_are_whole(folder / "inputs", place / "reads", replaced=notes // 4)


def _at_once(works: Sequence[Work], out: Path) -> list[Ended]:
    logs = [out.with_name(f"{out.name}-{number}.log") for number in range(len(works))]
    children = [start(work, log) for work, log in zip(works, logs, strict=True)]
    return [join(child, log) for child, log in zip(children, logs, strict=True)]


def _notes(inputs: Path, out: Path, count: int) -> Trial:
    """Two write notes of their own, a third makes the same run again and again."""
    path = _copy_of_result(inputs, out)
    ends = _at_once([partial(_note, path, name, count) for name in "ab"] + [partial(_again, path, count // 4)], out)
    name = f"two processes save {count} notes each on a result that is made again"
    if any(end.code for end in ends):
        return Trial(name, held=False, said="; ".join(end.said[-300:] for end in ends))
    expected = {f"{name}{number}" for name in "ab" for number in range(count)}
    lost = expected - set(names_of_questions(path))
    verdicts = 1 + len(load_annotations(path).earlier_verdicts(0))
    said = f"lost {len(lost)} questions and {2 * count - verdicts} verdicts"
    return Trial(name, held=not lost and verdicts == 2 * count, said=said)


def _note(path: Path, name: str, count: int) -> int:
    known = load_annotations(path)
    for number in range(count):
        known = known.with_question(a_question(f"{name}{number}")).with_verdict(a_verdict(number))
        saved = save_annotations(known, path)
        known = saved if name == "b" else known  # one sees what the other saves, one does not
    return 0


def _again(path: Path, count: int) -> int:
    result = load_result(path)
    for _ in range(count):
        save_result(result, path)
    return 0


def _folds(inputs: Path, out: Path) -> int:
    return train(inputs, out, "--folds", "2")


def _run_once(inputs: Path, out: Path) -> int:
    return command("run", inputs / "slide.tiff", "--out", out, "--no-keep-features")


def _second_is_told(name: str, work: Callable[[Path], int], out: Path) -> Trial:
    ends = _at_once([partial(work, out)] * 2, out)
    told = [end for end in ends if end.code in {0, 2, 3} and any(words in end.said for words in TOLD)]
    flaws = [flaw for path in visible_files(out) if (flaw := flaw_in(path))]
    held = 0 in {end.code for end in ends} and len(told) == 1 and not flaws
    said = "; ".join([*flaws, *(f"{end.code}: {end.said[-300:]}" for end in ends)])
    return Trial(f"two processes {name} to one place", held=held, said=said)


def _both_overwrite(inputs: Path, out: Path) -> Trial:
    ends = _at_once([partial(run_slide, inputs, out)] * 2, out)
    flaws = [flaw for path in visible_files(out) if (flaw := flaw_in(path))]
    same = results_in(out) == results_in(inputs)
    said = "; ".join([*flaws, *(f"{end.code}: {end.said[-300:]}" for end in ends)])
    return Trial("two processes run --overwrite to one place", held=same and not flaws, said=said)


def _reads_are_whole(inputs: Path, out: Path, replaced: int) -> Trial:
    path = _copy_of_result(inputs, out)
    ends = _at_once([partial(_again, path, replaced), partial(_read, path, replaced)], out)
    return Trial("reads while the file is replaced", held=not any(end.code for end in ends), said=ends[1].said[-500:])


def _read(path: Path, count: int) -> int:
    first = load_result(path).prediction.logits.tolist()
    return int(any(load_result(path).prediction.logits.tolist() != first for _ in range(count)))


def _copy_of_result(inputs: Path, out: Path) -> Path:
    out.mkdir(parents=True)
    path = out / "slide.msm.h5"
    path.write_bytes((inputs / "slide.msm.h5").read_bytes())
    return path
