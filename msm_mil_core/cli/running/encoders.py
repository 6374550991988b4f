"""msm-mil encoders: which encoders can be used."""

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out


def encoders() -> None:
    """List the encoders and what each needs."""
    from msm_mil_core.encoders.registry import known_encoders

    table = Table("name", "features", "side", "mpp", "licence", "state", title="Encoders", title_justify="left")
    for listing in known_encoders():
        table.add_row(*map(Text, listing.row()))
    out.print(table)
