"""Shared by all tests: how hypothesis runs, and small data sets."""

import contextlib
import gc
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # the tests share the processors already
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

import layerwise as lw
from layerwise.app.reporting import pictures
from layerwise.data import augmentation
from layerwise.engine import native_engine
from layerwise.training import interrupts

settings.register_profile("layerwise", deadline=None, print_blob=True)
settings.load_profile("layerwise")


# Where LAYERWISE_EXPECT_ALL is set, as .ci/run and the workflows do, a run without the native engine or without an
# optional package is an error, not a green run of less. These skips alone are then allowed.
EXPECT_ALL = bool(os.environ.get("LAYERWISE_EXPECT_ALL"))
EXPECTED_SKIPS = re.compile(
    "POSIX|signals|pseudo-terminals|no such terminals|kill -9|named pipes|root |pdflatex|of Linux|access lists"
    "|copy of the sources|no /proc|a single softmax output|pyarrow|skops|SCIPY_ARRAY_API|decision_function"
    "|import '(dask|distributed|ray)"  # modules of heavy tests
    + (
        "" if "LAYERWISE_DOCS" in os.environ else "|import '(sphinx|myst_nb|nbformat|nbclient|ipykernel|yaml)'"
    )  # the site
    + ("" if sys.platform == "linux" else "|compiler|gcc|no nm |Node.js|onnxruntime")
)


CHROMIUM = os.environ.get("LAYERWISE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Collect without garbage collection, which would find nothing in some ten thousand tests that all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what drives Chromium; of a test marked ``sampled(k)``, run every k-th case: the others are slow ones."""
    seen = Counter()
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        sampled = item.get_closest_marker("sampled")
        if sampled is not None:
            case = item.nodeid.partition("[")[0]
            if seen[case] % sampled.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[case] += 1


def pytest_sessionstart(session):
    if EXPECT_ALL and native_engine._native is None:
        pytest.exit(
            f"LAYERWISE_EXPECT_ALL is set, and the native engine is not there: {native_engine.WHY_NOT}", returncode=1
        )


def _count_as_failure(report):
    if EXPECT_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not EXPECTED_SKIPS.search(reason):
            report.outcome = "failed"
            report.longrepr = f"LAYERWISE_EXPECT_ALL is set, and this was skipped: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _count_as_failure((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _count_as_failure((yield))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make a file once in a whole run: the worker that first asks for it makes it, and the others wait for it."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def made_once(name, make):
        path, half = folder / name, folder / f"half-{name}"
        with alone(folder / f"{name}.lock"):
            if not path.exists():
                make(half)
                half.rename(path)
        return path

    return made_once


@contextlib.contextmanager
def alone(lock, seconds=300):
    """Wait until no other process holds that lock, a file, and hold it."""
    end = time.monotonic() + seconds
    while True:
        try:
            lock.open("x").close()
            break
        except (FileExistsError, PermissionError):  # Windows refuses a file that is just being removed
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
    try:
        yield
    finally:
        lock.unlink()


@pytest.fixture(scope="session")
def spiral():
    return lw.datasets.make_spiral()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def classifier():
    """A small untrained network for three classes."""
    return lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)


@pytest.fixture(params=["numpy", "native"])
def engine(request):
    """Each of the two executors, by its name in `fit`."""
    if request.param == "native" and native_engine._native is None:
        pytest.skip("the native executor is not installed")
    return request.param


@pytest.fixture(params=["numpy", "native"])
def each_engine(request, monkeypatch):
    """Let ``engine="auto"`` be each of the two executors; for modules by ``pytestmark``."""
    if request.param == "native":
        if native_engine._native is None:
            pytest.skip("the native executor is not installed")
    else:
        monkeypatch.setattr(native_engine, "_native", None)
        monkeypatch.setattr(augmentation, "_native", None)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the pictures of reports empty, for they take most of the time."""
    monkeypatch.setattr(pictures, "_encoded", lambda *_: "data:,")


@pytest.fixture
def light(monkeypatch):
    """Draw no picture of a report for dark paper."""
    draw = pictures._encoded
    monkeypatch.setattr(pictures, "_encoded", lambda *words: "data:," if words[-1] else draw(*words))


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for a whole run: Playwright's loop can be started but once in a process."""
    api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).is_file():
        pytest.skip("there is no Chromium; LAYERWISE_CHROMIUM says where one is")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def ctrl_c(monkeypatch):
    """Ctrl-C as in a terminal, also where this process was started with SIGINT ignored; a test has 60 s for it.

    What is started in the background of a script has SIGINT ignored, and its child processes inherit that.
    """
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs POSIX signals")

    def too_late(number, frame):
        raise TimeoutError("Ctrl-C did not end the training within 60 s")

    monkeypatch.setattr(interrupts, "_newest", -np.inf)  # those of other tests do not count
    usual = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGALRM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for kind, handler in usual.items():
        signal.signal(kind, handler)
