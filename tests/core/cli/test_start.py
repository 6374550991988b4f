"""Help and wrong use are told at once: nothing is imported that only the work itself needs."""

import json
import subprocess
import sys

import pytest

from msm_mil_core.cli.app import app

HEAVY = (
    *("torch", "scipy", "h5py", "matplotlib", "skimage", "sklearn", "numpy", "openslide", "shapely", "PIL", "jinja2"),
    *("safetensors", "psutil"),
)
PROBE = """
import json, sys
from msm_mil_core.cli.app import call
codes = [call(words) for words in json.loads(sys.argv[1])]
print(json.dumps([codes, [name for name in json.loads(sys.argv[2]) if name in sys.modules]]))
"""
COMMANDS = tuple(name for name in app if not name.startswith("-"))
MISSING = {
    "run": ["no.svs"],
    "retry": ["no"],
    "status": ["no"],
    "export": ["no.msm.h5", "--to", "csv"],
    "compare": ["no.msm.h5"],
    "explain": ["no.msm.h5"],
    "whatif": ["no.msm.h5"],
    "report": ["no.msm.h5"],
    "view": ["no.svs"],
    "check": ["no", "--labels", "no.csv"],
    "train": ["no", "--labels", "no.csv", "--out", "no.safetensors"],
    "evaluate": ["no", "--labels", "no.csv", "--model", "no.safetensors"],
    "encode": ["no.svs", "--out", "made"],
    "models": ["no.safetensors"],
    "import-model": ["no.pt"],
}
"""What each command that reads something is given, none of which exists."""


def call_in_a_process(folder, *calls):
    """The exit codes of calls, and which of the heavy modules they have imported."""
    words = [sys.executable, "-c", PROBE, json.dumps(calls), json.dumps(HEAVY)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    codes, imported = json.loads(done.stdout.splitlines()[-1])
    return codes, imported


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_wrong_options_import_nothing_that_only_the_work_needs(command, tmp_path):
    codes, imported = call_in_a_process(tmp_path, [command, "--help"], [command, "a", "--no-such-option", "b"])

    assert codes == [0, 2]
    assert imported == []


@pytest.mark.parametrize("command", sorted(MISSING))
def test_what_is_missing_is_told_before_anything_is_imported_that_could_read_it(command, tmp_path):
    codes, imported = call_in_a_process(tmp_path, [command, *MISSING[command]])

    assert codes == [2]
    assert imported == []


def test_a_run_without_its_model_region_or_features_is_told_as_early(tmp_path):
    (tmp_path / "slide.svs").touch()

    calls = (["run", "slide.svs", option, "no"] for option in ("--model", "--region", "--features"))
    codes, imported = call_in_a_process(tmp_path, *calls)

    assert codes == [2, 2, 2]
    assert imported == []
