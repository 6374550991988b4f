"""The devices that looking ahead keeps busy, each with the encoder of a run."""

import logging
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from msm_mil_core.cohort.run_settings import RunSettings
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.devices import choose_slide_devices
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand, find_encoder
from msm_mil_core.errors import MsmMilError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class DeviceAhead:
    """A device, and the encoder on it."""

    encoder: EncoderOnDemand
    name: str | None = None
    """Which device; None where there is only one: then it is called as the user called it."""


class DevicesAhead:
    """The devices for a line of jobs; found out with the first slide that is to be encoded, and once in a process."""

    def __init__(self, jobs: Sequence[SlideJob], process: int | None = None) -> None:
        """Work on all devices or, as the process of this number of several, on one of them."""
        self._settings, self._process = jobs[0].settings, process
        self.single = len(jobs) == 1
        """Whether there is only one slide."""
        self._alike = all(job.settings is self._settings or job.settings == self._settings for job in jobs)

    @property
    def single_here(self) -> bool:
        """Whether there is only one slide, and no process for it: its error is told as it is."""
        return self.single and self._process is None

    def of_process(self, number: int) -> Self:
        """Return the devices of one of several processes, to be sent there before any is found out."""
        mine = copy(self)
        mine._process = number
        return mine

    def devices_for(self, job: SlideJob) -> tuple[DeviceAhead, ...]:
        """Return the devices from this job on; none where looking ahead gains nothing or cannot be done.

        Nothing is gained by one slide, by features that are there, and on one CPU, which reads and encodes by turns.
        It cannot be done where slides want different encoders, and is not where the encoder cannot be had: then each
        slide says so when it is its turn.
        """
        return () if self.single or not self._alike or job.entry.features is not None else self._devices

    def placed(self, job: SlideJob) -> SlideJob:
        """Return a job that is run by itself on one of several devices; on the only one as the user called it."""
        names = self._names
        return job.placed(names[(self._process or 0) % len(names)]) if len(names) > 1 else job

    @cached_property
    def _names(self) -> list[str]:
        """Return the devices by name: those that are named or, for one of several processes, all that "auto" means."""
        named = self._settings.analysis.encode.device
        if self._process is None:
            return [name.strip() for name in named.split(",")]
        try:
            return [str(device) for device in choose_slide_devices(named)]
        except MsmMilError:  # each slide says so when it is its turn
            return [named]

    @cached_property
    def _devices(self) -> tuple[DeviceAhead, ...]:
        try:
            found = find_devices(self._settings)
        except MsmMilError:
            return ()
        return found if self._process is None or not found else (found[self._process % len(found)],)


def find_devices(settings: RunSettings) -> tuple[DeviceAhead, ...]:
    """Return the devices of a run with its encoder; none if it has one CPU.

    Raises
    ------
    EncoderError, DeviceError
        As `find_encoder` and `choose_slide_devices` raise them.
    """
    chosen = settings.analysis.encode
    devices = choose_slide_devices(chosen.device)
    if len(devices) > 1:
        names = [str(device) for device in devices]
        return _alike([DeviceAhead(_encoder(settings, name), name) for name in names])
    return () if devices[0].type == "cpu" else (DeviceAhead(_encoder(settings, chosen.device)),)


def _encoder(settings: RunSettings, device: str) -> EncoderOnDemand:
    return find_encoder(settings.encoder, device=device, precision=settings.analysis.encode.precision)


def _alike(devices: Sequence[DeviceAhead]) -> tuple[DeviceAhead, ...]:
    """Leave out devices that would compute in another precision than the first: results would differ by chance."""
    card = devices[0].encoder.card
    alike = tuple(device for device in devices if device.encoder.card == card)
    if len(alike) < len(devices):
        logger.warning(
            "%d of %d devices do not compute in %s as the first does, and are left out. Choose --encode.precision.",
            len(devices) - len(alike),
            len(devices),
            card.precision,
        )
    return alike
