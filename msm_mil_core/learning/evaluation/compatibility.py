"""Whether models can be evaluated on bags: the same classes, and features of the kind that they were trained on."""

from collections.abc import Iterator, Sequence

from msm_mil_core.bags.encoder_names import identity_of
from msm_mil_core.bags.feature_table import FeatureTable
from msm_mil_core.errors import EvaluationError
from msm_mil_core.learning.dataset.bag_selection import BagSelection
from msm_mil_core.learning.dataset.finding import listed
from msm_mil_core.learning.dataset.origin import same_scale
from msm_mil_core.mil.model_file.checkpoint import Checkpoint


def check_compatible(selection: BagSelection, checkpoints: Sequence[Checkpoint], encoder: str | None) -> None:
    """Check every model with the others and with every bag, before anything is computed.

    Parameters
    ----------
    encoder
        The one that made the features, where the files name it otherwise than the models do.

    Raises
    ------
    EvaluationError
        If the models have different classes, one does not know a label, or was trained on other features.
    ValueError
        If there is no model.
    """
    _check_classes(checkpoints)
    for checkpoint in checkpoints:
        _check_labels(selection, checkpoint)
        for table in selection.bags.tables:
            _check_features(table, checkpoint, encoder)


def tell_other_tiles(selection: BagSelection, checkpoints: Sequence[Checkpoint]) -> Iterator[str]:
    """Say which files state tiles of another side or scale than those that a model was trained on."""
    for checkpoint in checkpoints:
        other = [
            name
            for name, table in zip(selection.bags.names, selection.bags.tables, strict=True)
            if table.side_px not in {None, checkpoint.side_px}
            or (table.mpp is not None and not same_scale(table.mpp, checkpoint.mpp))
        ]
        if other:
            yield (
                f"The files of {listed(other)} state tiles of another size than those that {_file(checkpoint)} was "
                f"trained on ({checkpoint.side_px} px at {checkpoint.mpp:g} µm), so its figures are not of its use."
            )


def _check_classes(checkpoints: Sequence[Checkpoint]) -> None:
    if not checkpoints:
        raise ValueError("There is no model to evaluate.")
    first = checkpoints[0]
    for checkpoint in checkpoints[1:]:
        if set(checkpoint.classes) != set(first.classes):
            raise EvaluationError(
                f"{_file(checkpoint)} has the classes {', '.join(checkpoint.classes)}, but "
                f"{_file(first)} has {', '.join(first.classes)}. Compare models of the same classes."
            )


def _check_labels(selection: BagSelection, checkpoint: Checkpoint) -> None:
    bags = selection.bags
    for name, label in zip(bags.names, bags.labels, strict=True):
        if bags.classes[label] not in checkpoint.classes:
            raise EvaluationError(
                f"{selection.table} gives {name} the label {bags.classes[label]!r}, but the model {_file(checkpoint)} "
                f"knows only {', '.join(checkpoint.classes)}. Correct the label, or take the slide out of the table."
            )


def _check_features(table: FeatureTable, checkpoint: Checkpoint, encoder: str | None) -> None:
    one, other = table.encoder_sha256, checkpoint.encoder_sha256
    same_weights = bool(one) and one == other  # whatever the encoder is called
    named = encoder or table.encoder
    if not same_weights and named is not None and identity_of(named) != identity_of(checkpoint.encoder):
        raise EvaluationError(
            f"The features of {table.path} are of {named}, but the model {_file(checkpoint)} was trained on those "
            f"of {checkpoint.encoder}. Encode the slide with that one; or, if both names mean one encoder, say so "
            f"with --encoder {checkpoint.encoder}."
        )
    if not same_weights and one and other:
        raise EvaluationError(
            f"The features of {table.path} are of other weights of {checkpoint.encoder} (sha256 {one[:12]}…) than "
            f"those the model {_file(checkpoint)} was trained on ({other[:12]}…). Encode the slide with those weights."
        )
    if table.tiles and table.features != checkpoint.options.features:
        raise EvaluationError(
            f"{table.path} has {table.features} features per tile, but the model {_file(checkpoint)} expects "
            f"{checkpoint.options.features}. Encode the slide with {checkpoint.encoder}."
        )


def _file(checkpoint: Checkpoint) -> str:
    return checkpoint.name if checkpoint.path is None else str(checkpoint.path)
