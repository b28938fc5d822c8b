"""A training that is cut off and gone on with ends with the same bits as one that was not."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.writing import _machine
from layerwise.engine import native_engine
from layerwise.network.settings import describe, differences
from layerwise.parts import schedules
from layerwise.training.callbacks import Callback
from model_files import rewrite

ENGINES = ["numpy", *(["native"] if native_engine._native is not None else [])]


class Crash(Exception):
    """What ends a training at a step."""


class CrashAt(Callback):
    """Raises after so many steps of this process."""

    only_looks = True

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        if run.step == self.step:
            raise Crash


def data(task="classes"):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((157, 6)).astype("f")
    if task == "numbers":
        return X, X[:, :2] @ [[1.0], [2.0]]
    return X, (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


def network(**options):
    layers = [lw.Dense(16), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.3), lw.Dense(3), lw.Softmax()]
    return lw.Network(layers, random_state=4, **options)


def everything(path, every):
    """Callbacks that remember things, and arguments that move things."""
    return {
        "callbacks": [
            lw.Checkpoint(path, every=every),
            lw.EarlyStopping(patience=50),
            lw.ReduceOnPlateau(patience=1, factor=0.7),
            lw.ExponentialMovingAverage(0.9),
            lw.Freeze(0, from_epoch=2, to_epoch=3),
        ],
        "schedule": schedules.Cosine(warm_up=1),
        "clip_norm": 1.0,
        "penalty": lw.L2(1e-3),
    }


PLANS = {
    "plain": lambda path, every: {"callbacks": [lw.Checkpoint(path, every=every)]},
    "everything": everything,
    "without shuffling": lambda path, every: {"callbacks": [lw.Checkpoint(path, every=every)], "shuffle": False},
    "weighted": lambda path, every: {
        "callbacks": [lw.Checkpoint(path, every=every)], "class_weight": "balanced", "optimizer": lw.SGD(0.1, 0.9),
    },
    "early stopping": lambda path, every: {
        "callbacks": [lw.Checkpoint(path, every=every), lw.EarlyStopping(patience=1)],
    },
}  # fmt: skip


def fit(net, plan, path, every, engine, extra=(), **options):
    X, y = data()
    arguments = {
        "optimizer": lw.Adam(0.02),
        "epochs": 4,
        "batch_size": 20,
        "verbose": False,
        **PLANS[plan](path, every),
    }
    arguments["callbacks"] = [*arguments["callbacks"], *extra]
    return net.fit(X[:120], y[:120], validation_data=(X[120:], y[120:]), engine=engine, **arguments, **options)


def comparable(history):
    return {name: values for name, values in history.items() if "second" not in name}


def same(one, other):
    np.testing.assert_array_equal(one.theta, other.theta)
    for name, array in one.optimizer.state.items():
        np.testing.assert_array_equal(array, other.optimizer.state[name])
    assert one.optimizer.iterations == other.optimizer.iterations
    assert one.optimizer.learning_rate == other.optimizer.learning_rate
    assert one.steps == other.steps
    np.testing.assert_equal(comparable(one.history), comparable(other.history))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("every", ["epoch", 1, 4])
def test_the_same_bits_as_without_the_crash(tmp_path, engine, plan, every):
    whole = network()
    fit(whole, plan, tmp_path / "whole", every, engine)
    for crashes in ([13], [1, 3, 6, 20]):
        path = tmp_path / f"run{crashes[0]}.safetensors"
        for step in crashes:
            with pytest.raises(Crash):
                fit(network(), plan, path, every, engine, [CrashAt(step)], resume=True)
        resumed = network()
        history = fit(resumed, plan, path, every, engine, resume=True)
        same(resumed, whole)
        assert history.stopped_by == whole.history.stopped_by
        again = network()  # and a training that has ended has nothing left to do
        fit(again, plan, path, every, engine, [CrashAt(whole.steps)], resume=True)
        np.testing.assert_array_equal(again.theta, whole.theta)


@pytest.mark.parametrize("engine", ENGINES)
def test_distorted_images_and_sparse_rows_go_on_too(tmp_path, engine):
    sparse = pytest.importorskip("scipy.sparse")
    X = np.random.default_rng(0).integers(0, 255, (60, 64)).astype(np.uint8)
    y = np.arange(60) % 3
    for rows, options in (
        (X, {"augmentation": lw.Augmentation(rotation=20, shift=1, shape=(8, 8))}),
        (sparse.csr_matrix(X / 255 * (X > 200)), {}),
    ):
        thetas = []
        for path, crash in (("a", None), ("b", 17)):
            arguments = dict(options, epochs=4, batch_size=8, verbose=False, engine=engine)
            checkpoint = lw.Checkpoint(tmp_path / f"{path}{len(options)}.safetensors", every=3)
            if crash:
                with pytest.raises(Crash):
                    lw.Network([lw.Dense(3), lw.Softmax()], random_state=0).fit(
                        rows, y, callbacks=[checkpoint, CrashAt(crash)], **arguments
                    )
            net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
            net.fit(rows, y, callbacks=checkpoint, resume=True, **arguments)
            thetas.append(net.theta)
        np.testing.assert_array_equal(*thetas)


def test_an_order_of_one_s_own_is_gone_on_with(tmp_path):
    X, y = data()
    order = lambda n: np.arange(n)[::-1]  # noqa: E731
    thetas = []
    for crash in (False, True):
        path = tmp_path / f"{crash}"
        if crash:
            with pytest.raises(Crash):
                network().fit(X, y, shuffle=order, callbacks=[lw.Checkpoint(path, 2), CrashAt(7)], verbose=False)
        net = network()
        net.fit(X, y, shuffle=order, callbacks=lw.Checkpoint(path, 2), resume=True, verbose=False)
        thetas.append(net.theta)
    np.testing.assert_array_equal(*thetas)


class InterruptAt(CrashAt):
    """As if the user had pressed Ctrl-C."""

    def on_step_end(self, run):
        if run.step == self.step:
            run.stop("interrupt")


@pytest.mark.parametrize("step", [12, 13])  # at the end of an epoch, and within one
def test_an_interrupted_training_goes_on_where_it_was(tmp_path, step):
    whole, net = network(), network()
    fit(whole, "everything", tmp_path / "whole", "epoch", "auto")
    history = fit(net, "everything", tmp_path / "run", "epoch", "auto", [InterruptAt(step)])
    assert history.stopped_by == "interrupt"
    files = sorted(tmp_path.glob("run-*"))
    assert lw.load(files[-1]).steps == step
    resumed = network()
    fit(resumed, "everything", tmp_path / "run", "epoch", "auto", resume=True)
    same(resumed, whole)


def test_a_log_has_each_epoch_once(tmp_path):
    X, y = data()
    log, path = tmp_path / "log.csv", tmp_path / "run"
    arguments = {"epochs": 6, "batch_size": 20, "verbose": False}
    callbacks = [lw.CSVLog(log), lw.Checkpoint(path, "3 epochs"), CrashAt(44)]
    with pytest.raises(Crash):
        network().fit(X, y, callbacks=callbacks, **arguments)
    assert len(log.read_text().splitlines()) == 6  # epochs 1 to 5: two of them are not in the checkpoint
    network().fit(X, y, callbacks=[lw.CSVLog(log), lw.Checkpoint(path, "3 epochs")], resume=True, **arguments)
    assert [line.split(",")[0] for line in log.read_text().splitlines()] == ["epoch", *"123456"]


def test_a_checkpoint_is_a_model(tmp_path):
    net = network()
    fit(net, "plain", tmp_path / "run", "epoch", "auto")
    loaded = lw.load(sorted(tmp_path.iterdir())[-1])
    np.testing.assert_array_equal(loaded.outputs(data()[0]), net.outputs(data()[0]))
    assert loaded.history["loss"] == net.history["loss"]


# ---------------------------------------------------------------- when, where, how many


@pytest.mark.parametrize(
    ("every", "steps"),
    [("epoch", [12, 18, 24]), ("3 epochs", [18, 24]), (10, [10, 20, 24]), ("7 steps", [14, 21, 24])],
)
def test_when_files_are_written(tmp_path, every, steps):
    fit(network(), "plain", tmp_path / "run.safetensors", every, "auto")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [f"run-{step:09d}.safetensors" for step in steps[-3:]]


def test_files_by_the_clock(tmp_path):
    X, y = np.random.default_rng(0).random((1000, 30)), np.arange(1000) % 3
    checkpoint = lw.Checkpoint(tmp_path / "{step}", every="1 second", keep=None)
    checkpoint._seconds = 0.02
    lw.Network([lw.Dense(64), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0).fit(
        X, y, epochs=25, batch_size=4, callbacks=checkpoint, engine="numpy", verbose=False
    )
    steps = [int(os.path.basename(path)) for path in checkpoint.saved]
    assert steps[-1] == 6250
    assert len(steps) > 3
    assert all(a < b for a, b in pairwise(steps))


@pytest.mark.parametrize("every", ["", "fortnight", "0 epochs", "-1 steps", 0, 2.5, None, "3 epoch steps"])
def test_every_must_be_a_period(every, tmp_path):
    with pytest.raises((ValueError, TypeError), match="every"):
        lw.Checkpoint(tmp_path / "m", every=every)


def test_a_damaged_file_is_passed_over(tmp_path):
    whole = network()
    fit(whole, "plain", tmp_path / "whole", 5, "auto")
    with pytest.raises(Crash):
        fit(network(), "plain", tmp_path / "run", 5, "auto", [CrashAt(18)])
    files = sorted(tmp_path.glob("run-*"))
    for damaged, content in zip(files[1:], (b"", files[2].read_bytes()[:-1]), strict=True):
        damaged.write_bytes(content)
    (tmp_path / f".{files[0].name}.{_machine()}-{os.getpid()}-00000000.tmp").write_bytes(b"half")  # of a process before
    net = network()
    with pytest.warns(RuntimeWarning, match=r"not a whole safetensors file.*an older checkpoint is looked for"):
        fit(net, "plain", tmp_path / "run", 5, "auto", resume=True)
    same(net, whole)
    assert not list(tmp_path.glob(".*"))
    assert len(list(tmp_path.glob("run-*"))) == 3


def test_another_fit_is_told_apart(tmp_path):
    X, y = data()
    path = tmp_path / "run"
    arguments = {"epochs": 3, "batch_size": 20, "verbose": False}
    network().fit(X, y, callbacks=lw.Checkpoint(path), **arguments)

    def refused(message, X=X, y=y, net=None, **changed):
        call = {"callbacks": lw.Checkpoint(path), "resume": True, **arguments, **changed}
        net = net or network()
        with pytest.raises(lw.DataError, match=message):
            net.fit(X, y, **call)
        assert net.steps == 0

    refused("batch_size: 20 then, 21 now", batch_size=21)
    refused(r"X: an array of shape \(157, 6\) then, an array of shape \(100, 6\) now; y: ", X[:100], y[:100])
    refused("X: other values", X + 1)
    refused("y: other values", X, (y + 1) % 3)
    refused("X: other values, of type float32 then, float64 now", X.astype("d"))
    refused(r"y: other values, of type .* then, float64 now", X, y.astype("d"))
    refused(r"optimizer: Adam\(\) then, SGD\(\) now", optimizer="sgd")
    refused("loss: CategoricalCrossEntropy.*Mean", loss="mean_squared_error")
    refused(r"schedule: None then, OneCycle\(\) now", schedule="one_cycle")
    refused("random_state: 4 then, 5 now", net=lw.Network(network().layers, random_state=5))
    refused("layers: .*Dense", net=lw.Network([lw.Dense(3), lw.Softmax()], random_state=4))
    refused(r"callbacks: \['Checkpoint'\] then, \['Checkpoint', 'EarlyStopping'\] now",
            callbacks=[lw.Checkpoint(path), lw.EarlyStopping("loss")])  # fmt: skip
    refused("needs to know where from", callbacks=())
    net = network()
    net.fit(X, y, callbacks=lw.Checkpoint(path), resume=True, **{**arguments, "epochs": 5})  # more of them
    whole = network()
    whole.fit(X, y, **{**arguments, "epochs": 5})
    np.testing.assert_array_equal(net.theta, whole.theta)


LABELS = np.arange(157) % 3
NAMES = np.array(["no", "yes", "perhaps"])[LABELS]
INTEGERS = ("b", "i", "B", "L", ">i4", "l")


@pytest.mark.parametrize(
    ("then", "now"),
    [
        *[(LABELS, LABELS.astype(kind)) for kind in INTEGERS],
        *[(LABELS.astype(kind), LABELS.astype("h")) for kind in INTEGERS],
        (NAMES, NAMES.astype("U40")),
        (NAMES.astype(object), NAMES),
    ],
    ids=lambda y: str(y.dtype),
)
def test_labels_are_compared_by_their_values(then, now, tmp_path):
    X, path = data()[0], tmp_path / "run"
    arguments = {"classes": np.unique(then), "epochs": 1, "verbose": False}

    def fit(y, **resume):
        network().fit(X, y, validation_data=(X, y), callbacks=lw.Checkpoint(path), **arguments, **resume)

    fit(then)
    fit(now, resume=True)
    with pytest.raises(lw.DataError, match=r"y: other values.*; validation_data: "):
        fit(now[::-1], resume=True)


@pytest.mark.parametrize(("kind", "others"), [("l", "lBi"), ("B", "B")])
def test_labels_of_a_file_that_tells_their_type_alone(kind, others, tmp_path):
    """As files were before: the type is the same, or none but int64, which all are compared in."""
    X, checkpoint = data()[0], lw.Checkpoint(tmp_path / "run")

    def fit(y, **resume):
        network().fit(X, y, epochs=1, callbacks=checkpoint, verbose=False, **resume)

    def forget(description):
        del description["checkpoint"]["settings"]["y"]["labels"]

    fit(LABELS.astype(kind))
    for path in checkpoint.saved:
        rewrite(Path(path), forget)
    for other in others:
        fit(LABELS.astype(other), resume=True)


def test_numbers_beyond_int64_are_not_taken_for_negative_ones():
    large = np.array([2**63, 5], np.uint64)
    then, now = ({"y": describe(y), "callbacks": {}} for y in (large, large.astype(np.int64)))
    assert differences(then, now)


@pytest.mark.skipif(len(ENGINES) < 2, reason="the native engine is not there")
def test_the_executor_within_an_epoch_stays(tmp_path):
    with pytest.raises(Crash):
        fit(network(), "plain", tmp_path / "run", 5, "native", [CrashAt(8)])
    with pytest.raises(lw.DataError, match=r"within an epoch of the native executor.*give engine='native'"):
        fit(network(), "plain", tmp_path / "run", 5, "numpy", resume=True)


def test_without_a_file_it_begins(tmp_path):
    net, whole = network(), network()
    fit(net, "plain", tmp_path / "run", 5, "auto", resume=True)
    fit(whole, "plain", tmp_path / "whole", 5, "auto")
    same(net, whole)


def test_each_network_of_an_ensemble_has_its_files(tmp_path):
    X, y = data()
    arguments = {"epochs": 3, "verbose": False, "callbacks": lw.Checkpoint(tmp_path / "run.safetensors", keep=1)}
    one, other = (lw.Ensemble(network().layers, 2, random_state=0) for _ in range(2))
    one.fit(X, y, **arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-network1.safetensors", "run-network2.safetensors"]
    other.fit(X, y, resume=True, **arguments)
    np.testing.assert_array_equal(one.outputs(X), other.outputs(X))


# ---------------------------------------------------------------- kill -9

PROGRAM = """
import sys, os
import numpy as np
import layerwise as lw
engine, path, out = sys.argv[1:]
rng = np.random.default_rng(0)
X, y = rng.random((3000, 40)).astype("f"), rng.integers(0, 5, 3000)
net = lw.Network([lw.Dense(96), lw.ReLU(), lw.Dropout(0.2), lw.Dense(5), lw.Softmax()], random_state=1)
print("ready", flush=True)
net.fit(X, y, epochs=20, batch_size=30, optimizer=lw.Adam(0.003), schedule="one_cycle", ema=0.99,
        validation_data=(X[:300], y[:300]), patience=30, engine=engine, verbose=False, resume=True, n_threads=1,
        callbacks=lw.Checkpoint(path, every=7))
np.save(out, np.concatenate([net.theta, net.history["val_loss"]]))
"""


def killed_and_resumed(tmp_path, engine, kills, seed):
    """Train, killed again and again at random moments; how often it was, and the result."""
    rng, path, out = np.random.default_rng(seed), tmp_path / f"{engine}.safetensors", tmp_path / f"{engine}.npy"
    done = 0
    while not out.exists():
        command = [sys.executable, "-W", "error", "-c", PROGRAM, engine, str(path), str(out)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done < kills:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            time.sleep(rng.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
            done += process.wait() == -signal.SIGKILL
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
    return done, np.load(out)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9")
@pytest.mark.parametrize(
    ("engine", "kills"),
    [
        (ENGINES[-1], 1),
        *(pytest.param(engine, 100, marks=pytest.mark.slow) for engine in ENGINES),
    ],
)
def test_killed_at_random_moments(tmp_path, engine, kills):
    _, expected = killed_and_resumed(tmp_path, engine, 0, 0)
    total = 0
    for run in range(100):
        (folder := tmp_path / f"run{run}").mkdir()
        count, found = killed_and_resumed(folder, engine, kills - total, run)
        np.testing.assert_array_equal(found, expected)
        total += count
        left = [path.name for path in folder.iterdir()]
        assert sum(name.startswith(engine) and name.endswith(".safetensors") for name in left) <= 3
        if total >= kills:
            break
    assert total == kills


def test_a_checkpoint_needs_a_path():
    with pytest.raises(ValueError, match="path must name a file"):
        lw.Checkpoint("")
