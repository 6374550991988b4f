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
OF_ANY_WEIGHTS = {"dinovitsmallp16", "dinovitsmallp8", "efficientnetlite0", "resnet50"}
"""Plain names of networks that say nothing of their weights: these are one encoder only where the names are alike."""

_IN_A_NAME = re.compile(
    r"[._ -]("
    r"uni(?:[_-]?v?[12])?(?:-h)?|conch(?:[_-]?v?1(?:[._]?5)?)?|virchow[_-]?v?2?|phikon(?:[_-]?v2)?|(?:prov-)?gigapath"
    r"|h-?optimus-?[01]|h0-mini|ctranspath|musk|midnight(?:12k)?|hibou[_-][bl]|gpfm|resnet(?:18|34|50|101)"
    r"|efficientnet[_-]lite0"
    r")(?:[._ -](?:(?:tile|patch)_)?(?:features?|feats?|embeddings?|patch(?:es)?|tiles?|bags?|\d+(?:x|px|um)?))*",
    re.IGNORECASE,
)
"""An encoder at the end of the name of a file, before words that say what it holds."""


def encoder_of_path(path: Path) -> str | None:
    """Return the encoder that a file of features does not state, by its folder or else its name; None if none does."""
    return encoder_of_folder(path) or encoder_of_name(path.stem)


def encoder_of_name(stem: str) -> str | None:
    """Return the encoder that people append to the name of a slide: "conch_v15" for "slide_conch_v15_features"."""
    ends = (found for start in range(len(stem)) if (found := _IN_A_NAME.fullmatch(stem, start)))
    return next((found[1] for found in ends), None)


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


def identity_of(name: str) -> str:
    """Return what alone is alike in all names of one encoder: its plain name if that tells its weights, else itself."""
    plain = plain_name(name)
    tells = plain not in OF_ANY_WEIGHTS and any(same_encoder(name, encoder) for encoder in TRIDENTS_ENCODERS)
    return plain if tells else name


def plain_name(name: str) -> str:
    """Return a name without its maker, and without marks and the v of versions: "conch_v15" as "conch15"."""
    last = _STAMPED.sub("", name.lower().rpartition("/")[2].rpartition(":")[2])
    words = [word for word in re.split(r"[^a-z0-9]+", last) if word]
    while len(words) > 1 and words[0] in MAKERS:
        words = words[1:]
    plain = "".join(re.sub(r"^v(?=\d)", "", word) for word in words)
    plain = re.sub(r"(?<=[a-z])v(?=\d+$)", "", plain)
    return OTHER_NAMES.get(plain, plain)
