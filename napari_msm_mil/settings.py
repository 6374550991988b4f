"""What the user chose for this plugin under napari's Preferences; the manifest declares it."""

from dataclasses import dataclass
from pathlib import Path

from napari.settings import get_plugin_settings

from msm_mil_core.slides.formats.color_choice import ColorChoice

PLUGIN = "napari-msm-mil"


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices as they are now; without any, the defaults of the manifest."""

    results_folder: Path | None = None
    """Where runs are saved; None for the folder of the user's data."""
    features_folder: Path | None = None
    """Where features are cached; None for the user's cache."""
    device: str = "auto"
    """On what runs are offered to run first."""
    screen_colors: ColorChoice = "srgb"
    """In which colours slides with an ICC profile are shown."""
    colour_bar: bool = True
    """Whether napari's colour bar stands beside a map that has the canvas to itself."""


def user_settings() -> Settings:
    """Return what is chosen; the defaults where napari does not know the plugin, as in a script that makes the dock."""
    try:
        chosen = get_plugin_settings(PLUGIN)
    except KeyError:
        return Settings()
    return Settings(
        results_folder=_folder(chosen.files.results_folder),
        features_folder=_folder(chosen.files.features_folder),
        device=chosen.run.device,
        screen_colors=chosen.display.screen_colors,
        colour_bar=chosen.display.colour_bar,
    )


def keep_screen_colors(colors: ColorChoice) -> None:
    """Show slides that are opened from now on in these colours, as far as napari knows the plugin."""
    try:
        get_plugin_settings(PLUGIN).display.screen_colors = colors
    except KeyError:
        return


def _folder(typed: str) -> Path | None:
    return Path(typed.strip()).expanduser().absolute() if typed.strip() else None
