"""How well maps point at known areas, as JSON for programs; stages are counted from 1 as people do."""

from msm_mil_core.explain.localisation import Localisation
from msm_mil_core.export.tables.json_file import Record, number


def localisation_json(found: Localisation) -> Record:
    """Return the AUC of every map for every target as JSON values; null where it is undefined."""
    return {
        "localisation": {
            "tiles": found.tiles,
            "targets": dict(zip(found.targets, found.counts, strict=True)),
            "maps": [
                {
                    "map": score.title,
                    "stage": None if score.stage is None else score.stage + 1,
                    "should_find": found.targets[score.target],
                    "auc": dict(zip(found.targets, map(number, score.aucs), strict=True)),
                }
                for score in found.maps
            ],
        }
    }
