"""--config FILE of every command: options from a TOML file; what is typed beside it counts more."""

import tomllib
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import App, ArgumentCollection, CoercionError, UnknownOptionError
from cyclopts.config import Toml

from msm_mil_core.errors import OptionsFileError

OPTION = "--config"


class OptionsFile(Toml):
    """A file with a table a command: [run] holds the options of msm-mil run, [run.tiles] those that begin --tiles."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Give the options of one command, as far as they were not typed.

        Raises
        ------
        OptionsFileError
            If the file names an option that the command does not have, or a table is a value.
        """
        table = self.config.get(commands[0], {}) if commands else {}
        if not isinstance(table, dict):
            raise OptionsFileError(
                f"{self.path}: {commands[0]} is a value. Write its options below a line [{commands[0]}]."
            )
        try:
            super().__call__(app, commands, arguments)
        except UnknownOptionError as exc:
            raise OptionsFileError(self._unknown(exc, commands)) from exc
        except CoercionError as exc:  # a list for one value
            if exc.token is None:
                raise
            where = self._key(exc.token.keyword, commands)
            raise OptionsFileError(f"{where}: {exc.token.value} is not one value. Write it without brackets.") from exc
        for argument in arguments:
            argument.tokens = [
                token.evolve(keyword=self._key(token.keyword, commands)) if token.source == self.source else token
                for token in argument.tokens
            ]

    def _unknown(self, exc: UnknownOptionError, commands: tuple[str, ...]) -> str:
        command = " ".join(("msm-mil", *commands))
        return f"{self._key(exc.token.keyword, commands)} is no option of {command}. {command} --help lists them."

    def _key(self, keyword: str | None, commands: tuple[str, ...]) -> str:
        """Return "lab.toml: run.tiles.mpp" for what cyclopts calls "[tiles][mpp]"."""
        return f"{self.path}: {'.'.join((*commands, *(keyword or '').strip('[]').split('][')))}"


def read_options_file(path: Path, commands: Sequence[str]) -> OptionsFile:
    """Return the options of a file, which may have a table for each of these commands and nothing else.

    Raises
    ------
    OptionsFileError
        If there is no such file, it is no TOML, or a table is not named after a command.
    """
    table = _read(path)
    for name in table:
        if name not in commands:
            raise OptionsFileError(
                f"{path}: {name} is no command of msm-mil. Options stand below the name of their command, as in [run]."
            )
    return OptionsFile(path, must_exist=True)


def take_options_file(words: list[str], commands: Sequence[str]) -> tuple[list[str], tuple[OptionsFile, ...]]:
    """Return the words of a call without --config FILE, and the options of that file.

    Raises
    ------
    OptionsFileError
        As `read_options_file` does, and if no file is named or two are.
    """
    end = words.index("--") if "--" in words else len(words)
    rest, files, left = [], [], iter(words[:end])
    for word in left:
        if word == OPTION or word.startswith(f"{OPTION}="):
            files.append(word.removeprefix(f"{OPTION}=") if word != OPTION else next(left, ""))
        else:
            rest.append(word)
    if len(files) > 1 or "" in files:
        raise OptionsFileError(f"{OPTION} takes one TOML file, as in {OPTION} lab.toml.")
    return [*rest, *words[end:]], tuple(read_options_file(Path(file), commands) for file in files)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise OptionsFileError(f"There is no options file {path}. Check the path.") from None
    except OSError as exc:
        raise OptionsFileError(f"{path} cannot be read: {exc.strerror or exc}. Name a TOML file.") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        if path.read_bytes().startswith(BOM_UTF8):
            raise OptionsFileError(f"{path} begins with a mark (BOM). Save it as UTF-8 without one.") from exc
        raise OptionsFileError(f"{path} cannot be read as TOML: {exc}.") from exc
