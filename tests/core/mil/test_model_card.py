"""A model in words: five lines for people, and everything that is recorded, in no programming language."""

from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.mil.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.model_card import full_card, short_card
from tests.models import a_checkpoint

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_the_short_card_is_five_lines():
    card = short_card(load_checkpoint(default_checkpoint_path()))

    assert card == (
        "Says: Normal or OSCC.",
        "Trained on: Photographs at 400x of H&E-stained oral mucosa, shrunk by others to 224 x 224 px (CC0).",
        "Held out: AUC 0.67 (95 % interval 0.42 to 0.87; 0.5 is guessing) on 135 held-out bags of 9 patients.",
        "Limits: Trained on 224-px photographs of oral mucosa; a demonstration, not a diagnostic model.",
        "Needs: efficientnet-lite0, tiles of 80 px at 0.66 µm per pixel.",
    )


def test_the_full_card_has_everything_in_words():
    card = "\n".join(full_card(load_checkpoint(default_checkpoint_path())))

    assert "Split: test (bags 135, patients 9), train (bags 2002, patients 1628), val (bags 136, patients 9)" in card
    assert "balance yes" in card
    assert not {"{", "None", "True"} & set(card.replace("{", " { ").split())


@given(data=ANYTHING, limits=ANYTHING, other=ANYTHING)
def test_any_record_gives_a_card(data, limits, other):
    checkpoint = a_checkpoint(record={"data": data, "limits": limits, "other": other})

    assert all("\n" not in line for line in short_card(checkpoint))
    assert len(short_card(checkpoint)) == 5
    assert any(line.startswith("Other: ") for line in full_card(checkpoint))
