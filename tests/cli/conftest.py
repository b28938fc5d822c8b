"""What the tests of the command line share: a way to run it, tables, pictures, and models trained once."""

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("rich")

from typer import testing

from layerwise.app.cli.app import app

# Make the commands of their functions once, not in each call, of which that is a third of the time.
testing._get_command = functools.cache(testing._get_command)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty directory; the result has exit_code, stdout, stderr and json()."""
    monkeypatch.chdir(tmp_path)
    return invoke


def invoke(*words):
    result = testing.CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(
        exit_code=result.exit_code,
        stdout=result.stdout,
        stderr=result.stderr,
        json=lambda: json.loads(result.stdout),
    )


@pytest.fixture
def start(tmp_path):
    """Start the command in a process of its own, in an empty directory, with Ctrl-C as in a terminal."""
    ctrl_c = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None

    def start(*words, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", "layerwise", *map(str, words)], cwd=tmp_path, env=os.environ | environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=ctrl_c,
        )  # fmt: skip

    return start


@pytest.fixture
def run_process(start):
    """Run the command in a process of its own; the result has returncode, stdout and stderr."""

    def run_process(*words, **environment):
        process = start(*words, **environment)
        stdout, stderr = process.communicate(timeout=120)
        return SimpleNamespace(returncode=process.returncode, stdout=stdout, stderr=stderr)

    return run_process


@pytest.fixture(scope="session")
def digits_model(made_once):
    """A recogniser of handwritten digits, trained for three epochs."""

    def make(path):
        words = ["train", "mnist", "--layers", "128", "--lr", "0.003", "-e", "3", "--no-plot", "--quiet", "-o", path]
        assert invoke(*words).exit_code == 0

    return made_once("mnist.safetensors", make)


@pytest.fixture(scope="session")
def iris_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("iris") / "iris.safetensors"
    assert invoke("train", "iris", "--no-plot", "--quiet", "-o", path).exit_code == 0
    return path


@pytest.fixture
def flowers(tmp_path) -> Path:
    """A table with class names: two clouds of points, `kind` in the middle column."""
    rng = np.random.default_rng(0)
    rows = [
        f"{x + 3 * k:.3f},{'red' if k else 'blue'},{y:.3f}"
        for k in (0, 1)
        for x, y in rng.normal(size=(40, 2), scale=0.5)
    ]
    return write_table(tmp_path / "flowers.csv", "length,kind,width", rows)


@pytest.fixture
def prices(tmp_path) -> Path:
    """A table with a number to predict, the last column: a straight line."""
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{3 * a - 2 * b + 1:.3f}" for a, b in rng.normal(size=(120, 2))]
    return write_table(tmp_path / "prices.csv", "rooms,age,price", rows)


def write_table(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
