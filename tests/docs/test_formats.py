"""The pages on file formats are contracts: real files hold what they say, no more and no less."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
import safetensors

import msm_mil_core as mm
from msm_mil_core.bags.attributes import Attributes
from msm_mil_core.bags.bag import EncoderCard, FeatureBag, JoinedSlide
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.bags.stated_bag import FEATURES
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.annotations import Annotations, Verdict, save_annotations
from tests.docs.pages import page, rows
from tests.models import a_bag, a_checkpoint, a_training_tissue
from tests.results import LIKE, UNLIKE, a_result, block_of_tiles, slide_facts

SIZES = {"N": 30, "P": 12, "S": 3, "C": 2, "F": 5, "L": 16, "D": 8, "H": 3, "I": 16, "K": 3, "B": 5, "W": 12}
VERDICTS = Annotations(verdicts=(Verdict(stage=0, label="tumour", at="2026-11-22T10:00:00+01:00"),))

Fact = tuple[tuple[int, ...], str]


def documented(name: str) -> dict[str, dict[str, str]]:
    """The rows of a page by the name in their first column."""
    return {row["name"].strip("`"): row for row in rows(page(f"formats/{name}.md")) if "optional" in row}


def required(name: str) -> set[str]:
    return {key for key, row in documented(name).items() if row["optional"] == "no"}


def shape(text: str) -> tuple[int, ...]:
    """The sizes that a shape in letters stands for: "(2·H·D, L)"."""
    return eval(text.replace("·", "*"), {}, dict(SIZES))


def without_number(tensor: str) -> str:
    return re.sub(r"before\.\d", "before.i", re.sub(r"refinements\.\d", "refinements.t", tensor))


def a_bag_file(path: Path, mpp: float | None, pictures: tuple[JoinedSlide, ...] = ()) -> Path:
    card = EncoderCard("drawn", 12, 96, None, "CC0", "5f2a")
    save_bag(FeatureBag(a_bag(30), block_of_tiles(6, 5), slide_facts(mpp=mpp), card, pictures), path)
    return path


def a_model(preset: str) -> Checkpoint:
    """A model with everything that the preset can have: the default one knows what it learnt from."""
    model = a_checkpoint(preset, masked_stages=2, fusion_width=SIZES["F"])
    return replace(model, tissue=a_training_tissue() if preset == "default" else None)


def a_model_of_others() -> Checkpoint:
    """A model with the layers that ours never have."""
    return a_checkpoint("abmil", before=(SIZES["W"],), projection="biased", standardise=False)


def a_result_of(preset: str, path: Path, **changes) -> Path:
    predicted = predict_bag(
        a_checkpoint(preset, masked_stages=2, fusion_width=SIZES["F"], **changes), a_bag(30), device="cpu"
    )
    tissue = None if preset == "paper" else LIKE
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction, preset=preset, tissue=tissue)
    mm.save_result(replace(result, tile_outputs=predicted.tile_outputs), path)
    return path


def content(path: Path) -> Iterator[tuple[str, Fact | None]]:
    """Every attribute as "dataset@name", and every dataset with its shape and type."""
    with h5py.File(path) as file:
        found: dict[str, h5py.HLObject] = {"": file}
        file.visititems(found.__setitem__)
        for name, node in found.items():
            yield from ((f"{name}@{attribute}", None) for attribute in node.attrs)
            if isinstance(node, h5py.Dataset):
                yield name, (node.shape, "JSON" if node.dtype.kind == "O" else node.dtype.name)


def check_facts(found: dict[str, Fact | None], name: str) -> None:
    facts = {key: fact for key, fact in found.items() if fact is not None}
    assert facts == {key: (shape(documented(name)[key]["shape"]), documented(name)[key]["type"]) for key in facts}


def test_a_result_holds_what_its_page_says(tmp_path):
    full = a_result_of("default", tmp_path / "full.msm.h5", fusion="attention")
    save_annotations(VERDICTS, full)
    least = a_result_of("paper", tmp_path / "least.msm.h5")

    everything, needed = dict(content(full)), dict(content(least))

    assert set(everything) == set(documented("result"))
    assert set(needed) == required("result")
    check_facts(everything, "result")
    with h5py.File(full) as file:
        (change,) = json.loads(file["notebook"][()])["changes"]
    members = {row["member of a change"] for row in rows(page("formats/result.md")) if "member of a change" in row}
    assert members == {f"`{member}`" for member in change}


@pytest.mark.parametrize(("mpp", "leaves_out"), [(0.5, set()), (None, {"level0", "target"})])
def test_features_hold_what_their_page_says(tmp_path, mpp, leaves_out):
    found = dict(content(a_bag_file(tmp_path / "drawn.h5", mpp, (JoinedSlide("a.png", 30, 0, (9, 9), "5f2a"),))))

    left_out = {f"coords@{name}_magnification" for name in leaves_out}
    assert set(found) == set(documented("features")) - left_out
    check_facts(found, "features")


def test_features_of_one_slide_without_a_pixel_size_hold_what_is_never_left_out(tmp_path):
    assert set(dict(content(a_bag_file(tmp_path / "drawn.h5", None)))) == required("features")


def test_a_bag_of_pictures_lists_each_with_the_members_of_the_page(tmp_path):
    path = a_bag_file(tmp_path / "drawn.h5", 0.5, (JoinedSlide("a.png", 30, 0, (9, 9), "5f2a"),))

    with h5py.File(path) as file:
        (listed,) = json.loads(file.attrs["joined"])

    assert {f"`{member}`" for member in listed} <= set(
        re.findall(r"`\w+`", documented("features")["@joined"]["what it is"])
    )


NEEDS = [row for row in rows(page("formats/features.md")) if "stated by" in row]
OPTIONS = {"--encoder": "encoder", "--side-px": "side_px", "--mpp": "mpp"}
STATED = {"encoder": "drawn", "extractor": "drawn", "patch_size": 224, "tile_size_px": 224, "tile_size_um": 112.0}


def a_foreign_file(path: Path, **attributes) -> Path:
    with h5py.File(path, "w") as file:
        file["features"], file["coords"] = a_bag(4), [[0, 0], [9, 0], [0, 9], [9, 9]]
        file["coords"].attrs.update(attributes)
    return path


def test_the_page_names_every_dataset_and_attribute_that_is_read_of_a_file(tmp_path, monkeypatch):
    asked, value = set(), Attributes._value
    monkeypatch.setattr(Attributes, "_value", lambda self, name: asked.add(name) or value(self, name))

    open_table(a_foreign_file(tmp_path / "bare.h5"))
    mm.load_bag(a_foreign_file(tmp_path / "stamp.h5", unit="um"), slide_mpp=1, side_px=9, mpp=1)
    mm.load_bag(a_foreign_file(tmp_path / "trident.h5", patch_size=9, patch_size_level0=9))
    open_table(a_foreign_file(tmp_path / "clam.h5", patch_size=9, patch_level=0))

    named = {name for row in NEEDS for name in re.findall(r"`(\w+)`", row["stated by"])}
    assert asked | {*FEATURES, "coords"} == named


@pytest.mark.parametrize("option", OPTIONS)
def test_what_a_file_leaves_out_is_what_the_page_says_an_option_gives(tmp_path, option):
    (row,) = [row for row in NEEDS if f"`{option}`" in row["where it is absent"]]
    with_pixels = {"patch_size": 224} if option == "--mpp" else {}

    bare = open_table(a_foreign_file(tmp_path / "bare.h5", **with_pixels))

    assert getattr(bare, OPTIONS[option]) is None
    for name in set(re.findall(r"`(\w+)`", row["stated by"])) & set(STATED):
        told = open_table(a_foreign_file(tmp_path / f"{name}.h5", **with_pixels, **{name: STATED[name]}))
        assert getattr(told, OPTIONS[option]) is not None


def test_only_the_features_are_needed(tmp_path):
    needed = [re.findall(r"`(\w+)`", row["stated by"]) for row in NEEDS if row["needed"] == "yes"]
    for name in FEATURES:
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file[name] = a_bag(4)
        assert open_table(tmp_path / f"{name}.h5").tiles == 4
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["coords"] = [[0, 0]]

    assert needed == [list(FEATURES)]
    with pytest.raises(FeatureFileError, match="holds no features"):
        open_table(tmp_path / "none.h5")


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_a_checkpoint_holds_what_its_page_says(tmp_path, preset):
    saved = mm.save_checkpoint(a_model(preset), tmp_path / "drawn.safetensors")

    with safetensors.safe_open(saved.path, "np") as file:
        card = json.loads(file.metadata()["msm-mil"])
        names = file.keys()
        tensors = {without_number(name): file.get_tensor(name).shape for name in names}

    pages = documented("checkpoint")
    assert set(card) == {name for name, row in pages.items() if "type" in row}
    assert {name for name in required("checkpoint") if "shape" in pages[name]} <= set(tensors)
    assert tensors == {name: shape(pages[name]["shape"]) for name in tensors}
    assert all(f"`{name}`" in pages["options"]["what it is"] for name in card["options"])


def test_two_presets_and_a_model_of_others_have_every_tensor_of_the_page(tmp_path):
    names = set()
    for model in (a_model("default"), a_model("paper"), a_model_of_others()):
        with safetensors.safe_open(mm.save_checkpoint(model, tmp_path / "a.safetensors").path, "np") as file:
            names.update(map(without_number, file.keys()))

    assert names == {name for name, row in documented("checkpoint").items() if "shape" in row}


def test_geojson_holds_what_its_page_says(tmp_path):
    predicted = predict_bag(a_checkpoint(), a_bag(30), device="cpu")
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)
    result = replace(result, options=dict(result.options) | {"encoder": "drawn"}, tissue=UNLIKE)

    options = GeoJsonOptions(hot_spots_percent=10)
    path = mm.write_geojson(result, tmp_path / "drawn.geojson", options, VERDICTS)

    collection = json.loads(path.read_text())
    each = [set(members(feature, "features[]")) for feature in collection["features"]]
    assert {"type", "features"} | set().union(*each) == set(documented("geojson"))
    assert required("geojson") - {"type", "features"} <= set.intersection(*each)


def members(node: object, name: str) -> Iterator[str]:
    """Names of all members, with stages and classes as the page writes them."""
    if not isinstance(node, dict):
        yield re.sub(r"Stage \d", "Stage n", re.sub(r"Evidence .*", "Evidence CLASS", name))
        return
    for key, value in node.items():
        yield from members(value, f"{name}.{key}")


def test_a_features_file_begins_with_its_schema(tmp_path):
    assert a_bag_file(tmp_path / "drawn.h5", 0.5).read_bytes().startswith(b"msm-mil-features/1 ")
