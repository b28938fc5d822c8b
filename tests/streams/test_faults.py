"""What is refused of a stream, and in which words: the block is named, and the network stays as it was."""

import numpy as np
import pytest

import layerwise as lw

X = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def blocks():
    return [(X[i : i + 50].copy(), Y[i : i + 50].copy()) for i in range(0, 300, 50)]


def changed(i, X=None, y=None):
    found = blocks()
    found[i] = (found[i][0] if X is None else X, found[i][1] if y is None else y)
    return found


def spoiled(value):
    part = blocks()[3][0]
    part[7, 2] = value
    return part


FAULTS = {
    "another width": (changed(2, X=X[:50, :2]), "block 2: X has 2 columns, and 3 in the blocks before"),
    "another type": (changed(2, X=X[:50].astype(float)), "block 2: X is of type float64, and float32 in the blocks"),
    "NaN": (changed(3, X=spoiled(np.nan)), "block 3: X: row 7, column 2 is nan"),
    "infinity": (changed(3, X=spoiled(np.inf)), "block 3: X: row 7, column 2 is inf"),
    "NaN in y": (changed(1, y=np.where(np.arange(50) == 4, np.nan, 0)), "block 1: y: row 4 is nan"),
    "too few y": (changed(1, y=Y[:49]), "block 1: X has 50 rows and y 49"),
    "text in y": (changed(4, y=np.array(["a"] * 50)), "block 4: y holds text, and numbers in the blocks before"),
    "y of another shape": (changed(4, y=np.eye(2)[Y[:50]]), r"block 4: y is of shape \(samples, 2\), and \(samples,\)"),
    "an unknown label": (changed(4, y=np.where(np.arange(50) == 9, 7, 0)), "y: row (9|209) has the label 7"),
    "no y": ([*blocks()[:2], (X[:50],)], "block 2 has no y, otherwise than the blocks before"),
    "no y at all": (lambda: iter([(X[:50],)]), r"block 0 has no y; a block must be \(X, y\)"),
    "weights in one": ([*blocks()[:2], (X[:50], Y[:50], np.ones(50))], "block 2 has weights, and the blocks before"),
    "negative weights": (
        lambda: iter([(X[:50], Y[:50], -np.ones(50))]),
        "block 0: weights must be finite and at least 0",
    ),
    "text in X": (changed(1, X=np.array([["a", "b", "c"]] * 50)), "block 1: X must hold numbers"),
    "not a tuple": (lambda: iter([X]), r"block 0 must be \(X, y\) or \(X, y, weights\); got ndarray"),
    "four parts": (lambda: iter([(X, Y, Y, Y)]), "got tuple of 4"),
    "a dict": (lambda: iter([({"a": X}, Y)]), "X must be one array; got a dict of 'a'"),
    "a single row": (lambda: iter([(X[0], 1)]), r"a single row; .* DataLoader\(dataset, batch_size=1024\)"),
    "nothing": (lambda: iter(()), "the stream gave no rows"),
    "one class": ([(x, np.zeros(len(x), int)) for x, _ in blocks()], "labels of one class only"),
    "a generator": ((block for block in blocks()), "got generator, which can be iterated once"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("window", [64, 10_000])
def test_found_in_the_first_pass(fault, window):
    stream, words = FAULTS[fault]
    net = lw.Network(
        [
            lw.Dense(
                2,
            ),
            lw.Softmax(),
        ],
        random_state=0,
    ).build(3)
    before, theta = net.get_parameters(), net.theta.copy()
    with pytest.raises((lw.DataError, lw.ShapeError), match=words):
        net.fit(stream, window=window, epochs=1, batch_size=16, verbose=False)
    assert (net.theta == theta).all()
    assert net.task is None
    assert net.scaling is None
    assert net.history is None
    assert len(before) == 2
