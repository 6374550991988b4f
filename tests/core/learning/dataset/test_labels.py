"""Tables of labels: however a spreadsheet saves them, they are read right, or told what is wrong on which line."""

import csv
import io
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.cli.app import call
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.columns import KNOWN
from msm_mil_core.learning.dataset.feature_folder import bare_name, match_files
from msm_mil_core.learning.dataset.labels import LabelTable, read_labels, survey_labels
from msm_mil_core.learning.dataset.likeness import alike, is_missing, likeness
from msm_mil_core.learning.dataset.sheet import read_sheet
from tests.bags import a_feature_file, a_table

PLAIN = LabelTable(("a", "b"), ("x", "low grade, left"), ("p1", "p2"), None)


def findings_of(path, *, fatal: bool) -> str:
    return " / ".join(finding.sentence for finding in survey_labels(path)[1] if finding.fatal is fatal)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_is_the_same_however_it_is_saved(tmp_path, encoding, delimiter, end):
    path, text = tmp_path / "labels.csv", io.StringIO(newline="")
    rows = [("Slide ", "LABEL", "Patient", "", ""), ("a", "x", "p1"), (), ("b", "low  grade, left", "p2", "", "")]
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)

    for first in ("", f"sep={delimiter}{end}", f"{end}{end}"):
        path.write_bytes((first + text.getvalue() + delimiter + end + end).encode(encoding))
        assert survey_labels(path) == (PLAIN, ())


UNREADABLE = {
    "latin-1": ("slide,label\na,x\nb,Gewebe f\xfcr\n".encode("latin-1"), "the byte fc in line 3 is not utf-8"),
    "a workbook": (b"PK\x03\x04\xff\xfe\x00", "it is a workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", "it is a workbook"),
    "features": (b"\x89HDF\r\n", "it is an HDF5 file"),
    "zeros": (b"slide,label\na,x\nb,\0y\n", r"line 3 holds the control character '\\x00'"),
    "an escape": (b"slide,label\r\na,\x1b[31mx\r\n", r"line 2 holds the control character '\\x1b'"),
    "an open quote": (b'slide,label\n\na,x\nb,"y\nc,z\n', "line 4: a quote is opened and never closed"),
    "text after a quote": (b'slide,label\na,"x"y\n', "line 2: "),
    "half of UTF-16": ("slide,label\na,x\n".encode("utf-16")[:-1], "is not utf-16"),
    "empty": (b"", "names no slides"),
    "blank": (b"\xef\xbb\xbf\r\n \r\n,,\r\n", "names no slides"),
    "a long cell": (b"slide,label\na," + b"x" * 200_000, "line 2: field larger"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_table_is_told_with_its_line(tmp_path, case):
    content, words = UNREADABLE[case]
    (tmp_path / "labels.csv").write_bytes(content)

    with pytest.raises(TrainingError, match=rf"labels\.csv.*{words}"):
        read_labels(tmp_path / "labels.csv")


def test_a_missing_table_and_a_folder_are_told(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(TrainingError, match=path.name):
            read_labels(path)


@pytest.mark.parametrize("name", ["patient_id", "Patient ID", "PatientID", "case_id", "Case", "subject", "DONOR"])
def test_a_known_other_name_of_patient_is_taken_and_noted(tmp_path, name):
    path = a_table(tmp_path / "labels.csv", [f"slide_id,label,{name}", "a,x,p1", "b,y,p1"])

    table, notes = survey_labels(path)

    assert table.patients == ("p1", "p1")
    assert [note.fatal for note in notes] == [False, False]
    assert f"its column {name} is taken as such" in notes[1].what


def test_an_empty_column_does_not_stand_before_one_of_another_name(tmp_path):
    full = a_table(tmp_path / "full.csv", ["slide,label,patient,patient_id", "a,x,,p1", "b,y,,p1"])
    empty = a_table(tmp_path / "empty.csv", ["slide,label,patient", "a,x,", "b,y,"])

    assert survey_labels(full)[0].patients == ("p1", "p1")
    assert survey_labels(empty)[0].patients == ("a", "b")
    assert "has an empty column patient" in findings_of(empty, fatal=False)


@pytest.mark.parametrize("name", ["partition", "Set", "fold", "subset"])
def test_another_name_of_split_is_taken_only_where_it_holds_parts(tmp_path, name):
    parts = a_table(tmp_path / "parts.csv", [f"slide,label,{name},patient", "a,x,Train,p", "b,y,TEST,q"])
    folds = a_table(tmp_path / "folds.csv", [f"slide,label,{name},patient", "a,x,1,p", "b,y,2,q"])

    assert survey_labels(parts)[0].parts == ("train", "test")
    assert survey_labels(folds)[0].parts is None
    assert f"the column {name}, which is not used. If it says which slides are train" in findings_of(folds, fatal=False)


def test_columns_that_are_not_used_are_named(tmp_path):
    path = a_table(
        tmp_path / "labels.csv", ["slide,label,patient,case_id,Site,mrn,fold", "a,x,p,c,s,1,1", "b,y,q,d,s,2,1"]
    )

    notes = findings_of(path, fatal=False)

    for words in ("column case_id, which is not used. The column patient is", "Site, which is not used", "mrn, which"):
        assert words in notes
    assert "more than one patient have" not in notes
    joined = a_table(tmp_path / "joined.csv", ["slide,label,patient,case_id", "a,x,p,c", "b,y,q,c", "c,y,Q,d"])
    assert "slides of more than one patient have the case_id c." in findings_of(joined, fatal=False)
    assert "no column patient" in findings_of(a_table(tmp_path / "t.csv", ["slide,label", "a,x"]), fatal=False)


UNCLEAR = {
    "two patients": ["slide,label,patient_id,case_id", "a,x,p,q"],
    "patient twice": ["slide,label,patient,Patient", "a,x,p,q"],
    "label twice": ["slide,label,label", "a,x,y"],
    "slide twice": ["slide,SLIDE,label", "a,b,x"],
    "two splits": ["slide,label,set,fold", "a,x,train,test"],
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_of_two_columns_for_one_thing_none_is_taken(tmp_path, case):
    path = a_table(tmp_path / "labels.csv", [*UNCLEAR[case], ",,,"])

    with pytest.raises(TrainingError, match="several columns that may be the"):
        read_labels(path)


FLAWS = {
    "an unquoted comma": (["slide,label", "a,x", "", "b,y, low"], "more values in line 4 than its first line"),
    "a value without a name": (["slide,label,,patient", "a,x,,p", "b,y,low,q"], "more values in line 3 than"),
    "an empty label": (["slide,label", "", "a,x", "b,"], "leaves the label empty in line 4"),
    "an empty slide": (["slide,label", "a,x", ",y", " ,y"], "leaves the slide empty in line 3, 4"),
    "too few values": (["label,slide", "x,a", "y"], "leaves the slide empty in line 3"),
    "a slide twice": (
        ["slide,label", "a,x", "b,y", "a,y"],
        r"names a more than once \(line 2, 4\), with different labels: a",
    ),
    "the same twice": (["slide,label", "a,x", "b,y", "a,x"], r"names a more than once \(line 2, 4\)\."),
    "half a split": (["slide,label,split", "a,x,train", "b,y,"], "has the split '' in line 3"),
    "another split": (["slide,label,split", "a,x,train", "b,y,dev"], "has the split 'dev' in line 3"),
    "an unknown patient": (["slide,label,patient", "a,x,p", "b,y,", "c,y,NA"], "whose the slide in line 3, 4 is"),
    "a swallowed line": (["slide,label", 'a,"x', 'b,y"', "c,z"], "a value over several lines, from line 2 on"),
}


@pytest.mark.parametrize("case", FLAWS)
def test_a_flaw_is_told_with_its_line(tmp_path, case):
    lines, words = FLAWS[case]
    path = a_table(tmp_path / "labels.csv", lines)

    with pytest.raises(TrainingError, match=rf"labels\.csv.*{words}"):
        read_labels(path)
    assert survey_labels(path)[0].slides  # what can be used is


def test_numbers_of_rows_before_the_columns_and_shortened_numbers(tmp_path):
    lines = [",slide,label,patient", "0,a,x,1.23457E+11", "1,b,y,p"]  # as pandas and Excel leave them

    table, notes = survey_labels(a_table(tmp_path / "labels.csv", lines))

    assert (table.slides, table.labels) == (("a", "b"), ("x", "y"))
    assert [("shortened a long number in line 2" in note.what, note.fatal) for note in notes] == [(True, False)]


def test_a_line_break_in_another_column_is_none_of_our_business_but_counts(tmp_path):
    path = a_table(tmp_path / "labels.csv", ["slide,label,note,patient", 'a,x,"two', 'lines",p', "b,,one,q"])

    assert findings_of(path, fatal=True) == f"{path} leaves the label empty in line 4. Fill it in."


NOTES = {
    "NaN": (["NaN", "tumour"], "NaN may be a missing label (line 2)"),
    "N/A": (["tumour", "n/a"], "n/a may be a missing label (line 3)"),
    "case": (["TUMOR", "tumor"], "TUMOR and tumor look like one class"),
    "space": (["low grade", "Low_Grade"], "low grade and Low_Grade look like one class"),
    "no space": (["grade 1", "grade1"], "grade 1 and grade1 look like one class"),
    "numbers": (["1", "01.0"], "1 and 01.0 look like one class"),
    "width": (["A1", "Ａ１"], "look like one class"),
}


@pytest.mark.parametrize("case", NOTES)
def test_an_odd_class_is_noted_and_stays(tmp_path, case, caplog):
    labels, words = NOTES[case]
    path = a_table(
        tmp_path / "labels.csv", ["slide,label,patient", *(f"s{n},{it},p{n}" for n, it in enumerate(labels))]
    )

    with caplog.at_level(logging.WARNING):
        assert read_labels(path).labels == tuple(labels)

    assert words in caplog.text


def test_composed_letters_and_invisible_signs_make_no_other_class(tmp_path):
    path = a_table(
        tmp_path / "labels.csv", ["slide,label,patient", "a,Me\u0301ningiome,p", "b,M\u00e9ningiome\u200b,q"]
    )

    assert len(set(read_labels(path).labels)) == 1


SPELLINGS = st.sampled_from(["p{}", "P{}", " p{} ", "p 0{}", "P_{}", "p-00{}", "\u00a0p{}", "Ｐ{}"])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), SPELLINGS), min_size=1, max_size=12))
def test_a_patient_is_one_however_it_is_spelled(tmp_path, drawn):
    lines = ["slide,label,patient", *(f"s{n},x,{spelling.format(who)}" for n, (who, spelling) in enumerate(drawn))]

    patients = read_labels(a_table(tmp_path / "labels.csv", lines)).patients

    of_one = dict(zip([who for who, _ in drawn], patients, strict=True))
    assert patients == tuple(of_one[who] for who, _ in drawn)
    assert len(set(patients)) == len(of_one)


def test_no_split_separates_a_patient_that_is_spelled_in_two_ways(tmp_path):
    for name in "ab":
        a_feature_file(tmp_path / f"{name}.h5")
    table = a_table(tmp_path / "labels.csv", ["slide,label,patient,split", "a,x,p0,train", "b,y,P0,test"])

    with pytest.raises(TrainingError, match="separates the slides of p0"):
        read_bag_dataset(tmp_path, table)


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_every_line_is_read_with_its_number(tmp_path, data):
    delimiter = data.draw(st.sampled_from(",;\t|"))
    rows = data.draw(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6))
    path, text, numbers = tmp_path / "labels.csv", "slide" + delimiter + "label\n", []
    for row in rows:
        text += "\n" * data.draw(st.integers(0, 2))
        if any(cell.translate(dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))).strip() for cell in row):
            numbers.append(text.count("\n") + 1)
        text += delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
    path.write_text(text, encoding=data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])), newline="")

    sheet = read_sheet(path, KNOWN)

    assert (sheet.columns, sheet.delimiter) == (("slide", "label"), delimiter)
    assert [line.number for line in sheet.lines] == numbers


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60) | st.text('slide,label;\t\n\r"x0 sep=').map(str.encode))
def test_whatever_a_file_holds_it_is_a_table_or_a_sentence(tmp_path, content):
    (tmp_path / "labels.csv").write_bytes(content)

    try:
        table, _ = survey_labels(tmp_path / "labels.csv")
    except TrainingError as exc:
        assert "labels.csv" in str(exc)
    else:
        assert len(table.slides) == len(set(table.slides)) == len(table.labels) == len(table.patients)


def test_likeness_keeps_apart_what_is_different():
    for one, other in [
        ("P1", "P10"),
        ("1-2", "12"),
        ("1.05", "1.5"),
        ("HER2+", "HER2-"),
        ("-1", "1"),
        ("T1.1", "T1.10"),
    ]:
        assert likeness(one) != likeness(other)
    assert alike(["a", "b", "A", "c", "B "]) == (("a", "A"), ("b", "B "))
    assert all(map(is_missing, ["", " ", "NA", "#N/A", "nan", "NULL", "None", "-", "?", "unknown", "<na>"[1:3]]))
    assert not any(map(is_missing, ["0", "no", "negative", "+", "normal", "nab"]))


@pytest.mark.parametrize(
    ("slide", "bare"),
    [
        ("T00.1", "T00.1"),
        ("T00.svs", "T00"),
        ("T00.1.SVS", "T00.1"),
        ("T00.ome.tiff", "T00"),
        ("site A/T00.ndpi", "T00"),
        ("C:\\slides\\T00.mrxs", "T00"),
        ("T00.svs.h5", "T00"),
        ("T00.2024-01-01", "T00.2024-01-01"),
        (".svs", ".svs"),
    ],
)
def test_only_known_suffixes_are_stripped(slide, bare):
    assert bare_name(slide) == bare


def test_no_slide_gets_the_file_of_another(tmp_path):
    for name in ("T00.h5", "T01.1.h5", "T01.svs.h5", "T02.h5", "T02.HDF5", "T03.svs.h5", "T03.ndpi.h5", "._T04.h5"):
        a_feature_file(tmp_path / name)
    slides = ["T00.1", "T01.1", "T01", "T02", "T03.ndpi", "T03", "T04"]

    files, findings = match_files(slides, tmp_path, tmp_path / "labels.csv")

    assert {slide: path.name for slide, path in files.items()} == {
        "T01.1": "T01.1.h5",
        "T01": "T01.svs.h5",
        "T03.ndpi": "T03.ndpi.h5",
    }
    told = " / ".join(finding.sentence for finding in findings)
    assert "no feature file for T00.1, T04" in told
    assert "T00.h5 has a similar name" in match_files(["t 0"], tmp_path, tmp_path)[1][0].sentence
    assert "more than one feature file for T02, T03" in told


def test_check_says_everything_of_a_table_at_once(tmp_path, capsys):
    for number in range(6):
        a_feature_file(tmp_path / f"s{number}.h5", tiles=3 + number)
    lines = ["sep=;", "slide;label;case_id;site;split;Split", "s0;tumor;p0;A;train;train"]
    lines += [
        "s1;TUMOR;P0;A;train;train",
        "",
        "s2;NaN;p1;B;train;train",
        "s3;x; low;p2;C;train;train",
        "s4;;p3;C;train;train",
    ]
    lines += ["s0;x;p0;A;train;train", "s5.1;x;;C;train;train", ";;;;;"]

    code = call(["check", str(tmp_path), "--labels", str(a_table(tmp_path / "labels.csv", lines))])

    printed = capsys.readouterr().out
    assert code == 2
    for words in (
        "several columns that may be the split: split and Split",
        "its column case_id is taken as such",
        "the column site, which is not used",
        "tumor and TUMOR look like one class",
        "p0 and P0 look like one patient",
        "NaN may be a missing label (line 6)",
        "more values in line 7",
        "leaves the label empty in line 8",
        "names s0 more than once (line 3, 9)",
        "whose the slide in line 10 is",
        "no feature file for s5.1",
    ):
        assert words in printed
