"""How many threads a training may use: the cores of the process, shared out among the trainings at work in it."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_at_work = 0


def default_threads() -> int:
    """The cores that this process may use; one in a worker process, whose siblings have the others.

    OMP_NUM_THREADS, by which joblib, batch systems and other libraries share a machine out, is an upper limit.
    """
    if multiprocessing.parent_process() is not None:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdecimal() and int(limit) else cores


@contextmanager
def at_work() -> Iterator[None]:
    """One more training is at work in this process."""
    global _at_work
    with _lock:
        _at_work += 1
    try:
        yield
    finally:
        with _lock:
            _at_work -= 1


def share() -> int:
    """The threads that one of the trainings at work may use now; results do not depend on their number."""
    return max(1, default_threads() // max(1, _at_work))
