"""The content of a report, section by section, and its page."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import jinja2
import numpy as np

from msm_mil_core.display.color_ramps import signed_ramp
from msm_mil_core.display.heatmap import contrast, contrast_label
from msm_mil_core.display.stage_style import Rgba, stage_colour, stage_name, stage_ramp
from msm_mil_core.display.tile_map import evidence_map
from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.evidence import NO_EVIDENCE, evidence_sum
from msm_mil_core.explain.examination import Examination
from msm_mil_core.explain.selections.gallery import Gallery
from msm_mil_core.explain.stage_comparison import StageComparison, StagePair
from msm_mil_core.explain.stage_role import StageRole
from msm_mil_core.export.figures.comparison import coverage_figure, findings
from msm_mil_core.export.figures.faithfulness import faithfulness_figure
from msm_mil_core.export.figures.style import Sheet
from msm_mil_core.export.report.images import Canvas, Pixels, as_data, as_jpeg, draw_map, draw_outline
from msm_mil_core.export.tables.comparison import NOTE
from msm_mil_core.export.tables.result_tables import class_rows, stage_rows
from msm_mil_core.export.tables.roles import AnswerRoles, answer_roles
from msm_mil_core.results.annotations import Annotations, SavedQuestion, now
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.formats.color_choice import ColorChoice
from msm_mil_core.slides.slide import SlideFacts

SHEET = Sheet(width_px=1150, dpi=170)
UNKNOWN = "–"
FOOTPRINT = "#111111"

Words = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class ReportParts:
    """The content of a report."""

    result: SlideResult
    annotations: Annotations
    canvas: Canvas
    galleries: tuple[Gallery, ...]
    """One for each stage; none without the slide."""
    comparison: StageComparison
    examination: Examination | None
    no_examination: str
    """Why there is none; empty if there is one."""
    no_slide: str
    """Why the slide is not shown; empty if it is."""
    colors: ColorChoice
    """Of the pictures."""
    associated: tuple[tuple[str, Pixels], ...]
    """Requested images of the slide's label, by name."""


def render_page(parts: ReportParts) -> str:
    """Return the page: one HTML document with all its pictures embedded."""
    loader = jinja2.PackageLoader("msm_mil_core.export.report", "templates")
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return pages.get_template("report.html.j2").render(_words(parts))


def _words(parts: ReportParts) -> Words:
    result, prediction = parts.result, parts.result.prediction
    roles = answer_roles(result)
    return {
        "slide": {"name": result.slide.name, "facts": _slide_facts(parts)},
        "warnings": result.warnings,
        "winner": prediction.winner,
        "probability": float(prediction.probabilities.max()),
        "worth": result.worth,
        "classes": class_rows(prediction),
        "class_names": prediction.classes,
        "overview": "" if parts.no_slide else as_jpeg(_footprint(parts)),
        "no_slide": parts.no_slide,
        "across": _across(parts),
        "associated": [{"name": name, "source": as_jpeg(picture)} for name, picture in parts.associated],
        "roles": [_role(role, roles.answer) for role in roles.roles],
        "no_roles": roles.no_roles,
        "stages": [_stage(parts, roles, index) for index in range(len(prediction.stages))],
        "masks_applied": prediction.masks_applied,
        "by_construction": NOTE,
        "questions": [_question(saved) for saved in parts.annotations.questions],
        "provenance": _provenance(result),
        **_evidence(parts),
        **_comparison(parts.comparison),
        **_examination(parts),
    }


def _slide_facts(parts: ReportParts) -> list[tuple[str, str]]:
    slide, tiles = parts.result.slide, parts.result.tiles
    width, height = slide.size_px0
    mpp = "unknown" if slide.mpp is None else f"{slide.mpp:g} µm ({slide.mpp_origin})"
    side = "" if slide.mpp is None else f", {tiles.side_px0 * slide.mpp:.0f} µm"
    return [
        ("Size", f"{width:,} x {height:,} pixels"),
        ("Micrometres per pixel", mpp),
        ("Tiles", f"{len(tiles):,}, each {tiles.side_px0} pixels{side} wide"),
        ("Quick hash", slide.quick_hash),
        *([("Colours", _colours(slide, parts.colors))] if slide.profile else []),
    ]


def _colours(slide: SlideFacts, shown: ColorChoice) -> str:
    words = {"as-stored": "as stored", "srgb": "converted to sRGB"}
    return f"{words[slide.colors]} for the encoder, {words[shown]} in these pictures (ICC profile {slide.profile})"


def _across(parts: ReportParts) -> str:
    across_px0 = parts.canvas.rgb.shape[1] * parts.canvas.px0_per_px
    mpp = parts.result.slide.mpp
    return f"{across_px0:,.0f} pixels wide" if mpp is None else f"{across_px0 * mpp / 1000:.2f} mm wide"


def _footprint(parts: ReportParts) -> Pixels:
    tiles = parts.result.tiles
    return draw_outline(parts.canvas.rgb, parts.canvas, tiles, np.ones(len(tiles), bool), FOOTPRINT)


def _role(role: StageRole, answer: str) -> Words:
    return {
        "name": stage_name(role.stage),
        "colour": stage_colour(role.stage),
        "short": role.short(answer),
        "marks": ", ".join(role.marks),
        "log_odds": _number(role.evidence, "+.2f"),
        "chance": f"{role.low:+.2f} to {role.high:+.2f}" if isfinite(role.low) else UNKNOWN,
        "sentence": role.sentence(answer),
    }


def _stage(parts: ReportParts, roles: AnswerRoles, index: int) -> Words:
    result, stage = parts.result, parts.result.prediction.stages[index]
    row = stage_rows(result.prediction)[index]
    ramp = stage_ramp(index)
    values = contrast(stage.attention, "rank")
    picture = draw_map(parts.canvas, result.tiles, values, ramp, (0.0, 1.0))
    gallery = next((gallery for gallery in parts.galleries if gallery.stage == index), None)
    return {
        "name": stage_name(index),
        "title": roles.title(index),
        "colour": stage_colour(index),
        "row": row,
        "legend": f"{contrast_label('rank', row.shown)}, pale to full colour",
        "ramp": _gradient(ramp),
        "map": as_jpeg(draw_outline(picture, parts.canvas, result.tiles, stage.claimed, stage_colour(index))),
        "verdict": parts.annotations.verdict_of(index),
        "gallery": [] if gallery is None else _pictures(gallery),
    }


def _pictures(gallery: Gallery) -> list[Words]:
    return [
        {
            "source": as_jpeg(tile.picture),
            "number": tile.pick.tile,
            "place": tile.pick.place,
            "found": tile.pick.found,
        }
        for tile in gallery.tiles
    ]


def _gradient(ramp: tuple[Rgba, ...]) -> str:
    stops = (f"rgba({r * 255:.0f},{g * 255:.0f},{b * 255:.0f},{alpha:.2f})" for r, g, b, alpha in ramp)
    return f"linear-gradient(to right, {', '.join(stops)})"


def _evidence(parts: ReportParts) -> Words:
    prediction = parts.result.prediction
    answer = prediction.classes.index(prediction.winner)
    try:
        shown, total = evidence_map(prediction, answer, None), evidence_sum(prediction, answer)
    except QuestionError:
        return {"evidence": None, "no_evidence": NO_EVIDENCE}
    picture = draw_map(parts.canvas, parts.result.tiles, shown.values, signed_ramp(), shown.limits)
    return {"evidence": {"sum": total.sentence(prediction.winner), "map": as_jpeg(picture), "legend": shown.legend}}


def _comparison(comparison: StageComparison) -> Words:
    if not comparison.pairs:
        return {"pairs": []}
    return {
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "top_percent": comparison.options.top_percent,
        "findings": findings(comparison),
        "coverage": as_data(coverage_figure(comparison.coverage, SHEET)),
    }


def _pair(pair: StagePair) -> Words:
    known = isfinite(pair.mpp)
    um, px0 = (pair.distance_um, pair.distance_um_by_chance), (pair.distance_px0, pair.distance_px0_by_chance)
    distance = um if known else px0
    return {
        "name": f"Stages {pair.one + 1} and {pair.other + 1}",
        "overlap": _beside(pair.overlap, pair.overlap_by_chance, ".2f"),
        "correlation": _number(pair.rank_correlation, "+.2f"),
        "distance": f"{_beside(*distance, ',.0f')} {'µm' if known else 'pixels'}",
    }


def _beside(figure: float, by_chance: float, form: str) -> str:
    return f"{figure:{form}} ({by_chance:{form}})" if isfinite(figure) else UNKNOWN


def _number(figure: float, form: str) -> str:
    return f"{figure:{form}}" if isfinite(figure) else UNKNOWN


def _examination(parts: ReportParts) -> Words:
    examination = parts.examination
    if examination is None:
        return {"examination": None, "no_examination": parts.no_examination}
    return {
        "examination": {
            "sentences": examination.sentences,
            "curves": as_data(faithfulness_figure(examination.faithfulness, SHEET)),
            "areas": examination.faithfulness.areas_summary,
            "stable": [
                {
                    "name": stage_name(stage.stage),
                    "correlation": _number(stage.rank_correlation, ".2f"),
                    "claims": _number(stage.same_claims, ".2f"),
                }
                for stage in examination.stability.stages
            ],
        }
    }


def _question(saved: SavedQuestion) -> Words:
    steps = ", ".join(map(str, saved.question.steps))
    return {
        "text": str(saved.question),
        "steps": steps if saved.question.name else "",
        "left": saved.left,
        "changes": [f"{was:.3f} → {now:.3f}" for was, now in zip(saved.before, saved.after, strict=True)],
    }


def _provenance(result: SlideResult) -> list[tuple[str, str]]:
    options = result.options
    chosen = (f"{name} {value}" for name, value in options.items() if name not in ("encoder", "encoder_sha256"))
    return [
        ("Model", f"{result.model.name}, preset {result.model.preset}, {result.model.stages} stages"),
        ("Model file, SHA-256", result.model.sha256),
        ("Encoder", f"{options.get('encoder', UNKNOWN)} {options.get('encoder_sha256', '')}"),
        ("Options", "; ".join(chosen)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in result.versions.items())),
        ("Result made", result.created),
        ("Report written", now()),
    ]
