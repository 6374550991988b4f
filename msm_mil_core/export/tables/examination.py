"""An examination as JSON for programs; stages are counted from 1 as people do."""

from dataclasses import asdict

from pydantic import JsonValue

from msm_mil_core.explain.counterfactual import Counterfactual
from msm_mil_core.explain.examination import Examination
from msm_mil_core.explain.faithfulness import Curve, Faithfulness, StageEffect
from msm_mil_core.export.tables.json_file import Record, head, number, numbers
from msm_mil_core.export.tables.roles import AnswerRoles

SCHEMA = "msm-mil-examination/1"


def examination_json(examination: Examination, roles: AnswerRoles) -> Record:
    """Return roles, curves, effects, stability and small sets that decide as JSON; null where a value is undefined."""
    faithfulness, stability = examination.faithfulness, examination.stability
    return {
        **head(SCHEMA),
        "answer": faithfulness.answer,
        "probability": number(faithfulness.before),
        **roles.record(),
        "sentences": list(examination.sentences),
        "shares": _list(faithfulness.shares.tolist()),
        "curves": [_curve(faithfulness, curve, _name(curve)) for curve in faithfulness.curves],
        "random": _curve(faithfulness, faithfulness.random, "random"),
        "effects": [_effect(effect) for effect in faithfulness.effects],
        "stability": {
            **stability.options.model_dump(mode="json"),
            "probability": number(stability.probability),
            "probability_sd": number(stability.probability_sd),
            "stages": [
                {
                    "stage": stage.stage + 1,
                    "rank_correlation": number(stage.rank_correlation),
                    "same_claims": number(stage.same_claims),
                }
                for stage in stability.stages
            ],
        },
        "smallest_sets": [_set(found) for found in (examination.flip, examination.sufficient)],
    }


def _name(curve: Curve) -> JsonValue:
    return "all stages" if curve.stage is None else curve.stage + 1


def _curve(faithfulness: Faithfulness, curve: Curve, name: JsonValue) -> Record:
    return {
        "order": name,
        "deletion": _list(curve.deletion.tolist()),
        "insertion": _list(curve.insertion.tolist()),
        "deletion_sd": _list(curve.deletion_sd.tolist()),
        "insertion_sd": _list(curve.insertion_sd.tolist()),
        "deletion_area": number(faithfulness.deletion_area(curve)),
        "insertion_area": number(faithfulness.insertion_area(curve)),
        "deletion_area_sd": number(curve.deletion_area_sd),
        "insertion_area_sd": number(curve.insertion_area_sd),
    }


def _effect(effect: StageEffect) -> Record:
    return numbers(asdict(effect) | {"stage": effect.stage + 1})


def _set(found: Counterfactual) -> Record:
    return {
        "kind": found.kind,
        "found": found.found,
        "minimal": found.minimal,
        "asked": found.asked,
        "tiles": list(map(int, found.tiles.nonzero()[0])),
        "before": dict(zip(found.classes, found.before.tolist(), strict=True)),
        "after": dict(zip(found.classes, found.after.tolist(), strict=True)),
        "sentence": str(found),
    }


def _list(values: list[float]) -> list[JsonValue]:
    return [number(value) for value in values]
