"""The layout of a figure, for any number of stages and any shape of tissue."""

import math
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, bottom, width and height as shares of the page."""

MARGIN_IN, GAP_IN = 0.4, 0.35
TITLE_IN, PANEL_HEAD_IN, PANEL_FOOT_IN, CAPTION_IN = 1.05, 0.3, 0.62, 1.1
ROW_IN, STRIP_HEAD_IN = 0.25, 0.42
BAR_IN, BAR_BELOW_IN = 0.11, 0.1
NAMES_IN, NUMBER_IN, STAGE_NAMES_IN, WORDS_IN = 1.85, 0.6, 0.75, 3.2
LEFT_CHART = 0.43
"""Share of the page's width."""
ALL_PANELS_IN2, LARGEST_PANEL_IN2 = 60.0, 13.0
NARROWEST_CELL_IN, NARROWEST_PAGE_IN = 2.9, 9.0
PAGE_SHAPE = 1.4
"""Desired width over height of a page."""
EMPTY_CELL_COSTS = 0.2
"""Cost of an empty cell in the grid of panels, beside the shape of the page."""
MOST_ELONGATED = 6.0


@dataclass(frozen=True, slots=True)
class FigureLayout:
    """A page: title on top, a grid of panels of one shape, a strip with two charts, a caption."""

    size_in: tuple[float, float]
    panels: tuple[Box, ...]
    """In reading order, all of one size."""
    colour_bars: tuple[Box, ...]
    """One below each panel."""
    charts: tuple[Box, Box]
    """Left and right in the strip."""

    def from_top(self, inches: float) -> float:
        """Return the vertical position this far below the top edge."""
        return 1 - inches / self.size_in[1]

    def from_left(self, inches: float) -> float:
        """Return the horizontal position this far right of the left edge."""
        return inches / self.size_in[0]


@dataclass(frozen=True, slots=True)
class _Grid:
    columns: int
    rows: int
    panel_in: tuple[float, float]
    cell_in: tuple[float, float]
    page_in: tuple[float, float]


def lay_out(panels: int, shape: float, chart_rows: tuple[int, int]) -> FigureLayout:
    """Lay out a page for panels of a shape (height over width) and two charts with these numbers of rows."""
    shape = min(max(shape, 1 / MOST_ELONGATED), MOST_ELONGATED)
    strip_in = STRIP_HEAD_IN + max(chart_rows) * ROW_IN
    grids = (_grid(panels, columns, shape, strip_in) for columns in range(1, panels + 1))
    grid = min(grids, key=lambda grid: _cost(grid, panels))
    corners = [_panel_corner(grid, *divmod(panel, grid.columns)) for panel in range(panels)]
    return FigureLayout(
        size_in=grid.page_in,
        panels=tuple(_box(corner, grid.panel_in, grid.page_in) for corner in corners),
        colour_bars=tuple(_colour_bar(corner, grid) for corner in corners),
        charts=_charts(grid.page_in, chart_rows),
    )


def _grid(panels: int, columns: int, shape: float, strip_in: float) -> _Grid:
    rows = math.ceil(panels / columns)
    width = math.sqrt(min(LARGEST_PANEL_IN2, ALL_PANELS_IN2 / panels) / shape)
    cell = (max(width, NARROWEST_CELL_IN) + GAP_IN, width * shape + PANEL_HEAD_IN + PANEL_FOOT_IN)
    page = (
        max(NARROWEST_PAGE_IN, columns * cell[0] - GAP_IN + 2 * MARGIN_IN),
        TITLE_IN + rows * cell[1] + strip_in + CAPTION_IN,
    )
    return _Grid(columns, rows, (width, width * shape), cell, page)


def _cost(grid: _Grid, panels: int) -> float:
    width, height = grid.page_in
    return abs(math.log(width / height / PAGE_SHAPE)) + EMPTY_CELL_COSTS * (grid.columns * grid.rows - panels)


def _panel_corner(grid: _Grid, row: int, column: int) -> tuple[float, float]:
    used = grid.columns * grid.cell_in[0] - GAP_IN
    left = (grid.page_in[0] - used) / 2 + column * grid.cell_in[0]
    inset = (grid.cell_in[0] - GAP_IN - grid.panel_in[0]) / 2
    return left + inset, TITLE_IN + row * grid.cell_in[1] + PANEL_HEAD_IN


def _box(corner_in: tuple[float, float], size_in: tuple[float, float], page_in: tuple[float, float]) -> Box:
    (left, top), (width, height), (page_width, page_height) = corner_in, size_in, page_in
    return left / page_width, 1 - (top + height) / page_height, width / page_width, height / page_height


def _colour_bar(corner_in: tuple[float, float], grid: _Grid) -> Box:
    (left, top), (width, height) = corner_in, grid.panel_in
    length = max(width, NARROWEST_CELL_IN) * 0.86
    return _box((left + (width - length) / 2, top + height + BAR_BELOW_IN), (length, BAR_IN), grid.page_in)


def _charts(page_in: tuple[float, float], rows: tuple[int, int]) -> tuple[Box, Box]:
    parted, top = page_in[0] * LEFT_CHART, page_in[1] - CAPTION_IN - max(rows) * ROW_IN
    left, right = MARGIN_IN + NAMES_IN, parted + STAGE_NAMES_IN
    return (
        _box((left, top), (parted - left - NUMBER_IN, rows[0] * ROW_IN), page_in),
        _box((right, top), (page_in[0] - right - MARGIN_IN - WORDS_IN, rows[1] * ROW_IN), page_in),
    )
