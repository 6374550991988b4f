from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag_file import load_bag
from msm_mil_core.errors import MsmMilError
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.examination import examine
from msm_mil_core.explain.examination_options import ExamineOptions
from msm_mil_core.explain.selections.selection_syntax import parse_selection
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.explain.stage_role import stage_roles
from msm_mil_core.explain.what_if import Question, Step
from msm_mil_core.explain.what_if import ask as what_if
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.report.report import write_report
from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.bag_selection import select_bags
from msm_mil_core.learning.evaluation.compare_models import compare_models as evaluate
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint, save_checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.slides.slide import open_slide

__all__ = [
    "AnalysisOptions",
    "CompareOptions",
    "ExamineOptions",
    "MsmMilError",
    "Question",
    "Step",
    "TrainOptions",
    "analyse",
    "compare_stages",
    "default_checkpoint_path",
    "evaluate",
    "examine",
    "finish",
    "load_annotations",
    "load_bag",
    "load_checkpoint",
    "load_result",
    "open_slide",
    "parse_selection",
    "predict",
    "read_bag_dataset",
    "save_checkpoint",
    "save_result",
    "select_bags",
    "stage_roles",
    "train",
    "what_if",
    "write_geojson",
    "write_report",
]

__version__: str
