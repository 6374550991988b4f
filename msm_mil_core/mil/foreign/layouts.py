"""How known programs name the layers of an attention model."""

import re
from dataclasses import dataclass

from msm_mil_core.mil.model_options import Activation

WRAPPED = r"(?:\.module)?"
"""Layers that are trained on several devices at once (DataParallel), and torchmil's that learn their width from the
first bag, keep their own names one name deeper."""
BEFORE = (
    *("feature_extractor_part2", "feature_extractor", "feature_layer", "features?", "feat_proj", "fc1?", "mlp"),
    *("encoder", "embed(?:ding|der)?", "patch_embed", "bottleneck", "input_proj", "proj(?:ection|ector)?"),
)
"""What people call the layers before the attention, in any case of letters."""


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
    activation_alone: Activation = "relu"
    """The same where such a layer stands alone, outside a sequence that could hold it."""
    certain: bool = True
    """Whether every such model has that activation, and tanh in its attention: a file does not say."""

    def matches(self, part: str, name: str) -> bool:
        """Return whether a name is that of a part: "first", "value", ..."""
        return re.fullmatch(getattr(self, part), name) is not None


LAYOUTS = (
    Layout(
        family="CLAM",
        first=rf"attention_net{WRAPPED}\.(\d+)",
        value=rf"attention_net{WRAPPED}\.\d+\.(?:attention_a\.0|module\.0)",
        gate=rf"attention_net{WRAPPED}\.\d+\.attention_b\.0",
        score=rf"attention_net{WRAPPED}\.\d+\.(?:attention_c|module\.[23])",
        answer=rf"classifiers{WRAPPED}(?:\.(\d+))?",
        ignored=rf"instance_classifiers{WRAPPED}\.\d+",
    ),
    Layout(
        family="ABMIL of MIL-Lab",
        first=rf"patch_embed{WRAPPED}\.(\d+)",
        value=rf"global_attn{WRAPPED}\.(?:attention_a\.0|module\.0)",
        gate=rf"global_attn{WRAPPED}\.attention_b\.0",
        score=rf"global_attn{WRAPPED}\.(?:attention_c|module\.[23])",
        answer=rf"classifier{WRAPPED}",
        ignored=rf"instance_classifiers{WRAPPED}\.\d+",
    ),
    Layout(
        family="ABMIL of torchmil",
        first=rf"feat_ext(?:\.(\d+))?{WRAPPED}",
        value=rf"pool\.fc1{WRAPPED}",
        gate=rf"pool\.fc_gated{WRAPPED}",
        score=rf"pool\.fc2{WRAPPED}",
        answer=rf"classifier{WRAPPED}",
        ignored=rf"inst_classifiers\.\d+{WRAPPED}",
        activation_alone="none",
        certain=False,
    ),
    Layout(
        family="ABMIL (Ilse et al. 2018)",
        first=rf"feature_extractor_part2{WRAPPED}\.(\d+)",
        value=r"attention_V\.0|attention\.0",
        gate=r"attention_U\.0",
        score=r"attention_weights|attention_[wW]|attention\.[23]",
        answer=rf"classifier{WRAPPED}(?:\.0)?",
    ),
    Layout(
        family="ABMIL, by the names of its layers",
        first=rf"(?i:{'|'.join(BEFORE)}){WRAPPED}(?:\.(\d+))?",
        value=r"(?i:attention_[va](?:\.0)?)|attention\.0",
        gate=r"(?i:attention_[ub](?:\.0)?)",
        score=r"(?i:attention_(?:weights?|w|c)(?:\.0)?)|attention\.[23]",
        answer=rf"(?i:classifiers?|head|fc_out|out(?:put)?){WRAPPED}(?:\.(\d+))?",
        ignored=r"instance_classifiers\.\d+",
        certain=False,
    ),
)
"""The first that explains all layers of a file is its; the last is for the many who write down ABMIL themselves."""

STRANGERS = (
    (r"(?:^|\.)(?:i_classifier|b_classifier)\.", "DSMIL, whose attention compares tiles with one another"),
    (r"to_qkv|in_proj_weight|(?:^|\.)pos_layer\.", "a transformer, whose tiles influence each other"),
    (r"(?:^|\.)dimReduction\.|u_attention_pool", "DTFD-MIL, which draws pseudo-bags"),
    (r"feature_extractor_part1\.", "a model that reads pixels, not features"),
)
"""Models that are no attention over independent tiles, by what is in their names."""
