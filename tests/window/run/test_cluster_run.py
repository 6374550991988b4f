"""A run on the workers of a real Dask scheduler, asked for in the window."""

import pytest

from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.results.result_file import load_result
from napari_msm_mil.run.features_choice import FeaturesChoice
from tests.window.dock_user import (
    RUN_MS,
    a_features_file,
    a_model_file,
    child,
    open_dock,
    results_in,
    settle,
    show_slide,
    text_of,
)

pytest.importorskip("distributed", reason="needs the extra: cluster")

from msm_mil_core.cluster import dask_client
from msm_mil_core.cluster.dask_client import connected


@pytest.fixture
def dock(viewer, drawn, tmp_path, monkeypatch, qtbot):
    show_slide(viewer, drawn)
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, a_model_file(tmp_path / "model.safetensors")) as dock:
        yield dock


def choose_cluster(dock) -> None:
    devices = child(dock, "device")
    devices.setCurrentIndex(devices.findData("dask"))


def test_the_scheduler_is_asked_for_only_where_it_is_needed(dock):
    before = child(dock, "scheduler").isVisibleTo(dock), child(dock, "run").isEnabled()

    choose_cluster(dock)
    asked = child(dock, "scheduler").isVisibleTo(dock), child(dock, "run").isEnabled()
    child(dock, "scheduler").setText("tcp://127.0.0.1:8786")

    assert before == (False, True)
    assert asked == (True, False)
    assert child(dock, "run").isEnabled()


def test_the_result_of_a_worker_is_shown_and_saved_like_one_of_this_computer(dock, viewer, qtbot, tmp_path):
    child(dock, "run").click()
    qtbot.waitUntil(lambda: bool(results_in(viewer)), timeout=RUN_MS)
    settle()
    with connected(ClusterOptions(local=1)) as client:
        choose_cluster(dock)
        child(dock, "scheduler").setText(client.scheduler.address)

        child(dock, "run").click()
        qtbot.waitUntil(lambda: len(results_in(viewer)) == 2, timeout=RUN_MS)
        settle()

    here, there = results_in(viewer)
    assert there.prediction.winner == here.prediction.winner
    assert there.tiles.xy_px0.tolist() == here.tiles.xy_px0.tolist()
    saved = list((tmp_path / "results").rglob("*.h5"))
    assert any(load_result(path).created == there.created for path in saved)
    assert not list((tmp_path / "results").glob(".on-cluster-*"))


def test_features_that_were_encoded_before_are_run_by_a_worker_too(dock, viewer, qtbot, tmp_path):
    dock.findChild(FeaturesChoice).choose(a_features_file(tmp_path / "drawn.h5"))
    settle()
    with connected(ClusterOptions(local=1)) as client:
        choose_cluster(dock)
        child(dock, "scheduler").setText(client.scheduler.address)
        settle()

        child(dock, "run").click()
        qtbot.waitUntil(lambda: bool(results_in(viewer)), timeout=RUN_MS)
        settle()

    (result,) = results_in(viewer)
    assert (len(result.tiles), result.options["features"]["file"]) == (36, "drawn.h5")


def test_a_scheduler_that_is_not_there_is_named(dock, qtbot, monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_S", 2.0)
    choose_cluster(dock)
    child(dock, "scheduler").setText("tcp://127.0.0.1:9")

    child(dock, "run").click()
    qtbot.waitUntil(lambda: "tcp://127.0.0.1:9" in text_of(dock, "message"), timeout=RUN_MS)

    assert "dask scheduler" in text_of(dock, "message")
