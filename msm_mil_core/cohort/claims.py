"""Claims on slides: of several processes and machines that share a folder, one works on a slide at a time.

A claim is a folder NAME.claim that holds one file, named after who holds it. Making the folder is exclusive; taking it
over renames the file from the old holder's name to the new one's, which one process can do once. The holder appends to
the file as long as it lives. Whether it still lives, others judge by whether the file grows while they watch, by their
own clock: clocks of two machines are never compared. Holders on the same machine that have ended are known at once.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from msm_mil_core.errors import OutputError
from msm_mil_core.process_owner import Owner

SUFFIX = ".claim"
STALE_S = 180.0
"""How long a claim has to stay as it is until its holder counts as stopped: many beats, as network drives lag."""

Seen = tuple[str, int]
"""Who holds a claim, and how often they have said so."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That this process, and no other, works on something; it may be sent to a child process."""

    path: Path
    """The file in the claim's folder."""

    def is_held(self) -> bool:
        """Return whether nobody has taken it over."""
        return self.path.exists()

    def beat(self) -> bool:
        """Tell the others that this process is alive, and return whether it still holds the claim."""
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            return False
        except OSError:
            return self.is_held()
        try:
            os.write(file, b".")
        except OSError:  # a full disk: the others may take over in the end
            return True
        finally:
            os.close(file)
        return True

    def release(self) -> None:
        """Give it up; nothing happens if it was taken over."""
        with suppress(OSError):
            self.path.unlink()
            self.path.parent.rmdir()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a claim."""

    host: str
    pid: int
    since: str
    """ISO 8601, by the holder's clock."""
    gone: bool
    """Whether it is a process of this machine that has ended."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


@dataclass(slots=True)
class Claims:
    """The claims in a folder, as one process sees and makes them."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    stale_s: float = STALE_S
    owner: Owner = field(default_factory=Owner.ours)
    _watched: dict[str, tuple[Seen, float]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def take(self, name: str) -> Claim | None:
        """Claim a name if nobody holds it, or who held it has stopped; else None.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        place = self.folder / f"{name}{SUFFIX}"
        seen = _look(place)
        if seen is None:
            return self._make(place)
        return self._take_over(place, seen[0]) if self._has_stopped(name, seen) else None

    def holder(self, name: str) -> Holder | None:
        """Return who holds a name; None if nobody does."""
        return read_holder(self.folder / f"{name}{SUFFIX}")

    def is_alive(self, name: str) -> bool:
        """Return whether the holder of a name has shown that it lives since `take` was first refused here."""
        seen = _look(self.folder / f"{name}{SUFFIX}")
        if seen is None:
            return False
        owner = Owner.named(seen[0])
        if owner is not None and owner.machine == self.owner.machine:
            return not owner.is_gone()
        return name in self._changed

    def _make(self, place: Path) -> Claim | None:
        """Rename a folder that holds our file to the claim's: that fails where there is one with a file in it."""
        token = self._token()
        made = self.folder / f".{token}"
        try:
            made.mkdir(parents=True)
            (made / token).write_bytes(_signature())
            _remove_if_empty(place)
        except OSError as exc:
            _remove(made, token)
            raise OutputError(f"Cannot write into {self.folder}: {exc.strerror or exc}.") from exc
        try:
            made.rename(place)
        except OSError:
            _remove(made, token)
            return None
        return Claim(place / token)

    def _has_stopped(self, name: str, seen: Seen) -> bool:
        owner = Owner.named(seen[0])
        if owner is not None and owner.is_gone():
            return True
        now = self.clock()
        before, since = self._watched.get(name, (None, now))
        if before != seen:
            self._watched[name] = (seen, now)
            if before is not None:
                self._changed.add(name)
            return False
        return now - since >= self.stale_s

    def _take_over(self, place: Path, from_token: str) -> Claim | None:
        claim = Claim(place / self._token())
        try:
            (place / from_token).rename(claim.path)
        except OSError:
            return None  # another process was quicker, or the holder has ended its work
        with suppress(OSError), claim.path.open("rb+") as file:
            file.truncate()
            file.write(_signature())
        return claim

    def _token(self) -> str:
        return f"{self.owner}-{uuid4().hex[:12]}"


def read_holder(place: Path) -> Holder | None:
    """Return who holds the claim in a folder; None if nobody does."""
    seen = _look(place)
    if seen is None:
        return None
    owner = Owner.named(seen[0])
    gone = owner is not None and owner.is_gone()
    try:
        signed = json.loads((place / seen[0]).read_bytes().split(b"\n")[0])
        return Holder(str(signed["host"]), int(signed["pid"]), str(signed["since"]), gone)
    except (OSError, ValueError, KeyError, TypeError):  # being written, or released a moment ago
        return Holder("?", owner.pid if owner else 0, "?", gone)


def claimed_names(folder: Path) -> Iterator[str]:
    """Give the names in a folder that are claimed, or were by a process that has stopped."""
    for place in folder.glob(f"*{SUFFIX}"):
        if _look(place) is not None:
            yield place.name.removesuffix(SUFFIX)


def _look(place: Path) -> Seen | None:
    """Return what there is to see of a claim; None if there is none."""
    try:
        token = next(iter(os.listdir(place)), None)  # noqa: PTH208 - iterdir lists as well, and makes paths of it
        if token is None:
            return None
        with (place / token).open("rb") as file:  # opened, as network drives answer from memory otherwise
            return token, os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    except OSError:  # open on Windows, or out of reach for a moment
        return "", 0


def _signature() -> bytes:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}).encode() + b"\n"


def _remove_if_empty(place: Path) -> None:
    """Remove what was left of a claim between its last two steps: Windows renames onto nothing that exists."""
    with suppress(OSError):
        place.rmdir()


def _remove(made: Path, token: str) -> None:
    with suppress(OSError):
        (made / token).unlink()
    with suppress(OSError):
        made.rmdir()
