"""The sample slides that come with the package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SampleKey = Literal["lung", "skin"]

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class SampleSlide:
    """A slide to try things on."""

    key: SampleKey
    """By which it is asked for."""
    title: str
    """As menus show it."""
    sentence: str
    """What it is, to be shown to the user."""
    path: Path


LUNG = SampleSlide(
    key="lung",
    title="Lung mosaic (demo, tumour areas known)",
    sentence="Sample slide: a mosaic of photographs of H&E-stained lung, none of which the bundled model learnt from, "
    "with one area of adenocarcinoma and one of squamous cell carcinoma (Borkowski et al. 2019).",
    path=FOLDER / "lung-mosaic.tiff",
)
SKIN = SampleSlide(
    key="skin",
    title="Skin (CMU-1-Small-Region)",
    sentence="Sample slide: CMU-1-Small-Region.svs, a piece of a real slide of H&E-stained skin (OpenSlide test data, "
    "CC0).",
    path=FOLDER / "CMU-1-Small-Region.svs",
)
SAMPLES: dict[SampleKey, SampleSlide] = {sample.key: sample for sample in (LUNG, SKIN)}


def sample_slide(key: SampleKey = "lung") -> SampleSlide:
    """Return a sample slide: "lung", whose tumours are known, or "skin", tissue that the bundled model never saw.

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if key not in SAMPLES:
        raise ValueError(f"there is no sample slide {key!r}, only {', '.join(SAMPLES)}")
    return SAMPLES[key]
