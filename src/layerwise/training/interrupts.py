"""Ctrl-C while a network trains: the first one ends the fit and keeps the weights, a second one is a KeyboardInterrupt.

The second one counts wherever it falls within two seconds: in the same fit, between two fits, or in the next one. So
Ctrl-C pressed twice ends a loop of short fits, as it ends any other program.
"""

from __future__ import annotations

import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from layerwise.errors import warn

AGAIN = 2.0  # seconds after a Ctrl-C within which another is one for the whole program
_newest = -math.inf  # when the newest one came


class InterruptWarning(UserWarning):
    """Issued when Ctrl-C ends a training. The weights so far are kept."""


# Python shows equal warnings once a line: each interrupt is a new one. Filters that a user has set come first.
warnings.filterwarnings("always", category=InterruptWarning, append=True)


def is_second() -> bool:
    """Note a Ctrl-C, and return whether it follows another within two seconds."""
    global _newest
    now = time.monotonic()
    second, _newest = now - _newest < AGAIN, now
    return second


def say(where: str) -> None:
    """Warn that a training was interrupted."""
    warn(
        f"interrupted by Ctrl-C {where}: the weights so far are kept. Press Ctrl-C twice within {AGAIN:g} s for a "
        "KeyboardInterrupt",
        InterruptWarning,
    )


@contextmanager
def trial() -> Iterator[None]:
    """Make a Ctrl-C within trainings whose weights are thrown away a KeyboardInterrupt: half of one says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", InterruptWarning)  # the fit itself has ended in good order when it warns
        try:
            yield
        except InterruptWarning:
            raise KeyboardInterrupt from None


@contextmanager
def interruptible(stop: Callable[[], Any]) -> Iterator[Callable[[], bool]]:
    """Call `stop` at the first Ctrl-C, and raise KeyboardInterrupt at a second one.

    Signals reach the main thread alone, and a handler that somebody else has set is left as it is.

    Parameters
    ----------
    stop : function
        Ends the work soon, in good order.

    Yields
    ------
    function
        Whether there was a Ctrl-C.
    """
    came = False
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield lambda: False
        return

    def on_interrupt(number: int, frame: Any) -> None:
        nonlocal came
        if is_second() or came:
            usual(number, frame)
        came = True
        stop()

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, usual)
