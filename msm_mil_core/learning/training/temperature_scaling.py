"""The temperature that calibrates a model: fitted on the validation bags, and put into the weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch.nn import functional

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.mil.network import MsmMil

CLASSIFIER = ("classifier.weight", "classifier.bias")
MOST_LOG_TEMPERATURE = 3.0

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Temperature:
    """What logits are to be divided by."""

    value: float
    """1 or more."""
    loss: float
    """Cross entropy at it."""


def fit_temperature(network: MsmMil, bags: BagDataset, class_weight: Array) -> Temperature:
    """Find the temperature at which the network's logits suit the labels of the bags best.

    Guo C. et al., On calibration of modern neural networks, ICML 2017, section 4.2. Never below 1: few validation
    bags, all classified correctly, would make the model ever more confident.
    """
    logits, labels = torch.from_numpy(_logits(network, bags)), torch.from_numpy(bags.labels)
    weight = torch.from_numpy(class_weight)

    def loss_at(temperature: float) -> float:
        return float(functional.cross_entropy(logits / temperature, labels, weight=weight))

    found = minimize_scalar(lambda log: loss_at(math.exp(log)), bounds=(0, MOST_LOG_TEMPERATURE), method="bounded")
    value = min((1.0, math.exp(found.x)), key=loss_at)
    return Temperature(value, loss_at(value))


def calibrated(weights: Mapping[str, Array], temperature: float) -> dict[str, Array]:
    """Divide the logits of the bag by the temperature: attention, ranks and stages stay as they are."""
    return {**weights, **{name: weights[name] / np.float32(temperature) for name in CLASSIFIER}}


def _logits(network: MsmMil, bags: BagDataset) -> Array:
    """Return the logits (B, C), one bag at a time."""
    network.eval()
    device = network.classifier.weight.device
    with torch.inference_mode():
        tiles = (torch.from_numpy(bags.features(index)) for index in range(len(bags)))
        return np.stack([network(bag[None].to(device)).logits[0].cpu().numpy() for bag in tiles])
