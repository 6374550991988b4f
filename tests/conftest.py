"""What every test shares: where the data lies."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no clock", deadline=None)  # a busy machine is no failure
settings.load_profile("no clock")

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def pytest_collection_finish() -> None:
    """Spare the modules and tests from every later collection: napari's viewer fixture collects twice a test."""
    gc.freeze()


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Give the path of a shared data file, or skip the test where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"needs {name} of the shared data, which is not here")
        return path

    return find
