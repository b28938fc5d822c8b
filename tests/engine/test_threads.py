"""How many threads a training takes: its share of the process's cores, whoever says how many those are."""

import multiprocessing
import os
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine, threads


@pytest.fixture(autouse=True)
def of_this_process(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(8))
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(threads, "_quota", lambda folder: None)


@pytest.fixture
def in_a_worker(monkeypatch):
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "somebody")


@pytest.mark.parametrize(
    ("said", "alone", "worker"),
    [(None, 8, 1), ("1", 1, 1), ("3", 3, 3), ("8", 8, 1), ("64", 8, 1), ("4,2", 4, 4), ("0", 8, 1), ("many", 8, 1)],
)
def test_cores_of_a_process_and_of_a_worker(monkeypatch, said, alone, worker):
    """A worker's share is less than the whole: what a user says for all programs is none."""
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert threads.default_threads() == alone
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "somebody")
    assert threads.default_threads() == worker


@pytest.mark.parametrize(
    ("tasks", "said", "expected"), [(1, "1", 1), (4, "1", 4), (1, "8", 8), (16, "1", 8), (2, None, 2)]
)
def test_a_worker_of_dask_has_the_threads_of_its_tasks(in_a_worker, monkeypatch, tasks, said, expected):
    worker = SimpleNamespace(state=SimpleNamespace(nthreads=tasks))
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=lambda: worker))
    monkeypatch.setitem(sys.modules, "distributed.worker", SimpleNamespace())
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert threads.default_threads() == expected


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "1000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_limit_of_a_container(tmp_path, monkeypatch, files, cores):
    monkeypatch.undo()
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert threads._quota(tmp_path) == cores


def test_trainings_at_the_same_time_share_the_cores():
    seen, barrier = [], threading.Barrier(2)

    def other():
        with threads.at_work():
            barrier.wait(30)
            barrier.wait(30)

    beside = threading.Thread(target=other)
    with threads.at_work():
        seen.append(threads.share())
        with threads.at_work():  # a training that predicts is one
            seen.append(threads.share())
            beside.start()
            barrier.wait(30)
            seen.append(threads.share())
        seen.append(threads.share())
        barrier.wait(30)
        beside.join()
        seen.append(threads.share())
    assert seen == [8, 8, 4, 4, 8]
    assert threads.count_at_work() == 0


@pytest.mark.skipif(native_engine._native is None, reason="the native executor is not installed")
def test_a_training_gives_cores_to_another_that_begins(monkeypatch):
    """In the middle of a long epoch, without a callback that would interrupt it."""
    taken, runs = [], []

    def share():
        taken.append(threads.share())
        return 1  # the machine has other work

    class Note(lw.Callback):
        def on_fit_begin(self, run):
            runs.append(run)

    monkeypatch.setattr(native_engine, "share", share)
    X, y = np.zeros((10**6, 2), np.float32), np.arange(10**6) % 3
    net = lw.Network([lw.Dense(512), lw.ReLU(), lw.Dense(512), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    arguments = {"batch_size": 1, "epochs": 1, "verbose": False, "callbacks": Note(), "shuffle": False}
    training = threading.Thread(target=lambda: net.fit(X, y, **arguments))
    training.start()
    end = time.monotonic() + 60

    def until(shares):
        while shares not in taken:
            assert time.monotonic() < end, taken
            time.sleep(0.01)

    try:
        until(8)
        with threads.at_work():
            taken.clear()
            until(4)
            taken.clear()
        until(8)
    finally:
        runs[0].stop()
        training.join()


def test_predictions_count_beside_a_training(monkeypatch):
    if native_engine._native is None:
        pytest.skip("the native executor is not installed")
    taken = []
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=1, verbose=False)
    from layerwise.network import answers

    monkeypatch.setattr(answers, "share", lambda: taken.append(threads.share()) or 1)
    ready, done = threading.Event(), threading.Event()

    def other():
        with threads.at_work():
            ready.set()
            done.wait(30)

    beside = threading.Thread(target=other)
    beside.start()
    ready.wait(30)
    net.predict(X.astype(np.float32))
    done.set()
    beside.join()
    assert taken == [4]
