"""What is known of an encoder before a run: here or not, reachable, gated, and what to do then."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub.constants
import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from msm_mil_core.encoders.encoder_check import check_encoder
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.errors import EncoderError
from tests.encoders import a_hub

TINY = "test_efficientnet"
REPOSITORY = f"timm/{TINY}.r160_in1k"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(timm.create_model(TINY, pretrained=False).state_dict(), path)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of what was fetched from the hub, and no hub."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


def keep(cache: Path, repository: str, files: dict[str, bytes]) -> None:
    """Lay files down as the hub's library keeps them."""
    kept = cache / f"models--{repository.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("abc")
    for name, content in files.items():
        (kept / "snapshots" / "abc").mkdir(parents=True, exist_ok=True)
        (kept / "snapshots" / "abc" / name).write_bytes(content)


@contextmanager
def a_hub_with(repository: str, gated: str | bool) -> Iterator[str]:
    """Serve a hub that has one repository, to which access is granted."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.path.startswith(f"/api/models/{repository}")
            told = {"id": repository, "gated": gated, "cardData": {"license": "cc-by-nc-4.0"}, "siblings": []}
            body = b"{}" if self.path.endswith("/auth-check") else json.dumps(told).encode()
            self.send_response(200 if asked else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_embedded_encoder_can_always_be_used():
    found = check_encoder("efficientnet-lite0")

    assert (found.features, found.side, found.licence, found.usable) == ("1280", "224", "Apache-2.0", True)


def test_what_is_in_the_cache_can_be_used_without_a_network(cache: Path, weights: Path):
    keep(cache, REPOSITORY, {"model.safetensors": weights.read_bytes()})

    found = check_encoder(f"timm:{TINY}")

    assert found.usable
    assert found.weights.startswith("in the cache of this machine: ")
    assert "A run takes what is in the cache." in found.access
    assert (found.features, found.side) == ("256", "160")


def test_what_is_neither_here_nor_reachable_cannot_be_used(cache: Path):
    found = check_encoder(f"timm:{TINY}")

    assert not found.usable
    assert found.weights == "not on this machine"
    assert "Connect to the internet once" in found.access


@pytest.mark.parametrize(("gated", "words"), [(False, "open"), ("manual", "gated, and access is granted")])
def test_what_the_hub_gives_can_be_used(cache: Path, monkeypatch: pytest.MonkeyPatch, gated, words: str):
    with a_hub_with(REPOSITORY, gated) as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        found = check_encoder(f"timm:{TINY}")

    assert found.usable
    assert found.access == f"{address}/{REPOSITORY} is reachable, {words}"
    assert found.licence == "cc-by-nc-4.0"


def test_a_gated_encoder_says_where_to_ask_and_how_to_log_in(cache: Path, monkeypatch: pytest.MonkeyPatch):
    with a_hub({"lab/gated": (403, "GatedRepo"), "lab/gated/resolve/main/config.json": (403, "GatedRepo")}) as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        found = check_encoder("timm:hf-hub:lab/gated")

    assert not found.usable
    assert f"Ask for access at {address}/lab/gated, then log in here with `hf auth login`" in found.access
    assert found.features == "known once its weights are here"


def test_what_the_zoo_says_of_an_encoder_is_told_without_a_network(cache: Path):
    pytest.importorskip("lazyslide_models", reason="the zoo's encoders are those of lazyslide-models, extra zoo")

    found = check_encoder("zoo:uni2")

    assert (found.features, found.licence, found.usable) == ("1536", "CC-BY-NC-ND-4.0", False)
    assert "It is gated. Ask for access at http://127.0.0.1:9/MahmoodLab/UNI2-h" in found.access


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_looked_for(weights: Path, tmp_path: Path, there: bool):
    path = weights if there else tmp_path / "gone.safetensors"

    found = check_encoder(f"timm:{TINY}@{path}")

    assert found.usable is there
    assert found.weights == (f"the file {path}" if there else f"there is no file {path}. Check the path.")


@pytest.mark.parametrize("content", [b"notes, and no weights", b"", b"\x89PNG\r\n\x1a\n....."])
def test_a_file_that_holds_no_weights_cannot_be_used(tmp_path: Path, content: bytes):
    (tmp_path / "notes.safetensors").write_bytes(content)

    found = check_encoder(f"timm:{TINY}@{tmp_path / 'notes.safetensors'}")

    assert not found.usable
    assert "neither a safetensors file nor a PyTorch state dict" in found.weights


NO_NAMES = [
    *("efficientnet", "timm:", "zoo:", "", " ", "timm:no_such_model", "timm:../../etc", "timm:hf_hub:owner/name"),
    *("timm:local-dir:/tmp", "timm:local-dir:.", "timm:hf-hub:", "timm:hf-hub:a/b/c", "timm:hf-hub:a b/c"),
    *("timm:hf-hub:../x", "timm:hf-hub:owner/name\n", "timm:hf-hub:@main", "owner/no-such-model"),
    "hf-hub:owner/name",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_there_is_not_is_an_error_before_a_run_and_in_it(name: str, cache: Path):
    for ask in (check_encoder, load_encoder):
        with pytest.raises(EncoderError, match=r"There is no encoder|cannot build"):
            ask(name)


@given(st.text(max_size=40))
def test_any_name_is_known_or_refused(name: str):
    try:
        assert check_encoder(name.removeprefix("timm:hf-hub:")).name
    except EncoderError as exc:
        assert str(exc).strip()


def test_a_gated_encoder_that_is_not_here_is_told_in_whole_sentences(cache: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("lazyslide_models", reason="the zoo's encoders are those of lazyslide-models, extra zoo")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    assert "without that variable. It is gated. Ask for access" in check_encoder("zoo:uni2").access
    assert "does not say where" in check_encoder("zoo:chief").weights


def test_the_check_says_what_the_encoder_then_is(weights: Path):
    name = f"timm:{TINY}@{weights}"

    found, card = check_encoder(name), load_encoder(name, device="cpu").card

    assert (found.features, found.side, found.licence) == (str(card.features), str(card.side_px), card.licence)


@pytest.mark.parametrize("name", [f"timm:{TINY}", "timm:hf-hub:someone/tiny"])
def test_with_the_hub_switched_off_all_works_from_its_cache(tmp_path: Path, weights: Path, name: str):
    config = {"architecture": TINY, "num_features": 256, "input_size": [3, 96, 96], "license": "mit"}
    keep(tmp_path, REPOSITORY, {"model.safetensors": weights.read_bytes()})
    files = {"config.json": json.dumps(config).encode(), "model.safetensors": weights.read_bytes()}
    keep(tmp_path, "someone/tiny", files)
    variables = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path.cwd())}
    code = (
        "from msm_mil_core.encoders.encoder_check import check_encoder;"
        "from msm_mil_core.encoders.registry import load_encoder;"
        f"assert check_encoder({name!r}).usable; assert 'HF_HUB_OFFLINE' in check_encoder({name!r}).access;"
        f"print(load_encoder({name!r}, device='cpu').card.features)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=variables)

    assert (done.stdout.strip(), done.returncode) == ("256", 0), done.stderr
