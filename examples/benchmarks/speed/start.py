"""Starting: what is spent before anything is done, in processes of their own."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.benchmarks.speed.comparison import Comparison, compare_commands
from msm_mil_core.slides.sample import SAMPLES

MAIN = "from msm_mil_core.cli.app import main; main()"
LIBRARIES = ("cyclopts and rich imported", [sys.executable, "-c", "import cyclopts, rich"])
HELP_AT_MOST, IMPORT_AT_MOST = 2.0, 2.0
OPTIONS_NOTE = (
    "No array library is imported, as a test sees to. The reference is about a quarter of it; pydantic, on which all "
    "options are built, a tenth; the classes of options, whose docstrings pydantic reads, and the other modules of the "
    "command a third. The rest is what cyclopts and rich do, and import, when they are first used."
)
HELP_NOTE = (
    f"{OPTIONS_NOTE} For help, arguments are put together three times, and rich imports its reader of Markdown. "
    "Help as plain text would take a sixth less, but breaks lines where docstrings do."
)
LOADED = """
import torch
from msm_mil_core.encoders.registry import load_encoder
load_encoder("efficientnet-lite0", device="cpu", precision="float32")
"""
TO_THE_FIRST_TILE = """
import sys
from pathlib import Path
from msm_mil_core.cli.running.run import run
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.pipeline import analyse
from msm_mil_core.slides.slide import open_slide
options = AnalysisOptions(encode=EncodeOptions(device="cpu", precision="float32"))
with open_slide(Path(sys.argv[1])) as slide:
    work = analyse(slide, load_checkpoint(default_checkpoint_path()), options)
    for now in work:
        if now.step == "Encoding tiles":
            break
    work.close()
"""
"""Everything that `msm-mil run` does before it reads a tile, its own imports among it."""
CACHED = """
import sys
from pathlib import Path
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
with open_slide(Path(sys.argv[1])) as slide:
    finish(analyse(slide, load_checkpoint(default_checkpoint_path()), AnalysisOptions(), cache=Path(sys.argv[2])))
"""


def measure(short: bool) -> Iterator[Comparison]:
    """Compare starts with imports that cannot be spared."""
    pairs = 5 if short else 9
    with TemporaryDirectory() as folder:
        gone = str(Path(folder) / "gone.svs")
        for name, words, note in (
            ("run --help", ["run", "--help"], HELP_NOTE),
            ("an unknown option", ["run", "a.svs", "--modle", "b"], OPTIONS_NOTE),
            ("a file that is missing", ["run", gone], OPTIONS_NOTE),
        ):
            ours = ("msm-mil", _msm_mil(words))
            yield compare_commands(name, ours, LIBRARIES, at_most=HELP_AT_MOST, pairs=pairs, note=note)
        yield compare_commands(
            "import of the core",
            ("import msm_mil_core", [sys.executable, "-c", "import msm_mil_core"]),
            ("an interpreter that does nothing", [sys.executable, "-c", "pass"]),
            at_most=IMPORT_AT_MOST,
            pairs=pairs,
        )
        yield _before_the_first_tile(pairs)
        yield _with_cached_features(Path(folder), pairs)


def _msm_mil(words: list[str]) -> list[str]:
    """Return a command whose exit code is not looked at: wrong use has one of its own."""
    return [sys.executable, "-c", f"import sys; sys.argv[1:] = {words!r}\ntry:\n {MAIN}\nexcept SystemExit: pass"]


def _before_the_first_tile(pairs: int) -> Comparison:
    slide = str(next(iter(SAMPLES.values())).path)
    ours, reference = [sys.executable, "-c", TO_THE_FIRST_TILE, slide], [sys.executable, "-c", LOADED]
    _cpu_s(ours), _cpu_s(reference)
    more_s = [_cpu_s(ours) - _cpu_s(reference) for _ in range(pairs)]
    return Comparison(
        name="before the first tile of a run",
        ours="CPU seconds of a run up to its first tile, beyond",
        reference="torch imported and the encoder loaded, as a share of one second",
        cpu=None,
        wall=None,
        at_most=1.0,
        judged_by="count",
        value=round(statistics.median(more_s), 2),
    )


def _cpu_s(command: Sequence[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _with_cached_features(folder: Path, pairs: int) -> Comparison:
    slide = str(next(iter(SAMPLES.values())).path)
    return compare_commands(
        "a whole run with cached features",
        ("run of a slide that was encoded before", [sys.executable, "-c", CACHED, slide, str(folder / "cache")]),
        ("torch imported and the encoder loaded", [sys.executable, "-c", LOADED]),
        pairs=pairs,
        note="The encoder is not loaded; torch is, for the model.",
    )
