"""Pairs of stages compared with each other and with chance."""
