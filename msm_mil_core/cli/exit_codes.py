"""What the exit codes of msm-mil mean; 0 is good."""

FAILED = 1
"""Slides failed, one or all."""
WRONG_USE = 2
"""Wrong use, or something that keeps work from being started at all."""
LEFT = 3
"""Others hold the rest, or it is not done yet."""
