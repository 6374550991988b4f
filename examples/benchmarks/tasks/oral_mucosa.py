"""Photographs of oral mucosa: read, deduplicated, grouped, cut into tiles.

Rahman T.Y., Mahanta L.B., Das A.K., Sarma J.D., Histopathological imaging database for oral cancer analysis,
Data in Brief 29 (2020) 105114. 1,224 photographs from 230 patients; which photograph is of which patient is not stated.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BLOCK = 12
"""Consecutive numbers that stay together: neighbours in number are mostly of one patient."""
SLACK = 4
ALIKE = 0.55
"""Cosine of two photographs' standardised features from which the blocks of both stay together."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One photograph."""

    name: str
    label: str
    """"Normal" or "OSCC", oral squamous cell carcinoma."""
    number: int
    """Of the photograph within its label: those of a patient follow each other."""
    pixels: NDArray[np.uint8]
    """(224, 224, 3)."""


def read_photos(folder: Path, magnification: str = "400x") -> list[Photo]:
    """Read all photographs of a magnification, sorted by label and number."""
    photos = []
    for path in folder.rglob(f"*_{magnification}_*.jpg"):
        found = re.fullmatch(r"([A-Za-z]+)_\w+_(\d+)", path.stem)
        if found:
            photos.append(Photo(path.stem, found[1], int(found[2]), np.asarray(Image.open(path).convert("RGB"))))
    return sorted(photos, key=lambda photo: (photo.label, photo.number))


def without_copies(photos: Sequence[Photo]) -> list[Photo]:
    """Keep one of identical photographs; keep none where they carry two labels, for one of them is wrong."""
    same = defaultdict(list)
    for photo in photos:
        same[photo.pixels.tobytes()].append(photo)
    return [copies[0] for copies in same.values() if len({photo.label for photo in copies}) == 1]


def group(photos: Sequence[Photo], prints: NDArray[np.float32]) -> list[str]:
    """Guess which photographs may share a patient, on the safe side.

    Each label's photographs are cut into blocks of about `BLOCK` consecutive numbers, where neighbours look least
    alike; blocks, of both labels, that hold two photographs which look alike are joined.

    Parameters
    ----------
    photos
        As `read_photos` sorts them.
    prints
        (M, P), features of the whole photographs.
    """
    likeness = _likeness(prints)
    labels = np.array([photo.label for photo in photos])
    block = np.zeros(len(photos), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        block[members] = block.max() + 1 + _blocks(likeness[np.ix_(members, members)])
    alike = np.argwhere(np.triu(likeness, 1) > ALIKE).T
    links = coo_array((np.ones(alike.shape[1]), (block[alike[0]], block[alike[1]])), shape=(block.max() + 1,) * 2)
    joined = connected_components(links, directed=False)[1]
    return [f"group {joined[index]}" for index in block]


def _likeness(prints: NDArray[np.float32]) -> NDArray[np.float32]:
    standard = (prints - prints.mean(0)) / (prints.std(0) + 1e-6)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    likeness: NDArray[np.float32] = standard @ standard.T
    return likeness


def _blocks(likeness: NDArray[np.float32]) -> NDArray[np.int64]:
    cuts = [0]
    while len(likeness) - cuts[-1] > 1.7 * BLOCK:
        about = cuts[-1] + BLOCK
        cuts.append(min(range(about - SLACK, about + SLACK + 1), key=lambda cut: _across(likeness, cut)))
    return np.searchsorted(cuts, np.arange(len(likeness)), side="right") - 1


def _across(likeness: NDArray[np.float32], cut: int) -> float:
    return float(likeness[max(0, cut - 3) : cut, cut : cut + 3].max())


def tiles_of(pixels: NDArray[np.uint8], cut_px: int, side_px: int) -> NDArray[np.uint8]:
    """Cut as many tiles of `cut_px` as fit around the middle of a photograph, each enlarged to `side_px`."""
    photo, per_side = Image.fromarray(pixels), len(pixels) // cut_px
    start = (len(pixels) - per_side * cut_px) // 2
    corners = range(start, start + per_side * cut_px, cut_px)
    boxes = [(x, y, x + cut_px, y + cut_px) for y in corners for x in corners]
    tiles = [photo.crop(box).resize((side_px, side_px), Image.Resampling.BICUBIC) for box in boxes]
    return np.stack([np.asarray(tile) for tile in tiles])
