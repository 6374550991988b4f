"""The core: from a slide to a prediction, one attention map per mask stage, without any window.

``import msm_mil_core as mm`` gives the names in `__all__`. Each is imported the first time it is used, so the import
itself loads neither numpy nor torch.
"""

from importlib import import_module

__version__ = "0.1.0"

_SOURCES = {
    # a run
    "open_slide": "slides.slide",
    "default_checkpoint_path": "mil.model_file.checkpoint",
    "load_checkpoint": "mil.model_file.checkpoint",
    "AnalysisOptions": "analysis_options",
    "analyse": "pipeline",
    "finish": "progress",
    # a result
    "load_result": "results.result_file",
    "save_result": "results.result_file",
    "load_annotations": "results.annotations",
    # questions
    "CompareOptions": "explain.comparison_options",
    "compare_stages": "explain.stage_comparison",
    "stage_roles": "explain.stage_role",
    "parse_selection": "explain.selections.selection_syntax",
    "Step": "explain.what_if",
    "Question": "explain.what_if",
    "what_if": "explain.what_if:ask",
    "ExamineOptions": "explain.examination_options",
    "examine": "explain.examination",
    # files for other programs and people
    "write_geojson": "export.qupath.export",
    "write_report": "export.report.report",
    # training, and features alone
    "read_bag_dataset": "learning.dataset.bag_dataset",
    "TrainOptions": "learning.training.train_options",
    "train": "learning.training.train",
    "save_checkpoint": "mil.model_file.checkpoint",
    "select_bags": "learning.dataset.bag_selection",
    "evaluate": "learning.evaluation.compare_models:compare_models",
    "load_bag": "bags.bag_file",
    "predict": "mil.predict",
    # what a user can put right
    "MsmMilError": "errors",
}
"""Where each public name comes from: "module", or "module:name" where it has another name there."""

__all__ = list(_SOURCES)


def __getattr__(name: str) -> object:
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, original = _SOURCES[name].partition(":")
    value: object = getattr(import_module(f"{__name__}.{module}"), original or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_SOURCES})
