"""A connection to a running QuPath, through the gateway of its extension; its troubles become sentences."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions

HOST = "127.0.0.1"
ANSWER_S = 60.0
"""How long QuPath may take for one call: it reads thousands of objects in one."""
FIRST_ANSWER_S = 10.0
"""And for the first, which needs no work: another program at the port may never answer."""
CONNECT_S = 2.0

_TRACE = "Trace:"
"""In py4j's errors it stands before what the other side said."""
_NO_ANSWER = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What py4j, and calls of what it returns, raise where the other side answers what QuPath does not."""
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
        import py4j.java_gateway  # noqa: F401  whether it is there
    except ImportError as exc:
        raise QuPathError(_WITHOUT_PY4J) from exc
    _check_listens(options)
    _keep_back_stack_traces()
    with _entry_point(options, FIRST_ANSWER_S) as entry_point:
        _check_is_qupath(entry_point)
    with _entry_point(options, ANSWER_S) as entry_point:
        yield entry_point


@contextmanager
def qupath_answers() -> Iterator[None]:
    """Turn what an answer that QuPath would not give leads to into a sentence; around calls, not around our own work.

    Raises
    ------
    QuPathError
        If an answer is not what QuPath gives.
    """
    try:
        yield
    except _NO_ANSWER as exc:
        raise QuPathError(
            f"What answers at the port of QuPath's gateway is not a QuPath that this program knows ({exc!r}). Update "
            "QuPath and its extension, and look whether another program uses that port."
        ) from exc


@contextmanager
def _entry_point(options: GatewayOptions, answer_s: float) -> Iterator[Any]:
    from py4j.java_gateway import GatewayClient, GatewayParameters, JavaGateway
    from py4j.protocol import Py4JError

    where = GatewayParameters(address=HOST, port=options.port, auth_token=options.token or None, read_timeout=answer_s)
    client, gateway = GatewayClient(gateway_parameters=where), JavaGateway(gateway_parameters=where)
    gateway.set_gateway_client(client)
    try:
        yield gateway.entry_point
    except (Py4JError, OSError) as exc:
        raise QuPathError(_sentence(exc, options)) from exc
    finally:
        client.is_connected = False  # what Python lets go of later opens no connection to say so
        client.close()


def _keep_back_stack_traces() -> None:
    """Drop what py4j logs of a broken connection, partly as the root logger: it becomes a sentence."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_of_another)  # once, however often it is called


def _is_of_another(record: logging.LogRecord) -> bool:
    return "py4j" not in PurePath(record.pathname).parts


def _check_listens(options: GatewayOptions) -> None:
    try:
        with socket.create_connection((HOST, options.port), timeout=CONNECT_S):
            pass
    except OSError as exc:
        raise QuPathError(f"No gateway of QuPath answers on this computer at port {options.port}. {_HOW}") from exc


def _check_is_qupath(entry_point: Any) -> None:
    with qupath_answers():
        qupath = entry_point.getQuPath()
    if qupath is None:
        raise QuPathError("The gateway answers, but QuPath's window is not open. Start it from QuPath's own menu.")


def _sentence(exc: Exception, options: GatewayOptions) -> str:
    from py4j.protocol import Py4JAuthenticationError, Py4JJavaError, Py4JNetworkError

    said = _first_line(exc)
    if isinstance(exc, Py4JAuthenticationError) or "uthentication" in said:
        return f"QuPath's gateway at port {options.port} does not accept this token. {_HOW}"
    if isinstance(exc, Py4JJavaError):
        return f"QuPath could not do this ({said}). Its log says more (View > Show log)."
    if isinstance(exc, Py4JNetworkError | OSError) or _TRACE not in str(exc):  # py4j calls every end an error
        return f"The connection to QuPath at port {options.port} broke off. Look whether QuPath still runs. {_HOW}"
    return f"QuPath's gateway at port {options.port} did not understand this: {said}. Update QuPath, or its extension."


def _first_line(exc: Exception) -> str:
    from py4j.protocol import Py4JJavaError

    text = str(exc.java_exception.toString()) if isinstance(exc, Py4JJavaError) else str(exc)
    *_, told = text.partition(_TRACE)  # py4j's own words stand before it
    return (told.strip() or text.strip() or type(exc).__name__).splitlines()[0]
