"""msm-mil check: everything that is wrong with bags and labels, before training."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from msm_mil_core.cli.console import drive, print_line
from msm_mil_core.learning.dataset.finding import listed
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.validation import ValidationReport, validate_bags
from msm_mil_core.options import Options


class CheckOptions(Options):
    """What a user says of the tiles of all files, as for train."""

    encoder: str | None = Field(default=None, min_length=1)
    """The encoder that made all features, where files call it by different names or do not name it."""
    side_px: int | None = Field(default=None, ge=1)
    """Side of the tiles as the encoder got them, for files that do not name it."""
    mpp: float | None = Field(default=None, gt=0)
    """Micrometres per pixel of the tiles, for files that do not name it."""


def check(
    bags: Path,
    /,
    *,
    labels: Path,
    options: Annotated[CheckOptions, Parameter(name="*")] = CheckOptions(),
    split: SplitOptions = SplitOptions(),
    folds: Annotated[FoldOptions, Parameter(name="*")] = FoldOptions(),
) -> int:
    """Check bags of features and their labels as train does, and report everything that is wrong with them at once.

    The exit code is 2 if something stops training.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    """
    told = Origin(encoder=options.encoder, side_px=options.side_px, mpp=options.mpp)
    report = drive(validate_bags(bags, labels, split, folds, told), "check")
    print_report(report)
    report.require_valid()
    print_line("nothing stops training")
    return 0


def print_report(report: ValidationReport) -> None:
    """Print facts and findings, each finding with what to do."""
    print_line(_facts(report))
    for finding in report.findings:
        affected = f" [{listed(finding.bags)}]" if finding.bags else ""
        print_line(f"{'STOPS TRAINING' if finding.fatal else 'note'}: {finding.sentence}{affected}")


def _facts(report: ValidationReport) -> str:
    classes = ", ".join(f"{name} {count}" for name, count in report.classes.items())
    facts = [f"{report.bags} bags of {report.patients} patients", classes]
    if report.tiles is not None:
        fewest, median, most = report.tiles
        facts.append(f"{fewest} to {most} tiles a bag, median {median:g}")
        facts.append(f"{' or '.join(map(str, report.features))} features a tile")
    return "; ".join(filter(None, facts))
