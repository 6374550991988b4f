"""Many slides: which there are, who works on which, what came of each."""
