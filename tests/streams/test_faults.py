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


class Later:
    """Gives other blocks from its second iteration on."""

    def __init__(self, first, then):
        self.passes, self.blocks = 0, (first, then)

    def __call__(self):
        self.passes += 1
        return iter(self.blocks[self.passes > 1])


LATER = {
    "ends early": (blocks()[:4], "the stream ended after 4 blocks, 200 rows; it had 6 blocks and 300 rows"),
    "gives nothing": ([], "ended after"),
    "more blocks": ([*blocks(), *blocks()], "more blocks now than the 6 of its first pass"),
    "fewer rows": (changed(2, X=X[:40], y=Y[:40]), "block 2 of the stream has 40 rows now, and had 50"),
    "more rows": (changed(2, X=X[:60], y=Y[:60]), "block 2 of the stream has 60 rows now, and had 50"),
    "another width": (changed(2, X=X[:50, :2]), "block 2: X has 2 columns of type float32 now; it had 3"),
    "another type": (changed(2, X=X[:50].astype(float)), "block 2: X has 3 columns of type float64 now"),
    "NaN": (changed(3, X=spoiled(np.nan)), "block 3: X: row 7, column 2 is nan"),
    "an unknown label": (changed(4, y=np.where(np.arange(50) == 9, 7, 0)), "block 4: y: row 9 has the label 7"),
    "weights": ([(*block, np.ones(50)) for block in blocks()], "block 0 has weights now"),
}


@pytest.mark.parametrize("fault", LATER)
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_found_in_a_later_pass(fault, engine):
    then, words = LATER[fault]
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    with pytest.raises(lw.DataError, match=words):
        net.fit(Later(blocks(), then), window=64, epochs=2, batch_size=16, verbose=False, engine=engine)
    assert np.isfinite(net.theta).all()
    assert net.history.stopped_by == "error"


def test_errors_of_the_function_itself_name_the_block():
    class Broken(Exception):
        pass

    def breaks():
        yield from blocks()[:3]
        raise Broken("the disk is gone")

    with pytest.raises(Broken, match="the disk is gone") as caught:
        lw.Network([lw.Dense(2), lw.Softmax()]).fit(breaks, window=64, verbose=False)
    assert "block 3" in caught.value.__notes__[0]


REFUSED = {
    "order": ({"shuffle": lambda n: np.arange(n)}, "shuffle=function gives an order of all rows"),
    "augmentation": (
        {"augmentation": lw.Augmentation(noise=0.1, shape=(1, 3))},
        "augmentation needs images in an array",
    ),
    "y beside": ({"y": Y}, "y comes with the blocks of a stream"),
    "weights beside": ({"sample_weight": Y}, "sample_weight comes with the blocks of a stream"),
    "no rows": ({"window": 0}, "window"),
    "one-hot classes": ({"class_weight": {0: 1.0}}, "class_weight has no weight for"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_a_stream_cannot_have(name):
    more, words = REFUSED[name]
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    with pytest.raises((lw.DataError, ValueError), match=words):
        net.fit(lambda: iter(blocks()), **{"window": 64, "verbose": False, **more})
    assert net.task is None


def test_a_network_of_other_inputs_is_told_at_the_first_block():
    read = []

    def counted():
        for block in blocks():
            read.append(0)
            yield block

    net = lw.Network([lw.Dense(2), lw.Softmax()]).build(7)
    with pytest.raises(lw.ShapeError, match="block 0: X has 3 columns; the network takes 7 inputs"):
        net.fit(counted, window=64, verbose=False)
    assert len(read) == 1


class Group:
    """Arrays by name, as groups of Zarr and HDF5 and .npz files are."""

    def keys(self):
        return ["images", "labels"]

    def __len__(self):
        return 2

    def __getitem__(self, name):
        return {"images": X, "labels": Y}[name]


class NoBlocks:
    def __len__(self):
        return 0

    def __getitem__(self, i):
        raise IndexError(i)


NO_STREAMS = {
    "no rows": (lambda: lambda: iter(()), "the stream gave no rows"),
    "no blocks": (NoBlocks, "the stream has no blocks: its length is 0"),
    "a generator": (lambda: (block for block in blocks()), "got generator, which can be iterated once"),
    "nothing returned": (lambda: lambda: None, "the function that is the stream returned NoneType; it must return an"),
    "a number returned": (lambda: lambda: 3, "the function that is the stream returned int"),
    "a group": (Group, r"got Group, which holds arrays by name \('images', 'labels'\): give one of them as X"),
}


@pytest.mark.parametrize("name", NO_STREAMS)
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_every_method_says_under_its_own_name_what_is_no_stream(name, method):
    make, words = NO_STREAMS[name]
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0).build(3)
    more = {"verbose": False} if method == "fit" else {}
    with pytest.raises(lw.DataError, match=f"^{method}: .*{words}"):
        getattr(net, method)(make(), **more)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_a_column_of_a_table_in_memory_is_not_taken_by_its_name(method):
    pd = pytest.importorskip("pandas")
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0).build(3)
    with pytest.raises(lw.ShapeError, match=r"got the text 'y': .* the column 'y' as y"):
        getattr(net, method)(pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y}), "y")
