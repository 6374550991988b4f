"""From labelled bags to a checkpoint."""
