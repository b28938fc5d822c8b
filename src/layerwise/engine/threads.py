"""How many threads a training may use: the cores of the process, shared out among the trainings at work in it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_at_work = 0


def default_threads() -> int:
    """The cores that this process may use; one in a worker process, whose siblings have the others.

    OMP_NUM_THREADS, by which joblib, batch systems and other libraries share a machine out, is an upper limit.
    """
    multiprocessing = sys.modules.get("multiprocessing")  # a worker process has it
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
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


@cache
def _blas() -> Any:
    """What holds NumPy's BLAS to one thread, if threadpoolctl is installed; scikit-learn brings it."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


@contextmanager
def quiet_blas() -> Iterator[bool]:
    """Multiply small matrices on one thread while the native executor's threads are at work; whether it can be done.

    OpenBLAS's threads spin for some 30 ms after a product that woke them, and take a core from the training meanwhile.
    """
    controller = _blas()
    if controller is None:
        yield False
        return
    with controller.limit(limits=1, user_api="blas"):
        yield True
