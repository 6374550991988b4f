"""What chance would give, for comparisons."""
