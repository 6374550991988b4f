"""Setting up a run and running it."""
