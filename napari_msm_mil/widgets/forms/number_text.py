"""Numbers as people type them, in whatever locale: read as a whole or refused, and written to be read back."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from msm_mil_core.errors import MsmMilError

MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
"""Direction marks: invisible, and put around numbers in Arabic and Hebrew text."""
AS_ASCII = {ord("−"): "-", ord("٫"): "٫.", ord("\ufe63"): "-"}
"""A minus sign, and the Arabic decimal separator: as it cannot part thousands it is told from the point."""
SHAPE = re.compile(r"([+-]?)(\d*)(?:(٫?[.,])(\d*))?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The closed range in which a number must lie."""

    low: float
    high: float
    whole: bool = False
    """Whether only whole numbers will do."""

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {write_number(self.low)} to {write_number(self.high)}"


def write_number(number: float) -> str:
    """Write a number with as few digits as give exactly this number back, without exponent, with a decimal point."""
    text = format(Decimal(repr(float(number))), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def read_number(text: str, bounds: Bounds) -> float:
    """Read a number, with a decimal point or a decimal comma, in the digits of any script, whatever the locale.

    Separators of thousands are not read. A number such as 1,000 or 1.250, that may be meant with one, is read as a
    decimal number only if it is out of bounds otherwise.

    Raises
    ------
    MsmMilError
        If the text is no number, may be meant as another one, or is out of bounds; it says which.
    """
    plain = _plain(text)
    match = SHAPE.fullmatch(plain)
    if match is None or not (match[2] or match[4]):
        raise MsmMilError(f"“{text.strip()}” cannot be read as a number. Type it like 0.5 or 0,5, without spaces.")
    if bounds.whole and (match[3] or match[5]):
        raise MsmMilError(f"“{text.strip()}” is not in plain digits. Type {bounds}, without any separator.")
    number = float(plain.translate({ord(","): ".", ord("٫"): None}))
    _refuse_thousands(match, text, bounds)
    if number not in bounds:
        raise MsmMilError(f"“{text.strip()}” is out of range. Type {bounds}.")
    return number


def _plain(text: str) -> str:
    """Return the text in ASCII digits, without what is invisible."""
    plain = text.translate(MARKS).strip().translate(AS_ASCII)
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in plain)


def _refuse_thousands(match: re.Match[str], text: str, bounds: Bounds) -> None:
    sign, units, point, part, exponent = match.groups()
    grouped = point in (".", ",") and len(part) == 3 and len(units) in (1, 2, 3) and units[0] != "0"
    if grouped and not exponent and float(sign + units + part) in bounds:
        raise MsmMilError(
            f"“{text.strip()}” may mean {sign}{units}{part} or {sign}{units}.{part}. "
            f"Type {sign}{units}{part} or {sign}{units}.{part}0."
        )
