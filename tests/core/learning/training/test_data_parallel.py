"""Several devices come to the same model as one, and end together."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from torch.amp import GradScaler
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from msm_mil_core.bags.feature_table import FeatureTable, table_of
from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import DeviceError, TrainingError
from msm_mil_core.learning.training.batches import Batch
from msm_mil_core.learning.training.data_parallel import assemble
from msm_mil_core.learning.training.gradients import TrainingData
from msm_mil_core.learning.training.state import Learner
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import ModelChanges
from msm_mil_core.mil.network import MsmMil
from msm_mil_core.progress import finish
from tests.core.learning.training.test_gradients import SMALL, is_close, uneven_bags
from tests.core.learning.training.test_train import P, some_options

OPTIONS = some_options(model=ModelChanges(**SMALL), epochs=2, learning_rate=1e-3, bags_per_step=4, tiles_per_bag=9)
ON_TWO = OPTIONS.replace(device="cpu,cpu")


def test_two_devices_come_to_the_model_of_one():
    bags = uneven_bags()

    alone = finish(train(bags, OPTIONS.replace(accumulate=2)))
    together = finish(train(bags, ON_TWO.replace(accumulate=2)))

    assert is_close(alone, together)
    assert not multiprocessing.active_children()


def test_a_device_that_fails_ends_the_training_in_a_sentence():
    work = train(uneven_bags(), ON_TWO)
    while next(work).step != "Training":
        pass
    next(work)

    (helper,) = multiprocessing.active_children()
    helper.kill()

    with pytest.raises(DeviceError, match="The device cpu failed in training"):
        finish(work)
    assert not multiprocessing.active_children()


def test_why_a_device_failed_is_told():
    network = MsmMil(OPTIONS.model_options(P, 2))
    optimiser = AdamW(network.parameters())
    learner = Learner(network, optimiser, CosineAnnealingLR(optimiser, 1), GradScaler("cpu", enabled=False))
    tables = (table_of(np.ones((3, P), np.float32)), FeatureTable(Path("gone.h5"), 3, P))
    material = TrainingData(tables, np.array([0, 1]), np.ones(2, np.float32), "float32")
    parts = [[Batch(np.array([bag]), (None,), (0.5, 0.5, 0.5))] for bag in (0, 1)]

    with (
        pytest.raises(DeviceError, match=r"The device cpu failed in training: There is no file of features gone\.h5"),
        assemble(learner, material, choose_devices("cpu,cpu")) as crew,
    ):
        crew.add_gradients(parts, seed=0)

    assert not multiprocessing.active_children()


def test_devices_that_cannot_work_together_are_refused():
    with pytest.raises(DeviceError, match="no device 'cuda:7'"):
        choose_devices("cpu,cuda:7")
    with pytest.raises(TrainingError, match="2 devices share the bags of a step, but there is 1"):
        next(train(uneven_bags(), ON_TWO.replace(bags_per_step=1)))
    assert len(choose_devices("cpu, cpu")) == 2


def test_a_training_on_two_devices_goes_on_after_a_kill(tmp_path):
    bags, keep = uneven_bags(), tmp_path / "standing.safetensors"
    whole = finish(train(bags, ON_TWO))

    killed = train(bags, ON_TWO, keep)
    steps = [next(killed) for _ in range(len(bags) + 7)]
    killed.close()
    resumed = finish(train(bags, ON_TWO, keep))

    assert steps[-1].done > 0
    assert all(np.allclose(whole.state[name], resumed.state[name], atol=1e-5) for name in whole.state)
