import dataclasses
import json

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.mil.trust.tissue_distance import TissueDistance
from msm_mil_core.results.result_file import SCHEMA, load_result, save_result
from tests.models import a_bag, a_checkpoint, model_options
from tests.results import LIKE, UNLIKE, a_prediction, a_result, block_of_tiles, slide_facts

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

NUMBERS = st.floats(0, allow_infinity=False)


@st.composite
def results(draw):
    prediction = a_prediction(
        N=(cols := draw(st.integers(1, 9))) * (rows := draw(st.integers(1, 9))),
        S=draw(st.integers(1, 7)),
        C=draw(st.integers(1, 4)),
        K=draw(st.integers(0, 12)),
        masks=draw(st.booleans()),
        evidence=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )
    slide = slide_facts(mpp=draw(st.none() | st.just(0.25)))
    result = a_result(block_of_tiles(cols, rows), prediction=prediction, slide=slide)
    tissue = draw(st.none() | st.builds(TissueDistance, NUMBERS, st.floats(0, 1), NUMBERS))
    options = draw(st.dictionaries(st.text(), json_values, max_size=3))
    return dataclasses.replace(result, options=options, tissue=tissue)


@settings(max_examples=30)
@given(result=results())
def test_a_result_comes_back_from_its_file_field_by_field(tmp_path_factory, result):
    path = tmp_path_factory.mktemp("results") / "drawn.msm.h5"

    save_result(result, path)

    assert_equal(load_result(path), result)


def test_the_file_follows_the_published_schema(tmp_path):
    result = a_result(prediction=a_prediction(30, S=3, C=2, masks=True))

    save_result(result, tmp_path / "drawn.msm.h5")

    with h5py.File(tmp_path / "drawn.msm.h5") as file:
        assert file.attrs["schema"] == SCHEMA == "msm-mil-result/2"
        assert set(file.attrs) == {"schema", "created", "slide", "options", "model", "versions"}
        assert json.loads(file.attrs["slide"])["size_px0"] == [2220, 2967]
        assert json.loads(file.attrs["model"])["stages"] == 3
        assert dict(file["tiles/xy_px0"].attrs) == {"side_px0": 100, "side_px": 96, "mpp": 0.52}
        assert_dataset(file["tiles/xy_px0"], (30, 2), np.int64)
        assert_dataset(file["prediction/logits"], (2,), np.float32)
        assert_dataset(file["prediction/probabilities"], (2,), np.float32)
        assert_dataset(file["stages/attention"], (3, 30), np.float32)
        assert bool(file["stages/attention"].attrs["masks_applied"]) is True
        assert_dataset(file["stages/claimed"], (3, 30), np.bool_)
        assert file["stages/beta"].shape == (3,)
        assert_dataset(file["stages/logits"], (3, 2), np.float32)
        assert_dataset(file["evidence"], (3, 30, 2), np.float32)
        total = file["evidence"].attrs["bias"] + file["evidence"][()].sum((0, 1))
        np.testing.assert_allclose(total, file["prediction/logits"], atol=1e-5)


def test_a_result_without_evidence_has_none_in_its_file(tmp_path):
    result = a_result(prediction=a_prediction(30, evidence=False), preset="paper")

    save_result(result, tmp_path / "paper.msm.h5")

    with h5py.File(tmp_path / "paper.msm.h5") as file:
        assert "evidence" not in file


def test_the_record_of_the_model_is_kept_and_older_files_have_none(tmp_path):
    record = {"limits": "a demonstration", "figures": {"test": {"auc": 0.6, "bags": 4, "auc_low": None}}}
    path = tmp_path / "a.msm.h5"
    save_result(a_result(record=record), path)
    kept = load_result(path)
    with h5py.File(path, "r+") as file:
        model = json.loads(file.attrs["model"])
        del model["record"]
        file.attrs["model"] = json.dumps(model)

    assert kept.model.record == record
    assert kept.worth.badge == "Demonstration model"
    assert load_result(path).model.record == {}


@pytest.mark.parametrize("tissue", [{"value": -1}, {"nearer": 1.5}, {"limit": "far"}, {"value": None}])
def test_a_distance_that_cannot_be_is_damage(tmp_path, tissue):
    path = tmp_path / "a.msm.h5"
    save_result(a_result(tissue=LIKE), path)
    with h5py.File(path, "r+") as file:
        file.attrs["tissue"] = json.dumps(dataclasses.asdict(LIKE) | tissue)

    with pytest.raises(ResultError, match=r"a\.msm\.h5 is damaged"):
        load_result(path)


def test_tissue_unlike_what_the_model_learnt_is_said_with_the_answer():
    unlike, like, unknown = (a_result(tissue=tissue) for tissue in (UNLIKE, LIKE, None))

    assert unlike.warnings == (UNLIKE.warning,)
    assert unlike.worth.unlike == UNLIKE.warning
    assert like.warnings == unknown.warnings == ()
    assert like.worth == unknown.worth


def test_options_with_a_large_region_are_kept(tmp_path):
    outline = [[x, x + 0.5] for x in range(20_000)]
    result = dataclasses.replace(a_result(), options={"regions": outline})

    save_result(result, tmp_path / "region.msm.h5")

    assert load_result(tmp_path / "region.msm.h5").options["regions"] == outline


def test_a_slide_name_outside_utf8_is_kept(tmp_path):
    odd = b"Schnitt-\xe4.svs".decode("utf-8", "surrogateescape")
    result = a_result(slide=dataclasses.replace(slide_facts(), name=odd))

    save_result(result, tmp_path / "odd.msm.h5")

    assert load_result(tmp_path / "odd.msm.h5").slide.name == odd


def test_a_file_that_lacks_our_additions_to_the_slide_facts_is_read(tmp_path):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        facts = json.loads(file.attrs["slide"])
        del facts["path"], facts["extent_px0"], facts["reader"]
        file.attrs["slide"] = json.dumps(facts)

    slide = load_result(path).slide

    assert (slide.path, slide.extent_px0, slide.reader) == ("", slide.size_px0, "openslide")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ResultError, match=r"no result file .*gone\.msm\.h5"):
        load_result(tmp_path / "gone.msm.h5")


@pytest.mark.parametrize("content", [b"", b"just text", b"\x89PNG\r\n\x1a\n" + bytes(4000)])
def test_a_file_that_is_no_hdf5_is_told(tmp_path, content):
    path = tmp_path / "other.msm.h5"
    path.write_bytes(content)

    with pytest.raises(ResultError, match=r"other\.msm\.h5 is not an HDF5 file"):
        load_result(path)


def test_a_folder_is_told(tmp_path):
    with pytest.raises(ResultError, match="is no file to read, but a folder"):
        load_result(tmp_path)


def test_an_hdf5_file_of_another_program_is_told(tmp_path):
    path = tmp_path / "features.h5"
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros((3, 4))

    with pytest.raises(ResultError, match=r"features\.h5 is an HDF5 file, but not a result"):
        load_result(path)


def test_another_schema_is_told_by_name(tmp_path):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = "msm-mil-result/3"

    with pytest.raises(ResultError, match=r"schema 'msm-mil-result/3'; this version reads .* 'msm-mil-result/2'"):
        load_result(path)


@pytest.mark.parametrize("part", ["stages/attention", "stages", "tiles/xy_px0", "prediction/logits"])
def test_a_file_without_one_of_its_parts_is_told(tmp_path, part):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        del file[part]

    with pytest.raises(ResultError, match=r"drawn\.msm\.h5 is damaged .*Run the slide again"):
        load_result(path)


def test_parts_that_do_not_fit_each_other_are_told(tmp_path):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["stages/claimed"]
        file["stages/claimed"] = np.zeros((3, 29), bool)

    with pytest.raises(ResultError, match="damaged"):
        load_result(path)


@settings(max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_told(tmp_path_factory, share):
    path = saved(tmp_path_factory.mktemp("cut"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(ResultError, match=r"drawn\.msm\.h5"):
        load_result(path)


def test_a_changed_byte_in_the_attention_is_told(tmp_path):
    path = saved(tmp_path)
    whole = path.read_bytes()
    attention = a_result().prediction.stages[1].attention.tobytes()
    at = whole.index(attention)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])

    with pytest.raises(ResultError, match="damaged"):
        load_result(path)


def test_a_failed_save_leaves_what_was_there(tmp_path):
    path = saved(tmp_path)
    before = path.read_bytes()

    with pytest.raises(ValueError, match="JSON compliant"):
        save_result(dataclasses.replace(a_result(), options={"mpp": float("nan")}), path)

    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["drawn.msm.h5"]


def test_a_result_is_not_overwritten_against_the_wish(tmp_path):
    path = saved(tmp_path)
    before = path.read_bytes()

    with pytest.raises(OutputError, match=r"drawn\.msm\.h5 already exists"):
        save_result(a_result(), path, overwrite=False)

    assert path.read_bytes() == before


def saved(folder):
    path = folder / "drawn.msm.h5"
    save_result(a_result(), path)
    return path


def assert_dataset(dataset, shape, dtype):
    assert (dataset.shape, dataset.dtype) == (shape, np.dtype(dtype))


def assert_equal(found, expected):
    """Dataclasses, tuples and arrays, all the way down, types included."""
    assert type(found) is type(expected)
    if dataclasses.is_dataclass(expected):
        for field in dataclasses.fields(expected):
            assert_equal(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == expected


def spoil(dataset, at, value):
    values = dataset[()]
    values[at] = value
    dataset[...] = values


def put(file, name, values, **attributes):
    attributes = dict(file[name].attrs) | attributes
    del file[name]
    file[name] = values
    file[name].attrs.update(attributes)


WRONG = {
    "attention below 0": lambda file: spoil(file["stages/attention"], (0, 0), -0.1),
    "attention without end": lambda file: spoil(file["stages/attention"], (0, 0), np.inf),
    "a tile claimed twice": lambda file: spoil(file["stages/claimed"], slice(None), True),
    "a weight that is none": lambda file: spoil(file["stages/beta"], 0, np.nan),
    "weights that add up to 2": lambda file: put(file, "stages/beta", file["stages/beta"][()] * 2),
    "a probability above 1": lambda file: spoil(file["prediction/probabilities"], 0, 1.5),
    "a logit that is none": lambda file: spoil(file["prediction/logits"], 0, np.nan),
    "evidence that is none": lambda file: spoil(file["evidence"], (0, 0, 0), np.nan),
    "places as fractions": lambda file: put(file, "tiles/xy_px0", file["tiles/xy_px0"][()] + 0.5),
    "a place beside the slide": lambda file: spoil(file["tiles/xy_px0"], (0, 0), -100),
    "a place beyond the slide": lambda file: spoil(file["tiles/xy_px0"], (0, 0), 2**40),
    "claims as numbers": lambda file: put(file, "stages/claimed", np.zeros((3, 30), np.uint8)),
    "attention as text": lambda file: put(file, "stages/attention", np.full((3, 30), b"a")),
    "attention as complex numbers": lambda file: put(file, "stages/attention", np.zeros((3, 30), complex)),
    "one stage too few": lambda file: put(file, "stages/attention", file["stages/attention"][1:]),
    "one axis too many": lambda file: put(file, "evidence", file["evidence"][()][None]),
    "a group for a table": lambda file: (file.__delitem__("stages/beta"), file.create_group("stages/beta")),
    "no tile": lambda file: put(file, "tiles/xy_px0", np.zeros((0, 2), np.int64)),
    "tiles without a side": lambda file: file["tiles/xy_px0"].attrs.update(side_px0=0),
    "a side of half a pixel": lambda file: file["tiles/xy_px0"].attrs.update(side_px=0.5),
    "an endless pixel": lambda file: file["tiles/xy_px0"].attrs.update(mpp=np.inf),
    "masks that are maybe applied": lambda file: file["stages/attention"].attrs.update(masks_applied=2),
    "facts that are none": lambda file: file.attrs.update(slide="[1, 2]"),
    "no date": lambda file: file.attrs.update(created="yesterday"),
    "facts as a number": lambda file: file.attrs.update(slide=1.5),
    "JSON without end": lambda file: file.attrs.update(options="[" * 50_000),
    "a slide without pixels": lambda file: facts(file, "slide", size_px0=[0, 5]),
    "a slide of text": lambda file: facts(file, "slide", size_px0="ab"),
    "a pixel below 0": lambda file: facts(file, "slide", mpp=-1),
    "a name that is a number": lambda file: facts(file, "slide", name=3),
    "an unknown fact": lambda file: facts(file, "slide", colour="red"),
    "two classes of one name": lambda file: facts(file, "model", classes=["a", "a"]),
    "one class too many": lambda file: facts(file, "model", classes=["a", "b", "c"]),
    "a million stages": lambda file: facts(file, "model", stages=1_000_000),
    "a version that is a number": lambda file: facts(file, "versions", numpy=2),
    "a raster of terabytes": lambda file: (
        facts(file, "slide", size_px0=[2**30, 2**30]),
        spoil(file["tiles/xy_px0"], 0, 2**30 - 1),
    ),
}


def facts(file, name, /, **changes):
    file.attrs[name] = json.dumps(json.loads(file.attrs[name]) | changes)


@pytest.mark.parametrize("what", WRONG)
def test_what_no_result_holds_is_told_in_one_sentence(tmp_path, what):
    path = saved(tmp_path)
    with h5py.File(path, "r+") as file:
        WRONG[what](file)

    with pytest.raises(ResultError, match=r"^\S*drawn\.msm\.h5 is damaged \([^\n]*\)\. Run the slide again\.$"):
        load_result(path)


@pytest.mark.parametrize("preset", ["default", "explain"])
@pytest.mark.parametrize("classes", [2, 4])
def test_fusion_by_attention_makes_a_result_a_tenth_larger_at_most(tmp_path, preset, classes):
    def size(**changes):
        options = model_options(preset, classes=classes, **changes)
        checkpoint = a_checkpoint(**options.model_dump(exclude={"preset"}))
        predicted = predict_bag(checkpoint, a_bag(10_000), device="cpu")
        result = a_result(block_of_tiles(100, 100), prediction=predicted.prediction)
        path = tmp_path / f"{options.fusion}.msm.h5"
        save_result(dataclasses.replace(result, tile_outputs=predicted.tile_outputs), path)
        return path.stat().st_size

    plain, fused = size(fusion="mean"), size()

    assert plain < fused < 1.1 * plain
