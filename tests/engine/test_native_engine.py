"""The native executor beyond its formulas: the same bits for any number of threads, control, and bad input."""

import math
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from native_and_numpy import captured, needs_native

import layerwise as lw
from layerwise.data.rows import Rows
from layerwise.engine import native_engine, numpy_engine, threads
from layerwise.engine.native_rule import RuleOf
from layerwise.errors import DivergenceError, EngineError

pytestmark = needs_native

DIGITS = [lw.Dense(30), lw.Sigmoid(), lw.Dropout(0.2), lw.Dense(10), lw.Softmax()]


@pytest.fixture
def digits(rng):
    X = rng.integers(0, 256, (1000, 784), dtype=np.uint8)
    return X, np.r_[np.arange(10), rng.integers(0, 10, 990)]


@pytest.fixture
def table(rng):
    X = rng.standard_normal((1000, 20)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def trained(layers, data, n_threads, epochs=3, callbacks=(), **arguments):
    net = lw.Network(layers, random_state=1)
    history = net.fit(
        *data, engine="native", n_threads=n_threads, epochs=epochs, callbacks=callbacks, verbose=False, **arguments
    )
    return net, {name: history[name] for name in ("loss", "penalty")}


# Work that threads do together (uint8 digits, small batches), and work that is cut into spans of rows (a table).
WORK = [
    (DIGITS, "digits", {"optimizer": lw.SGD(0.5), "batch_size": 10}),
    (DIGITS, "digits", {"optimizer": lw.Adam(), "batch_size": 33, "penalty": lw.L2(1e-4)}),
    ([lw.Dense(64), lw.ReLU(), lw.Dense(64), lw.ReLU(), lw.Dense(2), lw.Softmax()], "table", {"batch_size": 64}),
    ([lw.Dense(33), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], "table", {"batch_size": 1000, "penalty": lw.L1(1e-4)}),
    (
        [lw.Dropout(0.1), lw.Dense(70), lw.ReLU(), lw.Dense(3), lw.Sigmoid()],
        "table",
        {"batch_size": 500, "loss": lw.QuadraticCost()},
    ),
    ([lw.Dense(100), lw.Tanh(), lw.Softmax(), lw.Dense(40), lw.GELU(), lw.Dense(2), lw.Softmax()], "table", {}),
    (
        [
            lw.Scale(),
            lw.Dense(70),
            lw.BatchNorm(),
            lw.ReLU(),
            lw.Dense(33),
            lw.LayerNorm(),
            lw.Dropout(0.1),
            lw.Dense(2),
            lw.Softmax(),
        ],
        "table",
        {"batch_size": 33, "penalty": lw.L2(1e-4)},
    ),
    (
        [
            lw.BatchNorm(),
            lw.Dense(100),
            lw.LayerNorm(),
            lw.Softmax(),
            lw.Scale(),
            lw.Dense(2),
            lw.BatchNorm(),
            lw.Sigmoid(),
        ],
        "table",
        {"loss": lw.QuadraticCost(), "optimizer": lw.AdamW()},
    ),
]


@pytest.mark.parametrize(("layers", "data", "arguments"), WORK)
def test_the_same_bits_for_any_number_of_threads(layers, data, arguments, request):
    data = request.getfixturevalue(data)
    one, history = trained(layers, data, 1, **arguments)
    for n_threads in (2, 3, 5):
        other, its_history = trained(layers, data, n_threads, **arguments)
        np.testing.assert_array_equal(one.theta, other.theta)
        np.testing.assert_array_equal(one.grad, other.grad)
        assert history == its_history


@pytest.mark.parametrize(("layers", "data", "arguments"), WORK)
def test_the_same_bits_however_training_is_interrupted(layers, data, arguments, request):
    """In one fit, in three, and with a return to Python after each step."""

    class EachStep(lw.Callback):
        steps = 0

        def on_step_end(self, run):
            self.steps += 1
            assert math.isfinite(run.loss)

    data = request.getfixturevalue(data)
    whole, _ = trained(layers, data, 2, **arguments)
    counted = EachStep()
    watched, _ = trained(layers, data, 1, callbacks=[counted], **arguments)
    assert counted.steps == watched.steps == whole.steps
    parts = lw.Network(layers, random_state=1)
    for i in range(3):
        parts.fit(*data, epochs=1, verbose=False, engine="native", n_threads=1 + i, **({} if i else arguments),
                  **({"batch_size": arguments.get("batch_size", 32)} if i else {}))  # fmt: skip
    np.testing.assert_array_equal(whole.theta, watched.theta)
    np.testing.assert_array_equal(whole.theta, parts.theta)
    np.testing.assert_array_equal(whole.grad, watched.grad)
    for name, array in whole.optimizer.state.items():
        np.testing.assert_array_equal(array, parts.optimizer.state[name])


HELD = [lw.Dense(70, weight_rate="ntk", bias_rate=0.5), lw.Tanh(), lw.Dense(33), lw.ReLU(), lw.Dense(2), lw.Softmax()]


@pytest.mark.parametrize("batch_size", [7, 500])
@pytest.mark.parametrize("optimizer", [lw.SGD(0.5), lw.AdamW(0.01)], ids=repr)
def test_clipped_frozen_and_with_a_rate_a_step_the_bits_are_the_same_for_any_number_of_threads(
    table, optimizer, batch_size
):
    results = []
    for n_threads in (1, 2, 3, 5):
        engine = captured(HELD, *table, np.float32, "native", n_threads, optimizer=optimizer, batch_size=batch_size,
                          penalty=lw.L2(1e-3))  # fmt: skip
        engine.clip_norm, engine.frozen = 0.05, {2}
        steps = -(-1000 // batch_size)
        rates = np.linspace(0.5, 0.1, steps)
        assert engine.run(0, steps, 0, rates=rates) == steps
        assert engine.optimizer.learning_rate == rates[-1]
        assert np.linalg.norm(engine.parameters.grad) == pytest.approx(0.05, rel=1e-5)
        results.append((engine.parameters.theta.copy(), engine.parameters.grad.copy()))
    for theta, grad in results[1:]:
        np.testing.assert_array_equal(theta, results[0][0])
        np.testing.assert_array_equal(grad, results[0][1])


@pytest.mark.parametrize("batch_size", [7, 500])
def test_steps_with_rates_are_the_same_in_one_call_and_in_several(table, batch_size):
    engines = [captured(HELD, *table, np.float32, "native", 2, optimizer=lw.SGD(0.5, momentum=0.9, decay=0.01),
                        batch_size=batch_size) for _ in range(2)]  # fmt: skip
    steps = -(-1000 // batch_size)
    rates = np.linspace(0.5, 0.1, steps)
    engines[0].run(0, steps, 0, rates=rates)
    for i in range(steps):
        engines[1].optimizer.learning_rate = rates[i]
        engines[1].run(i, i + 1, i)
    np.testing.assert_array_equal(engines[0].parameters.theta, engines[1].parameters.theta)
    np.testing.assert_array_equal(engines[0].parameters.grad, engines[1].parameters.grad)


def test_the_rate_of_a_step_that_diverged_stays(table):
    engine = captured([lw.Dense(1)], *table, np.float32, "native", 1, optimizer=lw.SGD(0.1), batch_size=10, loss="mse")
    rates = np.r_[0.1, 1e30, 0.3, np.ones(97)]
    made = engine.run(0, 100, 0, rates=rates)
    assert not engine.finite
    assert engine.optimizer.learning_rate == rates[made]


@pytest.mark.parametrize("batch_size", [16, 1000])
def test_divergence_is_caught_within_the_epoch_as_by_numpy(table, batch_size):
    errors, kept = [], []
    for engine in ("numpy", "native"):
        net = lw.Network([lw.Dense(30), lw.ReLU(), lw.Dense(1)], random_state=0)
        with pytest.raises(DivergenceError) as caught:
            net.fit(*table, loss="mse", optimizer=lw.SGD(30.0), batch_size=batch_size, epochs=60, engine=engine,
                    verbose=False)  # fmt: skip
        errors.append(caught.value)
        kept.append(net.theta.copy())
    assert errors[0].layer == errors[1].layer
    assert abs(errors[0].step - errors[1].step) <= 1  # the two overflow within a step of each other
    assert all(np.isfinite(theta).all() for theta in kept)


def test_a_part_of_ones_own_runs_on_numpy_and_is_named(table):
    class Cube(lw.layers.Activation):
        def forward(self, p, x, out):
            out[:] = x**3

        def backward(self, p, x, y, dy, g, dx):
            if dx is not None:
                dx[:] = dy * 3 * x**2

    net = lw.Network([lw.Dense(4), Cube(), lw.Dense(2), lw.Softmax()], random_state=0)
    with pytest.raises(EngineError, match=r"Cube\(\) has no native body"):
        net.fit(*table, engine="native", verbose=False)
    assert net.loss is None
    net.fit(*table, engine="auto", epochs=1, verbose=False)
    assert net.outputs(table[0]).shape == (1000, 2)


def test_a_derived_class_is_ones_own(table):
    class Adam(lw.Adam):
        def update(self, theta, grad, m, v, tmp):
            theta -= grad

    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    with pytest.raises(EngineError, match="Adam"):
        net.fit(*table, optimizer=Adam(), engine="native", verbose=False)


def test_a_derived_class_with_a_formula_of_its_own_is_followed(table):
    class SGD(lw.SGD):
        def f(self, w, g, rate, t):
            return w

    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    before = net.build(table[0].shape[1]).theta.copy()
    net.fit(*table, optimizer=SGD(), epochs=1, engine="native", verbose=False)
    np.testing.assert_array_equal(net.theta, before)


@pytest.mark.parametrize(("function", "limit"), [("exp", 1.5), ("expm1", 2), ("tanh", 3), ("log", 1), ("log1p", 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_keep_their_error_bound(function, limit, dtype, rng):
    """Over all exponents, where results are large and small, and at the limits; in units in the last place."""
    info, bits = np.finfo(dtype), np.uint32 if dtype == np.float32 else np.uint64
    anything = rng.integers(0, np.iinfo(bits).max, 400_000, dtype=bits, endpoint=True).view(dtype)
    edges = np.array([0, 1, info.tiny, info.max, info.smallest_subnormal, math.log(2), math.sqrt(0.5), np.inf], dtype)
    spread = [rng.uniform(-size, size, 100_000).astype(dtype) for size in (0.4, 3, math.log(float(info.max)) * 1.3)]
    x = np.concatenate([anything[anything == anything], *spread, edges, -edges, np.array([np.nan], dtype)])
    if function == "log1p":  # from 0 to 1
        x = np.abs(x[np.abs(x) <= 1])
    y = np.empty_like(x)
    native_engine._native.apply(function, x, y)
    with np.errstate(all="ignore"):
        exact = getattr(np, function)(x.astype(np.longdouble if dtype == np.float64 else np.float64))
        rounded = exact.astype(dtype)
        finite = np.isfinite(rounded)
        error = np.abs(y[finite].astype(exact.dtype) - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    assert error.max() <= limit


# ---------------------------------------------------------------- threads and processes


def _child(queue, X, y):
    net, _ = trained(DIGITS, (X, y), 2)
    queue.put((threads.default_threads(), net.theta))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_trains_alone_and_alike(method, digits):
    net, _ = trained(DIGITS, digits, 2)  # the parent's threads are there when it forks
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python and JAX warn of a fork where there are threads
        child = context.Process(target=_child, args=(queue, *digits))
        child.start()
    threads, theta = queue.get(timeout=120)
    child.join(60)
    assert threads == 1
    np.testing.assert_array_equal(theta, net.theta)


def test_several_python_threads_fit_at_once(digits):
    alone = [trained(DIGITS, digits, 2, batch_size=size)[0].theta for size in (10, 20, 30, 40)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda size: trained(DIGITS, digits, 2, batch_size=size)[0].theta, (10, 20, 30, 40)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_lock_of_python_is_free_while_it_trains(table):
    """Another thread runs on while `fit` is at work."""
    count, stop = [0], threading.Event()

    def work():
        while not stop.is_set():
            count[0] += 1

    other = threading.Thread(target=work)
    net = lw.Network([lw.Dense(400), lw.Tanh(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(*table, epochs=1, engine="native", n_threads=1, verbose=False)
    other.start()
    before = count[0]
    net.fit(*table, epochs=20, engine="native", n_threads=1, verbose=False)
    after = count[0]
    stop.set()
    other.join()
    assert after > before


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("batch_size", [10, 1000])
def test_ctrl_c_stops_soon_with_whole_weights(batch_size):
    """A second of training is cut short: fit returns within the bound, and training goes on from there."""
    code = f"""
    import signal, threading, time, os
    import numpy as np, layerwise as lw
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (20000, 784), dtype=np.uint8), rng.integers(0, 10, 20000)
    net = lw.Network([lw.Dense(100), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    sent = []
    def interrupt():
        time.sleep(0.7)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    history = net.fit(X, y, batch_size={batch_size}, epochs=1000, engine="native", verbose=False)
    waited = time.perf_counter() - sent[0]
    assert history.stopped_by == "interrupt", history.stopped_by
    assert np.isfinite(net.theta).all() and net.optimizer.iterations == net.steps > 0
    print(waited)
    """
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 2  # 0.2 on a machine that does nothing else


def test_progress_moves_within_an_epoch(table):
    class Bar(lw.Callback):
        steps = ()

        def on_progress(self, run):
            assert np.isfinite(run.parameters.theta).all()
            self.steps = (*self.steps, run.step)

    bar = Bar()
    X = np.tile(table[0], (400, 1))
    net = lw.Network([lw.Dense(64), lw.Tanh(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, np.tile(table[1], 400), batch_size=8, epochs=1, engine="native", callbacks=[bar], verbose=False)
    assert len(bar.steps) >= 1
    assert list(bar.steps) == sorted(set(bar.steps))


# ---------------------------------------------------------------- the module itself, handed nonsense


def call(core, theta, grad, optimizer, **changed):
    """Call run with these arguments changed: of it, or of one of the structures that it takes."""
    structures = {
        "Training": {"theta": theta, "grad": grad, "batch_size": 8, "seed": 0},
        "Optimizer": RuleOf(optimizer).arguments(optimizer),
        "Steps": {"first": 0, "last": 1, "number": 0, "epochs": 1, "rates": None},
    }
    given = []
    for kind, fields in structures.items():
        fields |= {name: changed.pop(name) for name in fields if name in changed}
        given.append(getattr(native_engine._native, kind)(**fields))
    return core.run(*given, **{"threads": 2} | changed)


def run(engine, **changed):
    parameters = engine.parameters
    return call(engine.core, parameters.theta, parameters.grad, engine.optimizer, **changed)


def plain_dense(n_in, n_out, loss="QuadraticCost"):
    """A native executor of one dense layer."""
    native, n_theta = native_engine._native, (n_in + 1) * n_out
    parts = [native.Part(begin=0), native.Part(begin=n_in * n_out)]
    layer = native.Layer(name="Dense", settings={"groups": 1}, n_in=n_in, n_out=n_out, parts=parts)
    return native.Native([layer], native.Loss(name=loss, settings={}), n_theta=n_theta, dtype="float32")


@pytest.fixture
def engine(table):
    return captured([lw.Dense(3), lw.Tanh(), lw.Dense(2), lw.Softmax()], *table, np.float32, "native",
                    optimizer=lw.SGD(0.1))  # fmt: skip


def odd_arrays():
    """Arrays that are wrong in one way or another: type, shape, strides, alignment, read-only, empty, no array."""
    kinds = st.sampled_from(list("?bBhHiIlLqQefdgFDSUOMm"))
    shapes = st.lists(st.integers(0, 30), max_size=3).map(tuple)

    def make(kind, shape, how):
        array = np.zeros(shape, kind if kind not in "SU" else kind + "3")
        if how == "read-only":
            array.flags.writeable = False
        elif how == "strided" and array.ndim:
            array = np.zeros([2 * n for n in shape], array.dtype)[tuple(slice(None, None, 2) for _ in shape)]
        elif how == "misaligned" and array.dtype.kind not in "OSUMm":
            raw = np.zeros(array.nbytes + 1, np.uint8)
            array = raw[1:].view(array.dtype).reshape(shape)
        elif how == "reversed" and array.ndim:
            array = array[::-1]
        elif how == "swapped":
            array = array.astype(array.dtype.newbyteorder())
        return array

    arrays = st.builds(
        make, kinds, shapes, st.sampled_from(["", "read-only", "strided", "misaligned", "reversed", "swapped"])
    )
    return arrays | st.sampled_from([None, 3, 2.5, "text", b"bytes", [1, 2], object()])


REFUSED = (ValueError, TypeError, RuntimeError, OverflowError)


@settings(max_examples=300)
@given(value=odd_arrays(), name=st.sampled_from(["theta", "grad", "order", "states", "rates"]))
def test_run_refuses_what_it_cannot_take(value, name):
    X, y = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32), np.arange(40) % 2
    engine = captured([lw.Dense(2), lw.Softmax()], X, y, np.float32, "native", optimizer=lw.SGD(0.1))
    changed = {name: [value] if name == "states" else value}
    if name in ("order", "rates") and value is None:
        run(engine, **changed)
        return
    before = engine.parameters.theta
    is_right = isinstance(value, np.ndarray) and (value.dtype, value.shape) == (before.dtype, before.shape)
    assume(not (is_right and name in ("theta", "grad") and value.flags.carray))
    before = before.copy()
    with pytest.raises(REFUSED):
        run(engine, **changed)
    np.testing.assert_array_equal(engine.parameters.theta, before)


@pytest.mark.parametrize(
    "wrong",
    [{"clip_norm": 0.0}, {"clip_norm": -1.0}, {"clip_norm": math.nan}, {"frozen": [-1]}, {"frozen": [4]}],
    ids=str,
)
def test_run_refuses_a_length_that_is_none_and_a_layer_that_is_not_there(engine, wrong):
    with pytest.raises(ValueError, match=r"clip_norm must be above 0|there is no layer -?\d to be frozen"):
        run(engine, **wrong)


NAMES = ["X", "offset", "factor", "labels", "dense", "weights"]


@settings(max_examples=300)
@given(value=odd_arrays(), name=st.sampled_from(NAMES))
def test_set_data_refuses_what_it_cannot_take(value, name):
    n, n_in, n_out = 12, 5, 2
    core = plain_dense(n_in, n_out)
    good = {
        "X": np.zeros((n, n_in), np.float32), "offset": np.zeros(n_in), "factor": np.ones(n_in),
        "labels": np.zeros(n, np.int64), "levels": (0.0, 1.0), "dense": None, "weights": None,
        "by_rows": False, "answers": "label",
    }  # fmt: skip
    core.set_data(**good)
    try:
        core.set_data(**good | {name: value})
    except REFUSED:
        return
    ok = value is None or isinstance(value, np.ndarray)
    assert ok
    theta, out = np.zeros(12, np.float32), np.zeros((n, n_out), np.float32)
    core.evaluate(theta, out, 2)  # whatever was taken can be read


@given(
    changes=st.dictionaries(
        st.sampled_from(["batch_size", "first", "last", "epochs", "number", "iterations", "threads", "seed"]),
        st.integers(-(2**65), 2**65) | st.integers(-3, 8) | st.none() | st.just("x"),
        min_size=1,
    )
)
def test_numbers_out_of_range_are_refused(changes):
    X, y = np.zeros((40, 5), np.float32), np.arange(40) % 2
    engine = captured([lw.Dense(2), lw.Softmax()], X, y, np.float32, "native", optimizer=lw.SGD(0.1))
    if isinstance(changes.get("epochs"), int) and changes["epochs"] > 100:
        changes["epochs"] = 10**6 if changes["epochs"] < 0 else -1
    if isinstance(changes.get("threads"), int) and 8 < changes["threads"] <= 1024:
        changes["threads"] = 8
    try:
        made, finite, _, _ = run(engine, **changes)
    except REFUSED:
        return
    assert made >= 1
    assert finite


@settings(max_examples=200)
@given(
    labels=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 3), min_size=6, max_size=6),
    order=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 7), min_size=6, max_size=6),
)
def test_labels_and_orders_out_of_range_are_refused(labels, order):
    core = plain_dense(2, 3)
    X = np.ones((6, 2), np.float32)

    def data(labels):
        core.set_data(X, labels=np.array(labels, np.int64), levels=(0.0, 1.0), answers="label")

    good = all(0 <= label < 3 for label in labels)
    if good:
        data(labels)
    else:
        with pytest.raises(ValueError, match="labels"):
            data(labels)
        data([0, 1, 2, 0, 1, 2])
    theta, grad = np.zeros(9, np.float32), np.zeros(9, np.float32)

    def ordered():
        return call(core, theta, grad, lw.SGD(0.1), batch_size=4, last=2, order=np.array(order, np.int64))

    if all(0 <= row < 6 for row in order):
        assert ordered()[0] == 2
    else:
        with pytest.raises(ValueError, match="order"):
            ordered()


LINES = st.lists(st.lists(st.integers(-1, 70), min_size=4, max_size=5), max_size=3)
INTERVALS = st.integers(-1, 4), st.floats(), st.floats()
CODES = st.tuples(LINES, st.lists(st.floats(), max_size=2), st.integers(-1, 70), st.integers(-1, 70))


@settings(max_examples=200)
@given(
    layers=st.lists(
        st.fixed_dictionaries({
            "name": st.sampled_from(["Dense", "PiecewiseLinear", "Tanh", "Dropout", "Softmax", "Nothing", ""]),
            "settings": st.sampled_from([{}, {"rate": 0.5}, {"slope": "x"}])
            | st.sampled_from([1, 1, 1, -1, 0, 3, 2**60, 2**70]).map(lambda groups: {"groups": groups}),
            "n_in": st.integers(-1, 4) | st.sampled_from([2**40, 2**62, 2**63 - 1]),
            "n_out": st.integers(-1, 4) | st.sampled_from([2**40, 2**62, 2**63 - 1]),
            "parts": st.lists(st.integers(-1, 40) | st.just(2**63 - 1), max_size=3),
            "formula": st.none() | st.tuples(CODES, CODES, st.booleans(), st.booleans()),
            "intervals": st.none() | st.tuples(*[st.lists(numbers, max_size=2) for numbers in INTERVALS]),
        }),
        max_size=3,
    ),
    loss=st.sampled_from([
        None, {"name": "Huber", "settings": {"delta": 1.0}}, {"name": "Huber", "settings": {}},
        {"name": "None", "settings": {}, "fused": True},
        {"name": "CategoricalCrossEntropy", "settings": {"epsilon": 0.0}, "fused": True},
    ]),
    n_theta=st.integers(-1, 60) | st.just(2**62),
    dtype=st.sampled_from(["float32", "float64", "int8"]),
)  # fmt: skip
def test_plans_that_make_no_sense_are_refused(layers, loss, n_theta, dtype):
    native = native_engine._native
    try:
        plan = [native.Layer(**layer | {"parts": [native.Part(begin=i) for i in layer["parts"]]}) for layer in layers]
        core = native.Native(plan, loss and native.Loss(**loss), n_theta=n_theta, dtype=dtype)
    except (*REFUSED, MemoryError):
        return
    n_in, n_out = layers[0]["n_in"], layers[-1]["n_out"]
    if n_theta > 100 or n_in > 100:
        return
    core.set_scaling(None, None)
    theta, X, out = np.zeros(n_theta, dtype), np.zeros((3, n_in), dtype), np.zeros((3, n_out), dtype)
    assert core.outputs(theta, X, out, 1)


RESULTS = st.lists(st.integers(-1, 9), max_size=3)
SHORT = st.lists(st.tuples(*[st.integers(-1, 9)] * 5), max_size=2)
RULE_CODES = st.tuples(SHORT, st.lists(st.floats(), max_size=2), st.integers(2, 9), RESULTS)


@settings(max_examples=300)
@given(
    states=st.integers(-1, 2) | st.just(5),
    formula=RULE_CODES,
    scalars=RULE_CODES,
    numbers=st.integers(-1, 2) | st.just(70),
    compiled=st.integers(-2, 30),
    descent=st.integers(-2, 2),
    values=st.lists(st.floats(), max_size=2),
)
def test_rules_that_make_no_sense_are_refused(states, formula, scalars, numbers, compiled, descent, values):
    core, native = plain_dense(2, 3), native_engine._native
    core.set_data(np.ones((6, 2), np.float32), dense=np.ones((6, 3), np.float32))
    theta, grad = np.zeros(9, np.float32), np.zeros(9, np.float32)
    try:
        rule = native.Rule(states=states, formula=formula, scalars=scalars, numbers=numbers, compiled=compiled,
                           descent=descent)  # fmt: skip
    except REFUSED:
        return
    given = {"rule": rule, "numbers": values, "states": [theta.copy() for _ in range(states)]}
    if len(values) == numbers:
        assert call(core, theta, grad, lw.SGD(0.1), **given)[0] == 1
        given["states"].append(theta)
    with pytest.raises(REFUSED):
        call(core, theta, grad, lw.SGD(0.1), **given)


def test_one_executor_serves_one_caller_at_a_time(engine):
    """A call from within its own poll is refused, and nothing hangs."""
    seen = []

    def poll():
        with pytest.raises(RuntimeError, match="at work"):
            run(engine)
        seen.append(time.perf_counter())
        return len(seen) > 1

    run(engine, batch_size=1000, epochs=10**6, poll=poll)
    assert len(seen) == 2


def test_an_error_in_poll_reaches_the_caller(engine):
    def poll():
        raise KeyError("from poll")

    with pytest.raises(KeyError, match="from poll"):
        run(engine, batch_size=1000, epochs=10**6, poll=poll)


def test_not_finite_rows_are_found_without_a_second_look(table):
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(*table, epochs=1, verbose=False)
    for n in (1, 1000):
        X = table[0][:n].copy()
        assert net.outputs(X).shape == (n, 2)
        X[n // 2, 3] = np.nan
        with pytest.raises(ValueError, match=f"row {n // 2}, column 3 is nan"):
            net.outputs(X)


@pytest.mark.parametrize("value", [3e38, -3e38])
def test_finite_rows_whose_sums_overflow_come_out_as_numpy_has_them(value):
    net = lw.Network([lw.Dense(3), lw.Sigmoid(), lw.Dense(2)], random_state=0)
    X = np.full((20, 5), value, np.float32)
    net.build(5)
    plan, parameters = net.built()
    expected = numpy_engine.outputs(plan, parameters, Rows(X, None, net.dtype, 64), 64)
    np.testing.assert_allclose(net.outputs(X), expected, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [5, 100])
def test_a_state_that_fades_away_becomes_0_and_this_thread_still_knows_subnormal_numbers(batch_size):
    """The first column is 0 in all rows but one: its mean gradient fades by 0.5 a step, to 2^-149 and beyond."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((100, 4)), rng.standard_normal((100, 2))
    X[:, 0] = np.arange(100) == 0
    net = lw.Network([lw.Dense(2)], random_state=0)
    fit = {"batch_size": batch_size, "shuffle": False, "engine": "native", "verbose": False}
    net.fit(X, y, optimizer=lw.Adam(beta_1=0.5), epochs=1, **fit)
    X[0, 0] = 0
    net.fit(X, y, epochs=200, **fit)
    faded = np.abs(net.optimizer.state["m"][:2])
    assert faded.max() == 0
    assert np.abs(net.optimizer.state["m"][2:]).min() > 0
    assert np.float32(1e-40) * np.float32(0.5) > 0


def test_an_unknown_instruction_set_is_named():
    code = "from layerwise import _native; _native.isa()"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LAYERWISE_ISA": "mmx"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "LAYERWISE_ISA is mmx; this machine and this build have" in result.stderr


@pytest.mark.slow
def test_parity_under_the_other_instruction_sets_of_this_machine():
    others = set(native_engine._native.isas) - {native_engine.isa()}
    for isa in sorted(others):
        environment = {**os.environ, "LAYERWISE_ISA": isa}
        tests = __file__.replace("engine.py", "parity.py")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout[-3000:]
        code = "from layerwise.engine import native_engine; print(native_engine.isa())"
        used = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
        assert used.stdout.decode().strip() == isa
