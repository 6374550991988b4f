"""The photographs of oral mucosa that the bundled model is trained on: read, deduplicated, grouped, cut into tiles.

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

from msm_mil_core.learning.training.train_options import CardOptions

PHOTO_MPP = 1.1
"""Micrometres per pixel of a photograph at 400x, estimated: 3.2 µm a camera pixel / (40x objective · 0.5x adapter), and
1,536 pixels shrunk to 224. Pixel and adapter are assumed, not looked up. What speaks for it: nuclei have a median
diameter of 5.5 px, 6 µm; red cells of one photograph mostly 3.6 to 4.9 px, 4 to 5.4 µm. Anything from 1.0 to 1.4 would
do as well. Nuclei are as wide as high (ratio 1.02 ± 0.01 over 250 photographs), so the photographs are square crops;
had 2,048 x 1,536 px been squeezed into a square, it would be 0.75, and they would need stretching."""
CARD = CardOptions(
    data=(
        "Photographs at 400x of H&E-stained oral mucosa, shrunk by others to 224 x 224 px (CC0). Each photograph is a "
        "bag of tiles. Identical photographs are kept once, or not at all where the two carry different labels."
    ),
    labels="Of the whole photograph: normal epithelium or oral squamous cell carcinoma (OSCC); weak and noisy.",
    citation=(
        "Rahman T.Y., Mahanta L.B., Das A.K., Sarma J.D. Histopathological imaging database for oral cancer analysis. "
        "Data in Brief 29 (2020) 105114."
    ),
    limits=(
        "Trained on 224-px photographs of oral mucosa; a demonstration, not a diagnostic model. Research use, not for "
        "diagnosis. It is often wrong, knows two classes only, and says something of any tissue, skin and colon too. "
        "The micrometres per pixel of the photographs are estimated, not measured. Which patient a photograph is of is "
        "not told, so the groups that keep the split apart are guessed; photographs within a group depend on each "
        "other. The photographs are blurred beside a slide scanner's, so features of slides differ from those learnt."
    ),
    demonstration=True,
    licence="Weights BSD-3-Clause; data CC0; encoder EfficientNet-Lite0 Apache-2.0.",
)
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


def varied(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Rotate, mirror, zoom and restain a photograph at random: colour and exact size must not decide."""
    turned = np.rot90(pixels, rng.integers(4))
    turned = turned[:, ::-1] if rng.random() < 0.5 else turned
    density = -np.log((_zoomed(turned, rng).astype(np.float64) + 1) / 256)
    density = density * rng.uniform(0.7, 1.4) * rng.uniform(0.8, 1.25, 3) + rng.uniform(-0.08, 0.08, 3)
    return np.clip(256 * np.exp(-density) - 1, 0, 255).astype(np.uint8)


def _zoomed(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    side = len(pixels) / rng.uniform(1, 1.25)
    left, top = rng.uniform(0, len(pixels) - side, 2)
    box = (left, top, left + side, top + side)
    return np.asarray(Image.fromarray(pixels).resize(pixels.shape[:2], Image.Resampling.BICUBIC, box=box))
