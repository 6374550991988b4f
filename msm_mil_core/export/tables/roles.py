"""What each stage of a result is for, as sentences, titles, rows and JSON; or why that cannot be told."""

from dataclasses import dataclass

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.stage_role import StageRole, stage_roles
from msm_mil_core.export.tables.json_file import Record, number
from msm_mil_core.mil.map_names import map_name
from msm_mil_core.results.slide_result import SlideResult

ROLE_COLUMNS = (
    "stage",
    "class",
    "role",
    "tiles",
    "log_odds",
    "log_odds_chance_low",
    "log_odds_chance_high",
    "probability",
    "probability_without",
    "instead",
    "only_leftovers",
    "adds_nothing",
    "same_as",
)


@dataclass(frozen=True, slots=True)
class AnswerRoles:
    """What the stages are for in the answer of a result."""

    answer: str
    """The most probable class."""
    roles: tuple[StageRole, ...]
    """One for each stage; none if they cannot be told."""
    no_roles: str
    """Why they cannot be told; empty if they can."""
    map_classes: tuple[str, ...] = ()
    """The classes whose own the maps are; empty where they are those of stages."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each stage, or the one that says why there are none."""
        return tuple(role.sentence(self.answer) for role in self.roles) or (self.no_roles,)

    def title(self, stage: int) -> str:
        """Return the name of a stage (counted from 0) with its role."""
        name = map_name(stage, self.map_classes)
        return f"{name}: {self.roles[stage].short(self.answer)}" if self.roles else name

    def marks(self, stage: int) -> str:
        """Return what else is to be known of a stage at a glance; empty if nothing is."""
        return ", ".join(self.roles[stage].marks) if self.roles else ""

    def rows(self) -> list[Record]:
        """Return one row for each stage, stages counted from 1; None is missing."""
        return [_row(role, self.answer) for role in self.roles]

    def record(self) -> Record:
        """Return the rows with their sentences as JSON values, and why there are none, null if there are."""
        rows = zip(self.rows(), self.sentences, strict=False)  # without rows the one sentence says why
        return {"roles": [row | {"sentence": sentence} for row, sentence in rows], "no_roles": self.no_roles or None}


def answer_roles(result: SlideResult) -> AnswerRoles:
    """Return what each stage is for in the answer of a result, or why that cannot be told."""
    prediction = result.prediction
    try:
        roles = stage_roles(prediction, result.tile_outputs, prediction.classes.index(prediction.winner))
    except QuestionError as exc:
        return AnswerRoles(prediction.winner, (), str(exc), prediction.map_classes)
    return AnswerRoles(prediction.winner, roles, "", prediction.map_classes)


def _row(role: StageRole, answer: str) -> Record:
    figures = (role.evidence, role.low, role.high, role.probability, role.without)
    said = (role.instead, role.only_leftovers, role.adds_nothing, None if role.same_as is None else role.same_as + 1)
    cells = (role.stage + 1, answer, role.kind, role.tiles, *map(number, figures), *said)
    return dict(zip(ROLE_COLUMNS, cells, strict=True))
