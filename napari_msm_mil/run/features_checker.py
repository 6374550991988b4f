"""Finds out, in a thread, whether features that were chosen fit slide and model; asked again when these change."""

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from msm_mil_core.errors import EncoderNameError, MsmMilError
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.progress import Progress
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.run.features_choice import FeaturesChoice
from napari_msm_mil.run.run_job import options_of

if TYPE_CHECKING:  # opening the dock does not need what it imports
    from msm_mil_core.cohort.features.features_check import FoundFeatures


@dataclass(frozen=True, slots=True)
class FeaturesRequest:
    """What features are to be run with; compared to tell whether they must be looked at again."""

    slide: Path | None
    """None for features alone."""
    mpp: float | None
    model: Path
    model_encoder: str
    tiles: str
    """The options of tiles that a user chose, as text."""


class FeaturesChecker(QObject):
    """Keeps what is known of the chosen features up to date."""

    changed = Signal()
    """Whether the features fit is known now, or no longer."""

    def __init__(self, choice: FeaturesChoice) -> None:
        super().__init__(choice)
        self._choice = choice
        self._asked: tuple[object, ...] | None = None
        self.found: FoundFeatures | None = None
        """The features that fit; None while that is not known, or they do not."""
        self.problem = ""
        """Why they cannot be run, or that this is not known yet; empty if they can, or none are chosen."""
        self._latest = LatestJob(self)
        self._latest.succeeded.connect(self._on_found)
        self._latest.failed.connect(self._on_failed)

    def check(self, request: FeaturesRequest | None, choices: Mapping[str, object]) -> None:
        """Look at the chosen features, unless that was done for the same request; None waits for slide or model."""
        named = self._choice.named
        asked = None if named is None or request is None else (named, self._choice.same_encoder, request)
        if asked == self._asked:
            return
        self._asked, self.found, self.problem = asked, None, ""
        self._latest.cancel()
        if named is None or request is None:
            self._choice.show_said("")
            return
        self.problem = f"Looking at the features in {named.name}…"
        self._choice.show_said(self.problem)
        encoder = request.model_encoder if self._choice.same_encoder else None
        self._latest.request(Job(self.problem, partial(_look, request, named, encoder, dict(choices))))

    def stop(self) -> None:
        """Stop looking."""
        self._latest.cancel()

    def _on_found(self, found: "FoundFeatures") -> None:
        self.found, self.problem = found, ""
        self._choice.show_said(f"{found.path.name}: {found}. They fit the model.")
        self.changed.emit()

    def _on_failed(self, error: MsmMilError) -> None:
        self.problem = _in_short(str(error), self._choice.named)
        self._choice.show_said(self.problem, names_differ=isinstance(error, EncoderNameError))
        self.changed.emit()


def _in_short(text: str, named: Path | None) -> str:
    """Name files without their folder: the form is narrow, and the tool tip has the folder."""
    return text if named is None else text.replace(f"{named}{os.sep}", "").replace(str(named), named.name)


def _look(
    request: FeaturesRequest, named: Path, encoder: str | None, choices: Mapping[str, object]
) -> Generator[Progress, None, "FoundFeatures"]:
    from msm_mil_core.cohort.features.features_check import FeaturesQuestion, find_features  # imports torch: not before

    model, options = load_checkpoint(request.model), options_of(choices)
    question = FeaturesQuestion(named, request.slide, request.mpp, encoder)
    return (yield from find_features(question, model, options))
