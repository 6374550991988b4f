"""The models that were used last, remembered between sessions."""

from pathlib import Path

from napari_msm_mil.remembered import remember, remember_path, remembered, remembered_paths

RECENT, CHOSEN = "models/recent", "models/chosen"
MAX_MODELS = 8


def recent_models() -> tuple[Path, ...]:
    """Return the models used last whose files still exist, latest first; bundled ones are not among them."""
    return remembered_paths(RECENT)


def remember_model(path: Path, *, bundled: bool) -> None:
    """Put a model first among the recent ones unless it is bundled, and choose it in the next session."""
    remember(CHOSEN, str(path.absolute()))
    if not bundled:
        remember_path(RECENT, path, MAX_MODELS)


def chosen_model() -> str:
    """Return the path of the model that was chosen last; empty if none was."""
    return remembered(CHOSEN)
