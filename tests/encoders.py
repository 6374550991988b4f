"""Small real encoders, and a Hugging Face hub on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import torch

from msm_mil_core.encoders.devices.device_encoder import DeviceEncoder
from msm_mil_core.encoders.devices.torch_encoder import put_on_device
from msm_mil_core.encoders.networks.encoder_network import Network, Normalisation


class Colours(torch.nn.Module):
    """Mean red, green and blue of a tile; runs out of memory, as torch says it, beyond some tiles."""

    def __init__(self, most_tiles: int) -> None:
        super().__init__()
        self.most_tiles = most_tiles
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > self.most_tiles:
            torch.empty(2**60, dtype=torch.uint8)
        self.sizes.append(len(x))
        return x.mean((2, 3))


def a_small_encoder(most_tiles: int = 1000, side_px: int = 32) -> DeviceEncoder[torch.Tensor]:
    """Give an encoder whose features are a tile's mean colour / 255."""
    return put_on_device(a_network(Colours(most_tiles), side_px), torch.device("cpu"), "float32")


def a_network(module: torch.nn.Module, side_px: int = 32, *, takes_any_side: bool = True) -> Network:
    """Give a network around a module."""
    grey = Normalisation((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
    return Network("small", module, grey, module, side_px, takes_any_side, "none", "0" * 64)


@contextmanager
def a_hub(answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    """Serve a hub that answers for each repository with a status and an error code; give its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository = self.path.removeprefix("/api/models/").removesuffix("/auth-check")
            status, code = answers[repository]
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
