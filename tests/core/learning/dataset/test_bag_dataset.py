"""Labelled bags: what a folder and a table must hold before training."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pytest
import torch

from msm_mil_core.bags.feature_table import open_table, table_of
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags, read_bag_dataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.labels import read_labels
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.splits import split_bags
from tests.bags import a_feature_file, a_table, labelled


def a_folder(folder: Path, *slides: str) -> Path:
    for number, slide in enumerate(slides):
        a_feature_file(folder / f"{slide}.h5", tiles=3 + number)
    return folder


def some_bags(
    labels: Sequence[str], patients: Sequence[str] | None = None, parts: Sequence[str] | None = None
) -> BagDataset:
    bags = {f"s{number}": np.full((2, 4), number, np.float32) for number in range(len(labels))}
    return labelled(bags, labels, patients=patients, parts=parts)


def test_tensors_are_bags_too_and_stand_back_where_an_hdf5_file_holds_the_same(tmp_path):
    folder = a_folder(tmp_path / "bags", "a", "b")
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    for name in ("b", "c"):  # as slideflow leaves them, with the places of the tiles
        torch.save(torch.from_numpy(values), folder / f"{name}.pt")
        np.savez(folder / f"{name}.index.npz", arr_0=np.zeros((3, 2)))
    table = a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y", "c,x"])

    bags = read_bag_dataset(folder, table)

    assert [len(bags.features(index)) for index in range(3)] == [3, 4, 3]
    np.testing.assert_array_equal(bags.features(2), values)


ARRANGED = {
    "TRIDENT": ("20x_256px_0px_overlap/features_uni_v1/{}.h5", "20x_256px_0px_overlap/patches/{}_patches.h5"),
    "CLAM": ("h5_files/{}.h5", "pt_files/{}.pt"),
    "slide2vec": ("tile_embeddings/{}.npz", "tiles/{}.coordinates.npz"),
    "slide2vec, earlier": ("features/{}-tiles.pt", "features/{}.pt"),
    "STAMP": ("mahmood-uni-1a2b3c4d/hospital/{}.h5",),
}


@pytest.mark.parametrize("program", ARRANGED)
def test_features_train_as_other_programs_arrange_them(tmp_path, program):
    for slide in ("a", "b"):
        for name in ARRANGED[program]:
            path = tmp_path / "job" / name.format(slide)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".h5":
                a_feature_file(path, tiles=3)
            elif path.suffix == ".pt":
                torch.save(torch.zeros(3, 4), path)
            else:
                np.savez(path, features=np.zeros((3, 4), np.float32), x=np.arange(3), y=np.arange(3))
    table = a_table(tmp_path / "labels.csv", ["slide,label", "a.svs,x", "b.svs,y"])

    bags = read_bag_dataset(tmp_path / "job", table)

    assert [bag.path for bag in bags.tables] == [tmp_path / "job" / ARRANGED[program][0].format(s) for s in ("a", "b")]


def test_a_folder_of_trident_names_the_encoder_for_training_as_it_does_for_a_run(tmp_path):
    folder = tmp_path / "features_uni_v2"
    folder.mkdir()
    for slide in ("a", "b"):
        torch.save(torch.zeros(3, 4), folder / f"{slide}.pt")

    bags = read_bag_dataset(folder, a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y"]))

    assert bags.origin.encoder == "uni_v2"


def test_names_of_one_encoder_are_one_origin(tmp_path):
    for slide, encoder in (("a", "uni_v2"), ("b", "mahmood-uni2")):
        with h5py.File(a_feature_file(tmp_path / f"{slide}.h5"), "r+") as file:
            file["features"].attrs["encoder"] = encoder

    bags = read_bag_dataset(tmp_path, a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y"]))

    assert bags.origin.encoder == "uni_v2"


def test_a_folder_and_a_table_become_bags_in_the_order_of_the_table(tmp_path):
    folder = a_folder(tmp_path / "bags", "a", "b", "c", "not named")
    table = a_table(tmp_path / "labels.csv", ["slide,label,patient", "c,tumour,p2", "a,normal,p1", "b,tumour,p1"])

    bags = read_bag_dataset(folder, table)

    assert bags.names == ("c", "a", "b")
    assert [bags.classes[label] for label in bags.labels] == ["tumour", "normal", "tumour"]
    assert bags.patients == ("p2", "p1", "p1")
    assert bags.parts is None
    assert [len(bags.features(index)) for index in range(3)] == [5, 3, 4]


def test_the_first_file_says_how_the_tiles_were_made(tmp_path):
    table = a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y"])

    bags = read_bag_dataset(a_folder(tmp_path / "bags", "a", "b"), table)

    assert bags.origin == Origin(encoder="timm:resnet18", side_px=224)  # TRIDENT does not give the mpp


def test_files_that_hold_features_only_leave_their_origin_open(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["feats"] = np.ones((2, 4), np.float16)
    (tmp_path / "b.h5").write_bytes((tmp_path / "a.h5").read_bytes())

    bags = read_bag_dataset(tmp_path, a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y"]))

    assert bags.origin == Origin()
    assert bags.features(1).dtype == np.float32


def test_a_table_may_name_the_slide_file_and_come_from_a_spreadsheet(tmp_path):
    folder = a_folder(tmp_path / "bags", "a.1", "b")
    table = tmp_path / "labels.csv"
    with table.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([["Slide", "Label", "note"], ["a.1.svs", " x ", "…"], ["b.ndpi", "y", ""]])

    bags = read_bag_dataset(folder, table)

    assert bags.classes == ("x", "y")
    assert [table.path.name for table in bags.tables if table.path] == ["a.1.h5", "b.h5"]


def test_a_table_without_slides_or_labels_is_refused(tmp_path):
    for lines, sentence in {
        ("slide,label",): "names no slides",
        ("slide,class", "a,x"): "no column label, only slide, class, separated by commas",
        ("name;label", "a;x"): "no column slide, only name, label, separated by semicolons",
    }.items():
        table = a_table(tmp_path / "labels.csv", lines)
        with pytest.raises(TrainingError, match=rf"labels\.csv.*{sentence}"):
            read_labels(table)


def test_slides_without_a_feature_file_are_named(tmp_path):
    folder = a_folder(tmp_path / "bags", "a")
    table = a_table(tmp_path / "labels.csv", ["slide,label", "a,x", *(f"lost{n},y" for n in range(7))])

    with pytest.raises(TrainingError, match="lost0, lost1, lost2, lost3, lost4 and 2 more"):
        read_bag_dataset(folder, table)

    with pytest.raises(TrainingError, match="not a folder"):
        read_bag_dataset(tmp_path / "absent", table)


def test_one_class_alone_is_refused():
    with pytest.raises(TrainingError, match="All 3 slides have the label 'x'"):
        some_bags(["x", "x", "x"])


def test_a_split_that_separates_the_slides_of_a_patient_is_refused():
    with pytest.raises(TrainingError, match="separates the slides of p1"):
        some_bags(["x", "y", "x"], patients=["p1", "p2", "p1"], parts=["train", "train", "test"])


def test_features_that_are_not_finite_are_refused_when_they_are_read(tmp_path):
    bad_file = open_table(a_feature_file(tmp_path / "bad.h5", fill=np.nan))
    in_memory = table_of(np.full((2, 4), np.inf, np.float32))

    bags = label_bags({"bad": bad_file, "worse": in_memory}, ["x", "y"], Origin())

    with pytest.raises(TrainingError, match=r"bad\.h5 holds features that are not finite"):
        bags.features(0)
    with pytest.raises(TrainingError, match="The bag worse holds features that are not finite"):
        bags.features(1)


def test_bags_of_two_encoders_are_refused(tmp_path):
    for name, size in (("a", 4), ("b", 5)):
        a_feature_file(tmp_path / f"{name}.h5", features=size)

    bags = read_bag_dataset(tmp_path, a_table(tmp_path / "labels.csv", ["slide,label", "a,x", "b,y"]))

    with pytest.raises(TrainingError, match=r"b\.h5 has 5 features per tile, but .*a\.h5 has 4"):
        bags.check_width(1)


def test_a_split_never_separates_the_slides_of_a_patient_and_every_part_has_every_class():
    rng = np.random.default_rng(0)
    patients = [f"p{number}" for number in rng.integers(25, size=120)]
    bags = some_bags([str(rng.choice(["x", "y", "z"])) for _ in patients], patients=patients)

    for seed in range(5):
        split = split_bags(bags, SplitOptions(seed=seed))

        parts = [split.part(name) for name in get_args(Part)]
        owners = [set(part.patients) for part in parts]
        assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
        assert sorted(name for part in parts for name in part.names) == sorted(bags.names)
        assert all(set(part.labels) == {0, 1, 2} for part in parts)
        assert split_bags(split, SplitOptions(seed=seed + 1)).parts == split.parts


def test_the_same_seed_draws_the_same_split():
    bags = some_bags(["x", "y"] * 20)

    first, again, other = (split_bags(bags, SplitOptions(seed=seed)) for seed in (0, 0, 1))

    assert first.parts == again.parts
    assert first.part("test").names != other.part("test").names


def test_the_table_has_the_last_word_on_the_split_and_only_what_it_leaves_open_is_drawn():
    labels, parts = ["x", "y"] * 6, ["test"] * 2 + ["val"] * 2 + ["train"] * 8

    complete = split_bags(some_bags(labels, parts=parts), SplitOptions())
    no_val = split_bags(some_bags(labels, parts=["test"] * 2 + ["train"] * 10), SplitOptions())
    no_test = split_bags(some_bags(labels), SplitOptions(test_share=0))

    assert [len(complete.part(name)) for name in get_args(Part)] == [8, 2, 2]
    assert no_val.indices("test").tolist() == [0, 1]
    assert len(no_val.part("val")) == 2
    assert not len(no_test.part("test"))


def test_too_few_patients_to_split_is_a_sentence():
    one_patient = some_bags(["x", "x", "y", "y"], patients=["p0", "p0", "p1", "p2"])

    with pytest.raises(TrainingError, match="Class 'x' has slides of 1 patient to split"):
        split_bags(one_patient, SplitOptions(test_share=0))
    with pytest.raises(TrainingError, match="The part val has no slide of class 'y'"):
        split_bags(some_bags(["x", "y", "x"], parts=["train", "train", "val"]), SplitOptions())
