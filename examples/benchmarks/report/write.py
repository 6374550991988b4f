"""RESULTS.md: the tables of the bench as a person reads them, with the bars that were set and whether they hold."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from examples.benchmarks.report import rows
from examples.benchmarks.report.bars import judged
from examples.benchmarks.report.figures import draw_all

Table = dict[str, Any]

OPENING = """
# What came out

Made by `make bench-science`; nothing here is written by hand. How it is done, and how the hyper-parameters were
chosen, is in [README.md](README.md). Research use, not for diagnosis. Intervals are 95 %, from 1,000 resamples of
repeats and of groups (patients, images); a difference is called significant where its interval leaves out 0.
"""
AUC = """
**Bold**: no method is significantly better (the best one, and those tied with it). ▼ significantly worse than gated
ABMIL, ▲ significantly better. ± is the spread over repeats, each with seeds and folds of its own. A task without
pictures has no colour; the peers from torchmil read bag by bag and ran once, where their time could be paid.
"""
COVERAGE = """
Coverage@R: the share of the kinds of evidence in a bag that are among its R best tiles, R being the number of its
evidence tiles. Mean over the five pattern tasks. *Attention* is the fused attention, *evidence* what each tile adds to
the answer. The last four columns: by how much the evidence map of ours covers more than that method's map. A method
whose answer is no sum over tiles has no evidence map; one that pools without attention has no other.
"""
FINDS = """
*By turns* looks at the attention maps of a method one after the other, as a person does with layers. Localisation AUC
and average precision (AP): evidence tiles before others. Evidence is for the bag's label over "nothing there".
"""
STAGES = """
Rank correlation (Spearman, median over bags and pairs of stages, over tiles that both saw), overlap (Jaccard of the
best tenths), and what a stage tells of the kind of its best tiles (mutual information, nats). The controls are the same
networks under the same losses, whose masks fall on random tiles; *more than control* is paired. Weights are those of
the stages in the answer, a mean over bags.
"""
TISSUE = """
One model each of preset `explain`: of a stage's best tenth of tiles, which share is of which kind, all test bags
together. Rows that differ are stages that look at different tissue.
"""
DELETION = """
Mean probability of the answered class while tiles are taken out, a tenth at a time: most relevant first (MoRF; low is
faithful), least relevant first (LeRF; high is faithful; the same as putting the most relevant in first), at random.
"""
QUESTIONS = """
The probability of the answered class without a stage's claimed tiles, and with them alone; the model is asked anew.
"""

ABLATION = """
Each row changes one thing of preset `default`; means over three pattern tasks and `ucsb-tma`, one repeat of each, so
that differences below about 0.02 are noise. Nothing was chosen by these figures: [CHOICE.md](CHOICE.md) tells how.
"""


def write_report(folder: Path) -> None:
    """Read the tables of a folder and write RESULTS.md and its figures beside them."""
    tables: dict[str, Table] = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    draw_all(tables, folder / "figures")
    text = "\n\n".join(part.strip() for part in _parts(tables))
    (folder / "RESULTS.md").write_text(text + "\n", encoding="utf-8")


def _parts(tables: Mapping[str, Table]) -> Iterator[str]:
    yield OPENING
    yield "## The bars"
    yield rows.table(("bar", "what came out", ""), judged(tables))
    yield from _answers(tables["results"])
    yield from _maps(tables)
    yield from _stages(tables["stages"])
    if "ablation" in tables:
        yield "## Ablation"
        yield ABLATION
        head = (
            *("variant", "AUC, patterns", "AUC, others", "coverage@R, attention", "coverage@R, evidence"),
            *("rank correlation", "stage tells kind"),
        )
        yield rows.table(head, rows.ablation_rows(tables["ablation"]))
    yield from _time(tables)


def _answers(results: Table) -> Iterator[str]:
    yield "## AUC of all methods"
    yield "![AUC of all methods](figures/auc.png)"
    yield rows.auc_table(results)
    yield AUC
    yield "## Gated ABMIL against its publication"
    yield "Accuracy in ten folds, five times over; ± is the spread over repeats."
    yield rows.table(("set", "Ilse et al. 2018", "here, gated ABMIL", "here, MSM-MIL"), rows.published_rows(results))


def _maps(tables: Mapping[str, Table]) -> Iterator[str]:
    yield "## What the maps find"
    yield "![Coverage of attention and evidence maps](figures/coverage.png)"
    yield COVERAGE
    head = ("method", "attention", "evidence")
    over = [f"{ours} over its {name}" for ours in ("default", "explain") for name in ("attention", "evidence")]
    yield rows.table((*head, *over), rows.coverage_rows(tables["coverage"]))
    yield FINDS
    head = (
        *("method", "coverage@R, attention", "evidence", "by turns", "localisation AUC, attention", "evidence"),
        *("AP, attention", "evidence", "AUC of each map alone", "effective tiles"),
    )
    for task, table in tables["stages"].items():
        yield f"### {task}"
        yield rows.table(head, (rows.finds_row(name, row) for name, row in table.items()))


def _stages(stages: Table) -> Iterator[str]:
    yield "## Do the stages differ?"
    yield "![Tissue by stage](figures/tissue.png)"
    yield TISSUE
    head = ("task", "method", "rank correlation", "overlap", "stage tells kind", "more than control", "weights")
    yield rows.table(head, rows.stage_rows(stages))
    yield STAGES
    yield "## Does the answer hang on the maps?"
    yield DELETION
    yield rows.table(("task", "method", "MoRF", "LeRF", "random", "LeRF − MoRF"), rows.deletion_rows(stages))
    yield QUESTIONS
    head = ("task", "whole bag", "without as many random tiles", "without claimed, stage 1, 2, 3", "with them alone")
    yield rows.table(head, rows.question_rows(stages))


def _time(tables: Mapping[str, Table]) -> Iterator[str]:
    yield "## Time"
    yield "Seconds per epoch, median over folds, one core; the ratio is MSM-MIL's to gated ABMIL's on the same bags."
    yield rows.table(("task", "gated ABMIL", "MSM-MIL", "ratio"), rows.second_rows(tables["results"]))
    if "scale" in tables:
        yield "## At scale"
        yield f"```json\n{json.dumps(tables['scale'], indent=1)}\n```"
