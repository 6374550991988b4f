"""What slideflow writes beside a bag: the centres of its tiles, and how the bags of the folder were made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msm_mil_core.bags.elsewhere.arrays import read_arrays
from msm_mil_core.bags.elsewhere.placing import Placing, group_in, read_json, stated
from msm_mil_core.errors import FeatureFileError

INDEX = (".index.npz", ".index.npy")
CONFIG = "bags_config.json"
FIRST = ("arr_0", "features")
"""What the array is called where it has no name of its own: in .npz, in .npy."""


def find_slideflow(path: Path) -> tuple[Path, ...]:
    """Return the index of a bag and the configuration of its folder, as far as they exist."""
    index = [found for suffix in INDEX if (found := path.with_name(f"{path.stem}{suffix}")).is_file()]
    return (*index[:1], path.with_name(CONFIG)) if index else ()


def read_slideflow(files: tuple[Path, ...]) -> Placing:
    """Read where tiles lie: slideflow records their centres in pixels of level 0, their side in micrometres.

    Raises
    ------
    FeatureFileError
        If the index cannot be read.
    """
    index, config = files[0], read_json(files[1])
    arrays = read_arrays(index)
    coords = next((arrays[name] for name in FIRST if name in arrays), None)
    if coords is None:
        raise FeatureFileError(f"{index} is no index of slideflow: it has no array arr_0. Make the bags again.")
    tile_um = config.get("tile_um")
    return Placing(
        coords,
        stated(
            unit="px",
            tile_size_px=config.get("tile_px"),
            tile_size_um=tile_um if isinstance(tile_um, int | float) else None,  # else a magnification, as "20x"
            encoder=_encoder(group_in(config, "extractor")),
        ),
        anchor="centre",
    )


def _encoder(extractor: Mapping[str, Any]) -> str | None:
    """Return the network of which features are a layer, else what the class of the extractor is called."""
    made_by, network = extractor.get("class"), group_in(extractor, "kwargs").get("model_name")
    if isinstance(network, str):
        return network
    return made_by.rpartition(".")[2].removesuffix("Features") if isinstance(made_by, str) else None
