"""How the stages of a result are shown: what the user requested, and what is shown for a while instead of it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import TypeAlias

from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.heatmap import Contrast

CLAIMED = "claimed"
"""Key of the layer that outlines what stages claim."""
SHARED = "shared"
"""Key of the layer that parts the tiles that several stages have found among them."""
EVIDENCE = "evidence"
"""Key of the map of evidence."""

LayerKey: TypeAlias = int | str
"""A stage counted from 0, `CLAIMED`, `SHARED`, or the key of a map beside the stages' own."""
Pair: TypeAlias = tuple[int, int]
"""Two stages, counted from 0."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What the user requested of one stage's map."""

    visible: bool = True
    contrast: Contrast = "rank"
    opacity: float = 0.7
    named: bool = False
    """Whether its name is written on the canvas."""


@dataclass(frozen=True, slots=True)
class Solo:
    """One stage alone."""

    stage: int
    covered: bool = False
    """Whether a map came later and hides it."""


@dataclass(frozen=True, slots=True)
class Blink:
    """Two stages that take turns."""

    pair: Pair
    """The first is shown now."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The canvas is divided into cells."""

    visible: frozenset[LayerKey]
    """Which layers the cells show."""
    titled: bool = False
    """Whether the maps carry the names of their cells."""


@dataclass(frozen=True, slots=True)
class StageDisplay:
    """How a result is shown; every method returns the display after one change.

    What the user requested is never overwritten by what passes: a solo, two stages that blink, cells side by side, or
    another map that covers the stages as long as it exists, for colours on colours cannot be read.
    """

    stages: tuple[StageSettings, ...]
    shared_scale: bool = False
    """Whether the colours of all stages stand for the same values."""
    top_percent: float = 100
    """How much of each stage's map is shown, from the top, where maps lie over each other."""
    lone_percent: float = 100
    """The same where each map has the canvas, or a cell of it, to itself."""
    claimed: bool = True
    """Whether claimed tiles are outlined."""
    striped: bool = True
    """Whether top tiles that several stages share have a stripe in the colour of each."""
    solo: Solo | None = None
    temporary: Blink | SideBySide | None = None
    """What ends by itself; solo or everything is shown again after it."""
    maps: frozenset[str] = frozenset()
    """The other maps that exist; they cover the stages."""
    hidden_maps: frozenset[str] = frozenset()
    """Those of them that the user has hidden."""
    uncovered: frozenset[int] = frozenset()
    """Stages that the user has shown over the other maps."""
    missing: frozenset[LayerKey] = frozenset()
    """Stages, or the outlines, whose layer the user has removed."""

    @property
    def alone(self) -> int | None:
        """The stage that is shown alone at the moment."""
        match self.temporary:
            case Blink((stage, _)):
                return stage
            case SideBySide():
                return None
        return None if self.solo is None or self.solo.covered else self.solo.stage

    @property
    def blink(self) -> Pair | None:
        """The stages that take turns."""
        return self.temporary.pair if isinstance(self.temporary, Blink) else None

    @property
    def side_by_side(self) -> bool:
        """Whether the canvas is divided into cells."""
        return isinstance(self.temporary, SideBySide)

    @property
    def shown_percent(self) -> float:
        """How much of each stage's map is shown at the moment, from the top."""
        return self.top_percent if self.alone is None and not self.side_by_side else self.lone_percent

    @property
    def present(self) -> frozenset[int]:
        """The stages that have a layer."""
        return frozenset(range(len(self.stages))) - self.missing

    @property
    def claimed_shown(self) -> bool | None:
        """Whether claimed tiles are outlined; None if the user has removed the outlines."""
        return None if CLAIMED in self.missing else self.claimed

    def contrast_setting(self, stage: int) -> ContrastSetting:
        """Return how the values of a stage are spread over its colours."""
        return ContrastSetting(self.stages[stage].contrast, self.shared_scale, self.shown_percent)

    def with_contrast(self, contrast: Contrast, stage: int | None = None) -> StageDisplay:
        """Change the contrast of one stage or of all."""
        return self._with_stages(stage, contrast=contrast)

    def with_opacity(self, opacity: float, stage: int | None = None) -> StageDisplay:
        """Change the opacity of one stage or of all."""
        return self._with_stages(stage, opacity=opacity)

    def with_shared_scale(self, *, shared: bool) -> StageDisplay:
        """Let the colours of all stages stand for the same values, or those of each for its own."""
        return replace(self, shared_scale=shared)

    def with_top_percent(self, percent: float) -> StageDisplay:
        """Show only the top of each stage's map, of lone ones or of those that lie over each other; 100 shows all."""
        if self.alone is None and not self.side_by_side:
            return replace(self, top_percent=percent)
        return replace(self, lone_percent=percent)

    def with_named(self, named: Set[int]) -> StageDisplay:
        """Write the names of these stages on the canvas."""
        settings = enumerate(self.stages)
        return replace(self, stages=tuple(replace(each, named=index in named) for index, each in settings))

    def with_layer_shown(self, key: LayerKey, *, visible: bool) -> StageDisplay:
        """Show or hide one layer, as the user does by hand; of a stage, what is seen then stands, and solo is over."""
        if key in self.missing:
            return self
        if isinstance(self.temporary, SideBySide):
            cells = self.temporary.visible | {key} if visible else self.temporary.visible - {key}
            return replace(self, temporary=replace(self.temporary, visible=cells))
        if isinstance(key, int):
            return self._with_stage_shown(key, visible=visible)
        if key in (CLAIMED, SHARED):
            return replace(self, claimed=visible) if key == CLAIMED else replace(self, striped=visible)
        return replace(self, hidden_maps=self.hidden_maps - {key} if visible else self.hidden_maps | {key})

    def hidden(self) -> StageDisplay:
        """Hide everything, for another result."""
        stages = tuple(replace(each, visible=False) for each in self.stages)
        everything = replace(self, stages=stages, claimed=False, hidden_maps=self.maps, uncovered=frozenset())
        return replace(everything, solo=None, temporary=None)

    def with_solo(self, stage: int | None) -> StageDisplay:
        """Show one stage alone; None shows again what was shown before."""
        if stage in self.missing:
            return self
        return replace(self, solo=None if stage is None else Solo(stage), temporary=None)

    def with_blink(self, pair: Pair | None = None) -> StageDisplay:
        """Let two stages take turns: this pair, else the first two that are shown, else the first two of all."""
        seen = visible_layers(self)
        offered = pair or sorted(range(len(self.stages)), key=lambda stage: stage not in seen)
        found = [stage for stage in offered if stage in self.present]
        return self if len(found) < 2 else replace(self, temporary=Blink((found[0], found[1])))

    def with_next_turn(self) -> StageDisplay:
        """Show the other stage of the two that take turns."""
        return self if self.blink is None else replace(self, temporary=Blink((self.blink[1], self.blink[0])))

    def with_cells(self, visible: Set[LayerKey], *, titled: bool = False) -> StageDisplay:
        """Show just these layers while the canvas is divided into cells."""
        return replace(self, temporary=SideBySide(frozenset(visible), titled))

    def without_temporary(self) -> StageDisplay:
        """Show again what was shown before stages took turns or stood side by side."""
        return replace(self, temporary=None)

    def with_layers(self, existing: Set[LayerKey]) -> StageDisplay:
        """Take into account which layers exist.

        A new map covers the stages; once the last one that is shown is removed they are seen again.
        """
        ours: frozenset[LayerKey] = frozenset((*range(len(self.stages)), CLAIMED, SHARED))
        maps = frozenset(key for key in existing - ours if isinstance(key, str))
        display = replace(self, maps=maps, hidden_maps=self.hidden_maps & maps, missing=ours - existing)
        if maps - self.maps:
            display = display._with_cover(covered=True)
        elif not maps or (self.maps - maps and maps <= display.hidden_maps):
            display = display._with_cover(covered=False)
        return display._without_missing()

    def _with_stages(self, stage: int | None, **changes: Contrast | float) -> StageDisplay:
        settings = (
            replace(each, **changes) if stage in (None, index) else each  # type: ignore[arg-type]
            for index, each in enumerate(self.stages)
        )
        return replace(self, stages=tuple(settings))

    def _with_stage_shown(self, stage: int, *, visible: bool) -> StageDisplay:
        seen = _visible_stages(self) & self.present
        seen = seen | {stage} if visible else seen - {stage}
        covered = {index for index, each in enumerate(self.stages) if each.visible and self.maps} - {stage}
        stages = tuple(replace(each, visible=index in seen | covered) for index, each in enumerate(self.stages))
        uncovered = seen if self.maps else frozenset()
        return replace(self, stages=stages, uncovered=uncovered, solo=None, temporary=None)

    def _with_cover(self, *, covered: bool) -> StageDisplay:
        solo = None if self.solo is None else replace(self.solo, covered=covered)
        temporary = None if covered else self.temporary
        requested = frozenset(index for index, each in enumerate(self.stages) if each.visible)
        uncovered = frozenset() if covered or not self.maps else requested  # over maps that are hidden
        return replace(self, uncovered=uncovered, solo=solo, temporary=temporary)

    def _without_missing(self) -> StageDisplay:
        solo = None if self.solo is not None and self.solo.stage in self.missing else self.solo
        temporary = None if self.blink is not None and self.missing & set(self.blink) else self.temporary
        return replace(self, solo=solo, temporary=temporary)


def visible_layers(display: StageDisplay) -> frozenset[LayerKey]:
    """Return the layers that are visible now."""
    if isinstance(display.temporary, SideBySide):
        return display.temporary.visible - display.missing
    stages = _visible_stages(display) - display.missing
    outlines = {CLAIMED} if display.claimed else set()
    stripes = {SHARED} if display.striped and display.shown_percent < 100 and len(stages) > 1 else set()
    shown: set[LayerKey] = {*outlines, *stripes, *(display.maps - display.hidden_maps), *stages}
    return frozenset(shown) - display.missing


def named_stages(display: StageDisplay) -> frozenset[int]:
    """Return the stages whose names are written on the canvas now."""
    if isinstance(display.temporary, SideBySide):
        return display.present if display.temporary.titled else frozenset()
    if display.alone is not None:
        return frozenset({display.alone})
    return frozenset(index for index, each in enumerate(display.stages) if each.named)


def _visible_stages(display: StageDisplay) -> frozenset[int]:
    if display.alone is not None:
        return frozenset({display.alone})
    if display.maps:
        return display.uncovered
    return frozenset(index for index, each in enumerate(display.stages) if each.visible)
