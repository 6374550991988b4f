"""What is chosen under napari's Preferences is what the dock does; without a choice, the defaults of the manifest."""

from pathlib import Path

import pytest
from napari.settings import get_plugin_settings

from msm_mil_core.user_folders import features_folder
from napari_msm_mil.files.folders import user_folders
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.settings import PLUGIN, Settings, user_settings


@pytest.fixture
def chosen(plugin, plugin_settings):
    return get_plugin_settings(PLUGIN)


def test_the_defaults_of_the_manifest_are_ours(chosen):
    assert user_settings() == Settings()


def test_where_napari_does_not_know_the_plugin_the_defaults_hold(npe2pm, plugin_settings):
    assert user_settings() == Settings()


def test_files_go_where_they_were_told_to(chosen, tmp_path):
    before = user_folders()

    chosen.files.results_folder = str(tmp_path / "results")
    chosen.files.features_folder = "~/features"

    assert before.results.parts[-2:] == ("napari-msm-mil", "results")
    assert before.features == features_folder()
    assert (user_folders().results, user_folders().features) == (tmp_path / "results", Path.home() / "features")


def test_runs_are_offered_on_the_device_that_was_chosen(chosen, qtbot):
    chosen.run.device = "cpu"
    form = SetupForm()
    qtbot.addWidget(form)

    assert form.device == "cpu"


def test_a_device_that_is_not_here_is_not_offered(chosen, qtbot, monkeypatch):
    monkeypatch.setattr("napari_msm_mil.run.setup_form.offered_devices", lambda: ("auto", "cpu"))
    chosen.run.device = "mps"
    form = SetupForm()
    qtbot.addWidget(form)

    assert form.device == "auto"


def test_a_device_that_does_not_exist_is_refused(chosen):
    with pytest.raises(ValueError, match="tpu"):
        chosen.run.device = "tpu"
