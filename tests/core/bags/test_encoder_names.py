"""One encoder under the names of several programs."""

from pathlib import Path

import pytest

from msm_mil_core.bags.encoder_names import encoder_of_folder, same_encoder

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
