"""msm-mil whatif: what the model would predict without a part of the slide, or for a part alone."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.asking.whatif_parts import Parts
from msm_mil_core.cli.inputs import require_result


def whatif(
    result: Path,
    /,
    *,
    parts: Annotated[Parts, Parameter(name="*")] = Parts(),
    name: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Ask the model about a part of a slide; the answer equals a run on just those tiles, and takes milliseconds.

    Parameters
    ----------
    result
        Result file (.msm.h5) of `msm-mil run` or of the napari window.
    name
        Save question and answer in the result under this name.
    as_json
        Print JSON instead of a table.
    """
    require_result(result)
    from msm_mil_core.cli.work.whatif import ask_result

    return ask_result(result, parts, name, as_json=as_json)
