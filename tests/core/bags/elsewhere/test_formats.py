"""Features in other formats than HDF5: as LazySlide, slide2vec, hs2p, slideflow and CLAM leave them on a disk."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm_mil_core.bags.bag_file import load_bag, load_features
from msm_mil_core.bags.elsewhere.formats import files_of, is_elsewhere
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.errors import FeatureFileError

MADE = Path(__file__).parent / "made"
"""Written by the programs' own libraries: make.py tells how."""
ROWS, COLS = 3, 4
GRID = np.array([[256 * col, 256 * row] for row in range(ROWS) for col in range(COLS)])
VALUES = np.random.default_rng(0).normal(size=(len(GRID), 5)).astype(np.float32)


def unpacked(name: str, folder: Path) -> Path:
    shutil.unpack_archive(MADE / f"{name}.zip", folder)
    return folder / name


def a_tensor(path: Path, values: object = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.from_numpy(VALUES) if values is None else values, path)
    return path


def test_a_store_of_lazyslide_is_read_with_its_overlap_slide_and_encoder(tmp_path: Path):
    pytest.importorskip("zarr", reason="extra spatialdata")
    pytest.importorskip("pyarrow", reason="extra spatialdata")
    store = unpacked("lazyslide.zarr", tmp_path)

    bag = load_bag(store)

    assert bag.features.shape == (12, 8)
    assert (bag.tiles.side_px0, bag.tiles.side_px, bag.encoder.name) == (448, 224, "resnet18")
    assert bag.tiles.xy_px0[:5].tolist() == [[0, 0], [224, 0], [448, 0], [672, 0], [0, 224]]
    assert (bag.slide.mpp, bag.slide.mpp_origin, bag.slide.size_px0) == (0.499, "features", (2220, 2967))
    assert bag.slide.quick_hash.startswith("6335ea0e6cc5")
    np.testing.assert_array_equal(load_features(store / "tables" / "resnet18_tiles"), bag.features)


def test_a_store_of_an_older_zarr_is_read_alike(tmp_path: Path):
    zarr = pytest.importorskip("zarr", reason="extra spatialdata")
    pytest.importorskip("pyarrow", reason="extra spatialdata")
    store = unpacked("lazyslide.zarr", tmp_path)
    today, table = zarr.open_group(store, mode="r"), "tables/resnet18_tiles"
    older = zarr.open_group(tmp_path / "older.zarr", mode="w", zarr_format=2, attributes=dict(today.attrs))
    older.create_group(table, attributes=dict(today[table].attrs))
    for name in (f"{table}/X", f"{table}/obs/tile_id"):
        older.create_array(name, data=today[name][:])
    shutil.copytree(store / "shapes" / "tiles", tmp_path / "older.zarr" / "shapes" / "tiles")

    one, other = load_bag(store), load_bag(tmp_path / "older.zarr")

    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.tiles.xy_px0, other.tiles.xy_px0)
    assert one.encoder == other.encoder


def test_a_sparse_table_in_a_store_is_told(tmp_path: Path):
    zarr = pytest.importorskip("zarr", reason="extra spatialdata")
    pytest.importorskip("pyarrow", reason="extra spatialdata")
    store = unpacked("lazyslide.zarr", tmp_path)
    table = zarr.open_group(store / "tables" / "resnet18_tiles", mode="a")
    del table["X"]
    table.create_group("X").create_array("data", data=VALUES[0])
    record = json.loads((store / "zarr.json").read_text())
    record.pop("consolidated_metadata", None)
    (store / "zarr.json").write_text(json.dumps(record))

    with pytest.raises(FeatureFileError, match="resnet18_tiles are stored sparse"):
        load_bag(store)


def test_of_several_tables_in_a_store_one_is_named(tmp_path: Path):
    pytest.importorskip("zarr", reason="extra spatialdata")
    pytest.importorskip("pyarrow", reason="extra spatialdata")
    store = unpacked("lazyslide.zarr", tmp_path)
    shutil.copytree(store / "tables" / "resnet18_tiles", store / "tables" / "uni_tiles")
    record = json.loads((store / "zarr.json").read_text())
    record.pop("consolidated_metadata", None)  # as of a store that another program has added to
    (store / "zarr.json").write_text(json.dumps(record))

    with pytest.raises(FeatureFileError, match=r"several tables.*resnet18_tiles.*uni_tiles"):
        load_bag(store)
    assert load_bag(store / "tables" / "uni_tiles").encoder.name == "uni"
    with pytest.raises(FeatureFileError, match="no table of features"):
        load_bag(store / "tables" / "conch_tiles")


def test_features_of_slide2vec_are_read_with_the_tiles_of_hs2p(tmp_path: Path):
    path = unpacked("slide2vec", tmp_path) / "tile_embeddings" / "skin.pt"

    bag = load_bag(path)

    assert bag.features.shape == (29, 8)
    assert (bag.tiles.side_px0, bag.tiles.side_px, bag.encoder.name) == (449, 224, "resnet18")
    assert (bag.slide.mpp, bag.slide.size_px0) == (0.499, (2220, 2967))
    assert bag.tiles.xy_px0[:2].tolist() == [[0, 57], [49, 961]]  # each piece of tissue has a grid of its own
    assert bag.tiles.mpp == pytest.approx(0.499 * 449 / 224)
    assert [file.name for file in files_of(path)] == [
        "skin.pt",
        "skin.coordinates.npz",
        "skin.coordinates.meta.json",
        "skin.meta.json",
    ]


def test_tiles_of_older_versions_of_hs2p_lie_in_a_folder_of_coordinates(tmp_path: Path):
    path = a_tensor(tmp_path / "features" / "s.pt")
    kinds = [("x", int), ("y", int), ("tile_size_resized", int), ("tile_level", int), ("resize_factor", float)]
    table = np.zeros(len(GRID), [*kinds, ("tile_size_lv0", int), ("target_spacing", float)])
    table["x"], table["y"] = GRID.T
    table["tile_size_resized"], table["resize_factor"], table["tile_size_lv0"] = 448, 2.0, 448
    table["target_spacing"] = 0.5
    (tmp_path / "coordinates").mkdir()
    np.save(tmp_path / "coordinates" / "s.npy", table)

    tiles = load_bag(path).tiles

    assert (tiles.side_px0, tiles.side_px, tiles.mpp) == (448, 224, 0.5)
    assert tiles.xy_px0.tolist() == GRID.tolist()


OLDER_CORNERS = [
    ("coordinates", "tiles", ("x_lv0", "y_lv0"), "s"),
    ("coordinates", "tiles", ("x", "y"), "s-tiles"),
    ("tiles", "coordinates", ("x", "y"), "s"),
]


@pytest.mark.parametrize(("folder", "kind", "names", "features"), OLDER_CORNERS)
def test_corners_of_older_versions_of_slide2vec_are_found(tmp_path: Path, folder, kind, names, features):
    path = a_tensor(tmp_path / "features" / f"{features}.pt")
    (tmp_path / folder).mkdir()
    np.savez(tmp_path / folder / f"s.{kind}.npz", **dict(zip(names, GRID.T, strict=True)))
    record = {"target_spacing_um": 1.0, "target_tile_size_px": 128, "tile_size_lv0": 256, "overlap": 0.0}
    (tmp_path / folder / f"s.{kind}.meta.json").write_text(json.dumps(record))

    tiles = load_bag(path).tiles

    assert (tiles.side_px0, tiles.side_px, tiles.mpp) == (256, 128, 1.0)
    assert tiles.xy_px0.tolist() == GRID.tolist()
    assert load_bag(path, slide_mpp=0.46).tiles.mpp == pytest.approx(0.92)  # as asked for, within a tolerance


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(numbers=st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True), shift=st.integers(0, 5))
def test_features_lie_where_the_numbers_of_their_tiles_say(tmp_path: Path, numbers: list[int], shift: int):
    for name in ("tile_embeddings", "tiles"):
        (tmp_path / name).mkdir(exist_ok=True)
    order = np.random.default_rng(shift).permutation(12)
    np.savez(tmp_path / "tile_embeddings" / "s.npz", features=VALUES[numbers], tile_index=np.array(numbers) + shift)
    np.savez(tmp_path / "tiles" / "s.coordinates.npz", x=GRID[order, 0], y=GRID[order, 1], tile_index=order + shift)
    record = {"tiling": {"requested_tile_size_px": 256, "tile_size_lv0": 256}}
    (tmp_path / "tiles" / "s.coordinates.meta.json").write_text(json.dumps(record))

    bag = load_bag(tmp_path / "tile_embeddings" / "s.npz", slide_mpp=0.5)

    assert bag.tiles.xy_px0.tolist() == GRID[numbers].tolist()
    np.testing.assert_array_equal(bag.features, VALUES[numbers])


def test_features_of_a_tile_without_a_place_are_refused(tmp_path: Path):
    path = unpacked("slide2vec", tmp_path) / "tile_embeddings" / "skin.pt"
    np.savez(path.with_suffix(".npz"), features=VALUES[:2], tile_index=np.array([3, 29]))

    with pytest.raises(FeatureFileError, match="tiles for which there is no place"):
        load_bag(path.with_suffix(".npz"))


def a_slideflow_bag(folder: Path, tile_um: object = 128, made_by: str = "slideflow.model.extractors.uni.UNIFeatures"):
    path = a_tensor(folder / "s.pt")
    np.savez(folder / "s.index", arr_0=GRID + 128)
    config = {"extractor": {"class": made_by}, "num_features": 5, "tile_px": 256, "tile_um": tile_um}
    (folder / "bags_config.json").write_text(json.dumps(config))
    return path


def test_slideflow_states_centres_and_sides_in_micrometres(tmp_path: Path):
    path = a_slideflow_bag(tmp_path)

    bag = load_bag(path, slide_mpp=0.5)

    assert (bag.tiles.side_px0, bag.tiles.side_px, bag.tiles.mpp, bag.encoder.name) == (256, 256, 0.5, "UNI")
    assert bag.tiles.xy_px0.tolist() == GRID.tolist()
    with pytest.raises(FeatureFileError, match="Give slide_mpp"):
        load_bag(path)


def test_a_layer_of_a_network_in_slideflow_is_called_by_the_network(tmp_path: Path):
    path = a_slideflow_bag(tmp_path, made_by="slideflow.model.extractors.TorchImagenetLayerExtractor")
    config = json.loads((tmp_path / "bags_config.json").read_text())
    config["extractor"]["kwargs"] = {"model_name": "resnet50", "tile_px": 256}
    (tmp_path / "bags_config.json").write_text(json.dumps(config))

    assert open_table(path).encoder == "resnet50"


def test_a_side_that_slideflow_gives_as_a_magnification_is_asked_for(tmp_path: Path):
    path = a_slideflow_bag(tmp_path, tile_um="20x")

    with pytest.raises(FeatureFileError, match="Give mpp"):
        load_bag(path, slide_mpp=0.25)
    assert load_bag(path, slide_mpp=0.5, mpp=0.5).tiles.side_px0 == 256


def test_a_tensor_of_clam_lies_where_its_hdf5_says(tmp_path: Path):
    path = a_tensor(tmp_path / "pt_files" / "s.pt")
    (tmp_path / "h5_files").mkdir()
    with h5py.File(tmp_path / "h5_files" / "s.h5", "w") as file:
        file["features"], file["coords"] = VALUES, GRID

    with pytest.raises(FeatureFileError, match=r"Give side_px and mpp .*, or"):
        load_bag(path, slide_mpp=0.5)
    assert load_bag(path, slide_mpp=0.25, side_px=256, mpp=0.25).tiles.xy_px0.tolist() == GRID.tolist()

    with h5py.File(tmp_path / "h5_files" / "s.h5", "r+") as file:
        file["coords"].attrs.update(patch_size=256, patch_level=0)
    assert load_bag(path, slide_mpp=0.25).tiles.side_px0 == 256


PATCHES = {"patch_size": 256, "patch_level": 1, "downsample": (2.0, 2.0), "level_dim": (1110, 1483), "name": "s"}


def corners_alone(path: Path, told: dict, corners: np.ndarray = GRID) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["coords"] = corners
        file["coords"].attrs.update(told)


@pytest.mark.parametrize("patches", ["patches", "../patches"])
@pytest.mark.parametrize("kind", ["h5_files", "pt_files"])
def test_what_clam_says_of_patches_counts_for_their_features(tmp_path: Path, patches: str, kind: str):
    above = tmp_path / "results" / "features"
    a_tensor(above / "pt_files" / "s.pt")
    (above / "h5_files").mkdir()
    with h5py.File(above / "h5_files" / "s.h5", "w") as file:
        file["features"], file["coords"] = VALUES, GRID.astype(np.int32)
    corners_alone(above / patches / "s.h5", PATCHES)
    path = next((above / kind).iterdir())

    tiles = load_bag(path, slide_mpp=0.25).tiles

    assert (tiles.side_px0, tiles.side_px, tiles.mpp) == (512, 256, 0.5)
    resized = load_bag(path, slide_mpp=0.25, side_px=224, mpp=0.5 * 256 / 224).tiles  # before they were encoded
    assert (resized.side_px0, resized.side_px) == (512, 224)
    assert len(files_of(path)) == (2 if kind == "h5_files" else 3)

    corners_alone(above / patches / "s.h5", PATCHES, GRID + 1)  # of another run
    with pytest.raises(FeatureFileError, match="does not state how large its tiles are"):
        load_bag(path, slide_mpp=0.25)


@pytest.mark.parametrize("values", [VALUES, torch.from_numpy(VALUES)], ids=["numpy", "torch"])
def test_tensors_of_trident_lie_where_its_patches_say(tmp_path: Path, values: object):
    job = tmp_path / "20x_256px_0px_overlap"
    path = a_tensor(job / "features_our_own_encoder" / "s.pt", values)
    told = {"patch_size": 256, "patch_size_level0": 512, "overlap": 0, "level0_width": 2000, "level0_height": 3000}
    corners_alone(job / "patches" / "s_patches.h5", told, GRID * 2)

    bag = load_bag(path, slide_mpp=0.25)

    assert (bag.tiles.side_px0, bag.tiles.mpp, bag.slide.size_px0) == (512, 0.5, (2000, 3000))
    assert bag.tiles.xy_px0.tolist() == (GRID * 2).tolist()
    assert bag.encoder.name == open_table(path).encoder == "our_own_encoder"
    np.testing.assert_array_equal(bag.features, VALUES)


def test_a_tensor_alone_has_no_places_and_trains(tmp_path: Path):
    path = a_tensor(tmp_path / "s.pt")

    with pytest.raises(FeatureFileError, match=r"s\.pt does not say where its tiles lie"):
        load_bag(path, slide_mpp=0.5)
    table = open_table(path)
    assert (table.tiles, table.features, table.place_flaw) == (12, 5, "")
    np.testing.assert_array_equal(table.read(np.array([1, 7])), VALUES[[1, 7]])


def test_another_number_of_tiles_beside_the_features_is_refused(tmp_path: Path):
    path = a_slideflow_bag(tmp_path)
    np.savez(tmp_path / "s.index", arr_0=GRID[:-1])

    with pytest.raises(FeatureFileError, match="12 features, but coords"):
        load_bag(path, slide_mpp=0.5)
    np.savez(tmp_path / "s.index", others=GRID)
    with pytest.raises(FeatureFileError, match="no index of slideflow"):
        load_bag(path, slide_mpp=0.5)
    (tmp_path / "bags_config.json").write_text("[]")
    with pytest.raises(FeatureFileError, match="no JSON object"):
        load_bag(path, slide_mpp=0.5)


class Trap:
    def __reduce__(self):
        return print, ("opened",)


def test_a_pickle_is_not_opened(tmp_path: Path, capsys):
    torch.save(Trap(), tmp_path / "s.pt")
    np.save(tmp_path / "s.npy", np.array([Trap()], object), allow_pickle=True)

    for name in ("s.pt", "s.npy"):
        with pytest.raises(FeatureFileError, match=rf"{name}.*not opened"):
            load_features(tmp_path / name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (torch.zeros(5), r"\(5,\), not one vector of numbers a tile \(it may be the vector of a whole slide\)"),
        (torch.zeros(2, 3, 4), "not one vector"),
        (torch.zeros(3, 4, dtype=torch.bool), "not one vector"),
        ({"model": torch.zeros(3, 4)}, "features or feats was looked for"),
        ({"features": torch.zeros(3, 4), "feats": torch.zeros(3, 4)}, "not once"),
        (torch.tensor([[1.0, 2.0], [torch.nan, 1.0], [torch.inf, 1.0]]), "finite.* 2 of 3 tiles"),
        (torch.zeros(0, 4), "finite.*there is no tile"),
        ("words", "was looked for"),
    ],
)
def test_what_is_no_bag_is_told(tmp_path: Path, values: object, words: str):
    path = a_tensor(tmp_path / "s.pt", values)

    with pytest.raises(FeatureFileError, match=words):
        load_features(path)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int32])
def test_numbers_of_any_type_are_read(tmp_path: Path, dtype: torch.dtype):
    numbers = torch.arange(12).reshape(3, 4).to(dtype)

    path = a_tensor(tmp_path / "s.pt", {"features": numbers[None], "coords": torch.from_numpy(GRID[:3])})

    np.testing.assert_array_equal(load_features(path), np.arange(12).reshape(3, 4))
    assert load_bag(path, slide_mpp=0.5, side_px=256, mpp=0.5).tiles.xy_px0.tolist() == GRID[:3].tolist()


def test_numbers_and_texts_beside_an_array_say_how_it_was_made(tmp_path: Path):
    told = {"patch_size": 256, "patch_size_level0": 512, "encoder": "uni_v1", "level0_mpp": 0.25}
    a_tensor(tmp_path / "s.pt", {"features": torch.from_numpy(VALUES), "coords": torch.from_numpy(GRID * 2)} | told)
    np.savez(tmp_path / "s.npz", features=VALUES, coords=GRID * 2, **told)

    for name in ("s.pt", "s.npz"):
        bag = load_bag(tmp_path / name)
        assert (bag.tiles.side_px0, bag.tiles.side_px, bag.tiles.mpp) == (512, 256, 0.5)
        assert bag.encoder.name == open_table(tmp_path / name).encoder == "uni_v1"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02.", b"\x93NUMPY", b"words"])
@pytest.mark.parametrize("suffix", [".pt", ".npy", ".npz"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes, suffix: str):
    path = tmp_path / f"s{suffix}"
    path.write_bytes(content)

    with pytest.raises(FeatureFileError, match=rf"s\{suffix}"):
        load_features(path)


def test_formats_are_told_apart_by_name(tmp_path: Path):
    assert is_elsewhere(tmp_path / "a.PT")
    assert is_elsewhere(tmp_path / "a.zarr" / "tables" / "uni_tiles")
    assert not is_elsewhere(tmp_path / "a.h5")
    assert not is_elsewhere(tmp_path / "tables" / "uni_tiles")
    with pytest.raises(FeatureFileError, match="no file of features"):
        load_features(tmp_path / "missing.pt")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    corners=arrays(np.int64, (12, 2), elements=st.integers(0, 10**6)),
    side_px0=st.integers(1, 4096),
    mpp=st.floats(0.1, 2),
)
def test_tiles_of_slideflow_lie_where_its_corners_were(tmp_path: Path, corners, side_px0: int, mpp: float):
    path = a_slideflow_bag(tmp_path, tile_um=side_px0 * mpp)
    np.savez(tmp_path / "s.index", arr_0=corners + side_px0 // 2)

    tiles = load_bag(path, slide_mpp=mpp).tiles

    assert tiles.side_px0 == side_px0
    assert tiles.xy_px0.tolist() == corners.tolist()
