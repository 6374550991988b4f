"""msm-mil run --features: maps from what other programs encoded, on the slide or on a blank canvas."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.sample import SAMPLES
from tests.models import a_checkpoint

FEATURES = 8
MADE = Path(__file__).parents[1] / "bags" / "elsewhere" / "made"
GRID = np.array([[512 * col, 512 * row] for row in range(4) for col in range(4)])
TRIDENT = {"patch_size": 256, "patch_size_level0": 512, "overlap": 0, "target_magnification": 10}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model for tiles of 256 px at 1 µm, 512 px of the sample slide."""
    drawn = replace(a_checkpoint(features=FEATURES), encoder="zoo:uni", encoder_sha256="", side_px=256, mpp=1.0)
    save_checkpoint(drawn, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLES["skin"].path, tmp_path / "skin.svs"))


def drawn(tiles: int, features: int = FEATURES) -> np.ndarray:
    return np.random.default_rng(tiles).normal(size=(tiles, features)).astype(np.float32)


def trident(path: Path, corners: np.ndarray = GRID, encoder: str | None = "uni_v1", **told: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["features"], file["coords"] = drawn(len(corners), told.pop("features", FEATURES)), corners
        file["coords"].attrs.update(TRIDENT | told)
        if encoder:
            file["features"].attrs["encoder"] = encoder
    return path


def run(*words: object) -> int:
    return call(["run", *map(str, words)])


def test_features_are_run_on_their_slide_without_an_encoder(slide, model, tmp_path, capsys):
    trident(tmp_path / "features_uni_v1" / "skin.h5")

    assert run(slide, "--features", tmp_path / "features_uni_v1", "--model", model, "--out", tmp_path) == 0

    result = load_result(tmp_path / "skin.msm.h5")
    assert (len(result.tiles), result.tiles.side_px0) == (16, 512)
    assert result.options["encoder"] == "uni_v1"
    assert result.options["features"] == {"file": "skin.h5", "encoder": "uni_v1", "model_encoder": "zoo:uni"}
    assert result.warnings == ()
    assert "skin" in capsys.readouterr().out


def test_the_same_command_again_does_nothing_until_the_features_change(slide, model, tmp_path, capsys):
    path = trident(tmp_path / "skin.h5")
    words = (slide, "--features", path, "--model", model, "--out", tmp_path)

    assert run(*words) == run(*words) == 0
    assert "It was done before" in capsys.readouterr().out
    trident(path, GRID[:15])
    assert run(*words) == 2
    assert "features_sha256" in capsys.readouterr().err


REFUSED = {
    "another encoder": ({"encoder": "conch_v15"}, (), "8 features per tile of conch_v15, but the model drawn model"),
    "its name": ({"encoder": "conch_v15"}, (), "was trained on 8 of zoo:uni. Use features of zoo:uni"),
    "another length": (
        {"features": 5},
        (),
        "5 features per tile of uni_v1, but the model drawn model was trained on 8",
    ),
    "no name": ({"features": 5, "encoder": None}, (), "5 features per tile of an encoder that it does not name"),
    "another slide": ({"corners": GRID + 3000}, (), "has tiles outside skin.svs"),
    "another size": (
        {"level0_width": 9000, "level0_height": 8000},
        (),
        "of a slide of 9000 x 8000 pixels, but skin.svs",
    ),
    "twice": ({"corners": np.repeat(GRID[:8], 2, axis=0)}, (), "several tiles of one place"),
    "coarser": (
        {"corners": GRID[:2] * 2, "patch_size_level0": 1024},
        (),
        "256 px at 2 µm per pixel, but the model drawn model is for 256 px at 1",
    ),
    "finer": ({"patch_size": 512}, (), "--tiles.side-px 512"),
    "no size": ({"patch_size": ""}, (), "does not state how large its tiles are"),
    "as told": ({}, ("--features-encoder", "conch"), "of conch, but the model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_a_sentence(slide, model, tmp_path, capsys, case):
    told, options, words = REFUSED[case]
    told = dict(told)
    path = trident(tmp_path / "skin.h5", told.pop("corners", GRID), told.pop("encoder", "uni_v1"), **told)

    assert run(slide, "--features", path, "--model", model, "--out", tmp_path, *options) == 1

    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "skin.msm.h5").exists()


def test_what_is_asked_for_is_taken_from_options(slide, model, tmp_path):
    path = trident(tmp_path / "skin.h5", encoder="our own", patch_size=224, patch_size_level0=448, overlap="")
    told = ("--features-encoder", "zoo:uni", "--tiles.side-px", "224", "--tiles.mpp", "1")

    assert run(slide, "--features", path, "--model", model, "--out", tmp_path, *told) == 0
    assert load_result(tmp_path / "skin.msm.h5").options["encoder"] == "zoo:uni"


def test_an_encoder_that_is_not_named_is_noted(slide, model, tmp_path, capsys):
    path = trident(tmp_path / "skin.h5", encoder=None)

    assert run(slide, "--features", path, "--model", model, "--out", tmp_path) == 0

    note = "skin.h5 does not name the encoder that made its features; they are taken for those of zoo:uni."
    assert load_result(tmp_path / "skin.msm.h5").warnings == (note,)
    assert note in " ".join(capsys.readouterr().out.split())


def test_tridents_folder_names_the_encoder_that_its_file_does_not(slide, model, tmp_path, capsys):
    words = (slide, "--model", model, "--out", tmp_path, "--features")
    for encoder in ("conch_v15", "uni_v1"):
        trident(tmp_path / f"features_{encoder}" / "skin.h5", encoder=None)

    assert run(*words, tmp_path / "features_conch_v15") == 1
    assert "8 features per tile of conch_v15" in " ".join(capsys.readouterr().err.split())
    assert run(*words, tmp_path / "features_uni_v1") == 0
    assert load_result(tmp_path / "skin.msm.h5").warnings == ()


def test_the_name_of_a_file_names_the_encoder_that_neither_file_nor_folder_does(slide, model, tmp_path, capsys):
    words = (slide, "--model", model, "--out", tmp_path, "--features")

    assert run(*words, trident(tmp_path / "a" / "skin_virchow2_features.h5", encoder=None).parent) == 1
    assert "8 features per tile of virchow2" in " ".join(capsys.readouterr().err.split())
    assert run(*words, trident(tmp_path / "b" / "skin_uni_v1.h5", encoder=None).parent) == 0
    assert load_result(tmp_path / "skin.msm.h5").warnings == ()


def test_overlapping_tiles_are_run_and_exported_without_overlap(slide, model, tmp_path):
    corners = np.array([[256 * col, 256 * row] for row in range(7) for col in range(7)])
    path = trident(tmp_path / "skin.h5", corners, overlap=128)

    assert run(slide, "--features", path, "--model", model, "--out", tmp_path) == 0
    assert call(["export", str(tmp_path / "skin.msm.h5"), "--to", "geojson", "--out", str(tmp_path)]) == 0
    assert call(["report", str(tmp_path / "skin.msm.h5"), "--out", str(tmp_path)]) == 0

    tiles = [one for one in features_of(tmp_path) if one["properties"]["objectType"] == "tile"]
    corners_of = sorted(tuple(one["geometry"]["coordinates"][0][0]) for one in tiles)
    assert corners_of == sorted((x + 128, y + 128) for x, y in corners.tolist())
    assert len({one["id"] for one in tiles}) == 49
    report = next(tmp_path.glob("*.html")).read_text(encoding="utf-8")
    assert "Tiles overlap: where several cover a place, the mean of their values is drawn" in report


def features_of(folder: Path) -> list[dict]:
    (path,) = folder.glob("*.geojson")
    return json.loads(path.read_text())["features"]


def test_features_alone_give_maps_on_a_blank_canvas_of_their_scale(model, tmp_path, capsys):
    path = trident(tmp_path / "given" / "far.h5", level0_width=3000, level0_height=2500)

    assert run("--features", path, "--model", model, "--out", tmp_path) == 1
    assert "there is no slide. Give it with --mpp" in " ".join(capsys.readouterr().err.split())
    assert run("--features", path.parent, "--model", model, "--out", tmp_path, "--mpp", 0.5) == 0

    result = load_result(tmp_path / "far.msm.h5")
    assert (result.slide.mpp, result.slide.size_px0, result.slide.has_slide) == (0.5, (3000, 2500), False)
    assert "no slide of far" in result.warnings[0]
    with require_slide(result.slide, tmp_path) as blank:
        assert blank.thumbnail(100).shape == (83, 100, 3)
        assert (blank.read((0, 0), 0, (5, 4)) == 255).all()
    found = str(tmp_path / "far.msm.h5")
    for words in (["export", "--to", "geojson"], ["export", "--to", "csv"], ["export", "--to", "png"], ["report"]):
        assert call([words[0], found, *words[1:], "--out", str(tmp_path)]) == 0
    assert "There is no slide of far" in next(tmp_path.glob("*.html")).read_text(encoding="utf-8")
    assert call(["whatif", found, "--remove", "stage1:top5"]) == 0


def test_what_was_run_without_its_slide_is_compared_with_what_was_run_on_it(slide, model, tmp_path, capsys):
    size = {"level0_width": 2220, "level0_height": 2967}
    for name, told in (("skin", size), ("other", size), ("unstated", {})):
        trident(tmp_path / name / f"{'skin' if name == 'unstated' else name}.h5", GRID[:9], **told)
        words = ("--features", tmp_path / name, "--model", model, "--out", tmp_path / f"{name} alone", "--mpp", MPP)
        assert run(*words) == 0
    assert run(slide, "--features", tmp_path / "skin", "--model", model, "--out", tmp_path / "on it") == 0
    first, alone = tmp_path / "on it" / "skin.msm.h5", tmp_path / "skin alone" / "skin.msm.h5"
    capsys.readouterr()

    assert call(["compare", str(first), "--against", str(alone)]) == 0

    said = " ".join(capsys.readouterr().out.split())
    assert "skin was run without its slide: it is taken for the same by its name and size" in said
    assert "Of 9 tiles" in said
    for wrong in (tmp_path / "other alone" / "other.msm.h5", tmp_path / "unstated alone" / "skin.msm.h5"):
        assert call(["compare", str(first), "--against", str(wrong)]) == 2
        assert "pixels, run without it), not of skin.svs" in " ".join(capsys.readouterr().err.split())


def clam(folder: Path, values: np.ndarray) -> Path:
    for name in ("h5_files", "pt_files"):
        (folder / name).mkdir(parents=True)
    torch.save(torch.from_numpy(values), folder / "pt_files" / "skin.pt")
    with h5py.File(folder / "h5_files" / "skin.h5", "w") as file:
        file["features"], file["coords"] = values, GRID
    return folder / "pt_files"


def stamp(folder: Path, values: np.ndarray) -> Path:
    folder.mkdir()
    with h5py.File(folder / "skin.h5", "w") as file:
        file["feats"], file["coords"] = values, (GRID * MPP).astype(np.float32)
        file.attrs.update(stamp_version="2.5.0", extractor="mahmood-uni", unit="um", feat_type="tile")
        file.attrs.update(tile_size_um=256.0, tile_size_px=256)
    return folder


def slideflow(folder: Path, values: np.ndarray) -> Path:
    folder.mkdir()
    torch.save(torch.from_numpy(values), folder / "skin.pt")
    np.savez(folder / "skin.index", arr_0=GRID + 256)
    extractor = {"class": "slideflow.model.extractors.uni.UNIFeatures"}
    (folder / "bags_config.json").write_text(json.dumps({"extractor": extractor, "tile_px": 256, "tile_um": 256}))
    return folder


def slide2vec(folder: Path, values: np.ndarray) -> Path:
    for name in ("tile_embeddings", "tiles"):
        (folder / name).mkdir(parents=True)
    np.savez(folder / "tile_embeddings" / "skin.npz", features=values, tile_index=np.arange(len(values)))
    (folder / "tile_embeddings" / "skin.meta.json").write_text(json.dumps({"encoder_name": "uni"}))
    np.savez(folder / "tiles" / "skin.coordinates.npz", x=GRID[:, 0], y=GRID[:, 1])
    tiling = {"requested_tile_size_px": 256, "tile_size_lv0": 513, "overlap": 0.0}
    record = {"tiling": tiling, "slide": {"base_spacing_um": MPP, "dimensions": [2220, 2967]}}
    (folder / "tiles" / "skin.coordinates.meta.json").write_text(json.dumps(record))
    return folder


MPP = 0.499
"""Of the sample slide."""
ASKED = ("--tiles.side-px", "256", "--tiles.mpp", "1")


@pytest.mark.parametrize(
    ("write", "asked"), [(clam, ASKED), (stamp, ()), (slideflow, ()), (slide2vec, ())], ids=lambda one: str(one)[:20]
)
def test_the_same_features_give_the_same_answer_in_the_layout_of_every_program(slide, model, tmp_path, write, asked):
    trident(tmp_path / "trident" / "skin.h5", level0_width=2220, level0_height=2967, patch_size_level0=513, overlap="")
    named = write(tmp_path / "other", drawn(len(GRID)))

    for features, out, words in ((tmp_path / "trident", "one", ()), (named, "two", asked)):
        assert run(slide, "--features", features, "--model", model, "--out", tmp_path / out, *words) == 0

    one, two = (load_result(tmp_path / out / "skin.msm.h5") for out in ("one", "two"))
    np.testing.assert_array_equal(one.prediction.logits, two.prediction.logits)
    assert np.abs(one.tiles.xy_px0 - two.tiles.xy_px0).max() <= 1
    assert (one.tiles.side_px0, two.tiles.side_px) == (513, 256)


def test_a_store_of_lazyslide_and_a_folder_of_slide2vec_state_all_that_is_needed(model, slide, tmp_path):
    pytest.importorskip("zarr", reason="extra spatialdata")
    pytest.importorskip("pyarrow", reason="extra spatialdata")
    for name in ("lazyslide.zarr", "slide2vec"):
        shutil.unpack_archive(MADE / f"{name}.zip", tmp_path / "made")
    told = ("--features-encoder", "zoo:uni", "--tiles.side-px", "224", "--model", model)

    for name in ("lazyslide.zarr", "slide2vec"):
        out = tmp_path / f"of {name}"
        assert run("--features", tmp_path / "made" / name, "--out", out, *told) == 0
        (found,) = out.glob("*.msm.h5")
        assert load_result(found).slide.mpp == 0.499
    assert run(slide, "--features", tmp_path / "made" / "slide2vec", "--out", tmp_path, *told) == 0


def test_a_table_names_features_of_any_format(model, slide, tmp_path):
    torch.save({"features": torch.from_numpy(drawn(16)), "coords": torch.from_numpy(GRID)}, tmp_path / "own.pt")
    (tmp_path / "table.csv").write_text("slide,features\nskin.svs,own.pt\n")
    told = ("--tiles.side-px", "256", "--tiles.mpp", "1")

    assert run(tmp_path / "table.csv", "--model", model, "--out", tmp_path / "out", *told) == 0

    assert load_result(tmp_path / "out" / "skin.msm.h5").tiles.side_px0 == pytest.approx(512, abs=2)


def test_nothing_named_is_told(tmp_path, capsys):
    assert run("--out", tmp_path) == 2
    assert "No slide is named" in capsys.readouterr().err


def test_our_own_features_are_taken_too(model, slide, tmp_path):
    from tests.core.bags.drawn_bags import a_bag

    bag = a_bag(6)
    tiles = replace(bag.tiles, xy_px0=GRID[:6], side_px0=512, side_px=256, mpp=1.0)
    facts = replace(bag.slide, mpp=0.5, quick_hash="", size_px0=(2220, 2967))
    card = replace(bag.encoder, name="zoo:uni", features=FEATURES)
    save_bag(replace(bag, features=drawn(6), tiles=tiles, slide=facts, encoder=card), tmp_path / "skin.h5")

    assert run(slide, "--features", tmp_path / "skin.h5", "--model", model, "--out", tmp_path) == 0
