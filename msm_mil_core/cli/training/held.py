"""Long work to one place: a second process that would do it as well is told who does it already."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msm_mil_core.cli.console import print_line
from msm_mil_core.file_lock import NoLockError, locked


@contextmanager
def held(path: Path, doing: str, *, wait_s: float = 0) -> Iterator[None]:
    """Let no other process work to the same path; where the drive cannot lock files, say so and go on.

    Parameters
    ----------
    doing
        What happens to it, for the others: "is being trained".
    wait_s
        How long to wait for another process, in seconds.

    Raises
    ------
    HeldError
        If another process does; the message says which.
    OutputError
        If the folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, doing, wait_s=wait_s))
        except NoLockError as exc:
            print_line(f"Not locked: {exc}")
        yield
