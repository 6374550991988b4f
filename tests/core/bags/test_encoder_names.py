"""One encoder under the names of several programs."""

import pytest

from msm_mil_core.bags.encoder_names import same_encoder

SAME = [
    ("uni_v1", "zoo:uni", "mahmood-uni", "UNI", "hf-hub:MahmoodLab/UNI"),
    ("uni_v2", "zoo:uni2", "uni2", "mahmood-uni2", "timm:hf-hub:MahmoodLab/UNI2-h"),
    ("conch_v1", "zoo:conch", "mahmood-conch"),
    ("conch_v15", "conch1_5", "zoo:conch_v1.5"),
    ("gigapath", "prov-gigapath"),
    ("virchow2", "virchow-v2", "zoo:virchow2"),
    ("phikon_v2", "zoo:phikonv2"),
    ("efficientnet-lite0", "efficientnet_lite0"),
    ("timm:resnet18", "resnet18"),
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
