"""What each stage is for, in the words that stand beside its name."""

from collections.abc import Sequence
from dataclasses import dataclass

from msm_mil_core.explain.stage_role import StageRole


@dataclass(frozen=True, slots=True)
class RoleWords:
    """Texts for each stage; none of any stage while they are not known, or where none can be given."""

    kinds: tuple[str, ...] = ()
    """In one word, where there is little room: "for", "against", "context"; empty where it cannot be told."""
    roles: tuple[str, ...] = ()
    """In a word or two: "for adenocarcinoma", "context"."""
    marks: tuple[str, ...] = ()
    """What else a reader must know; mostly empty."""
    sentences: tuple[str, ...] = ()
    why_not: str = ""
    """Why no role can be given."""

    def kind(self, stage: int) -> str:
        """Return the role of a stage in one word; empty where it is not known."""
        return self.kinds[stage] if self.kinds else ""

    def role(self, stage: int) -> str:
        """Return the role of a stage; empty where it is not known."""
        return self.roles[stage] if self.roles else ""

    def label(self, stage: int) -> str:
        """Return the role of a stage and its mark."""
        return " · ".join(filter(None, (self.roles[stage], self.marks[stage]))) if self.roles else ""

    def sentence(self, stage: int) -> str:
        """Return what a stage is for in a sentence, or why it cannot be told; empty where it is not known."""
        return self.sentences[stage] if self.sentences else self.why_not


def role_words(roles: Sequence[StageRole], class_name: str) -> RoleWords:
    """Put the roles of all stages for a class into words."""
    return RoleWords(
        kinds=tuple(each.kind or "" for each in roles),
        roles=tuple(each.short(class_name) for each in roles),
        marks=tuple(", ".join(each.marks) for each in roles),
        sentences=tuple(each.sentence(class_name) for each in roles),
    )
