"""The card of the bundled model: where it comes from, what it is worth beside other methods, its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import cast

from examples.lung_comparison import REDRAWS, Interval, Localisation
from examples.lung_photographs import BLOCK, PHOTO_MPP, PHOTOGRAPHS, TILE_PX
from msm_mil_core.learning.training.train_options import CardOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.trust.training_tissue import TrainingTissue

CARD = CardOptions(
    data=(
        "Artificial mosaics of eight photographs of H&E-stained lung, from one centre. The photographs are 590 of "
        "LC25000 (Borkowski et al. 2019), shrunk by others to 224 x 224 px: normal tissue, adenocarcinoma, squamous "
        "cell carcinoma."
    ),
    labels=(
        "Of the mosaic: which tumours are in it; none, adenocarcinoma, squamous (squamous cell carcinoma), or both. "
        "One or two photographs of each tumour that is present, the rest normal. Which tiles show tumour was not used."
    ),
    citation=(
        "Borkowski A.A., Bui M.M., Thomas L.B., Wilson C.P., DeLand L.A., Mastorides S.M. Lung and Colon Cancer "
        "Histopathological Image Dataset (LC25000). arXiv 1912.12142 (2019)."
    ),
    limits=(
        "Trained on artificial mosaics of photographs from one centre; a demonstration, not a diagnostic model. "
        "Research use, not for diagnosis. Which patient a photograph is of is not told: photographs of one patient may "
        "be on both sides of the split, so its figures may be too good. The data set was enlarged by turned and "
        "mirrored copies; those that were found are taken out, others may be left. The micrometres per pixel of the "
        "photographs are estimated, not measured. It knows lung with or without these two tumours only, as one camera "
        "photographed it: a scanned slide is mostly unlike what it learnt."
    ),
    negative="none",
    demonstration=True,
    licence=(
        "Weights BSD-3-Clause. Photographs: no standard licence is named; in the words of their authors (announcement "
        'of 5 January 2020) "freely available for download to be used by AI researchers in any way they see fit". '
        "Encoder EfficientNet-Lite0 Apache-2.0."
    ),
)
COLUMNS = (
    "method",
    "held-out AUC (95 % interval)",
    "behind MSM-MIL (95 % interval)",
    "AUC over seeds",
    "tumour found by attention",
    "by evidence for the answer",
    "by evidence for the label",
    "by evidence against none",
)
TRIED = """\
| tile as encoded, px | µm/px | MSM-MIL | gated ABMIL |
|---|---|---|---|
| 74 | 0.75 | 0.957 | 0.958 |
| **96** | **0.58** | **0.973** | **0.972** |
| 112 | 0.50 | 0.968 | 0.965 |"""
"""Mean validation AUC over three seeds, 400 training mosaics."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one method scores on held-out mosaics."""

    name: str
    auc: Interval
    """By the seed that validates best."""
    behind: Interval
    """How much its AUC is below that of MSM-MIL, on the same redraws."""
    seeds: tuple[float, ...]
    """AUC by seed, the one that validates best first; empty where nothing is drawn."""
    localisation: Localisation | None
    """None for a method without maps."""

    def line(self) -> str:
        """Return the row of the table."""
        seeds = ", ".join(f"{auc:.3f}" for auc in self.seeds) or "no seed"
        behind = str(self.behind) if self.behind.high > self.behind.low else ""
        found = self.localisation
        maps = [f"{auc:.3f}" for auc in astuple(found)] if found else ["no map"] * len(fields(Localisation))
        return f"| {self.name} | {self.auc} | {behind} | {seeds} | {' | '.join(maps)} |"


def comparison_table(rows: Sequence[Row]) -> str:
    """Return the figures of all methods as a Markdown table."""
    head = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    return "\n".join([*head, *(row.line() for row in rows)])


def card_of(model: Checkpoint, rows: Sequence[Row]) -> str:
    """Return the card in Markdown."""
    record = model.record
    split = cast(Mapping[str, Mapping[str, int]], record["split"])
    parts = ", ".join(f"{part} {sizes['bags']} mosaics of {sizes['photographs']}" for part, sizes in split.items())
    return f"""# The bundled model: {model.name}

{record["limits"]}

* Data: {record["data"]}
* Labels: {record["labels"]}
* Cite: {record["citation"]}
* Licence: {record["licence"]}
* Tiles: {TILE_PX} px of a photograph (about {PHOTO_MPP} µm/px, by the length of red cells and the width of nuclei),
  enlarged to {model.side_px} px ({model.mpp:.3f} µm/px), encoded by {model.encoder}.
  Nine a photograph, {9 * PHOTOGRAPHS} a mosaic.
* Model: {model.options.model_dump_json(exclude_none=True)}
* Split: photographs with numbers in one stretch of {BLOCK} stay together; then
  {record["likenesses_taken_out"]} that look like one of an earlier part (turned or mirrored copies) are taken out;
  then mosaics are drawn: {parts} photographs.
  The validation mosaics choose seed, epoch and options; the test mosaics choose nothing.
* sha256: {model.sha256}

{comparison_table(rows)}

AUC is the mean of each class against the rest. All methods see the same bags. The intervals are those of {REDRAWS} sets
of test mosaics, drawn again from test blocks that were drawn with replacement: they tell how much the photographs
matter, but not the patients, who are not told. {_verdict(rows)}

"Tumour found" is the AUC, over the {9 * PHOTOGRAPHS} tiles of a mosaic, of a map for the tiles of tumour photographs:
the mean over the test mosaics that have some. A tile of a tumour photograph may show none. Evidence is signed;
attention also goes to tiles that speak against the answer.

{_distance(model.tissue) if model.tissue else ""}
How the size of tiles was chosen, by mean validation AUC over three seeds (a trial, not part of the script):

{TRIED}
"""


def _verdict(rows: Sequence[Row]) -> str:
    first, *others = rows
    ahead = [row.name for row in others if row.behind.low > 0]
    behind = [row.name for row in others if row.behind.high < 0]
    level = [row.name for row in others if row.name not in ahead + behind]
    words = (("is ahead of", ahead), ("cannot be told from", level), ("is behind", behind))
    parts = [f"{verb} {' and '.join(names)}" for verb, names in words if names]
    return f"{first.name} {', '.join(parts)}."


def _distance(tissue: TrainingTissue) -> str:
    return (
        f"Tissue counts as unlike what it learnt beyond a distance of {tissue.limit:.2f}; validation mosaics lie at "
        f"{tissue.held_out[0]:.2f} to {tissue.held_out[-1]:.2f}.\n"
    )
