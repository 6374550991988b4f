"""Damaged tiles, levels of uneven ratio, and what the direct reader does beside decoding."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.readers.tile_codec import DamagedTileError, jpeg_codec
from msm_mil_core.slides.slide import SHARED_TILES, open_slide
from tests.tiled_slides import JPEG_420, a_field, write_tiled


def spoil(path: Path, tile: int, change) -> None:
    """Change the compressed bytes of a tile of level 0."""
    with tifffile.TiffFile(path) as tiff:
        offset, count = tiff.pages[0].dataoffsets[tile], tiff.pages[0].databytecounts[tile]
    content = bytearray(path.read_bytes())
    content[offset : offset + count] = change(bytes(content[offset : offset + count]))
    path.write_bytes(content)


def a_slide_with_one_full_tile(path: Path) -> Path:
    """Write a slide of which the checks on opening sample tile 0 and the last two rows, and leave out tile 1."""
    image = np.full((1024, 1024, 3), 240, np.uint8)
    image[:256, :256] = a_field((256, 256))
    image[:256, 256:512] = a_field((256, 256), seed=1) // 2 + 100
    return write_tiled(path, image, steps=(1,))


def test_a_damaged_tile_is_an_error_there_and_nowhere_else(tmp_path: Path):
    path = a_slide_with_one_full_tile(tmp_path / "slide.tif")
    spoil(path, 1, lambda data: b"\xff" * len(data))

    with open_slide(path) as slide:
        assert slide.facts.reader == "direct-scaled"
        with pytest.raises(SlideError, match=r"level 0 at \(256, 0\).*damaged"):
            slide.read((256, 0), 0, (256, 256))
        with pytest.raises(SlideError, match="damaged"):
            slide.read((256, 0), 0, (128, 128), 2)

        assert (slide.read((512, 512), 0, (64, 64)) == 240).all()


def test_damage_that_openslide_reads_over_is_read_as_openslide_does(tmp_path: Path):
    path = a_slide_with_one_full_tile(tmp_path / "slide.tif")
    grey = JPEG_420.encode(np.full((256, 256, 3), 130, np.uint8))
    spoil(path, 1, lambda data: grey[:-2] + b"\x55" * (len(data) - len(grey)) + grey[-2:])

    with open_slide(path) as slide, open_slide(path, reader="openslide") as openslide:
        ours, theirs = (each.read((200, 0), 0, (400, 256)) for each in (slide, openslide))

    assert slide.facts.reader == "direct-scaled"
    with pytest.raises(DamagedTileError, match="extraneous"):
        jpeg_codec(b"", stored_as_rgb=False).decode(grey[:-2] + b"\x55" * 40 + grey[-2:], (256, 256))
    np.testing.assert_array_equal(ours, theirs)


def test_positions_in_uneven_levels_are_whole_pixels(tmp_path: Path):
    """Where openslide blends neighbours, since a level is not a whole fraction of level 0, direct reading does not."""
    image = a_field((1999, 701))
    path = write_tiled(tmp_path / "slide.tif", image, steps=(1, 4))

    with open_slide(path) as slide:
        across = slide.facts.size_px0[0] / slide.level_sizes_px[1][0]
        whole = slide.read((0, 0), 1, slide.level_sizes_px[1])
        part = slide.read((round(333 * across), 0), 1, (100, 100))

    assert slide.facts.reader == "direct-scaled"
    np.testing.assert_array_equal(part, whole[:100, 333:433])


def test_who_opens_a_slide_again_shares_its_tiles_until_the_last_one_is_closed(tmp_path: Path):
    path = write_tiled(tmp_path / "slide.tif", a_field((512, 512)), steps=(1,))
    tiles = DecodedTiles(2**24)
    looking, running = (open_slide(path, tiles=tiles) for _ in range(2))

    first = looking.read((0, 0), 0, (512, 512))
    held = tiles.held_bytes
    second = running.read((0, 0), 0, (512, 512))

    np.testing.assert_array_equal(first, second)
    assert tiles.held_bytes == held == 512 * 512 * 3
    looking.close()
    assert tiles.held_bytes == held
    running.close()
    assert tiles.held_bytes == 0


def test_a_file_that_was_replaced_shares_nothing_with_the_one_before(tmp_path: Path):
    path = write_tiled(tmp_path / "slide.tif", a_field((512, 512), 1), steps=(1,))
    tiles = DecodedTiles(2**24)
    before = open_slide(path, tiles=tiles)
    before.read((0, 0), 0, (512, 512))
    write_tiled(tmp_path / "new.tif", a_field((512, 512), 2), steps=(1,)).replace(path)

    with open_slide(path, tiles=tiles) as after, open_slide(path, reader="openslide") as plain:
        np.testing.assert_array_equal(after.read((0, 0), 0, (512, 512)), plain.read((0, 0), 0, (512, 512)))


def test_all_open_slides_share_one_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(SHARED_TILES, "max_bytes", 2**20)
    before = SHARED_TILES.held_bytes
    slides = [open_slide(write_tiled(tmp_path / f"{n}.tif", a_field((512, 512), n), steps=(1,))) for n in range(4)]

    for slide in slides:
        slide.read((0, 0), 0, (512, 512))  # 768 KiB

    assert 512 * 512 * 3 <= SHARED_TILES.held_bytes <= 2**20
    for slide in slides:
        slide.close()
    assert SHARED_TILES.held_bytes <= before


def test_a_tile_is_decoded_once_while_it_is_kept(tmp_path: Path):
    path = write_tiled(tmp_path / "slide.tif", a_field((512, 512)), steps=(1,))
    tiles = DecodedTiles(2**24)
    slide = open_slide(path, tiles=tiles)
    tiles.clear()

    for corner in ((0, 0), (100, 30), (20, 5)):
        slide.read(corner, 0, (150, 150))

    assert len(tiles) == 1
    slide.read((200, 200), 0, (150, 150))
    assert len(tiles) == 4


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"nothing of a JPEG", b"\xff\xd8" + bytes(100)])
def test_what_is_no_jpeg_is_a_damaged_tile(data: bytes):
    with pytest.raises(DamagedTileError):
        jpeg_codec(b"", stored_as_rgb=False).decode(data, (256, 256))


def test_a_tile_of_another_size_is_damaged():
    tile = JPEG_420.encode(a_field((128, 128)))

    with pytest.raises(DamagedTileError, match=r"\(128, 128, 3\), not 256 x 256"):
        jpeg_codec(b"", stored_as_rgb=False).decode(tile, (256, 256))
