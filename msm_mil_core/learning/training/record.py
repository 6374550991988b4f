"""What a model file tells about how it came about."""

from dataclasses import asdict

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import Indices, Split
from msm_mil_core.learning.evaluation.evaluate import Figures, answer, measure
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.network import MsmMil

Record = dict[str, JsonValue]


def record_of(network: MsmMil, bags: BagDataset, split: Split, options: TrainOptions) -> Record:
    """Return the record of a training: data, split, options, and figures on the bags that were not learnt from."""
    parts = {"val": split.val, "test": split.test}
    return {
        **options.card.model_dump(),
        "created_by": f"napari-msm-mil {__version__}",
        "classes": {name: int((bags.labels == index).sum()) for index, name in enumerate(bags.classes)},
        "split": {name: _size(bags, part) for name, part in {"train": split.train, **parts}.items()},
        "figures": {name: asdict(_figures(network, bags, part)) for name, part in parts.items() if len(part)},
        "training": options.model_dump(mode="json", exclude={"card", "name"}),
    }


def _size(bags: BagDataset, part: Indices) -> Record:
    return {"bags": len(part), "patients": len({bags.patients[index] for index in part})}


def _figures(network: MsmMil, bags: BagDataset, part: Indices) -> Figures:
    return measure(bags.labels[part], answer(network, bags, part), [bags.patients[index] for index in part])
