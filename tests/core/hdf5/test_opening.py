"""A file is read only if it is all there is: it reaches nowhere, fits its size and does not keep HDF5 busy."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest

from msm_mil_core.bags.bag_file import load_bag, load_features
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.errors import FeatureFileError, Hdf5Error, ResultError
from msm_mil_core.hdf5.opening import open_hdf5
from msm_mil_core.hdf5.vetting import Verdict
from msm_mil_core.hdf5.vetting_process import VettingProcess
from msm_mil_core.results.annotations import computed_at, load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from tests.results import a_result


def external_link(file):
    file["features"] = h5py.ExternalLink("other.h5", "/x")


def nested_external_link(file):
    file["a/b/c"] = h5py.ExternalLink("other.h5", "/x")
    file["features"] = h5py.SoftLink("/a/b/c")


def external_storage(file):
    file.create_dataset("features", (4, 5), "f4", external=[("/etc/passwd", 0, 80)])


def virtual_dataset(file):
    layout = h5py.VirtualLayout((4, 5), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4, 5))
    file.create_virtual_dataset("deep/down", layout)
    file["features"] = file["deep/down"]


def endless_rows(file):
    file.create_dataset("features", (2**40, 4), "f4", chunks=(1024, 4))


def compressed_rows(file):
    file.create_dataset("features", (2**40, 4), "f4", chunks=(1024, 4), compression="gzip")[:4] = 1


def rows_of_nothing(file):
    file.create_dataset("features", (2**60, 0), "f4")


def unwritten_terabytes(file):
    file.create_dataset("features", (2**38, 4), "f4")


def constants(file):
    file.create_dataset("features", (2**27, 4), "i4", chunks=(2**14, 4), scaleoffset=0)[: 2**14] = 0


REFUSED = {
    external_link: r"takes 'features' from another file \(it is an external link\)",
    nested_external_link: r"takes 'a/b/c' from another file",
    external_storage: r"stores 'features' in another file \('/etc/passwd'\)",
    virtual_dataset: r"takes '(features|deep/down)' from other files \(it is a virtual dataset\)",
    endless_rows: r"claims 17,592,186,044,416 bytes of 'features', but stores only 0",
    compressed_rows: r"claims 17,592,186,044,416 bytes of 'features', but stores only",
    rows_of_nothing: r"claims .* bytes of 'features', but stores only 0",
    unwritten_terabytes: r"claims 4,398,046,511,104 bytes of 'features'",
    constants: r"claims .* bytes of 'features'",
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_a_file_that_reaches_out_or_claims_too_much_is_refused_by_every_reader(tmp_path: Path, spoil):
    features, result = tmp_path / "features.h5", tmp_path / "spoilt.msm.h5"
    with h5py.File(features, "w") as file:
        spoil(file)
    save_result(a_result(), result)
    with h5py.File(result, "r+") as file:
        spoil(file.create_group("extra"))

    for read in (load_bag, load_features, open_table):
        with pytest.raises(FeatureFileError, match=rf"features\.h5 {REFUSED[spoil]}.*, so it is not read"):
            read(features)
    for read in (load_result, load_annotations):
        with pytest.raises(ResultError, match=r"spoilt\.msm\.h5 .*, so it is not read"):
            read(result)
    assert computed_at(result) == ""


def test_links_within_a_file_and_what_compresses_well_are_read(tmp_path: Path):
    path = tmp_path / "well.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("store", data=np.zeros((20_000, 256), np.float32), compression="gzip", shuffle=True)
        file["features"] = h5py.SoftLink("/store")
        file["circle"] = h5py.SoftLink("/circle")
        file["again/root"] = file["/"]
        file.attrs["names"] = np.array(["a", "ü"], h5py.string_dtype())
        file.attrs["nothing"] = h5py.Empty("f4")
        file.attrs["within"] = file["store"].ref

    assert load_features(path).shape == (20_000, 256)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.h5")

    with pytest.raises(FeatureFileError, match=r"pipe\.h5 is no file to read, but a folder, a pipe or a device"):
        load_bag(tmp_path / "pipe.h5")
    with pytest.raises(ResultError, match=r"pipe\.h5 is no file to read"):
        load_result(tmp_path / "pipe.h5")


def test_a_file_that_keeps_hdf5_busy_is_given_up_and_the_next_is_read(tmp_path: Path):
    busy, well = a_file(tmp_path / "busy.h5"), a_file(tmp_path / "well.h5")
    content = bytearray(busy.read_bytes())
    content[content.index(b"GCOL") + 24] = 0xFF  # the length of a text, from which HDF5 computes where the next begins
    busy.write_bytes(content)
    process = VettingProcess(seconds=3)

    with pytest.raises(Hdf5Error, match=r"busy\.h5 keeps the HDF5 library busy for more than 3 s, so it is not read"):
        names_in(busy, process)

    assert names_in(well, process) == ["features"]
    process.close()


def test_a_process_that_is_killed_is_replaced_and_leaves_nothing(tmp_path: Path):
    first, second = a_file(tmp_path / "1.h5"), a_file(tmp_path / "2.h5")
    process, before = VettingProcess(), set(psutil.Process().children())
    process.ask(first)
    (child,) = set(psutil.Process().children()) - before

    child.kill()
    psutil.wait_procs([child])

    assert process.ask(second).state == "sound"
    process.close()
    assert set(psutil.Process().children()) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts processes afresh")
def test_a_forked_process_and_one_without_input_and_output_read_as_well(tmp_path: Path):
    one, other = a_file(tmp_path / "1.h5"), a_file(tmp_path / "2.h5")
    script = f"""
import os, sys
from pathlib import Path
from msm_mil_core.hdf5.opening import open_hdf5
for stream in (0, 1):
    os.close(stream)
sys.stdin = sys.stdout = None
with open_hdf5(Path({str(one)!r})):
    pass
if os.fork() == 0:
    with open_hdf5(Path({str(other)!r})) as file:
        os._exit(len(file))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]) - 1)
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False, timeout=100).returncode == 0


def test_no_module_of_the_current_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("h5py", "json", "faulthandler", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("from pathlib import Path; Path('run').touch()")
    monkeypatch.chdir(tmp_path)
    process = VettingProcess()

    verdict = process.ask(a_file(tmp_path / "1.h5"))

    process.close()
    assert verdict.state == "sound"
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_replaced_between_vetting_and_opening_is_vetted_again(tmp_path: Path):
    path, asked = a_file(tmp_path / "1.h5"), []

    class Slow(VettingProcess):
        def ask(self, path: Path) -> Verdict:
            verdict = super().ask(path)
            asked.append(verdict.state)
            if len(asked) == 1:
                with h5py.File(path.with_name("new"), "w") as file:
                    external_link(file)
                path.with_name("new").replace(path)
            return verdict

    process = Slow()
    with pytest.raises(Hdf5Error, match="external link"):
        names_in(path, process)
    assert asked == ["sound", "refused"]
    process.close()


def a_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros((2, 3))
        file.attrs["said"] = "text"
    return path


def names_in(path: Path, process: VettingProcess) -> list[str]:
    with open_hdf5(path, process) as file:
        return list(file)
