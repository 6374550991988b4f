"""msm-mil demo: the sample slides through the bundled model, all outputs, and the window where there is a screen."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.slides.sample import SAMPLES, SampleKey, sample_slide


def demo(
    *,
    sample: SampleKey | None = None,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path("demo"),
    window: bool = True,
    device: str = "auto",
) -> int:
    """Run the bundled model on the sample slides; write result, figure, GeoJSON and report of each; open napari.

    Of the lung mosaic it is known where the tumours are: a table says how well each map finds them. The skin is tissue
    that the model never saw.

    Parameters
    ----------
    sample
        Only this one of the sample slides.
    out_folder
        Folder for what is written.
    window
        Open the napari window where there is a screen.
    device
        auto, cpu, cuda, cuda:1 or mps.
    """
    from msm_mil_core.cli.work.demo import show_samples

    chosen = [sample_slide(sample)] if sample else list(SAMPLES.values())
    return show_samples(chosen, out_folder, device, window=window)
