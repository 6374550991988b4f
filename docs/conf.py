"""How the documentation is built, by make docs: everything that a page loads comes with it, nothing from elsewhere."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from msm_mil_core import __version__
from msm_mil_core.cli.app import app as command_line
from msm_mil_core.options import Options

HERE = Path(__file__).parent
INCLUDED = {"README.md": "benchmark-protocol.md", "RESULTS.md": "benchmarks.md", "CHOICE.md": "benchmark-choice.md"}
"""Files of the examples that are pages here, under another name."""

project = "napari-msm-mil"
author = "The napari-msm-mil developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "_generated"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_class_signature = "separated"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": True, "exclude-members": "model_config, __init__"}
autodoc_member_order = "bysource"
add_module_names = False
default_role = "code"  # single backticks of docstrings
smartquotes_action = "qe"  # the two hyphens of an option stay two
numpydoc_show_class_members = False
maximum_signature_line_length = 80

html_theme = "alabaster"
html_title = f"napari-msm-mil {release}"
html_static_path = ["_static"]
html_css_files = ["dark.css"]
html_show_sourcelink = False
html_theme_options = {
    "description": "Compare what each mask stage of a slide-level model looked at. Research use, not for diagnosis.",
    "fixed_sidebar": True,
    "page_width": "72em",
    "body_max_width": "none",
    "font_family": "system-ui, sans-serif",
    "head_font_family": "system-ui, sans-serif",
}


def setup(app: Sphinx) -> None:
    """Write the reference of the command line from the command line itself, and let included pages find each other."""
    app.connect("builder-inited", lambda _: write_commands())
    app.connect(
        "autodoc-process-docstring", lambda _app, _kind, name, _object, _options, lines: add_default(name, lines)
    )
    app.connect("include-read", lambda _app, _path, _document, text: link_included(text))


def write_commands() -> None:
    """Write every command with its options as Markdown, to be included by cli.md."""
    text = command_line.generate_docs(heading_level=1).replace("```console", "```text")
    _, *commands = re.split(r"^## ", text, flags=re.MULTILINE)
    folder = HERE / "_generated"
    folder.mkdir(exist_ok=True)
    page = "\n".join(f"## {command}" for command in commands if not command.startswith("Table of Contents"))
    (folder / "commands.md").write_text(page, encoding="utf-8")


def add_default(name: str, lines: list[str]) -> None:
    """Add its default to the description of an option, where it is short enough to read."""
    owner, _, field = name.rpartition(".")
    module, _, kind = owner.rpartition(".")
    options = getattr(sys.modules.get(module), kind, None)
    if not (isinstance(options, type) and issubclass(options, Options)) or field not in options.model_fields:
        return
    default = options.model_fields[field].get_default()
    if isinstance(default, str | int | float) and default != "":
        lines += ["", f"Default: ``{default!r}``."]


def link_included(text: list[str]) -> None:
    """Let links between files of the examples lead to the pages that include them."""
    for file, page in INCLUDED.items():
        text[0] = text[0].replace(f"]({file})", f"]({page})")
