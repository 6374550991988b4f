"""A connection to a running QuPath, through the gateway of its extension; its troubles become sentences."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions

HOST = "127.0.0.1"
ANSWER_S = 60.0
"""How long QuPath may take for one call: it reads thousands of objects in one."""
CONNECT_S = 2.0

_TRACE = "Trace:"
_HOW = (
    'In QuPath choose Extensions > Py4J > "Start Py4J Gateway", with the same port and token as here. The extension '
    "comes with QuPath 0.6 and later; for 0.5 get qupath-extension-py4j from GitHub and drop it onto QuPath."
)
_WITHOUT_PY4J = (
    "To talk to a running QuPath the Python package py4j is needed, which is not installed. "
    "Install it: pip install 'napari-msm-mil[qupath]'."
)


@contextmanager
def connected(options: GatewayOptions | None = None) -> Iterator[Any]:
    """Give the entry point of QuPath's gateway: an object with the methods of QuPath's `QPEx`, called as in Java.

    Raises
    ------
    QuPathError
        If py4j is missing, no gateway answers, it refuses the token, or QuPath cannot do what it is asked for.
    """
    options = options or GatewayOptions()
    try:
        from py4j.java_gateway import GatewayClient, GatewayParameters, JavaGateway
        from py4j.protocol import Py4JError
    except ImportError as exc:
        raise QuPathError(_WITHOUT_PY4J) from exc
    _check_listens(options)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # what it logs with a stack trace becomes a sentence below
    where = GatewayParameters(address=HOST, port=options.port, auth_token=options.token or None, read_timeout=ANSWER_S)
    client, gateway = GatewayClient(gateway_parameters=where), JavaGateway(gateway_parameters=where)
    gateway.set_gateway_client(client)
    try:
        _check_is_qupath(gateway.entry_point)
        yield gateway.entry_point
    except (Py4JError, OSError) as exc:
        raise QuPathError(_sentence(exc, options)) from exc
    finally:
        client.is_connected = False  # what Python lets go of later opens no connection to say so
        client.close()


def _check_listens(options: GatewayOptions) -> None:
    try:
        with socket.create_connection((HOST, options.port), timeout=CONNECT_S):
            pass
    except OSError as exc:
        raise QuPathError(f"No gateway of QuPath answers on this computer at port {options.port}. {_HOW}") from exc


def _check_is_qupath(entry_point: Any) -> None:
    if entry_point.getQuPath() is None:
        raise QuPathError("The gateway answers, but QuPath's window is not open. Start it from QuPath's own menu.")


def _sentence(exc: Exception, options: GatewayOptions) -> str:
    from py4j.protocol import Py4JAuthenticationError, Py4JJavaError, Py4JNetworkError

    said = _first_line(exc)
    if isinstance(exc, Py4JAuthenticationError) or "uthentication" in said:
        return f"QuPath's gateway at port {options.port} does not accept this token. {_HOW}"
    if isinstance(exc, Py4JJavaError):
        return f"QuPath could not do this ({said}). Its log says more (View > Show log)."
    if isinstance(exc, Py4JNetworkError | OSError):
        return f"The connection to QuPath at port {options.port} broke off. Look whether QuPath still runs. {_HOW}"
    return f"QuPath's gateway at port {options.port} did not understand this: {said}. Update QuPath, or its extension."


def _first_line(exc: Exception) -> str:
    from py4j.protocol import Py4JJavaError

    text = str(exc.java_exception.toString()) if isinstance(exc, Py4JJavaError) else str(exc)
    *_, told = text.partition(_TRACE)  # py4j's own words stand before it
    return (told.strip() or text.strip() or type(exc).__name__).splitlines()[0]
