"""Devices ahead in the processes of a crew: simulated ones, made where they are used, beside real slides and claims."""

import os
import signal
import time
from functools import cached_property
from pathlib import Path

from msm_mil_core import pipeline
from msm_mil_core.cohort import slide_job
from msm_mil_core.cohort.ahead.devices_ahead import DeviceAhead, DevicesAhead
from msm_mil_core.encoders.encoder_on_demand import loaded
from tests.simulated import Clock, Latencies, SimulatedDevice, on

BATCH = 2
LOOKS, LOOK_S = 6000, 0.01
"""How often it is looked whether something has come, a minute at least, and how long is waited in between."""


def a_device() -> SimulatedDevice:
    return SimulatedDevice(Clock(), Latencies(), batch=BATCH, in_flight=1)


class SimulatedAhead(DevicesAhead):
    """One device in each process, that of a card; what is special about it is told by the classes below."""

    device: SimulatedDevice | None = None

    def devices_for(self, job):
        """Make the device in the process that works with it, and let slides by themselves be encoded on it, too."""
        if self.device is None:
            self.device = a_device()
            pipeline.find_encoder = lambda *_, **__: loaded(on(self.device))
            self.prepare()
        return super().devices_for(job)

    def prepare(self) -> None:
        """Arrange what happens in the process."""

    @cached_property
    def _devices(self):
        return (DeviceAhead(loaded(on(self.device))),)


class Waiting(SimulatedAhead):
    """While the first slide is encoded, waits until the next one is claimed; without, the process ends."""

    def prepare(self):
        self.device.on_run = self.await_next

    def await_next(self):
        if len(self.device.sizes) == 1:
            for _ in range(LOOKS):
                if len(list(self._jobs_folder.glob("*.claim"))) >= 2:
                    return
                time.sleep(LOOK_S)
            os._exit(7)

    @cached_property
    def _jobs_folder(self) -> Path:
        return Path(os.environ["CLAIMS"])


class Deadly(SimulatedAhead):
    """To open the slide `cut01` ends the process, as a fault in a library may."""

    def prepare(self):
        opened = slide_job.open_slide

        def open_slide(path, **rest):
            if path.stem == "cut01":
                os.kill(os.getpid(), signal.SIGKILL)
            return opened(path, **rest)

        slide_job.open_slide = open_slide


class DeadlyOnce(SimulatedAhead):
    """The process ends when a result is written, before it says so; the first time only."""

    def prepare(self):
        ended = slide_job.write_pictures

        def write_pictures(result, slide, folder, key):
            flag = folder.parent / "died"
            if key == "cut00" and not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            ended(result, slide, folder, key)

        slide_job.write_pictures = write_pictures
