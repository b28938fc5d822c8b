"""What tests let workers do, in a module that workers can import."""

import os
import time
from pathlib import Path

from layerwise.callbacks import Callback


class Slow(Callback):
    """Takes its time for each step of rank 0, on which the others wait, and says when it has come to one."""

    only_looks = True

    def __init__(self, file, step, seconds=0.05):
        self.file, self.step, self.seconds = str(file), step, seconds

    def on_step_end(self, run):
        if run.step == self.step:
            Path(self.file).touch()
        time.sleep(self.seconds)


class Notes(Callback):
    only_looks = True

    def __init__(self):
        self.steps, self.pid = 0, 0

    def on_step_end(self, run):
        self.steps, self.pid = run.step, os.getpid()


class CannotBeSent(Callback):
    def __reduce__(self):
        raise TypeError("not this one")


def wait_for(file):
    due = time.monotonic() + 60
    while not Path(file).exists():
        assert time.monotonic() < due, f"{file} is not there"
        time.sleep(0.02)
