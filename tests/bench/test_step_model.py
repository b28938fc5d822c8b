"""benchmarks/step_model.py: what a step on several ranks takes, held to the communicator that it is a model of."""

import doctest
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import layerwise as lw
from layerwise.distributed import PairwiseCommunicator

FOLDER = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the benchmarks are not in this copy of the sources")
NEVER = float("inf")


@pytest.fixture
def model():
    return SimpleNamespace(**runpy.run_path(str(FOLDER / "step_model.py")))


class Counted(PairwiseCommunicator):
    def __init__(self, size):
        super().__init__(0, size)
        self.sizes = []

    def exchange(self, partner, send, receive):
        self.sizes.append(send.nbytes)
        receive[:] = 0


@pytest.mark.parametrize("ranks", [1, 2, 4, 64, 1024])
@pytest.mark.parametrize("length", [100, 2**20])
def test_it_counts_exchanges_and_bytes_as_the_communicator_makes_them(model, ranks, length):
    communicator = Counted(ranks)
    communicator.sum(np.zeros(length, np.float32))
    assert model.sum_seconds(4 * length, ranks, 1.0, NEVER) == len(communicator.sizes)
    assert model.sum_seconds(4 * length, ranks, 0.0, 1.0) == pytest.approx(sum(communicator.sizes))
    if length > 100:
        assert sum(communicator.sizes) == 2 * (ranks - 1) * 4 * length // ranks


def test_parameters_are_those_of_a_network(model):
    net = lw.Network([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Softmax()]).build(784)
    assert model.parameters([784, 30, 10]) == len(net.theta)


def test_speed_ups_of_a_worked_case(model):
    # 8 rows take 8 s; a sum of 4 bytes among two takes an exchange of 1 s: 8 / (4 + 1), among four 8 / (2 + 2), …
    found = {"exchange": {"2": [[1, 0.0, 0.0]]}, "works": {"w": {"by rows": [[8, 8.0], [4, 4.0], [2, 2.0], [1, 1.0]]}}}
    ratios = model.speed_ups(found, {"w": (0, 1)}, "w", 8, 1000.0, NEVER)
    assert ratios == pytest.approx([1, 8 / 5, 8 / 4, 8 / 4])
    assert model.best(ratios) == "2.0 × on 4"
    assert model.speed_ups(found, {"w": (0, 1)}, "w", 8, 1000.0, NEVER, every=2)[1] == pytest.approx(8 / 4.5)


def test_its_examples(model):
    module = SimpleNamespace(__name__="step_model", __dict__={})
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in ("parameters", "between", "sum_seconds", "best"):
        for test in finder.find(getattr(model, name), name, module=module, globs=vars(model)):
            runner.run(test)
    assert runner.failures == 0
    assert runner.tries >= 5


def test_two_ranks_beside_one(monkeypatch, capsys):
    pytest.importorskip("mpi4py", exc_type=ImportError)
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", ["distributed.py"])
    runpy.run_path(str(FOLDER / "distributed.py"))["main"](["--works", "D"])
    header, _, row = capsys.readouterr().out.splitlines()
    assert row.startswith("| D | ")
    cells = [float(cell.split()[0].replace(",", "")) for cell in row.strip("| ").split(" | ")[1:]]
    assert min(cells[:-2]) > 0  # microseconds
    assert min(cells[-2:]) >= 0  # ratios of two digits, near 0 where other work holds the cores
    assert header.count("|") == row.count("|")
