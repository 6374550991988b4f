"""Which bags of a table of labels a model is evaluated on."""

from typing import Literal

Choice = Literal["train", "val", "test", "all"]
