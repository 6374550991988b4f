"""Opens slides on other computers through fsspec: TIFFs in tiles and OME-Zarr, where that is asked for by name."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.ome_zarr import open_ome_zarr
from msm_mil_core.slides.formats.opened_image import OpenedImage
from msm_mil_core.slides.formats.slide_file import ENDS_BYTES, hash_parts
from msm_mil_core.slides.formats.tiff_series import opened_series
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.series_levels import series_levels
from msm_mil_core.slides.readers.tiled_level import NotDirectError

FSSPEC = "fsspec"
ELSEWHERE = (
    "{address} is on another computer; slides are read from this one. Copy it here first, or take the reader fsspec "
    "(--reader fsspec), which reads it from there, more slowly."
)
NOT_INSTALLED = "{address} needs the library fsspec: pip install 'napari-msm-mil[remote]'"
HERE = "{path} is on this computer: leave out the reader fsspec, which is for addresses such as s3://bucket/slide.tif."
CANNOT = "{address} cannot be read from there, since {why}. Copy it here, and open the copy."


@dataclass(frozen=True, slots=True, eq=False)
class RemoteFile:
    """A file of which many threads read pieces at once."""

    system: Any
    """Fsspec's file system."""
    path: str
    """In that system."""

    def read(self, offset: int, count: int) -> bytes:
        """Read as `ByteSource` says."""
        try:
            return bytes(self.system.cat_file(self.path, start=offset, end=offset + count))
        except OSError:
            raise
        except Exception as exc:  # each system has errors of its own
            raise OSError(f"{type(exc).__name__}: {exc}") from exc


def open_remote(path: Path, address: str, tiles: DecodedTiles) -> OpenedImage:
    """Open a slide at an address.

    Raises
    ------
    SlideError
        If fsspec, or what it needs for such addresses, is not installed, or it is not there, out of reach, or neither
        a TIFF in tiles of RGB nor OME-Zarr.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError as exc:
        raise SlideError(NOT_INSTALLED.format(address=address)) from exc
    try:
        system, inside = url_to_fs(address)
        opened = _open_folder(path, address, tiles) if system.isdir(inside) else _open_file(path, system, inside, tiles)
    except SlideError:
        raise
    except Exception as exc:  # each system has errors of its own
        why = exc if isinstance(exc, NotDirectError) else f"{type(exc).__name__}: {exc}"
        raise SlideError(CANNOT.format(address=address, why=why)) from exc
    if isinstance(opened.reader, LevelsReader):
        return replace(opened, reader=replace(opened.reader, name=FSSPEC), place=address)
    return opened


def _open_folder(path: Path, address: str, tiles: DecodedTiles) -> OpenedImage:
    from zarr.storage import FsspecStore

    return open_ome_zarr(path, tiles, FsspecStore.from_url(address, read_only=True))


def _open_file(path: Path, system: Any, inside: str, tiles: DecodedTiles) -> OpenedImage:
    size, file = int(system.size(inside)), RemoteFile(system, inside)
    ends = [file.read(at, min(size, ENDS_BYTES)) for at in (0, max(0, size - ENDS_BYTES))]
    with system.open(inside, "rb") as opened:
        found = series_levels(opened, file)
    return opened_series(path, found, tiles, hash_parts(size, ends))
