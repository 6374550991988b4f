"""A field for a percentage of tiles."""

from napari_msm_mil.widgets.plain_spin_box import PlainSpinBox


def percent_box(object_name: str, name: str) -> PlainSpinBox:
    """Return a field for more than 0 and up to 100 per cent, to one decimal."""
    box = PlainSpinBox()
    box.setObjectName(object_name)
    box.setAccessibleName(name)
    box.setDecimals(1)
    box.setRange(0.1, 100.0)
    return box
