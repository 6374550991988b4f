"""Beside other plugins: with each reader of slides installed, our reader, dock and writer are still found and work.

Run by `make beside-plugins`, which installs the neighbours; alone it tries whatever plugins are installed.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import napari
import numpy as np
import tifffile
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication

from examples.reliability.trial import Trial
from msm_mil_core.slides.sample import SKIN
from napari_msm_mil.dock.run_widget import RunWidget

PLUGIN = "napari-msm-mil"
LONGEST_S = 600


def tries(*, short: bool) -> Iterator[Trial]:
    """Yield a trial for each way of a user, with the names of the plugins that were there, be it short or long."""
    del short
    viewer = napari.Viewer(show=False)
    slide = SKIN.path
    others = sorted({manifest.name for manifest in PluginManager.instance().iter_manifests()} - {PLUGIN, "napari"})
    beside = f"beside {', '.join(others) or 'no other plugin'}"
    for name, act in _acts(viewer, slide):
        yield _try(f"{name} {beside}", act)
    for name, act in _others(viewer, others):
        yield _try(f"{name} {beside}", act)
    viewer.close()


def _acts(viewer: napari.Viewer, slide: Path) -> Iterator[tuple[str, Callable[[], bool]]]:
    readers = PluginManager.instance().iter_compatible_readers(str(slide))
    yield "the reader is offered", lambda: PLUGIN in {reader.plugin_name for reader in readers}
    yield "the slide opens", lambda: bool(viewer.open(str(slide), plugin=PLUGIN)[0].multiscale)
    yield "the model runs in the dock", lambda: _run(viewer)
    yield "maps are written", lambda: _write(viewer)


def _others(viewer: napari.Viewer, others: list[str]) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield what the neighbours that are there still do: read their own files, which we leave to them."""
    if "napari-ome-zarr" in others:
        yield "napari-ome-zarr reads its folders", lambda: _reads(viewer, _write_zarr)
    if "napari-tiff" in others:
        yield "napari-tiff reads a stack", lambda: _reads(viewer, _write_stack)
    yield "every command is there", lambda: len(_commands()) == len(set(_commands())) > 0


def _reads(viewer: napari.Viewer, write: Callable[[Path], Path]) -> bool:
    """Return whether a file opens without a reader being named, as nothing of ours takes it."""
    with tempfile.TemporaryDirectory() as folder:
        (layer,) = viewer.open(str(write(Path(folder))))
        read_by = layer.source.reader_plugin
        viewer.layers.remove(layer)
    return read_by not in (None, PLUGIN)


def _write_zarr(folder: Path) -> Path:
    import zarr  # comes with napari-ome-zarr

    path = folder / "image.zarr"
    image = zarr.open_group(str(path), mode="w", zarr_format=2)
    levels = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.5]}]}]
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    image.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": levels}]
    image.create_array("0", data=np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    return path


def _write_stack(folder: Path) -> Path:
    path = folder / "stack.lsm"
    tifffile.imwrite(path, np.zeros((3, 64, 64), np.uint16), photometric="minisblack")
    return path


def _commands() -> list[str]:
    manifests = PluginManager.instance().iter_manifests()
    return [command.id for manifest in manifests for command in manifest.contributions.commands or ()]


def _run(viewer: napari.Viewer) -> bool:
    dock: RunWidget = viewer.window.add_plugin_dock_widget(PLUGIN, "Run MSM-MIL")[1]
    before = len(viewer.layers)
    dock.findChild(object, "run").click()
    give_up = time.monotonic() + LONGEST_S
    while len(viewer.layers) == before and time.monotonic() < give_up:
        QApplication.processEvents()
    return len(viewer.layers) > before


def _write(viewer: napari.Viewer) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return bool(viewer.layers[1:].save(str(Path(folder) / "maps.geojson"), plugin=PLUGIN))


def _try(name: str, act: Callable[[], bool]) -> Trial:
    try:
        return Trial(name, held=act())
    except Exception as exc:
        return Trial(name, held=False, said=f"{type(exc).__name__}: {exc}")
