"""What the exit codes of msm-mil mean; 0 is good."""

FAILED = 1
"""Slides failed, one or all."""
WRONG_USE = 2
"""Wrong use, or something that keeps work from being started at all."""
LEFT = 3
"""Others hold the rest, or it is not done yet."""
STOPPED = 130
"""Stopped by Ctrl+C; finished files remain."""
ENDED = 143
"""Ended by the system or a cluster's queue (SIGTERM), as by Ctrl+C."""
MEANINGS = {
    0: "everything was done",
    FAILED: "slides failed, one, some or all; of doctor: something does not work on this machine",
    WRONG_USE: "wrong use, or an output that could not be written: nothing was started",
    LEFT: "nothing failed, but other processes hold the rest, or it is not done yet",
    STOPPED: "stopped with Ctrl+C; finished files remain",
    ENDED: "ended by the system or a cluster's queue (SIGTERM), as by Ctrl+C",
}
"""What each code means, for people and programs."""
