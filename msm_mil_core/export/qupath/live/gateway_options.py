"""Where the gateway of a running QuPath is."""

from pydantic import Field, field_validator

from msm_mil_core.options import Options

DEFAULT_PORT = 25333
"""That of py4j, which QuPath's dialog suggests."""


class GatewayOptions(Options):
    """Where the gateway of a running QuPath is: on this computer, and nowhere else."""

    port: int = Field(DEFAULT_PORT, ge=1, le=65535)
    """The port that QuPath's dialog "Start Py4J Gateway" names."""
    token: str = Field("", repr=False)
    """The token of that dialog; empty if none was set."""

    @field_validator("token")
    @classmethod
    def _is_one_line(cls, token: str) -> str:
        """Take what was copied with the blanks around it; the gateway reads a token as one line."""
        plain = token.strip()
        if len(plain.splitlines()) > 1:
            raise ValueError("a token is one line: copy it from QuPath's dialog again")
        return plain
