"""MSM-MIL: the network, its checkpoints and its predictions."""
