"""Whether what the stages look at matters for the answer."""
