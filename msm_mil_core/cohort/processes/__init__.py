"""Several processes on this machine that work along a line of slides, and what is said between them and the first."""
