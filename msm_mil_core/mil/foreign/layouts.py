"""How known programs name the layers of an attention model."""

import re
from dataclasses import dataclass

from msm_mil_core.mil.model_options import Activation

LAZY = r"(?:\.module)?"
"""torchmil's layers that learn their width from the first bag keep it one name deeper."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of layers, as patterns that a whole name must match."""

    family: str
    """What people call such a model."""
    first: str
    """Layers before the attention, in the order of the number in their name; one without a number stands alone."""
    value: str
    """From hidden features to the tanh of the attention."""
    gate: str
    """From hidden features to its sigmoid; a model without one is not gated."""
    score: str
    """From there to the score."""
    answer: str
    """From what is pooled to the logits; several with a number are one logit each."""
    ignored: str = "(?!)"
    """What acts in training alone."""
    activation: Activation = "relu"
    """What follows each layer before the attention."""
    certain: bool = True
    """Whether every such model has that activation, and tanh in its attention: a file does not say."""

    def matches(self, part: str, name: str) -> bool:
        """Return whether a name is that of a part: "first", "value", ..."""
        return re.fullmatch(getattr(self, part), name) is not None


LAYOUTS = (
    Layout(
        family="CLAM",
        first=r"attention_net\.(\d+)",
        value=r"attention_net\.\d+\.(?:attention_a\.0|module\.0)",
        gate=r"attention_net\.\d+\.attention_b\.0",
        score=r"attention_net\.\d+\.(?:attention_c|module\.[23])",
        answer=r"classifiers(?:\.(\d+))?",
        ignored=r"instance_classifiers\.\d+",
    ),
    Layout(
        family="ABMIL of MIL-Lab",
        first=r"patch_embed\.(\d+)",
        value=r"global_attn\.(?:attention_a\.0|module\.0)",
        gate=r"global_attn\.attention_b\.0",
        score=r"global_attn\.(?:attention_c|module\.[23])",
        answer=r"classifier",
        ignored=r"instance_classifiers\.\d+",
    ),
    Layout(
        family="ABMIL of torchmil",
        first=rf"feat_ext(?:\.(\d+))?{LAZY}",
        value=rf"pool\.fc1{LAZY}",
        gate=rf"pool\.fc_gated{LAZY}",
        score=rf"pool\.fc2{LAZY}",
        answer=rf"classifier{LAZY}",
        ignored=rf"inst_classifiers\.\d+{LAZY}",
        certain=False,
    ),
    Layout(
        family="ABMIL (Ilse et al. 2018)",
        first=r"feature_extractor_part2\.(\d+)",
        value=r"attention_V\.0|attention\.0",
        gate=r"attention_U\.0",
        score=r"attention_weights|attention\.[23]",
        answer=r"classifier(?:\.0)?",
    ),
)

STRANGERS = (
    (r"(?:^|\.)(?:i_classifier|b_classifier)\.", "DSMIL, whose attention compares tiles with one another"),
    (r"to_qkv|in_proj_weight|(?:^|\.)pos_layer\.", "a transformer, whose tiles influence each other"),
    (r"(?:^|\.)dimReduction\.|u_attention_pool", "DTFD-MIL, which draws pseudo-bags"),
    (r"feature_extractor_part1\.", "a model that reads pixels, not features"),
)
"""Models that are no attention over independent tiles, by what is in their names."""
