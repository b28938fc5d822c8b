"""lw.trace: its numbers are those of a real step, its arithmetic works out, and the network stays as it was."""

import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

import layerwise as lw
from layerwise.explain.trace.notation import plain
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES

LAYERS_WITH_ARGUMENTS = {
    lw.Dense: [lw.Dense(4), lw.Dense(4, weight_rate=0.5, bias_rate=0), lw.Dense(6, groups=2)],
    lw.Dropout: [lw.Dropout(0.4)],
    lw.Step: [lw.Step(), lw.Step(0.3)],
    lw.Linear: [lw.Linear(-1.5)],
    lw.ReLU: [lw.ReLU(), lw.ReLU(2.0)],
    lw.LeakyReLU: [lw.LeakyReLU(0.2, 1.5)],
    lw.ELU: [lw.ELU(0.7)],
    lw.Scale: [lw.Scale(2.0)],
    lw.PiecewiseLinear: [lw.PiecewiseLinear([[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]])],
}
OPTIMIZERS_WITH_ARGUMENTS = {
    lw.SGD: [
        lw.SGD(0.1),
        lw.SGD(0.1, momentum=0.9, decay=0.1),
        lw.SGD(0.1, momentum=0.8, nesterov=True, weight_decay=0.01),
    ],
    lw.Adam: [lw.Adam(0.01), lw.Adam(0.01, epsilon_hat=True)],
    lw.AdamW: [lw.AdamW(0.01), lw.AdamW(0.01, epsilon_hat=True)],
}
LOSSES_WITH_ENDINGS = {
    lw.CategoricalCrossEntropy: [
        (lw.CategoricalCrossEntropy(), [lw.Softmax()]),
        (lw.CategoricalCrossEntropy(label_smoothing=0.1), [lw.Softmax(), lw.Dropout(0.3)]),
    ],
    lw.BinaryCrossEntropy: [
        (lw.BinaryCrossEntropy(), [lw.Sigmoid()]),
        (lw.BinaryCrossEntropy(reduction="sum"), [lw.Sigmoid()]),
        (lw.BinaryCrossEntropy(), [lw.Softmax()]),
        (lw.BinaryCrossEntropy(pos_weight=3.0), [lw.Sigmoid()]),
        (lw.BinaryCrossEntropy(pos_weight=(3.0, 0.5, 1.0)), [lw.Sigmoid()]),
        (lw.BinaryCrossEntropy(pos_weight=(3.0, 0.5, 1.0)), [lw.Sigmoid(), lw.Dropout(0.2)]),
    ],
    lw.Poisson: [(lw.Poisson(), [lw.Softplus()])],
    lw.Huber: [(lw.Huber(0.4), [])],
    lw.Quantile: [(lw.Quantile(0.3), [])],
}


def of_all(kinds, given):
    return [part for kind in kinds for part in given.get(kind) or [kind()]]


def network(layers, dtype="float64", **options):
    return lw.Network(layers, random_state=1, dtype=dtype, **options)


def data(n, outputs=3):
    rng = np.random.default_rng(3)
    t = rng.uniform(0.1, 0.9, (n, outputs))
    return rng.normal(size=(n, 4)), t / t.sum(axis=1, keepdims=True)


def worked_out(line):
    """What a line of the arithmetic comes to, by Python's own mathematics."""
    line = re.sub(r"… \(\d+ more: ([^)]*)\)", r"(\1)", line)
    line = re.sub(r"\|([^|]*)\|", r"abs(\1)", line)
    line = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda e: f"**{e[0].translate(str.maketrans('⁰¹²³⁴⁵⁶⁷⁸⁹', '0123456789'))}", line)
    line = re.sub(r"√([\d.e-]+)", r"sqrt(\1)", line).replace("√", "sqrt")
    names = {"e": math.e, "π": math.pi, "sqrt": math.sqrt, "ln": math.log, "tanh": math.tanh, "sign": np.sign}
    words = {"max": max, "min": min, "abs": abs, "__builtins__": {}}
    return eval(line.replace("·", "*").replace("^", "**"), names | words)


def cells(document):
    for section in document.sections:
        for block in section.blocks:
            for cell in [cell for row in block.rows for cell in row] + block.folded:
                yield section.title, block, cell


def check_arithmetic(document):
    """Every line comes to its value, and only what was given has no line."""
    count = 0
    for title, block, cell in cells(document):
        if cell.numbers is None:
            is_given = plain(block.name) in ("x", "y", "mask") or " of " in plain(block.name)
            assert is_given or title == "After the step" or "kept as it is" in block.formula, (title, cell)
            continue
        assert worked_out(plain(cell.numbers)) == pytest.approx(float(cell.value), rel=1e-8, abs=1e-11), (title, cell)
        count += 1
    return count


def same(network, twin):
    np.testing.assert_array_equal(network.theta, twin.theta)
    assert network.steps == twin.steps
    assert repr(network) == repr(twin)
    assert (network.optimizer is None) == (twin.optimizer is None)
    if network.optimizer is not None:
        assert network.optimizer.iterations == twin.optimizer.iterations
        for name, array in network.optimizer.state.items():
            np.testing.assert_array_equal(array, twin.optimizer.state[name])


def check_step(net, X, y, **options):
    """The trace of a step against a real one, to the bit."""
    net.build(X.shape[1])
    before, real = net.copy(), net.copy()
    trace = lw.trace(net, X, y, **options)
    same(net, before)
    history = real.fit(X, y, **options, epochs=1, batch_size=len(X), engine="numpy", verbose=False)
    new = [array for part in trace.layers for array in part.new.values()]
    for found, expected in zip(new, real.get_parameters(), strict=True):
        np.testing.assert_array_equal(found, expected)
    for name, array in real.optimizer.state.items():
        found = [part.new_states[key][name].ravel() for part in trace.layers for key in part.new_states]
        taught = [array[real.parameters.slices[part.index][key]] for part in trace.layers for key in part.new_states]
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate(taught))
    assert trace.cost == pytest.approx(history["loss"][0], rel=1e-6)
    assert sum(term.value for term in trace.step.penalties) == pytest.approx(history["penalty"][0], rel=1e-5)
    return trace


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "layer", [layer for layer in of_all(LAYERS, LAYERS_WITH_ARGUMENTS) if layer.differentiable], ids=repr
)
@pytest.mark.parametrize("n", [1, 3])
def test_every_layer(layer, n):
    X, t = data(n)
    trace = check_step(network([lw.Dense(4), layer, lw.Dense(3)]), X, t, optimizer=lw.Adam(0.01))
    assert check_arithmetic(trace.document(digits=None, sample=n - 1)) > 40
    check_arithmetic(trace.neuron(1, 2, digits=None))


@pytest.mark.parametrize("layer", of_all(LAYERS, LAYERS_WITH_ARGUMENTS), ids=repr)
def test_every_layer_in_prediction(layer):
    net = network([lw.Dense(4), layer, lw.Dense(3)])
    X, _ = data(2)
    expected = net.forward(X)
    trace = lw.trace(net, X)
    np.testing.assert_array_equal(trace.layers[-1].y, expected)
    np.testing.assert_array_equal(trace.answers, net.predict(X))
    for part in trace.layers:
        np.testing.assert_array_equal(part.y, net.activations(X)[part.index])
    assert trace.step is None
    assert trace.cost is None
    assert check_arithmetic(trace.document(digits=None, sample=1)) >= 7


@pytest.mark.parametrize(
    ("loss", "ending"),
    [case if isinstance(case, tuple) else (case, []) for case in of_all(LOSSES, LOSSES_WITH_ENDINGS)],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 3])
def test_every_loss(loss, ending, n):
    X, t = data(n)
    trace = check_step(network([lw.Dense(3), *ending]), X, t, loss=loss, optimizer=lw.SGD(0.1))
    assert check_arithmetic(trace.document(digits=None)) > 10
    terms = trace["terms"]
    np.testing.assert_allclose(terms.mean(1) if trace.step.averages else terms.sum(1), trace["losses"], rtol=1e-12)
    np.testing.assert_allclose(trace["losses"].mean(), trace["C"], rtol=1e-12)


@pytest.mark.parametrize("optimizer", of_all(OPTIMIZERS, OPTIMIZERS_WITH_ARGUMENTS), ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_optimizer_in_its_third_step(optimizer, dtype):
    X, t = data(4)
    net = network([lw.Dense(5), lw.Tanh(), lw.Dense(3)], dtype)
    net.fit(X, t, optimizer=optimizer, epochs=2, verbose=False)
    trace = check_step(net, X, t)
    assert trace.step.number == 2
    assert trace.step.optimizer.iterations == 2
    if dtype == "float64":
        assert check_arithmetic(trace.document(digits=None)) > 60
    assert lw.trace(net, X, t, optimizer=net.optimizer)["new W1"].tolist() == trace["new W1"].tolist()


@pytest.mark.parametrize("penalty", [[kind(0.01, 0.02)] for kind in PENALTIES] + [[kind(0.01) for kind in PENALTIES]])
def test_every_penalty(penalty):
    X, t = data(2)
    trace = check_step(network([lw.Dense(3)]), X, t, optimizer=lw.SGD(0.1), penalty=penalty)
    check_arithmetic(trace.document(digits=None))
    np.testing.assert_allclose(trace["gradient W1"], trace["dC/dW1"] + trace["penalty W1"], rtol=1e-13)
    assert [term.factor for term in trace.step.penalties][:1] == [0.01]


def test_the_gradients_are_slopes_of_the_cost():
    X, t = data(3)
    net = network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()])
    net.build(4)
    loss = lw.CategoricalCrossEntropy()
    trace = lw.trace(net, X, t, loss=loss)
    gradient = np.concatenate([trace[f"dC/d{name}"].ravel() for name in ("W1", "b1", "W2", "b2")])
    slopes, h = [], 1e-6
    for i in range(net.theta.size):
        above, below = net.copy(), net.copy()
        above.theta[i] += h
        below.theta[i] -= h
        slopes.append((above.evaluate(X, t, loss=loss)["loss"] - below.evaluate(X, t, loss=loss)["loss"]) / (2 * h))
    np.testing.assert_allclose(gradient, slopes, atol=1e-8)
    np.testing.assert_allclose(trace["dC/dz2"], (net.forward(X) - t) / 3, rtol=1e-12)  # softmax and its loss are one


def test_after_the_step_is_the_network_after_a_step():
    X, t = data(2)
    net = network([lw.Dense(5), lw.ReLU(), lw.Dense(3)])
    trace = lw.trace(net, X, t, optimizer=lw.SGD(0.05))
    net.fit(X, t, optimizer=lw.SGD(0.05), epochs=1, engine="numpy", verbose=False)
    for part, expected in zip(trace.layers, net.activations(X), strict=True):
        np.testing.assert_array_equal(part.new_y, expected)
    assert trace["new C"] == pytest.approx(net.evaluate(X, t)["loss"], rel=1e-12)


def test_dropout_and_running_means_are_those_of_the_step():
    X, t = data(4)
    net = network([lw.Dense(6), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.5), lw.Dense(3)], "float32")
    net.fit(X, t, epochs=2, verbose=False)
    first = check_step(net, X, t)
    np.testing.assert_array_equal(first["h1~"], first["a1"] * first["mask h1~"])
    assert set(np.unique(first["mask h1~"])) == {0.0, 2.0}
    np.testing.assert_array_equal(first["new h1~"], first["new a1"] * first["mask h1~"])  # the same draw once more
    net.fit(X, t, epochs=1, engine="numpy", verbose=False)
    second = lw.trace(net, X, t)
    assert (first["mask h1~"] != second["mask h1~"]).any()  # another step draws another mask
    np.testing.assert_array_equal(second["mean1"], first["new mean1"])
    assert "dC/dmean1" not in first.names


def test_scaled_inputs_are_shown_as_they_came():
    rng = np.random.default_rng(0)
    X, y = rng.normal(50, 9, (30, 4)), rng.integers(0, 3, 30)
    net = network([lw.Dense(3), lw.Softmax()], scaling="standard")
    net.fit(X, y, epochs=1, verbose=False)
    trace = check_step(net, X[:2], y[:2])
    np.testing.assert_array_equal(trace["x raw"], X[:2])
    np.testing.assert_allclose(trace["x"], (X[:2] - X.mean(0)) / X.std(0), rtol=1e-10)
    check_arithmetic(trace.document(digits=None))
    pixels = rng.integers(0, 256, (2, 784)).astype(np.uint8)
    image = lw.trace(lw.Network([lw.Dense(3)], random_state=0), pixels[0])
    assert image.raw.dtype == np.uint8
    np.testing.assert_allclose(image.x, pixels[:1] / 255, rtol=1e-6)


def test_frozen_layers_and_shares_of_a_step():
    X, t = data(2)
    net = network([lw.Dense(4), lw.Tanh(), lw.Dense(3, weight_rate=0.25, bias_rate=0)]).build(4).freeze(0)
    trace = check_step(net, X, t, optimizer=lw.SGD(0.1))
    np.testing.assert_array_equal(trace["W1"], trace["new W1"])
    np.testing.assert_array_equal(trace["b2"], trace["new b2"])
    np.testing.assert_allclose(trace["step W2"], -0.025 * trace["dC/dW2"], rtol=1e-10)
    check_arithmetic(trace.document(digits=None))


def test_a_network_without_weights_is_followed_as_it_would_begin():
    X, t = data(1)
    net = network([lw.Dense(5), lw.ReLU(), lw.Dense(3)])
    trace = lw.trace(net, X[0], t[0])
    assert net.plan is None
    np.testing.assert_array_equal(trace["W1"], net.build(4).get_parameters()[0])


def test_one_sample_and_a_batch_are_the_same():
    X, _ = data(1)
    net = network([lw.Dense(3), lw.Softmax()])
    one, batch = lw.trace(net, X[0], 2), lw.trace(net, X, [2])
    np.testing.assert_array_equal(one["new W1"], batch["new W1"])
    np.testing.assert_array_equal(one["y"], [[0, 0, 1]])
    sparse = pytest.importorskip("scipy.sparse").csr_array(X)
    np.testing.assert_array_equal(lw.trace(net, sparse, 2)["new W1"], one["new W1"])


def test_parts_of_ones_own_have_numbers_and_no_arithmetic():
    class Cube(lw.Activation):
        def forward(self, p, x, out):
            out[:] = x**3

        def backward(self, p, x, y, dy, g, dx):
            dx[:] = 3 * x**2 * dy

    class Fourth(lw.Loss):
        def forward(self, y, t, out, tmp):
            out[:] = ((y - t) ** 2).sum(axis=1) ** 2

        def backward(self, y, t, dy, tmp):
            e = y - t
            dy[:] = 4 * e * (e**2).sum(axis=1, keepdims=True)

    class Sign(lw.Optimizer):
        def update(self, theta, grad, tmp):
            theta -= self.rate() * np.sign(grad)

    X, t = data(2)
    trace = check_step(network([lw.Dense(3), Cube()]), X, t, loss=Fourth(), optimizer=Sign(0.01))
    assert trace.step.terms is None  # it is not a sum over the outputs
    np.testing.assert_array_equal(trace["a1"], trace["z1"] ** 3)
    assert "a₁ = Cube(z₁)" in trace.text()
    for view in (trace.html, trace.latex, trace.markdown):
        assert view()


def test_a_layer_of_ones_own_may_have_weights_of_any_shape():
    class Mixed(lw.Layer):
        def n_out(self, n_in):
            return 2

        def parameter_shapes(self, n_in):
            return {"U": (2, n_in), "k": (3,), "cube": (2, 2, 2)}

        def forward(self, p, x, out):
            out[:] = x @ p.U.T + p.k.sum() + p.cube.sum()

        def backward(self, p, x, y, dy, g, dx):
            g.U = dy.T @ x
            g.k = np.full(3, dy.sum())
            g.cube = np.full((2, 2, 2), dy.sum())
            if dx is not None:
                dx[:] = dy @ p.U

    X, t = data(2, outputs=2)
    trace = check_step(network([lw.Dense(12), Mixed()]), X, t, optimizer=lw.SGD(0.1))
    text = trace.text()
    assert "∂C/∂U₁[0,2] = " in text
    assert "cube₁'[0,1,1] = 0 - 0.1·" in text
    assert str(trace.neuron(1, 1))
    for view in (trace.html, trace.latex, trace.markdown):
        assert view()


def test_the_answer_and_the_right_one_are_among_the_outputs_shown():
    net = network([lw.Dense(26), lw.Softmax()])
    trace = lw.trace(net, data(1)[0][0], 17)
    for name in ("z₁", "a₁", "y", "ℓ", "∂C/∂z₁", "a₁'"):
        assert re.search(rf"(?m)^ +{re.escape(name)}\[17\] +=", trace.text()), name
    assert f"a₁[{trace['a1'].argmax()}]" in trace.text()


def test_names_and_layers():
    trace = lw.trace(network([lw.Dense(5), lw.Tanh(), lw.Dense(3)]), *data(1))
    np.testing.assert_array_equal(trace["∂C/∂W₁"], trace["dC/dW1"])
    assert [trace[name].shape for name in trace.names]
    assert trace.layer(-1) is trace.layer("z2") is trace.layer(2)
    assert trace.layer("a1").layer.__class__ is lw.Tanh
    with pytest.raises(lw.UnknownNameError, match=r"no 'dC/dw1'; did you mean 'dC/dW1'"):
        trace["dC/dw1"]
    with pytest.raises(lw.ShapeError, match=r"no layer 7; it has 0 \(z1, Dense"):
        trace.layer(7)
    with pytest.raises(lw.ShapeError, match=r"layer 0 \(Dense\(5\)\) has neurons 0 to 4; got 5"):
        trace.neuron(0, 5)
    with pytest.raises(lw.ShapeError, match="samples 0 to 0; got sample=1"):
        trace.text(sample=1)


def test_it_is_json():
    X, t = data(2)
    net = network([lw.Dense(5), lw.BatchNorm(), lw.Dropout(0.2), lw.Dense(3)])
    trace = lw.trace(net, X, t, penalty=lw.L2(0.1))
    found = json.loads(json.dumps(trace.to_dict(), allow_nan=False))
    assert found["layers"][0]["y"] == trace["z1"].tolist()
    assert found["layers"][0]["new"]["W"] == trace["new W1"].tolist()
    assert found["step"]["cost"] == trace.cost
    assert json.loads(json.dumps(lw.trace(net, X).to_dict(), allow_nan=False))["step"] is None


def test_what_cannot_be_traced():
    X, t = data(2)
    net = network([lw.Dense(3), lw.Softmax()]).build(4)
    with pytest.raises(TypeError, match="takes a Network; got list"):
        lw.trace([lw.Dense(3)], X)
    with pytest.raises(TypeError, match="takes a Network; got SimpleNamespace: give its network_"):
        lw.trace(SimpleNamespace(network_=net), X)  # as an estimator has it
    with pytest.raises(lw.ShapeError, match="trace: x has 3 columns; the network takes 4 inputs"):
        lw.trace(net, X[:, :3])
    with pytest.raises(lw.ShapeError, match=r"x has 1,000 rows; at most 128 .* such as x\[:10\]"):
        lw.trace(net, np.zeros((1000, 4)))
    with pytest.raises(lw.DataError, match="row 0, column 1 is nan"):
        lw.trace(net, [0, np.nan, 0, 0])
    with pytest.raises(lw.DataError, match="row 0 has the label 7; the network's 3 outputs stand for 0 to 2"):
        lw.trace(net, X[0], 7)
    with pytest.raises(lw.ShapeError, match="X has 2 rows and y 3"):
        lw.trace(net, X, [0, 1, 2])
    with pytest.raises(lw.GradientError, match=r"CategoricalCrossEntropy\(\) takes probabilities that sum to 1"):
        lw.trace(network([lw.Dense(3)]), X, t, loss=lw.CategoricalCrossEntropy())
    with pytest.raises(lw.GradientError, match="gradient 0 everywhere"):
        lw.trace(network([lw.Dense(3), lw.Step()]), X, t)
    with pytest.raises(lw.NotBuiltError, match=r"StandardScaler\(\) has not seen any data yet"):
        lw.trace(network([lw.Dense(3)], scaling="standard"), X)
    with pytest.raises(lw.DivergenceError, match="step 0"):
        lw.trace(network([lw.Dense(3)]), X * 1e200, t)


def test_large_groups_and_many_intervals():
    """Sums that are cut, and weights whose rows are those of a group."""
    rng = np.random.default_rng(2)
    X, t = rng.normal(size=(3, 4)), rng.normal(size=(3, 3))
    layers = [
        lw.PiecewiseLinear([np.linspace(-1, 1, 25), [-0.5, 0.5]]), lw.Dense(30, groups=1), lw.Tanh(),
        lw.Dense(24, groups=2), lw.Tanh(), lw.Dense(3, groups=3),
    ]  # fmt: skip
    trace = check_step(network(layers), X, t, optimizer=lw.SGD(0.1))
    assert check_arithmetic(trace.document(digits=None, sample=2)) > 100
    assert "in each of 2 groups" in trace.text()
    for layer, neuron in ((0, 20), (3, 23), (5, 2)):
        check_arithmetic(trace.neuron(layer, neuron, digits=None))
    for view in (trace.html, trace.latex, trace.markdown):
        assert view()


def test_an_interval_is_followed_that_has_no_input_of_its_own():
    layers = [lw.Dense(2), lw.PiecewiseLinear([[-1, 0, 1], [-2, 2]]), lw.Dense(1)]
    found = lw.trace(lw.Network(layers, random_state=0), [[1.0], [2.0]], [0.0, 1.0], loss="mse")
    text = str(found.neuron(1, 4))
    assert "min(max((-0.731009 + 2)·0.25, 0), 1) = 0.317248" in text
    assert "∂C/∂z₁" not in text
