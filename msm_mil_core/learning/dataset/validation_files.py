"""Validation of feature files, one by one and compared with each other."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msm_mil_core.bags.encoder_names import identity_of
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.labels import LabelTable
from msm_mil_core.learning.dataset.origin import Origin, same_scale

FactsBySlide = Mapping[str, "FileFacts"]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one feature file holds, read once."""

    path: Path
    flaw: FeatureFileError | None = None
    """Why it cannot be read; nothing else is known then."""
    tiles: int = 0
    features: int = 0
    encoder: str | None = None
    encoder_sha256: str = ""
    side_px: int | None = None
    """Side of the tiles as the encoder got them; None where it is not stated."""
    mpp: float | None = None
    """Micrometres per pixel of the tiles; None where it is not stated."""
    place_flaw: str = ""
    """What is wrong with the places and sizes of tiles that it states."""
    nonfinite_tiles: int = 0
    """Those with a feature that is NaN or infinite."""
    digest: str = ""
    """Of the features: two files with the same one hold the same."""


def read_facts(path: Path) -> FileFacts:
    """Read a feature file from start to end, a few thousand tiles at once."""
    digest, nonfinite = hashlib.sha256(), 0
    try:
        table = open_table(path)
        for rows in table.blocks():
            nonfinite += int((~np.isfinite(rows).all(1)).sum())
            digest.update(np.ascontiguousarray(rows).data)
    except FeatureFileError as exc:
        return FileFacts(path, exc)
    return FileFacts(
        path=path,
        tiles=table.tiles,
        features=table.features,
        encoder=table.encoder,
        encoder_sha256=table.encoder_sha256,
        side_px=table.side_px,
        mpp=table.mpp,
        place_flaw=table.place_flaw,
        nonfinite_tiles=nonfinite,
        digest=f"{table.features} {digest.hexdigest()}",
    )


def check_files(facts: FactsBySlide, labels: LabelTable, told: Origin) -> Iterator[Finding]:
    """Report problems with the files of slides; `told` is what a user says of the tiles of all of them."""
    for slide, one in facts.items():
        if one.flaw is not None:
            yield Finding.of_error(one.flaw, slide)
    readable = {slide: one for slide, one in facts.items() if one.flaw is None}
    yield from _empty(readable)
    yield from _nonfinite(readable)
    filled = {slide: one for slide, one in readable.items() if one.tiles}
    yield from _lengths(filled)
    if told.encoder is None:
        yield from _encoders(filled)
    yield from _scales(filled)
    yield from _unstated(filled, told)
    yield from _contradicted(filled, told)
    yield from _unplaced(filled)
    yield from _copies(filled, labels)


def _empty(facts: FactsBySlide) -> Iterator[Finding]:
    empty = tuple(slide for slide, one in facts.items() if not one.tiles)
    if empty:
        what = f"The feature files of {listed(empty)} have no tiles."
        yield Finding(what, "Encode these slides again, or take them out of the table.", empty)


def _nonfinite(facts: FactsBySlide) -> Iterator[Finding]:
    nonfinite = tuple(slide for slide, one in facts.items() if one.nonfinite_tiles)
    if nonfinite:
        tiles = sum(facts[slide].nonfinite_tiles for slide in nonfinite)
        what = f"In {listed(nonfinite)}, {tiles} tiles have features that are not finite (NaN or infinite)."
        yield Finding(what, "Encode these slides again, in full precision.", nonfinite)


def _lengths(facts: FactsBySlide) -> Iterator[Finding]:
    other, lengths = _others(facts, lambda one: str(one.features))
    if other:
        what = f"Feature vectors differ in length: {lengths}. Other than most: {listed(other)}."
        yield Finding(what, "Encode all slides with one encoder.", other)


def _encoders(facts: FactsBySlide) -> Iterator[Finding]:
    named = {slide: one for slide, one in facts.items() if one.encoder or one.encoder_sha256}
    hashes = {one.encoder_sha256 for one in named.values()}
    if len(hashes) == 1 and hashes != {""}:
        return  # the same weights, whatever they are called
    first = {identity_of(str(one.encoder)): one.encoder for one in reversed(named.values())}  # of names of one encoder
    other, names = _others(
        named, lambda one: f"{first[identity_of(str(one.encoder))]} {one.encoder_sha256[:12]}".strip()
    )
    if other:
        what = f"The features are of different encoders: {names}. Other than most: {listed(other)}."
        next_step = "Encode all slides with one; or, if these are names of one, say so with --encoder."
        yield Finding(what, next_step, other)


def _scales(facts: FactsBySlide) -> Iterator[Finding]:
    sized = {slide: one for slide, one in facts.items() if one.side_px is not None}
    on_glass = all(one.mpp is not None for one in sized.values())
    other, scales = _others(sized, lambda one: f"{one.side_px} px" + (f" at {one.mpp:.2g} µm" if on_glass else ""))
    if other:
        what = f"The tiles are of different sizes{' on the glass' if on_glass else ''}: {scales}."
        next_step = "Encode all slides with one tile side and mpp, or train with the --side-px and --mpp to be used."
        yield Finding(f"{what} Other than most: {listed(other)}.", next_step, other, fatal=False)


def _unstated(facts: FactsBySlide, told: Origin) -> Iterator[Finding]:
    """Report what training asks for, because some files do not state it."""
    unstated = {
        "--encoder": [slide for slide, one in facts.items() if not (one.encoder or told.encoder)],
        "--side-px": [slide for slide, one in facts.items() if not (one.side_px or told.side_px)],
        "--mpp": [slide for slide, one in facts.items() if not (one.mpp or told.mpp)],
    }
    lacking = {option: slides for option, slides in unstated.items() if slides}
    if lacking:
        how_many = ", ".join(f"{len(its)} of {len(facts)} lack the {option[2:]}" for option, its in lacking.items())
        what = f"The files do not all state how their tiles were made: {how_many}."
        slides = tuple(dict.fromkeys(slide for slides in lacking.values() for slide in slides))
        yield Finding(what, f"Training asks for it: give {' and '.join(lacking)}.", slides, fatal=False)


def _contradicted(facts: FactsBySlide, told: Origin) -> Iterator[Finding]:
    """Report files that state something else than the user, who is believed."""
    sides = tuple(slide for slide, one in facts.items() if told.side_px and one.side_px not in {None, told.side_px})
    mpps = tuple(slide for slide, one in facts.items() if told.mpp and one.mpp and not same_scale(one.mpp, told.mpp))
    for slides, option, stated in ((sides, f"--side-px {told.side_px}", "side_px"), (mpps, f"--mpp {told.mpp}", "mpp")):
        if slides:
            values = listed(sorted({f"{getattr(facts[slide], stated):g}" for slide in slides}))
            what = f"The files of {listed(slides)} state {values}, not {option}."
            yield Finding(
                what, f"The model gets {option}: leave it out unless the files are wrong.", slides, fatal=False
            )


def _unplaced(facts: FactsBySlide) -> Iterator[Finding]:
    flawed = tuple(slide for slide, one in facts.items() if one.place_flaw)
    if flawed:
        what = f"The tiles of {listed(flawed)} cannot be placed on a slide: {facts[flawed[0]].place_flaw}"
        yield Finding(what, "Training needs no places.", flawed, fatal=False)


def _copies(facts: FactsBySlide, labels: LabelTable) -> Iterator[Finding]:
    patients = dict(zip(labels.slides, labels.patients, strict=True))
    by_digest: dict[str, list[str]] = {}
    for slide, one in facts.items():
        by_digest.setdefault(one.digest, []).append(slide)
    for slides in by_digest.values():
        if len({facts[slide].path for slide in slides}) > 1:
            what = f"{listed(slides)} have identical features: copies of one slide."
            of_one = len({patients[slide] for slide in slides}) == 1
            next_step = "Keep one of them." if of_one else "Keep one of them: a split may put a copy into each part."
            yield Finding(what, next_step, tuple(slides), fatal=False)


def _others(facts: FactsBySlide, kind: Callable[[FileFacts], str]) -> tuple[tuple[str, ...], str]:
    """Return the slides that are not of the most common kind, and how many there are of each."""
    counts = Counter(kind(one) for one in facts.values()).most_common()
    others = tuple(slide for slide, one in facts.items() if kind(one) != counts[0][0])  # none if there are no slides
    return others, ", ".join(f"{name} ({count})" for name, count in counts)
