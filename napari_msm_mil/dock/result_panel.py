"""The panel of one result: the answer, the pages, where it is saved; and, apart from it, the tile under the mouse."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePath

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.display.tile_raster import overlap_note
from msm_mil_core.mil.map_names import said_of_maps
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.answer_notes import AnswerNotes
from napari_msm_mil.pages.check.panel import CheckPanel
from napari_msm_mil.pages.compare.panel import ComparePanel
from napari_msm_mil.pages.gallery.panel import GalleryPanel
from napari_msm_mil.pages.gallery.tile_view import TileView
from napari_msm_mil.pages.readout.panel import ReadoutPanel
from napari_msm_mil.pages.stages.evidence_row import EvidenceRow
from napari_msm_mil.pages.stages.stage_table import StageTable
from napari_msm_mil.pages.verdict.panel import VerdictPanel
from napari_msm_mil.pages.what_if.panel import WhatIfPanel
from napari_msm_mil.widgets.controls import column
from napari_msm_mil.widgets.map_words import MapWords
from napari_msm_mil.widgets.outline_legend import OutlineLegend
from napari_msm_mil.widgets.probability_bars import ProbabilityBars
from napari_msm_mil.widgets.scroll_column import PinnedColumn
from napari_msm_mil.widgets.tabs import Tabs
from napari_msm_mil.widgets.wrapped_label import WrappedText

PINNED_MARGINS_PX = 6, 4, 6, 4
PAGES = {
    "Stages": "Where each stage looked, and what that adds to the answer",
    "Gallery": "The tiles to which each stage attends most",
    "Compare": "How much the stages differ, compared with chance",
    "Ask": "What the model would say without a part of the slide",
    "Check": "Whether what a stage looks at matters for the answer",
    "Verdict": "Your verdict on what each stage looked at",
}
"""The pages by the names on their tabs, and what is on them."""
RESEARCH_USE = "Research use, not for diagnosis"


class ResultPanel(QWidget):
    """Shows one result; nothing where there is none."""

    shown = Signal(object)
    """The `SlideResult` that is shown now, or None."""

    pinned: PinnedColumn
    """In view whatever page is in front: outlines, the tile under the mouse. It is laid out apart from the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.bars, self.notes = ProbabilityBars(), AnswerNotes()
        self.stages, self.evidence = StageTable(), EvidenceRow()
        self.gallery, self.compare, self.ask = GalleryPanel(), ComparePanel(), WhatIfPanel()
        self.check, self.verdicts = CheckPanel(), VerdictPanel()
        self.tabs = self._tabs()
        self.outlines, self.readout, self.tile_view = OutlineLegend(), ReadoutPanel(), TileView()
        self.pinned = PinnedColumn(column(self.outlines, self.readout, self.tile_view, margins_px=PINNED_MARGINS_PX))
        self._title = WrappedText("result_title", bold=True)
        self._facts = WrappedText("result_facts")
        self._saved_path = WrappedText("kept")
        self._research = WrappedText("research_use")
        self._research.setText(RESEARCH_USE)
        self._body = column(
            self._title, self._facts, self.notes, self.bars, self._research, self.tabs, self._saved_path
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._body)
        self._words = MapWords(self._body, self.pinned)
        self.show_result(None, None)

    def show_result(self, result: SlideResult | None, saved_path: Path | None) -> None:
        """Show a result and where it is saved; None if there is nothing to show."""
        self._body.setVisible(result is not None)
        self.pinned.setVisible(result is not None)
        if result is not None:
            self._show(result)
            self.show_saved_path(saved_path)
        self.shown.emit(result)

    def show_saved_path(self, saved_path: Path | None) -> None:
        """Show where the result is saved."""
        self._saved_path.setText(f"Saved in {_from_home(saved_path)}" if saved_path else "Not saved: use Save result…")

    def _show(self, result: SlideResult) -> None:
        worth = result.worth
        self._title.setText(f"{PurePath(result.slide.name).stem}: {worth.answer}")
        self._title.setEnabled(not worth.unlike)
        self.bars.setEnabled(not worth.unlike)
        others = [warning for warning in result.warnings if warning != worth.unlike]  # the notes say that one in bold
        self._facts.setText("\n".join((_facts(result), *others)))
        self._facts.setToolTip(f"{_masks(result)}\nRun on {result.created}.")
        self.notes.show_result(result)
        self.bars.show_prediction(result.prediction)
        self._words.say(result.prediction.map_classes)
        for page, help_text in PAGES.items():
            self.tabs.say(page, *(said_of_maps(text, result.prediction.map_classes) for text in (page, help_text)))
        self.stages.show_prediction(result.prediction)
        self.stages.contrasts.show_overlap(overlap_note(result.tiles))
        for before, after in pairwise((self._research, *self.stages.controls, *self.evidence.controls)):
            QWidget.setTabOrder(before, after)  # the stages come and go, and new ones are last

    def _tabs(self) -> Tabs:
        look = column(self.stages, self.evidence, margins_px=(0, 6, 0, 0))
        tabs = Tabs()
        pages = (look, self.gallery, self.compare, self.ask, self.check, self.verdicts)
        for (name, help_text), page in zip(PAGES.items(), pages, strict=True):
            tabs.add(name, page, help_text)
        return tabs


def _from_home(path: Path) -> str:
    """Abbreviate the user's home as ~."""
    return f"~/{path.relative_to(Path.home()).as_posix()}" if path.is_relative_to(Path.home()) else str(path)


def _facts(result: SlideResult) -> str:
    when = datetime.fromisoformat(result.created).strftime("%d %b %Y")
    return f"{result.model.name} · {len(result.tiles):,} tiles · {when}"


def _masks(result: SlideResult) -> str:
    """Say whether stages saw what earlier ones had claimed."""
    if result.prediction.map_classes:
        return "Each class has an attention map of its own, and is answered by it alone."
    if result.prediction.masks_applied:
        return "Masks applied: no stage could see the tiles that earlier stages claimed."
    return "Masks not applied: every stage could see every tile."
