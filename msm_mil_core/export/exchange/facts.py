"""What a file for another program says of its origin: texts by their names, that any format can hold."""

import unicodedata
from collections.abc import Iterable
from itertools import count

from msm_mil_core import __version__
from msm_mil_core.export.tables.json_file import WARNING
from msm_mil_core.results.slide_result import SlideResult

NAMESPACE = "napari-msm-mil/result/1"
"""Of the facts, where a format asks for a name."""
NOT_SHOWN = "A missing value (NaN) is where there is no tile, or the stage was not shown it."


def result_facts(result: SlideResult) -> dict[str, str]:
    """Return slide, model, tiles and answer of a result; nothing is empty, and what is not known is left out."""
    slide, tiles, model = result.slide, result.tiles, result.model
    facts = {
        "created_by": f"napari-msm-mil {__version__}",
        "warning": WARNING,
        "missing_values": NOT_SHOWN,
        "run": result.created,
        "slide": slide.name,
        "slide_quick_hash": slide.quick_hash,
        "slide_size_px0": _pair(slide.size_px0),
        "mpp": "" if slide.mpp is None else repr(slide.mpp),
        "mpp_origin": slide.mpp_origin,
        "bounds_origin_px0": _pair(slide.origin_px0),
        "bounds_size_px0": _pair(slide.extent_px0),
        "tile_side_px0": str(tiles.side_px0),
        "tiles": str(len(tiles)),
        "encoder": str(result.options.get("encoder") or ""),
        "model": model.name,
        "model_sha256": model.sha256,
        "preset": model.preset,
        "claimed_tiles": "hidden from later stages" if result.prediction.masks_applied else "shown to later stages",
        "answer": result.prediction.winner,
        "worth": result.worth.badge,
        "tissue": result.worth.unlike,
    }
    chances = zip(result.prediction.classes, result.prediction.probabilities.tolist(), strict=True)
    facts |= {f"P({name})": f"{chance:.6g}" for name, chance in chances}
    weights = enumerate((stage.beta for stage in result.prediction.stages), start=1)
    facts |= {f"weight of stage {number}": f"{beta:.6g}" for number, beta in weights}
    said = {name: plain_text(fact) for name, fact in facts.items() if fact}
    return dict(zip(plain_names(said), said.values(), strict=True))


def plain_text(text: str) -> str:
    """Return text that XML, UTF-8 and DICOM can hold: what names of files may contain besides becomes a space."""
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Co") else letter for letter in text)


def plain_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as `plain_text` does, those that become the same with a number: none stands for two columns."""
    plain: list[str] = []
    for name in map(plain_text, names):
        again = (f"{name} ({number})" for number in count(2))
        plain.append(name if name not in plain else next(each for each in again if each not in plain))
    return tuple(plain)


def _pair(values: tuple[int, int]) -> str:
    return f"{values[0]} {values[1]}"
