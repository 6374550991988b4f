"""The core: from a slide to a prediction, one attention map per mask stage, without any window."""

__version__ = "0.1.0"
