"""The names of what an export for QuPath writes beside its GeoJSON."""

from pathlib import Path

IMPORT_ALL = "import-all.groovy"
"""The script that imports every export of its folder."""
_SUFFIXES = (".geojson.gz", ".geojson", ".gz")


def import_script_beside(geojson: Path) -> Path:
    """Return where the script goes that imports a GeoJSON file."""
    return geojson.with_name(f"{_stem(geojson)}.import.groovy")


def provenance_beside(geojson: Path) -> Path:
    """Return where it is written what a GeoJSON file was made from."""
    return geojson.with_name(f"{_stem(geojson)}.provenance.json")


def _stem(geojson: Path) -> str:
    name = geojson.name
    ending = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix) and len(name) > len(suffix)), "")
    return name[: len(name) - len(ending)]
