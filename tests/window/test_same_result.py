"""The window and the command line write the same result, dataset by dataset."""

import h5py
import numpy as np
import pytest
import torch

from msm_mil_core.cli.app import call
from msm_mil_core.encoders.devices.torch_device import CpuDevice
from tests.slides import a_drawn_slide
from tests.window.dock_user import RUN_MS, a_model_file, child, choose_model, dock_in

TIME_OF_RUN = {"created"}


def contents(path) -> dict:
    """Everything in a result file by name, but the time of the run."""
    found = {}

    def keep(name, node):
        found.update({f"{name}@{key}": value for key, value in node.attrs.items() if key not in TIME_OF_RUN})
        if isinstance(node, h5py.Dataset):
            found[name] = node[()]

    with h5py.File(path) as file:
        keep("", file)
        file.visititems(keep)
    return found


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Sums depend on the number of threads in their last digits, and torch has one for each thread that computes."""
    threads, run = torch.get_num_threads(), CpuDevice.run

    def run_alone(device, tiles):
        torch.set_num_threads(1)
        return run(device, tiles)

    monkeypatch.setattr(CpuDevice, "run", run_alone)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def viewer(napari_viewer, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache of the command line"))
    return napari_viewer


@pytest.mark.parametrize(
    ("name", "mpp"),
    [
        (None, None),
        ("slides/CMU-1-Small-Region.svs", None),
        ("slides/CMU-1-Small-Region-dicom", None),
        ("slides/TCGA-CR-7395-01A-01-TS1.svs", 0.5),
    ],
    ids=["drawn", "svs", "dicom", "tcga"],
)
def test_the_window_and_the_command_line_write_the_same_result(viewer, shared, tmp_path, qtbot, name, mpp):
    slide = shared(name) if name else a_drawn_slide(tmp_path / "drawn.tiff").path
    model = a_model_file(tmp_path / "model.safetensors", mpp=2.0)
    viewer.open(str(slide), plugin="napari-msm-mil")
    dock = dock_in(viewer)
    choose_model(dock, model)
    if mpp:
        child(dock, "mpp").setValue(mpp)

    child(dock, "run").click()
    qtbot.waitUntil(lambda: child(dock, "run").text() == "Run", timeout=RUN_MS)
    words = ["run", str(slide), "--model", str(model), "--out", str(tmp_path / "out")]
    code = call([*words, "--mpp", str(mpp)] if mpp else words)

    (ours,) = (tmp_path / "results").glob("*.msm.h5")
    (theirs,) = (tmp_path / "out").glob("*.msm.h5")
    assert code == 0
    ours, theirs = contents(ours), contents(theirs)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        np.testing.assert_array_equal(value, theirs[key], err_msg=key)
