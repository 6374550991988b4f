"""What the workers of a Dask cluster have installed: another version or other weights would give other results."""

import multiprocessing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msm_mil_core import __version__
from msm_mil_core.cohort.run_settings import RunSettings, installed_sha256
from msm_mil_core.errors import CohortError

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What a result depends on that a job does not carry along."""

    version: str
    """Of this package."""
    encoder: str
    encoder_sha256: str
    """Of its weights on that machine."""

    def check(self, there: "WorkerFacts", who: str) -> None:
        """Refuse a worker that differs.

        Raises
        ------
        CohortError
            It names what is here and what is there.
        """
        if there.version != self.version:
            raise CohortError(
                f"napari-msm-mil is {self.version} here and {there.version} at {who}. Install the same version."
            )
        if there.encoder_sha256 != self.encoder_sha256:
            raise CohortError(
                f"The weights of {self.encoder} are {self.encoder_sha256[:12]}… here and {there.encoder_sha256[:12]}… "
                f"at {who}. Copy the same weights there."
            )


def own_facts(settings: RunSettings) -> WorkerFacts:
    """Return what this process has.

    Raises
    ------
    EncoderError
        If it does not have the encoder.
    """
    return WorkerFacts(__version__, settings.encoder, installed_sha256(settings.encoder))


def check_workers(client: "Client", here: WorkerFacts, settings: RunSettings) -> None:
    """Refuse a cluster with a worker that would give other results.

    Raises
    ------
    CohortError
        It names the worker, and what it has instead.
    """
    for address, there in client.run(own_facts, settings, on_error="return").items():
        if isinstance(there, ModuleNotFoundError):
            raise CohortError(f"The worker at {address} lacks {there.name}. Install napari-msm-mil there.") from there
        if isinstance(there, BaseException):
            raise CohortError(f"The worker at {address} cannot run slides: {there}") from there
        here.check(there, f"the worker at {address}")


def check_children(client: "Client") -> None:
    """Refuse workers whose processes may have no children: a slide that takes too long could not be stopped there.

    Raises
    ------
    CohortError
        It says how to start them.
    """
    if any(client.run(_is_daemon).values()):
        raise CohortError(
            "--timeout needs workers that may start processes: start them with DASK_DISTRIBUTED__WORKER__DAEMON=False "
            "in their environment, or leave --timeout out."
        )


def _is_daemon() -> bool:
    return multiprocessing.current_process().daemon
