"""Groovy itself reads the scripts, and the values at their heads, as they were meant."""

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.scripts.groovy_text import fill_template, groovy_literal
from tests.docs.pages import ROOT
from tests.results import a_result, slide_facts

pytestmark = pytest.mark.skipif(not (shutil.which("groovy") and shutil.which("java")), reason="Groovy is not installed")

TEXTS = (
    "",
    "C:\\Users\\lab\\new\\u0041\\t $HOME ${1 + 1}",
    '//server/it\'s "here"/€ é e\u0301 \U0001f52c/100 %',
    "'''",
    "\\",
    "\\\\u0027",
    "$",
    "/*",
    "*/ // \t\r\n\x00\x07\u2028\u2029\ufeff",
    "ends with '",
    "\ud800 alone",
    "a" * 20_000,
)
PARSES = """
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases
args.each { new CompilationUnit().with { unit -> unit.addSource(new File(it)); unit.compile(Phases.CONVERSION) } }
print args.size()
"""


def run_groovy(script: Path, *words) -> str:
    home = Path(shutil.which("java")).resolve().parent.parent
    done = subprocess.run(
        ["groovy", str(script), *map(str, words)],
        env=os.environ | {"JAVA_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_texts_are_what_they_were_whatever_they_hold(tmp_path):
    units = "text -> println text.getChars().collect { Integer.toHexString(it as int) }.join(' ')"
    script = tmp_path / "texts.groovy"
    script.write_text(f"def texts = {groovy_literal(list(TEXTS))}\ntexts.each {{ {units} }}\n", encoding="ascii")

    lines = run_groovy(script).split("\n")[: len(TEXTS)]

    read = [b"".join(bytes.fromhex(unit.zfill(4)) for unit in line.split()) for line in lines]
    assert [text.decode("utf-16-be", "surrogatepass") for text in read] == list(TEXTS)


def test_every_script_parses_wherever_it_lies_and_whatever_the_slide_is_called(tmp_path):
    (tmp_path / "parses.groovy").write_text(PARSES)
    folder = tmp_path / 'it\'s $HOME ${1} \\u é "quoted"'
    slide = dataclasses.replace(slide_facts(), name="it's ${here} \\u \n é.svs")
    written = write_for_qupath(a_result(slide=slide), folder / "a b's.geojson")
    given = {"measurements": ["a"], "colours": {"it's": -1}, "measurement": "$", "ramp": [[0], [1], [2]]}
    for name in ("remove_sent", "show_sent"):
        (tmp_path / f"{name}.groovy").write_text(fill_template(name, given))
    scripts = [written.script, written.script_for_all, *tmp_path.glob("*_sent.groovy")]
    scripts += [ROOT / "examples" / "qupath" / "count_objects.groovy"]

    parsed = run_groovy(tmp_path / "parses.groovy", *scripts)

    assert parsed == str(len(scripts)) == "5"
