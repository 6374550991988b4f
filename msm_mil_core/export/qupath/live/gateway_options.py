"""Where the gateway of a running QuPath is."""

from pydantic import Field

from msm_mil_core.options import Options

DEFAULT_PORT = 25333
"""That of py4j, which QuPath's dialog suggests."""


class GatewayOptions(Options):
    """Where the gateway of a running QuPath is: on this computer, and nowhere else."""

    port: int = Field(DEFAULT_PORT, ge=1, le=65535)
    """The port that QuPath's dialog "Start Py4J Gateway" names."""
    token: str = Field("", repr=False)
    """The token of that dialog; empty if none was set."""
