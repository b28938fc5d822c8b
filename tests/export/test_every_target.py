"""What every target gives, run as its users run it, is what the network gives."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.engine.plan import compile_layers
from layerwise.exchange.export import TARGETS
from layerwise.parts.layers import LAYERS
from running_exports import RUNNERS, every_target, run

BAR = {np.float32: 2e-6, np.float64: 1e-12}
TESTED_ELSEWHERE = {"onnx", "training-script"}

# Every layer, with arguments other than the default ones where prediction depends on them.
EXAMPLES = [
    lw.Dense(5), lw.Dense(4, weight_rate="ntk"), lw.Dense(6, groups=3), lw.PiecewiseLinear([[-1, 0.5, 2]]),
    lw.PiecewiseLinear([[1.0]]), lw.Dropout(0.4), lw.Scale(), lw.LayerNorm(), lw.LayerNorm(0.1),
    lw.BatchNorm(), lw.BatchNorm(epsilon=0.1), lw.Step(), lw.Step(0.3), lw.Linear(), lw.Linear(-1.5), lw.Identity(),
    lw.Sigmoid(), lw.Tanh(), lw.ReLU(), lw.ReLU(0.7), lw.LeakyReLU(), lw.LeakyReLU(0.3, 1.2), lw.LeakyReLU(-0.4, 0.1),
    lw.Softmax(), lw.ELU(), lw.ELU(0.4), lw.SELU(), lw.GELU(), lw.SiLU(), lw.Mish(), lw.Softplus(), lw.Exp(),
]  # fmt: skip


def test_every_target_and_every_layer_is_covered():
    assert set(TARGETS) - TESTED_ELSEWHERE == set(RUNNERS)
    assert {type(layer) for layer in EXAMPLES} == set(LAYERS)
    for kind in [kind for kind in LAYERS if issubclass(kind, lw.Activation) and kind is not lw.Softmax]:
        numbers = [layer.numbers() for layer in EXAMPLES if type(layer) is kind]
        assert all(len({found[name] for found in numbers}) > 1 for name in numbers[0]), kind


def stir(net, rng):
    """Numbers other than the first ones in all that is learned, running means and variances too."""
    for stage, p in zip(net.plan.stages, net.parameters.p, strict=True):
        for name, array in vars(p).items():
            if name == "var":
                array[...] = rng.uniform(0.2, 3, array.shape)
            elif name in ("gamma", "s"):
                array[...] = rng.normal(1, 0.3, array.shape)
            elif name in (*stage.layer.bias_names, "mean"):
                array[...] = rng.normal(0, 0.5, array.shape)


def in_double(net):
    """The same network, computed in float64."""
    twin = lw.Network(net.layers, random_state=0, dtype="float64", scaling=net.scaling).build(net.plan.n_in)
    twin.theta = net.theta
    return twin


def check(net, X, found):
    """Hold exported outputs to the network's own.

    The difference is measured by the largest output for the 50 samples. At most 2e-6 of it in float32, where the
    network itself is within 5e-7 of the result in float64; what is worse conditioned, at most ten times as far as it.
    """
    own = net.outputs(X)
    allowed = BAR[net.dtype.type] * np.abs(own).max()
    if net.dtype == np.float32:
        error = np.abs(own - in_double(net).outputs(X.astype(np.float64))).max()
        allowed = allowed if error <= allowed / 4 else max(allowed, 10 * error)
    assert found.shape == own.shape
    assert np.abs(found - own).max() <= allowed, (net, np.abs(found - own).max(), np.abs(own).max())


@every_target
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer(target, dtype, tmp_path, rng):
    nets, inputs = [], []
    for layer in EXAMPLES:
        alone = [layer, lw.Tanh()] if layer.draws else [layer]
        layers = alone if dtype == np.float64 else [lw.Dense(6), layer, lw.Dense(3)]
        net = lw.Network(layers, random_state=1, dtype=dtype).build(9)
        stir(net, rng)
        nets.append(net)
        inputs.append(rng.normal(size=(50, 9)).astype(dtype))
    for net, X, found in zip(nets, inputs, run(target, nets, inputs, tmp_path), strict=True):
        check(net, X, found.outputs)


@every_target
def test_extreme_inputs(target, tmp_path):
    """Where a formula could overflow, it gives what the network gives."""
    nets = [lw.Network([layer], dtype="float64").build(1) for layer in EXAMPLES if not layer.parameter_shapes(1)
            and not layer.draws]  # fmt: skip
    X = np.array([[-1e4], [-800.0], [-30.0], [-1e-9], [0.0], [1e-9], [30.0], [700.0]])
    for net, found in zip(nets, run(target, nets, [X] * len(nets), tmp_path), strict=True):
        np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-12, atol=1e-12, err_msg=repr(net))


@st.composite
def networks(draw):
    """A network of up to four dense layers with any others between, and samples in the units of its scaling."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    others = [layer for layer in EXAMPLES if type(layer) is not lw.Dense]
    layers, n_in = [], draw(st.integers(1, 70))
    width = n_in
    for _ in range(draw(st.integers(1, 4))):
        groups = draw(st.sampled_from([k for k in (1, 2, 3, 5) if width % k == 0]))
        layers.append(lw.Dense(groups * draw(st.integers(1, 40 // groups)), groups=groups))
        layers += draw(st.lists(st.sampled_from(others), max_size=3))
        width = compile_layers(layers, n_in).n_out
    scaling = draw(st.sampled_from([None, "standard", "min_max", lw.RangeScaler(), lw.RangeScaler(-3, 5, -1, 1)]))
    net = lw.Network(layers, random_state=draw(st.integers(0, 1000)), scaling=scaling)
    X = (rng.normal(size=(50, n_in)) * rng.uniform(0.5, 3, n_in) + rng.normal(size=n_in)).astype(np.float32)
    if scaling is not None:
        net.scaling.fit(X)
    net.build(n_in)
    stir(net, rng)
    if isinstance(scaling, lw.RangeScaler):
        X = rng.uniform(net.scaling.low, net.scaling.high, X.shape).astype(np.float32)
    X[rng.random(X.shape) < draw(st.sampled_from([0, 0.5, 0.9]))] = 0
    return net, X[~on_the_edge(net, X)]


def on_the_edge(net, X):
    """The samples for which a step has an input so near to its threshold that rounding decides."""
    edge = np.zeros(len(X), bool)
    for layer, x in zip(net.layers[1:], net.activations(X), strict=False):
        if isinstance(layer, lw.Step):
            apart = np.abs(x - np.float32(layer.threshold))
            edge |= ((apart > 0) & (apart < 1e-5)).any(axis=1)
    return edge


@every_target
@given(drawn=st.lists(networks(), min_size=10, max_size=10))
@settings(max_examples=1, phases=[Phase.generate])  # to shrink an example would take hundreds of compilations
def test_drawn_networks(target, drawn, tmp_path_factory):
    nets, inputs = zip(*((net, X) for net, X in drawn if len(X) and np.isfinite(net.outputs(X)).all()), strict=True)
    for net, X, found in zip(
        nets, inputs, run(target, nets, inputs, tmp_path_factory.mktemp("drawn"), "-O3"), strict=True
    ):
        check(net, X, found.outputs)


# ---------------------------------------------------------------- answers

NASTY = ['a "quoted" one', "back\\slash", "trigraph ??/ 1.5f", "float", "naïve 数", "new\nline", "tab\t7"]


def trained(labels, layers, loss=None, **arguments):
    """A network trained for a moment on a label for each of 60 rows, and other rows."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = np.array(labels) if len(labels) == 60 else np.resize(np.array(labels), 60)
    net = lw.Network([lw.Dense(8), lw.Tanh(), *layers], random_state=2, scaling="standard")
    net.fit(X, y, loss=loss, epochs=3, verbose=False, **arguments)
    return net, rng.normal(size=(40, 4)).astype(np.float32)


def untrained(ending):
    return lw.Network([lw.Dense(3), ending], random_state=0).build(4), np.random.default_rng(5).normal(size=(50, 4))


def tasks():
    numbers = np.random.default_rng(4).normal(size=(60, 2))
    flags = (numbers > 0).astype(int)
    yield "labels", lambda: trained([0, 1, 2], [lw.Dense(3), lw.Softmax()])
    yield "text", lambda: trained(NASTY, [lw.Dense(7), lw.Softmax()])
    yield "yes or no", lambda: trained([0, 1], [lw.Dense(1), lw.Sigmoid()])
    yield "true or false", lambda: trained([False, True], [lw.Dense(2), lw.Softmax()])
    yield "names of yes and no", lambda: trained(["no", "yes"], [lw.Dense(1), lw.Sigmoid(), lw.Dropout(0.2)])
    yield "a sigmoid a class", lambda: trained([0, 1, 2], [lw.Dense(3), lw.Sigmoid()], lw.QuadraticCost())
    yield "scores only", lambda: trained([0, 1, 2], [lw.Dense(3)], lw.MeanSquaredError())
    yield "several labels", lambda: trained(flags, [lw.Dense(2), lw.Sigmoid()], lw.BinaryCrossEntropy())
    yield "a number", lambda: trained(numbers[:, 0], [lw.Dense(1)])
    yield "a column", lambda: trained(numbers[:, :1], [lw.Dense(1)])
    yield "numbers", lambda: trained(numbers, [lw.Dense(2), lw.Identity()])
    yield "untrained", lambda: untrained(lw.Sigmoid())
    yield "untrained softmax", lambda: untrained(lw.Softmax())


@every_target
def test_answers_and_probabilities(target, tmp_path):
    names, models, inputs = zip(*((name, *make()) for name, make in tasks()), strict=True)
    for name, net, X, found in zip(names, models, inputs, run(target, models, inputs, tmp_path), strict=True):
        expected = net.predict(X)
        answers = np.array(found.predict)
        assert answers.shape == expected.shape, name
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(answers, expected, rtol=2e-6, atol=2e-6, err_msg=name)
        else:
            assert answers.tolist() == expected.tolist(), name
            assert len(set(map(str, expected.ravel()))) > 1, f"{name}: one answer for all proves nothing"
        try:
            shares = net.predict_proba(X)
        except lw.DataError:
            assert found.probabilities is None, name
        else:
            np.testing.assert_allclose(found.probabilities, shares, atol=2e-6, err_msg=name)


@every_target
def test_pixels(target, tmp_path, rng):
    X = rng.integers(0, 256, (60, 16), dtype=np.uint8)
    net = lw.Network([lw.Dense(6), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, (X[:, 0] > X[:, 1]).astype(int), epochs=4, verbose=False)
    [found] = run(target, [net], [X], tmp_path)
    assert found.predict == net.predict(X).tolist()
    check(net, X.astype(np.float32), found.outputs)


# ---------------------------------------------------------------- estimators


def estimators():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    settings = {"max_iter": 200, "random_state": 0, "hidden_layer_sizes": (9,), "tol": 0}
    three = np.array([10, 20, 30])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    classifiers = [
        (three, {}),
        (three, {"loss": lw.BinaryCrossEntropy(), "scaling": "standard"}),
        (np.where(X[:, 0] > 0, "up", "down"), {"batch_norm": True}),
        ((X[:, 0] > 0).astype(float), {}),
        ((X[:, :3] > 0).astype(int), {}),
        (np.where(X[:, 0] > 0, 2**40, -(2**40)), {"layer_norm": True}),
    ]
    for y, arguments in classifiers:
        yield lw.MLPClassifier(**settings, **arguments).fit(X, y), X
    for y, loss in ((X[:, 0] * X[:, 1], "squared_error"), (X[:, :2] ** 2, "poisson")):
        yield lw.MLPRegressor(loss=loss, **settings).fit(X, y), X


@every_target
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators(target, tmp_path):
    pytest.importorskip("sklearn")
    models, inputs = zip(*estimators(), strict=True)
    for model, X, found in zip(models, inputs, run(target, models, inputs, tmp_path), strict=True):
        expected = model.predict(X)
        if hasattr(model, "predict_proba"):
            assert np.array(found.predict).tolist() == expected.tolist(), model
            np.testing.assert_allclose(found.probabilities, model.predict_proba(X), atol=2e-6)
        else:
            np.testing.assert_allclose(found.predict, expected, rtol=2e-6, atol=2e-6)
