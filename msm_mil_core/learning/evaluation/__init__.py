"""Predictions of finished models on labelled bags, and their metrics."""
