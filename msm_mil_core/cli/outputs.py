"""Where outputs go: everything that would stop a file from being written is said before anything is computed."""

from collections.abc import Collection, Sequence
from pathlib import Path

from msm_mil_core.atomic_write import check_place
from msm_mil_core.disk_space import ANOTHER_FOLDER, check_space
from msm_mil_core.errors import OutputError
from msm_mil_core.file_names import RESULT_SUFFIX


def output_paths(inputs: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Return the output path of each input: its name without the last suffix, in `folder`.

    Raises
    ------
    OutputError
        If two inputs would be written to one file.
    """
    paths: dict[Path, Path] = {}
    taken: dict[Path, Path] = {}
    for source in inputs:
        target = folder / f"{_stem(source)}{suffix}"
        if target in taken:
            raise OutputError(
                f"Two inputs would be written to {target}: {taken[target]} and {source}. "
                "Rename one, or use two calls with different --out folders."
            )
        paths[source], taken[target] = target, source
    return paths


def check_outputs(targets: Collection[Path], *, overwrite: bool, instead: str = ANOTHER_FOLDER) -> None:
    """Refuse to start work whose outputs could not be written in the end.

    Parameters
    ----------
    targets
        The files that will be written; their folders are created if they do not exist.
    overwrite
        Whether files that exist may be replaced.
    instead
        What to choose instead of overwriting, as the message says it.

    Raises
    ------
    OutputError
        If one exists, is a folder or has too long a name, a folder cannot be written, or there is not enough space.
    """
    there = [path for path in targets if _exists(path, instead)]  # also finds names that are too long
    if there and not overwrite:
        which = f"{there[0]} already exists" if len(there) == 1 else f"{len(there)} files already exist ({there[0]}, …)"
        raise OutputError(f"{which}; use --overwrite or {instead}.")
    longest = {path.parent: path for path in sorted(targets, key=_name_bytes)}
    for path in longest.values():
        check_place(path, instead)
    for folder in longest:
        check_space(folder, 0, instead)  # how much is needed is known later, slide by slide


def check_folders(targets: Collection[Path], *, overwrite: bool, instead: str = ANOTHER_FOLDER) -> None:
    """Refuse to start work whose outputs are folders that could not be written in the end, as `check_outputs` does.

    Whether a folder that exists may be replaced is known to whoever writes it: it looks at what is in there.

    Raises
    ------
    OutputError
        If one exists, or is a file or has too long a name, its folder cannot be written, or there is not enough space.
    """
    free = [path for path in targets if not path.is_dir()]
    there = [path for path in targets if path.is_dir()]
    if there and not overwrite:
        raise OutputError(f"{there[0]} already exists; use --overwrite or {instead}.")
    check_outputs(free, overwrite=False, instead=instead)


def check_free(path: Path, *, overwrite: bool, instead: str = "another name") -> None:
    """Refuse to overwrite a file, unless that was requested.

    Raises
    ------
    OutputError
        If it exists, is a folder, or cannot have this name; the message names what to choose instead.
    """
    if _exists(path, instead) and not overwrite:
        raise OutputError(f"{path} already exists; use --overwrite or {instead}.")


def _exists(path: Path, instead: str) -> bool:
    """Return whether there is a file; a folder in its place, or a name that cannot be, is an error in any case."""
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder, where a file would be written. Use {instead}, or remove it.")
        return path.exists() or path.is_symlink()
    except OSError as exc:  # too long a name
        raise OutputError(f"Cannot write {path}: {exc.strerror or exc}. Choose a shorter name, or {instead}.") from exc


def _name_bytes(path: Path) -> int:
    return len(path.name.encode(errors="surrogateescape"))


def _stem(source: Path) -> str:
    if source.is_dir():
        return source.name
    if source.name.endswith(RESULT_SUFFIX):
        return source.name.removesuffix(RESULT_SUFFIX)
    return source.name if source.suffix[1:].isdigit() else source.stem  # DICOM files are named by numbers with dots
