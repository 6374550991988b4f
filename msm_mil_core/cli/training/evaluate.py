"""msm-mil evaluate: how good models are on bags that they were not trained on."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.atomic_write import check_writable
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.inputs import require_bags, require_models
from msm_mil_core.cli.outputs import check_free
from msm_mil_core.cli.training.evaluation_options import EvaluateOptions


def evaluate(
    bags: Path,
    /,
    *,
    labels: Path,
    model: Annotated[list[Path], Parameter(negative="")],
    options: Annotated[EvaluateOptions, Parameter(name="*")] = EvaluateOptions(),
) -> int:
    """Evaluate models on labelled bags: metrics with 95 % intervals, and each further model compared with the first.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    model
        Checkpoint (.safetensors) to evaluate; repeat for each further model.
    """
    require_models(model)
    require_bags(bags, labels)
    targets = [path for path in (options.json_file, options.figure) if path is not None]
    for path in targets:
        check_free(path, overwrite=options.overwrite)
        check_writable(path.parent)
    from msm_mil_core.cli.work.evaluate import evaluate_models

    evaluate_models(bags, labels, model, options)
    for path in targets:
        print_line(f"wrote {path}")
    return 0
