"""Tasks on pictures of tissue, encoded: colon nuclei, breast cancer tiles, photographs of oral mucosa.

Sirinukunwattana et al. 2016 (colon nuclei), Cruz-Roa et al. 2014 (IDC breast), Rahman et al. 2020 (oral mucosa).
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.benchmarks.tasks.encoded import Pictures, encoded
from examples.benchmarks.tasks.oral_mucosa import group, read_photos, tiles_of, without_copies
from examples.benchmarks.tasks.task import Numbers, Task, Truth, stratified_folds

COMPONENTS = 128
NUCLEI = ("epithelial", "inflammatory", "fibroblast", "others", "none")
CROP_PX, CROP_SIDE_PX = 27, 54
"""Side of the picture of a nucleus, and as the encoder gets it."""
GRID, TILE_PX = 8, 62
"""Tiles on a side of a 500-pixel picture, and their side."""
IDC_SIDE_PX = 80
IDC_MOST, IDC_LEAST = 24, 8
"""Most and fewest neighbouring tiles in a bag."""
IDC_TASKS = {"idc-any": 0.0, "idc-tenth": 0.1}
"""Share of tumour tiles: a positive bag has more than the first, or at least the second."""
PHOTO_CUT_PX, PHOTO_SIDE_PX = 48, 80

Nuclei = dict[str, list[tuple[int, float, float]]]


def read_nuclei(data: Path, work: Path, repeat: int, *, crops: bool) -> Task:
    """Read 100 pictures of colon: bags of nuclei, or of tiles on a grid; positive if there are epithelial nuclei."""
    folder = data / "tiles" / "crc_nuclei"
    nuclei = _nuclei(folder / "nuclei.csv")
    pictures = {name: np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in nuclei}
    cut = [(_crops if crops else _grid)(pictures[name], nuclei[name]) for name in nuclei]
    tiles = Pictures("nuclei" if crops else "nuclei-grid", [pixels for pixels, _ in cut])
    labels = np.array([any(kind == 0 for kind, _, _ in found) for found in nuclei.values()], np.int64)
    return Task(
        name="nuclei-crops" if crops else "nuclei-grid",
        bags=encoded(tiles, work),
        labels=labels,
        groups=tuple(nuclei),
        folds=stratified_folds(labels, tuple(nuclei), 10, repeat),
        truth=Truth(tuple(kinds for _, kinds in cut), NUCLEI, ((), (0,))),
        colours=tiles.colours(),
        components=COMPONENTS,
    )


def read_idc(data: Path, work: Path, name: str, repeat: int) -> Task:
    """Read bags of neighbouring breast tiles of one patient; positive if they hold tumour, or a tenth of it."""
    with h5py.File(data / "tiles" / "idc_breast.h5") as file:
        pixels, kinds, patients, xy_px = (file[key][:] for key in ("image", "label", "patient", "xy_px"))
    bags = [
        bag
        for patient in np.unique(patients)
        for bag in _neighbours(np.flatnonzero(patients == patient), xy_px)
        if len(bag) >= IDC_LEAST
    ]
    tiles = Pictures("idc", [_enlarged(pixels[bag], IDC_SIDE_PX) for bag in bags])
    share = np.array([kinds[bag].mean() for bag in bags])
    labels = ((share > 0) & (share >= IDC_TASKS[name])).astype(np.int64)
    groups = tuple(f"patient {patients[bag[0]]}" for bag in bags)
    return Task(
        name=name,
        bags=encoded(tiles, work),
        labels=labels,
        groups=groups,
        folds=stratified_folds(labels, groups, 5, repeat),
        truth=Truth(tuple(kinds[bag].astype(np.int64) for bag in bags), ("other", "tumour"), ((), (1,))),
        colours=tiles.colours(),
        components=COMPONENTS,
    )


def read_oscc(data: Path, work: Path, repeat: int) -> Task:
    """Read photographs of oral mucosa as bags of tiles: normal epithelium against squamous carcinoma."""
    photos = without_copies(read_photos(data / "tiles" / "oscc"))
    tiles = Pictures("oscc", [tiles_of(photo.pixels, PHOTO_CUT_PX, PHOTO_SIDE_PX) for photo in photos])
    prints = np.concatenate(encoded(Pictures("oscc-whole", [photo.pixels[None] for photo in photos]), work))
    labels = np.array([photo.label == "OSCC" for photo in photos], np.int64)
    groups = tuple(group(photos, prints))
    return Task(
        name="oscc",
        bags=encoded(tiles, work),
        labels=labels,
        groups=groups,
        folds=stratified_folds(labels, groups, 5, repeat),
        colours=tiles.colours(),
        components=COMPONENTS,
    )


def _nuclei(path: Path) -> Nuclei:
    found: Nuclei = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["image"]].append((NUCLEI.index(row["type"]), float(row["x_px"]), float(row["y_px"])))
    return dict(sorted(found.items()))


def _crops(picture: NDArray[np.uint8], found: Sequence[tuple[int, float, float]]) -> tuple[NDArray[np.uint8], Numbers]:
    padded = np.pad(picture, ((CROP_PX, CROP_PX), (CROP_PX, CROP_PX), (0, 0)), mode="reflect")
    corners = [(round(x_px + CROP_PX / 2), round(y_px + CROP_PX / 2)) for _, x_px, y_px in found]  # in the padded one
    crops = np.stack([padded[y : y + CROP_PX, x : x + CROP_PX] for x, y in corners])
    return _enlarged(crops, CROP_SIDE_PX), np.array([kind for kind, _, _ in found], np.int64)


def _grid(picture: NDArray[np.uint8], found: Sequence[tuple[int, float, float]]) -> tuple[NDArray[np.uint8], Numbers]:
    start = (len(picture) - GRID * TILE_PX) // 2
    inner = picture[start : start + GRID * TILE_PX, start : start + GRID * TILE_PX]
    tiles = inner.reshape(GRID, TILE_PX, GRID, TILE_PX, 3).swapaxes(1, 2).reshape(-1, TILE_PX, TILE_PX, 3)
    counts = np.zeros((GRID, GRID, len(NUCLEI)))
    counts[..., NUCLEI.index("none")] = 0.5  # less than one nucleus of any kind
    for kind, x_px, y_px in found:
        row, col = int((y_px - start) // TILE_PX), int((x_px - start) // TILE_PX)
        if 0 <= row < GRID and 0 <= col < GRID:
            counts[row, col, kind] += 1
    return tiles, counts.argmax(-1).ravel()


def _neighbours(tiles: Numbers, xy_px: NDArray[np.int32]) -> list[Numbers]:
    """Halve a patient's tiles along the longer side until the parts are small enough."""
    if len(tiles) <= IDC_MOST:
        return [tiles]
    axis = int(np.ptp(xy_px[tiles], axis=0).argmax())
    ordered = tiles[np.argsort(xy_px[tiles, axis], kind="stable")]
    half = len(tiles) // 2
    return _neighbours(ordered[:half], xy_px) + _neighbours(ordered[half:], xy_px)


def _enlarged(tiles: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    size = (side_px, side_px)
    return np.stack([np.asarray(Image.fromarray(tile).resize(size, Image.Resampling.BICUBIC)) for tile in tiles])
