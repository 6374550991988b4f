"""Everything that is wrong with bags and labels: what the command check does."""

from pathlib import Path

from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.training.check_options import CheckOptions
from msm_mil_core.learning.dataset.finding import listed
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.split_options import SplitOptions
from msm_mil_core.learning.dataset.validation import ValidationReport, validate_bags


def check_bags(bags: Path, labels: Path, options: CheckOptions, split: SplitOptions, folds: FoldOptions) -> int:
    """Check bags and labels, and report everything that is wrong with them."""
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
