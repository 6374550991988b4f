"""Where the tiles of other programs' files lie: read where it is stated, asked for where not, never inferred."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.bags.attributes import read_attributes
from msm_mil_core.bags.bag_file import load_bag, load_features
from msm_mil_core.bags.encoder_names import same_encoder
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.bags.tile_step import common_step
from msm_mil_core.errors import FeatureFileError

GRID = np.array([[256 * col, 256 * row] for row in range(3) for col in range(4)])
TWO_PIECES = np.vstack([GRID[:6], GRID[:6] + np.array([1537, 19])])
TRIDENT = {"patch_size": 256, "patch_size_level0": 256, "overlap": 0}
STAMP = {"unit": "um", "tile_size_um": 128.0, "tile_size_px": 256}


def a_file(folder: Path, coords: object = GRID, *, name: str = "features", root: object = None, **told: object) -> Path:
    path = folder / "odd.h5"
    with h5py.File(path, "w") as file:
        file[name] = np.zeros((12, 5), np.float32)
        if coords is not None:
            file["coords"] = coords
            file["coords"].attrs.update(told)
        file.attrs.update(root or {})
    return path


@pytest.mark.parametrize("coords", [GRID, TWO_PIECES])
def test_a_side_that_is_not_stated_is_asked_for(tmp_path: Path, coords: np.ndarray):
    path = a_file(tmp_path, coords)  # as CLAM leaves it

    with pytest.raises(FeatureFileError, match=r"Most lie 256 .* apart.* Give side_px and mpp .*, or"):
        load_bag(path, slide_mpp=0.5)
    with pytest.raises(FeatureFileError, match="Give side_px and mpp and slide_mpp"):
        load_bag(path)

    tiles = load_bag(path, slide_mpp=0.25, side_px=224, mpp=0.5).tiles
    assert (tiles.side_px0, tiles.side_px, tiles.mpp) == (448, 224, 0.5)
    assert (open_table(path).side_px, open_table(path).mpp) == (None, None)


STATED = {
    "TRIDENT": ({"patch_size": 256, "patch_size_level0": 512, "overlap": 128}, 512),
    "text": ({"patch_size": "256", "patch_size_level0": "512.0"}, 512),
    "bytes": ({"patch_size": np.bytes_(b"256"), "patch_size_level0": np.array([512.0])}, 512),
    "magnifications": ({"patch_size": 256, "level0_magnification": 40, "target_magnification": 10.0}, 1024),
    "CLAM, level 0": ({"patch_size": 256, "patch_level": 0}, 256),
    "CLAM, first versions": ({"patch_size": 256, "patch_level": 0, "custom_downsample": 2}, 512),
    "Fishing-Rod": ({"patch_size": 256, "patch_level": 1, "downsample": 4.0, "custom_downsample": 2}, 2048),
    "CLAM, level 1": ({"patch_size": 256, "patch_level": 1, "downsample": (4.0001, 4.0002)}, 1024),
}


@pytest.mark.parametrize("case", STATED)
def test_a_side_that_is_stated_in_any_form_is_taken(tmp_path: Path, case: str):
    told, side_px0 = STATED[case]

    tiles = load_bag(a_file(tmp_path, **told), slide_mpp=0.25).tiles

    assert (tiles.side_px0, tiles.side_px, tiles.mpp) == (side_px0, 256, 0.25 * side_px0 / 256)


UNKNOWN_SIDE = {
    "one of two": {"patch_size": 256},
    "the other": {"patch_size_level0": 256},
    "a level without its downsample": {"patch_size": 256, "patch_level": 1},
    "one magnification": {"patch_size": 256, "level0_magnification": 40},
    "a word for nothing": {"patch_size": "None", "patch_size_level0": ""},
    "nothing": {"patch_size": h5py.Empty("i8")},
}


@pytest.mark.parametrize("case", UNKNOWN_SIDE)
def test_half_a_statement_is_not_completed(tmp_path: Path, case: str):
    path = a_file(tmp_path, **UNKNOWN_SIDE[case])

    with pytest.raises(FeatureFileError, match="does not state how large its tiles are"):
        load_bag(path, slide_mpp=0.5)


WRONG = {
    "zero": ({"patch_size": 0}, "patch_size as 0"),
    "negative": ({"patch_size": -256}, "patch_size as -256"),
    "NaN": ({"patch_size": np.nan}, "patch_size"),
    "infinite": ({"patch_size_level0": "inf"}, "patch_size_level0"),
    "huge": ({"patch_size": 1e308}, "patch_size as 1e[+]308"),
    "beyond 64 bits": ({"patch_size": "9" * 40}, "patch_size"),
    "no whole number": ({"patch_size": 256.5}, "patch_size as 256.5"),
    "words": ({"patch_size": "large"}, "patch_size as 'large'"),
    "a pair that differs": ({"patch_size": (256, 512)}, "patch_size"),
    "true": ({"patch_size": True}, "patch_size"),
    "complex": ({"patch_size": 256j}, "patch_size"),
    "twice": ({"patch_size": 256, "patch_level": 0, "patch_size_level0": 512}, "twice"),
    "another step": (TRIDENT | {"patch_size_level0": 400}, "256 level-0 pixels apart"),
    "another overlap": (TRIDENT | {"overlap": 64}, "256 level-0 pixels apart"),
    "no number of an overlap": (TRIDENT | {"overlap": "some"}, "overlap as 'some'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_size_that_cannot_be_is_told_and_does_not_stop_training(tmp_path: Path, case: str):
    told, words = WRONG[case]
    path = a_file(tmp_path, **told)

    with pytest.raises(FeatureFileError, match=rf"odd\.h5.*{words}"):
        load_bag(path, slide_mpp=0.5, side_px=256, mpp=0.5)
    table = open_table(path)
    assert (table.tiles, table.features) == (12, 5)
    assert words.replace("[+]", "+") in table.place_flaw


NO_PLACES = {
    "NaN": (np.where(GRID == 512, np.nan, GRID), "no place on a slide"),
    "infinite": (np.where(GRID == 512, np.inf, GRID), "no place on a slide"),
    "too far": (GRID.astype(np.uint64) + np.uint64(2**63), "no place on a slide"),
    "fewer": (GRID[:11], "12 features, but coords"),
    "three numbers": (np.zeros((12, 3)), "12 features, but coords"),
    "words": (np.full((12, 2), b"a"), "12 features, but coords"),
    "empty": (h5py.Empty("f4"), "12 features, but coords"),
}


@pytest.mark.parametrize("case", NO_PLACES)
def test_a_file_without_sound_places_trains(tmp_path: Path, case: str):
    coords, words = NO_PLACES[case]
    path = a_file(tmp_path, coords, **TRIDENT)

    with pytest.raises(FeatureFileError, match=rf"odd\.h5.*{words}"):
        load_bag(path, slide_mpp=0.5)
    assert words in open_table(path).place_flaw
    assert open_table(path).side_px == 256
    assert load_features(path).shape == (12, 5)


def test_no_places_and_a_group_of_them_train_too(tmp_path: Path):
    none = a_file(tmp_path, None)
    with pytest.raises(FeatureFileError, match="does not say where its tiles lie"):
        load_bag(none, slide_mpp=0.5)
    assert open_table(none).place_flaw == ""

    with h5py.File(none, "r+") as file:
        file.create_group("coords")
    with pytest.raises(FeatureFileError, match="coords is no table"):
        load_bag(none, slide_mpp=0.5)
    assert "coords is no table" in open_table(none).place_flaw


def test_micrometres_are_taken_as_such_only_where_they_are_stated(tmp_path: Path):
    told = load_bag(a_file(tmp_path, GRID * 0.5, name="feats", root=STAMP), slide_mpp=0.5).tiles
    assert (told.xy_px0.tolist(), told.side_px0, told.mpp) == (GRID.tolist(), 256, 0.5)
    assert open_table(tmp_path / "odd.h5").mpp == 0.5  # stated, whatever the slide's is

    for root in ({}, {"tile_size": 224}, {"unit": "px"}, STAMP | {"unit": "mm"}):
        path = a_file(tmp_path, name="feats", root=root)
        with pytest.raises(FeatureFileError, match="not in micrometres"):
            load_bag(path, slide_mpp=0.5, side_px=224, mpp=0.5)

    no_px = a_file(tmp_path, name="feats", root={"unit": "µm", "tile_size": 128})
    with pytest.raises(FeatureFileError, match=r"Give side_px \(--tiles.side-px\), or"):
        load_bag(no_px, slide_mpp=0.5)
    assert load_bag(no_px, slide_mpp=0.5, side_px=224).tiles.side_px0 == 256


def test_first_files_of_stamp_are_read_as_its_later_versions_read_them(tmp_path: Path):
    told = {"extractor": "STAMP-extract-v1.0.0_xiyuewang-ctranspath-7c998680"}
    path = a_file(tmp_path, GRID // 256 * 224, name="feats", root=told)

    bag = load_bag(path, slide_mpp=0.5)

    assert (bag.tiles.side_px0, bag.tiles.side_px, bag.tiles.mpp) == (512, 224, 256 / 224)
    assert bag.tiles.xy_px0.tolist() == (GRID * 2).tolist()
    assert same_encoder(bag.encoder.name, "ctranspath")


@pytest.mark.parametrize("kind", ["slide", "patient"])
def test_vectors_of_more_than_tiles_are_named(tmp_path: Path, kind: str):
    path = a_file(tmp_path, name="feats", root={"feat_type": kind})

    with pytest.raises(FeatureFileError, match=f"one vector of a whole {kind}"):
        open_table(path)


def test_what_is_given_must_agree_with_what_is_stated(tmp_path: Path):
    path = a_file(tmp_path, **TRIDENT)

    with pytest.raises(FeatureFileError, match="states tiles of 256 px, not 224"):
        load_bag(path, side_px=224)
    with pytest.raises(FeatureFileError, match=r"comes out as 1 and as 0\.5"):
        load_bag(path, slide_mpp=0.5, mpp=1)
    assert load_bag(path, mpp=0.5).tiles.mpp == 0.5


@pytest.mark.parametrize("value", [np.bytes_(b"uni_v1"), "uni_v1", np.array([b"uni_v1"]), np.array(["uni_v1"], object)])
def test_an_encoder_is_named_however_it_is_stored(tmp_path: Path, value: object):
    path = a_file(tmp_path)
    with h5py.File(path, "r+") as file:
        file["features"].attrs["encoder"] = value

    assert open_table(path).encoder == "uni_v1"


def test_the_step_is_that_of_most_neighbours_and_an_irregular_grid_has_none():
    scattered = np.random.default_rng(0).integers(0, 50, (400, 2)) ** 2

    assert common_step(TWO_PIECES) == common_step(GRID) == common_step(GRID[::-1]) == 256
    assert common_step(GRID[GRID[:, 0] != 256]) == 256  # the columns still say it
    assert common_step(scattered) is common_step(GRID[:1]) is common_step(GRID[:0]) is None


VALUES = st.one_of(
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.booleans(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.binary().map(np.void) | st.binary(min_size=1).map(np.bytes_),
    st.lists(st.floats(), max_size=3).map(np.array),
    st.just(h5py.Empty("f8")),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from([*TRIDENT, *STAMP, "patch_level", "downsample", "level0_width"]), VALUES))
def test_whatever_the_attributes_hold_the_features_are_read_and_the_rest_is_a_sentence(tmp_path: Path, told: dict):
    path = a_file(tmp_path)
    with h5py.File(path, "r+") as file:
        for name, value in told.items():
            try:
                file["coords"].attrs[name] = value
            except (ValueError, TypeError, OSError):  # what HDF5 cannot hold
                continue
        for name in told:
            try:
                number = read_attributes(file).number(name)
            except FeatureFileError:
                continue
            assert number is None or np.isfinite(number)

    assert open_table(path).tiles == 12
    try:
        assert load_bag(path, slide_mpp=0.5, side_px=64, mpp=1).tiles.side_px0 >= 1
    except FeatureFileError as exc:
        assert "odd.h5" in str(exc)
