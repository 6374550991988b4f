"""Finished models on bags in files: evaluated, compared, written down; and the command that does it."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.cli.app import call
from msm_mil_core.errors import EvaluationError, FeatureFileError
from msm_mil_core.learning.dataset.bag_selection import BagSelection, select_bags
from msm_mil_core.learning.evaluation.compare_models import ModelComparison, compare_models
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from msm_mil_core.mil.predict import predict
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.models import a_checkpoint, a_seeker

ENCODER = "timm:resnet18"
WANTED = np.array([1, 0, 0, 0], np.float32)


def a_model(path: Path, *, classes=("cold", "hot"), encoder=ENCODER, **changes) -> Path:
    """A model made by hand: the more confident of its second class, the larger the first feature."""
    seeker = replace(a_seeker(WANTED, 0 * WANTED), classes=classes, encoder=encoder, name=path.stem)
    return save_checkpoint(replace(seeker, **changes), path).path


def a_three_class_model(path: Path) -> Path:
    drawn = replace(a_checkpoint(features=4, classes=3), classes=("cold", "warm", "hot"), encoder=ENCODER)
    return save_checkpoint(replace(drawn, encoder_sha256=""), path).path


def bag_file(path: Path, heat: float, *, features=4, encoder: str | None = ENCODER) -> Path:
    """Tiles of one heat, as TRIDENT writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["features"] = np.full((5, features), heat, np.float32)
        if encoder:
            file["features"].attrs["encoder"] = encoder
        file["coords"] = np.stack([np.arange(5) * 256, np.zeros(5)], 1).astype(np.int64)
        file["coords"].attrs.update({"patch_size": 224, "patch_size_level0": 256})
    return path


def a_cohort(folder: Path, *, names=("cold", "hot"), count=24, parts=None) -> tuple[Path, Path]:
    """Bags of two a patient, whose heat mostly gives the class; the folder and its table."""
    rng = np.random.default_rng(0)
    lines = ["slide,label,patient" + (",split" if parts else "")]
    for number in range(count):
        hot = number % 4 > 1
        bag_file(folder / "bags" / f"s{number}.h5", rng.normal(1.0 if hot else 0.0, 0.7))
        lines.append(f"s{number},{names[hot]},p{number // 2}" + (f",{parts[number % len(parts)]}" if parts else ""))
    table = folder / "labels.csv"
    table.write_text("\n".join(lines) + "\n")
    return folder / "bags", table


def selected(bags: Path, table: Path, *part: str) -> BagSelection:
    return finish(select_bags(bags, table, *part))  # type: ignore[arg-type]


def compared(bags: Path, table: Path, *models: Path) -> ModelComparison:
    return finish(compare_models(selected(bags, table), [load_checkpoint(model) for model in models], device="cpu"))


def words_of(bags: Path, table: Path, *models: Path) -> list[str]:
    named = [word for model in models for word in ("--model", str(model))]
    return ["evaluate", str(bags), "--labels", str(table), *named]


def test_models_predict_as_in_a_run(tmp_path):
    bags, table = a_cohort(tmp_path)
    model = a_model(tmp_path / "m.safetensors")

    predictions = compared(bags, table, model).evaluations[0].predictions

    with h5py.File(bags / "s7.h5") as file:
        alone = predict(load_checkpoint(model), file["features"][:], device="cpu")
    assert predictions.probabilities[7] == pytest.approx(alone.probabilities)
    assert predictions.probabilities.sum(1) == pytest.approx(np.ones(24))


def test_classes_are_those_of_each_model_in_its_order(tmp_path):
    bags, table = a_cohort(tmp_path)
    one, turned = a_model(tmp_path / "one.safetensors"), a_model(tmp_path / "b.safetensors", classes=("hot", "cold"))

    comparison = compared(bags, table, one, turned)

    first, second = comparison.evaluations
    assert first.metrics.auc.value > 0.8
    assert second.metrics.auc.value == pytest.approx(1 - first.metrics.auc.value)
    assert second.confusion.tolist() == first.confusion[::-1].tolist()
    assert comparison.differences[0].auc.by.high < 0


def test_only_one_bag_at_a_time_is_read(tmp_path):
    bags, table = a_cohort(tmp_path)
    checkpoint = load_checkpoint(a_model(tmp_path / "m.safetensors"))
    work = compare_models(selected(bags, table), [checkpoint, checkpoint], device="cpu")
    next(work)

    (bags / "s1.h5").unlink()

    next(work)  # s0 is read and evaluated by then, s1 not yet
    with pytest.raises(FeatureFileError, match=r"s1\.h5"):
        next(work)


def test_test_bags_are_evaluated_where_the_table_names_them(tmp_path):
    bags, table = a_cohort(tmp_path, parts=("train", "train", "test", "test", "val", "val", "test", "test"))

    assert set(selected(bags, table).bags.names) == {f"s{number}" for number in range(24) if number % 4 > 1}
    assert "test part of labels.csv, 12 bags of 6 patients" in selected(bags, table).describe()
    assert len(selected(bags, table, "all").bags) == 24
    (bags / "s0.h5").unlink()
    assert len(selected(bags, table, "val").bags) == 6  # what the others lack does not matter


def test_what_another_program_calls_an_encoder_is_not_another_one(tmp_path):
    model = load_checkpoint(a_model(tmp_path / "m.safetensors", encoder="zoo:uni2", encoder_sha256=""))
    table = tmp_path / "labels.csv"
    table.write_text("slide,label\na,hot\n")
    for folder in ("features_uni_v2", "features_uni_v1"):
        bag_file(tmp_path / folder / "a.h5", 1.0, encoder=None)  # the folder names it

    comparison = finish(compare_models(selected(tmp_path / "features_uni_v2", table), [model], device="cpu"))

    assert len(comparison.evaluations[0].predictions.labels) == 1
    with pytest.raises(EvaluationError, match="are of uni_v1, but the model"):
        finish(compare_models(selected(tmp_path / "features_uni_v1", table), [model], device="cpu"))


def test_another_name_of_the_same_weights_is_not_another_encoder(tmp_path):
    model = load_checkpoint(a_model(tmp_path / "m.safetensors", encoder_sha256="5f2a"))
    table = tmp_path / "labels.csv"
    table.write_text("slide,label\na,hot\n")
    save_own_bag(tmp_path / "a.h5", "the same by another name", "5f2a")

    comparison = finish(compare_models(selected(tmp_path, table), [model], device="cpu"))
    save_own_bag(tmp_path / "a.h5", ENCODER, "77ff")

    assert len(comparison.evaluations[0].predictions.labels) == 1
    with pytest.raises(EvaluationError, match="other weights of timm:resnet18"):
        finish(compare_models(selected(tmp_path, table), [model], device="cpu"))


def save_own_bag(path: Path, encoder: str, sha256: str) -> None:
    tiles = TileGrid(np.array([[0, 0], [256, 0]]), 256, 224, 0.5)
    facts = SlideFacts(path.stem, "", (512, 256), 0.5, "user", (0, 0), (512, 256), "")
    card = EncoderCard(encoder, 4, 224, None, "none", sha256)
    save_bag(FeatureBag(np.ones((2, 4), np.float32), tiles, facts, card), path)


def test_evaluating_prints_a_table_and_writes_json_and_a_figure(tmp_path, capsys):
    bags, table = a_cohort(tmp_path)
    one, other = a_model(tmp_path / "one.safetensors"), a_model(tmp_path / "b.safetensors", classes=("hot", "cold"))
    files = ["--json", str(tmp_path / "out" / "e.json"), "--figure", str(tmp_path / "out" / "e.png")]

    code = call([*words_of(bags, table, one, other), *files])

    printed = " ".join(capsys.readouterr().out.split())
    assert code == 0
    for words in ("which names no test bags, 24 bags of 12 patients", "not for diagnosis", "macro F1", "Above one"):
        assert words in printed
    written = json.loads((tmp_path / "out" / "e.json").read_text())
    assert [model["model"] for model in written["models"]] == ["one", "b"]
    assert written["models"][0]["figures"]["auc"]["draws"] > 900
    assert sum(map(sum, written["models"][1]["confusion"]["bags"])) == 24
    assert written["differences"][0]["auc"]["p"] < 0.05
    assert set(written["cases"][3]["answers"][1]["probabilities"]) == {"hot", "cold"}
    assert written["cases"][3]["patient"] == "p1"
    assert (tmp_path / "out" / "e.png").read_bytes().startswith(b"\x89PNG")
    assert call([*words_of(bags, table, one), *files]) == 2  # they already exist
    assert call([*words_of(bags, table, one), *files, "--overwrite"]) == 0


def test_what_is_undefined_is_null_in_json_and_nan_in_the_table(tmp_path, capsys):
    bags, table = a_cohort(tmp_path, names=("warm", "warm"))
    model, target = a_three_class_model(tmp_path / "m.safetensors"), tmp_path / "e.json"

    code = call([*words_of(bags, table, model, model), "--json", str(target), "--figure", str(tmp_path / "e.png")])

    printed = " ".join(capsys.readouterr().out.split())
    written = json.loads(target.read_text())
    assert code == 0
    assert "AUC │ nan │ nan" in printed
    assert "The AUC is undefined because all bags are warm" in printed
    assert "No bag is cold or hot" in printed
    assert written["models"][0]["figures"]["auc"]["value"] is None
    assert [model["model"] for model in written["models"]] == ["drawn model (1)", "drawn model (2)"]


def test_an_encoder_by_another_name_can_be_given(tmp_path):
    bags, table = a_cohort(tmp_path)
    model = a_model(tmp_path / "m.safetensors", encoder="zoo:resnet18")

    assert call(words_of(bags, table, model)) == 2
    assert call([*words_of(bags, table, model), "--encoder", "zoo:resnet18"]) == 0


def a_label_unknown_to_the_model(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    table.write_text(table.read_text().replace("s3,hot", "s3,scorching"))
    return words_of(bags, table, model)


def a_bag_of_another_width(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    bag_file(bags / "s3.h5", 0, features=6)
    return words_of(bags, table, model)


def a_bag_of_another_encoder(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    bag_file(bags / "s3.h5", 0, encoder="timm:vit_base")
    return words_of(bags, table, model)


def a_missing_bag(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    (bags / "s3.h5").unlink()
    return words_of(bags, table, model)


def a_damaged_bag(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    (bags / "s3.h5").write_bytes(b"\x89HDF")
    return words_of(bags, table, model)


def models_of_different_classes(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    return words_of(bags, table, model, a_three_class_model(folder / "m3.safetensors"))


def a_missing_folder(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    return words_of(folder / "nowhere", table, model)


def a_missing_table(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    return words_of(bags, folder / "no.csv", model)


def a_missing_model(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    return words_of(bags, table, folder / "no.safetensors")


def an_empty_part(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    return [*words_of(bags, table, model), "--part", "test"]


def a_file_named_twice(folder: Path, bags: Path, table: Path, model: Path) -> list[str]:
    table.write_text(table.read_text() + "s3.svs,hot,p9\n")
    return words_of(bags, table, model)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            a_label_unknown_to_the_model,
            ["labels.csv gives s3 the label 'scorching'", "m.safetensors knows only cold, hot", "Correct"],
        ),
        (
            a_bag_of_another_width,
            ["s3.h5 has 6 features per tile", "m.safetensors expects 4", "Encode the slide with timm:resnet18"],
        ),
        (
            a_bag_of_another_encoder,
            ["s3.h5 are of timm:vit_base", "m.safetensors was trained on those of timm:resnet18", "--encoder"],
        ),
        (a_missing_bag, ["no feature file for s3", "labels.csv", "msm-mil encode"]),
        (a_damaged_bag, ["s3.h5 is not an HDF5 file", "encode the slide again"]),
        (
            models_of_different_classes,
            ["m3.safetensors has the classes cold, warm, hot", "m.safetensors has cold, hot", "same classes"],
        ),
        (a_missing_folder, ["nowhere is not a folder", "Name the folder"]),
        (a_missing_table, ["no table of labels", "no.csv", "Check the path"]),
        (a_missing_model, ["no.safetensors", "Check the path"]),
        (an_empty_part, ["labels.csv has no test bags", "--part all"]),
        (a_file_named_twice, ["labels.csv names the feature file of s3 more than once", "Keep one line"]),
    ],
)
def test_what_cannot_be_used_is_a_sentence(spoil, said, tmp_path, capsys):
    bags, table = a_cohort(tmp_path)

    code = call(spoil(tmp_path, bags, table, a_model(tmp_path / "m.safetensors")))

    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2
    for words in said:
        assert words in line


def test_what_the_table_and_the_files_leave_unclear_is_noted(tmp_path, capsys):
    bags, table = a_cohort(tmp_path)
    table.write_text(table.read_text().replace("patient", "patient_id"))
    with h5py.File(bags / "s3.h5", "r+") as file:
        file["coords"].attrs["patch_size"] = 448

    code = call(words_of(bags, table, a_model(tmp_path / "m.safetensors", side_px=224)))

    printed = capsys.readouterr().out
    assert code == 0
    assert "note: The files of s3 state tiles of another size" in printed
    assert "its column patient_id is taken as such" in printed
    assert "24 bags of 12 patients" in " ".join(printed.split())


def test_no_model_is_a_mistake_of_the_caller(tmp_path):
    bags, table = a_cohort(tmp_path, count=4)
    none: list[Checkpoint] = []

    with pytest.raises(ValueError, match="no model"):
        next(compare_models(selected(bags, table), none))
