from msm_mil_core.bags.bag_file import load_bag
from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.errors import MsmMilError
from msm_mil_core.explain.counterfactual import find_flip
from msm_mil_core.explain.examination import ExamineOptions
from msm_mil_core.explain.faithfulness import measure_faithfulness
from msm_mil_core.explain.selection_syntax import parse_selection
from msm_mil_core.explain.stage_comparison import CompareOptions, compare_stages
from msm_mil_core.explain.what_if import Question, Step
from msm_mil_core.explain.what_if import ask as what_if
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.export.report.report import ReportOptions, write_report
from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.bag_selection import select_bags
from msm_mil_core.learning.evaluation.compare_models import compare_models as evaluate
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import default_checkpoint_path, load_checkpoint, save_checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.pipeline import AnalysisOptions, analyse
from msm_mil_core.progress import Progress, finish
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiles import lay_tiles
from msm_mil_core.slides.tissue import find_tissue

__all__ = [
    "AnalysisOptions",
    "CompareOptions",
    "ExamineOptions",
    "MsmMilError",
    "Progress",
    "Question",
    "ReportOptions",
    "SlideResult",
    "Step",
    "TrainOptions",
    "analyse",
    "compare_stages",
    "default_checkpoint_path",
    "encode_tiles",
    "evaluate",
    "find_flip",
    "find_tissue",
    "finish",
    "lay_tiles",
    "load_annotations",
    "load_bag",
    "load_checkpoint",
    "load_encoder",
    "load_result",
    "measure_faithfulness",
    "open_slide",
    "parse_selection",
    "predict",
    "read_bag_dataset",
    "read_regions",
    "save_checkpoint",
    "save_result",
    "select_bags",
    "train",
    "what_if",
    "write_figure",
    "write_geojson",
    "write_report",
]

__version__: str
