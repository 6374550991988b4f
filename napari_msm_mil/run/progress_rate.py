"""The rate of long work in words: units per second and time left."""

from dataclasses import dataclass, field

from msm_mil_core.progress import Progress


@dataclass(slots=True)
class ProgressRate:
    """Follows the progress of one job; the clock of each step starts with its first report."""

    _step: str = field(default="", init=False)
    _started_s: float = field(default=0.0, init=False)
    _done_before: int = field(default=0, init=False)

    def describe(self, now: Progress, now_s: float) -> str:
        """Describe what is being done, how far it is, its rate and the time left; `now_s` is a clock in seconds."""
        if now.step != self._step:
            self._step, self._started_s, self._done_before = now.step, now_s, now.done
        if now.total <= 1:
            return f"{now.step}…"
        counted = f"{now.step}: {now.done:,} of {now.total:,} {now.unit}"
        seconds, done = now_s - self._started_s, now.done - self._done_before
        if done <= 0 or seconds <= 0:
            return counted
        rate = done / seconds
        return f"{counted}\n{_rate(rate)} {now.unit} per second · {_time_left((now.total - now.done) / rate)}"


def _rate(per_second: float) -> str:
    return f"{per_second:.0f}" if per_second >= 10 else f"{per_second:.1f}"


def _time_left(seconds: float) -> str:
    if seconds < 1:
        return "almost done"
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
