"""What is said of a slide once it has run: a few words and numbers, never its tiles, so that memory stays flat."""

from collections.abc import Iterable

from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.options import Options
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.tiling.resolution import resolution_warning


class SlideAnswer(Options):
    """What tables, pages and lines show of a result."""

    slide: str
    """The name of its file."""
    quick_hash: str
    mpp: float | None
    model: str
    """The model's name."""
    answer: str
    """In a few words, with what it is worth."""
    prediction: str
    """The most probable class."""
    probabilities: dict[str, float]
    betas: tuple[float, ...]
    """The weight of each stage."""
    tiles: int
    encoder_sha256: str
    precision: str
    coarse: str = ""
    """Both pixel sizes of a slide that is coarser than the tiles; else empty."""
    notes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """What each stage is for, in sentences."""

    @property
    def probability(self) -> float:
        """That of the most probable class."""
        return self.probabilities[self.prediction]


def answer_of(result: SlideResult, remarks: Iterable[str] = ()) -> SlideAnswer:
    """Return what is said of a result; `remarks` are on what of the slide or of its regions does not count."""
    prediction, worth, options = result.prediction, result.worth, result.options
    too_coarse = resolution_warning(result.slide.name, result.slide.mpp, result.tiles.mpp)
    return SlideAnswer(
        slide=result.slide.name,
        quick_hash=result.slide.quick_hash,
        mpp=result.slide.mpp,
        model=result.model.name,
        answer=worth.short,
        prediction=prediction.winner,
        probabilities=dict(zip(prediction.classes, map(float, prediction.probabilities), strict=True)),
        betas=tuple(stage.beta for stage in prediction.stages),
        tiles=len(result.tiles),
        encoder_sha256=str(options.get("encoder_sha256", "")),
        precision=str(options.get("precision", "")),
        coarse=f"{result.slide.mpp:.3g} µm for {result.tiles.mpp:.3g} µm" if too_coarse else "",
        notes=tuple(filter(None, (worth.warning, *result.warnings, *remarks))),
        roles=() if worth.unlike else answer_roles(result).sentences,  # of an answer that means nothing
    )
