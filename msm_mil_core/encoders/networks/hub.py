"""Files on the Hugging Face hub: what is missing, gated or out of reach is explained in plain words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is of the client it uses
    GatedRepoError,
    HFValidationError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from msm_mil_core.errors import EncoderError

_REFUSED = (401, 403)


def fetch_first(repository: str, files: Sequence[str], revision: str | None = None) -> Path:
    """Return the first of `files` that a repository has, cached earlier or downloaded now.

    Raises
    ------
    EncoderError
        If there is no such repository, revision or file, access is not granted, or the hub cannot be reached.
    """
    with hub_errors(repository):
        for name in files:
            cached = try_to_load_from_cache(repository, name, revision=revision)
            if isinstance(cached, str):
                return Path(cached)
        HfApi().auth_check(repository)  # answers at once where a download would be retried again and again
        for name in files:
            if HfApi().file_exists(repository, name, revision=revision):
                return Path(hf_hub_download(repository, name, revision=revision))
    raise EncoderError(f"{repository} on the Hugging Face hub has none of {', '.join(files)}; choose another encoder.")


def is_cached(repository: str) -> bool:
    """Return whether part of a repository was downloaded to this machine before."""
    return (Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}" / "snapshots").is_dir()


def check_access(repository: str) -> None:
    """Ask the hub, once and without retries, whether a repository exists and may be read.

    Raises
    ------
    EncoderError
        If it is not, or the hub cannot be reached.
    """
    with hub_errors(repository):
        HfApi().auth_check(repository)


def how_to_ask(repository: str) -> str:
    """Say where access to a gated repository is asked for, and what to do then."""
    return f"Ask for access at {constants.ENDPOINT}/{repository}, then log in here with `hf auth login`."


@dataclass(frozen=True, slots=True)
class HubState:
    """What is known of the weights in a repository."""

    cached: str
    """The file on this machine; empty if it is not here."""
    access: str
    """Whether the hub gives them, and what to do if not."""
    granted: bool
    """Whether the hub has just said that it would."""
    licence: str
    """As the hub states it; empty if it was not asked."""


def hub_state(repository: str, files: Sequence[str]) -> HubState:
    """Ask the hub, once and without retries, for a repository; nothing is asked where the hub is switched off.

    Raises nothing: that it cannot be reached, or refuses, is what there is to know.
    """
    cached = next((str(found) for name in files if (found := _cached(repository, name))), "")
    if constants.HF_HUB_OFFLINE:
        needed = "needs no network" if cached else "get them once where there is a network, without that variable"
        return HubState(cached, f"the hub was not asked (HF_HUB_OFFLINE is set); {needed}", granted=False, licence="")
    try:
        check_access(repository)
        with hub_errors(repository):
            info = HfApi().model_info(repository)
    except EncoderError as exc:
        kept = " A run takes what is in the cache." if cached else ""
        return HubState(cached, f"{exc}{kept}", granted=False, licence="")
    gate = "gated, and access is granted" if info.gated else "open"
    licence = str(getattr(info.card_data, "license", None) or "")
    return HubState(cached, f"{constants.ENDPOINT}/{repository} is reachable, {gate}", granted=True, licence=licence)


def _cached(repository: str, name: str) -> str | None:
    try:
        found = try_to_load_from_cache(repository, name)
    except HFValidationError:
        return None
    return found if isinstance(found, str) else None


@contextmanager
def hub_errors(repository: str) -> Iterator[None]:
    """Turn what goes wrong with the hub into an EncoderError that says what to do."""
    try:
        yield
    except GatedRepoError as exc:
        raise EncoderError(f"The weights of {repository} are gated. {how_to_ask(repository)}") from exc
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as exc:
        raise EncoderError(
            f"The Hugging Face hub has no {repository} (in this revision). Check the name; "
            "if it is private, log in with `hf auth login`."
        ) from exc
    except (HTTPError, OSError) as exc:
        if _status(exc) in _REFUSED:
            raise EncoderError(
                f"The Hugging Face hub refuses access to {repository}: you are not logged in, or your token does not "
                f"cover it. {how_to_ask(repository)}"
            ) from exc
        raise EncoderError(
            f"The weights of {repository} are not on this machine, and the Hugging Face hub did not deliver them "
            f"({str(exc).partition(chr(10))[0]}). Connect to the internet once, or use an encoder from a local file."
        ) from exc


def _status(exc: Exception) -> int | None:
    """Return the HTTP status with which the hub answered; None if it did not answer."""
    return getattr(getattr(exc, "response", None), "status_code", None)
