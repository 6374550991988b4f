"""How fast the model answers a question: python examples/measure_questions.py [--tiles 100000] [--questions 40].

In one process, in turn: a question about part of a slide, answered from what the model computed of each tile, and a
full forward pass of the network over the features of that part. Prints the medians, their ratio pair by pair, and how
far apart the two answers are at most. The questions: without a stage's claimed tiles, without the top 5 % of a stage,
without a tenth of all tiles, only half of all tiles.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from msm_mil_core.explain.selections.selection import ClaimedTiles, SingleTiles, TopTiles
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.network import MsmMil, network_with, weights_of
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.slides.tiling.tiles import TileGrid

FEATURES = 1280
Noun = TypeVar("Noun")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.tiles, arguments.questions)
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(count: int, questions: int) -> dict[str, object]:
    checkpoint, rng = a_checkpoint(), np.random.default_rng(0)
    features = rng.normal(size=(count, FEATURES)).astype(np.float32)
    network = network_with(checkpoint.options, checkpoint.state)
    predicted, tiles = predict_bag(checkpoint, features, device="cpu"), a_grid(count)
    tile_outputs = predicted.tile_outputs
    if tile_outputs is None:
        raise SystemExit("the preset computes no tile outputs")
    asked_s, forward_s, apart = [], [], []
    for number in range(questions):
        question = Question(steps=(a_step(number, count, rng),))
        seconds, answer = timed(lambda question=question: ask(tile_outputs, tiles, predicted.prediction, question))
        asked_s.append(seconds)
        if number % 4 == 0:
            left = features[answer.kept]
            seconds, logits = timed(lambda left=left: forward(network, left))
            forward_s.append(seconds)
            apart.append(float(np.abs(logits - answer.after.logits).max()))
    return {
        "tiles": count,
        "stages": checkpoint.options.stages,
        "torch threads": torch.get_num_threads(),
        "questions": questions,
        "question, ms (median, 95th percentile)": [in_ms(np.median(asked_s)), in_ms(np.percentile(asked_s, 95))],
        "forward pass, ms (median)": in_ms(statistics.median(forward_s)),
        "forward pass over question": round(statistics.median(forward_s) / statistics.median(asked_s), 1),
        "largest difference of logits": max(apart),
    }


def a_checkpoint() -> Checkpoint:
    """Return an untrained model of the preset `default` for features of the bundled encoder's length."""
    torch.manual_seed(0)
    options = preset("default", FEATURES, 2)
    return Checkpoint(
        name="untrained",
        options=options,
        classes=("one", "other"),
        encoder="none",
        encoder_sha256="",
        side_px=224,
        mpp=0.5,
        record={},
        state=weights_of(MsmMil(options)),
    )


def a_grid(count: int) -> TileGrid:
    row, col = np.divmod(np.arange(count), 400)
    return TileGrid(np.stack([col, row], 1) * 224, 224, 224, 0.5)


def a_step(number: int, count: int, rng: np.random.Generator) -> Step:
    stage = number % 3
    drawn = rng.permutation(count)
    return (
        Step(verb="remove", selection=ClaimedTiles(stage=stage)),
        Step(verb="remove", selection=TopTiles(stage=stage, percent=5)),
        Step(verb="remove", selection=SingleTiles(tiles=tuple(drawn[: count // 10].tolist()))),
        Step(verb="keep", selection=SingleTiles(tiles=tuple(drawn[: count // 2].tolist()))),
    )[number % 4]


def forward(network: MsmMil, features: np.ndarray) -> np.ndarray:
    """Return the logits (C,) of the network itself: it shares no line with the answers to questions."""
    with torch.inference_mode():
        return network(torch.from_numpy(features)[None]).logits[0].numpy()


def timed(work: Callable[[], Noun]) -> tuple[float, Noun]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def in_ms(seconds: float) -> float:
    return round(float(seconds) * 1e3, 1)


if __name__ == "__main__":
    main()
