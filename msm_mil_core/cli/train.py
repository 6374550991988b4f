"""msm-mil train: bags of features and their labels in, one model out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.cli.console import drive, out, say
from msm_mil_core.errors import CheckpointError, OutputError
from msm_mil_core.learning.bagset import read_bagset
from msm_mil_core.learning.curves import draw_curves, write_curves
from msm_mil_core.learning.options import TrainOptions
from msm_mil_core.learning.standing import read_epochs
from msm_mil_core.learning.train import train as learn
from msm_mil_core.mil.checkpoints import SUFFIX, Checkpoint, save_checkpoint
from msm_mil_core.wholefile import check_writable, whole_file


def train(
    bags: Path,
    /,
    *,
    labels: Path,
    out_file: Annotated[Path, Parameter(name="--out")],
    overwrite: bool = False,
    options: Annotated[TrainOptions, Parameter(name="*")] = TrainOptions(),  # noqa: B008  frozen
) -> int:
    """Train a model on bags of features; write a checkpoint and print how it does on the bags it has not seen.

    A folder beside the model, OUT with the suffix .run, keeps the options, the curves (CSV and PNG) and where the
    training stands: the same command again, after a kill at any moment, goes on and comes to the same model.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    out_file
        The model to write, a .safetensors file.
    overwrite
        Replace a model that exists already.
    """
    _check_target(out_file, overwrite=overwrite)
    if "name" not in options.model_fields_set:
        options = options.model_copy(update={"name": out_file.stem})
    run = _Run(out_file.with_suffix(".run"))
    run.begin(options)
    trained = drive(learn(read_bagset(bags, labels), options, keep=run.standing), options.name)
    checkpoint = save_checkpoint(trained, out_file)
    run.end()
    out.print(_table(checkpoint))
    say(f"wrote {out_file}; use it with: msm-mil run SLIDE --model {out_file}")
    return 0


def _check_target(path: Path, *, overwrite: bool) -> None:
    if path.suffix != SUFFIX:
        raise CheckpointError(f"Cannot save a model as {path}: name it {path.with_suffix(SUFFIX).name}.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already; use --overwrite or another name.")
    check_writable(path.parent)


@dataclass(frozen=True, slots=True)
class _Run:
    """The folder that keeps what a training went through."""

    folder: Path

    @property
    def standing(self) -> Path:
        return self.folder / "standing.safetensors"

    def begin(self, options: TrainOptions) -> None:
        if self.standing.exists():
            say(f"going on with the training that {self.folder} keeps")
            return  # its options may differ, and then training says so
        with whole_file(self.folder / "options.json") as part:
            part.write_text(options.model_dump_json(indent=2), encoding="utf-8")

    def end(self) -> None:
        epochs, best = read_epochs(self.standing)
        write_curves(epochs, self.folder / "curves.csv")
        draw_curves(epochs, best, self.folder / "curves.png")
        self.standing.unlink()


def _table(checkpoint: Checkpoint) -> Table:
    table = Table(title=f"{checkpoint.name} (research use, not for diagnosis)", title_justify="left", show_header=False)
    for key, text in checkpoint.record.items():
        if text:
            table.add_row(key, str(text))
    return table
