"""Native against NumPy: every formula, found by discovery; outputs, gradients and whole steps, in both precisions."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from native_and_numpy import ARGUMENTS, TOLERANCE, apart, captured, differences, ending, needs_native, targets

import layerwise as lw
from layerwise.data.rows import Rows
from layerwise.engine import native_engine, numpy_engine
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS

pytestmark = needs_native

DTYPES = [np.float32, np.float64]
BATCHES = [1, 7, 64, 200]  # one row; odd; cut into spans; more than there are rows


def close(found, dtype, what, factor=1.0):
    """Hold all differences to the bound."""
    for name, value in found.items():
        assert value <= factor * TOLERANCE[dtype], f"{what}: {name} differs by {value:.2e}"


def make(kind):
    return kind(*ARGUMENTS.get(kind, ()))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("batch_size", BATCHES)
@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layer(kind, dtype, batch_size, rng):
    """Between two dense layers, first of all, and last of all."""
    X = rng.standard_normal((130, 11))
    y = rng.standard_normal((130, make(kind).n_out(9)))
    last = lw.Dense(y.shape[1])
    stacks = [[lw.Dense(9), make(kind), last], [make(kind), last]]
    if kind.differentiable:
        stacks.append([lw.Dense(9), lw.Tanh(), lw.Dense(9), make(kind)])
    else:
        stacks.pop(0)
    for layers in stacks:
        rate = 5e-4 if kind is lw.Exp else 0.02  # eˣ squared has steep walls
        arguments = {"loss": lw.QuadraticCost(), "optimizer": lw.SGD(rate), "batch_size": batch_size}
        factor = 10 if kind is lw.BatchNorm else 1  # the last batch has two rows, whose gradient all but cancels out
        close(differences(layers, X, y, dtype, **arguments), dtype, f"{layers}, batch {batch_size}", factor)


NORMALIZED = [
    lambda k: [lw.Scale(rate=3.0), lw.Dense(k), lw.ReLU(), lw.Dense(5), lw.Softmax()],
    lambda k: [lw.Dense(k), lw.BatchNorm(0.5), lw.ReLU(), lw.Dropout(0.2), lw.Dense(5), lw.Softmax()],
    lambda k: [lw.Dense(k), lw.LayerNorm(), lw.Tanh(), lw.Dropout(0.2), lw.Dense(5), lw.Softmax()],
    lambda k: [lw.BatchNorm(penalty=None), lw.Dense(k), lw.GELU(), lw.LayerNorm(penalty=None), lw.Dense(5),
               lw.Softmax()],
    lambda k: [lw.LayerNorm(), lw.Scale(penalty=None), lw.Dense(k), lw.BatchNorm(), lw.Scale(), lw.Sigmoid(),
               lw.Dense(5), lw.BatchNorm(), lw.Softmax()],
    lambda k: [lw.Dense(k), lw.Softmax(), lw.LayerNorm(), lw.Dense(k), lw.Softmax(), lw.BatchNorm(), lw.Dense(5),
               lw.LayerNorm(), lw.Scale(), lw.Softmax()],
    lambda k: [lw.Dropout(0.1), lw.BatchNorm(), lw.Dense(k), lw.SiLU(), lw.Scale(), lw.LeakyReLU(), lw.BatchNorm(),
               lw.Dense(5), lw.Softmax()],
]  # fmt: skip


@pytest.mark.sampled(5)
@pytest.mark.parametrize("stack", range(len(NORMALIZED)))
@pytest.mark.parametrize("width", [1, 15, 16, 17, 100, 300])
@pytest.mark.parametrize("dtype", DTYPES)
def test_normalized_networks(stack, width, dtype, rng):
    """Of any width: batches of one row, with a short last one, and of all rows; held, clipped, with a rate a step."""
    X, y = rng.standard_normal((83, 21)) + np.linspace(-2, 2, 21), np.arange(83) % 5
    held = {"clip_norm": 0.5, "frozen": [1], "rates": lambda i: 0.02 / (i + 1)}
    for batch_size, changes in ((1, {}), (10, {}), (83, {}), (10, held)):
        layers = NORMALIZED[stack](width)
        found = differences(
            layers, X, y, dtype, optimizer=lw.SGD(0.02, momentum=0.5, weight_decay=0.01), penalty=lw.L2(1e-3, 1e-3),
            batch_size=batch_size, steps=3, n_threads=3, **changes,
        )  # fmt: skip
        # Where numbers nearly agree over a row, or over a batch, the last digits of their differences are grown.
        close(found, dtype, f"{layers}, batch {batch_size}, {changes}", factor=30 if width == 1 else 10)


@pytest.mark.parametrize("n", [1, 2, 8, 9, 200])
@pytest.mark.parametrize("stack", range(len(NORMALIZED)))
@pytest.mark.parametrize("dtype", DTYPES)
def test_outputs_of_normalized_networks(stack, dtype, n, rng):
    net = lw.Network(NORMALIZED[stack](33), random_state=0, dtype=dtype)
    X, y = rng.standard_normal((200, 21)).astype(dtype), np.arange(200) % 5
    net.fit(X, y, epochs=1, verbose=False, engine="native")
    expected = numpy_engine.outputs(net.plan, net.parameters, Rows(X[:n], None, net.dtype, 64), 64)
    close({"outputs": apart(net.outputs(X[:n]), expected)}, dtype, f"{net.layers}, {n} rows")
    engine = captured(net.layers, X, y, dtype, "native")
    scores = [
        made.run()
        for made in (
            numpy_engine.NumpyEvaluator(engine.plan, engine.parameters, engine.rows, engine.targets, 32),
            native_engine.NativeEvaluator(engine.plan, engine.parameters, engine.rows, engine.targets, 2),
        )
    ]
    close({"loss": apart(np.array([scores[0].loss]), np.array([scores[1].loss]))}, dtype, f"{net.layers}")


LOSS_CASES = [
    *(make_loss() for make_loss in LOSSES),
    lw.CategoricalCrossEntropy(label_smoothing=0.1),
    lw.BinaryCrossEntropy(label_smoothing=0.1, reduction="sum"),
    lw.CategoricalCrossEntropy(epsilon=1e-300),
    lw.BinaryCrossEntropy(epsilon=1.2e-7),
    lw.BinaryCrossEntropy(pos_weight=5.0),
    lw.BinaryCrossEntropy(pos_weight=0.2, label_smoothing=0.1, reduction="sum"),
    lw.Huber(0.3),
    lw.Quantile(0.9),
]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_out", [1, 5, 21])
@pytest.mark.parametrize("loss", LOSS_CASES, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_loss(loss, dtype, n_out, weighted, rng):
    """Fused with the layer before it where it can be, and not."""
    n = 90
    X, y = rng.standard_normal((n, 6)), targets(rng, loss, n, n_out)
    if y is None:
        pytest.skip("a single softmax output is always 1")
    weights = rng.random(n) * (rng.random(n) > 0.2) if weighted else None
    endings = [[ending(loss)]]
    if loss.fuses_with is lw.Softmax:
        endings.append([lw.Softmax(), lw.Dropout(0.0)])  # something between the two: not fused
    elif loss.fuses_with is lw.Sigmoid:
        endings.append([lw.Sigmoid(), lw.Dropout(0.0)])
    for last, batch_size in itertools.product(endings, (8, 90)):
        found = differences(
            [lw.Dense(13), lw.Tanh(), lw.Dense(n_out), *last], X, y, dtype, loss=loss, sample_weight=weights,
            optimizer=lw.SGD(0.05), batch_size=batch_size,
        )  # fmt: skip
        close(found, dtype, f"{loss!r} after {last}, {n_out} outputs")


@pytest.mark.parametrize("n_out", [1, 5, 21])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_yes_may_count_more_one_output_than_another(n_out, dtype, rng):
    X, y = rng.standard_normal((90, 6)), rng.integers(0, 2, (90, n_out))
    loss = lw.BinaryCrossEntropy(pos_weight=rng.random(n_out) * 4 + 0.1)
    for last, batch_size in itertools.product([[lw.Sigmoid()], [lw.Sigmoid(), lw.Dropout(0.0)]], (8, 90)):
        found = differences(
            [lw.Dense(13), lw.Tanh(), lw.Dense(n_out), *last], X, y, dtype, loss=loss, optimizer=lw.SGD(0.05),
            batch_size=batch_size,
        )  # fmt: skip
        close(found, dtype, f"{loss!r} after {last}, {n_out} outputs")


OPTIMIZER_CASES = [
    *(kind() for kind in OPTIMIZERS if kind is not lw.Adagrad),
    lw.Adagrad(0.1),  # its first step is the rate times the gradient's sign: at 1, a last digit near 0 is a whole step
    lw.SGD(0.1, momentum=0.9),
    lw.SGD(0.1, momentum=0.9, nesterov=True),
    lw.SGD(0.1, weight_decay=0.1),
    lw.SGD(0.1, momentum=0.9, weight_decay=0.1),
    lw.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    lw.Adam(epsilon=1e-3, epsilon_hat=True),
    lw.AdamW(epsilon=1e-3, epsilon_hat=True),
    lw.AdamW(0.01, weight_decay=0.3, decay=0.1),
    lw.RMSprop(0.01, rho=0.5, decay=0.2),
]


@pytest.mark.parametrize("optimizer", OPTIMIZER_CASES, ids=repr)
@pytest.mark.parametrize("penalty", [None, *(kind(0.01, 0.02) for kind in PENALTIES)], ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_optimizer_and_penalty(optimizer, penalty, dtype, rng):
    X, y = rng.standard_normal((96, 19)), rng.integers(0, 4, 96)
    for batch_size in (12, 96):
        found = differences(
            [lw.Dense(18, penalty=lw.L1(0.003) if penalty else None), lw.Sigmoid(), lw.Dense(4), lw.Softmax()],
            X, y, dtype, optimizer=optimizer, penalty=penalty, batch_size=batch_size, steps=8,
        )  # fmt: skip
        # Adam divides by the root of small squares: a last digit of a gradient near 0 shows in the step.
        close(found, dtype, f"{optimizer!r}, {penalty!r}, batch {batch_size}", factor=20)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 96])
@pytest.mark.parametrize("dtype", DTYPES)
def test_penalties_by_the_batch(dtype, batch_size, weighted, rng):
    X, y = rng.standard_normal((96, 19)), rng.integers(0, 4, 96)
    weights = rng.random(96) * (rng.random(96) > 0.3) if weighted else None
    penalties = [lw.L2(0.05, per_batch=True), lw.L1(0.02, 0.01, per_batch=True), lw.L2(1e-3, 1e-3), lw.L1(1e-3)]
    for penalty in (*penalties, penalties):
        found = differences(
            [lw.Dense(18), lw.Tanh(), lw.Dense(4), lw.Softmax()], X, y, dtype, optimizer=lw.SGD(0.1), penalty=penalty,
            batch_size=batch_size, sample_weight=weights,
        )  # fmt: skip
        close(found, dtype, f"{penalty!r}, batch {batch_size}", factor=5)


@pytest.mark.parametrize("kind", [lw.CategoricalCrossEntropy, lw.BinaryCrossEntropy])
@pytest.mark.parametrize("dtype", DTYPES)
def test_certain_and_wrong_answers_cost_the_same_down_to_the_least_epsilon(kind, dtype, rng):
    X = np.array([[1.0, 0.5], [-1.0, 0.25], [0.5, -1.0]])
    last, y = (lw.Softmax(), [1, 0, 0]) if kind is lw.CategoricalCrossEntropy else (lw.Sigmoid(), np.eye(3)[:, :2])
    for epsilon, scale in itertools.product((1e-300, float(np.finfo(dtype).eps), 1e-7), (1.0, 90.0, 700.0, 1e4)):
        layers = [lw.Dense(2, weights=scale * np.array([[1.0, -1.0], [0.5, 2.0]])), last]
        loss = kind(epsilon=epsilon)
        found = differences(layers, X, y, dtype, steps=1, loss=loss, optimizer=lw.SGD(1e-3))
        close(found, dtype, f"{loss!r}, scale {scale}")


@pytest.mark.sampled(5)
@pytest.mark.parametrize("batch_size", [1, 12, 96])
@pytest.mark.parametrize(
    "optimizer", [lw.SGD(0.1), lw.SGD(0.1, momentum=0.9, decay=0.1), lw.Adam(), lw.AdamW()], ids=repr
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_steps_that_are_clipped_or_made_in_part(optimizer, dtype, batch_size, rng):
    """A share of a step for some arrays, frozen layers, a clipped gradient, a rate a step; each alone, and all."""
    X, y = rng.standard_normal((96, 19)), rng.integers(0, 4, 96)
    held = [
        {"clip_norm": 0.1},
        {"clip_norm": 1e6},
        {"frozen": [0]},
        {"frozen": [0, 1, 2]},
        {"rates": lambda i: 0.1 / (i + 1)},
    ]
    held.append({"clip_norm": 0.1, "frozen": [0], "rates": lambda i: 0.1 / (i + 1)})
    for weight_rate, changes in itertools.product((1.0, "ntk", 0.0), held):
        layers = [
            lw.Dense(18, weight_rate=weight_rate, bias_rate=1.5),
            lw.Tanh(),
            lw.Dense(4, bias_rate=0.0),
            lw.Softmax(),
        ]
        found = differences(
            layers, X, y, dtype, optimizer=optimizer, penalty=[lw.L2(0.01), lw.L1(0.001, 0.001)],
            batch_size=batch_size, steps=8, **changes,
        )  # fmt: skip
        close(found, dtype, f"{optimizer!r}, {changes}, batch {batch_size}", factor=20)


@pytest.mark.parametrize("scaling", [None, *(kind() for kind in SCALERS)], ids=repr)
@pytest.mark.parametrize("kind", ["?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", "g"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_data_is_read_and_scaled_alike(kind, scaling, dtype, rng):
    X = rng.integers(0, 2 if kind == "?" else 100, (40, 21)).astype(kind)
    y = rng.integers(0, 3, 40)
    layers = [lw.Dense(3), lw.Softmax()]
    found = differences(layers, X, y, dtype, scaling=scaling, optimizer=lw.SGD(1e-4), batch_size=16)
    close(found, dtype, f"{kind}, {scaling!r}")


sizes = st.integers(1, 300)


@settings(max_examples=25)
@example(n_in=1, hidden=[1], n_out=1, n=1, batch_size=1, seed=0, kind=0)
@example(n_in=300, hidden=[300, 17], n_out=300, n=300, batch_size=97, seed=1, kind=1)
@example(n_in=784, hidden=[30], n_out=10, n=23, batch_size=10, seed=2, kind=1)
@example(n_in=3, hidden=[20, 5], n_out=2, n=1500, batch_size=1400, seed=3, kind=0)  # spans of several chunks
@example(n_in=230, hidden=[33], n_out=4, n=150, batch_size=80, seed=4, kind=2)  # wide rows, turned
@given(
    n_in=sizes, hidden=st.lists(sizes, max_size=3), n_out=sizes, n=sizes, batch_size=sizes,
    seed=st.integers(0, 2**16), kind=st.integers(0, 2),
)  # fmt: skip
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_shape(dtype, n_in, hidden, n_out, n, batch_size, seed, kind):
    rng = np.random.default_rng(seed)
    activation = [lw.Tanh, lw.ReLU, lw.Softplus][kind]
    layers = [layer for units in hidden for layer in (lw.Dense(units), activation(), lw.Dropout(0.1))]
    X, y = rng.standard_normal((n, n_in)), rng.standard_normal((n, n_out))
    found = differences(
        [*layers, lw.Dense(n_out)], X, y, dtype, steps=2, loss=lw.MeanSquaredError(), batch_size=batch_size,
        optimizer=lw.SGD(1e-3), penalty=lw.L2(1e-4),
    )  # fmt: skip
    # A unit of ReLU may lie so near to 0 that the two sums fall on either side of it: then one sample's path differs.
    close(found, dtype, f"{n_in}-{hidden}-{n_out}, {n} rows by {batch_size}", factor=20 if kind == 1 else 5)


@settings(max_examples=25)
@example(n_in=40, hidden=16, n_out=1, n=3, seed=0)
@example(n_in=4, hidden=40, n_out=21, n=2, seed=0)  # theta ends in the middle of a line
@example(n_in=700, hidden=300, n_out=9, n=250, seed=0)  # more weights than the second cache keeps
@given(n_in=sizes, hidden=sizes, n_out=sizes, n=st.integers(1, 400), seed=st.integers(0, 2**16))
@pytest.mark.parametrize("dtype", DTYPES)
def test_outputs_of_any_shape(dtype, n_in, hidden, n_out, n, seed):
    """A few rows, which read theta as it lies, and many, which put it into lines first."""
    rng = np.random.default_rng(seed)
    net = lw.Network([lw.Dense(hidden), lw.GELU(), lw.Dense(n_out), lw.Softmax()], random_state=0, dtype=dtype)
    X = rng.standard_normal((n, n_in)).astype(dtype)
    net.build(n_in)
    expected = numpy_engine.outputs(net.plan, net.parameters, Rows(X, None, net.dtype, 64), 64)
    close({"outputs": apart(net.outputs(X), expected)}, dtype, f"{n_in}-{hidden}-{n_out}, {n} rows")


@pytest.mark.parametrize("loss", LOSS_CASES, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_evaluation(loss, dtype, rng):
    n_out = 5
    X, y = rng.standard_normal((333, 7)), targets(rng, loss, 333, n_out)
    engine = captured([lw.Dense(n_out), ending(loss)], X, y, dtype, "native", loss=loss)
    scores = [
        made.run()
        for made in (
            numpy_engine.NumpyEvaluator(engine.plan, engine.parameters, engine.rows, engine.targets, 32),
            native_engine.NativeEvaluator(engine.plan, engine.parameters, engine.rows, engine.targets, 2),
        )
    ]
    assert (scores[0].accuracy is None) == (scores[1].accuracy is None)
    assert scores[0].accuracy is None or scores[0].accuracy == pytest.approx(scores[1].accuracy, rel=1e-6)
    close({"loss": apart(np.array([scores[0].loss]), np.array([scores[1].loss]))}, dtype, repr(loss))


def test_nothing_is_left_out():
    """All that is registered is among the cases above, and all of it is native."""
    core = native_engine._native
    names = {*core.layers, *core.losses, *core.penalties}
    assert names == {kind.__name__ for kind in (*LAYERS, *LOSSES, *PENALTIES)}
    assert {kind().formulas().text() for kind in OPTIMIZERS} <= set(core.optimizers)
    assert {type(loss) for loss in LOSS_CASES} == set(LOSSES)
    assert {type(optimizer) for optimizer in OPTIMIZER_CASES} == set(OPTIMIZERS)
