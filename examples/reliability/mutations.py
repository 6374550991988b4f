"""Makes damaged and hostile inputs of good ones: by bytes, by words of a text, and by the parts of an HDF5 file."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Mutation = Callable[[Path, random.Random], None]

ODD_NUMBERS = (0, -1, 1, 2**31, 2**63 - 1, 2**40, float("nan"), float("inf"), -float("inf"), 1e308, 0.5, -0.0)
ODD_TEXTS = ("", "text", "\0", "../x", "1e999", "NaN", "ä" * 300, "[red]", "=1+1", "\ud800", "9" * 5000, '{"a": 1}')
ODD_BYTES = (b"\0", b"\xff", b"\xff\xfe", b"\r", b'"', b"9" * 400, b"[" * 2000, b"NaN", b"-", b";", b"1e999")
SMALL = 10_000
"""A dataset of more numbers was put there by an earlier change."""
DEEP = "[" * 100_000


def bytes_of(path: Path, rng: random.Random) -> None:
    """Change, cut, repeat or insert some bytes."""
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        rng.choice((_flip, _flip, _set, _set, _copy, _insert, _cut, _end))(content, rng)
    path.write_bytes(content)


def _flip(content: bytearray, rng: random.Random) -> None:
    if content:
        content[_place(content, rng)] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: random.Random) -> None:
    if content:
        content[_place(content, rng)] = rng.choice((0, 1, 255, 127, rng.randrange(256)))


def _copy(content: bytearray, rng: random.Random) -> None:
    length, start, to = rng.choice((1, 2, 4, 8, 64)), _place(content, rng), _place(content, rng)
    content[to : to + length] = content[start : start + length]


def _insert(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    content[at:at] = rng.choice(ODD_BYTES)


def _cut(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    del content[at : at + rng.choice((1, 2, 8, 100))]


def _end(content: bytearray, rng: random.Random) -> None:
    if rng.random() < 0.3:
        del content[_place(content, rng) :]


def _place(content: bytearray, rng: random.Random) -> int:
    """Choose a byte, rather one that is not 0: most of an HDF5 file is empty."""
    for _ in range(4):
        at = rng.randrange(len(content)) if content else 0
        if content and content[at]:
            return at
    return at


def json_of(path: Path, rng: random.Random) -> None:
    """Replace or leave out some values of a JSON file."""
    path.write_text(odd_json(json.loads(path.read_text(encoding="utf-8")), rng), encoding="utf-8", errors="ignore")


def odd_json(record: Any, rng: random.Random) -> str:
    """Return JSON in which a few values have become others."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        record = _odd(record, rng)
    written = json.dumps(record)
    return written if rng.random() < 0.97 else DEEP + written


def _odd(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict | list) and value and rng.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = rng.choice(keys)
        if rng.random() < 0.15:
            del value[key]
        else:
            value[key] = _odd(value[key], rng)
        return value
    return rng.choice((None, True, [], {}, [value], {"a": value}, *ODD_NUMBERS, *ODD_TEXTS))


def hdf5_of(path: Path, rng: random.Random) -> None:
    """Change a few attributes and datasets of an HDF5 file into what no program writes."""
    with h5py.File(path, "r+") as file:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            names = ["/"]
            file.visit(names.append)
            name = rng.choice(names)
            if file[name].attrs and (name == "/" or rng.random() < 0.4):
                _spoil_attribute(file[name].attrs, rng)
            elif name != "/":
                _spoil_object(file, name, rng)


def _spoil_attribute(attributes: Any, rng: random.Random) -> None:
    name = rng.choice(list(attributes))
    value = attributes[name]
    if isinstance(value, str) and value.startswith("{") and rng.random() < 0.8:
        attributes[name] = odd_json(json.loads(value), rng).encode("utf-8", "ignore").decode()
        return
    text = rng.choice(ODD_TEXTS).replace("\0", "").encode("utf-8", "ignore").decode()
    odd = (*ODD_NUMBERS, text, h5py.Empty("f4"), np.zeros(3), np.bytes_(b"b"), np.array([text] * 2, object), True)
    del attributes[name]
    if rng.random() < 0.9:
        attributes[name] = rng.choice(odd)


def _spoil_object(file: h5py.File, name: str, rng: random.Random) -> None:
    found = file[name]
    if isinstance(found, h5py.Group) or rng.random() < 0.15:
        del file[name]
        if rng.random() < 0.7:
            _put(file, name, rng)
    elif found.size and found.size < SMALL and rng.random() < 0.6:
        _spoil_value(found, rng)
    elif found.size and found.size < SMALL:
        _reshape(file, name, rng)


def _put(file: h5py.File, name: str, rng: random.Random) -> None:
    kind = rng.randrange(6)
    if kind == 0:
        file[name] = h5py.ExternalLink("other.h5", "/x")
    elif kind == 1:
        file[name] = h5py.SoftLink(f"/{name}")
    elif kind == 2:
        file.create_group(name)
    elif kind == 3:
        file.create_dataset(name, (2**40, 4), "f4", chunks=(64, 4))
    elif kind == 4:
        file[name] = rng.choice(("text", h5py.Empty("f4"), np.array([b"a", b"b"]), np.zeros((0, 4)), 1.5))
    else:
        file.create_dataset(name, (4, 5), "f4", external=[("/etc/passwd", 0, 80)])


def _spoil_value(found: h5py.Dataset, rng: random.Random) -> None:
    values = np.array(found[()])
    with np.errstate(all="ignore"):
        odd = np.array(rng.choice(ODD_NUMBERS)).astype(values.dtype if values.dtype.kind in "biuf" else float)
    if values.dtype.kind in "biuf":
        if rng.random() < 0.2:
            values[...] = odd
        else:
            values.reshape(-1)[rng.randrange(values.size)] = odd
        found[...] = values


def _reshape(file: h5py.File, name: str, rng: random.Random) -> None:
    values, attributes = np.array(file[name][()]), dict(file[name].attrs)
    del file[name]
    if values.dtype.kind not in "biuf":
        return
    changes: tuple[Callable[[], Any], ...] = (
        lambda: values[:-1] if values.ndim else values,
        lambda: values[None],
        lambda: values.T,
        lambda: values.reshape(-1),
        lambda: np.concatenate([values, values]) if values.ndim else values,
        lambda: values.astype(rng.choice(("f2", "f8", "i1", "u8", "i4", "S3", "c8", "?"))),
        lambda: values[..., :0] if values.ndim else values,
    )
    with np.errstate(all="ignore"):
        file[name] = rng.choice(changes)()
    file[name].attrs.update(attributes)


def words_of(path: Path, rng: random.Random) -> None:
    """Change lines and cells of a table."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        cells = lines[at].split(",")
        odd = (*ODD_TEXTS, *map(str, ODD_NUMBERS), "slide", "label", '"', "s1.h5")
        cells[rng.randrange(len(cells))] = rng.choice(odd)
        change = rng.randrange(4)
        if change == 0:
            lines.insert(at, rng.choice(lines))
        elif change == 1:
            del lines[at : at + 1]
            lines = lines or [""]
        else:
            lines[at] = rng.choice((",", ";", "\t")).join(cells)
    path.write_bytes("\n".join(lines).encode(rng.choice(("utf-8", "utf-16", "utf-8-sig")), "ignore"))


def mutate(good: Path, into: Path, how: Mutation, rng: random.Random) -> None:
    """Write a changed copy."""
    shutil.copyfile(good, into)
    how(into, rng)
