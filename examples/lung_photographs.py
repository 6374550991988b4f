"""Photographs of lung and the mosaics drawn from them, for the bench and for the bundled model.

Borkowski A.A. et al., Lung and Colon Cancer Histopathological Image Dataset (LC25000), 2019, arXiv 1912.12142. 590 of
its photographs of lung, shrunk to 224 x 224 px: normal tissue, adenocarcinoma and squamous cell carcinoma. Which
patient a photograph is of is not told.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.encoders.registry import Encoder

KINDS = ("normal", "adenocarcinoma", "squamous")
"""What a photograph shows."""
CLASSES = ("none", "adenocarcinoma", "squamous", "both")
"""What a mosaic is called: which tumours are in it."""
BLOCK = 12
"""Files whose numbers lie in one stretch of so many stay together: neighbours in number may be of one patient."""
SHARES = (0.6, 0.2, 0.2)
"""To learn from, to choose by, to judge by."""
ALIKE = 0.7
"""Cosine of two photographs' standardised features from which they may show the same field, turned or mirrored."""
PHOTOGRAPHS = 8
"""Photographs in a mosaic."""
MOST_OF_A_TUMOUR = 2
PER_SIDE = 3
"""Tiles on a side of a photograph."""
TILE_PX = 224 // PER_SIDE
PHOTO_MPP = 0.75
"""Micrometres per pixel of a photograph, estimated, for none is stated. In photographs of normal tissue the median red
cell of 1,422 is 8.5 px long, in fixed tissue about 6.5 µm: 0.76; the median round dark nucleus of 1,285 is 8.1 px wide,
about 6 µm: 0.74. Photographs were taken at different magnifications: one may be off by a third."""

Numbers = NDArray[np.int64]
Pixels = NDArray[np.uint8]
_FOLDERS = {"lung_n": 0, "lung_aca": 1, "lung_scc": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """One photograph."""

    name: str
    kind: int
    """Which of `KINDS`."""
    number: int
    """Of the file within its kind."""
    pixels: Pixels
    """(224, 224, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """Photographs side by side, as one bag."""

    photographs: Numbers
    """(8,), which they are."""
    label: int
    """Which of `CLASSES`."""


def read_photographs(folder: Path) -> list[Photograph]:
    """Read all photographs, sorted by kind and number."""
    photographs = [
        Photograph(path.stem, kind, int(number[0]), np.asarray(Image.open(path).convert("RGB")))
        for name, kind in _FOLDERS.items()
        for path in (folder / name).glob("*.jpeg")
        if (number := re.search(r"\d+$", path.stem))
    ]
    return sorted(photographs, key=lambda one: (one.kind, one.number))


def parts_of(photographs: Sequence[Photograph], seed: int) -> Numbers:
    """Say of each photograph whether it is to learn from (0), to choose by (1), or to judge by (2), whole blocks each.

    Each kind is parted in like shares.
    """
    rng = np.random.default_rng(seed)
    kinds = np.array([one.kind for one in photographs])
    blocks = np.array([one.number // BLOCK for one in photographs])
    parts = np.zeros(len(photographs), np.int64)
    for kind in range(len(KINDS)):
        members = np.flatnonzero(kinds == kind)
        names, of_block = np.unique(blocks[members], return_inverse=True)
        place = rng.permutation(len(names))
        before = np.bincount(place[of_block], minlength=len(names)).cumsum() / len(members)
        part_of_place = np.searchsorted(np.cumsum(SHARES)[:-1], before - 1e-9)
        parts[members] = part_of_place[place[of_block]]
    return parts


def without_likenesses(parts: Numbers, prints: NDArray[np.float32]) -> Numbers:
    """Take photographs that look like one of an earlier part out of theirs: -1, in no part.

    The data set was made larger by turned and mirrored copies, and some came under numbers far apart.

    Parameters
    ----------
    parts
        As `parts_of` gives them.
    prints
        (M, P), mean features of the photographs' tiles.
    """
    standard = (prints - prints.mean(0)) / (prints.std(0) + 1e-6)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    earlier = parts[:, None] > parts[None]
    return np.where(((standard @ standard.T > ALIKE) & earlier).any(1), -1, parts)


def prints_of(photographs: Sequence[Photograph], encoder: Encoder) -> NDArray[np.float32]:
    """Return the mean features of each photograph's tiles, (M, P)."""
    return np.stack([encoder.encode(tiles_of(one.pixels)).mean(0) for one in photographs])


def split_of(photographs: Sequence[Photograph], prints: NDArray[np.float32]) -> Numbers:
    """Say in which part of the one split a photograph is that the bundled model and the demo slide share.

    Parameters
    ----------
    photographs
        All of them, as `read_photographs` sorts them.
    prints
        (M, P), as `prints_of` computes them with the default encoder.

    Returns
    -------
    Numbers
        (M,), 0 to learn from, 1 to choose by, 2 to judge by, -1 in none: it looks like one of an earlier part.
    """
    return without_likenesses(parts_of(photographs, seed=0), prints)


def draw_mosaics(kinds: Numbers, count: int, rng: np.random.Generator) -> list[Mosaic]:
    """Draw mosaics of photographs of these kinds, their labels by turns; no photograph is twice in one mosaic."""
    return [_mosaic(kinds, index % len(CLASSES), rng) for index in range(count)]


def _mosaic(kinds: Numbers, label: int, rng: np.random.Generator) -> Mosaic:
    present = {0: (), 1: (1,), 2: (2,), 3: (1, 2)}[label]
    chosen = [
        rng.choice(np.flatnonzero(kinds == kind), rng.integers(1, MOST_OF_A_TUMOUR + 1), replace=False)
        for kind in present
    ]
    rest = PHOTOGRAPHS - sum(map(len, chosen))
    chosen.append(rng.choice(np.flatnonzero(kinds == 0), rest, replace=False))
    return Mosaic(rng.permutation(np.concatenate(chosen)), label)


def tiles_of(pixels: Pixels) -> Pixels:
    """Cut a photograph into its nine tiles, row by row: (9, 74, 74, 3); two pixels on the right and below are left."""
    inner = pixels[: PER_SIDE * TILE_PX, : PER_SIDE * TILE_PX]
    rows = inner.reshape(PER_SIDE, TILE_PX, PER_SIDE, TILE_PX, 3).swapaxes(1, 2)
    return rows.reshape(PER_SIDE**2, TILE_PX, TILE_PX, 3)
