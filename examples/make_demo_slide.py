"""Make the demo slide again: python -m examples.make_demo_slide PHOTOGRAPHS [--out FOLDER].

PHOTOGRAPHS is the folder of the photographs (see lung_photographs.py). Only those that the bundled model neither learnt
from nor was chosen by are laid on the slide, each once, and beside it is written where the tumours are, as GeoJSON for
QuPath. A second run on the same machine gives the same files. Needs `pip install 'napari-msm-mil[bench]'`.
"""

import argparse
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import shapely
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from shapely import MultiPolygon, Polygon

from examples.lung_photographs import (
    KINDS,
    PER_SIDE,
    PHOTO_MPP,
    TILE_PX,
    Photograph,
    prints_of,
    read_photographs,
    split_of,
)
from msm_mil_core.encoders.registry import DEFAULT_ENCODER, load_encoder
from msm_mil_core.slides.sample import LUNG
from msm_mil_core.slides.truth import truth_path

PLAN = """
.............
.....nnnn....
....nnnnn....
..naaaannn...
..aaaaannnn..
.naaaannnssn.
.nnaannnsssn.
.nnnnnnsssss.
...nnnnssssn.
....nnnnssn..
.....nnn.....
.............
"""
"""A letter a photograph: n normal, a adenocarcinoma, s squamous cell carcinoma, a dot glass."""
KIND_OF = {"n": 0, "a": 1, "s": 2}
CELL_PX0 = PER_SIDE * TILE_PX
"""What of a photograph is shown: whole tiles, so that the model's grid meets no seam."""
COLOURS = {1: (17, 119, 51), 2: (170, 51, 119)}
"""Of the tumours' outlines in QuPath and in the window: green and plum, which stand out from the stain."""
GLASS = (246, 245, 247)
ROUNDING_PX0, STEP_PX0, DEEPEST_PX0 = 200, 14, 56
"""The outline: how far corners are rounded, how often it is bent, and how deep it cuts into the photographs at most."""
EDGE_PX0 = 1.2
"""How soft the edge of the tissue is."""
LEVELS, FILE_TILE_PX, QUALITY = 4, 256, 88
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "napari-msm-mil demo slide")

Cells = Mapping[tuple[int, int], int]
"""Which photograph lies in a (row, column) of the plan."""


def main() -> None:
    """Read, choose, lay out, write."""
    arguments = _arguments()
    photographs = read_photographs(arguments.photographs)
    encoder = load_encoder(DEFAULT_ENCODER, device="cpu", precision="float32")
    parts = split_of(photographs, prints_of(photographs, encoder))
    cells = choose(photographs, np.flatnonzero(parts == 2))
    outline = tissue_outline()
    slide, truth = arguments.out / LUNG.path.name, arguments.out / truth_path(LUNG.path).name
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_pyramid(slide, lay_out(photographs, cells, outline))
    truth.write_text(truth_text(outline), encoding="utf-8")
    for path in (slide, truth):
        content = path.read_bytes()
        print(f"wrote {path}: {len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


def choose(photographs: Sequence[Photograph], allowed: NDArray[np.int64]) -> Cells:
    """Draw a photograph for each cell of the plan, none twice; those of a kind lie in the order of their redness.

    Raises
    ------
    ValueError
        If there are not enough of a kind.
    """
    rng = np.random.default_rng(0)
    chosen: dict[tuple[int, int], int] = {}
    for kind in range(len(KINDS)):
        cells = sorted(cells_of(kind), key=lambda cell: cell[1] + 0.3 * cell[0])
        members = [index for index in allowed.tolist() if photographs[index].kind == kind]
        drawn = rng.choice(members, len(cells), replace=False).tolist()
        chosen |= zip(cells, sorted(drawn, key=lambda index: _redness(photographs[index])), strict=True)
    return chosen


def cells_of(kind: int) -> list[tuple[int, int]]:
    """Return the cells (row, column) of the plan that are to show a kind."""
    rows = enumerate(PLAN.split())
    return [(row, col) for row, line in rows for col, letter in enumerate(line) if KIND_OF.get(letter) == kind]


def tissue_outline() -> Polygon:
    """Return where the tissue ends, in level-0 pixels: the photographs' outline, rounded and bent inwards."""
    whole = area_of(range(len(KINDS)))
    ring = whole.buffer(-ROUNDING_PX0).buffer(ROUNDING_PX0).exterior
    along = np.arange(0, ring.length, STEP_PX0)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(ring, along))
    ahead = np.roll(xy, -1, axis=0) - np.roll(xy, 1, axis=0)
    inwards = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.linalg.norm(ahead, axis=1, keepdims=True)
    inwards *= 1 if ring.is_ccw else -1
    turn = 2 * np.pi * along / ring.length
    waves = np.sin(7 * turn + 1) + 0.7 * np.sin(17 * turn) + 0.4 * np.sin(41 * turn + 2) + 0.2 * np.sin(89 * turn)
    depth = DEEPEST_PX0 * (waves - waves.min()) / np.ptp(waves)
    return shapely.Polygon(xy + inwards * depth[:, None]).buffer(0).intersection(whole)


def area_of(kinds: Sequence[int]) -> Polygon | MultiPolygon:
    """Return what the photographs of some kinds cover, in level-0 pixels."""
    corners = [(col * CELL_PX0, row * CELL_PX0) for kind in kinds for row, col in cells_of(kind)]
    return shapely.union_all([shapely.box(x, y, x + CELL_PX0, y + CELL_PX0) for x, y in corners])


def lay_out(photographs: Sequence[Photograph], cells: Cells, outline: Polygon) -> Image.Image:
    """Lay the photographs on glass, cut along the outline."""
    lines = PLAN.split()
    size_px0 = len(lines[0]) * CELL_PX0, len(lines) * CELL_PX0
    tissue = Image.new("RGB", size_px0, GLASS)
    for (row, col), index in cells.items():
        shown = Image.fromarray(photographs[index].pixels[:CELL_PX0, :CELL_PX0])
        tissue.paste(shown, (col * CELL_PX0, row * CELL_PX0))
    mask = Image.new("L", size_px0)
    ImageDraw.Draw(mask).polygon(shapely.get_coordinates(outline).ravel().tolist(), fill=255)
    return Image.composite(tissue, Image.new("RGB", size_px0, GLASS), mask.filter(ImageFilter.GaussianBlur(EDGE_PX0)))


def truth_text(outline: Polygon) -> str:
    """Return the tumour areas as a GeoJSON feature collection, as QuPath imports it: an annotation a tumour."""
    features = [_feature(kind, shapely.intersection(area_of([kind]), outline)) for kind in COLOURS]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1) + "\n"


def write_pyramid(path: Path, image: Image.Image) -> None:
    """Write a TIFF of JPEG tiles, each level half as large as the one before."""
    with tifffile.TiffWriter(path) as tiff:
        for level in range(LEVELS):
            per_cm = 1e4 / (PHOTO_MPP * 2**level)
            tiff.write(
                np.asarray(image.reduce(2**level)),
                tile=(FILE_TILE_PX, FILE_TILE_PX),
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": QUALITY},
                subsampling=(1, 1),
                subfiletype=int(level > 0),
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                software=False,
                metadata=None,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path, help="folder of the photographs")
    parser.add_argument("--out", type=Path, default=LUNG.path.parent, help="folder for the slide and its truth")
    return parser.parse_args()


def _redness(photograph: Photograph) -> float:
    red, _, blue = photograph.pixels.reshape(-1, 3).mean(0)
    return float(red - blue)


def _feature(kind: int, area: Polygon) -> dict[str, object]:
    name, rings = KINDS[kind], (area.exterior, *area.interiors)
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(NAMESPACE, name)),
        "geometry": {
            "type": "Polygon",
            "coordinates": [list(_points(ring)) for ring in rings],
        },
        "properties": {
            "objectType": "annotation",
            "name": name,
            "classification": {"name": name, "color": COLOURS[kind]},
            "isLocked": True,
        },
    }


def _points(ring: shapely.LinearRing) -> Iterator[tuple[float, float]]:
    return ((round(x, 1), round(y, 1)) for x, y in ring.coords)


if __name__ == "__main__":
    main()
