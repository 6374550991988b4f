"""A training that is killed at its very end, where it is neither running nor over, comes to the same model."""

import importlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.file_lock import locked
from msm_mil_core.process_owner import Owner
from tests.bags import a_training_folder

COMPARED = ("curves.csv", "baselines.json")
WRITES = ("fsync", "link", "mkdir", "open", "remove", "rename", "replace", "unlink")


class Killed(BaseException):
    """The process is no more: from here on nothing is written, not even by what cleans up."""


class Disk:
    """Counts the writes that others see, and refuses the one at which the process is killed and all after it."""

    def __init__(self, monkeypatch):
        self.writes, self.last = 0, None
        for module in ("matplotlib.font_manager", "torch._dynamo"):  # they write caches, which must not count
            importlib.import_module(module)
        for name in WRITES:
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name, original):
        def counted(*given, **named):
            if name != "open" or given[1] & os.O_CREAT:
                self.writes += 1
                if self.last is not None and self.writes > self.last:
                    raise Killed
            return original(*given, **named)

        return counted

    def kill_after(self, writes):
        self.writes, self.last = 0, writes


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def killed(disk: Disk, words: list[str], after: int) -> None:
    disk.kill_after(after)
    with pytest.raises(Killed):
        call(words)
    disk.kill_after(None)
    for claim in Path(words[-1]).parent.glob(".*.claim/*"):  # of this process, which is to count as ended
        ended = replace(Owner.named(claim.name), started=1)
        claim.rename(claim.with_name(f"{ended}-{claim.name.rpartition('-')[2]}"))


@pytest.mark.parametrize(("more", "before_end"), [([], (45, 30, 13, 4, 1)), (["--folds", "2"], (9,))])
def test_a_training_killed_at_a_write_at_its_end_comes_to_the_same_model(tmp_path, disk, capsys, more, before_end):
    count = 24 if more else 16  # in folds, too, each class has patients enough to be split
    words = [*a_training_folder(tmp_path / "bags", count=count), *more, "--out"]
    disk.kill_after(None)
    assert call([*words, str(tmp_path / "whole" / "m.safetensors")]) == 0, capsys.readouterr().err
    expected, total = content(tmp_path / "whole"), disk.writes
    for writes in before_end:
        out = tmp_path / f"killed{writes}"
        begun = [*words, str(out / "m.safetensors")]
        killed(disk, begun, after=total - writes)

        code = call(begun)

        assert code == 0, (writes, capsys.readouterr().err)
        assert content(out) == expected


def content(out: Path) -> dict[str, bytes]:
    """The models and curves in a folder, and that there is no other file but what tells of them."""
    told = {"options.json", "split.csv", "done.json", "curves.csv", "curves.png", "m.folds.json", "baselines.json"}
    seen = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert {path.name for path in seen if path.suffix != ".safetensors"} <= told
    assert not list(out.glob("*.run/standing.safetensors"))
    kept = [path for path in seen if path.suffix == ".safetensors" or path.name in COMPARED]
    return {str(path.relative_to(out)): path.read_bytes() for path in kept}


def test_a_second_training_or_encoding_to_one_place_is_told_of_the_first(tmp_path, capsys):
    words = a_training_folder(tmp_path / "bags")
    model, bag = tmp_path / "m.safetensors", tmp_path / "slide.h5"
    (tmp_path / "slide.tiff").touch()  # it is not looked at
    with locked(model, "is being trained", wait_s=0), locked(bag, "is being encoded", wait_s=0):
        trained = call([*words, "--out", str(model)])
        folds = call([*words, "--out", str(model), "--folds", "2"])
        encoded = call(["encode", str(tmp_path / "slide.tiff"), "--out", str(tmp_path)])

    assert [trained, folds, encoded] == [2, 2, 2]
    lines = [line for line in capsys.readouterr().err.splitlines() if "msm-mil:" in line]
    assert all(f"by process {os.getpid()} on " in line for line in lines)
    assert [name in line for name, line in zip(("m.safe", "m.safe", "slide.h5"), lines, strict=True)] == [True] * 3
    assert not model.exists()
