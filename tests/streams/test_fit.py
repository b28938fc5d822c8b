"""A fit of a stream: the fit of the array where a window holds it, and else the same order worked out by hand."""

import signal
import threading
import time

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.philox import BLOCKS, ORDER, generator

N, BLOCK, BATCH = 1003, 100, 32
ENGINES = ("numpy", "native")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 5)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def cut(*arrays, size=BLOCK):
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


def function(*arrays, size=BLOCK):
    return lambda: iter(cut(*arrays, size=size))


class Loader:
    """Iterated again and again, as a DataLoader is; a block is a list."""

    def __init__(self, *arrays):
        self.blocks = cut(*arrays)

    def __iter__(self):
        return map(list, self.blocks)

    def __len__(self):
        return len(self.blocks)


class Indexed:
    """By ``len()`` and ``[i]``, as a PyDataset of Keras."""

    def __init__(self, *arrays):
        self.blocks = cut(*arrays)

    def __len__(self):
        return len(self.blocks)

    def __getitem__(self, i):
        return self.blocks[i]


KINDS = {"function": function, "loader": Loader, "indexed": Indexed, "list": cut}


def network(**more):
    layers = [lw.Dense(8), lw.ReLU(), lw.Dropout(0.2), lw.Dense(2), lw.Softmax()]
    return lw.Network(layers, random_state=0, **more)


def fitted(X, y=None, epochs=3, net=None, **more):
    net = net or network()
    net.fit(X, y, epochs=epochs, batch_size=BATCH, verbose=False, **more)
    return net


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_window_holds_all_it_is_the_fit_of_the_array(data, kind, engine):
    whole, stream = fitted(*data, engine=engine), fitted(KINDS[kind](*data), engine=engine)
    assert (whole.theta == stream.theta).all()
    assert whole.history["loss"] == stream.history["loss"]
    at_its_limit = fitted(KINDS[kind](*data), engine=engine, window=N)
    assert (whole.theta == at_its_limit.theta).all()


class Order:
    """The order of rows that a stream of blocks by number has, for `fit(shuffle=)` of the array."""

    def __init__(self, seed, window, shuffled_blocks=True):
        self.seed, self.size, self.step = seed, window // 2 // BATCH * BATCH, 0
        self.blocks = shuffled_blocks

    def __call__(self, n):
        blocks = -(-n // BLOCK)
        order = generator(self.seed, BLOCKS, self.step).permutation(blocks) if self.blocks else range(blocks)
        rows = np.concatenate([np.arange(i * BLOCK, min((i + 1) * BLOCK, n)) for i in order])
        parts = []
        for k in range(0, n, self.size):
            part = rows[k : k + self.size]
            parts.append(part[generator(self.seed, ORDER, self.step + k // BATCH).permutation(len(part))])
        self.step += -(-n // BATCH)
        return np.concatenate(parts)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("window", [10, 64, 200, 999])
def test_blocks_in_a_random_order_and_rows_shuffled_in_windows(data, engine, window):
    by_hand = fitted(*data, engine=engine, shuffle=Order(0, max(window, 64)))
    stream = fitted(Indexed(*data), engine=engine, window=window)
    assert (by_hand.theta == stream.theta).all()
    for column in ("loss", "accuracy"):
        np.testing.assert_allclose(by_hand.history[column], stream.history[column], rtol=1e-6)
    iterated = fitted(function(*data), engine=engine, window=window)
    in_order = fitted(*data, engine=engine, shuffle=Order(0, max(window, 64), shuffled_blocks=False))
    assert (iterated.theta == in_order.theta).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_without_shuffling_rows_come_in_their_order(data, engine):
    whole = fitted(*data, engine=engine, shuffle=False)
    stream = fitted(Indexed(*data), engine=engine, window=200, shuffle=False)
    assert (whole.theta == stream.theta).all()


def test_the_same_bits_for_every_number_of_threads_and_however_slow_the_reader_is(data):
    slow = threading.Event()

    def hesitating():
        for i, block in enumerate(cut(*data)):
            if i % 3 == 0:
                slow.wait(0.01)
            yield block

    expected = fitted(function(*data), window=200).theta
    for threads in (1, 2, 3):
        assert (fitted(hesitating, window=200, n_threads=threads, epochs=3).theta == expected).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scaling", ["standard", "min_max"])
def test_scaling_is_learned_in_the_first_pass(data, engine, scaling):
    X = data[0] * [1, 1e3, 1e-3, 1, 1] + [0, 1e5, 0, 0, 1]
    X[:, 4] = 1
    net = fitted(Indexed(X, data[1]), window=200, net=network(scaling=scaling), engine=engine)
    whole = fitted(X, data[1], net=network(scaling=scaling), engine=engine)
    np.testing.assert_allclose(net.scaling.offset, whole.scaling.offset, rtol=1e-12)
    np.testing.assert_allclose(net.scaling.factor, whole.scaling.factor, rtol=1e-9)
    assert net.input_range == whole.input_range
    again = fitted(cut(X, data[1], size=37), window=200, net=network(scaling=scaling), engine=engine)
    np.testing.assert_allclose(net.scaling.factor, again.scaling.factor, rtol=1e-9)


def test_pixels_are_scaled_as_those_of_an_array(data):
    X = (data[0] * 50 + 128).clip(0, 255).astype(np.uint8)
    net = fitted(Indexed(X, data[1]), window=200)
    assert repr(net.scaling) == repr(fitted(X, data[1]).scaling) != "None"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1.0, 1: 3.0}])
def test_weights_of_samples_and_classes(data, engine, class_weight):
    weights = np.random.default_rng(1).uniform(0.1, 2, N)
    whole = fitted(*data, sample_weight=weights, class_weight=class_weight, shuffle=Order(0, 200), engine=engine)
    stream = fitted(Indexed(*data, weights), class_weight=class_weight, window=200, engine=engine)
    np.testing.assert_allclose(whole.theta, stream.theta, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(whole.history["loss"], stream.history["loss"], rtol=1e-5)


def targets(kind, X):
    rng = np.random.default_rng(2)
    if kind == "text":
        return np.array(["low", "high"])[(X[:, 0] > 0).astype(int)]
    if kind == "one-hot":
        return np.eye(2)[(X[:, 0] > 0).astype(int)]
    if kind == "numbers":
        return X[:, 0] * 2 + rng.normal(size=N)
    if kind == "two columns":
        return X[:, :2] * 2
    if kind == "yes or no":
        return (X[:, :2] > 0).astype(int)
    return (X[:, 0] > 0).astype(int)


HEADS = {
    "text": [lw.Dense(2), lw.Softmax()],
    "one-hot": [lw.Dense(2), lw.Softmax()],
    "labels": [lw.Dense(2), lw.Softmax()],
    "numbers": [lw.Dense(1)],
    "two columns": [lw.Dense(2)],
    "yes or no": [lw.Dense(2), lw.Sigmoid()],
}


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_task_is_that_of_the_array(data, kind, engine):
    X, y = data[0], targets(kind, data[0])
    loss = "binary_cross_entropy" if kind == "yes or no" else None
    nets = [lw.Network([lw.Dense(4), lw.Tanh(), *HEADS[kind]], random_state=1) for _ in range(2)]
    fitted(X, y, net=nets[0], loss=loss, shuffle=Order(1, 200), engine=engine)
    fitted(Indexed(X, y), net=nets[1], loss=loss, window=200, engine=engine)
    assert repr(nets[0].task) == repr(nets[1].task)
    assert (nets[0].theta == nets[1].theta).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_validation_metrics_and_training_measures(data, engine):
    X, y = data
    whole = fitted(X, y, shuffle=Order(0, 200), validation_data=(X[:300], y[:300]), metrics="accuracy",
                   train_metrics=True, engine=engine)  # fmt: skip
    kinds = ((X[:300], y[:300]), cut(X[:300], y[:300]), function(X[:300], y[:300]))
    for held_out in kinds:
        stream = fitted(Indexed(X, y), window=200, validation_data=held_out, metrics="accuracy", train_metrics=True,
                        engine=engine)  # fmt: skip
        assert list(stream.history.columns) == list(whole.history.columns)
        for name in whole.history.columns:
            if name not in ("seconds", "samples_per_second"):
                np.testing.assert_allclose(stream.history[name], whole.history[name], rtol=1e-6, err_msg=name)


def test_schedules_early_stopping_and_clipping_go_as_in_any_fit(data):
    X, y = data
    more = {"schedule": "one_cycle", "patience": 3, "monitor": "val_loss", "clip_norm": 0.5, "ema": 0.9, "epochs": 12,
            "validation_data": (X[:200], y[:200])}  # fmt: skip
    whole, stream = fitted(X, y, shuffle=Order(0, 200), **more), fitted(Indexed(X, y), window=200, **more)
    assert (whole.theta == stream.theta).all()
    assert whole.history.stopped_by == stream.history.stopped_by


def test_rows_are_set_aside_by_the_seed_and_not_learned_from(data):
    X, y = data
    seen = []

    def counting():
        for block in cut(X, y):
            seen.append(block)
            yield block

    net = fitted(counting, window=400, validation_split=0.2)
    again = fitted(Indexed(X, y), window=400, validation_split=0.2, shuffle=False)
    assert net.last_fit["rows"] == N - 201
    same = fitted(function(X, y), window=400, validation_split=0.2)
    assert (net.theta == same.theta).all()
    assert net.history["val_loss"] == same.history["val_loss"]
    assert again.last_fit["rows"] == N - 201
    with pytest.raises(lw.DataError, match="more than the window of 100 rows holds"):
        fitted(Indexed(X, y), window=100, validation_split=0.5)


def test_a_second_fit_goes_on(data):
    X, y = data
    net = fitted(Indexed(X, y), window=200)
    fitted(Indexed(X, y), window=200, net=net, shuffle=True)
    assert net.steps == 2 * 3 * 32


def test_evaluate_and_predict_read_block_by_block(data):
    X, y = data
    net = fitted(X, y)
    for stream in (function(X, y), Loader(X, y), Indexed(X, y)):
        for metrics in (None, "accuracy"):
            expected, found = net.evaluate(X, y, metrics=metrics), net.evaluate(stream, metrics=metrics)
            assert expected.keys() == found.keys()
            np.testing.assert_allclose(list(expected.values()), list(found.values()), rtol=1e-6)
        assert (net.predict(stream) == net.predict(X)).all()
    assert (net.predict(lambda: iter([X[:10], X[10:]])) == net.predict(X)).all()
    weights = np.random.default_rng(3).uniform(size=N)
    expected = net.evaluate(X, y, sample_weight=weights)
    np.testing.assert_allclose(list(net.evaluate(Indexed(X, y, weights)).values()), list(expected.values()), rtol=1e-6)


def test_the_reader_ends_with_the_fit(data):
    def readers():
        return [thread for thread in threading.enumerate() if thread.name == "layerwise-reader"]

    class Breaks(lw.Callback):
        def on_epoch_end(self, run):
            assert readers()
            if run.epoch == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fitted(Indexed(*data), window=200, callbacks=Breaks())
    assert not readers()
    fitted(Indexed(*data), window=200)
    assert not readers()


def test_nothing_is_read_for_epochs_that_do_not_come(data):
    begun = []

    def counted():
        begun.append(0)
        yield from cut(*data)

    fitted(counted, window=200, epochs=3)
    assert len(begun) == 1 + 3


def test_the_first_pass_is_shown(data, capsys):
    network().fit(Indexed(*data), window=200, epochs=1)
    assert "first pass: 1,003 rows in 11 blocks" in capsys.readouterr().out
    fitted(Indexed(*data), window=200)
    assert capsys.readouterr().out == ""


def test_diagnose_looks_at_the_rows_at_hand(data):
    watcher = lw.Diagnose(warn=False)
    fitted(Indexed(data[0] * [1, 1, 1, 1, 1e6], data[1]), window=200, callbacks=watcher)
    assert watcher.layers
    assert any("column 4" in str(finding) for finding in watcher.findings)


def test_divergence_is_told_and_the_reader_ends(data):
    net = lw.Network([lw.Dense(8), lw.Dense(1)], random_state=0)
    with pytest.raises(lw.DivergenceError, match="layer"):
        fitted(Indexed(data[0] * 100, data[0][:, 0]), net=net, window=200, optimizer=lw.SGD(1e6), epochs=9)
    assert np.isfinite(net.theta).all()
    assert not [thread for thread in threading.enumerate() if thread.name == "layerwise-reader"]


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_ends_a_fit_that_waits_for_its_reader(data):
    blocked = threading.Event()

    def stuck():
        yield from cut(*data)[:5]
        if len(passes) > 1:
            main = threading.main_thread().ident
            threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT)).start()
            blocked.wait(120)  # a machine may stand still for a while
        yield from cut(*data)[5:]

    passes = []

    def counted():
        passes.append(0)
        return stuck()

    net = network()
    with pytest.warns(lw.InterruptWarning):
        fitted(counted, net=net, window=200)
    assert net.history.stopped_by == "interrupt"
    assert 0 < net.steps < 32
    blocked.set()


def test_a_script_says_that_it_cannot_repeat_the_order(data):
    weighed = fitted(Indexed(*data, np.ones(N)), window=200)
    assert weighed.last_fit["others"] == ["the order of a stream's windows", "sample_weight"]
    assert fitted(Indexed(*data)).last_fit["others"] == []


def test_a_callback_is_called_once_a_step_however_slowly_blocks_come(data):
    class Sees(lw.callbacks.Callback):
        def __init__(self):
            self.steps = []

        def on_progress(self, run):
            """Waiting for rows is interrupted for it."""

        def on_step_end(self, run):
            self.steps.append(run.step)

    def slow():
        for i, block in enumerate(cut(*data)):
            if len(passes) > 1 and i == 5:
                time.sleep(0.4)
            yield block

    passes, sees = [], Sees()

    def counted():
        passes.append(0)
        return slow()

    net = fitted(counted, epochs=2, window=200, callbacks=sees)
    assert sees.steps == list(range(1, net.steps + 1))
