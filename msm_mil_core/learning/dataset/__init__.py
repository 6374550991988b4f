"""Labelled bags: labels, splits, and validation before training."""
