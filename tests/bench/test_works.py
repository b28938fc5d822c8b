"""The works: operations counted by hand, data as they are said to be, works that are written out."""

from dataclasses import replace

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.bench import works
from layerwise.app.bench.works import WORKS, Work, find, forward_flops, load, step_flops

TINY = Work("tiny", (20, 8, 2), "relu", "adam", 1e-2, 50, "sines", 500)


def test_operations_of_a_step_by_hand():
    # 784-30-10, 10 rows: forward 2 · 10 · (23,520 + 300) = 476,400; as much for the weights; inputs 2 · 10 · 300
    assert forward_flops((784, 30, 10), 10) == 476_400
    assert WORKS["A"].flops == 476_400 + 476_400 + 6_000
    # 2-3-5-4, 7 rows: forward 14 · (6 + 15 + 20) = 574; inputs of all but the first layer 14 · (15 + 20) = 490
    assert step_flops((2, 3, 5, 4), 7) == 574 + 574 + 490
    assert step_flops((5, 3), 4) == 2 * (2 * 4 * 15)  # one layer: no inputs' gradient at all


def test_steps_of_an_epoch():
    assert {name: work.steps for name, work in WORKS.items()} == {
        "A": 5000, "B": 1562, "C": 390, "D": 781, "E": 10_000, "S": 500,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["A", "D", "E", "S"])
def test_data(name):
    work = WORKS[name]
    data = load(work)
    assert data.X.shape == (work.rows, work.sizes[0])
    assert data.X.dtype == data.X_test.dtype == np.float32
    assert data.y.dtype == np.int64
    assert set(data.y) == set(data.y_test) == set(range(work.sizes[-1]))
    assert len(data.X_test) == len(data.y_test)


def test_mnist_is_scaled():
    X = load(replace(WORKS["A"], rows=100)).X
    assert X.shape == (100, 784)
    assert (X.min(), X.max()) == (0, 1)


def test_a_work_that_is_written_out():
    work = find("784-100-10,tanh,sgd,0.1,64")
    assert (work.sizes, work.activation, work.optimizer, work.rate, work.batch) == (
        (784, 100, 10), "tanh", "sgd", 0.1, 64,
    )  # fmt: skip
    assert (work.data, work.rows, work.passes) == ("mnist", 50_000, 1)
    assert find("2-8-3,tanh,sgd,0.1,300").passes == 10_000
    assert find("a") is WORKS["A"]


@pytest.mark.parametrize("text", [
    "F", "784-10", "784-10,relu,adam,0.1", "784-x,relu,adam,0.1,5", "784-10,step,adam,0.1,5", "784-10,relu,lion,0.1,5",
    "784-10,relu,adam,0,5", "784-10,relu,adam,nan,5", "784-10,relu,adam,0.1,0", "784-10,relu,adam,0.1,50001",
    "784-0-10,relu,adam,0.1,5", "784-9,relu,adam,0.1,5", "784,relu,adam,0.1,5",
])  # fmt: skip
def test_a_work_that_is_not_known(text):
    with pytest.raises(lw.UnknownNameError, match=r"is not known; .*sizes,activation,optimizer,rate,batch"):
        find(text)


def test_first_weights_are_glorots():
    (W1, b1), (W2, _) = works.glorot((300, 100, 10))
    assert (W1.shape, W1.dtype, W2.shape) == ((300, 100), np.float32, (100, 10))
    assert np.abs(W1).max() == pytest.approx(np.sqrt(6 / 400), rel=0.01)
    assert not b1.any()
