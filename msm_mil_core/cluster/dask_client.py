"""A connection to a Dask scheduler, or to workers of its own on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.errors import CohortError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 30.0
"""How long to wait for a scheduler, and for its first worker."""


@contextmanager
def connected(options: ClusterOptions) -> "Iterator[Client]":
    """Connect to the cluster that is wanted, and leave it at the end; workers that were started here are ended.

    Raises
    ------
    CohortError
        If Dask is not installed, the scheduler does not answer, or it has no worker.
    """
    _check_installed()
    import dask

    with dask.config.set({"distributed.worker.daemon": False}):  # of workers that are started here: --timeout needs it
        cluster = None if options.scheduler is not None else _local_cluster(options.local or 1)
        client = _client(cluster, options.scheduler)
        try:
            _await_worker(client, str(options.scheduler))
            yield client
        finally:
            client.close()
            if cluster is not None:
                cluster.close()


def _client(cluster: Any, address: str | None) -> "Client":
    from distributed import Client

    try:
        return Client(cluster if cluster is not None else address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as exc:
        raise CohortError(
            f"No Dask scheduler answers at {address} ({exc}). Start one with `dask scheduler`, and give its "
            "address as tcp://host:8786."
        ) from exc


def _check_installed() -> None:
    try:
        import distributed  # noqa: F401  # the extra `cluster`
    except ModuleNotFoundError as exc:
        raise CohortError("Dask is not installed. Run: pip install 'napari-msm-mil[cluster]'") from exc


def _local_cluster(workers: int) -> Any:
    """Start a scheduler and workers here: one slide at a time each, and a device each where there are several."""
    from distributed import Nanny, Scheduler
    from distributed.deploy.spec import SpecCluster

    each = {
        number: {"cls": Nanny, "options": {"nthreads": 1, "env": _environment(number)}} for number in range(workers)
    }
    scheduler = {
        "cls": Scheduler,
        "options": {"dashboard": False, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"},
    }
    return SpecCluster(workers=each, scheduler=scheduler, name="msm-mil")


def _environment(number: int) -> dict[str, str]:
    import torch

    cards = torch.cuda.device_count()
    return {"CUDA_VISIBLE_DEVICES": str(number % cards)} if cards > 1 else {}


def _await_worker(client: "Client", address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as exc:
        raise CohortError(
            f"The Dask scheduler at {address} has no workers. Start one on each machine with `dask worker {address}`."
        ) from exc
