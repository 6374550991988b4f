"""What to run: slide, model, region, device, and on demand all other options."""

from collections.abc import Sequence

from napari.layers import Image, Shapes
from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from msm_mil_core.slides.pixel_size import SANE_MPP
from napari_msm_mil.layers.layer_data import OWN_COLORS
from napari_msm_mil.remembered import remember, remembered
from napari_msm_mil.run.advanced_options import AdvancedSection
from napari_msm_mil.run.devices import CLUSTER, device_label, offered_devices
from napari_msm_mil.run.features_choice import FeaturesChoice
from napari_msm_mil.run.model_picker import ModelPicker
from napari_msm_mil.settings import user_settings
from napari_msm_mil.slides.open_images import PixelScale, pixel_scale
from napari_msm_mil.widgets.controls import named_box
from napari_msm_mil.widgets.forms.form_lines import FormLines
from napari_msm_mil.widgets.forms.number_field import NumberField, number_problem

WHOLE_SLIDE = "Whole slide"
UNKNOWN_MPP, OF_FEATURES = "unknown: type it", "as the features say"
"""What stands in the field of the pixel size until a number is typed."""
SCHEDULER = "cluster/scheduler"
"""Under which the address is remembered."""
ENCODER_COLORS = "What the encoder gets is chosen under Advanced, and is as stored by default."


class SetupForm(QWidget):
    """The inputs of a run, most needed first."""

    changed = Signal()
    """Something changed that may make a run possible or impossible."""
    colors_requested = Signal(object, str)
    """A slide's `Image` is to be shown in these colours, a `ColorChoice`."""

    def __init__(self) -> None:
        super().__init__()
        self._slides: tuple[Image, ...] = ()
        self._regions: tuple[Shapes, ...] = ()
        self._mpp_shown: tuple[Image | None, float | None] = (None, None)
        self.models, self.features = ModelPicker(), FeaturesChoice()
        self.advanced = AdvancedSection()
        self._slide = _box("slide", "Slide")
        self._region = _box("region", "Region")
        self._device = _box("device", "Run on")
        self._scheduler, self._lines = _scheduler_line(), FormLines()
        self._colors = _colors_box()
        self._mpp = _mpp_box()
        _fill_devices(self._device)
        self.set_regions(())
        self._lay_out()
        self._connect()
        self._on_device_chosen()
        self._on_slide_chosen()

    def _connect(self) -> None:
        self._slide.currentIndexChanged.connect(lambda _: self._on_slide_chosen())
        self._colors.clicked.connect(lambda checked: self._on_colors_clicked(in_srgb=checked))
        self._device.currentIndexChanged.connect(lambda _: self._on_device_chosen())
        self._scheduler.textChanged.connect(lambda _: self.changed.emit())
        self.models.changed.connect(self.changed)
        self.features.changed.connect(self._on_slide_chosen)
        self._mpp.valueChanged.connect(lambda _: self.changed.emit())
        self._mpp.text_edited.connect(self.changed)
        self.advanced.edited.connect(self.changed)

    def set_slides(self, slides: Sequence[Image]) -> None:
        """List these slide layers; the chosen one stays chosen."""
        at = slides.index(self.slide) if self.slide in slides else 0
        self._slides = tuple(slides)
        self._slide.setEnabled(bool(slides))
        self._show_placeholder()
        _refill(self._slide, [slide.name for slide in slides], at if slides else -1)

    def set_regions(self, regions: Sequence[Shapes]) -> None:
        """List the whole slide and these region layers; the chosen one stays chosen."""
        at = regions.index(self.region) + 1 if self.region in regions else 0
        self._regions = tuple(regions)
        _refill(self._region, [WHOLE_SLIDE, *(region.name for region in regions)], at)

    @property
    def slide(self) -> Image | None:
        """The chosen slide layer."""
        at = self._slide.currentIndex()
        return self._slides[at] if 0 <= at < len(self._slides) else None

    @property
    def region(self) -> Shapes | None:
        """The chosen region layer; None for the whole slide."""
        at = self._region.currentIndex() - 1
        return self._regions[at] if 0 <= at < len(self._regions) else None

    @property
    def device(self) -> str:
        """The chosen device, as the core names it; the workers of a cluster choose their own."""
        return "auto" if self._on_cluster else str(self._device.currentData())

    @property
    def scheduler(self) -> str | None:
        """Address of the Dask scheduler whose workers are to run the model; None for this computer."""
        return self._scheduler.text().strip() if self._on_cluster else None

    @property
    def mpp(self) -> float | None:
        """Micrometres per pixel as the user typed them; None if nothing was typed, or the slide states them."""
        return self._mpp.value() if self._mpp.value() > 0 and not self._mpp.isHidden() else None

    @property
    def choices(self) -> dict[str, object]:
        """The analysis options, for `AnalysisOptions.model_validate`."""
        choices = self.advanced.choices
        encode = choices.get("encode")
        return {**choices, "encode": {**(encode if isinstance(encode, dict) else {}), "device": self.device}}

    @property
    def problem(self) -> str:
        """Which number cannot be read as it is typed, and why; empty if all can."""
        return number_problem(self)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Let the labels stand beside the first line of what they are of."""
        self._lines.align_labels(self._slide.sizeHint().height())
        super().showEvent(event)

    @property
    def _on_cluster(self) -> bool:
        return bool(self._device.currentData() == CLUSTER)

    def _on_device_chosen(self) -> None:
        self._lines.show_line(self._scheduler, shown=self._on_cluster)
        self.changed.emit()

    def _on_slide_chosen(self) -> None:
        known = PixelScale(None, "") if self.slide is None else pixel_scale(self.slide)
        alone = self.slide is None and self.features.named is not None
        asked = alone or known.origin in ("missing", "user")
        self._show_placeholder()
        self._mpp.setSpecialValueText(OF_FEATURES if alone else UNKNOWN_MPP)
        self._lines.show_line(self._mpp, shown=asked)
        self._show_colors()
        mpp_shown = (self.slide, known.mpp)
        if mpp_shown != self._mpp_shown:  # another slide, or another value: else what the user typed stays
            self._mpp.setValue(known.mpp or 0.0)
        self._mpp_shown = mpp_shown
        self.changed.emit()

    def _show_placeholder(self) -> None:
        alone = self.features.named is not None
        self._slide.setPlaceholderText("None: maps on a blank canvas" if alone else "Open or drop a slide first")

    def _show_colors(self) -> None:
        """Offer the colours of the file where they are others."""
        known = {} if self.slide is None else self.slide.metadata
        self._lines.show_line(self._colors, shown=bool(known.get(OWN_COLORS)))
        if known.get(OWN_COLORS):
            self._colors.setChecked(known["facts"].colors == "srgb")
            self._colors.setToolTip(f"Converted by the file's ICC profile: {known['facts'].profile}. {ENCODER_COLORS}")

    def _on_colors_clicked(self, *, in_srgb: bool) -> None:
        if self.slide is not None:
            self.colors_requested.emit(self.slide, "srgb" if in_srgb else "as-stored")

    def _lay_out(self) -> None:
        for text, field in (
            ("Slide", self._slide),
            ("Pixel size", self._mpp),
            ("Colours", self._colors),
            ("Model", self.models),
            ("Features", self.features),
            ("Region", self._region),
            ("Run on", self._device),
            ("Scheduler", self._scheduler),
        ):
            self._lines.add_line(text, field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._lines)
        layout.addWidget(self.advanced)


def _box(object_name: str, name: str) -> QComboBox:
    box = named_box(object_name, name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def _scheduler_line() -> QLineEdit:
    line = QLineEdit()
    line.setObjectName("scheduler")
    line.setAccessibleName("Address of the Dask scheduler")
    line.setPlaceholderText("tcp://host:8786")
    line.setText(remembered(SCHEDULER))
    line.editingFinished.connect(lambda: remember(SCHEDULER, line.text().strip()))
    line.setToolTip("Slide, model and results folder must have the same paths on the workers.")
    return line


def _colors_box() -> QCheckBox:
    box = QCheckBox("of the screen (sRGB)")
    box.setAccessibleName("Show in the colours of the screen")
    box.setObjectName("screen_colors")
    return box


def _mpp_box() -> NumberField:
    box = NumberField()
    box.setObjectName("mpp")
    box.setAccessibleName("Micrometres per pixel")
    box.setRange(0.0, SANE_MPP[1])
    box.setSingleStep(0.05)
    box.setSuffix(" µm per pixel")
    box.setSpecialValueText(UNKNOWN_MPP)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setToolTip("The slide file does not state its pixel size; 0.25 and 0.5 are common.")
    return box


def _fill_devices(box: QComboBox) -> None:
    for name in offered_devices():
        box.addItem(device_label(name), name)
    box.setCurrentIndex(max(0, box.findData(user_settings().device)))  # one that is here


def _refill(box: QComboBox, names: Sequence[str], at: int) -> None:
    box.blockSignals(True)
    box.clear()
    box.addItems(list(names))
    box.setCurrentIndex(at)
    box.blockSignals(False)
    box.currentIndexChanged.emit(at)
