"""Slides one after another without a gap: the next is claimed, opened and read while one is encoded."""
