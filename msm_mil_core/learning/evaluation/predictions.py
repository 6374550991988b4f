"""What finished models predict for labelled bags, in the classes of each model."""

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What one model predicts for B bags, beside their labels."""

    title: str
    """The model's name, with a number where others have the same."""
    classes: tuple[str, ...]
    """C names, in the order of the model."""
    labels: NDArray[np.int64]
    """(B,), indices into `classes`."""
    probabilities: NDArray[np.float64]
    """(B, C)."""

    def __repr__(self) -> str:
        return f"<Predictions of {self.title}: {len(self.labels)} bags, {len(self.classes)} classes>"

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(B,), the most probable class of each."""
        chosen: NDArray[np.int64] = self.probabilities.argmax(1)
        return chosen

    @property
    def present(self) -> NDArray[np.int64]:
        """The classes that at least one bag has, in rising order: those that metrics are averaged over."""
        return np.unique(self.labels)


def predict_bags(
    bags: BagDataset, checkpoints: Sequence[Checkpoint], *, device: str = "auto"
) -> Generator[Progress, None, tuple[Predictions, ...]]:
    """Read each bag once, and give it to every model; no more than one is in memory.

    Parameters
    ----------
    device
        As `choose_device` takes it.

    Raises
    ------
    CheckpointError
        If a model expects features of another length.
    FeatureFileError, TrainingError
        If a bag cannot be read or used.
    DeviceError
        If the device is missing, or fails.
    ValueError
        If a model does not know a label.
    """
    logits: list[list[NDArray[np.float32]]] = [[] for _ in checkpoints]
    for index in range(len(bags)):
        yield Progress("Evaluating models", index, len(bags), "bags")
        features = bags.features(index)
        for checkpoint, of_model in zip(checkpoints, logits, strict=True):
            of_model.append(predict(checkpoint, features, device=device).logits)
    titles = _titles([checkpoint.name for checkpoint in checkpoints])
    return tuple(
        Predictions(
            title=title,
            classes=checkpoint.classes,
            labels=np.array([checkpoint.classes.index(bags.classes[label]) for label in bags.labels], np.int64),
            probabilities=softmax(np.stack(of_model).astype(np.float64), axis=1),
        )
        for title, checkpoint, of_model in zip(titles, checkpoints, logits, strict=True)
    )


def _titles(names: Sequence[str]) -> list[str]:
    count = Counter(names)
    return [f"{name} ({place})" if count[name] > 1 else name for place, name in enumerate(names, start=1)]
