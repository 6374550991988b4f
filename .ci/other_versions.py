"""Runs tests with other packages than those that a plain installation takes.

Usage: .venv/bin/python .ci/other_versions.py lowest|prerelease|beside-plugins [further words of the test command]

* lowest: every direct dependency at the lowest version that setup.cfg allows, on PyQt5, as uv resolves them. torch,
  torchvision and timm are those of the environment that runs this: their oldest wheels take gigabytes.
* prerelease: the newest napari, pre-releases too, on PyQt6.
* beside-plugins: the neighbours of this plugin, which open slides as well.

The packages go into an environment of their own, .venv-lowest and so on, which the next call uses again. What they lack
is found in the environment that runs this.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AS_INSTALLED = ("torch", "torchvision", "timm")
COME_WITH_TORCH = re.compile(r"(torch|torchvision|timm|triton|nvidia-|cuda-)")
NEIGHBOURS = ["napari-wsi", "napari-tiff", "napari-ome-zarr", "napari-lazy-openslide"]
ROOMS = (
    *("slides", "bags", "mil", "explain", "results", "display", "export", "learning/dataset", "learning/evaluation"),
    *("cohort", "cli"),
)
"""What computes with numpy, scipy, h5py, shapely or matplotlib, or parses with cyclopts and pydantic; encoders and
training are torch's work."""
PYTEST = ["pytest", "-q", "-o", "filterwarnings=", "--disable-warnings"]
"""Other versions warn of other things; here that is no error."""


@dataclass(frozen=True)
class Variant:
    """Other packages, and what is tried with them."""

    packages: Callable[[], list[str]]
    """Returns the words of `uv pip install`."""
    binding: str
    command: list[str]
    """What `python -m` runs."""
    before: tuple[str, ...] = ()
    """What it runs first, where that is something else."""


def main() -> int:
    """Install the packages and run the tests with them."""
    name, further = sys.argv[1], sys.argv[2:]
    variant = VARIANTS[name]
    folder = ROOT / f".venv-{name}"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=False)
    uv("pip", "install", "-q", "--python", str(python), *variant.packages())
    see_the_rest(python)
    variables = {"PYTHONPATH": str(ROOT), "QT_API": variant.binding, "PYTEST_QT_API": variant.binding}
    commands = (variant.before, (*variant.command, *further))
    tried = [
        subprocess.run([str(python), "-m", *command], cwd=ROOT, env=os.environ | variables, check=False).returncode
        for command in commands
        if command
    ]
    return max(tried)


def lowest() -> list[str]:
    """Return pins of all packages, those that setup.cfg names at the lowest version that it allows."""
    kept = "\n".join(f"{name}=={version(name).partition('+')[0]}" for name in AS_INSTALLED)
    extras = ("--extra", "test", "--extra", "pyqt5")
    pins = resolve("--resolution", "lowest-direct", *extras, "--overrides", "-", "setup.cfg", typed=kept).split()
    return ["--only-binary=:all:", "--no-deps", *(pin for pin in pins if not COME_WITH_TORCH.match(pin))]


def newest_napari() -> list[str]:
    """Return what to install to have napari's newest version, be it a pre-release, on PyQt6."""
    newest = resolve("--prerelease=allow", "--no-deps", "-", typed="napari").strip()
    return ["--prerelease=if-necessary-or-explicit", newest.replace("napari", "napari[pyqt6]"), "pytest-qt"]


def neighbours() -> list[str]:
    """Return the other plugins that open slides, beside napari as it is installed."""
    return [*NEIGHBOURS, f"napari[pyqt5]=={version('napari')}"]


VARIANTS = {
    "lowest": Variant(lowest, "pyqt5", [*PYTEST, *(f"tests/core/{room}" for room in ROOMS), "tests/window"]),
    "prerelease": Variant(newest_napari, "pyqt6", [*PYTEST, "tests/window"]),
    "beside-plugins": Variant(
        neighbours, "pyqt5", ["examples.reliability", "neighbours"], (*PYTEST, "tests/window/test_neighbours.py")
    ),
}


def resolve(*words: str, typed: str) -> str:
    """Return the pins, one a line, that uv finds; what is typed may be one of its files, named "-"."""
    return uv("pip", "compile", "-q", "--no-header", "--no-annotate", *words, typed=typed)


def uv(*words: str, typed: str = "") -> str:
    """Run uv and return what it printed."""
    command = [str(Path(sys.executable).with_name("uv")), *words]
    return subprocess.run(command, cwd=ROOT, input=typed, stdout=subprocess.PIPE, text=True, check=True).stdout


def see_the_rest(python: Path) -> None:
    """Let the environment find what it lacks in the one that runs this, after its own packages.

    What it has itself is not to be seen twice: pytest loads the plug-ins of every distribution that it finds.
    """
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    own, rest = Path(found.stdout.strip()), python.parents[1] / "the-rest"
    shutil.rmtree(rest, ignore_errors=True)
    rest.mkdir()
    has = {distribution(record) for record in own.glob("*.dist-info")}
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.suffix != ".dist-info" or distribution(entry) not in has:
            (rest / entry.name).symlink_to(entry)
    (own / "the-rest.pth").write_text(f"{rest}\n")


def distribution(record: Path) -> str:
    """Return the name of what is installed, as names are compared, by that of its record: NAME-VERSION.dist-info."""
    return re.sub(r"[-_.]+", "-", record.name.partition("-")[0]).lower()


if __name__ == "__main__":
    sys.exit(main())
