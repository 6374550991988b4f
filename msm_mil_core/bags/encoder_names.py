"""The names that programs have for one encoder: uni_v1, mahmood-uni and zoo:uni are the same."""

import re
from pathlib import Path

MAKERS = {
    *("bioptimus", "histai", "kaiko", "mahmood", "mahmoodlab", "owkin", "paige", "paigeai", "prov", "timm"),
    "xiyuewang",
}
"""Words in front of a name that say who made the encoder."""
_STAMPED = re.compile(r"^stamp-extract-v[\d.]+_|-[0-9a-f]{8}$")
"""What STAMP writes around a name: its version, and a hash of its code or of the weights."""
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
"""What TRIDENT's folders of features begin with; what follows is the encoder, which tensors do not state."""
TRIDENTS_TILES = re.compile(r"[\d.]+x_\d+px_\d+px_overlap")
"""How TRIDENT names the folder above: by magnification, side and overlap of its tiles."""
TRIDENTS_ENCODERS = (
    *("conch_v1", "conch_v15", "ctranspath", "dino_vit_small_p16", "dino_vit_small_p8", "genbio-pathfm", "gigapath"),
    *("gpfm", "h0-mini", "hibou_l", "hoptimus0", "hoptimus1", "kaiko-vitb16", "kaiko-vitb8", "kaiko-vitl14"),
    *("kaiko-vits16", "kaiko-vits8", "keep", "lunit-vits8", "midnight12k", "musk", "openmidnight", "phikon"),
    *("phikon_v2", "resnet50", "uni_v1", "uni_v2", "virchow", "virchow2", "efficientnet-lite0"),
)
"""Encoders by whose names such a folder is told even where it stands alone: "features_train" names none."""


def encoder_of_folder(path: Path) -> str | None:
    """Return the encoder by which TRIDENT names the folder of a file of features; None if it is no such folder."""
    folder = path.absolute().parent
    if not folder.name.startswith(TRIDENTS_FOLDER):
        return None
    named = folder.name.removeprefix(TRIDENTS_FOLDER)
    of_trident = TRIDENTS_TILES.fullmatch(folder.parent.name) is not None
    known = any(same_encoder(named, encoder) for encoder in TRIDENTS_ENCODERS)
    return named if named and (of_trident or known) else None


def same_encoder(one: str, other: str) -> bool:
    """Return whether two names are of one encoder, as far as names tell."""
    return plain_name(one) == plain_name(other)


def plain_name(name: str) -> str:
    """Return a name without its maker, and without marks and the v of versions: "conch_v15" as "conch15"."""
    last = _STAMPED.sub("", name.lower().rpartition("/")[2].rpartition(":")[2])
    words = [word for word in re.split(r"[^a-z0-9]+", last) if word]
    while len(words) > 1 and words[0] in MAKERS:
        words = words[1:]
    plain = "".join(re.sub(r"^v(?=\d)", "", word) for word in words)
    plain = re.sub(r"(?<=[a-z])v(?=\d+$)", "", plain)
    return OTHER_NAMES.get(plain, plain)
