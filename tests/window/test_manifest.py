"""What napari finds of the plugin before any of it is imported."""

import pytest
from npe2 import PluginManager

from msm_mil_core.slides.sample import SAMPLES


def test_every_command_of_the_manifest_exists(plugin):
    plugin.validate_imports()


def test_every_command_is_used(plugin):
    contributions = plugin.contributions
    uses = [*contributions.readers, *contributions.writers, *contributions.widgets, *contributions.sample_data]

    assert {use.command for use in uses} == {command.id for command in contributions.commands}


SUFFIXES = ["svs", "tif", "tiff", "ndpi", "mrxs", "scn", "bif", "vms", "vmu", "svslide", "czi", "dcm", "SVS", "b.tif"]


@pytest.mark.parametrize("suffix", [*SUFFIXES, "msm.h5", "small.msm.h5"])
def test_napari_asks_us_about_slides_and_results(plugin, suffix):
    readers = PluginManager.instance().iter_compatible_readers([f"CMU-1.{suffix}"])

    assert [reader.plugin_name for reader in readers] == ["napari-msm-mil"]


@pytest.mark.parametrize("name", ["a.png", "a.h5", "a.csv", "a.zarr"])
def test_napari_does_not_ask_us_about_anything_else(plugin, name):
    assert list(PluginManager.instance().iter_compatible_readers([name])) == []


def test_napari_asks_us_about_folders(plugin, tmp_path):
    readers = PluginManager.instance().iter_compatible_readers([str(tmp_path)])

    assert [reader.plugin_name for reader in readers] == ["napari-msm-mil"]


def test_the_dock_and_the_samples_have_names_that_say_what_they_do(plugin):
    assert [widget.display_name for widget in plugin.contributions.widgets] == ["Run MSM-MIL"]
    shown = {sample.key: sample.display_name for sample in plugin.contributions.sample_data}
    assert shown == {sample.key: sample.title for sample in SAMPLES.values()}
