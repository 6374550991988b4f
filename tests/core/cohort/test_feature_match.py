"""Files of features are matched to slides by name: rather not at all than to the wrong slide."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.cohort.listing.feature_files import list_feature_files
from msm_mil_core.cohort.listing.feature_match import features_alone, match_features
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.errors import SlideListError

GDC = "TCGA-CR-7395-01A-01-TS1.1a2b3c4d-0123-4567-89ab-0123456789ab"


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def matched(slides: list[str], folder: Path) -> list[str]:
    entries = [SlideEntry(slide=Path(name)) for name in slides]
    return [str(entry.features.relative_to(folder)) for entry in match_features(entries, folder)]


@pytest.mark.parametrize(
    ("slide", "file"),
    [
        ("a.svs", "a.h5"),
        ("a.svs", "a.svs.h5"),
        ("a.ome.tiff", "a.h5"),
        ("A1.SVS", "a1.pt"),
        ("a.svs", "a_features.h5"),
        ("a.svs", "a.svs_feats.pt"),
        ("a.svs", "a_uni_v1.h5"),
        ("a.svs", "a_20x_256px_0px_overlap_features_conch_v15.h5"),
        ("slide 1.ndpi", "slide 1.zarr"),
        (f"{GDC}.svs", f"{GDC}.h5"),
        (f"{GDC}.svs", "TCGA-CR-7395-01A-01-TS1.h5"),
        ("a.b.c.mrxs", "a.b.c.npz"),
        ("slide 1.svs", "slide_1.pt"),
        ("Zu\u0308rich.svs", "Z\u00fcrich.h5"),
        ("Z\u00fcrich.svs", "Zu\u0308rich_features.h5"),
    ],
)
def test_names_of_one_slide_are_matched(tmp_path: Path, slide: str, file: str):
    assert matched([slide], files(tmp_path, file, "another.h5")) == [file]


@pytest.mark.parametrize(
    "file", ["a_2.h5", "a_HE.h5", "a1.h5", "ab.h5", "a-CD3_features.h5", "features_a.h5", "a_v2.h5", "a_1_features.h5"]
)
def test_a_name_that_may_be_another_slides_is_not_taken(tmp_path: Path, file: str):
    with pytest.raises(SlideListError, match=r"no features of a\.svs among 2 files"):
        matched(["a.svs"], files(tmp_path, file, "b.h5"))


def test_several_candidates_are_refused_and_named(tmp_path: Path):
    files(tmp_path, "features_uni_v1/a.h5", "features_conch_v15/a.h5")

    with pytest.raises(SlideListError, match=r"Several files may .* a\.svs: .*conch_v15/a\.h5, .*uni_v1/a\.h5"):
        matched(["a.svs"], tmp_path)
    assert matched(["a.svs"], tmp_path / "features_uni_v1") == ["a.h5"]


def test_slides_of_one_name_are_told_apart_by_their_folders(tmp_path: Path):
    files(tmp_path / "features", "a/x/s.h5", "b/x/s.h5", "b/t.h5")
    slides = [str(tmp_path / "slides" / name) for name in ("b/x/s.svs", "a/x/s.svs", "a/t.svs")]

    assert matched(slides, tmp_path / "features") == ["b/x/s.h5", "a/x/s.h5", "b/t.h5"]
    with pytest.raises(SlideListError, match="Several files"):
        matched([str(tmp_path / "slides" / "c" / "s.svs")], tmp_path / "features")


def test_the_same_name_counts_before_a_longer_one(tmp_path: Path):
    assert matched(["a.svs"], files(tmp_path, "a_features.h5", "a.h5")) == ["a.h5"]
    assert matched(["A.svs", "a.svs"], files(tmp_path, "A.h5")) == ["A.h5", "a.h5"]


def test_what_lies_beside_features_is_none(tmp_path: Path):
    files(tmp_path, "slideflow/a.pt", "slideflow/a.index.npz", "slideflow/bags_config.json")
    files(
        tmp_path,
        "slide2vec/tile_embeddings/b.pt",
        "slide2vec/tiles/b.coordinates.npz",
        "slide2vec/slide_embeddings/b.pt",
    )
    files(tmp_path, "slide2vec1/features/h.pt", "slide2vec1/features/h-tiles.pt", "slide2vec1/coordinates/h.npy")
    files(tmp_path, "clam/pt_files/c.pt", "clam/h5_files/c.h5", "clam/patches/c.h5")
    files(
        tmp_path,
        "trident/20x/patches/d_patches.h5",
        "trident/20x/features_uni_v1/d.h5",
        "trident/20x/slide_features_titan/d.h5",
    )
    files(tmp_path, "ours/e.h5", "ours/e.msm.h5", "ours/e.begun.h5", ".hidden/f.h5")
    files(tmp_path, "store/g.zarr/tables/uni_tiles/X/c.npy")

    found = [str(path.relative_to(tmp_path)) for path in list_feature_files(tmp_path)]

    assert found == [
        "clam/h5_files/c.h5",
        "ours/e.h5",
        "slide2vec/tile_embeddings/b.pt",
        "slide2vec1/features/h-tiles.pt",
        "slideflow/a.pt",
        "store/g.zarr",
        "trident/20x/features_uni_v1/d.h5",
    ]


def test_a_file_that_is_named_for_one_slide_is_taken_whatever_its_name(tmp_path: Path):
    files(tmp_path, "b.h5")
    one, two = SlideEntry(slide=Path("a.svs")), SlideEntry(slide=Path("b.svs"))

    assert match_features([one], tmp_path / "b.h5")[0].features == tmp_path / "b.h5"
    with pytest.raises(SlideListError, match=r"no features of a\.svs"):
        match_features([one, two], tmp_path / "b.h5")


def test_features_of_a_table_stay(tmp_path: Path):
    entry = SlideEntry(slide=Path("a.svs"), features=Path("own.h5"))

    assert match_features([entry], files(tmp_path, "a.h5"))[0].features == Path("own.h5")


def test_features_alone_are_run_without_their_slides(tmp_path: Path):
    entries = features_alone(files(tmp_path, "a.h5", "b.pt"))

    assert [entry.slide.name for entry in entries] == ["a.h5", "b.pt"]
    assert all(entry.alone for entry in entries)
    assert not SlideEntry(slide=Path("a.svs"), features=Path("a.h5")).alone


def test_what_is_no_features_is_told(tmp_path: Path):
    files(tmp_path, "a.svs")

    for named, words in (
        (tmp_path / "no.h5", "does not exist"),
        (tmp_path / "a.svs", "is no file"),
        (tmp_path, "holds no"),
    ):
        with pytest.raises(SlideListError, match=words):
            list_feature_files(named)


NAMES = st.text(st.sampled_from("ab1_-. "), min_size=1, max_size=6).filter(lambda name: name.strip(". ") == name)


@given(
    names=st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold),
    appended=st.sampled_from(["", "_features", ".svs"]),
)
def test_every_slide_gets_the_file_of_its_own_name(tmp_path_factory, names: list[str], appended: str):
    folder = files(tmp_path_factory.mktemp("drawn"), *(f"{name}{appended}.h5" for name in names))

    assert matched([f"{name}.svs" for name in names], folder) == [f"{name}{appended}.h5" for name in names]
