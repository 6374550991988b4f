"""The report before training: everything that is wrong with bags and labels, at once."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.bags.feature_table import open_table, table_of
from msm_mil_core.cli.app import call
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.learning.dataset.folds import FoldOptions
from msm_mil_core.learning.dataset.splits import SplitOptions
from msm_mil_core.learning.dataset.validation import ValidationReport, validate_bags
from msm_mil_core.progress import finish
from tests.bags import a_feature_file, a_table, a_training_folder, an_encoded_slide


def a_report(folder: Path, table: Path, folds: int = 1, encoder: str | None = None) -> ValidationReport:
    return finish(validate_bags(folder, table, SplitOptions(), FoldOptions(folds=folds), encoder))


def a_cohort(folder: Path, count: int = 24) -> list[str]:
    """Write valid feature files, and return the lines of their table."""
    for number in range(count):
        a_feature_file(folder / f"s{number}.h5", tiles=3 + number)
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
    assert not a_report(tmp_path, table, encoder="timm:resnet18").fatal


def test_tiles_of_another_size_on_the_glass_are_reported(tmp_path):
    for number in range(20):
        an_encoded_slide(tmp_path / f"s{number}.h5", number, mpp=1.0 if number == 7 else 0.5)
    lines = ["slide,label", *(f"s{number},{'xy'[number % 2]}" for number in range(20))]

    (finding,) = a_report(tmp_path, a_table(tmp_path / "labels.csv", lines)).findings

    assert "different sizes on the glass: 224 px at 0.5 µm (19), 224 px at 1 µm (1)" in finding.what
    assert (finding.bags, finding.fatal) == (("s7",), False)


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
