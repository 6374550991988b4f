"""The pictures of a slide for the page that lists many: the slide, and a map of each stage."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.display.heatmap import contrast
from msm_mil_core.display.stage_style import stage_ramp
from msm_mil_core.errors import MsmMilError
from msm_mil_core.export.report.images import draw_map, make_canvas
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide

SIDE_PX = 160
"""Longer side of a picture."""
QUALITY = 80

Pixels = NDArray[np.uint8]

logger = logging.getLogger(__name__)


def write_pictures(result: SlideResult, slide: Slide | None, folder: Path, key: str) -> None:
    """Write the pictures of a slide; where that fails, warn: the page shows its words without them."""
    slide = slide and slide.in_colors("srgb")
    try:
        for name, picture in _pictures(result, slide):
            with whole_file(folder / picture_name(key, name)) as part:
                small = Image.fromarray(picture)
                small.thumbnail((SIDE_PX, SIDE_PX))
                small.save(part, "jpeg", quality=QUALITY)
    except (MsmMilError, OSError) as exc:
        logger.warning("No pictures of %s for the index: %s", result.slide.name, exc)


def picture_name(key: str, what: str) -> str:
    """Return the name of a picture's file: of the slide, or of a stage."""
    return f"{key}.{what}.jpg"


def _pictures(result: SlideResult, slide: Slide | None) -> Iterator[tuple[str, Pixels]]:
    canvas = make_canvas(result.tiles, result.slide.size_px0, slide)
    yield "slide", canvas.rgb
    for number, stage in enumerate(result.prediction.stages):
        values = contrast(stage.attention, "rank")
        yield f"stage{number + 1}", draw_map(canvas, result.tiles, values, stage_ramp(number), (0.0, 1.0))
