"""msm-mil send: a result to a running QuPath."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_result
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions


def send(
    result: Path,
    /,
    *,
    gateway: Annotated[GatewayOptions, Parameter(name="*")] = GatewayOptions(),
    geojson: Annotated[GeoJsonOptions, Parameter(name="*")] = GeoJsonOptions(),
) -> int:
    """Send a result to the image that is open in QuPath on this computer: tiles, top tiles, colours, map of stage 1.

    QuPath's gateway must run: Extensions > Py4J > Start Py4J Gateway. What was sent or imported before is replaced.
    Needs the extra qupath: pip install 'napari-msm-mil[qupath]'.

    Parameters
    ----------
    result
        Result file (.msm.h5) of `msm-mil run` or of the napari window.
    """
    require_result(result)
    from msm_mil_core.cli.work.send import send_to_qupath

    return send_to_qupath(result, gateway, geojson)
