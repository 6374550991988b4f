"""A heartbeat: as long as this process lives, it says so in the claims that it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from msm_mil_core.cohort.claims import Claim

EVERY_S = 10.0


class Heartbeat:
    """A thread that beats for claims while a `with` block lasts."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._claims: set[Claim] = set()
        self._ended, self._lock = Event(), Lock()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """Beat for this claim as long as the block lasts, and give it up at its end."""
        self.add(claim)
        try:
            yield
        finally:
            self.release(claim)

    def add(self, claim: Claim) -> None:
        """Beat for this claim from now on."""
        with self._lock:
            self._claims.add(claim)

    def release(self, claim: Claim) -> None:
        """Beat for it no longer, and give it up."""
        with self._lock:
            self._claims.discard(claim)
        claim.release()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and give up what is still claimed."""
        self._ended.set()
        self._thread.join()
        for claim in tuple(self._claims):
            self.release(claim)

    def _beat(self) -> None:
        while not self._ended.wait(self._every_s):
            with self._lock:
                claims = tuple(self._claims)
            for claim in claims:
                claim.beat()
