"""A training from the command line, and the folder beside its model that keeps what it went through."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cli.console import drive, say
from msm_mil_core.errors import CheckpointError, OutputError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.labels import Part
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.training.history import draw_curves, write_curves
from msm_mil_core.learning.training.state import identity_of, read_epochs
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import Checkpoint, load_checkpoint, save_checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """What is trained, and where it goes."""

    bags: BagDataset
    options: TrainOptions
    model: Path
    """The model file to write."""

    @property
    def folder(self) -> Path:
        """Keeps the options, the split, the curves and where the training stands."""
        return self.model.with_suffix(".run")

    @property
    def standing(self) -> Path:
        """Is there as long as the training has not ended."""
        return self.folder / "standing.safetensors"

    @property
    def split(self) -> Path:
        """Says of each slide whether it was learnt from (train), chose the epoch (val) or only judged (test)."""
        return self.folder / "split.csv"

    @property
    def _done(self) -> Path:
        return self.folder / "done.json"

    def run(self) -> Checkpoint:
        """Train, or go on with the training that the folder keeps, and write the model."""
        self._begin()
        trained = drive(train(self.bags, self.options, keep=self.standing), self.options.name)
        checkpoint = save_checkpoint(trained, self.model)
        self._end(checkpoint)
        return checkpoint

    def finished(self) -> Checkpoint | None:
        """Return the model if this very training has ended with it: the same options and bags, the file unchanged."""
        try:
            done, checkpoint = json.loads(self._done.read_text(encoding="utf-8")), load_checkpoint(self.model)
        except (OSError, ValueError, CheckpointError):
            return None
        return checkpoint if done == self._proof(checkpoint) else None

    def check_free(self, *, overwrite: bool) -> None:
        """Refuse to write over a model that this training has not made.

        Raises
        ------
        OutputError
            If there is one.
        """
        if self.model.exists() and not (overwrite or self.standing.exists() or self.finished()):
            raise OutputError(f"{self.model} exists already; use --overwrite or another name.")

    def _begin(self) -> None:
        if self.standing.exists():
            say(f"going on with the training that {self.folder} keeps")
            return  # its options may differ, and then training says so
        with whole_file(self.folder / "options.json") as part:
            part.write_text(self.options.model_dump_json(indent=2), encoding="utf-8")
        with whole_file(self.split) as part:
            self._write_split(part)

    def _write_split(self, path: Path) -> None:
        """Write the table of labels with the split as it was drawn: `msm-mil evaluate` can judge by it."""
        split = split_bags(self.bags, self.options.split)
        part_of = {int(bag): part for part in get_args(Part) for bag in getattr(split, part)}
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(("slide", "label", "patient", "split"))
            for bag, name in enumerate(self.bags.names):
                label = self.bags.classes[self.bags.labels[bag]]
                table.writerow((name, label, self.bags.patients[bag], part_of[bag]))

    def _end(self, checkpoint: Checkpoint) -> None:
        with whole_file(self._done) as part:
            part.write_text(json.dumps(self._proof(checkpoint)), encoding="utf-8")
        epochs, best = read_epochs(self.standing)
        write_curves(epochs, self.folder / "curves.csv")
        draw_curves(epochs, best, self.folder / "curves.png")
        self.standing.unlink()

    def _proof(self, checkpoint: Checkpoint) -> dict[str, str]:
        return {"training": identity_of(self.bags, self.options), "model_sha256": checkpoint.sha256}
