"""What each command of msm-mil leaves behind: files, words on its standard output, and its exit codes."""

from dataclasses import dataclass

from msm_mil_core.cli.exit_codes import ENDED, FAILED, LEFT, STOPPED, WRONG_USE

ALWAYS = (0, WRONG_USE, STOPPED, ENDED)


@dataclass(frozen=True, slots=True)
class CommandOutputs:
    """What a command leaves behind; names in capitals stand for what was typed."""

    prints: str
    """What is on the standard output; messages and progress are on the standard error."""
    writes: tuple[str, ...] = ()
    """Files, with {slide}, {result} and {bag} for the names of what they are made of, without their suffix."""
    exit_codes: tuple[int, ...] = (0, FAILED, WRONG_USE, STOPPED, ENDED)


COMMAND_OUTPUTS = {
    "run": CommandOutputs(
        "a table; with --json one line of JSON a slide",
        (
            "OUT/{slide}.msm.h5, the result",
            "of several slides: OUT/runs.csv, a row a slide as it is done, and OUT/index.html",
        ),
        (0, FAILED, WRONG_USE, LEFT, STOPPED, ENDED),
    ),
    "status": CommandOutputs(
        "a table; with --json one line of JSON",
        ("with --index: FOLDER/index.html", "with --parquet: the file that it names"),
        (0, FAILED, WRONG_USE, LEFT, STOPPED, ENDED),
    ),
    "retry": CommandOutputs(
        "a table; with --json one line of JSON a slide",
        ("FOLDER/{slide}.msm.h5, FOLDER/runs.csv and FOLDER/index.html",),
        (0, FAILED, WRONG_USE, LEFT, STOPPED, ENDED),
    ),
    "view": CommandOutputs("nothing; the window of napari opens"),
    "encode": CommandOutputs("a line a bag", ("OUT/{bag}.h5, the features",)),
    "encoders": CommandOutputs("a table", (), ALWAYS),
    "export": CommandOutputs(
        "a line a file",
        (
            "OUT/{result}.geojson (with .gz, of many tiles), OUT/{result}.csv or OUT/{result}.png",
            "for QuPath: scripts that import the GeoJSON and a JSON file on its run, beside it",
            "for other programs: OUT/{result}.parquet, .ome.tif, .h5ad, .spatialdata.zarr or .pm.dcm",
            "of a result with verdicts, as CSV: OUT/{result}.verdicts.csv",
        ),
    ),
    "send": CommandOutputs("a line; the result is in QuPath"),
    "compare": CommandOutputs("tables; with --json one line of JSON a result", ("with --csv: the file that it names",)),
    "explain": CommandOutputs("tables; with --json one line of JSON a result"),
    "whatif": CommandOutputs(
        "a table; with --json one line of JSON", ("with --name: the question is added to the result file",), ALWAYS
    ),
    "report": CommandOutputs("a line a file", ("OUT/{result}.report.html; with --pdf OUT/{result}.report.pdf",)),
    "check": CommandOutputs("what is wrong with bags and labels, and what to do about it", (), ALWAYS),
    "train": CommandOutputs(
        "tables",
        (
            "OUT, the model",
            "OUT with the suffix .run: options, split, curves and state",
            "with --folds or --seeds: OUT with .fold1.seed0 and so on before its suffix, and OUT.folds.json",
        ),
        ALWAYS,
    ),
    "evaluate": CommandOutputs("tables", ("with --json and --figure: the files that they name",), ALWAYS),
    "models": CommandOutputs("a table", (), ALWAYS),
    "import-model": CommandOutputs("what the model is", ("OUT, or {weights}.safetensors beside the weights",), ALWAYS),
    "describe": CommandOutputs("a table; with --json one JSON document", (), ALWAYS),
    "doctor": CommandOutputs("a table"),
    "demo": CommandOutputs(
        "tables", ("OUT/{slide}.msm.h5, OUT/{slide}.png, OUT/{slide}.geojson and OUT/{slide}.report.html",)
    ),
}
