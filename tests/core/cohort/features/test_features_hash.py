"""The hash of features changes when they do, or when what places their tiles does."""

import hashlib
from pathlib import Path

import numpy as np

from msm_mil_core.cohort.features.features_hash import features_sha256


def test_of_a_file_alone_it_is_the_files_own(tmp_path: Path):
    (tmp_path / "a.h5").write_bytes(b"features")

    assert features_sha256(tmp_path / "a.h5") == hashlib.sha256(b"features").hexdigest()
    assert features_sha256(tmp_path / "gone.h5") == ""


def test_other_places_are_other_features(tmp_path: Path):
    (tmp_path / "a.pt").write_bytes(b"features")
    alone = features_sha256(tmp_path / "a.pt")
    np.savez(tmp_path / "a.index.npz", arr_0=np.zeros((2, 2)))
    placed = features_sha256(tmp_path / "a.pt")
    np.savez(tmp_path / "a.index.npz", arr_0=np.ones((2, 2)))

    assert len({alone, placed, features_sha256(tmp_path / "a.pt")}) == 3


def test_a_store_is_all_of_its_files(tmp_path: Path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text("{}")
    before = features_sha256(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "more").write_text("more")

    assert before != features_sha256(tmp_path / "a.zarr") != ""
