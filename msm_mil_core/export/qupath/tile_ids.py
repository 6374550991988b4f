"""Ids of tiles that stay the same from export to export."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.results.slide_result import SlideResult

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "napari-msm-mil")


def tile_ids(result: SlideResult, index: NDArray[np.int64], keys: Sequence[str]) -> list[str]:
    """Return a UUIDv5 for each tile of `index`, from the slide, the model, whether it masks, the cell and the key.

    Made for a hundred thousand tiles: the same as `uuid.uuid5`, without an object for each.
    """
    run = f"{result.slide.quick_hash}|{result.model.sha256}|{result.tiles.side_px0}|{result.prediction.masks_applied}"
    places_px0 = result.tiles.xy_px0[index]
    on_our_grid = not (result.tiles.xy_px0 % result.tiles.side_px0).any()
    cells = (places_px0 // result.tiles.side_px0 if on_our_grid else places_px0).tolist()
    return _dashed(_sha1(f"{run}|{col}|{row}|{key}" for (col, row), key in zip(cells, keys, strict=True)))


def _sha1(names: Iterable[str]) -> Iterator[bytes]:
    seed = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)
    for name in names:
        digest = seed.copy()
        digest.update(name.encode())
        yield digest.digest()


def _dashed(digests: Iterable[bytes]) -> list[str]:
    octets = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 20)[:, :16].copy()
    octets[:, 6] = octets[:, 6] & 0x0F | 0x50  # version 5
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80  # variant of RFC 9562
    text = octets.tobytes().hex()
    digits = (text[start : start + 32] for start in range(0, len(text), 32))
    return [f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:]}" for d in digits]
