"""A fit of a stream that was cut off goes on to the same bits, and only with the same stream."""

import numpy as np
import pytest

import layerwise as lw

N, BATCH = 1003, 32
X = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
W = np.random.default_rng(1).uniform(0.5, 2, N)
READ = []


class Indexed:
    """Blocks by number."""

    def __init__(self, *arrays, size=100):
        self.arrays, self.size = arrays, size

    def __len__(self):
        return -(-len(self.arrays[0]) // self.size)

    def __getitem__(self, i):
        READ.append(i)
        return tuple(a[i * self.size : (i + 1) * self.size] for a in self.arrays)


def blocks():
    indexed = Indexed(X, Y, W)
    return (indexed[i] for i in range(len(indexed)))


class StopAt(lw.Callback):
    """Cuts a training off, as a kill does: nothing is written any more."""

    only_looks = True

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        if run.step - run.first_step == self.step:
            raise KeyboardInterrupt


def fit(path, stream, engine="native", window=200, callbacks=(), **more):
    layers = [lw.Dense(8), lw.ReLU(), lw.Dropout(0.2), lw.BatchNorm(), lw.Dense(2), lw.Softmax()]
    net = lw.Network(layers, random_state=0, scaling="standard")
    keeping = lw.callbacks.Checkpoint(path, every="1 steps") if path else None
    kept = [*callbacks, *([keeping] if keeping else [])]
    history = net.fit(stream, epochs=3, batch_size=BATCH, window=window, engine=engine, schedule="cosine",
                      validation_data=(X[:100], Y[:100]), verbose=False, callbacks=kept, **more)  # fmt: skip
    return net, history


@pytest.mark.sampled(3)
@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("step", [1, 3, 33])
@pytest.mark.parametrize("stream", [Indexed(X, Y, W), blocks], ids=["by number", "in order"])
def test_cut_off_anywhere_it_goes_on_to_the_same_bits(tmp_path, engine, step, stream):
    whole, history = fit(None, stream, engine)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", stream, engine, callbacks=[StopAt(step)])
    READ.clear()
    net, gone_on = fit(tmp_path / "run", stream, engine, resume=True)
    np.testing.assert_array_equal(net.theta, whole.theta)
    for name in ("loss", "accuracy", "val_loss"):
        np.testing.assert_array_equal(gone_on[name], history[name])


def test_what_lies_before_the_place_is_not_read_again(tmp_path):
    stream = Indexed(X, Y, W)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", stream, callbacks=[StopAt(5)])
    READ.clear()
    fit(tmp_path / "run", stream, resume=True)
    first_pass, epochs = len(stream), READ[len(stream) :]
    assert READ[:first_pass] == list(range(11))
    assert len(epochs) < 3 * 11


CHANGED = {
    "rows": Indexed(X[:900], Y[:900], W[:900]),
    "range": Indexed(X * 2, Y, W),
    "labels": Indexed(X, np.where(np.arange(N) == 3, 1 - Y, Y), W),
    "dtype": Indexed(X.astype(float), Y, W),
    "columns": Indexed(X[:, :4], Y, W),
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_stream_is_refused(tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", Indexed(X, Y, W), callbacks=[StopAt(4)])
    with pytest.raises(lw.LayerwiseError, match=name if name != "columns" else "columns"):
        fit(tmp_path / "run", CHANGED[name], resume=True)


def test_another_window_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", Indexed(X, Y, W), callbacks=[StopAt(4)])
    with pytest.raises(lw.DataError, match="window: 200 then, 300 now"):
        fit(tmp_path / "run", Indexed(X, Y, W), window=300, resume=True)
