"""A field for a number, written as people write it."""

from qtpy.QtWidgets import QDoubleSpinBox


class PlainSpinBox(QDoubleSpinBox):
    """Writes 20000 where Qt writes 20000.000."""

    def textFromValue(self, value: float) -> str:
        """Write the number without trailing zeros."""
        return f"{value:.9g}"
