"""The report before training: everything that is wrong with bags and labels, at once."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.bags.feature_table import open_table, table_of
from msm_mil_core.cli.app import call
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.validation import ValidationReport, validate_bags
from msm_mil_core.progress import finish
from tests.bags import QUICK, a_feature_file, a_table, a_training_folder, an_encoded_slide

TOLD = Origin(mpp=0.5)  # which TRIDENT does not state


def a_report(folder: Path, table: Path, folds: int = 1, told: Origin = TOLD) -> ValidationReport:
    return finish(validate_bags(folder, table, SplitOptions(), FoldOptions(folds=folds), told))


def a_cohort(folder: Path, count: int = 24) -> list[str]:
    """Write valid feature files, and return the lines of their table."""
    for number in range(count):
        a_feature_file(folder / f"s{number}.h5", tiles=3 + number)
    return some_lines(count)


def some_lines(count: int) -> list[str]:
    return ["slide,label,patient", *(f"s{number},{'xy'[number % 2]},p{number}" for number in range(count))]


def test_valid_bags_are_reported_as_facts(tmp_path):
    report = a_report(tmp_path, a_table(tmp_path / "labels.csv", a_cohort(tmp_path)))

    assert report.findings == ()
    assert (report.bags, report.patients, report.features) == (24, 24, (4,))
    assert report.classes == {"x": 12, "y": 12}
    assert report.tiles == (3, 14.5, 26)


def test_everything_that_is_wrong_is_reported_at_once(tmp_path):
    lines = a_cohort(tmp_path)
    (tmp_path / "s0.h5").write_bytes(b"no HDF5")
    a_feature_file(tmp_path / "s1.h5", fill=np.nan)
    a_feature_file(tmp_path / "s2.h5", tiles=0)
    a_feature_file(tmp_path / "s3.h5", features=5)
    (tmp_path / "s5.h5").write_bytes((tmp_path / "s4.h5").read_bytes())
    with h5py.File(tmp_path / "s6.h5", "r+") as file:
        file["features"].attrs["encoder"] = "timm:other"
    a_feature_file(tmp_path / "stranger.h5")
    lines[8] = "s7,y,p8"  # of one patient with s8, which is x
    lines += ["s9,y,p9", "s10.svs,x,p10", "lost,x,p99", "nameless,,p98"]

    report = a_report(tmp_path, a_table(tmp_path / "labels.csv", lines))

    fatal = " / ".join(finding.sentence for finding in report.fatal)
    for sentence in (
        "leaves the label empty in line 29",
        "names s9 more than once",
        "no feature file for lost",
        "names the feature file of s10 more than once",
        "s0.h5 is not an HDF5 file",
        "In s1, 3 tiles have features that are not finite",
        "The feature files of s2 have no tiles",
        "differ in length: 4 (22), 5 (1). Other than most: s3",
        "different encoders: timm:resnet18 (22), timm:other (1). Other than most: s6",
    ):
        assert sentence in fatal
    notes = " / ".join(finding.sentence for finding in report.findings if not finding.fatal)
    for sentence in ("s4, s5 have identical features", "does not name stranger", "more than one class come from p8"):
        assert sentence in notes
    assert all(finding.next_step for finding in report.findings)


def test_classes_that_no_model_can_be_trained_on_are_reported(tmp_path):
    lines = a_cohort(tmp_path)
    alone = a_table(tmp_path / "alone.csv", [line.replace(",y,", ",x,") for line in lines])
    few = a_table(tmp_path / "few.csv", lines[:9])
    parted = a_table(
        tmp_path / "parted.csv",
        ["slide,label,patient,split", "s0,x,p0,train", "s1,y,p1,train", "s2,x,p0,test", "s3,y,p3,test"],
    )

    assert "All 24 slides have the label 'x'." in [finding.what for finding in a_report(tmp_path, alone).fatal]
    assert not a_report(tmp_path, few).fatal
    assert "fewer than 10 patients: 4." in a_report(tmp_path, few).findings[-1].what
    assert "4 patients, too few for 5 folds" in a_report(tmp_path, few, folds=5).fatal[0].what
    assert "separates the slides of p0" in a_report(tmp_path, parted).fatal[0].what


def test_a_user_may_say_that_two_names_are_one_encoder(tmp_path):
    table = a_table(tmp_path / "labels.csv", a_cohort(tmp_path))
    with h5py.File(tmp_path / "s6.h5", "r+") as file:
        file["features"].attrs["encoder"] = "resnet18"

    assert a_report(tmp_path, table).fatal
    assert not a_report(tmp_path, table, told=Origin(encoder="timm:resnet18")).fatal


def test_tiles_of_another_size_on_the_glass_are_reported(tmp_path):
    for number in range(20):
        an_encoded_slide(tmp_path / f"s{number}.h5", number, mpp=1.0 if number == 7 else 0.5)
    table = a_table(tmp_path / "labels.csv", some_lines(20))

    (finding,) = a_report(tmp_path, table, told=Origin()).findings

    assert "different sizes on the glass: 224 px at 0.5 µm (19), 224 px at 1 µm (1)" in finding.what
    assert (finding.bags, finding.fatal) == (("s7",), False)
    assert read_bag_dataset(tmp_path, table).origin == Origin("timm:resnet18", "5f2a", 224, None)


def clam(path: Path) -> None:
    """As CLAM leaves a file: two pieces of tissue, each with a grid of its own, and no attributes."""
    grid = np.array([[256 * col, 256 * row] for row in range(3) for col in range(2)])
    with h5py.File(path, "w") as file:
        file["features"] = np.random.default_rng(len(path.name)).normal(size=(12, 4)).astype("f4")
        file["coords"] = np.vstack([grid, grid + np.array([1537, 19])])


def test_what_not_all_files_state_alike_is_asked_for(tmp_path, capsys):
    for number in range(24):
        a_feature_file(tmp_path / f"s{number}.h5", tiles=3 + number)  # TRIDENT's state encoder and side, not mpp
    table = a_table(tmp_path / "labels.csv", some_lines(24))
    train = ["train", str(tmp_path), "--labels", str(table), "--out", str(tmp_path / "m.safetensors"), *QUICK]
    assert read_bag_dataset(tmp_path, table).origin == Origin("timm:resnet18", side_px=224)

    with h5py.File(tmp_path / "s3.h5", "r+") as file:
        file["coords"].attrs["patch_size"] = 256
    clam(tmp_path / "s4.h5")

    notes = " / ".join(finding.sentence for finding in a_report(tmp_path, table).findings)
    assert "made: 1 of 24 lack the encoder, 1 of 24 lack the side-px." in notes
    assert "of different sizes: 224 px (22), 256 px (1)" in notes
    assert read_bag_dataset(tmp_path, table).origin == Origin()
    for words, asked in {"": "--encoder and --side-px and --mpp", "--mpp 0.5 --encoder x": "--side-px:"}.items():
        assert call([*train, *words.split()]) == 2
        assert asked in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.glob("m.*"))
    told = Origin("timm:resnet18", side_px=224, mpp=0.5)
    assert [bag for finding in a_report(tmp_path, table, told=told).findings[:1] for bag in finding.bags] == ["s3"]


def test_files_whose_places_are_unsound_are_noted_and_train(tmp_path, capsys):
    for number in range(24):
        a_feature_file(tmp_path / f"s{number}.h5", tiles=3 + number)
    with h5py.File(tmp_path / "s3.h5", "r+") as file:
        file["coords"].attrs["patch_size"] = 0
        del file["coords"].attrs["patch_size_level0"]
    with h5py.File(tmp_path / "s4.h5", "r+") as file:
        del file["coords"]
        file.create_group("coords")
    table = a_table(tmp_path / "labels.csv", some_lines(24))
    words = [str(tmp_path), "--labels", str(table), "--side-px", "224", "--mpp", "0.5"]

    assert call(["check", *words, "--encoder", "timm:resnet18"]) == 0
    assert "s3, s4 cannot be placed on a slide" in capsys.readouterr().out
    out = ["--out", str(tmp_path / "m.safetensors"), "--device", "cpu", *QUICK]
    assert call(["train", *words, "--encoder", "timm:resnet18", *out]) == 0


def test_check_reports_and_training_does_not_begin(tmp_path, capsys):
    words = a_training_folder(tmp_path / "bags")
    place = words[1:4]

    assert call(["check", *place]) == 0
    assert "24 bags of 24 patients; benign 12, malignant 12; 12 to 12 tiles" in capsys.readouterr().out
    (tmp_path / "bags" / "case3.h5").unlink()
    (tmp_path / "bags" / "case4.h5").write_bytes(b"")
    for command in (["check", *place], [*words, "--out", str(tmp_path / "m.safetensors")]):
        assert call(command) == 2
        printed = capsys.readouterr()
        assert printed.out.count("STOPS TRAINING") == 2
        assert "2 findings stop the training" in printed.err.splitlines()[-1]
    assert not list(tmp_path.glob("m.*"))


def a_file_stored_as(path: Path, features: np.ndarray, **how) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=features, **how)
    return path


@pytest.mark.parametrize("how", [{}, {"chunks": (100, 4)}, {"chunks": (100, 4), "compression": "gzip"}])
@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", "f8"])
def test_rows_are_read_alike_however_a_file_stores_them(tmp_path, how, kind):
    features = np.random.default_rng(0).normal(size=(9000, 4)).astype(kind)
    rows = np.array([0, 7, 8191, 8192, 8999])

    table = open_table(a_file_stored_as(tmp_path / "bag.h5", features, **how))

    expected = features.astype(np.float16 if kind == "f2" else np.float32)
    assert table.dtype == expected.dtype
    assert np.array_equal(table.read(rows), expected[rows])
    assert np.array_equal(table.read(), expected)
    assert np.array_equal(np.concatenate(list(table.blocks())), expected)
    assert np.array_equal(table_of(expected).read(rows), expected[rows])


def test_a_file_that_changes_while_it_is_in_use_is_refused(tmp_path):
    path = a_file_stored_as(tmp_path / "bag.h5", np.ones((9, 4), np.float32))
    table = open_table(path)

    a_file_stored_as(path, np.ones((99, 4), np.float32))

    with pytest.raises(FeatureFileError, match="has changed while it was in use"):
        table.read(np.array([1]))
