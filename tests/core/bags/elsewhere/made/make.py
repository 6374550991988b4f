"""Makes the files beside it, with the programs' own libraries: python make.py SLIDE, where these are installed.

pip install wsidata==0.12.0 hs2p==6.1.0 slide2vec==7.1.4. SLIDE is CMU-1-Small-Region.svs, test data of OpenSlide (CC0).
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hs2p import SegmentationConfig, SlideSpec, TilingConfig, save_tiling_result, tile_slide
from slide2vec.artifacts import write_tile_embeddings
from wsidata import TileSpec, open_wsi
from wsidata.io import add_features, add_tiles

HERE = Path(__file__).parent
FEATURES = 8


def drawn(tiles: int) -> np.ndarray:
    """Draw features, which are always the same."""
    return np.random.default_rng(tiles).normal(size=(tiles, FEATURES)).astype(np.float32)


def make_lazyslide(slide: Path, folder: Path) -> None:
    """Write a store with tiles of 224 px at 1 µm that overlap by half, and one table of features of them."""
    store = folder / "lazyslide.zarr"
    wsi = open_wsi(slide, store=store)
    spec = TileSpec.from_wsidata(wsi, tile_px=224, mpp=1.0, overlap=0.5)
    step = spec.base_stride_width
    corners = np.array([[step * col, step * row] for row in range(3) for col in range(4)])
    add_tiles(wsi, "tiles", corners, spec, np.zeros(len(corners), int))
    add_features(wsi, "resnet18_tiles", "tiles", drawn(len(corners)))
    wsi.write(store, overwrite=True)


def make_slide2vec(slide: Path, folder: Path) -> None:
    """Write tiles of 224 px at 1 µm as hs2p lays them, and features of them."""
    run = folder / "slide2vec"
    tiling = TilingConfig(
        requested_spacing_um=1.0, requested_tile_size_px=224, tolerance=0.05, overlap=0.0, backend="openslide"
    )
    result = tile_slide(
        SlideSpec(sample_id="skin", image_path=slide),
        tiling=tiling,
        segmentation=SegmentationConfig(method="hsv", downsample=4),
    )
    result.image_path = slide.name
    save_tiling_result(result, run)
    metadata = {"encoder_name": "resnet18", "encoder_level": "tile", "tile_size_lv0": int(result.tile_size_lv0)}
    write_tile_embeddings("skin", drawn(len(result.x)), output_dir=run, metadata=metadata)


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        make_lazyslide(Path(sys.argv[1]), Path(made))
        make_slide2vec(Path(sys.argv[1]), Path(made))
        for name in ("lazyslide.zarr", "slide2vec"):
            shutil.make_archive(str(HERE / name), "zip", made, name)
