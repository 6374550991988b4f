"""The commands that take bags or models."""
