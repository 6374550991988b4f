"""The class that means that nothing was found, which a model may name in its record."""

from collections.abc import Collection, Mapping

KEY = "negative"


def negative_class(record: Mapping[str, object], classes: Collection[str]) -> str:
    """Return the name of the class; empty if the record of a model names none of its classes."""
    named = record.get(KEY)
    return named if isinstance(named, str) and named in classes else ""
