"""Choosing features that were encoded before, by this program or another one: then nothing is encoded."""

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from msm_mil_core.bags.elsewhere.suffixes import HDF5, NUMPY, TORCH
from napari_msm_mil.widgets.eliding_label import ElidingLabel
from napari_msm_mil.widgets.wrapped_label import WrappedText

FILES = f"Features ({' '.join(f'*{suffix}' for suffix in (*HDF5, *TORCH, *NUMPY))});;All files (*)"
HELP = (
    "Features of TRIDENT, CLAM, STAMP, slideflow, slide2vec or LazySlide, or of msm-mil encode: a file, or a folder "
    "with one for each slide, found by the slide's name."
)


class FeaturesChoice(QWidget):
    """A button to choose a file or a folder, what is chosen, and whether it fits."""

    changed = Signal()
    """Other features were chosen, or none, or their encoder was named."""

    def __init__(self) -> None:
        super().__init__()
        self._named: Path | None = None
        self._same_encoder = False
        self._name = ElidingLabel("features_name")
        self._name.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._choose = _menu_button("Use features from…", "features_from", HELP)
        self._choose.menu().addAction("File…", self.ask_file)
        self._choose.menu().addAction("Folder…", self.ask_folder)
        self._clear = QToolButton()
        self._clear.setObjectName("features_clear")
        self._clear.setText("✕")
        self._clear.setAccessibleName("Encode the slide instead")
        self._clear.setToolTip("Encode the slide instead")
        self._clear.clicked.connect(lambda _: self.choose(None))
        self._said = WrappedText("features_said")
        self._same = QPushButton("They are of the model's encoder")
        self._same.setObjectName("features_same_encoder")
        self._same.setToolTip("Both names are of one encoder: run the model on these features.")
        self._same.clicked.connect(lambda _: self._on_same())
        self._lay_out()
        self.setFocusProxy(self._choose)
        self.choose(None)

    @property
    def named(self) -> Path | None:
        """The file or folder that is chosen; None to encode the slide."""
        return self._named

    @property
    def same_encoder(self) -> bool:
        """Whether the user says that the model's encoder made them, under whatever name."""
        return self._same_encoder

    def choose(self, named: Path | None) -> None:
        """Use features from a file or folder; None encodes the slide."""
        self._named, self._same_encoder = named, False
        self._name.setText("" if named is None else named.name)
        self._name.setToolTip("" if named is None else str(named))
        self._choose.setText("Use features from…" if named is None else "Change…")
        for part in (self._name, self._clear):
            part.setVisible(named is not None)
        self.show_said("")
        self.changed.emit()

    def ask_file(self) -> None:
        """Ask for a file of features, and use it."""
        name, _ = QFileDialog.getOpenFileName(self, "Use features from a file", self._begin(), FILES)
        if name:
            self.choose(Path(name))

    def ask_folder(self) -> None:
        """Ask for a folder of features, and use it."""
        name = QFileDialog.getExistingDirectory(self, "Use features from a folder or a .zarr store", self._begin())
        if name:
            self.choose(Path(name))

    def show_said(self, text: str, *, names_differ: bool = False) -> None:
        """Show what was found out of them; where only the encoder's name differs, offer to call it the model's."""
        self._said.setText(text)
        self._said.setVisible(bool(text))
        self._same.setVisible(names_differ)

    def _begin(self) -> str:
        return "" if self._named is None else str(self._named.parent)

    def _on_same(self) -> None:
        self._same_encoder = True
        self.show_said("")
        self.changed.emit()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self._name, 1)
        line.addWidget(self._choose)
        line.addWidget(self._clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self._said)
        layout.addWidget(self._same)


def _menu_button(text: str, object_name: str, help_text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(object_name)
    button.setToolTip(help_text)
    button.setMenu(QMenu(button))
    return button
