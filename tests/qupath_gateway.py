"""A stand-in of QuPath behind py4j's own protocol on a loopback socket: the same classes, methods and answers.

The names are those of QuPath's and its extension's sources. A method that is not here is refused as Java refuses it.
"""

import json
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from py4j import protocol

ERRORS = "!x"


class JavaError(Exception):
    """An exception of a Java method."""


@dataclass
class Server:
    """`ImageServer` and its `getMetadata()`."""

    name: str
    size_px: tuple[int, int]
    path: str
    kind: str = "OpenSlide"

    def getServerType(self):
        return self.kind

    def getMetadata(self):
        return self

    def getName(self):
        return self.name

    def getWidth(self):
        return self.size_px[0]

    def getHeight(self):
        return self.size_px[1]

    def getURIs(self):
        return [f"file:{quote(self.path)}"]


@dataclass
class Hierarchy:
    """`PathObjectHierarchy`."""

    features: list = field(default_factory=list)

    def addObjects(self, objects):
        self.features.extend(objects)
        return True

    def getAnnotationObjects(self):
        return [each for each in self.features if each["properties"].get("objectType", "annotation") == "annotation"]


@dataclass
class Viewer:
    """`QuPathViewer`."""

    centre_px: tuple[float, float] = (0.0, 0.0)
    downsample: float = 1.0

    def getCenterPixelX(self):
        return self.centre_px[0]

    def getCenterPixelY(self):
        return self.centre_px[1]

    def getDownsampleFactor(self):
        return self.downsample

    def setCenterPixelLocation(self, x, y):
        self.centre_px = (x, y)

    def setDownsampleFactor(self, downsample):
        assert type(downsample) is float
        self.downsample = downsample


@dataclass
class QuPath:
    """`QuPathGUI`, the open `ImageData`, and the entry point of the gateway."""

    server: Server | None
    hierarchy: Hierarchy = field(default_factory=Hierarchy)
    viewer: Viewer = field(default_factory=Viewer)
    scripts: list = field(default_factory=list)
    has_window: bool = True
    tiles_fail: bool = False

    def getQuPath(self):
        return self if self.has_window else None

    def getImageData(self):
        return None if self.server is None else ImageData(self.server, self.hierarchy)

    def getCurrentViewer(self):
        return self.viewer

    def toPathObjects(self, text):
        if self.tiles_fail:
            raise JavaError("com.google.gson.JsonParseException: not this time\n\tat somewhere")
        return json.loads(text)["features"]

    def toFeatureCollections(self, objects, size):
        parts = [objects[at : at + size] for at in range(0, len(objects), size)]
        return [json.dumps({"type": "FeatureCollection", "features": part}) for part in parts]

    def runScript(self, file, script):
        assert file is None
        self.scripts.append(script)
        if "removeObjects" in script:  # Groovy itself is not here
            self.hierarchy.features = [each for each in self.hierarchy.features if not each["properties"]["isLocked"]]


@dataclass
class ImageData:
    """`ImageData`."""

    server: Server
    hierarchy: Hierarchy

    def getServer(self):
        return self.server

    def getHierarchy(self):
        return self.hierarchy


LIST_METHODS = {
    "size": len,
    "get": lambda items, at: items[at],
    "iterator": iter,
    "toString": lambda items: f"[{', '.join(map(str, items))}]",
}


@contextmanager
def a_gateway(qupath, token="", answers=None):
    """Serve a QuPath on loopback, and give the port; it quits after so many answers."""
    server = _Server(("127.0.0.1", 0), _Connection)
    server.objects, server.token = {protocol.ENTRY_POINT_OBJECT_ID: qupath}, token
    server.answers = answers
    with _serving(server) as port:
        yield port


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    objects: dict
    token: str

    answers: int | None

    def quits(self):
        """Whether it quits instead of the next answer."""
        if self.answers is None:
            return False
        self.answers -= 1
        return self.answers < 0

    def keep(self, value):
        identity = f"o{len(self.objects)}"
        self.objects[identity] = value
        return identity


class _Connection(socketserver.StreamRequestHandler):
    def handle(self):
        admitted = not self.server.token
        while command := self._line():
            if self.server.quits():
                return
            if command == protocol.AUTH_COMMAND_NAME:
                admitted = self._line() == self.server.token
                self._answer("!yv" if admitted else f"{ERRORS}sAuthentication error: bad auth token received.")
            elif not admitted:
                self._answer(f"{ERRORS}sAuthentication error: unexpected Py4J protocol command: {command}")
            else:
                self._answer(self._result(command))
            if not admitted:
                return

    def _line(self):
        return self.rfile.readline().decode().removesuffix("\n")

    def _answer(self, text):
        self.wfile.write(f"{text}\n".encode())

    def _parts(self):
        parts = []
        while (part := self._line()) != protocol.END:
            parts.append(part)
        return parts

    def _result(self, command):
        parts = self._parts()
        if command == "c":
            target, name, *arguments = parts
            return self._call(target, name, arguments)
        if command == "p":  # the stack trace of an exception
            return f"!ys{protocol.escape_new_line(str(self.server.objects[parts[0]]))}"
        return "!yv"  # m: memory of objects that Python let go

    def _call(self, target, name, arguments):
        found = self.server.objects[target]
        try:
            values = [self._value(argument) for argument in arguments]
            if isinstance(found, JavaError) and name == "toString":
                return _success(self.server, str(found).splitlines()[0])
            method = _method_of(found, name)
            if method is None:
                return f"{ERRORS}spy4j.Py4JException: Method {name}([]) does not exist"
            return _success(self.server, method(*values))
        except (JavaError, StopIteration) as exc:
            error = exc if isinstance(exc, JavaError) else JavaError("java.util.NoSuchElementException")
            return f"{ERRORS}r{self.server.keep(error)}"

    def _value(self, argument):
        kind, text = argument[0], argument[1:]
        readers = {"s": protocol.unescape_new_line, "i": int, "L": int, "d": float, "n": lambda _: None}
        return self.server.objects[text] if kind == "r" else readers[kind](text)


def _method_of(found, name):
    if isinstance(found, list):
        return (lambda *values: LIST_METHODS[name](found, *values)) if name in LIST_METHODS else None
    if hasattr(found, "__next__"):
        return found.__next__ if name == "next" else None
    return getattr(found, name, None)


def _success(server, value):
    kinds = {str: "s", bool: "b", int: "i", float: "d"}
    if value is None:
        return "!yn"
    if type(value) in kinds:
        text = protocol.escape_new_line(value) if isinstance(value, str) else str(value)
        return f"!y{kinds[type(value)]}{text}"
    kind = protocol.LIST_TYPE if isinstance(value, list) else protocol.REFERENCE_TYPE
    if hasattr(value, "__next__"):
        kind = protocol.ITERATOR_TYPE
    return f"!y{kind}{server.keep(value)}"


@contextmanager
def a_server(converse):
    """Serve another program on loopback, which does `converse` with each connection; give the port."""

    class Connection(socketserver.StreamRequestHandler):
        def handle(self):
            converse(self.connection)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    with _serving(server) as port:
        yield port


@contextmanager
def _serving(server):
    """Let a server answer from a thread of its own, and give its port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
