"""msm-mil import-model: a model made elsewhere becomes one of ours."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_models
from msm_mil_core.cli.outputs import check_free
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.model_file.checkpoint_name import SUFFIX, check_checkpoint_name


def import_model(
    weights: Path,
    /,
    *,
    options: Annotated[ImportOptions, Parameter(name="*")] = ImportOptions(),
    out_file: Annotated[Path | None, Parameter(name="--out")] = None,
    overwrite: bool = False,
) -> None:
    """Turn the weights of a model made elsewhere into a checkpoint for run, view and all else; it predicts the same.

    Known are CLAM (single branch, and multi-branch as one attention map a class), ABMIL with gates and without (Ilse et
    al.), ABMIL and FEATHER of MIL-Lab, and ABMIL and CLAM of torchmil, told from the names and shapes of their layers.
    Nothing in the file is run. What the file does not say is asked for; called with the file alone, the command says
    what the model is and what is missing.

    Parameters
    ----------
    weights
        A .pt, .pth, .ckpt or .bin file of PyTorch with the weights alone (a state dict), an .npz archive of NumPy, or a
        .safetensors file.
    out_file
        The model to write, a .safetensors file; by default beside the weights, with their name.
    overwrite
        Replace a model that already exists.
    """
    require_models([weights])
    target = _beside(weights) if out_file is None else out_file
    check_checkpoint_name(target)
    check_free(target, overwrite=overwrite, instead="another name for --out")
    from msm_mil_core.cli.work.import_model import convert

    convert(weights, options, target)


def _beside(weights: Path) -> Path:
    return weights.with_name(f"{weights.stem}{'-imported' if weights.suffix == SUFFIX else ''}{SUFFIX}")
