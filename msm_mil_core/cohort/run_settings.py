"""What all slides of a run share: the model, and every choice; enough to run one of them anywhere."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.encoders.encoder_on_demand import find_encoder
from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, load_checkpoint
from msm_mil_core.options import Options
from msm_mil_core.pipeline import completed
from msm_mil_core.slides.readers.reader_choice import ReaderChoice


class RunSettings(Options):
    """What all slides of a run share."""

    model: Path
    """The model file."""
    model_sha256: str
    """Of that file: another one in its place is refused."""
    encoder: str
    """The model's encoder."""
    encoder_sha256: str
    """Of its weights; empty where the model does not state it."""
    analysis: AnalysisOptions
    """With the side and the pixel size of tiles that the model asks for."""
    reader: ReaderChoice = "auto"
    """What reads the pixels."""
    region_class: tuple[str, ...] = ()
    """Only polygons of this class limit a run."""
    features_folder: Path | None = None
    """Where features are cached for reuse; None caches none."""
    listed: bool = False
    """Whether the folder gets a table and an index, for which pictures of each slide are made."""
    overwrite: bool = False
    """Whether results that differ are replaced."""

    def load_model(self) -> Checkpoint:
        """Return the model, which is read once in a process.

        Raises
        ------
        CheckpointError
            If it cannot be read, or is another one by now.
        """
        return _model(self.model, self.model_sha256)

    def find_encoder_sha256(self) -> str:
        """Return the hash of the encoder's weights; where the model does not state it, those of this machine count."""
        return self.encoder_sha256 or installed_sha256(self.encoder)


def settings_for(checkpoint: Checkpoint, analysis: AnalysisOptions, **more: Any) -> RunSettings:
    """Return the settings for a model from a file."""
    if checkpoint.path is None:
        raise ValueError(f"{checkpoint.name} is in no file")
    return RunSettings(
        model=checkpoint.path.absolute(),
        model_sha256=checkpoint.sha256,
        encoder=checkpoint.encoder,
        encoder_sha256=checkpoint.encoder_sha256,
        analysis=completed(analysis, checkpoint),
        **more,
    )


@lru_cache(maxsize=2)
def _model(path: Path, sha256: str) -> Checkpoint:
    checkpoint = load_checkpoint(path)
    if checkpoint.sha256 != sha256:
        raise CheckpointError(
            f"{path} is not the model of this run (sha256 {checkpoint.sha256[:12]}… instead of {sha256[:12]}…). "
            "Put that one back, or start a new run with another --out folder."
        )
    return checkpoint


@lru_cache(maxsize=2)
def installed_sha256(encoder: str) -> str:
    """Return the hash of an encoder's weights on this machine: asked for once, as it may take the place of a run's own.

    Raises
    ------
    EncoderError
        If this machine does not have the encoder.
    """
    return find_encoder(encoder, device="cpu", precision="float32").card.weights_sha256
