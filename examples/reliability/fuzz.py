"""Damaged and hostile files, 10,000 of each kind: reading one ends in what it holds or in one of our errors, soon."""

import hashlib
import json
import os
import random
import select
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from examples.reliability.mutations import Mutation, bytes_of, hdf5_of, json_of, mutate, words_of
from examples.reliability.trial import Trial
from msm_mil_core.bags.bag_file import SCHEMA, SEAL_BYTES, load_bag, load_features, save_bag
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.display.tile_raster import lay_raster
from msm_mil_core.errors import MsmMilError
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.export.tables.result_tables import class_rows, stage_rows, write_csv
from msm_mil_core.hdf5.opening import VETTING
from msm_mil_core.learning.dataset.labels import survey_labels
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from tests.core.bags.drawn_bags import a_bag
from tests.models import a_checkpoint
from tests.results import a_result, slide_facts

LONG, SHORT = 10_000, 150
LIMIT_S = 60
"""How long one input may take."""
OWN = "this program"
BUSY_S = 1.0
"""How long HDF5 may be kept busy here; users have more patience."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input."""

    name: str
    good: Path
    read: Callable[[Path], object]
    mutations: tuple[Mutation, ...]


def tries(*, short: bool) -> Iterator[Trial]:
    """Read each damaged file in a process of its own kind, which is replaced where a file ends or stops it."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in _kinds(Path(folder)):
            yield from _tries_of(kind, SHORT if short else LONG, Path(folder) / "work")


def _kinds(folder: Path) -> Iterator[Kind]:
    hdf5 = (bytes_of, hdf5_of, hdf5_of)
    yield Kind("result", _result(folder / "r.msm.h5"), _use_result, hdf5)
    for name, good in _feature_files(folder):
        yield Kind(f"features of {name}", good, _use_features, (bytes_of, _sealed, _sealed) if name == OWN else hdf5)
    yield Kind("regions", _regions(folder / "regions.geojson"), _use_regions, (bytes_of, json_of, json_of))
    yield Kind("labels", _labels(folder / "labels.csv"), survey_labels, (bytes_of, words_of, words_of))
    model = folder / "model.safetensors"
    save_checkpoint(a_checkpoint(), model)
    yield Kind("model", model, load_checkpoint, (bytes_of,))


def _tries_of(kind: Kind, count: int, work: Path) -> Iterator[Trial]:
    work.mkdir(exist_ok=True)
    done = 0
    while done < count:
        for trial in _in_a_process(kind, done, count, work):
            yield trial
            done += 1


def _in_a_process(kind: Kind, first: int, count: int, work: Path) -> Iterator[Trial]:
    """Yield the outcomes of a process until it has read all, or one file has ended or stopped it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _read_all(kind, first, count, work, writing)
    os.close(writing)
    index = first
    with os.fdopen(reading, "rb", buffering=0) as answers:
        while index < count and select.select([answers], [], [], LIMIT_S)[0] and (said := answers.readline()):
            why = said.decode().strip()
            yield Trial(f"{kind.name} {index}", not why, why)
            index += 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if index < count:
        yield Trial(f"{kind.name} {index}", held=False, said="crashed, or took too long")


def _read_all(kind: Kind, first: int, count: int, work: Path, writing: int) -> None:
    VETTING.seconds = BUSY_S
    warnings.simplefilter("ignore")
    path = work / kind.good.name
    for index in range(first, count):
        rng = random.Random(f"{kind.name} {index}")
        mutate(kind.good, path, kind.mutations[index % len(kind.mutations)], rng)
        os.write(writing, f"{_flaw(kind, path)}\n".encode("ascii", "backslashreplace"))
    VETTING.close()
    os._exit(0)


def _flaw(kind: Kind, path: Path) -> str:
    """Return what went wrong; empty for a file that is read, or refused in one sentence."""
    try:
        kind.read(path)
    except MsmMilError as exc:
        return "" if str(exc).strip() and "Traceback" not in str(exc) else f"a poor sentence: {exc!r}"
    except Exception as exc:  # what must not happen
        where = traceback.extract_tb(exc.__traceback__)[-1]
        return f"{type(exc).__name__}: {str(exc).splitlines()[:1]} at {Path(where.filename).name}:{where.lineno}"
    return ""


def _use_result(path: Path) -> None:
    """Do with a result that is read what windows and tables do."""
    load_annotations(path)
    result = load_result(path)
    lay_raster(result.tiles).draw(result.prediction.stages[0].attention)
    class_rows(result.prediction), stage_rows(result.prediction)
    write_csv(result, path.with_suffix(".csv"))
    if result.tile_outputs is not None:
        aggregate(result.tile_outputs)


def _use_features(path: Path) -> None:
    for read in (open_table, load_features, load_bag):
        try:
            found = read(path)
        except MsmMilError:
            continue
        if read is open_table:
            found.read(np.arange(0, found.tiles, 2))
    load_bag(path, slide_mpp=0.25)


def _use_regions(path: Path) -> None:
    read_regions(path, slide_facts())


def _result(path: Path) -> Path:
    checkpoint = a_checkpoint(fusion="attention")
    bag = np.random.default_rng(0).normal(size=(30, checkpoint.options.features)).astype(np.float32)
    said = predict_bag(checkpoint, bag, device="cpu")
    save_result(replace(a_result(prediction=said.prediction), tile_outputs=said.tile_outputs), path)
    return path


def _feature_files(folder: Path) -> Iterator[tuple[str, Path]]:
    bag = a_bag()
    save_bag(bag, folder / "own.h5")
    yield OWN, folder / "own.h5"
    trident = {"patch_size": 64, "patch_size_level0": 128, "level0_width": 2048, "level0_height": 1536, "name": "s"}
    yield "TRIDENT", _features(folder / "trident.h5", "features", bag.tiles.xy_px0, trident, {})
    yield "CLAM", _features(folder / "clam.h5", "features", bag.tiles.xy_px0, {}, {})
    root = {"tile_size_um": 32.0, "tile_size_px": 64, "unit": "um", "extractor": "ctranspath"}
    yield "STAMP", _features(folder / "stamp.h5", "feats", bag.tiles.xy_px0 * 0.25, {}, root)


def _features(path: Path, name: str, places: np.ndarray, of_places: dict[str, object], root: dict[str, object]) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset(name, data=a_bag().features, chunks=(2, 5), compression="gzip")
        file["coords"] = places
        file["coords"].attrs.update(of_places)
        file.attrs.update(root)
    return path


def _sealed(path: Path, rng: random.Random) -> None:
    """Change a file of ours and seal it again, as its writer can."""
    hdf5_of(path, rng)
    content = path.read_bytes()
    seal = f"{SCHEMA} {hashlib.sha256(content[SEAL_BYTES:]).hexdigest()}\n".encode()
    path.write_bytes(seal.ljust(SEAL_BYTES, b"\0") + content[SEAL_BYTES:])


def _regions(path: Path) -> Path:
    square = [[[100, 100], [900, 100], [900, 900], [100, 900], [100, 100]]]
    hole = [[[200, 200, 0], [300, 200, 0], [300, 300, 0], [200, 200, 0]]]
    described = {"objectType": "annotation", "name": "a", "classification": {"name": "Tumor", "color": [200, 0, 0]}}
    features = [
        {"type": "Feature", "id": "a", "geometry": {"type": "Polygon", "coordinates": square}, "properties": described},
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": [square, hole]},
            "properties": {"objectType": "detection"},
        },
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": square + hole}, "properties": {}},
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def _labels(path: Path) -> Path:
    parts, classes = ("train", "val", "test"), ("normal", "tumour")
    lines = [f"s{n}.svs,{classes[n % 2]},p{n // 2},{parts[n % 3]}" for n in range(9)]
    path.write_text("\n".join(["slide,label,patient,split", *lines, ""]), encoding="utf-8")
    return path
