"""The same work again and again: memory and open files stay flat, and no result of an earlier slide is kept."""

import contextlib
import gc
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from examples.reliability.trial import Trial
from msm_mil_core.cli.app import call
from msm_mil_core.cohort import slide_job
from msm_mil_core.errors import SlideError
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import open_slide
from tests.models import a_checkpoint
from tests.slides import a_drawn_slide

PAGE_BYTES = 4096
RUN_TOLERANCE = 64 * 2**20
"""Bytes by which all slides after the first third may grow the process: allocators keep some of what is freed."""
SLIDE_TOLERANCE = 16 * 2**20
WINDOW_TOLERANCE = 12 * 2**20
"""Bytes that each window after the first third may leave behind: napari and Qt keep some themselves."""
MOST_RESULTS = 2
"""Results alive while one is saved: it, and the one before it until the collector has run."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the process holds."""

    memory_bytes: int
    files: int


def footprint() -> Footprint:
    """Measure the memory that is in use and the files that are open, on Linux."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Footprint(pages * PAGE_BYTES, len(list(Path("/proc/self/fd").iterdir())))


def tries(*, short: bool) -> Iterator[Trial]:
    """Run a batch, open slides, refuse files and open windows, many times each; nothing where there is no /proc."""
    if not Path("/proc/self/statm").exists():
        return
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ):
        folder = Path(name)
        os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config")}
        yield _batch(folder, 12 if short else 300)
        yield from _slides(folder, 60 if short else 3000)
        yield _windows(folder, 6 if short else 40)


def _batch(folder: Path, count: int) -> Trial:
    """Run one batch of slides, and look at what is held whenever a result is saved."""
    model = _model(folder)
    first = a_drawn_slide(folder / "0.tiff").path
    slides = [first, *(first.with_stem(str(number)) for number in range(1, count))]
    for slide in slides[1:]:
        os.link(first, slide)
    seen: list[Footprint] = []
    alive: list[int] = []

    def save(result: SlideResult, path: Path, *, overwrite: bool) -> None:
        save_result(result, path, overwrite=overwrite)
        seen.append(footprint())
        alive.append(sum(isinstance(each, SlideResult) for each in gc.get_objects()))

    slide_job.save_result = save  # what the run imports, for this process alone
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        code = call(["run", *map(str, slides), "--model", str(model), "--out", str(folder / "out")])
    slide_job.save_result = save_result
    flaw = _flaw(seen, RUN_TOLERANCE)
    if code:
        flaw = f"exit code {code}"
    elif max(alive) > MOST_RESULTS:
        flaw = f"{max(alive)} results were held at once"
    return Trial(f"{count} slides in one batch", not flaw, flaw)


def _slides(folder: Path, count: int) -> Iterator[Trial]:
    good, broken = folder / "0.tiff", folder / "broken.tiff"
    broken.write_bytes(good.read_bytes()[:5000])

    def refuse() -> None:
        with contextlib.suppress(SlideError), open_slide(broken) as slide:
            slide.thumbnail(64)

    def read() -> None:
        with open_slide(good) as slide:
            slide.thumbnail(256)

    for name, work in (("opened, read and closed", read), ("refused", refuse)):
        flaw = _flaw(_repeat(work, count), SLIDE_TOLERANCE)
        yield Trial(f"a slide {name} {count} times", not flaw, flaw)


def _windows(folder: Path, count: int) -> Trial:
    """Open napari with the dock and a result, and close it again."""
    from napari import Viewer
    from napari.utils.notifications import notification_manager
    from qtpy.QtWidgets import QApplication

    from napari_msm_mil.dock.run_widget import RunWidget
    from napari_msm_mil.files.folders import Folders

    warnings.filterwarnings("ignore", "System theme detection")  # napari's, on every start
    path = folder / "out" / "0.msm.h5"

    def open_window() -> None:
        viewer = Viewer(show=False)
        widget = RunWidget(viewer, Folders(folder / "results", folder / "features"))
        viewer.window.add_dock_widget(widget, name="Run MSM-MIL")
        widget.show_result(load_result(path), path)
        QApplication.processEvents()
        viewer.close()
        for _ in range(3):  # what was to be deleted later is deleted now
            QApplication.sendPostedEvents(None, 0)
            QApplication.processEvents()
        notification_manager.records.clear()

    flaw = _flaw(_repeat(open_window, count), WINDOW_TOLERANCE * (count - count // 3))
    return Trial(f"the window opened and closed {count} times", not flaw, flaw)


def _repeat(work: Callable[[], None], count: int) -> list[Footprint]:
    """Do some work many times, and measure ten times in between."""
    seen = []
    for number in range(count):
        work()
        if number % max(1, count // 10) == 0 or number == count - 1:
            seen.append(footprint())
    return seen


def _flaw(seen: list[Footprint], tolerance: int) -> str:
    """Say what grew between the first third, in which libraries are loaded, and the end; empty if nothing did."""
    before, after = seen[len(seen) // 3], seen[-1]
    grown = after.memory_bytes - before.memory_bytes
    if grown > tolerance:
        return f"memory grew by {grown / 2**20:.0f} MiB, of which {tolerance / 2**20:.0f} are allowed"
    if after.files > before.files:
        return f"{after.files - before.files} more files are open"
    return ""


def _model(folder: Path) -> Path:
    checkpoint = replace(a_checkpoint(features=1280), side_px=32, mpp=4.0, encoder_sha256="")
    save_checkpoint(checkpoint, folder / "model.safetensors")
    return folder / "model.safetensors"
