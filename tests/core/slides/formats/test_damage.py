"""Whatever is wrong with the bytes of a file, it is shown as far as it can be, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import open_slide
from tests.level_files import write_ome_tiff, write_ome_zarr
from tests.tiled_slides import a_field, write_tiled

FIELD = a_field((200, 150))
PLACES = st.integers(0, 700) | st.integers(-900, -1) | st.integers(0, 2**20)
"""Where a byte is changed: mostly among what describes the image, at the beginning or the end."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    tifffile.imwrite(folder / "strips.tif", FIELD, photometric="rgb", compression="zlib", rowsperstrip=16)
    tifffile.imwrite(folder / "codec.tif", FIELD, photometric="rgb", compression="jpeg2000", tile=(64, 64))
    write_tiled(folder / "tiles.tif", FIELD, steps=(1, 2))
    write_ome_tiff(folder / "levels.ome.tif", FIELD, steps=(1, 2))
    write_ome_tiff(folder / "pages.ome.tif", FIELD, steps=(1, 2), colours="pages")
    Image.fromarray(FIELD).save(folder / "a.png")
    Image.fromarray(FIELD).save(folder / "a.jpeg")
    return folder


NAMES = ["strips.tif", "codec.tif", "tiles.tif", "levels.ome.tif", "pages.ome.tif", "a.png", "a.jpeg"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=8))
def test_a_file_with_changed_bytes_opens_or_is_refused(tmp_path: Path, whole, name: str, changes):
    content = bytearray((whole / name).read_bytes())
    for at, value in changes:
        content[at % len(content)] = value
    (tmp_path / name).write_bytes(content)

    try:
        with open_slide(tmp_path / name) as slide:
            width, height = slide.facts.size_px0
            slide.read((0, 0), 0, (min(width, 300), min(height, 300)))
    except SlideError as exc:
        assert name in str(exc)


@pytest.mark.parametrize("side", [256, 257])
def test_an_image_without_width_or_height_is_damaged(tmp_path: Path, side: int):
    path = write_tiled(tmp_path / "a.tif", FIELD, steps=(1,))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages[0].tags[side].overwrite(0)

    with pytest.raises(SlideError, match=r"a\.tif .*again"):
        open_slide(path)


def test_a_level_of_ome_zarr_without_pixels_is_damaged(tmp_path: Path):
    zarr = pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD)
    zarr.open_group(str(path), mode="a").create_array("1", data=np.zeros((3, 0, 5), np.uint8), overwrite=True)

    with pytest.raises(SlideError, match=r"a\.zarr is damaged: it has a level without pixels"):
        open_slide(path)
