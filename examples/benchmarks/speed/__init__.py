"""How fast it is, as ratios to a limit and to peers: python -m examples.benchmarks.speed."""
