"""What models say of cases, in the classes of each model."""

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from msm_mil_core.bags.bag_file import load_bag, load_features
from msm_mil_core.bags.foreign_formats import UNKNOWN
from msm_mil_core.errors import EvaluationError, FeatureFileError
from msm_mil_core.learning.dataset.bag_dataset import Origin
from msm_mil_core.learning.dataset.cases import Cases
from msm_mil_core.mil.checkpoint import Checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What one model says of B cases, beside what is true."""

    title: str
    """The model's name, with a number where others have the same."""
    classes: tuple[str, ...]
    """C names, in the order of the model."""
    labels: NDArray[np.int64]
    """(B,), indices into `classes`."""
    probabilities: NDArray[np.float64]
    """(B, C)."""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(B,), the most probable class of each."""
        chosen: NDArray[np.int64] = self.probabilities.argmax(1)
        return chosen

    @property
    def present(self) -> NDArray[np.int64]:
        """The classes that the cases show, in rising order: those that figures are averaged over."""
        return np.unique(self.labels)


def predict_cases(
    cases: Cases, checkpoints: Sequence[Checkpoint], *, encoder: str | None = None, device: str = "auto"
) -> Generator[Progress, None, tuple[Predictions, ...]]:
    """Read each bag once, ask every model, and let go of it.

    Parameters
    ----------
    encoder
        The one that made the features, where the files name it otherwise than the models do.
    device
        As `choose_device` takes it.

    Raises
    ------
    EvaluationError
        If a model does not know a label, or a bag's features are not of the kind it was trained on.
    FeatureFileError
        If a bag cannot be read.
    DeviceError
        If the device is missing, or fails.
    """
    labels = [_labels(cases, checkpoint) for checkpoint in checkpoints]
    logits: list[list[NDArray[np.float32]]] = [[] for _ in checkpoints]
    for done, path in enumerate(cases.paths):
        yield Progress("Asking the models", done, len(cases), "bags")
        features, origin = _read(path, encoder)
        for checkpoint, said in zip(checkpoints, logits, strict=True):
            _check_fits(checkpoint, features, origin, path)
            said.append(predict(checkpoint, features, device=device).logits)
    titles = _titles([checkpoint.name for checkpoint in checkpoints])
    return tuple(
        Predictions(title, checkpoint.classes, true, softmax(np.stack(said).astype(np.float64), axis=1))
        for title, checkpoint, true, said in zip(titles, checkpoints, labels, logits, strict=True)
    )


def _labels(cases: Cases, checkpoint: Checkpoint) -> NDArray[np.int64]:
    for name, label in zip(cases.names, cases.labels, strict=True):
        if label not in checkpoint.classes:
            raise EvaluationError(
                f"{cases.table} gives {name} the label {label!r}, but the model {_file(checkpoint)} knows only "
                f"{', '.join(checkpoint.classes)}. Correct the label, or take the slide out of the table."
            )
    return np.array([checkpoint.classes.index(label) for label in cases.labels], np.int64)


def _read(path: Path, encoder: str | None) -> tuple[NDArray[np.float32], Origin]:
    try:
        bag = load_bag(path)
    except FeatureFileError:  # other programs' files may not tell more than features
        return load_features(path), Origin(encoder)
    told = None if bag.encoder.name == UNKNOWN else bag.encoder.name
    return bag.features, Origin(encoder or told, bag.encoder.weights_sha256)


def _check_fits(checkpoint: Checkpoint, features: NDArray[np.float32], origin: Origin, path: Path) -> None:
    one, other = origin.encoder_sha256, checkpoint.encoder_sha256
    same_weights = bool(one) and one == other  # whatever the encoder is called
    if not same_weights and origin.encoder not in {None, checkpoint.encoder}:
        raise EvaluationError(
            f"The features of {path} are of {origin.encoder}, but the model {_file(checkpoint)} was trained on those "
            f"of {checkpoint.encoder}. Encode the slide with that one; or, if both names mean one encoder, say so "
            f"with --encoder {checkpoint.encoder}."
        )
    if not same_weights and one and other:
        raise EvaluationError(
            f"The features of {path} are of other weights of {checkpoint.encoder} (sha256 {one[:12]}…) than those "
            f"the model {_file(checkpoint)} was trained on ({other[:12]}…). Encode the slide with those weights."
        )
    if features.shape[1] != checkpoint.options.features:
        raise EvaluationError(
            f"{path} has {features.shape[1]} features per tile, but the model {_file(checkpoint)} expects "
            f"{checkpoint.options.features}. Encode the slide with {checkpoint.encoder}."
        )


def _file(checkpoint: Checkpoint) -> str:
    return checkpoint.name if checkpoint.path is None else str(checkpoint.path)


def _titles(names: Sequence[str]) -> list[str]:
    count = Counter(names)
    return [f"{name} ({place})" if count[name] > 1 else name for place, name in enumerate(names, start=1)]
