"""Reads the values at the head of a Groovy script back, by Groovy's rules for literals."""

import ast
import re

from msm_mil_core.export.qupath.scripts.groovy_text import MARK

_VALUE = re.compile(r"^def (\w+) = (.*)$")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|(.))")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'")
_ESCAPED = {"n": "\n", "r": "\r", "\\": "\\", "'": "'"}


def values_of(script):
    """Values by their names: texts, numbers, lists and maps."""
    assert script.startswith(f"{MARK}\n")
    head = next(part for part in script.split("\n\n") if part.startswith("def "))
    found = (_VALUE.fullmatch(line) for line in head.split("\n"))
    return {value[1]: read_literal(value[2]) for value in found}


def read_literal(text):
    """A literal as a Python value; Groovy's maps have brackets, where Python's have braces."""
    texts = [_unescaped(string) for string in _STRING.findall(text)]
    shape = _STRING.sub("§", text)
    shape = re.sub(r"\[((?:\(§\): [^,\]]+(?:, )?)+)\]", r"{\1}", shape).replace("[:]", "{}")
    shape = re.sub(r"\(§\)", "§", shape)
    for each in texts:
        shape = shape.replace("§", repr(each).replace("§", "\\xa7"), 1)
    return ast.literal_eval(shape)


def _unescaped(string):
    def one(escape):
        return chr(int(escape[1], 16)) if escape[1] else _ESCAPED[escape[2]]

    units = _ESCAPE.sub(one, string)
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
