"""msm-mil encoders: which encoders can be used, or whether one of them can."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out


def encoders(*, check: str | None = None) -> int:
    """List the encoders and what each needs, or look up one before a run asks for it.

    Parameters
    ----------
    check
        Name of an encoder as `load_encoder` takes it (efficientnet-lite0, timm:NAME, timm:hf-hub:OWNER/NAME,
        timm:NAME@FILE, zoo:KEY): whether its weights are on this machine, can be reached or are gated, and what to do
        then; its features, tile side, mpp and licence. Nothing but a small description is downloaded.
    """
    if check is None:
        from msm_mil_core.encoders.registry import known_encoders

        headers = ("name", "features", "side", "mpp", "licence", "state")
        _print("Encoders", headers, (listing.row() for listing in known_encoders()))
        return 0
    from msm_mil_core.encoders.encoder_check import check_encoder

    found = check_encoder(check)
    _print(found.name, ("", ""), found.rows())
    out.print("It can be used." if found.usable else "It cannot be used here as things are.")
    return 0 if found.usable else 1


def _print(title: str, headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(*headers, title=title, title_justify="left", show_header=any(headers))
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)
