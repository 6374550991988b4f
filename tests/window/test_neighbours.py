"""Beside other plugins that open slides: each reads what is its own, ours are found, and no command or key is taken.

Those that are installed are tried; `make beside-plugins` installs them all.
"""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
import tifffile
from npe2 import PluginManager, PluginManifest, read

from napari_msm_mil._reader import get_reader
from tests.slides import a_drawn_slide

NAMES = ("napari-wsi", "napari-tiff", "napari-ome-zarr", "napari-lazy-openslide")
OURS = "napari-msm-mil"


def is_installed(name):
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


INSTALLED = tuple(filter(is_installed, NAMES))


@pytest.fixture
def together(plugin, npe2pm):
    """Our plugin, and every neighbour that is installed."""
    if not INSTALLED:
        pytest.skip("no other plugin that opens slides is installed: make beside-plugins installs them")
    for name in INSTALLED:
        npe2pm.register(PluginManifest.from_distribution(name), warn_disabled=False)
    return plugin


def readers_of(path):
    return [reader.plugin_name for reader in PluginManager.instance().iter_compatible_readers([str(path)])]


@pytest.mark.parametrize("suffix", ["svs", "tiff", "ndpi", "scn", "bif"])
def test_our_reader_is_offered_beside_theirs(together, suffix):
    offered = readers_of(f"slide.{suffix}")

    assert OURS in offered
    assert len(offered) == len(set(offered))


def test_we_read_a_slide_when_we_are_chosen(together, tmp_path):
    slide = a_drawn_slide(tmp_path / "slide.svs").path

    (data, arguments, kind), *_ = read([str(slide)], plugin_name=OURS, stack=False)

    assert kind == "image"
    assert arguments["metadata"]["facts"].name == "slide.svs"
    assert len(data) > 1


def test_what_is_no_slide_is_left_to_them(together, tmp_path):
    stack, folder = tmp_path / "stack.tif", tmp_path / "image.zarr"
    tifffile.imwrite(stack, np.zeros((3, 64, 64), np.uint16), photometric="minisblack")
    folder.mkdir()
    (folder / ".zgroup").write_text('{"zarr_format": 2}')

    assert get_reader(str(stack)) is None
    assert get_reader(str(folder)) is None


def test_napari_tiff_reads_a_stack_when_it_is_chosen(together, tmp_path):
    if "napari-tiff" not in INSTALLED:
        pytest.skip("napari-tiff is not installed")
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.zeros((3, 64, 64), np.uint16), photometric="minisblack")

    (data, *_), *_ = read([str(stack)], plugin_name="napari-tiff", stack=False)

    assert np.asarray(data).shape == (3, 64, 64)


def test_napari_ome_zarr_reads_its_folder_of_which_we_are_asked_first(together, tmp_path):
    if "napari-ome-zarr" not in INSTALLED:
        pytest.skip("napari-ome-zarr is not installed")
    zarr = pytest.importorskip("zarr", reason="writes the folder")
    image = zarr.open_group(str(tmp_path / "image.zarr"), mode="w", zarr_format=2)
    scale = {"type": "scale", "scale": [0.5, 0.5]}
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    image.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    image.create_array("0", data=np.zeros((64, 64), np.uint16))

    layers = read([str(tmp_path / "image.zarr")], stack=False)

    assert [kind for *_, kind in layers] == ["image"]


def test_no_command_has_the_name_of_another(together):
    manifests = list(PluginManager.instance().iter_manifests())
    names = [command.id for manifest in manifests for command in manifest.contributions.commands or ()]

    assert len(manifests) == len(INSTALLED) + 1
    assert len(names) == len(set(names))
