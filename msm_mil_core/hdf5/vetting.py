"""Vets an HDF5 file before anything trusts it; as a script it answers for one file after another on its input.

The script imports nothing of ours, and may be killed at any time: a file can keep HDF5 busy for ever or crash it.
"""

import contextlib
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

import h5py
from h5py import h5d, h5g, h5l, h5o, h5t, h5z

LARGEST_SHRINK = 1032
"""How many bytes deflate makes of one at most; no other filter is allowed more."""
UNSTORED_BYTES = 2**20
"""What a dataset may claim although the file stores nothing of it: HDF5 reads its fill value."""
READ_BYTES = 2**24
"""Of one file, what is read as a trial."""
MEMORY_BYTES = 4 * 2**30
"""Address space of the process that vets."""
READY = "ready"
KEEPS_LENGTH = (h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32)

State = Literal["sound", "not hdf5", "damaged", "refused"]


class Verdict(NamedTuple):
    """What is said of a file."""

    state: State
    why: str = ""
    """The end of a sentence that begins with the file's name; empty for a sound file."""


class _RefusedError(Exception):
    """The file does what no file may do."""


def vet(path: str) -> Verdict:
    """Walk through all of a file: links, datasets and attributes; read none that lies outside it or cannot fit into it.

    Damage to values alone is left to whoever reads them: it raises the same error there.
    """
    try:
        if not h5py.is_hdf5(path):
            return Verdict("not hdf5", "is not an HDF5 file")
        with h5py.File(path, "r") as file:
            _Walk(file, Path(path).stat().st_size).all()
    except _RefusedError as exc:
        return Verdict("refused", str(exc))
    except MemoryError:
        return Verdict("refused", "needs far more memory than its size allows for")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as exc:
        return Verdict("damaged", f"is damaged ({_first_line(exc)})")
    return Verdict("sound")


class _Walk:
    def __init__(self, file: h5py.File, file_bytes: int) -> None:
        self._root = h5g.open(file.id, b"/")
        self._file_bytes = file_bytes
        self._stored_bytes = 0
        self._left_to_read = READ_BYTES

    def all(self) -> None:
        """Check links first: nothing is opened before none leads out."""
        if flaw := self._root.links.visit(_link_flaw, info=True):
            raise _RefusedError(flaw)
        names = [b"."]
        h5o.visit(self._root, names.append)
        for name in names:
            self._check_object(name)

    def _check_object(self, name: bytes) -> None:
        found = h5o.open(self._root, name)
        if isinstance(found, h5d.DatasetID):
            self._check_dataset(found, _shown(name))
            self._try_attributes(h5py.Dataset(found), _shown(name))
        elif isinstance(found, h5g.GroupID):
            self._try_attributes(h5py.Group(found), _shown(name))

    def _check_dataset(self, dataset: h5d.DatasetID, name: str) -> None:
        layout = dataset.get_create_plist()
        if layout.get_layout() == h5d.VIRTUAL:  # before its shape: that alone opens the other files
            raise _RefusedError(f"takes {name} from other files (it is a virtual dataset)")
        if layout.get_external_count():
            outside = _shown(layout.get_external(0)[0])
            raise _RefusedError(f"stores {name} in another file ({outside})")
        stored, claimed = dataset.get_storage_size(), _claimed_bytes(dataset, layout)
        self._stored_bytes += stored
        if self._stored_bytes > self._file_bytes:
            raise _RefusedError(f"claims that {name} takes more bytes than the file has ({stored:,})")
        if claimed > max(stored * _most_per_byte(layout), UNSTORED_BYTES):
            raise _RefusedError(f"claims {claimed:,} bytes of {name}, but stores only {stored:,} of them")
        self._try_values(dataset, claimed)

    def _try_values(self, dataset: h5d.DatasetID, claimed: int) -> None:
        """Read what is small, and a lone value of any type: what keeps HDF5 busy or crashes it does so here."""
        if claimed > self._left_to_read or (dataset.rank and not _has_fixed_length(dataset.get_type())):
            return
        self._left_to_read -= claimed
        with contextlib.suppress(OSError, RuntimeError, KeyError, ValueError, TypeError):
            h5py.Dataset(dataset)[()]

    def _try_attributes(self, owner: h5py.Dataset | h5py.Group, name: str) -> None:
        for key in list(owner.attrs):
            attribute = owner.attrs.get_id(key)
            claimed = prod(attribute.shape or ()) * attribute.get_type().get_size()
            if claimed > self._file_bytes:
                raise _RefusedError(f"claims {claimed:,} bytes of the attribute {key!r} of {name}, more than it has")
            with contextlib.suppress(OSError, RuntimeError, KeyError, ValueError, TypeError):
                owner.attrs[key]


def _link_flaw(name: bytes, link: h5l.LinkInfo) -> str | None:
    if link.type == h5l.TYPE_EXTERNAL:
        return f"takes {_shown(name)} from another file (it is an external link)"
    if link.type not in (h5l.TYPE_HARD, h5l.TYPE_SOFT):
        return f"holds a link of an unknown kind ({_shown(name)})"
    return None


def _claimed_bytes(dataset: h5d.DatasetID, layout: "h5py.h5p.PropDCID") -> int:
    """Return what reading takes; an empty axis counts as one, since a loop over another may still be endless."""
    cells = prod(max(1, length) for length in dataset.shape or ())
    if layout.get_layout() == h5d.CHUNKED:
        cells = max(cells, dataset.get_num_chunks() * prod(layout.get_chunk()))
    return int(cells * dataset.get_type().get_size())


def _most_per_byte(layout: "h5py.h5p.PropDCID") -> int:
    filters = {layout.get_filter(index)[0] for index in range(layout.get_nfilters())}
    return LARGEST_SHRINK if filters - set(KEEPS_LENGTH) else 1


def _has_fixed_length(kind: h5t.TypeID) -> bool:
    lone_text = isinstance(kind, h5t.TypeStringID) and kind.is_variable_str()
    return not lone_text and not kind.detect_class(h5t.VLEN) and not kind.detect_class(h5t.REFERENCE)


def _shown(name: bytes) -> str:
    return ascii(name.decode("utf-8", "backslashreplace"))


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__


def answer(questions: TextIO, answers: TextIO) -> None:
    """Read a line of JSON, [path, seconds], and write a verdict as one; end this process where it takes longer."""
    with Path(os.devnull).open("w") as nowhere:
        for line in questions:
            path, seconds = json.loads(line)
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
            verdict = vet(path)
            faulthandler.cancel_dump_traceback_later()
            _say(json.dumps(verdict), answers)


def _say(line: str, answers: TextIO) -> None:
    answers.write(f"{line}\n")
    answers.flush()


def _limit() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


@contextlib.contextmanager
def _own_output() -> Iterator[TextIO]:
    """Keep the answers apart from whatever a library prints."""
    with os.fdopen(os.dup(1), "w", encoding="ascii") as answers:
        os.dup2(2, 1)
        yield answers


def main() -> None:
    """Say that this process is ready, and answer until its input ends."""
    _limit()
    with _own_output() as answers:
        _say(READY, answers)
        answer(sys.stdin, answers)


if __name__ == "__main__":
    main()
