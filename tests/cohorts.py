"""Many small slides, cut from a real one, and what is to be done with them."""

from dataclasses import replace
from itertools import islice, product
from pathlib import Path

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_settings import RunSettings, settings_for
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, save_checkpoint
from msm_mil_core.slides.sample import SAMPLES
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tissue_options import TissueOptions
from tests.models import a_checkpoint
from tests.simulated import CARD
from tests.slides import write_slide

SIDE_PX0 = 128
"""Side of a cut: four tiles."""
OPTIONS = AnalysisOptions(tissue=TissueOptions(whole_slide=True), encode=EncodeOptions(precision="float32"))
WORDS = ("--tissue.whole-slide", "--encode.precision", "float32")
"""The same on the command line."""


def a_small_model(path: Path) -> Checkpoint:
    """Write an untrained model for tiles of 32 px at 1 µm, 64 px of a cut."""
    checkpoint = replace(a_checkpoint(features=1280), side_px=32, mpp=1.0, encoder_sha256="")
    return save_checkpoint(checkpoint, path)


def a_model_of_the_card(path: Path) -> Checkpoint:
    """Write an untrained model for the features of a simulated device."""
    drawn = a_checkpoint(features=CARD.features)
    facts = {"encoder": CARD.name, "encoder_sha256": CARD.weights_sha256, "side_px": CARD.side_px}
    return save_checkpoint(replace(drawn, mpp=1.0, **facts), path)


def cut_slides(folder: Path, count: int) -> list[Path]:
    """Write slides that are squares of a real one, no two of which are equal."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_slide(SAMPLES["skin"].path) as whole:
        width, height = whole.facts.size_px0
        corners = product(range(0, width - SIDE_PX0, SIDE_PX0), range(0, height - SIDE_PX0, SIDE_PX0))
        return [
            write_slide(folder / f"cut{number:02}.tiff", whole.read(corner, 0, (SIDE_PX0, SIDE_PX0)), levels=1)
            for number, corner in enumerate(islice(corners, count))
        ]


def jobs_for(slides: list[Path], settings: RunSettings, out: Path) -> list[SlideJob]:
    """Return a job for each slide."""
    return [
        SlideJob(entry=SlideEntry(slide=slide), settings=settings, target=out / f"{slide.stem}.msm.h5")
        for slide in slides
    ]


def small_settings(model: Checkpoint, **changes) -> RunSettings:
    """Return settings under which a cut runs at once; nothing is cached."""
    return settings_for(model, changes.pop("analysis", OPTIONS), **changes)
