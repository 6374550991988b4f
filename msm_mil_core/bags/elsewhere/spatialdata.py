"""Tables of features in a SpatialData store, as LazySlide (wsidata) writes it: a row a tile, tiles as polygons."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.attributes import Statements, collect_attributes
from msm_mil_core.bags.elsewhere.placing import group_in, stated
from msm_mil_core.bags.elsewhere.suffixes import STORE
from msm_mil_core.bags.stated_bag import StatedBag, check_table
from msm_mil_core.errors import FeatureFileError

TABLES = "tables"
MISSING = "{} is a store of SpatialData, which needs two more packages: pip install 'napari-msm-mil[spatialdata]'."


def is_store(path: Path) -> bool:
    """Return whether a path is a store, or the folder of a table in one."""
    return path.suffix.lower() == STORE or (path.parent.name == TABLES and path.parent.parent.suffix == STORE)


def store_of(path: Path) -> Path:
    """Return the store of a table, or the store itself."""
    return path if path.suffix.lower() == STORE else path.parent.parent


def read_spatialdata(path: Path) -> StatedBag:
    """Read the features in a store, or in one of its tables.

    Raises
    ------
    FeatureFileError
        If zarr or pyarrow is not installed, there is no table of features of tiles, or there are several; or tiles
        are not squares of one size.
    """
    store = store_of(path)
    group = _open(store)
    name = _table_name(group, path)
    table = group[f"{TABLES}/{name}"]
    region = str(table.attrs.get("region"))
    if not hasattr(table["X"], "shape"):
        raise FeatureFileError(f"{store}: features of {name} are stored sparse, which is not read. Store them dense.")
    features = table["X"][:]
    check_table(features, f"{TABLES}/{name}/X", str(store))
    boxes = _boxes(store, region, table[f"obs/{table.attrs.get('instance_key', 'tile_id')}"][:])
    told = _statements(dict(group.attrs), region, boxes, store) | {"encoder": name.removesuffix(f"_{region}")}
    attributes = collect_attributes(str(store), [Statements(told)])
    return StatedBag(str(store), features, boxes[:, :2], attributes)


def _open(store: Path) -> Any:
    try:
        import pyarrow.parquet  # noqa: F401 - asked for before anything is read
        import zarr
    except ImportError as exc:
        raise FeatureFileError(MISSING.format(store)) from exc
    return zarr.open_group(store, mode="r")


def _table_name(group: Any, path: Path) -> str:
    """Return the table that is asked for, or the only one whose rows are regions with numbers."""
    tables = dict(group[TABLES].groups()) if TABLES in group else {}
    made = [name for name, table in tables.items() if "X" in table and table.attrs.get("region")]
    if path.suffix.lower() != STORE:
        made = [name for name in made if name == path.name]
    if len(made) == 1:
        return str(made[0])
    if not made:
        raise FeatureFileError(f"{path} holds no table of features of tiles. Make them with LazySlide first.")
    named = ", ".join(str(store_of(path) / TABLES / name) for name in sorted(made))
    raise FeatureFileError(f"{path} holds several tables of features. Name one: {named}.")


def _boxes(store: Path, region: str, ids: NDArray[Any]) -> NDArray[np.float64]:
    """Return the bounds (N, 4) of the tiles with these numbers: left, top, right, bottom in pixels of level 0."""
    import pyarrow.parquet
    import shapely

    path = store / "shapes" / region / "shapes.parquet"
    if not path.is_file():
        raise FeatureFileError(f"{store} holds features of {region}, but not where these lie. Make them again.")
    shapes = pyarrow.parquet.read_table(path)
    bounds = shapely.bounds(shapely.from_wkb(shapes["geometry"].to_numpy(zero_copy_only=False)))
    numbers = shapes["tile_id"].to_numpy() if "tile_id" in shapes.column_names else np.arange(len(bounds))
    order = np.argsort(numbers, kind="stable")
    at = np.searchsorted(numbers[order], ids)
    if not len(numbers) or (at == len(numbers)).any() or (numbers[order][np.minimum(at, len(order) - 1)] != ids).any():
        raise FeatureFileError(f"{store} holds features of tiles that are not among its {region}. Make them again.")
    placed: NDArray[np.float64] = bounds[order[at]]
    return placed


def _statements(attrs: Mapping[str, Any], region: str, boxes: NDArray[np.float64], store: Path) -> dict[str, Any]:
    sides = np.concatenate([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]])
    if not np.ptp(sides) < 1:
        raise FeatureFileError(f"{store}: {region} are not squares of one size, which are not read.")
    spec = group_in(group_in(attrs, "tile_spec"), region)
    slide = group_in(attrs, "slide_properties")
    height, width = (slide.get("shape") or (None, None))[:2]
    side_px, stride_px = spec.get("height"), spec.get("stride_height")
    return stated(
        patch_size=side_px,
        patch_size_level0=float(np.median(sides)),
        overlap=side_px - stride_px if isinstance(side_px, int) and isinstance(stride_px, int) else None,
        level0_width=width,
        level0_height=height,
        level0_mpp=slide.get("mpp"),
        name=store.stem,
        quick_hash=_quick_hash(slide.get("raw")),
    )


def _quick_hash(raw: object) -> str | None:
    """Return openslide's hash of the slide, which wsidata records among all that openslide says."""
    try:
        properties = json.loads(raw) if isinstance(raw, str) else {}
    except ValueError:
        return None
    found = properties.get("openslide.quickhash-1") if isinstance(properties, dict) else None
    return found if isinstance(found, str) else None
