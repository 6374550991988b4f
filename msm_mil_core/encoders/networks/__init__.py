"""Networks that encode tiles, and where their weights come from."""
