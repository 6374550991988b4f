"""The page on what other programs read is a contract: real files hold what it says, no more and no less."""

import dataclasses
import json
import re
from xml.etree import ElementTree as ET

import pytest
import tifffile

from msm_mil_core.cli.asking.export_format import ending_of
from msm_mil_core.export.exchange.exchange_format import EXCHANGE_FORMATS
from msm_mil_core.export.exchange.ome_tiff import write_ome_tiff
from msm_mil_core.export.exchange.parquet import METADATA, write_tile_parquet
from msm_mil_core.results.annotations import Annotations, Verdict
from tests.docs.pages import page, rows
from tests.results import LIKE, UNLIKE, a_prediction, a_result, slide_facts

SAID = Annotations(verdicts=(Verdict(stage=0, label="tumour", at="2026-11-22T10:00:00+01:00"),))
PLACES = {"pixel_to_px0", "qupath_to_pixel"}


def documented(column: str, *, required_only: bool = False) -> dict[str, dict[str, str]]:
    found = {row[column].strip("`"): row for row in rows(page("formats/exchange.md")) if column in row}
    return {name: row for name, row in found.items() if not required_only or row["optional"] == "no"}


def in_letters(name: str) -> str:
    """The name of a value as the page writes it, for any stage or class."""
    name = re.sub(r"class \d", "CLASS", name)
    return re.sub(r"(Stage|stage) \d", r"\1 n", name)


def everything_and_least():
    full = a_result(prediction=a_prediction(30), tissue=UNLIKE)
    full = dataclasses.replace(full, options={"encoder": "drawn"})
    record = {"evaluation": {"test": {"auc": 1.0}}}
    bare = slide_facts(mpp=None)
    least = a_result(prediction=a_prediction(30, evidence=False), slide=bare, tissue=LIKE, record=record)
    return full, least


def test_the_table_of_formats_is_that_of_the_command():
    formats = documented("`--to`")

    assert set(formats) == {*EXCHANGE_FORMATS, "png"}
    for name, row in formats.items():
        assert f"`NAME{ending_of(name)}`" in row["file"]


def test_parquet_holds_the_columns_and_facts_of_the_page(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra: tables")
    full, least = everything_and_least()

    write_tile_parquet(full, tmp_path / "full.parquet", SAID)
    write_tile_parquet(least, tmp_path / "least.parquet")

    everything, needed = (parquet.read_schema(tmp_path / f"{name}.parquet") for name in ("full", "least"))
    kinds = {in_letters(field.name): kind_of(field) for field in everything}
    assert kinds == {name: row["type"] for name, row in documented("column").items()}
    assert {in_letters(name) for name in needed.names} == set(documented("column", required_only=True))
    facts = {in_letters(name) for name in json.loads(everything.metadata[METADATA])}
    assert facts == set(documented("fact"))
    assert set(documented("fact", required_only=True)) <= {
        in_letters(name) for name in json.loads(needed.metadata[METADATA])
    }


def test_ome_tiff_holds_the_facts_of_the_page(tmp_path):
    full, _ = everything_and_least()

    write_ome_tiff(full, tmp_path / "full.ome.tif")

    with tifffile.TiffFile(tmp_path / "full.ome.tif") as file:
        ome = ET.fromstring(file.ome_metadata)
    keys = {in_letters(item.get("K")) for item in ome.iterfind(".//{*}MapAnnotation//{*}M")}
    assert keys == set(documented("fact")) | PLACES
    text = page("formats/exchange.md")
    attributes = {*ome.find(".//{*}Pixels").attrib, *ome.find(".//{*}Plane").attrib}
    assert {name for name in attributes if name.startswith(("PhysicalSize", "Position"))} == {
        f"{what}{axis}{unit}" for what in ("PhysicalSize", "Position") for axis in "XY" for unit in ("", "Unit")
    }
    assert all(f"`{name}`" in text for name in ("PhysicalSizeX", "PhysicalSizeY", "PositionX", "PositionY", *PLACES))


def kind_of(field) -> str:
    """The type of a column as the page writes it."""
    kind = str(field.type)
    return "text" if kind.startswith("dictionary") else kind
