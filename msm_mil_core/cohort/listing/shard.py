"""A share of a list, fixed beforehand: for array jobs of a cluster, each of which is told its number."""

import re
from collections.abc import Sequence
from typing import Self, TypeVar

from msm_mil_core.errors import SlideListError
from msm_mil_core.options import Options

Item = TypeVar("Item")

_FORM = re.compile(r"(\d+)/(\d+)")


class Shard(Options):
    """The part `number` of `count`, counted from 1."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2/8".

        Raises
        ------
        SlideListError
            If it is not two numbers of which the first is from 1 to the second.
        """
        found = _FORM.fullmatch(text.strip())
        number, count = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= count:
            raise SlideListError(f"{text!r} is no share: write 1/8 to 8/8 for the eight shares of a list.")
        return cls(number=number, count=count)

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return every `count`-th item: the shares of a list are disjoint, together they are the list."""
        return items[self.number - 1 :: self.count]
