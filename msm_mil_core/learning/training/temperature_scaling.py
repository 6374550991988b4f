"""The temperature at which a model is as sure as it may be: found on the validation bags, and put into the weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch.nn import functional

ANSWERING = ("classifier.weight", "classifier.bias")
MOST_LOG_TEMPERATURE = 3.0

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Temperature:
    """What logits are to be divided by."""

    value: float
    """1 or more."""
    loss: float
    """Cross entropy at it."""


def fit_temperature(logits: Array, labels: NDArray[np.int64], class_weight: Array) -> Temperature:
    """Find the temperature at which logits (B, C) suit labels (B,) best.

    Guo C. et al., On calibration of modern neural networks, ICML 2017, section 4.2. Never below 1: few validation
    bags, all told apart, would make the answers ever surer.
    """
    said, true, weight = torch.from_numpy(logits), torch.from_numpy(labels), torch.from_numpy(class_weight)

    def loss_at(temperature: float) -> float:
        return float(functional.cross_entropy(said / temperature, true, weight=weight))

    found = minimize_scalar(lambda log: loss_at(math.exp(log)), bounds=(0, MOST_LOG_TEMPERATURE), method="bounded")
    value = min((1.0, math.exp(found.x)), key=loss_at)
    return Temperature(value, loss_at(value))


def calibrated(weights: Mapping[str, Array], temperature: float) -> dict[str, Array]:
    """Divide the answer's logits by the temperature: attention, ranks and stages stay as they are."""
    return {**weights, **{name: weights[name] / np.float32(temperature) for name in ANSWERING}}
