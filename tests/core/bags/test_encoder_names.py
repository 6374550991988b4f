"""One encoder under the names of several programs."""

from pathlib import Path

import pytest

from msm_mil_core.bags.encoder_names import encoder_of_folder, encoder_of_name, identity_of, same_encoder

SAME = [
    ("uni_v1", "zoo:uni", "mahmood-uni", "mahmood-uni-fedcba98", "UNI", "hf-hub:MahmoodLab/UNI"),
    ("uni_v2", "zoo:uni2", "uni2", "mahmood-uni2", "timm:hf-hub:MahmoodLab/UNI2-h"),
    ("conch_v1", "zoo:conch", "mahmood-conch"),
    ("conch_v15", "conch1_5", "zoo:conch_v1.5"),
    ("gigapath", "prov-gigapath"),
    ("virchow2", "virchow-v2", "zoo:virchow2"),
    ("phikon_v2", "zoo:phikonv2"),
    ("efficientnet-lite0", "efficientnet_lite0"),
    ("timm:resnet18", "resnet18"),
    ("ctranspath", "STAMP-extract-v1.0.0_xiyuewang-ctranspath-7c998680", "ctranspath-1a2b3c4d"),
    ("hoptimus0", "h-optimus-0", "bioptimus-h-optimus-0"),
]


@pytest.mark.parametrize("names", SAME)
def test_names_of_one_encoder_are_one(names: tuple[str, ...]):
    assert all(same_encoder(one, other) for one in names for other in names)


def test_names_of_several_encoders_are_not():
    firsts = [names[0] for names in SAME]

    assert [[same_encoder(one, other) for other in firsts] for one in firsts] == [
        [one == other for other in firsts] for one in firsts
    ]
    assert not same_encoder("ctranspath", "chief-ctranspath")


@pytest.mark.parametrize(
    ("folder", "encoder"),
    [
        ("features_uni_v2", "uni_v2"),
        ("20x_256px_0px_overlap/features_our_own", "our_own"),
        ("features_train", None),
        ("features_", None),
        ("features", None),
        ("10x/features_2024", None),
        ("1.25x_512px_64px_overlap/features_conch_v15", "conch_v15"),
    ],
)
def test_a_folder_names_an_encoder_only_where_it_is_one_of_trident(tmp_path: Path, folder: str, encoder: str | None):
    assert encoder_of_folder(tmp_path / folder / "slide.h5") == encoder


@pytest.mark.parametrize(
    ("stem", "encoder"),
    [
        ("slide_uni_v1", "uni_v1"),
        ("a.b_virchow2_features", "virchow2"),
        ("a_20x_256px_0px_overlap_features_conch_v15", "conch_v15"),
        ("a_h-optimus-0_256", "h-optimus-0"),
        ("a_efficientnet-lite0_tile_embeddings", "efficientnet-lite0"),
        ("a_features", None),
        ("uni_v1", None),
        ("unison", None),
        ("a_unit_2", None),
        ("a_uni_v1_HE", None),
    ],
)
def test_an_encoder_at_the_end_of_a_name_is_found(stem: str, encoder: str | None):
    assert encoder_of_name(stem) == encoder


def test_names_of_networks_of_any_weights_are_not_one_encoder():
    assert identity_of("uni_v1") == identity_of("mahmood-uni") == identity_of("zoo:uni")
    assert identity_of("zoo:resnet50") != identity_of("timm:resnet50")
    assert identity_of("zoo:our-own") != identity_of("timm:our_own")
