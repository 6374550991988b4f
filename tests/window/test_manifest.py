"""What napari finds of the plugin before any of it is imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from napari._app_model.constants import MenuId  # the list that napari's documentation prints
from npe2 import PluginManager

import napari_msm_mil
from msm_mil_core.slides.sample import SAMPLES

MANIFEST = Path(napari_msm_mil.__file__).with_name("napari.yaml")


def test_every_command_of_the_manifest_exists(plugin):
    plugin.validate_imports()


def test_every_command_is_called_by_napari_or_acts_on_the_dock(plugin):
    contributions = plugin.contributions
    uses = [*contributions.readers, *contributions.writers, *contributions.widgets, *contributions.sample_data]
    actions = {each.id for each in contributions.commands if each.python_name.startswith("napari_msm_mil._commands:")}

    assert {use.command for use in uses} | actions == {command.id for command in contributions.commands}
    assert len(actions) == 33


def test_the_menus_name_commands_and_places_that_napari_has(plugin):
    known = {command.id for command in plugin.contributions.commands}

    for place, items in plugin.contributions.menus.items():
        assert MenuId(place) in MenuId.contributables()
        assert {item.command for item in items} <= known


def test_npe2_finds_nothing_wrong():
    words = [sys.executable, "-m", "npe2", "validate", str(MANIFEST)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert "valid" in done.stdout


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
