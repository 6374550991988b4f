"""Which texts are most likely the same word or number, written differently."""

import re
import unicodedata
from collections.abc import Iterable

_MISSING = {"", "na", "#na", "nan", "nat", "null", "#null!", "nil", "none", "missing", "unknown", "notavailable"}
"""As `likeness` gives what pandas, R, Excel and people write where there is no value."""
_SIGNS_OF_NOTHING = set("-–—?.…/*")
_WHOLE = re.compile(r"\+?(-?\d+)[.,]0*")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s_/‐-―-]+(?=\d)")
_SEPARATORS = re.compile(r"(?<=\w)(?:[\s_/‐-―-]|(?<!\d)\.|\.(?!\d))+(?=\w)|_+")
_LEADING_ZEROS = re.compile(r"(?<![\d.,])0+(?=\d)")


def likeness(text: str) -> str:
    """Return what is left of a text without case, width, kind of separator, and zeros that make no other number.

    Two texts that leave the same are alike: "P01" and "p 1"; "1", "1.0" and "01"; "low grade" and "Low_Grade". Not
    alike are "P1" and "P10", "1-2" and "12", "1.05" and "1.5", "HER2+" and "HER2-".
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    folded = " ".join(unicodedata.normalize("NFKC", plain.casefold()).split())
    whole = _WHOLE.fullmatch(folded)
    number = whole[1] if whole else folded.removeprefix("+") if folded.lstrip("+").isdecimal() else folded
    parted = _SEPARATORS.sub("", _BETWEEN_DIGITS.sub("|", number))
    return _LEADING_ZEROS.sub("", parted)


def is_missing(text: str) -> bool:
    """Return whether a text most likely says that there is no value: empty, NaN, NA, #N/A, null, unknown, a dash."""
    return likeness(text) in _MISSING or set(text) <= _SIGNS_OF_NOTHING


def alike(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the different texts that are alike, in groups of two or more, in the order in which they come."""
    groups: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        groups.setdefault(likeness(text), []).append(text)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
