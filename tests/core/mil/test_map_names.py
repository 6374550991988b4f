"""What is said of stages, said of the maps of classes."""

import pytest

from msm_mil_core.mil.map_names import said_of_maps

CLASSES = ("normal", "LUAD")


@pytest.mark.parametrize(
    ("of_stages", "of_maps"),
    [
        ("Stages", "Maps"),
        ("Show the next stage alone", "Show the next map alone"),
        ("The stage's top tiles, stage by stage.", "The map's top tiles, map by map."),
        ("Each pair of stages", "Each pair of maps"),
        ("staged, backstage", "staged, backstage"),
    ],
)
def test_stages_are_maps_where_classes_have_their_own(of_stages, of_maps):
    assert said_of_maps(of_stages, CLASSES) == of_maps
    assert said_of_maps(of_stages, ()) == of_stages
