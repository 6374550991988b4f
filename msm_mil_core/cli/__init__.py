"""The command msm-mil."""
