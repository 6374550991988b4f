"""The structure of a model made elsewhere, told from the names and shapes of its weights.

Letters: P features of a tile, L hidden width, D attention width, M attention maps, C classes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.foreign.layouts import LAYOUTS, STRANGERS, Layout
from msm_mil_core.mil.foreign.linear_layers import LinearLayer, NamedLayers, named_layers
from msm_mil_core.mil.foreign.weights_file import WeightsFile, read_weights
from msm_mil_core.mil.model_options import MOST_MAPS, Activation, ModelOptions, preset

MOST_NAMED = 4
TRAINING_ALONE = re.compile(
    r"(?:^|\.)(?:\w*loss\w*|criterion|\w*metrics?|(?:train|valid|validation|val|test)_\w+)(?:\.|$)"
)
"""Parts that training programs save beside a model's own."""


@dataclass(frozen=True, slots=True, eq=False)
class ForeignModel:
    """A model made elsewhere whose structure is known."""

    family: str
    options: ModelOptions
    state: Mapping[str, NDArray[np.float32]]
    """Its weights, by the names that our network gives them."""
    source: WeightsFile
    assumed: tuple[str, ...]
    """What no file of this family says, in words."""
    left_out: tuple[str, ...]
    """Names of what acts in training alone."""
    one_output: bool
    """Whether it had one output z, of which the logits [0, z] were made."""

    def __str__(self) -> str:
        options = self.options
        maps = ", one attention map a class" if options.maps == "classes" else ""
        gated = "gated attention" if options.gated else "attention without gates"
        answers = f"{options.classes} classes{' (one output)' if self.one_output else ''}"
        return f"{self.family}: {options.features} features per tile, {gated}, {answers}{maps}"


def recognise(path: Path, activation: Activation | None = None) -> ForeignModel:
    """Read the weights in a file and recognise their model.

    Parameters
    ----------
    path
        As `read_weights` takes it.
    activation
        What follows the layer before the attention, where the file leaves that open; None: as such models have it.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or is of no known structure: it says what does not fit.
    """
    return recognised(read_weights(path), activation)


def recognised(weights: WeightsFile, activation: Activation | None = None) -> ForeignModel:
    """Recognise a model by its weights, as `recognise` does."""
    return _Recognition(weights, *_layout_of(weights), activation).model()


def _layout_of(weights: WeightsFile) -> tuple[Layout, NamedLayers]:
    """Return the layout that the attention's names have, and all layers without what stands before those names."""
    _refuse_strangers(weights)
    candidates = list(_candidates(weights))
    if not candidates:
        raise CheckpointError(_no_attention(weights))
    whole = (found for found in candidates if not _Recognition(weights, *found, None).strange())
    return next(whole, candidates[0])


def _candidates(weights: WeightsFile) -> Iterator[tuple[Layout, NamedLayers]]:
    for layout in LAYOUTS:
        prefixes = (_prefix(layout, name) for name in weights.arrays)
        prefix = next((found for found in prefixes if found is not None), None)
        if prefix is not None:
            yield layout, named_layers({_without(prefix, name): array for name, array in weights.arrays.items()})


def _prefix(layout: Layout, name: str) -> str | None:
    """Return what stands before the name of an attention layer, such as "module."; None if it is none."""
    found = re.fullmatch(rf"((?:\w+\.)*?)(?:{layout.value})\.weight", name)
    return None if found is None else found[1]


def _without(prefix: str, name: str) -> str:
    """Return a name without a prefix, or as much of the prefix as it has: the attention may be named deeper."""
    while prefix and not name.startswith(prefix):
        prefix = prefix[: prefix.rstrip(".").rfind(".") + 1]
    return name.removeprefix(prefix)


def _refuse_strangers(weights: WeightsFile) -> None:
    for pattern, what in STRANGERS:
        if any(re.search(pattern, name) for name in weights.arrays):
            raise CheckpointError(
                f"{weights.path} is {what}: it cannot be shown as attention maps whose evidence adds up. "
                "Import a model of attention over features, such as CLAM or ABMIL."
            )


def _no_attention(weights: WeightsFile) -> str:
    shapes = {name: array.shape for name, array in weights.arrays.items()}
    families = ", ".join(layout.family for layout in LAYOUTS)
    return f"{weights.path} has no attention layer that is known, but {_listed(shapes)}. Known are {families}."


@dataclass(frozen=True, slots=True, eq=False)
class _Recognition:
    """What is told from the layers, part by part."""

    weights: WeightsFile
    layout: Layout
    named: NamedLayers
    activation: Activation | None

    def model(self) -> ForeignModel:
        """Put the parts together."""
        self._refuse_others()
        first, (value, score), gate = self._first(), map(self._one, ("value", "score")), self._gate()
        self._check(first, (value, *([gate] if gate else []), score))
        answer, maps = self._answer(value.weight.shape[1], len(score.weight)), len(score.weight)
        one_output = maps == 1 and len(answer.weight) == 1
        answer = _two_logits(answer) if one_output else answer
        options = self._options(first, value, answer).replace(
            gated=gate is not None,
            maps="classes" if maps > 1 else "stages",
            mask_mode="never" if maps > 1 else "always",
        )
        return ForeignModel(
            family=self._family(maps),
            options=options,
            state=_state(first, (value, *([gate] if gate else [])), score, answer),
            source=self.weights,
            assumed=self._assumed(first),
            left_out=tuple(sorted(name for name in self.named.shapes() if self._acts_in_training(name))),
            one_output=one_output,
        )

    def _of(self, part: str) -> dict[str, LinearLayer]:
        return {name: layer for name, layer in self.named.layers.items() if self.layout.matches(part, name)}

    def _one(self, part: str) -> LinearLayer:
        found = self._of(part)
        if len(found) != 1:
            raise self._unfit(
                f"it has {len(found) or 'no'} layers {part!r} of attention ({', '.join(found) or 'none'})"
            )
        return next(iter(found.values()))

    def _gate(self) -> LinearLayer | None:
        return self._one("gate") if self._of("gate") else None

    def _first(self) -> list[LinearLayer]:
        found = self._of("first")
        return [found[name] for name in sorted(found, key=self._number)]

    def _number(self, name: str) -> int:
        found = re.fullmatch(self.layout.first, name)
        return -1 if found is None or found[1] is None else int(found[1])

    def _answer(self, hidden: int, maps: int) -> LinearLayer:
        """Return the layer of all logits: of the one map, or of each class's own."""
        layers = self._of("answer")
        if not layers:
            raise self._unfit(
                "it has no classifier: it gives features of slides, no classes. Import it after it was fine-tuned"
            )
        parts = [layers[name] for name in sorted(layers, key=lambda name: int("0" + re.sub(r"\D", "", name)))]
        one_each = len(parts) == maps and all(part.weight.shape == (1, hidden) for part in parts)
        if len(parts) > 1 and not one_each:
            raise self._unfit(
                f"its classifier has {len(parts)} layers ({_sizes(parts)}), so evidence of tiles does not add up to "
                "its answer: only one layer after the pooling can be shown"
            )
        joined = LinearLayer(
            np.concatenate([part.weight for part in parts]), np.concatenate([part.shift for part in parts])
        )
        if joined.weight.shape[1] != hidden or (maps > 1 and not one_each):
            raise self._unfit(
                f"its attention has {maps} maps and pools {hidden} features, and its classifier is {_sizes(parts)}: "
                "only one map for all classes, or one for each with its own output, can be shown"
            )
        if maps > MOST_MAPS:
            raise self._unfit(f"it has {maps} maps, and a result holds {MOST_MAPS} at most")
        return joined

    def _options(self, first: Sequence[LinearLayer], value: LinearLayer, answer: LinearLayer) -> ModelOptions:
        D, L = value.weight.shape
        features = first[0].weight.shape[1] if first else L
        plain: dict[str, object] = {"hidden": L, "attention": D, "standardise": False}
        if not first:
            shape: dict[str, object] = {"projection": "none", "activation": "none"}
        else:
            shape = {
                "before": tuple(len(layer.weight) for layer in first[:-1]),
                "projection": "plain" if first[-1].bias is None else "biased",
                "activation": self._activation(),
            }
        return preset("abmil", features, len(answer.weight)).replace(**plain, **shape)

    def _activation(self) -> Activation:
        if self.activation is not None:
            return self.activation
        alone = [self._number(name) for name in self._of("first")] == [-1]
        return self.layout.activation_alone if alone else self.layout.activation

    def _assumed(self, first: Sequence[LinearLayer]) -> tuple[str, ...]:
        if self.layout.certain and self.activation is None:
            return ()
        follows = {"relu": "ReLU", "gelu": "GELU", "none": "nothing"}[self._activation()]
        layers = [f"{follows} after the layer before the attention"] if first else []
        return (*layers, "tanh in the attention")

    def _check(self, first: Sequence[LinearLayer], attention: Sequence[LinearLayer]) -> None:
        value, *gate, score = attention
        chain = [*first, value]
        for one, other in pairwise(chain):
            if other.weight.shape[1] != len(one.weight):
                raise self._unfit(f"its layers do not follow each other: {_sizes(chain)}")
        if any(part.weight.shape != value.weight.shape for part in gate) or score.weight.shape[1] != len(value.weight):
            raise self._unfit(f"its attention's layers do not fit each other: {_sizes(attention)}")

    def _family(self, maps: int) -> str:
        ignored = any(self.layout.matches("ignored", name) for name in self.named.layers)
        branch = "CLAM-MB" if maps > 1 else "CLAM-SB"
        if self.layout.family == "CLAM":
            return branch
        return self.layout.family.replace("ABMIL", branch) if ignored or maps > 1 else self.layout.family

    def _acts_in_training(self, name: str) -> bool:
        layer = name.rpartition(".")[0]
        return self.layout.matches("ignored", layer) or TRAINING_ALONE.search(name) is not None

    def strange(self) -> dict[str, tuple[int, ...]]:
        """Return the names and shapes of what belongs to no part of the layout."""
        parts = ("first", "value", "gate", "score", "answer")
        used = {f"{name}.weight" for part in parts for name in self._of(part)}
        shapes = self.named.shapes().items()
        return {name: of for name, of in shapes if name not in used and not self._acts_in_training(name)}

    def _refuse_others(self) -> None:
        if others := self.strange():
            raise self._unfit(f"it has layers that none of these models has: {_listed(others)}")

    def _unfit(self, why: str) -> CheckpointError:
        return CheckpointError(f"{self.weights.path} looks like {self.layout.family}, but cannot be imported: {why}.")


def _two_logits(one: LinearLayer) -> LinearLayer:
    """Return the logits [0, z] of one output z: their softmax is its sigmoid."""
    nothing = np.zeros_like(one.weight)
    return LinearLayer(np.concatenate([nothing, one.weight]), np.concatenate([np.zeros(1, np.float32), one.shift]))


def _state(
    first: Sequence[LinearLayer], gates: Sequence[LinearLayer], score: LinearLayer, answer: LinearLayer
) -> dict[str, NDArray[np.float32]]:
    """Return the weights by the names that our network gives them."""
    joined = LinearLayer(
        np.concatenate([part.weight for part in gates]), np.concatenate([part.shift for part in gates])
    )
    named = {f"before.{at}": layer for at, layer in enumerate(first[:-1])} | {"gates": joined, "classifier": answer}
    state = {"score_weight": score.weight, "score_bias": score.shift} | dict(_parts(named))
    if first:
        state["projection.weight"] = first[-1].weight
        if first[-1].bias is not None:
            state["projection.bias"] = first[-1].bias
    return state


def _parts(layers: Mapping[str, LinearLayer]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, layer in layers.items():
        yield f"{name}.weight", layer.weight
        yield f"{name}.bias", layer.shift


def _sizes(layers: Sequence[LinearLayer]) -> str:
    return ", ".join(" x ".join(map(str, layer.weight.shape)) for layer in layers)


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    named = [f"{name} {shape}" for name, shape in list(shapes.items())[:MOST_NAMED]]
    more = len(shapes) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "") if named else "nothing by name"
