"""The command line, called as a user calls it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cohort import slide_job
from msm_mil_core.errors import OutputError
from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint, save_checkpoint
from msm_mil_core.results.annotations import Annotations, Verdict, save_annotations
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.slides.sample import SAMPLES
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.user_folders import errors_folder
from tests.models import a_checkpoint
from tests.results import a_result
from tests.slides import a_drawn_slide, a_picture, write_slide


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    """Features are kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A small untrained model: tiles of 256 level-0 pixels, 16 on the drawn slide."""
    checkpoint = replace(a_checkpoint(features=1280), side_px=32, mpp=4.0, encoder_sha256="")
    return str(save_checkpoint(checkpoint, tmp_path / "model.safetensors").path)


@pytest.fixture
def slide(tmp_path: Path) -> str:
    return str(a_drawn_slide(tmp_path / "drawn.tiff").path)


def words_of(capsys) -> tuple[str, str]:
    captured = capsys.readouterr()
    return " ".join(captured.out.split()), captured.err.strip()


def results_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.h5"))


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_run_writes_a_result_and_prints_a_table(tmp_path, slide, model, capsys):
    code = call(["run", slide, "--model", model, "--out", str(tmp_path / "out")])

    printed, _ = words_of(capsys)
    result = load_result(tmp_path / "out" / "drawn.msm.h5")
    assert code == 0
    assert len(result.tiles) == 16
    assert result.prediction.winner in printed
    assert "not for diagnosis" in printed
    assert result.worth.short in printed
    assert all(sentence in printed for sentence in answer_roles(result).sentences)
    assert "Model without an evaluation: not to be relied on." in printed


def test_a_second_run_reuses_features_and_says_the_same(tmp_path, slide, model):
    call(["run", slide, "--model", model, "--out", str(tmp_path / "a")])
    call(["run", slide, "--model", model, "--out", str(tmp_path / "b")])

    first, second = (load_result(tmp_path / name / "drawn.msm.h5") for name in "ab")
    assert first.prediction.logits.tolist() == second.prediction.logits.tolist()


def test_an_existing_result_is_kept_unless_overwriting_is_allowed(tmp_path, slide, model, capsys):
    words = ["run", slide, "--model", model, "--out", str(tmp_path)]
    save_result(a_result(), tmp_path / "drawn.msm.h5")
    before = (tmp_path / "drawn.msm.h5").read_bytes()

    code = call(words)

    assert code == 2
    assert "drawn.msm.h5 already exists" in last_line(capsys)
    assert (tmp_path / "drawn.msm.h5").read_bytes() == before
    assert call([*words, "--overwrite"]) == 0


def test_a_broken_slide_does_not_stop_the_others(tmp_path, slide, model, capsys):
    broken = tmp_path / "broken.svs"
    broken.write_text("no slide")

    code = call(["run", str(broken), slide, "--model", model, "--out", str(tmp_path / "out")])

    printed, _ = words_of(capsys)
    assert code == 1
    assert "broken.svs" in printed[printed.index("failed") :]
    assert results_in(tmp_path / "out") == ["drawn.msm.h5"]


def test_a_fault_of_the_program_ends_one_slide_and_is_written_down(tmp_path, slide, model, capsys, monkeypatch):
    other = str(a_drawn_slide(tmp_path / "other.tiff").path)
    analyse = slide_job.analyse

    def faulty(opened, *rest, **options):
        if opened.facts.name == "other.tiff":
            raise TypeError("a fault that nobody foresaw")
        return (yield from analyse(opened, *rest, **options))

    monkeypatch.setattr(slide_job, "analyse", faulty)

    code = call(["run", other, slide, "--model", model, "--out", str(tmp_path / "out")])

    printed, _ = words_of(capsys)
    (written,) = errors_folder().iterdir()
    assert code == 1
    assert "TypeError: a fault that nobody foresaw" in printed
    assert "raise TypeError" in written.read_text()
    assert results_in(tmp_path / "out") == ["drawn.msm.h5"]
    assert call(["run", other, "--model", model, "--out", str(tmp_path / "out")]) == 1
    assert "unforeseen error occurred (TypeError" in last_line(capsys)
    with pytest.raises(TypeError):
        call(["run", other, "--model", model, "--out", str(tmp_path / "out"), "--debug"])


def test_a_slide_far_coarser_than_the_tiles_is_refused_with_both_numbers(tmp_path, slide, model, capsys):
    code = call(["run", slide, "--model", model, "--out", str(tmp_path), "--mpp", "17"])

    line = last_line(capsys)
    assert code == 1
    assert "17 µm per pixel" in line
    assert "4 µm" in line
    assert "--allow-coarse" in line


@pytest.mark.parametrize(("mpp", "coarse"), [("5", False), ("17", True)])  # of a region: they are tiny tiles
def test_a_slide_coarser_than_the_tiles_is_said_wherever_its_answer_is(tmp_path, slide, model, capsys, mpp, coarse):
    region = a_region(tmp_path, [[1024, 512], [1056, 512], [1056, 544], [1024, 544], [1024, 512]])
    words = ["run", slide, "--model", model, "--out", str(tmp_path), "--region", region]

    code = call([*words, "--mpp", mpp, "--allow-coarse"])

    printed, _ = words_of(capsys)
    result = load_result(tmp_path / "drawn.msm.h5")
    assert code == 0
    assert bool(result.warnings) == coarse == ("enlarged" in printed)
    call(["compare", str(tmp_path / "drawn.msm.h5"), "--json"])
    assert json.loads(words_of(capsys)[0])["warnings"] == list(result.warnings)


def test_a_slide_without_mpp_asks_for_it_and_runs_with_it(tmp_path, model, capsys):
    slide = str(a_drawn_slide(tmp_path / "nompp.tiff", mpp=None).path)
    words = ["run", slide, "--model", model, "--out", str(tmp_path)]

    code = call(words)

    line = last_line(capsys)
    assert code == 1
    assert "nompp.tiff" in line
    assert "--mpp" in line
    assert call([*words, "--mpp", "0.5"]) == 0
    assert load_result(tmp_path / "nompp.msm.h5").slide.mpp_origin == "user"


def a_region(tmp_path, ring) -> str:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path = tmp_path / "region.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return str(path)


def test_a_region_limits_the_run(tmp_path, slide, model):
    region = a_region(tmp_path, [[1024, 512], [1536, 512], [1536, 1024], [1024, 1024], [1024, 512]])

    call(["run", slide, "--model", model, "--out", str(tmp_path), "--region", region])

    result = load_result(tmp_path / "drawn.msm.h5")
    assert result.tiles.xy_px0.tolist() == [[1024, 512], [1280, 512], [1024, 768], [1280, 768]]


@pytest.mark.parametrize(
    "ring",
    [
        [[9000, 9000], [9500, 9000], [9500, 9500], [9000, 9000]],
        [[600, 300], [1200, 900], [1200, 300], [600, 900], [600, 300]],
    ],
    ids=["outside the slide", "crossing itself"],
)
def test_a_region_that_cannot_be_used_is_told(tmp_path, slide, model, ring, capsys):
    code = call(["run", slide, "--model", model, "--out", str(tmp_path / "out"), "--region", a_region(tmp_path, ring)])

    assert code == 1
    assert "region" in last_line(capsys).lower()
    assert not results_in(tmp_path / "out")


@pytest.mark.parametrize(("to", "ending"), [("geojson", ".geojson"), ("csv", ".csv"), ("png", ".png")])
def test_results_are_exported(tmp_path, slide, to, ending):
    with open_slide(Path(slide)) as opened:
        save_result(a_result(slide=opened.facts), tmp_path / "drawn.msm.h5")

    code = call(["export", str(tmp_path / "drawn.msm.h5"), "--to", to, "--out", str(tmp_path / "out")])

    assert code == 0
    assert (tmp_path / "out" / f"drawn{ending}").stat().st_size > 500
    assert call(["export", str(tmp_path / "drawn.msm.h5"), "--to", to, "--out", str(tmp_path / "out")]) == 2


def test_an_export_for_qupath_says_how_it_gets_there(tmp_path, capsys):
    for name in ("one", "two"):
        save_result(a_result(), tmp_path / f"{name}.msm.h5")

    call(["export", str(tmp_path / "one.msm.h5"), "--to", "geojson", "--out", str(tmp_path / "a")])
    alone, _ = words_of(capsys)
    call(["export", *map(str, tmp_path.glob("*.h5")), "--to", "geojson", "--out", str(tmp_path / "b")])
    both, _ = words_of(capsys)

    assert str(tmp_path / "a" / "one.import.groovy") in alone.replace("\n", "")
    assert str(tmp_path / "b" / "import-all.groovy") in both.replace("\n", "")
    names = {"one.geojson", "one.import.groovy", "one.provenance.json", "import-all.groovy"}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names


@pytest.mark.parametrize("words", [["--no-all-tiles", "--top-k", "2"], ["--hot-spots-percent", "20", "--top-k", "0"]])
def test_the_level_of_detail_for_qupath_is_chosen(tmp_path, words):
    save_result(a_result(), tmp_path / "one.msm.h5")

    assert call(["export", str(tmp_path / "one.msm.h5"), "--to", "geojson", "--out", str(tmp_path), *words]) == 0

    said = json.loads((tmp_path / "one.provenance.json").read_text())["objects"]
    assert (said["tiles"], said["top_tiles"], bool(said["hot_spots"])) == ((0, 6, 0) if "2" in words else (30, 0, 1))


def test_files_beside_an_export_are_not_overwritten_against_the_wish(tmp_path):
    save_result(a_result(), tmp_path / "one.msm.h5")
    (tmp_path / "one.provenance.json").write_text("mine")

    assert call(["export", str(tmp_path / "one.msm.h5"), "--to", "geojson", "--out", str(tmp_path)]) == 2

    assert (tmp_path / "one.provenance.json").read_text() == "mine"


@pytest.mark.parametrize("to", ["geojson", "csv"])
def test_notes_that_cannot_be_read_do_not_hold_up_an_export(tmp_path, capsys, to):
    source = tmp_path / "drawn.msm.h5"
    save_result(a_result(), source)
    with h5py.File(source, "r+") as file:
        file["notebook"] = "damaged"

    code = call(["export", str(source), "--to", to, "--out", str(tmp_path)])

    _, said = words_of(capsys)
    assert code == 0
    assert "Without annotations" in said
    assert (tmp_path / f"drawn.{to}").is_file()


def test_a_table_of_verdicts_is_not_overwritten_against_the_wish(tmp_path):
    source, verdicts = tmp_path / "drawn.msm.h5", tmp_path / "drawn.verdicts.csv"
    save_result(a_result(), source)
    save_annotations(Annotations().with_verdict(Verdict(stage=0, label="tumour", at="")), source)
    verdicts.write_text("mine")

    code = call(["export", str(source), "--to", "csv", "--out", str(tmp_path)])

    assert code == 2
    assert verdicts.read_text() == "mine"
    assert call(["export", str(source), "--to", "csv", "--out", str(tmp_path), "--overwrite"]) == 0
    assert "tumour" in verdicts.read_text()


def test_two_inputs_for_one_output_are_refused_before_any_work(tmp_path, slide, model, capsys):
    (tmp_path / "other").mkdir()
    twin = str(a_drawn_slide(tmp_path / "other" / "drawn.tiff").path)

    code = call(["run", slide, twin, "--model", model, "--out", str(tmp_path / "out")])

    assert code == 2
    assert "Two inputs" in last_line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["runn"],
        ["run"],
        ["run", "{slide}", "--nonsense"],
        ["run", "{slide}", "--tiles.min-tissue", "7"],
        ["run", "{slide}", "--device", "gpu"],
        ["run", "{folder}/missing.svs"],
        ["run", "{slide}", "--model", "{folder}/missing.safetensors"],
        ["run", "{slide}", "--out", "{slide}/inside-a-file"],
        ["export", "{slide}", "--to", "pdf"],
        ["view", "{folder}/missing.svs"],
        ["models", "{slide}"],
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(tmp_path, slide, model, words, capsys):
    given = [word.format(slide=slide, folder=tmp_path) for word in words]
    if given[0] == "run" and len(given) > 1 and "--model" not in given:
        given += ["--model", model]

    code = call(given)

    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("msm-mil: ")]
    assert code == 2
    assert len(lines) == 1


def test_debug_shows_where_an_error_came_from(tmp_path, slide, model):
    with pytest.raises(OutputError):
        call(["run", slide, "--model", model, "--out", f"{slide}/inside-a-file", "--debug"])


def test_features_are_encoded_for_training(tmp_path, slide, capsys):
    words = ["encode", slide, "--out", str(tmp_path / "features"), "--tiles.side-px", "32", "--tiles.mpp", "4"]

    code = call(words)

    assert code == 0
    assert "16 tiles x 1280" in words_of(capsys)[0]


@pytest.mark.parametrize("command", ["models", "encoders"])
def test_what_can_be_used_is_listed(command, capsys):
    assert call([command]) == 0
    assert "efficientnet-lite0" in words_of(capsys)[0]


@pytest.mark.parametrize("screen", [None, ":987"])
def test_a_server_without_a_screen_is_well(capsys, monkeypatch, screen):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", screen)

    code = call(["doctor"])

    assert code == 0
    assert "no screen" in words_of(capsys)[0]


@pytest.mark.parametrize("full", [False, True])
def test_a_model_is_five_lines_and_the_rest_on_demand(capsys, full):
    call(["models", *["--full"] * full])

    printed = capsys.readouterr().out
    *others, last = load_checkpoint(default_checkpoint_path()).classes
    assert f"{', '.join(others)}{', ' if full else ' or '}{last}" in printed
    assert "{'" not in printed
    assert len(printed.splitlines()) == 6 or full
    assert ("learning rate 0.001" in " ".join(printed.split())) == full


def test_the_doctor_tells_what_works(capsys):
    call(["doctor"])

    printed, _ = words_of(capsys)
    things = (
        "openslide",
        "direct reading",
        "OME-Zarr",
        "encoder",
        "bundled model",
        "devices",
        "window",
        "cached features",
    )
    for thing in (*things, "simplejpeg"):
        assert thing in printed


def test_the_demo_measures_the_maps_on_the_lung_and_shows_the_skin(tmp_path, capsys):
    code = call(["demo", "--out", str(tmp_path / "demo"), "--no-window", "--device", "cpu"])

    files = sorted(path.name for path in (tmp_path / "demo").iterdir() if not path.name.startswith("."))
    kinds = (".geojson", ".import.groovy", ".msm.h5", ".png", ".provenance.json", ".report.html")
    names = [f"{sample.path.stem}{kind}" for sample in SAMPLES.values() for kind in kinds]
    words, _ = words_of(capsys)
    assert code == 0
    assert files == sorted([*names, "import-all.groovy"])
    assert all(sample.sentence in words for sample in SAMPLES.values())
    for told in ("adenocarcinoma", "squamous", "Attention of all stages", "0.5 is guessing"):
        assert told in words
    lung, skin = words.split(SAMPLES["skin"].sentence)
    assert "Stage 1 looks at" in lung
    assert "unlike what the model learnt" in skin
    assert "Stage 1 looks at" not in skin  # what stages are for in an answer that means nothing is not said


def test_help_comes_without_loading_torch():
    probe = "import sys; import msm_mil_core.cli.app as a; a.call(['--help']); sys.exit('torch' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "research use, not for diagnosis" in ended.stdout.lower()


NEGATIVE = [
    "histolab-broken.svs",
    "histolab-kidney-48-5-flat-HE.tif",
    "pathml-small_dicom-no-image-flavor.dcm",
    "pathml-smalltif-uint16-untiled.tif",
    "rgb-byte-geotiff-notHE.tif",
    "unopenable.tiff",
    "unreadable.svs",
]


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_file_that_is_no_usable_slide_is_one_clear_line(tmp_path, shared, model, name, capsys):
    path = shared("negative") / name

    code = call(["run", str(path), "--model", model, "--out", str(tmp_path / "out")])

    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("msm-mil: ")]
    assert code == 1
    assert len(lines) == 1
    assert name in lines[0]
    assert not results_in(tmp_path / "out")


def test_a_model_is_trained_on_encoded_slides_and_used(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = ["slide,label"]
    for n in range(24):
        label = ("benign", "malignant")[n % 2]
        with h5py.File(tmp_path / f"case{n}.h5", "w") as file:
            file["features"] = rng.normal(n % 2, 1, (20, 8)).astype(np.float32)
            file["coords"] = np.stack(np.divmod(np.arange(20), 5), 1) * 256
        rows.append(f"case{n},{label}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    words = ["train", str(tmp_path), "--labels", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "m.safetensors")]

    told = ["--encoder", "efficientnet-lite0", "--side-px", "64", "--mpp", "1"]
    code = call([*words, *told, "--epochs", "3", "--learning-rate", "0.01"])

    assert code == 0, capsys.readouterr().err
    assert load_checkpoint(tmp_path / "m.safetensors").classes == ("benign", "malignant")
    assert call(words) == 2  # the model already exists


def test_a_slide_without_tissue_is_told_what_to_change(tmp_path, model, capsys):
    blank = write_slide(tmp_path / "blank.tiff", a_picture((1024, 1024), {}))

    code = call(["run", str(blank), "--model", model, "--out", str(tmp_path / "out")])

    line = last_line(capsys)
    assert code == 1
    assert "blank.tiff" in line
    assert "tissue" in line
    assert not results_in(tmp_path / "out")


def test_a_slide_cut_off_in_the_middle_is_told_and_leaves_nothing(tmp_path, shared, model, capsys):
    whole = shared("slides/CMU-1-Small-Region.svs").read_bytes()
    cut = tmp_path / "cut.svs"
    cut.write_bytes(whole[: len(whole) // 2])

    code = call(["run", str(cut), "--model", model, "--out", str(tmp_path / "out")])

    assert code == 1
    assert "cut.svs" in last_line(capsys)
    assert not results_in(tmp_path / "out")


def test_a_corrupt_model_is_told(tmp_path, slide, model, capsys):
    whole = Path(model).read_bytes()
    Path(model).write_bytes(whole[: len(whole) // 2])

    code = call(["run", slide, "--model", model, "--out", str(tmp_path / "out")])

    assert code == 2
    assert "model.safetensors is damaged" in last_line(capsys)


def test_a_figure_of_a_slide_that_was_replaced_shows_the_maps_alone_and_says_so(tmp_path, slide, capsys):
    with open_slide(Path(slide)) as opened:
        save_result(a_result(slide=replace(opened.facts, quick_hash="another")), tmp_path / "drawn.msm.h5")

    code = call(["export", str(tmp_path / "drawn.msm.h5"), "--to", "png", "--out", str(tmp_path / "out")])

    assert code == 0
    assert "maps without the slide" in words_of(capsys)[1]
