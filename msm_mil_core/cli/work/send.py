"""A result to a running QuPath: what the command send does."""

from pathlib import Path

from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.running.batch import annotations_in
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from msm_mil_core.export.qupath.live.send import send_result
from msm_mil_core.progress import finish
from msm_mil_core.results.result_file import load_result


def send_to_qupath(path: Path, gateway: GatewayOptions, options: GeoJsonOptions) -> int:
    """Send the result in a file, and return the exit code."""
    sent = finish(send_result(load_result(path), gateway, options, annotations_in(path)))
    print_line(str(sent))
    return 0
