"""A model made elsewhere becomes a checkpoint of ours: exactly its weights, and where it came from."""

from pydantic import JsonValue

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import ForeignModel
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_file.weight_shapes import weight_flaw


def as_checkpoint(model: ForeignModel, options: ImportOptions) -> Checkpoint:
    """Return a checkpoint that predicts what a model made elsewhere does.

    Raises
    ------
    CheckpointError
        If something is missing that the model's file does not say, or its weights are not finite.
    """
    path = model.source.path
    if missing := options.missing(model.options.classes):
        raise CheckpointError(f"{path} is {model}. {_ask_for(missing, model)}")
    if len(set(options.classes)) != len(options.classes):
        raise CheckpointError(f"Two classes of {path} have one name: {', '.join(options.classes)}.")
    if options.negative and options.negative not in options.classes:
        raise CheckpointError(f"The negative class {options.negative!r} is none of {', '.join(options.classes)}.")
    if flaw := weight_flaw(model.state, model.options):
        raise CheckpointError(f"{path} cannot be imported: {flaw}.")
    return Checkpoint(
        name=options.name or path.stem,
        options=model.options,
        classes=options.classes,
        encoder=options.encoder,
        encoder_sha256=options.encoder_sha256,
        side_px=options.side_px or 0,
        mpp=options.mpp or 0.0,
        record=_record(model, options),
        state=model.state,
    )


def _ask_for(missing: tuple[str, ...], model: ForeignModel) -> str:
    count = model.options.classes
    order = "first for a low output, then for a high one" if model.one_output else "in the order of its outputs"
    meaning = {
        "--class": f"--class, {count} times ({order})",
        "--encoder": "--encoder (whose features it was trained on)",
        "--side-px": "--side-px (of the tiles, as the encoder got them)",
        "--mpp": "--mpp (micrometres per pixel of these tiles)",
    }
    return f"The file does not say what it is about; give {', '.join(meaning[each] for each in missing)}."


def _record(model: ForeignModel, options: ImportOptions) -> dict[str, JsonValue]:
    told = {"data": options.data, "licence": options.licence, "negative": options.negative}
    return {name: value for name, value in told.items() if value} | {
        "imported": {
            "from": model.source.path.name,
            "sha256": model.source.sha256,
            "structure": str(model),
            "assumed": list(model.assumed),
            "left_out": list(model.left_out),
        }
    }
