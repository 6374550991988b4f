"""A field for a percentage of tiles."""

from napari_msm_mil.widgets.forms.number_field import NumberField


def percent_box(object_name: str, name: str) -> NumberField:
    """Return a field for 0.1 to 100 per cent."""
    box = NumberField()
    box.setObjectName(object_name)
    box.setAccessibleName(name)
    box.setRange(0.1, 100.0)
    return box
