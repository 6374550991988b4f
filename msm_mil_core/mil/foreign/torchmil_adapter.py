"""Between this package and torchmil: our network trains there, and its models predict here, for the viewer.

Needs the package torchmil (extra `bench`). torchmil's models answer two classes by one logit z; ours are [0, z] there.

Letters: B bags, N tiles, P features of a tile.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from msm_mil_core.errors import CheckpointError, MsmMilError
from msm_mil_core.mil.aggregate import probabilities_of
from msm_mil_core.mil.foreign.import_model import as_checkpoint
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import recognised
from msm_mil_core.mil.foreign.weights_file import WeightsFile
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_options import Activation, ModelOptions
from msm_mil_core.mil.network import MsmMil, loss, weights_of
from msm_mil_core.mil.prediction import Prediction, StageAttention

try:
    from torchmil.models import MILModel
except ImportError as exc:
    raise MsmMilError("This needs the package torchmil: pip install 'napari-msm-mil[bench]'") from exc

ACTIVATIONS: Mapping[type[nn.Module], Activation] = {nn.ReLU: "relu", nn.GELU: "gelu"}
PASSES = (nn.Identity, nn.Dropout)
"""What does nothing outside training."""


class TorchmilMsmMil(MILModel):  # type: ignore[misc]  # torchmil has no types
    """Our network of two classes as one of torchmil's: its `Trainer` trains it."""

    class_weight: Tensor | None

    def __init__(self, options: ModelOptions, class_weight: Tensor | None = None) -> None:
        """Draw a network.

        Raises
        ------
        ValueError
            If it has other than two classes: torchmil's models answer by one logit.
        """
        if options.classes != 2:
            raise ValueError(f"torchmil's models know two classes, not {options.classes}.")
        super().__init__()
        self.network = MsmMil(options)
        self.register_buffer("class_weight", class_weight, persistent=False)  # goes along to another device

    def forward(self, X: Tensor, mask: Tensor | None = None, return_att: bool = False) -> object:  # noqa: FBT001 - theirs
        """Return the logit z (B,) of the second class over the first, and if asked the attention (B, N).

        The attention is that of all stages by their weight, and sums to 1; torchmil's own is before its softmax.
        """
        output = self.network(X, _valid(mask))
        z = output.logits[:, 1] - output.logits[:, 0]
        return (z, torch.einsum("bs,bsn->bn", output.beta, output.attention)) if return_att else z

    def compute_loss(self, Y: Tensor, X: Tensor, mask: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Return z and the loss that the options weigh, for labels 0 and 1.

        z has the shape of the labels, which torchmil's datasets give as (B,) or as (B, 1).
        """
        output = self.network(X, _valid(mask))
        total = loss(output, Y.flatten().long(), self.network.options, self.class_weight)
        return (output.logits[:, 1] - output.logits[:, 0]).view(Y.shape), {"MsmMilLoss": total}

    def predict(self, X: Tensor, mask: Tensor | None = None, return_inst_pred: bool = True) -> object:  # noqa: FBT001
        """Return the same as `forward`, the attention standing for what is said of tiles."""
        return self(X, mask, return_att=return_inst_pred)

    def checkpoint(self, told: ImportOptions) -> Checkpoint:
        """Return the trained network as a checkpoint; `told` says its classes, encoder and tiles.

        Raises
        ------
        CheckpointError
            If some of that is missing.
        """
        if missing := told.missing(2):
            raise CheckpointError(f"A checkpoint needs {', '.join(missing)} as well.")
        record = {"data": told.data, "licence": told.licence, "negative": told.negative}
        return Checkpoint(
            name=told.name or "trained in torchmil",
            options=self.network.options,
            classes=told.classes,
            encoder=told.encoder,
            encoder_sha256=told.encoder_sha256,
            side_px=told.side_px or 0,
            mpp=told.mpp or 0.0,
            record={name: value for name, value in record.items() if value} | {"trained in": "torchmil"},
            state=weights_of(self.network),
        )


def checkpoint_of(model: nn.Module, told: ImportOptions) -> Checkpoint:
    """Return torchmil's ABMIL or CLAM as a checkpoint, which predicts the same; nothing needs to be assumed.

    Raises
    ------
    CheckpointError
        If it is another model or has layers that no checkpoint holds (it says which), or something is missing.
    """
    act = getattr(getattr(model, "pool", None), "act", "tanh")
    if act != "tanh":
        raise CheckpointError(f"Its attention has the activation {act}: a checkpoint holds tanh alone.")
    arrays = {name: tensor.detach().float().cpu().numpy() for name, tensor in model.state_dict().items()}
    source = WeightsFile(Path(type(model).__name__), "", arrays)
    return as_checkpoint(recognised(source, _activation(getattr(model, "feat_ext", nn.Identity()))), told)


@torch.no_grad()
def prediction_of(model: nn.Module, features: NDArray[np.float32], classes: tuple[str, str]) -> Prediction:
    """Return what any model of torchmil that gives attention says of a bag (N, P), as one stage of ours.

    Of models whose tiles influence each other, too: then, as with preset `paper`, there is no evidence to add up, and
    questions cannot be asked. The values are a softmax of what the model returns with `return_att=True`.

    Raises
    ------
    CheckpointError
        If the model gives no attention, or not one value a tile.
    """
    bag, was = torch.from_numpy(np.require(features, np.float32, ["C", "W"]))[None], model.training
    try:
        said = model.eval()(bag, return_att=True)
    except TypeError as exc:
        raise CheckpointError(f"{type(model).__name__} gives no attention (return_att), so it has no map.") from exc
    finally:
        model.train(was)
    z, values = said[0].reshape(-1), said[1].reshape(-1)
    if len(z) != 1 or len(values) != len(features):
        raise CheckpointError(f"{type(model).__name__} does not give one logit, and one value for each tile.")
    logits = np.array([0.0, float(z[0])], np.float32)
    attention = functional.softmax(values.double(), -1).float().numpy()
    stage = StageAttention(attention, np.zeros(len(features), bool), 1.0, logits, None)
    return Prediction(classes, logits, probabilities_of(logits), (stage,), masks_applied=False, bias=None)


def _valid(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask.bool()


def _activation(extractor: nn.Module) -> Activation:
    """Return what follows the last linear layer before the attention.

    Raises
    ------
    CheckpointError
        If a layer does what no checkpoint holds.
    """
    parts = [part for part in extractor.modules() if not list(part.children()) and not isinstance(part, PASSES)]
    followed: list[Activation] = []
    for part in parts:
        if isinstance(part, nn.Linear):
            followed.append("none")
        elif type(part) in ACTIVATIONS and followed[-1:] == ["none"]:
            followed[-1] = ACTIVATIONS[type(part)]
        else:
            raise CheckpointError(f"Its layer {part} before the attention cannot be held by a checkpoint.")
    *before, last = followed or ["none"]
    if any(each != ("relu" if last == "none" else last) for each in before):
        raise CheckpointError(f"Its layers before the attention have different activations: {', '.join(followed)}.")
    return last
