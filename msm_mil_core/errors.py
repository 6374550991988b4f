"""Errors that a user can put right: each message says what happened, to which file, and what to do."""

from pathlib import Path
from typing import Self


class MsmMilError(Exception):
    """Something a user can put right; the base of all our own errors."""


class SlideError(MsmMilError):
    """A slide cannot be opened, read or used as it is."""


class SlideListError(MsmMilError):
    """A list of slides that names what is not there, or what cannot be told apart."""


class OptionsFileError(MsmMilError):
    """A file of options that cannot be read, or names what is no option."""


class CohortError(MsmMilError):
    """A folder of results that cannot be continued as it was begun."""


class TissueError(MsmMilError):
    """No tissue, or no tile with enough of it, was found."""


class RegionError(MsmMilError):
    """A region cannot be read, crosses itself or misses the slide."""


class EncoderError(MsmMilError):
    """An encoder is unknown, or its weights are missing, gated or damaged."""


class DeviceError(MsmMilError):
    """A computing device is missing, or failed while it computed."""


class BatchTooLargeError(DeviceError):
    """The device has too little memory for a batch of tiles; a smaller one may do."""


class FeatureFileError(MsmMilError):
    """A file of features cannot be read or does not fit."""


class CheckpointError(MsmMilError):
    """A model file cannot be read, is refused, or does not fit the features."""


class EncoderNameError(CheckpointError):
    """Features of the right length are of an encoder of another name than the model's: perhaps the same one."""


class ForeignModelError(CheckpointError):
    """A file of weights that was made elsewhere: it may be imported."""


class TrainingError(MsmMilError):
    """Bags and labels on which no model can be trained."""


class EvaluationError(MsmMilError):
    """Bags, labels and models that cannot be evaluated together."""


class QuestionError(MsmMilError):
    """A question that cannot be asked of this result."""


class ResultError(MsmMilError):
    """A result file cannot be read or has another schema."""

    @classmethod
    def missing(cls, path: Path) -> Self:
        """Return the error of a path where there is nothing."""
        return cls(f"There is no result file {path}. Check the path; results end in .msm.h5.")


class OutputError(MsmMilError):
    """Something cannot be written to the given path."""


class Hdf5Error(MsmMilError):
    """An HDF5 file is none, is damaged, reaches outside itself, or claims more than it can hold."""


class QuPathError(MsmMilError):
    """A running QuPath cannot be reached, shows another slide, or refuses what it is asked for."""
