"""The form made from an options model."""

from typing import Literal

import pytest
from pydantic import Field, ValidationError
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.options import Options
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tissue_options import TissueOptions
from napari_msm_mil.widgets.forms.options_form import OptionsForm, label_of, validation_message


class Inner(Options):
    share: float = Field(default=0.25, ge=0, le=1)
    """How much."""
    side_px: int | None = Field(default=None, ge=1, le=99)
    """How large."""


class Outer(Options):
    batch: int = Field(default=8, gt=0, lt=65)
    """How many at once."""
    kind: Literal["fast", "exact"] = "fast"
    """Which way."""
    quiet: bool = True
    """Whether nothing is said."""
    corner_px0: tuple[int, int] | None = None
    """Where it begins."""
    device: str = "auto"
    """What computes."""
    inner: Inner = Inner()
    """The inside."""


@pytest.fixture
def form(qtbot):
    form = OptionsForm(Outer())
    qtbot.addWidget(form)
    return form


@pytest.mark.parametrize("options", [Outer(), TileOptions(), TissueOptions(), GeoJsonOptions(), Outer(batch=3)])
def test_an_untouched_form_gives_the_options_it_was_made_from(qtbot, options):
    form = OptionsForm(options)
    qtbot.addWidget(form)

    assert type(options).model_validate(form.choices) == options


def test_what_is_typed_comes_out(form):
    field(form, "batch").setValue(16)
    field(form, "kind").setCurrentText("exact")
    field(form, "quiet").setChecked(False)
    field(form, "corner_px0").setText("12, 34")
    field(form, "inner.share").setValue(0.5)

    chosen = Outer.model_validate(form.choices)

    assert chosen == Outer(batch=16, kind="exact", quiet=False, corner_px0=(12, 34), inner=Inner(share=0.5))


def test_a_number_may_be_left_to_the_program(form):
    tick = form.editor("inner.side_px").findChild(QCheckBox)

    tick.setChecked(True)
    field(form, "inner.side_px").setValue(64)
    own = Outer.model_validate(form.choices)
    tick.setChecked(False)
    left = Outer.model_validate(form.choices)

    assert own.inner.side_px == 64
    assert left.inner.side_px is None


def test_fields_keep_to_the_bounds_of_the_options(form):
    assert (field(form, "batch").minimum(), field(form, "batch").maximum()) == (1, 64)
    assert (field(form, "inner.share").minimum(), field(form, "inner.share").maximum()) == (0, 1)
    assert (field(form, "inner.side_px").minimum(), field(form, "inner.side_px").maximum()) == (1, 99)


def test_every_field_says_what_it_is(form):
    for path in ("batch", "kind", "quiet", "corner_px0", "device", "inner.share", "inner.side_px"):
        editor = field(form, path)

        assert editor.toolTip()
        assert editor.accessibleName()
        assert editor.accessibleDescription()


def test_what_is_chosen_elsewhere_is_not_asked_and_stays(qtbot):
    form = OptionsForm(Outer(device="cpu"), hidden={"device", "inner.share"})
    qtbot.addWidget(form)

    assert form.findChild(QWidget, "device") is None
    assert Outer.model_validate(form.choices) == Outer(device="cpu")


def test_a_form_tells_when_it_was_edited(form, qtbot):
    with qtbot.waitSignal(form.edited):
        field(form, "batch").setValue(2)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("min_tissue", "Least share of tissue"),
        ("allow_coarse", "Allow coarse slides"),
        ("side_px", "Side (pixels)"),
        ("custom_origin_px0", "Corner x, y (level-0 pixels)"),
        ("drop_specks_um2", "Drop specks (µm²)"),
        ("mpp", "Micrometres per pixel"),
    ],
)
def test_names_are_written_as_people_read_them(name, label):
    assert label_of(name) == label


def test_a_refused_option_is_named_in_one_line(form):
    field(form, "corner_px0").setText("left")

    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(form.choices)

    assert validation_message(refused.value).startswith("Corner (level-0 pixels)")
    assert "\n" not in validation_message(refused.value)


def test_kinds_of_fields_fit_kinds_of_options(form):
    assert isinstance(field(form, "kind"), QComboBox)
    assert isinstance(field(form, "quiet"), QCheckBox)
    assert isinstance(field(form, "device"), QLineEdit)


def field(form, path):
    return form.editor(path).field
