"""Model files: weights as safetensors, and all that is needed to use them in the file's metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import safetensors
from numpy.typing import NDArray
from pydantic import Field, JsonValue, ValidationError, model_validator
from safetensors.numpy import save

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.model_file.checkpoint_name import SUFFIX, check_checkpoint_name
from msm_mil_core.mil.model_file.first_version import card_today, is_first_card, weights_today
from msm_mil_core.mil.model_file.weight_shapes import weight_flaw
from msm_mil_core.mil.model_options import ModelOptions
from msm_mil_core.mil.trust.training_tissue import TrainingTissue
from msm_mil_core.options import Options, describe_flaw

FORMAT: Literal["msm-mil-checkpoint/2"] = "msm-mil-checkpoint/2"
PICKLE_SUFFIXES = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}
BUNDLED = Path(__file__).parents[1] / "bundled"
LONGEST_HEADER = 100_000_000  # what safetensors itself allows, in bytes

_TISSUE = "tissue."  # what the names of tensors begin with that are no weights
_KEY = "msm-mil"  # the only key of the metadata: safetensors writes several in any order


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A trained model: its weights, what it expects, and its origin."""

    name: str
    options: ModelOptions
    classes: tuple[str, ...]
    """Names of the C classes, in the order of the logits."""
    encoder: str
    """The encoder whose features it was trained on, as `load_encoder` takes it."""
    encoder_sha256: str
    """Of that encoder's weights; empty if unknown."""
    side_px: int
    """Side of the tiles it was trained on."""
    mpp: float
    """Micrometres per pixel of those tiles."""
    record: Mapping[str, JsonValue]
    """Its origin: data, split, figures, limits, licence."""
    state: Mapping[str, NDArray[np.float32]]
    """The network's weights by name."""
    tissue: TrainingTissue | None = None
    """What it learnt from, against which a slide's tissue is compared; None in files of older versions."""
    path: Path | None = None
    """None before it is saved."""
    sha256: str = ""
    """Of the file; empty before it is saved."""

    def __repr__(self) -> str:
        classes = ", ".join(self.classes) if len(self.classes) < 5 else f"{len(self.classes)} classes"
        return (
            f"<Checkpoint {self.name}: {self.options.preset}, {self.options.stages} stages, {self.encoder}, {classes}>"
        )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a model file, and check that it is whole.

    Parameters
    ----------
    path
        A .safetensors file that `save_checkpoint` or `msm-mil train` has written.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is a pickle, is damaged, or is not a model of ours.
    """
    content = _read(path)
    try:
        tensors = dict(safetensors.deserialize(content))  # type: ignore[no-untyped-call]  # its stub has no types
    except safetensors.SafetensorError as exc:
        raise CheckpointError(f"{path} is damaged or was not copied whole ({exc}). Copy or download it again.") from exc
    card = _card_in(content, path)
    arrays = {name: _array(tensor) for name, tensor in tensors.items() if tensor["dtype"] == "F32"}
    weights = [name for name in arrays if not name.startswith(_TISSUE)]
    state = {name: arrays[name] for name in weights_today(weights, card.options)}
    if flaw := weight_flaw(state, card.options):
        raise CheckpointError(f"{path} is not a complete model: {flaw}. Ask for the file, or train the model again.")
    return Checkpoint(
        **card.model_dump(include={"name", "classes", "encoder", "encoder_sha256", "side_px", "mpp", "record"}),
        options=card.options,
        state=state,
        tissue=_tissue_in(arrays, card.options.features, path),
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """Write a model file, and return the checkpoint with its path and hash; the same content gives the same bytes.

    Parameters
    ----------
    path
        A name that ends in .safetensors; a file of this name is replaced.

    Raises
    ------
    ValueError
        If the weights or the classes do not fit the options.
    CheckpointError
        If the name does not end in .safetensors.
    OutputError
        If the file cannot be written.
    """
    check_checkpoint_name(path)
    if flaw := weight_flaw(checkpoint.state, checkpoint.options):
        raise ValueError(f"The weights do not fit the options: {flaw}.")
    arrays = {name: np.ascontiguousarray(weight, np.float32) for name, weight in checkpoint.state.items()}
    if checkpoint.tissue is not None:
        arrays |= {f"{_TISSUE}{name}": array for name, array in checkpoint.tissue.tensors().items()}
    content = save(arrays, metadata={_KEY: _card_of(checkpoint).written()})
    with whole_file(path) as part:
        part.write_bytes(content)
    return replace(checkpoint, path=path, sha256=hashlib.sha256(content).hexdigest())


def check_fits(checkpoint: Checkpoint, encoder: EncoderCard) -> None:
    """Refuse features on which the model was not trained.

    Raises
    ------
    CheckpointError
        If their length, or the weights of the encoder that made them, differ from what the model was trained on.
    """
    wanted = f"the model {checkpoint.name} was trained on {checkpoint.options.features} of {checkpoint.encoder}"
    if encoder.features != checkpoint.options.features:
        raise CheckpointError(
            f"{encoder.name} gives {encoder.features} features per tile, but {wanted}. "
            f"Use {checkpoint.encoder}, or a model that was trained on {encoder.name}."
        )
    if checkpoint.encoder_sha256 and encoder.weights_sha256 not in {"", checkpoint.encoder_sha256}:
        raise CheckpointError(
            f"The weights of {encoder.name} (sha256 {encoder.weights_sha256[:12]}…) are not those that the model "
            f"{checkpoint.name} was trained with ({checkpoint.encoder}, sha256 {checkpoint.encoder_sha256[:12]}…). "
            "Install those weights, or train the model again on these."
        )


def bundled_checkpoints() -> tuple[Path, ...]:
    """Return the model files that come with this package, by name."""
    return tuple(sorted(BUNDLED.glob(f"*{SUFFIX}")))


def bundled_record(sha256: str) -> Mapping[str, JsonValue]:
    """Return the record of the bundled model of this hash; empty if there is none."""
    found = (path for path in bundled_checkpoints() if hashlib.sha256(path.read_bytes()).hexdigest() == sha256)
    return next((load_checkpoint(path).record for path in found), {})


def default_checkpoint_path() -> Path:
    """Return the file of the bundled demonstration model, which is used where no other is named.

    Raises
    ------
    CheckpointError
        If this installation has no bundled model.
    """
    bundled = bundled_checkpoints()
    if not bundled:
        raise CheckpointError(f"No model is bundled in {BUNDLED}. Install the package again, or name a model file.")
    return bundled[0]


class _Card(Options):
    """The metadata of a model file."""

    format: Literal["msm-mil-checkpoint/2"] = FORMAT
    name: str = Field(min_length=1)
    options: ModelOptions
    classes: tuple[str, ...]
    encoder: str = Field(min_length=1)
    encoder_sha256: str
    side_px: int = Field(ge=1)
    mpp: float = Field(gt=0, allow_inf_nan=False)
    record: dict[str, JsonValue]

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, written: Any) -> Any:
        return {**card_today(written), "format": FORMAT} if is_first_card(written) else written

    @model_validator(mode="after")
    def _names_every_class(self) -> Self:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) != self.options.classes:
            raise ValueError(f"{self.options.classes} classes need as many different names, not {self.classes}")
        return self

    def written(self) -> str:
        """Return the card as JSON that depends on its content only."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, allow_nan=False, ensure_ascii=False)


def _card_of(checkpoint: Checkpoint) -> _Card:
    return _Card(**{name: getattr(checkpoint, name) for name in _Card.model_fields if name != "format"})


def _card_in(content: bytes, path: Path) -> _Card:
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    written = header.get("__metadata__", {}).get(_KEY)
    if written is None:
        raise CheckpointError(
            f"{path} is a safetensors file, but not a model of MSM-MIL: its metadata does not describe a model. "
            "Choose a file that msm-mil train has written."
        )
    try:
        return _Card.model_validate_json(written)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the card"
        raise CheckpointError(
            f"{path} has metadata that this version cannot read ({where}: {describe_flaw(first)}). "
            "Update napari-msm-mil, or ask for the model again."
        ) from exc


def _tissue_in(arrays: Mapping[str, NDArray[np.float32]], features: int, path: Path) -> TrainingTissue | None:
    found = {name.removeprefix(_TISSUE): array for name, array in arrays.items() if name.startswith(_TISSUE)}
    try:
        return TrainingTissue.of_tensors(found, features) if found else None
    except ValueError as exc:
        raise CheckpointError(
            f"{path} does not say what the model learnt from as this version reads it ({exc}). "
            "Ask for the file, or train the model again."
        ) from exc


def _array(tensor: Mapping[str, Any]) -> NDArray[np.float32]:
    array: NDArray[np.float32] = np.frombuffer(tensor["data"], np.float32).reshape(tensor["shape"])
    return array


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(9)
            _refuse_strangers(start, path)
            return start + file.read()
    except OSError as exc:
        raise CheckpointError(f"Cannot read the model {path}: {exc.strerror or exc}. Check the path.") from exc


def _refuse_strangers(start: bytes, path: Path) -> None:
    ours = len(start) == 9 and start.endswith(b"{") and int.from_bytes(start[:8], "little") <= LONGEST_HEADER
    pickled = start.startswith(b"PK") or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05")
    if path.suffix.lower() in PICKLE_SUFFIXES or (pickled and not ours):
        raise CheckpointError(
            f"{path} is a pickle, and is not opened: a pickle can run any program that was put into it. "
            f"Ask for the model as {SUFFIX}."
        )
    if not ours:
        raise CheckpointError(f"{path} is not a model file. Choose a {SUFFIX} file that msm-mil train has written.")
