"""What a command reads is looked for before anything is imported that could read it."""

from collections.abc import Sequence
from pathlib import Path

from msm_mil_core.errors import CheckpointError, ResultError, SlideError, TrainingError
from msm_mil_core.learning.dataset.feature_folder import require_folder
from msm_mil_core.slides.formats.address import remote_address


def require_result(path: Path) -> None:
    """Refuse to begin with a result that is missing.

    Raises
    ------
    ResultError
        If it is.
    """
    if _is_missing(path):
        raise ResultError.missing(path)


def require_only_result(paths: Sequence[Path]) -> None:
    """Do the same where there is one; of several, those that are missing are told when it is their turn.

    Raises
    ------
    ResultError
        If the only one is missing.
    """
    if len(paths) == 1:
        require_result(paths[0])


def require_only_slide(paths: Sequence[Path]) -> None:
    """Do the same for a slide.

    Raises
    ------
    SlideError
        If the only one is missing.
    """
    if len(paths) == 1 and _is_missing(paths[0]):
        raise SlideError(f"There is no {paths[0]}. Check the path.")


def require_models(paths: Sequence[Path]) -> None:
    """Refuse to begin with models that are missing.

    Raises
    ------
    CheckpointError
        If one is.
    """
    for path in filter(_is_missing, paths):
        raise CheckpointError(f"There is no model {path}. Check the path.")


def require_bags(folder: Path, labels: Path) -> None:
    """Refuse to begin without bags or their labels.

    Raises
    ------
    TrainingError
        If the folder or the table is missing.
    """
    require_folder(folder)
    if _is_missing(labels):
        raise TrainingError(f"There is no table of labels {labels}. Check the path.")


def _is_missing(path: Path) -> bool:
    """Return whether there is certainly nothing; whatever else is wrong with a path is told by who reads it."""
    try:
        return not path.exists() and remote_address(path) is None
    except OSError:
        return False
