"""The page on architecture is true: its files exist, its rooms are all rooms, its contracts are the checked ones."""

import re
import tomllib

import pytest

from tests.docs.pages import DOCS, ROOT, page, rows

NAMED = re.compile(r"`((?:msm_mil_core|napari_msm_mil|examples|tests)/[\w./-]*)`")


@pytest.mark.parametrize(
    "name", sorted({path for file in DOCS.glob("*.md") for path in NAMED.findall(file.read_text())})
)
def test_every_file_that_the_documentation_names_exists(name):
    assert (ROOT / name).exists()


def test_questions_are_answered_and_each_answer_names_a_place():
    answers = [row["where"] for row in rows(page("architecture.md")) if "where" in row]

    assert len(answers) >= 10
    assert all(NAMED.search(answer) for answer in answers)


def test_every_room_has_its_sentence():
    described = {row["room"].strip("`") for row in rows(page("architecture.md")) if "room" in row}

    packages = (ROOT / "msm_mil_core", ROOT / "napari_msm_mil")
    rooms = {f"{init.parent.relative_to(ROOT)}/" for package in packages for init in package.glob("*/__init__.py")}
    assert described == rooms


def test_the_contracts_are_those_that_are_checked():
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [contract for contract in checked if contract["type"] == "layers"]

    text = page("architecture.md")
    assert layers
    for contract in layers:
        assert f"{contract['containers'][0]}:\n    {' / '.join(contract['layers'])}\n" in text
