"""What a result can be exported to from the window, and the list from which it is chosen."""

from dataclasses import dataclass

from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.exchange_format import ENDINGS, require_extra
from msm_mil_core.export.exchange.map_options import MapOptions
from napari_msm_mil.widgets.controls import NamedBox


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format: what it is for, and what is in it."""

    to: str
    """As `msm-mil export --to` calls it."""
    title: str
    says: str
    filter: str
    """For the dialog that asks for a name."""
    ending: str
    also: tuple[str, ...] = ()
    """What the names of its files may end in besides."""
    has_maps: bool = False
    """Whether `MapOptions` choose what is in it."""

    def is_named(self, path: str) -> bool:
        """Return whether a file is named as those of this format are."""
        return path.lower().endswith((self.ending, *self.also))

    @property
    def problem(self) -> str:
        """What must be installed first; empty if it can be written."""
        try:
            require_extra(self.to)
        except OutputError as exc:
            return str(exc)
        return ""


@dataclass(frozen=True, slots=True)
class ExchangeChoice:
    """A format of another program than QuPath's GeoJSON, and which maps go there."""

    to: str
    maps: MapOptions


FORMATS = (
    ExportFormat(
        "geojson",
        "QuPath: tiles as objects (GeoJSON)",
        "Three levels of detail: tiles for QuPath's measurement maps, top tiles as a gallery, outlines of hot spots. "
        "Scripts that import the file are written beside it.",
        "GeoJSON (*.geojson *.geojson.gz)",
        ".geojson",
        also=(".geojson.gz", ".json", ".json.gz"),
    ),
    ExportFormat(
        "ome-tiff",
        "QuPath, Fiji, napari: maps as an image (OME-TIFF)",
        "The maps over the whole slide, a channel each, with pixel size, names and colours.",
        "OME-TIFF (*.ome.tif)",
        ENDINGS["ome-tiff"],
        also=(".ome.tiff",),
        has_maps=True,
    ),
    ExportFormat("png", "Figure with scale bar (PNG)", "The slide and its maps on one page.", "PNG (*.png)", ".png"),
    ExportFormat("csv", "Table of tiles (CSV)", "One row a tile, for spreadsheets.", "Tables (*.csv)", ".csv"),
    ExportFormat(
        "parquet",
        "Table of tiles (Parquet)",
        "One row a tile, for pandas, polars, R and DuckDB.",
        "Parquet (*.parquet)",
        ENDINGS["parquet"],
    ),
    ExportFormat(
        "h5ad",
        "Table of tiles (AnnData)",
        "One observation a tile, for scanpy and squidpy.",
        "AnnData (*.h5ad)",
        ENDINGS["h5ad"],
    ),
    ExportFormat(
        "spatialdata",
        "Tiles, table and maps (SpatialData)",
        "A folder for the spatial tools of the scverse.",
        "SpatialData (*.zarr)",
        ENDINGS["spatialdata"],
        also=(".zarr",),
        has_maps=True,
    ),
    ExportFormat(
        "dicom",
        "Maps as a DICOM Parametric Map",
        "The maps in the study of a DICOM slide, for archives and viewers. Needs the slide.",
        "DICOM (*.dcm)",
        ENDINGS["dicom"],
        also=(".dcm",),
        has_maps=True,
    ),
)


class FormatBox(NamedBox):
    """A list of all formats; QuPath's comes first."""

    def __init__(self) -> None:
        super().__init__("export_format", "Export for", [each.title for each in FORMATS], letters=40)

    @property
    def format(self) -> ExportFormat:
        """What is chosen."""
        return FORMATS[self.currentIndex()]

    def choose(self, to: str) -> None:
        """Choose a format by its name; one that is unknown leaves QuPath's."""
        names = [each.to for each in FORMATS]
        self.setCurrentIndex(names.index(to) if to in names else 0)
