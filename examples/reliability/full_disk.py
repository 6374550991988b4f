"""A disk that fills at any byte: each command says so in one sentence, and leaves whole files and nothing else."""

import csv
import gzip
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from examples.reliability.trial import Trial
from msm_mil_core.bags.bag_file import load_bag
from msm_mil_core.cli.app import call
from msm_mil_core.csv_table import as_text
from msm_mil_core.errors import MsmMilError
from msm_mil_core.hdf5.opening import VETTING
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.results.result_file import load_result
from tests.bags import two_kinds_of_bags
from tests.slides import a_picture, write_slide

LONG, SHORT = 40, 3
"""At how many sizes each command is tried."""
LIMIT_S = 300


@dataclass(frozen=True, slots=True)
class Command:
    """A command that writes into a folder."""

    words: tuple[str, ...]
    """OUT stands for the folder."""
    largest: int
    """Bytes of the largest file that it writes."""


def tries(*, short: bool) -> Iterator[Trial]:
    """Limit the length of files, and in the long form the size of a disk as well, where this system can."""
    import torch

    torch.set_num_threads(1)  # threads do not survive a fork
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        commands = [_measured(words, folder) for words in _prepared(folder)]
        for command in commands:
            for part in range(SHORT if short else LONG):
                limit = command.largest * part // (SHORT if short else LONG)
                yield _try(command, folder / "out", f"files of {limit} bytes", lambda limit=limit: _limit_files(limit))
        if not short:
            yield from _on_small_disks(commands, folder)


def _prepared(folder: Path) -> Iterator[tuple[str, ...]]:
    """Make a slide, its result and bags with labels; yield commands on them."""
    slide = str(write_slide(folder / "slide.tif", a_picture((512, 384), {(64, 64, 320, 256): (190, 90, 150)}), mpp=0.5))
    grid = ("--tiles.side-px", "64", "--tiles.mpp", "0.5")
    yield "run", slide, "--out", "OUT", *grid
    _call(["run", slide, "--out", str(folder), *grid])
    result = str(folder / "slide.msm.h5")
    for kind in ("geojson", "csv", "png"):
        yield "export", result, "--to", kind, "--out", f"OUT/{kind}"
    yield "report", result, "--out", "OUT/report.html"
    yield "encode", slide, "--out", "OUT", *grid
    yield "train", *_bags(folder / "bags"), "--out", "OUT/model.safetensors", "--epochs", "2", "--patience", "2"


def _bags(folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    bags = two_kinds_of_bags(24)
    for name, table in zip(bags.names, bags.tables, strict=True):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["features"] = table.read()
    lines = (f"{name},{bags.classes[label]}" for name, label in zip(bags.names, bags.labels, strict=True))
    (folder / "labels.csv").write_text("\n".join(["slide,label", *lines, ""]), encoding="utf-8")
    stated = ("--encoder", "drawn", "--side-px", "64", "--mpp", "0.5")
    return str(folder), "--labels", str(folder / "labels.csv"), *stated


def _measured(words: tuple[str, ...], folder: Path) -> Command:
    out = folder / "measured"
    out.mkdir()
    said = _call([word.replace("OUT", str(out)) for word in words])
    files = [path for path in out.rglob("*") if path.is_file()]
    if not files:
        raise SystemExit(f"{words} writes nothing: {said}")
    largest = max(path.stat().st_size for path in files)
    shutil.rmtree(out)
    return Command(words, largest)


def _try(command: Command, out: Path, where: str, limit: Callable[[], None]) -> Trial:
    out.mkdir(exist_ok=True)
    said = _call([word.replace("OUT", str(out)) for word in command.words], limit)
    flaw = said.flaw() or next(filter(None, map(_file_flaw, sorted(out.rglob("*")))), "")
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Trial(f"{' '.join(command.words[:1] + command.words[-4:])}, {where}", not flaw, flaw)


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    text: str

    def flaw(self) -> str:
        """Return why this is no proper end; empty if it is."""
        told = self.code == 0 or (self.code in (1, 2) and "Cannot write" in self.text)
        return "" if told and "Traceback" not in self.text else f"exit code {self.code}: {self.text[-400:]}"


def _call(words: list[str], limit: Callable[[], None] = lambda: None) -> Said:
    """Run a command in a fork, which has everything imported: a new process takes seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_command(words, limit, writing)
    os.close(writing)
    heard, status = b"", None
    while status is None:
        ended, code = os.waitpid(child, os.WNOHANG)  # not the end of the pipe: a helper process may keep it open
        status = code if ended else None
        while select.select([reading], [], [], 0.02)[0] and (piece := os.read(reading, 2**16)):
            heard += piece
    os.close(reading)
    return Said(os.waitstatus_to_exitcode(status), heard.decode(errors="replace"))


def _be_the_command(words: list[str], limit: Callable[[], None], writing: int) -> None:
    for stream in (1, 2):
        os.dup2(writing, stream)
    signal.alarm(LIMIT_S)
    code = 70
    try:
        limit()
        code = call(words)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        VETTING.close()
        os._exit(code)


def _limit_files(limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _on_small_disks(commands: list[Command], folder: Path) -> Iterator[Trial]:
    """Use disks in memory, which only root can mount."""
    disk = folder / "disk"
    disk.mkdir()
    for command in commands:
        for part in range(1, LONG // 2):
            kib = 4 + command.largest * part // (LONG // 2) // 1024
            mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", str(disk)]
            if subprocess.run(mount, check=False, capture_output=True).returncode:
                return
            try:
                yield _try(command, disk / "out", f"a disk of {kib} KiB", lambda: None)
            finally:
                subprocess.run(["umount", str(disk)], check=True)


def _file_flaw(path: Path) -> str:
    """Return what is wrong with a file that was left; empty if it is whole."""
    if path.is_dir():
        return ""
    check = next((check for ending, check in WHOLE.items() if path.name.endswith(ending)), None)
    if check is None:
        return f"{path.name} was left"
    try:
        check(path)
    except (MsmMilError, ValueError, OSError) as exc:
        return f"{path.name} is not whole: {exc}"
    return ""


def _whole_table(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [list(map(as_text, row)) for row in csv.reader(file)]
    if not path.read_bytes().endswith(b"\n") or len({len(row) for row in rows}) != 1:
        raise ValueError("a line is cut off")


def _whole_page(path: Path) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("it is cut off")


def _whole_picture(path: Path) -> None:
    with Image.open(path) as picture:
        np.asarray(picture)


def _whole_script(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    if not text.endswith("\n") or text.count("{") != text.count("}"):
        raise ValueError("it ends too soon")


WHOLE: dict[str, Callable[[Path], object]] = {
    ".msm.h5": load_result,
    ".h5": load_bag,
    "standing.safetensors": lambda path: path.stat(),
    ".safetensors": load_checkpoint,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".geojson": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".csv": _whole_table,
    ".groovy": _whole_script,
    ".html": _whole_page,
    ".png": _whole_picture,
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
}
