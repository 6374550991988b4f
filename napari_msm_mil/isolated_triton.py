"""Two LLVMs in one process: Mesa's OpenGL has brought one by now, and triton, whoever imports it, brings its own.

Mesa's drivers put their LLVM among the symbols that all libraries see. Triton's library exports the same symbols of
another version, and would be bound to Mesa's: the process would crash (segmentation fault). It is imported by timm,
torchvision and transformers, and by torch itself at the first step of an optimiser.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder
from types import ModuleType

LIBRARY = "triton._C.libtriton"


class _IsolatedLoader(ExtensionFileLoader):
    """Loads a library so that it looks for symbols in itself first (RTLD_DEEPBIND)."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
        try:
            return super().create_module(spec)
        finally:
            sys.setdlopenflags(flags)


class _IsolatingFinder(MetaPathFinder):
    """Finds triton's library where it is, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == LIBRARY else None
        if spec is not None and spec.origin is not None and isinstance(spec.loader, ExtensionFileLoader):
            spec.loader = _IsolatedLoader(fullname, spec.origin)
        return spec


def isolate_triton() -> None:
    """Have triton's library use its own LLVM, whenever and by whomever it is imported; nothing is loaded now."""
    if sys.platform == "linux" and not any(isinstance(finder, _IsolatingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _IsolatingFinder())
