"""Training MSM-MIL on bags of features."""
