"""A device and threads in simulated time: their latencies are set, and nothing waits or reads a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.encoders.devices.device_encoder import DeviceEncoder
from msm_mil_core.errors import BatchTooLargeError

CARD = EncoderCard("simulated", 3, 32, None, "none", "0" * 64)


@dataclass
class Clock:
    now: float = 0.0

    def wait_until(self, then: float) -> None:
        self.now = max(self.now, then)


@dataclass
class Unit:
    """What does one thing after another."""

    free: float = 0.0
    spans: list[tuple[float, float]] = field(default_factory=list)

    def do(self, earliest: float, cost: float) -> float:
        begin = max(self.free, earliest)
        self.free = begin + cost
        self.spans.append((begin, self.free))
        return self.free

    @property
    def idle(self) -> float:
        """Time between its first and its last work in which it had nothing to do."""
        return sum(after[0] - before[1] for before, after in zip(self.spans, self.spans[1:], strict=False))


@dataclass
class SimulatedJob:
    clock: Clock
    end: float
    value: Any
    error: Exception | None

    def done(self) -> bool:
        return self.clock.now >= self.end

    def cancel(self) -> bool:
        return False

    def exception(self) -> Exception | None:
        self.clock.wait_until(self.end)
        return self.error

    def result(self) -> Any:
        if error := self.exception():
            raise error
        return self.value


class SimulatedThreads:
    """Threads whose jobs cost what `cost(*inputs)` says."""

    def __init__(self, clock: Clock, count: int, cost: Callable[..., float]) -> None:
        self.clock, self.cost = clock, cost
        self.threads = [Unit() for _ in range(count)]
        self.submitted: list[tuple[Any, ...]] = []

    def submit(self, job: Callable[..., Any], /, *inputs: Any) -> SimulatedJob:
        self.submitted.append(inputs)
        end = min(self.threads, key=lambda thread: thread.free).do(self.clock.now, self.cost(*inputs))
        try:
            return SimulatedJob(self.clock, end, job(*inputs), None)
        except Exception as exc:  # noqa: BLE001  as a Future does
            return SimulatedJob(self.clock, end, None, exc)


@dataclass
class Latencies:
    upload: float = 0.1
    run: float = 1.0
    download: float = 0.1


@dataclass
class Held:
    features: NDArray[np.float32]
    ready: float


class SimulatedDevice:
    """A card with one unit each for copies to it, computing and copies back; gives a tile's mean colour."""

    def __init__(
        self, clock: Clock, latencies: Latencies, *, batch: int, in_flight: int, most_tiles: int = 10**9
    ) -> None:
        self.clock, self.latencies = clock, latencies
        self.batch, self.in_flight, self.most_tiles = batch, in_flight, most_tiles
        self.inward, self.computing, self.outward = Unit(), Unit(), Unit()
        self.made = 0
        self.sizes: list[int] = []
        self.on_run: Callable[[], None] = lambda: None

    def pixels(self, tiles: int, side_px: int) -> NDArray[np.uint8]:
        self.made += 1
        return np.empty((tiles, side_px, side_px, 3), np.uint8)

    def upload(self, tiles: NDArray[np.uint8]) -> Held:
        if len(tiles) > self.most_tiles:
            raise BatchTooLargeError(f"{len(tiles)} tiles are too many")
        features = tiles.mean((1, 2), dtype=np.float32)
        return Held(features, self.inward.do(self.clock.now, self.latencies.upload))

    def run(self, tiles: Held) -> Held:
        self.sizes.append(len(tiles.features))
        self.on_run()
        return Held(tiles.features, self.computing.do(tiles.ready, self.latencies.run))

    def download(self, features: Held) -> Held:
        return Held(features.features, self.outward.do(features.ready, self.latencies.download))

    def synchronise(self, features: Held) -> NDArray[np.float32]:
        self.clock.wait_until(features.ready)
        return features.features


def on(device: SimulatedDevice) -> DeviceEncoder[Held]:
    return DeviceEncoder(CARD, device, takes_any_side=True)
