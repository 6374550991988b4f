"""A comparison of mask stages, and what each is for, as rows and as JSON; stages are counted from 1 as people do."""

from pathlib import Path

from msm_mil_core.csv_table import write_table
from msm_mil_core.explain.coverage import CoverageStep
from msm_mil_core.explain.stage_comparison import StageComparison, StagePair
from msm_mil_core.export.tables.json_file import Record, head, number
from msm_mil_core.export.tables.roles import ROLE_COLUMNS, AnswerRoles

SCHEMA = "msm-mil-comparison/1"
NOTE = (
    "Where masks act at inference, a stage is not shown what earlier stages claimed: that claimed sets do not overlap "
    "is by construction, and no evidence of diverse patterns."
)

PAIR_COLUMNS = (
    "stage",
    "other_stage",
    "overlap",
    "overlap_by_chance",
    "overlap_chance_low",
    "overlap_chance_high",
    "rank_correlation",
    "rank_correlation_chance_low",
    "rank_correlation_chance_high",
    "distance_um",
    "distance_um_by_chance",
    "distance_um_chance_low",
    "distance_um_chance_high",
    "distance_px0",
    "distance_px0_by_chance",
    "distance_px0_chance_low",
    "distance_px0_chance_high",
    "grain_px0",
)
COVERAGE_COLUMNS = ("stage", "tiles", "new_tiles", "new_tiles_by_chance", "area_mm2", "new_area_mm2")
COLUMNS = tuple(dict.fromkeys(("about", *PAIR_COLUMNS, *COVERAGE_COLUMNS, *ROLE_COLUMNS)))


def comparison_rows(comparison: StageComparison, roles: AnswerRoles) -> list[Record]:
    """Return one row per pair of stages (`about` is "pair"), then two per stage ("coverage", "role").

    None is missing; there are no rows about roles where a result cannot tell them.
    """
    pairs: list[Record] = [{"about": "pair", **_pair(pair)} for pair in comparison.pairs]
    steps: list[Record] = [{"about": "coverage", **_step(step)} for step in comparison.coverage]
    return pairs + steps + [{"about": "role", **row} for row in roles.rows()]


def write_comparison_csv(comparison: StageComparison, roles: AnswerRoles, path: Path) -> None:
    """Write the rows of a comparison, always under the same columns; a cell is empty where a value is undefined.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    write_table(path, COLUMNS, ([row.get(name) for name in COLUMNS] for row in comparison_rows(comparison, roles)))


def comparison_json(comparison: StageComparison, roles: AnswerRoles) -> Record:
    """Return options, pairs, coverage and roles as JSON values; null where a value is undefined."""
    return {
        **head(SCHEMA),
        "options": comparison.options.model_dump(mode="json"),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "coverage": [_step(step) for step in comparison.coverage],
        **roles.record(),
        "note": NOTE,
    }


def _pair(pair: StagePair) -> Record:
    figures = (
        pair.overlap,
        pair.overlap_by_chance,
        *pair.overlap_chance_range,
        pair.rank_correlation,
        *pair.rank_correlation_chance_range,
        pair.distance_um,
        pair.distance_um_by_chance,
        *pair.distance_um_chance_range,
        pair.distance_px0,
        pair.distance_px0_by_chance,
        *pair.distance_px0_chance_range,
        pair.grain_px0,
    )
    return dict(zip(PAIR_COLUMNS, (pair.one + 1, pair.other + 1, *map(number, figures)), strict=True))


def _step(step: CoverageStep) -> Record:
    figures = (step.tiles, step.new_tiles, step.by_chance_new_tiles, step.area_mm2, step.new_area_mm2)
    return dict(zip(COVERAGE_COLUMNS, (step.stage + 1, *map(number, figures)), strict=True))
