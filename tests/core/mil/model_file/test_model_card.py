"""A model in words: five lines for people, and everything that is recorded, in no programming language."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.model_file.model_card import full_card, short_card
from msm_mil_core.mil.trust.held_out import held_out_of
from tests.models import a_checkpoint

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_the_short_card_is_five_lines():
    model = load_checkpoint(default_checkpoint_path())

    says, data, held_out, limits, needs = short_card(model)

    assert says == "Says: adenocarcinoma, both, none or squamous."
    assert data.startswith("Trained on: Artificial mosaics of eight photographs of H&E-stained lung")
    assert held_out == f"Held out: {held_out_of(model.record)}"
    assert "patients" not in held_out  # whose the photographs are is not told
    assert "not a diagnostic model" in limits
    assert needs == f"Needs: efficientnet-lite0, tiles of {model.side_px} px at {model.mpp:.3g} µm per pixel."


@pytest.mark.parametrize(
    ("classes", "said"),
    [(("tumour",), "tumour"), (("no", "yes"), "no or yes"), (("a", "b", "c"), "a, b or c")],
)
def test_the_answers_are_listed_as_people_do(classes, said):
    assert short_card(replace(a_checkpoint(), classes=classes))[0] == f"Says: {said}."


def test_the_full_card_has_everything_in_words():
    model = load_checkpoint(default_checkpoint_path())

    card = "\n".join(full_card(model))

    test = model.record["split"]["test"]
    assert f"test (bags {test['bags']}, photographs {test['photographs']})" in card
    assert "balance yes" in card
    assert not {"{", "None", "True"} & set(card.replace("{", " { ").split())


@given(data=ANYTHING, limits=ANYTHING, other=ANYTHING)
def test_any_record_gives_a_card(data, limits, other):
    checkpoint = a_checkpoint(record={"data": data, "limits": limits, "other": other})

    assert all("\n" not in line for line in short_card(checkpoint))
    assert len(short_card(checkpoint)) == 5
    assert any(line.startswith("Other: ") for line in full_card(checkpoint))
