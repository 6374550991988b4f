"""How the command line writes the metrics of models in tables."""

from collections.abc import Mapping
from math import isnan, nan

UNDEFINED = "nan"

COLUMNS = ("AUC (95 % interval)", "balanced accuracy", "log loss")


def cells(summary: Mapping[str, float | None]) -> tuple[str, ...]:
    """Return the cells of `COLUMNS` for the summary of an evaluation, as an `Evaluation` or a model file gives it."""
    values = {name: nan if value is None else value for name, value in summary.items()}
    auc = with_interval(values["auc"], values["auc_low"], values["auc_high"])
    return auc, f"{values['balanced_accuracy']:.3f}", f"{values['log_loss']:.3f}"


def above(difference: Mapping[str, float | None]) -> str:
    """Return a paired difference with its interval, as a record holds it."""
    values = {name: nan if value is None else value for name, value in difference.items()}
    return with_interval(values["value"], values["low"], values["high"], "+.3f")


def with_interval(value: float, low: float, high: float, form: str = ".3f") -> str:
    """Return a value with its 95 % interval."""
    return UNDEFINED if isnan(value) else f"{value:{form}} ({low:{form}} to {high:{form}})"
