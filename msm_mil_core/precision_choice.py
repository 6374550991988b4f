"""The precisions in which an encoder can compute."""

from typing import Literal

Precision = Literal["auto", "float32", "bfloat16", "float16"]
"""What a user requests; "auto" is half precision where that is faster on the device."""
Computed = Literal["float32", "bfloat16", "float16"]
"""What is used."""
