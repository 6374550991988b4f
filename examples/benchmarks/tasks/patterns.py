"""Bags of colorectal tissue tiles whose label depends on several patterns at once; what every tile is, is known.

Kather J.N. et al., Multi-class texture analysis in colorectal cancer histology, Sci. Rep. 2016: 5,000 tiles of eight
tissue classes, here as 49 hand-crafted features a tile.
"""

from pathlib import Path

import numpy as np

from examples.benchmarks.tasks.task import Numbers, Split, Task, Truth

NAMES = ("tumour", "stroma", "complex stroma", "lymphocytes", "debris", "mucosa", "adipose", "background")
PATTERNS = (0, 2, 3)
"""Tumour, complex stroma and lymphocytes make the labels."""
OTHERS = (4, 5, 6, 7)
TILES = 60
FEWEST, MOST = 2, 5
"""How many tiles of a pattern a bag holds, if it holds the pattern."""
SIZES = (240, 80, 200)
"""Bags to learn from, to choose the epoch, to judge."""
RULES = ("any", "all", "two-of-three", "both", "one-of-each")


def read_patterns(data: Path, rule: str, repeat: int) -> Task:
    """Draw bags of a rule.

    Any pattern; all three; at least two of three; both of two against one of them; and the same with as many tiles of
    evidence on either side, that is one of each against two of one.

    Tiles are parted first, so that no tile is in two parts of a split; each repeat parts and draws anew.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    if rule not in RULES:
        raise ValueError(f"There is no rule {rule!r}; there are {', '.join(RULES)}.")
    with np.load(data / "tiles" / "kather2016_features.npz") as file:
        features, kinds = file["features"].astype(np.float32), file["label"].astype(np.int64)
    rng = np.random.default_rng((repeat, RULES.index(rule)))
    part_of = rng.permutation(len(kinds)) % 5  # three fifths of the tiles to learn from, one to choose, one to judge
    drawn = [
        _bag(rule, label=index % 2, tiles=_by_kind(kinds, part_of, part), rng=rng)
        for part, size in enumerate(SIZES)
        for index in range(size)
    ]
    count = len(drawn)
    return Task(
        name=f"patterns-{rule}",
        bags=tuple(features[bag] for bag in drawn),
        labels=np.concatenate([np.arange(size) % 2 for size in SIZES]),
        groups=tuple(f"bag {index} of repeat {repeat}" for index in range(count)),
        folds=(Split(*np.split(np.arange(count), np.cumsum(SIZES)[:-1])),),
        truth=Truth(tuple(kinds[bag] for bag in drawn), NAMES, ((), PATTERNS)),
    )


def _by_kind(kinds: Numbers, part_of: Numbers, part: int) -> list[Numbers]:
    within = part_of < 3 if part == 0 else part_of == part + 2
    return [np.flatnonzero(within & (kinds == kind)) for kind in range(len(NAMES))]


def _bag(rule: str, *, label: int, tiles: list[Numbers], rng: np.random.Generator) -> Numbers:
    present = _present(rule, label, rng)
    shown = [rng.choice(tiles[kind], rng.integers(FEWEST, MOST + 1), replace=False) for kind in present]
    if rule == "one-of-each" and not label:
        more = rng.integers(FEWEST, MOST + 1)  # as many tiles as where two patterns are present
        shown.append(rng.choice(np.setdiff1d(tiles[present[0]], shown[0]), more, replace=False))
    left = TILES - sum(map(len, shown))
    shown.append(np.array([rng.choice(tiles[kind]) for kind in rng.choice(OTHERS, left)]))
    return rng.permutation(np.concatenate(shown))


def _present(rule: str, label: int, rng: np.random.Generator) -> list[int]:
    if rule in ("both", "one-of-each"):
        return [PATTERNS[0], PATTERNS[2]] if label else [int(rng.choice([PATTERNS[0], PATTERNS[2]]))]
    least, most = {"any": (1, 3), "all": (3, 3), "two-of-three": (2, 3)}[rule]
    if not label:
        least, most = {"any": (0, 0), "all": (1, 2), "two-of-three": (0, 1)}[rule]
    return [int(kind) for kind in rng.choice(PATTERNS, rng.integers(least, most + 1), replace=False)]
