"""What a model file says about how it came about."""

from collections.abc import Generator

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Indices
from msm_mil_core.learning.dataset.splits import Split
from msm_mil_core.learning.evaluation.evaluate import evaluate_model
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.progress import Progress

Record = dict[str, JsonValue]


def record_training(
    checkpoint: Checkpoint, bags: BagDataset, split: Split, options: TrainOptions
) -> Generator[Progress, None, Record]:
    """Return the record of a training: data, split, options, and metrics on the bags that it was not trained on."""
    parts, figures = {"train": split.train, "val": split.val, "test": split.test}, {}
    for name in ("val", "test"):
        if len(parts[name]):
            evaluation = yield from evaluate_model(checkpoint, bags.subset(parts[name]), device=options.device)
            figures[name] = dict(evaluation.summary())
    return {
        **options.card.model_dump(),
        "created_by": f"napari-msm-mil {__version__}",
        "classes": {name: int((bags.labels == index).sum()) for index, name in enumerate(bags.classes)},
        "split": {name: _size(bags, part) for name, part in parts.items()},
        "figures": figures,
        "training": options.model_dump(mode="json", exclude={"card", "name"}),
    }


def _size(bags: BagDataset, part: Indices) -> Record:
    return {"bags": len(part), "patients": len({bags.patients[index] for index in part})}
