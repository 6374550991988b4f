"""The names that programs have for one encoder: uni_v1, mahmood-uni and zoo:uni are the same."""

import re
from pathlib import Path

MAKERS = {"bioptimus", "histai", "kaiko", "mahmood", "mahmoodlab", "owkin", "paige", "paigeai", "prov", "timm"}
"""Words in front of a name that say who made the encoder."""
OTHER_NAMES = {
    "uni1": "uni",
    "uni2h": "uni2",
    "conch1": "conch",
    "virchow1": "virchow",
    "phikon1": "phikon",
    "midnight12k": "midnight",
    "efficientnetlite0": "efficientnetlite0",
}
"""Names of one encoder without their marks, and the one that stands for them."""


TRIDENTS_FOLDER = "features_"
"""What TRIDENT's folders of features begin with; what follows is the encoder, which it states nowhere else."""


def encoder_of_folder(path: Path) -> str | None:
    """Return the encoder by which TRIDENT names the folder of a file of features; None if it is no such folder."""
    name = path.absolute().parent.name
    return name.removeprefix(TRIDENTS_FOLDER) or None if name.startswith(TRIDENTS_FOLDER) else None


def same_encoder(one: str, other: str) -> bool:
    """Return whether two names are of one encoder, as far as names tell."""
    return plain_name(one) == plain_name(other)


def plain_name(name: str) -> str:
    """Return a name without its maker, and without marks and the v of versions: "conch_v15" as "conch15"."""
    last = name.lower().rpartition("/")[2].rpartition(":")[2]
    words = [word for word in re.split(r"[^a-z0-9]+", last) if word]
    while len(words) > 1 and words[0] in MAKERS:
        words = words[1:]
    plain = "".join(re.sub(r"^v(?=\d)", "", word) for word in words)
    plain = re.sub(r"(?<=[a-z])v(?=\d+$)", "", plain)
    return OTHER_NAMES.get(plain, plain)
