"""Maps that several models on one slide make together: who agrees, how far they spread, and each model's own."""

from msm_mil_core.display.tile_map import TileMap
from msm_mil_core.explain.models.model_comparison import ModelComparison

AGREEMENT, SPREAD, DIFFERENCE = "models-agreement", "models-spread", "models-difference"


def models_agreement_map(comparison: ModelComparison) -> TileMap:
    """Show how many models have a tile among their top tiles; nothing where none has."""
    found, count = comparison.agreement.copy(), len(comparison.models)
    found[found == 0] = float("nan")
    return TileMap(
        key=AGREEMENT,
        title=f"Found by how many of {count} models",
        legend=f"How many of {_names(comparison)} have the tile among their top {comparison.top_percent:g} %: the "
        "darker, the more.",
        values=found,
        colours="amount",
        limits=(0.0, float(count)),
    )


def models_spread_map(comparison: ModelComparison) -> TileMap:
    """Show how far a tile's rank spreads over the models."""
    return TileMap(
        key=SPREAD,
        title="Spread over models",
        legend=f"Standard deviation of the tile's rank over {_names(comparison)}: the darker, the less they agree on "
        "it. At most 0.5.",
        values=comparison.spread,
        colours="amount",
        limits=(0.0, 0.5),
    )


def models_difference_map(comparison: ModelComparison) -> TileMap:
    """Show where the first model ranks a tile higher than the second."""
    first, second = comparison.models[:2]
    one, other = first.view.name, second.view.name
    return TileMap(
        key=DIFFERENCE,
        title=f"{one} minus {other} rank",
        legend=f"Rank by {one} minus rank by {other}, over the tiles that both have: orange where {one} ranks the tile "
        f"higher, blue where {other} does.",
        values=first.rank - second.rank,
        colours="signed",
        limits=(-1.0, 1.0),
    )


def model_map(comparison: ModelComparison, index: int) -> TileMap:
    """Show where one of the models looks, by rank, on the tiles of the first."""
    model = comparison.models[index]
    return TileMap(
        key=f"model-{index}",
        title=model.view.name,
        legend=f"Where {model.view.name} looks ({model.looked_at}), by rank: pale to full colour. {model.grid}".strip(),
        values=model.rank,
        colours="stage",
        limits=(0.0, 1.0),
        stage=index,
    )


def _names(comparison: ModelComparison) -> str:
    *others, last = (model.view.name for model in comparison.models)
    return f"{', '.join(others)} and {last}"
