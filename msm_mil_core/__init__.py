"""The core: from a slide to a prediction, one attention map per mask stage, without any window.

``import msm_mil_core as mm`` gives the names in `__all__`. Each is imported the first time it is used, so the import
itself loads neither numpy nor torch.
"""

from importlib import import_module

__version__ = "0.1.0"

_SOURCES = {
    # a slide, its tiles and their features
    "open_slide": "slides.slide",
    "find_tissue": "slides.tissue",
    "lay_tiles": "slides.tiles",
    "load_encoder": "encoders.registry",
    "encode_tiles": "encoders.encode",
    "load_bag": "bags.bag_file",
    # a model, and a run
    "default_checkpoint_path": "mil.checkpoint",
    "load_checkpoint": "mil.checkpoint",
    "save_checkpoint": "mil.checkpoint",
    "predict": "mil.predict",
    "AnalysisOptions": "pipeline",
    "analyse": "pipeline",
    "Progress": "progress",
    "finish": "progress",
    # a result
    "SlideResult": "results.slide_result",
    "load_result": "results.result_file",
    "save_result": "results.result_file",
    "load_annotations": "results.annotations",
    # questions
    "Question": "explain.what_if",
    "Step": "explain.what_if",
    "parse_selection": "explain.selection_syntax",
    "what_if": "explain.what_if:ask",
    "CompareOptions": "explain.stage_comparison",
    "compare_stages": "explain.stage_comparison",
    "ExamineOptions": "explain.examination",
    "measure_faithfulness": "explain.faithfulness",
    "find_flip": "explain.counterfactual",
    # files for others
    "read_regions": "export.qupath.import_regions",
    "write_geojson": "export.qupath.export",
    "write_figure": "export.figures.result_figure",
    "ReportOptions": "export.report.report",
    "write_report": "export.report.report",
    # training
    "read_bag_dataset": "learning.dataset.bag_dataset",
    "TrainOptions": "learning.training.train_options",
    "train": "learning.training.train",
    "select_bags": "learning.dataset.bag_selection",
    "evaluate": "learning.evaluation.compare_models:compare_models",
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
