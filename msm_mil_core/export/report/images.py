"""Pictures of a report: the slide, and maps of its tiles over pale tissue, embedded in the page as data."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.display.outlines import outline_segments
from msm_mil_core.display.stage_style import Rgba
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tiles import TileGrid

SIDE_PX = 760
"""Longer side of a picture."""
LARGEST_THUMBNAIL_PX = 6000
AROUND = 0.03
"""Margin around the tiles, as a share of their longer side."""
PALENESS = 0.45
"""How far tissue under a map is faded to white."""
QUALITY = 85

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The picture on which maps are drawn."""

    rgb: Pixels
    """(height, width, 3), the part of the slide with tiles; white without a slide."""
    left_px0: float
    top_px0: float
    """Where its corner lies on level 0."""
    px0_per_px: float


def make_canvas(tiles: TileGrid, size_px0: tuple[int, int], slide: Slide | None) -> Canvas:
    """Cut the part of a slide with tiles out of its thumbnail; white without a slide.

    Raises
    ------
    SlideError
        If the file is damaged or no longer there.
    """
    low, high = tiles.xy_px0.min(axis=0), tiles.xy_px0.max(axis=0) + tiles.side_px0
    margin = AROUND * float((high - low).max())
    left, top = np.maximum(low - margin, 0)
    right, bottom = np.minimum(high + margin, size_px0)
    px0_per_px = max(right - left, bottom - top) / SIDE_PX
    width, height = (max(1, round(length / px0_per_px)) for length in (right - left, bottom - top))
    rgb = np.full((height, width, 3), 255, np.uint8)
    if slide is not None:
        rgb = _cut(slide, (left, top, right, bottom), (width, height))
    return Canvas(rgb, float(left), float(top), float(px0_per_px))


def draw_map(
    canvas: Canvas, tiles: TileGrid, values: NDArray[np.float32], ramp: Sequence[Rgba], limits: tuple[float, float]
) -> Pixels:
    """Colour each tile by its value over pale tissue; a tile without a value stays tissue. Returns (h, w, 3)."""
    heatmap = rasterise(tiles, values)
    height, width = canvas.rgb.shape[:2]
    x_px0 = canvas.left_px0 + (np.arange(width) + 0.5) * canvas.px0_per_px
    y_px0 = canvas.top_px0 + (np.arange(height) + 0.5) * canvas.px0_per_px
    col, row = ((at - start) // heatmap.cell_px0 for at, start in zip((x_px0, y_px0), heatmap.origin_px0, strict=True))
    rows, cols = heatmap.values.shape
    inside = ((row >= 0) & (row < rows))[:, None] & ((col >= 0) & (col < cols))[None]
    seen = heatmap.values[np.clip(row, 0, rows - 1).astype(int)][:, np.clip(col, 0, cols - 1).astype(int)]
    colour = _coloured(np.where(inside, seen, np.nan).astype(np.float32), ramp, limits)
    alpha, pale = colour[..., 3:], _pale(canvas.rgb)
    mixed = pale * (1 - alpha) + colour[..., :3] * 255 * alpha
    return np.rint(mixed).astype(np.uint8)


def draw_outline(picture: Pixels, canvas: Canvas, tiles: TileGrid, chosen: NDArray[np.bool_], rgb: str) -> Pixels:
    """Draw a line around chosen tiles, with a white halo."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    corner = np.array([canvas.left_px0, canvas.top_px0])
    segments_px = (outline_segments(tiles, chosen) - corner) / canvas.px0_per_px  # (n, 2, 2)
    for ends in segments_px.reshape(-1, 4).tolist():
        for colour, width in (("white", 5), (rgb, 2)):
            pen.line(ends, fill=colour, width=width)
    return np.asarray(image)


def as_jpeg(picture: Pixels) -> str:
    """Return a photograph as a data URI."""
    return _uri(picture, "jpeg", quality=QUALITY)


def as_data(png: bytes) -> str:
    """Return the bytes of a PNG file as a data URI."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _uri(picture: Pixels, kind: str, **how: int) -> str:
    with BytesIO() as file:
        Image.fromarray(picture).save(file, kind, **how)
        return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _cut(slide: Slide, box_px0: tuple[float, float, float, float], size_px: tuple[int, int]) -> Pixels:
    left, top, right, bottom = box_px0
    whole = max(slide.facts.size_px0)
    thumbnail = slide.thumbnail(min(LARGEST_THUMBNAIL_PX, round(SIDE_PX * whole / max(right - left, bottom - top))))
    (rows, cols), (width, height) = thumbnail.shape[:2], slide.facts.size_px0
    across, down = cols / width, rows / height  # not quite the same: a thumbnail has whole pixels
    box = (left * across, top * down, min(right * across, cols), min(bottom * down, rows))
    return np.asarray(Image.fromarray(thumbnail).resize(size_px, Image.Resampling.BOX, box=box))


def _pale(rgb: Pixels) -> NDArray[np.float64]:
    grey = rgb @ np.array([0.2126, 0.7152, 0.0722])
    pale: NDArray[np.float64] = (255 - (255 - grey) * (1 - PALENESS))[..., None]
    return pale


def _coloured(values: NDArray[np.float32], ramp: Sequence[Rgba], limits: tuple[float, float]) -> NDArray[np.float64]:
    low, high = limits
    share = np.clip((np.nan_to_num(values, nan=low) - low) / (high - low), 0, 1)
    points = np.linspace(0, 1, len(ramp))
    channels = [np.interp(share, points, [colour[channel] for colour in ramp]) for channel in range(4)]
    coloured: NDArray[np.float64] = np.stack(channels, axis=-1)
    coloured[..., 3] *= np.isfinite(values)
    return coloured
