"""A training from the command line, and the folder beside its model with its options, split and curves."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.outputs import check_free
from msm_mil_core.cli.training.claimed import claimed, clear_claim, require_held
from msm_mil_core.csv_table import write_table
from msm_mil_core.errors import CheckpointError
from msm_mil_core.export.tables.baselines import write_baselines
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.training_data import TrainingData, read_training_data
from msm_mil_core.learning.evaluation.evaluate import with_figures
from msm_mil_core.learning.training.baselines import NETWORKS, baseline_state, train_baselines
from msm_mil_core.learning.training.history import draw_curves, write_curves
from msm_mil_core.learning.training.state import identity_of, read_epochs
from msm_mil_core.learning.training.train import train_on
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from msm_mil_core.progress import Progress

ORPHAN_S = 20.0
"""How long a training waits for one that runs: the processes of one that was killed end at their next step."""


def run_folder(model: Path) -> Path:
    """Return the folder beside a model that tells how it was trained."""
    return model.with_suffix(".run")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """What is trained, and where it goes."""

    bags: BagDataset
    options: TrainOptions
    model: Path
    """The model file to write."""
    baselines: bool = False
    """Whether simpler models are trained on the same split and compared with it."""

    @property
    def folder(self) -> Path:
        """Holds the options, the split, the curves and the state of the training."""
        return run_folder(self.model)

    @property
    def state(self) -> Path:
        """Exists as long as the training has not ended."""
        return self.folder / "standing.safetensors"

    @property
    def split(self) -> Path:
        """Gives each slide its part: trained on (train), used to choose the epoch (val), or only to test (test)."""
        return self.folder / "split.csv"

    @property
    def comparison(self) -> Path:
        """Records how the model does beside its baselines."""
        return self.folder / "baselines.json"

    @property
    def _done(self) -> Path:
        return self.folder / "done.json"

    def announce(self) -> None:
        """Say if a training is continued."""
        if self.state.exists():
            print_line(f"continuing the training in {self.folder}")

    def train(self) -> Generator[Progress, None, Checkpoint]:
        """Train, or continue the training in the folder, and write the model.

        Killed at any moment, the next call continues to the same model. Where another process, on any machine, ended
        this same training meanwhile, its model is the one.

        Raises
        ------
        HeldError
            If another process trains this model, or took it over while this one was silent.
        MsmMilError
            As `read_training_data` and `train` do.
        """
        was_finished = self.finished() is not None
        with claimed(self.folder, "is being trained", wait_s=ORPHAN_S) as claim:
            if not was_finished and (checkpoint := self.finished()) is not None:
                self.tidy()
                return checkpoint
            bags = split_bags(self.bags, self.options.split)
            if not self.state.exists():  # if it does, its options may differ, and then training says so
                self._begin(bags)
            data = yield from read_training_data(bags, self.options.keep_gib)
            trained = yield from train_on(data, self.options, keep=self.state)
            evaluated = yield from with_figures(trained, data.bags, device=self.options.device)
            require_held(claim, self.folder)
            checkpoint = save_checkpoint(evaluated, self.model)
            if self.baselines:
                yield from self._compare(data, checkpoint)
            self._end(checkpoint)
        return checkpoint

    def compare(self, checkpoint: Checkpoint) -> Generator[Progress, None, None]:
        """Compare a finished model with its baselines; raises what `train` raises."""
        with claimed(self.folder, "is being trained", wait_s=ORPHAN_S):
            data = yield from read_training_data(split_bags(self.bags, self.options.split), self.options.keep_gib)
            yield from self._compare(data, checkpoint)

    def finished(self) -> Checkpoint | None:
        """Return the model if this same training has ended with it: equal options and bags, the file unchanged."""
        try:
            done, checkpoint = json.loads(self._done.read_text(encoding="utf-8")), load_checkpoint(self.model)
        except (OSError, ValueError, CheckpointError):
            return None
        return checkpoint if done == self._proof(checkpoint) else None

    def tidy(self) -> None:
        """Remove the state of a training that has ended and its claim: all that is left to do if it was killed then."""
        self.state.unlink(missing_ok=True)
        clear_claim(self.folder)

    def check_free(self, *, overwrite: bool) -> None:
        """Refuse to overwrite a model that is not of this training.

        Raises
        ------
        OutputError
            If there is one.
        """
        check_free(self.model, overwrite=overwrite or self.state.exists() or self.finished() is not None)

    def _compare(self, data: TrainingData, checkpoint: Checkpoint) -> Generator[Progress, None, None]:
        comparison = yield from train_baselines(data, checkpoint, self.options, self.folder)
        write_baselines(comparison, checkpoint.sha256, self.comparison)
        for name in NETWORKS:
            baseline_state(self.folder, name).unlink(missing_ok=True)

    def _begin(self, bags: BagDataset) -> None:
        """Write the options, and the table of labels with the split as it was drawn, for `msm-mil evaluate`."""
        with whole_file(self.folder / "options.json") as part:
            part.write_text(self.options.model_dump_json(indent=2), encoding="utf-8")
        rows = zip(bags.names, bags.labels, bags.patients, bags.parts or (), strict=True)
        lines = ((name, bags.classes[label], patient, its) for name, label, patient, its in rows)
        write_table(self.split, ("slide", "label", "patient", "split"), lines)

    def _end(self, checkpoint: Checkpoint) -> None:
        """Write the curves, then the proof that all is written, then drop the state: it is needed until then."""
        epochs, best = read_epochs(self.state)
        write_curves(epochs, self.folder / "curves.csv")
        draw_curves(epochs, best, self.folder / "curves.png")
        with whole_file(self._done) as part:
            part.write_text(json.dumps(self._proof(checkpoint)), encoding="utf-8")
        self.tidy()

    def _proof(self, checkpoint: Checkpoint) -> dict[str, str]:
        return {"training": identity_of(self.bags, self.options), "model_sha256": checkpoint.sha256}
