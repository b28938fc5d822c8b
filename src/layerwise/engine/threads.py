"""How many threads a training may use: the cores of the process, shared out among the trainings at work in it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_CONTROL_GROUP = Path("/sys/fs/cgroup")

_lock = threading.Lock()
_at_work = 0
_own = threading.local()


def default_threads() -> int:
    """Return the number of cores that this process may use.

    Those are the cores of the machine, or of the job or container, and of them as many as OMP_NUM_THREADS says: by it
    joblib, Dask, Ray and batch systems share a machine out. In a worker process of joblib or `multiprocessing`, whose
    siblings have the other cores, it is 1 where that variable is not set, or says as much as the whole. A worker of
    Dask has as many as it has threads for tasks, if that is more.
    """
    cores = _cores()
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # "4,2": of nested teams, the outer one's
    limit = int(text) if text.isdecimal() and int(text) else None
    multiprocessing = sys.modules.get("multiprocessing")  # a worker process has it
    if multiprocessing is None or multiprocessing.parent_process() is None:
        return min(cores, limit or cores)
    tasks = _threads_of_dask()
    if tasks is not None:
        return min(cores, max(tasks, limit or 1))
    return 1 if limit is None or limit >= cores else limit


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _quota(_CONTROL_GROUP) or cores)


@cache
def _quota(folder: Path) -> int | None:
    """Return how many cores' time the control group has, as ``docker --cpus`` and Kubernetes limit it, rounded up."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota, period = ((folder / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return max(1, -(-int(quota) // int(period))) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # not there, or "max"
        return None


def _threads_of_dask() -> int | None:
    """Return for how many tasks at a time the worker of Dask has threads that runs this one."""
    if "distributed.worker" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except (ValueError, AttributeError):  # not within a task
        return None


@contextmanager
def at_work() -> Iterator[None]:
    """Count this thread among those that train or predict: once, also where a training predicts."""
    global _at_work
    if getattr(_own, "counted", False):
        yield
        return
    with _lock:
        _at_work += 1
    _own.counted = True
    try:
        yield
    finally:
        _own.counted = False
        with _lock:
            _at_work -= 1


@contextmanager
def at_rest() -> Iterator[None]:
    """Do not count this thread meanwhile: it waits, and its share of the cores is for others."""
    global _at_work
    counted = getattr(_own, "counted", False)
    with _lock:
        _at_work -= counted
    _own.counted = False
    try:
        yield
    finally:
        _own.counted = counted
        with _lock:
            _at_work += counted


def count_at_work() -> int:
    """Return how many threads of this process train or predict now."""
    return _at_work


def share() -> int:
    """Return the threads that one of the trainings at work may use now; results do not depend on their number."""
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
