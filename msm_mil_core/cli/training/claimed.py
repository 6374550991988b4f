"""Long work that machines share out among them: one of them does it, also on drives that cannot lock files."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msm_mil_core.cli.console import print_line
from msm_mil_core.cohort.claims import Claim, Claims
from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.file_lock import HeldError, lock_path

POLL_S = 0.5
"""How often to look at a claim that another process holds."""


@contextmanager
def claimed(path: Path, doing: str, *, wait_s: float, claims: Claims | None = None) -> Iterator[Claim]:
    """Let no other process work to the same path, on this machine or another, as slides are claimed; give the claim.

    A process of this machine that has ended holds nothing. One of another machine is watched until it shows that it
    lives, or has been silent for so long that it counts as stopped.

    Parameters
    ----------
    doing
        What happens to it, for the others: "is being trained".
    wait_s
        How long to wait for a process that lives, in seconds.
    claims
        Those in the path's folder; by default as this process sees them from now on.

    Raises
    ------
    HeldError
        If another process holds it; the message says which.
    OutputError
        If the folder cannot be written.
    """
    claims = claims or Claims(path.parent)
    claim = _take(claims, path, doing, wait_s)
    with Heartbeat() as heart, heart.holding(claim):
        yield claim


def require_held(claim: Claim, path: Path) -> None:
    """Refuse to write what another process has taken over.

    Raises
    ------
    HeldError
        If one has.
    """
    if not claim.is_held():
        raise HeldError(
            f"{path} was taken over by another process, as this one seemed to have stopped; its result counts."
        )


def clear_claim(path: Path) -> None:
    """Remove the claim on work that is over, if its holder was stopped before it did."""
    claims, name = Claims(path.parent), lock_path(path).stem
    if claims.holder(name) is not None and (claim := claims.take(name)) is not None:
        claim.release()


def _take(claims: Claims, path: Path, doing: str, wait_s: float) -> Claim:
    name = lock_path(path).stem
    until, told = claims.clock() + wait_s, False
    while (claim := claims.take(name)) is None:
        holder = claims.holder(name) or "another process"
        if not told:
            print_line(f"{path} {doing} by {holder}; waiting until that shows whether it is still at work")
            told = True
        if claims.clock() >= until and claims.is_alive(name):
            raise HeldError(f"{path} {doing} by {holder}. Wait until it has ended, or choose another place.")
        time.sleep(POLL_S)
    return claim
