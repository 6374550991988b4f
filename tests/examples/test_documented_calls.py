"""Every call of msm-mil that the documentation or an example for a cluster shows is one that msm-mil understands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from msm_mil_core.cli.app import app
from msm_mil_core.cli.command_schema import describe_commands
from msm_mil_core.cohort.listing.slide_list import IN_FOLDERS

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "examples" / "cluster"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "tutorials").glob("*.md")])
EXAMPLES = sorted(path for path in CLUSTER.iterdir() if path.is_file())
CALL = re.compile(r"\bmsm-mil (?:[a-z-]+)(?: .*)?$", re.MULTILINE)
BLOCK = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SHELLS = {"", "shell", "bash", "sh", "console"}
INLINE = re.compile(r"`msm-mil ([a-z-]+) ([^`]*)`")
OPTION = re.compile(r"--[a-z][\w.-]*")
OF_EVERY_COMMAND = {"--config", "--debug", "--help"}
STANDS_FOR = {
    r"\{input:q\}|\$\{slide\}|\$slides|\$1": "a.svs",
    r"\{params.out:q\}|\$out": "results",
    r"\{params.more\}|\$\{params.options\}|\$@": "",
    r"\$\w*TASK_ID(/\$\w*TASK_COUNT|/(\d+))": "1/2",
}
"""What the words of other languages in a call become."""

STAND_IN = """
import sys
from msm_mil_core.cli.app import app
print(" ".join(sys.argv[1:]))
app.parse_args(sys.argv[1:], exit_on_error=False, print_error=False)
"""


def calls_in(path: Path) -> list[str]:
    """Return the calls in a file: of a page those in blocks for a shell, of an example those that it runs or tells."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    if path.suffix == ".md":
        text = "\n".join(block for language, block in BLOCK.findall(text) if language in SHELLS)
    return CALL.findall(text)


def words_of(call: str) -> list[str]:
    for pattern, word in STANDS_FOR.items():
        call = re.sub(pattern, word, call)
    call = call.split("` ")[0].rstrip("`")
    call = call if call.count('"') % 2 == 0 else call.rpartition('"')[0]  # the quote that closes the whole command
    return [word for word in shlex.split(call, comments=True) if word][1:]


@pytest.mark.parametrize("path", [*PAGES, *EXAMPLES], ids=lambda path: path.name)
def test_every_call_is_understood(path):
    for call in calls_in(path):
        app.parse_args(words_of(call), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_option_that_the_text_names_is_one_of_its_command(path):
    described = describe_commands(app)["commands"]
    for command, rest in INLINE.findall(path.read_text(encoding="utf-8")):
        known = {*described[command]["arguments"]["properties"], *described[command]["switches"].values()}
        assert set(OPTION.findall(rest)) <= known | OF_EVERY_COMMAND, (command, rest)


def test_there_are_calls_to_look_at():
    assert {path.name for path in EXAMPLES if calls_in(path)} >= {"Snakefile", "array.sbatch", "main.nf"}
    assert {path.name for path in PAGES if calls_in(path)} >= {"README.md", "many-slides.md"}


@pytest.mark.skipif(os.name == "nt", reason="the script is one for bash")
def test_the_array_gives_each_task_its_share_and_passes_options_on(tmp_path):
    stand_in = tmp_path / "msm-mil"
    stand_in.write_text(f"#!{sys.executable}\n{STAND_IN}")
    stand_in.chmod(0o755)
    slurm = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "20", "SLURM_CPUS_PER_TASK": "2"}
    there = os.environ | slurm | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    script = [CLUSTER / "array.sbatch", "/data/my slides", "/data/results", "--device", "auto"]
    done = subprocess.run(["bash", *script], env=there, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "run /data/my slides --out /data/results --shard 3/20 --wait --device auto"


def test_the_workflow_finds_the_slides_that_a_folder_of_slides_gives():
    listed = re.search(r'"suffixes", "([^"]*)"', (CLUSTER / "Snakefile").read_text(encoding="utf-8"))

    assert set(listed[1].split()) == {*IN_FOLDERS, ".zarr"}
