"""setuptools, with absolute links in the README of the wheel: a package index has no checkout."""

import re
from typing import Any

from setuptools import build_meta
from setuptools.dist import Distribution

_parse_config_files = Distribution.parse_config_files


def __getattr__(hook: str) -> Any:
    """Every hook of the build is setuptools' own."""
    return getattr(build_meta, hook)


def absolute_links(text: str, home: str) -> str:
    """Return Markdown whose relative links lead into the repository at `home`, pictures to the files themselves."""
    text = re.sub(r"(!\[[^\]]*\]\()(?!https?://|#)", rf"\1{home}/raw/main/", text)
    return re.sub(r"((?<!!)\[[^\]]*\]\()(?!https?://|#)", rf"\1{home}/blob/main/", text)


def _parse_with_absolute_links(self: Distribution, *args: Any, **options: Any) -> None:
    _parse_config_files(self, *args, **options)
    metadata = self.metadata
    metadata.long_description = absolute_links(metadata.long_description or "", metadata.project_urls["Source"])


Distribution.parse_config_files = _parse_with_absolute_links
