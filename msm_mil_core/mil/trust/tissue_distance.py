"""How far a slide's tissue lies from what its model learnt from, and whether that is too far for an answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TissueDistance:
    """The distance of a bag's median tile from the training tiles, beside the distances of held-out bags."""

    value: float
    """0 or more, in standard deviations of the training tiles; about 1 for those tiles themselves."""
    nearer: float
    """Share of the model's held-out bags that are nearer, 0 to 1."""
    limit: float
    """Tissue that is further away than this is unlike what the model learnt."""

    @property
    def unlike(self) -> bool:
        """Whether the tissue is unlike what the model learnt: in the words of the field, out of distribution."""
        return self.value > self.limit

    @property
    def warning(self) -> str:
        """A sentence for whoever reads the answer; empty if the tissue is like what the model learnt."""
        if not self.unlike:
            return ""
        return (
            f"Tissue unlike what the model learnt (further away than {100 * self.nearer:.0f} % of its held-out bags): "
            "the answer means nothing."
        )
