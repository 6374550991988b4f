"""Two LLVMs in one process: Mesa's OpenGL has brought one by now, and triton, which timm imports, brings its own."""

import importlib
import logging
import os
import sys
from importlib.util import find_spec

_log = logging.getLogger(__name__)


def load_triton_isolated() -> None:
    """Load triton, if it is installed, so that it uses its own LLVM; else the process crashes (segmentation fault).

    Mesa's drivers put their LLVM among the symbols that all libraries see. Triton's library exports the same symbols
    of another version, and would be bound to Mesa's; RTLD_DEEPBIND makes it look into itself first.
    """
    if sys.platform != "linux" or "triton" in sys.modules or find_spec("triton") is None:
        return
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        importlib.import_module("triton")
    except ImportError as exc:
        _log.info("triton cannot be imported, and is not needed: %s", exc)
    finally:
        sys.setdlopenflags(flags)
