"""The folder of a cohort's results, and where beside them is what is known of each slide."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.errors import CohortError
from msm_mil_core.file_names import RESULT_SUFFIX

LONGEST_KEY = 180
"""Of what stands for a slide in names, in bytes: longer names are replaced by a hash."""


@dataclass(frozen=True, slots=True)
class CohortFolder:
    """A folder of results."""

    path: Path

    @property
    def records(self) -> Path:
        """What came of each slide, and who works on it."""
        return self.path / ".msm-mil" / "slides"

    @property
    def plans(self) -> Path:
        """What was wanted: the options and slides of each run."""
        return self.path / ".msm-mil" / "runs"

    @property
    def table(self) -> Path:
        """Grows by a line whenever a slide ends."""
        return self.path / "runs.csv"

    @property
    def index(self) -> Path:
        """A page that lists the slides."""
        return self.path / "index.html"

    @property
    def pictures(self) -> Path:
        """The pictures of that page."""
        return self.path / "index_files"

    def record(self, key: str) -> Path:
        """Return the file that says what came of a slide."""
        return self.records / f"{key}.json"

    def require_plan(self) -> None:
        """Refuse a folder that was never run into.

        Raises
        ------
        CohortError
            If it holds no plan.
        """
        if not any(self.plans.glob("*.json")):
            raise self.without_plan()

    def without_plan(self) -> CohortError:
        """Return the error of a folder that holds no plan that can be read."""
        return CohortError(f"Nothing was run into {self.path}. Name the folder that msm-mil run was given with --out.")


def key_of(target: Path) -> str:
    """Return what stands for a slide in names, by its result's file."""
    key = target.name.removesuffix(RESULT_SUFFIX)
    if len(os.fsencode(key)) > LONGEST_KEY or key.startswith("."):
        return hashlib.sha256(os.fsencode(key)).hexdigest()
    return key
