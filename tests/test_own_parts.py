"""Parts of one's own, each in a few lines of plain NumPy: trained, checked, saved and loaded like all others."""

import functools

import numpy as np
import pytest

import layerwise as lw

# ---------------------------------------------------------------- the parts


class Square(lw.Activation):
    def forward(self, p, x, out):
        out[:] = x**2

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = dy * 2 * x


class Swish(lw.Activation):
    """With a constant of its own; it is written to the model file because `__init__` keeps it by its name."""

    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, p, x, out):
        out[:] = x / (1 + np.exp(-self.beta * x))

    def backward(self, p, x, y, dy, g, dx):
        s = 1 / (1 + np.exp(-self.beta * x))
        dx[:] = dy * (s + self.beta * x * s * (1 - s))


class Affine(lw.Layer):
    """A layer with parameters: y = x ⊙ w + b, a weight and a bias for each input."""

    def parameter_shapes(self, n_in):
        return {"w": (n_in,), "b": (n_in,)}

    def initialize(self, p, rng):
        p.w = rng.normal(1, 0.1, p.w.shape)

    def forward(self, p, x, out):
        out[:] = x * p.w + p.b

    def backward(self, p, x, y, dy, g, dx):
        g.w = (dy * x).sum(axis=0)
        g.b = dy.sum(axis=0)
        if dx is not None:
            dx[:] = dy * p.w


class LogCosh(lw.Loss):
    def forward(self, y, t, out, tmp):
        out[:] = np.log(np.cosh(y - t)).mean(axis=1)

    def backward(self, y, t, dy, tmp):
        dy[:] = np.tanh(y - t) / y.shape[1]


class Cubic(lw.Penalty):
    def value(self, w, tmp):
        return np.sum(np.abs(w) ** 3)

    def gradient(self, w, out):
        out[:] = 3 * w * np.abs(w)


class SignDescent(lw.Optimizer):
    def update(self, theta, grad, tmp):
        theta -= self.rate() * np.sign(grad)


class Lion(lw.Optimizer):
    """With a state: a running mean of the gradient."""

    state_names = ("m",)

    def __init__(self, learning_rate=0.001, beta=0.9):
        super().__init__(learning_rate)
        self.beta = beta

    def update(self, theta, grad, m, tmp):
        theta -= self.rate() * np.sign(self.beta * m + (1 - self.beta) * grad)
        m += (1 - self.beta) * (grad - m)


class Eye(lw.Initializer):
    def draw(self, shape, rng):
        return np.eye(*shape)


class MedianScaler(lw.Scaler):
    def fit(self, X):
        self.offset = np.median(X, axis=0)
        self.factor = 1 / (np.quantile(X, 0.75, axis=0) - np.quantile(X, 0.25, axis=0))


def worst_error(y_true, y_pred):
    return np.max(np.abs(y_true - y_pred))


class StopAt(lw.Callback):
    def __init__(self, loss):
        self.loss = loss

    def on_epoch_end(self, run):
        if run.history["loss"][-1] < self.loss:
            run.stop("good enough")


# ---------------------------------------------------------------- what they must do

PARTS = [Square, Swish, Affine, LogCosh, Cubic, SignDescent, Lion, Eye, MedianScaler]
X = np.random.default_rng(0).uniform(-1, 1, size=(60, 2))
Y = X[:, 0] * X[:, 1]

BUILDS = {
    "activation": lambda: ([lw.Dense(8), Square(), lw.Dense(1)], {}),
    "activation with a constant": lambda: ([lw.Dense(8), Swish(beta=1.5), lw.Dense(1)], {}),
    "layer with parameters": lambda: ([Affine(), lw.Dense(8), lw.Tanh(), Affine(), lw.Dense(1)], {}),
    "loss": lambda: ([lw.Dense(8), lw.Tanh(), lw.Dense(1)], {"loss": LogCosh()}),
    "penalty": lambda: ([lw.Dense(8), lw.Tanh(), lw.Dense(1)], {"penalty": Cubic(1e-4)}),
    "penalty of a layer": lambda: ([lw.Dense(8, penalty=Cubic(1e-4)), lw.Tanh(), lw.Dense(1)], {}),
    "optimizer": lambda: ([lw.Dense(8), lw.Tanh(), lw.Dense(1)], {"optimizer": SignDescent(0.01, decay=0.01)}),
    "optimizer with a state": lambda: ([lw.Dense(8), lw.Tanh(), lw.Dense(1)], {"optimizer": Lion(0.003)}),
    "initializer": lambda: ([lw.Dense(8, weights=Eye(), biases="normal"), lw.Tanh(), lw.Dense(1)], {}),
    "scaler": lambda: ([lw.Dense(8), lw.Tanh(), lw.Dense(1)], {}),
    "all of them": lambda: (
        [Affine(), lw.Dense(8, weights=Eye(), biases="normal"), Swish(), lw.Dense(1)],
        {"loss": LogCosh(), "penalty": Cubic(1e-6), "optimizer": Lion(0.003)},
    ),
}


def build(what, dtype="float32"):
    layers, options = BUILDS[what]()
    scaling = MedianScaler() if what in ("scaler", "all of them") else None
    net = lw.Network(layers, random_state=0, dtype=dtype, scaling=scaling)
    return net, {"optimizer": lw.Adam(0.03), "batch_size": 20, "verbose": False, **options}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("what", BUILDS)
def test_it_learns(what, dtype):
    net, options = build(what, dtype)
    history = net.fit(X, Y, epochs=60, **options)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert net.predict(X).dtype == dtype


@pytest.mark.parametrize("what", BUILDS)
def test_its_gradient_is_right(what):
    net, options = build(what)
    result = lw.gradcheck(net, X[:10], Y[:10], options.get("loss"), penalty=options.get("penalty"))
    assert result.error < 1e-6, str(result)


@pytest.mark.parametrize("what", BUILDS)
def test_it_is_saved_and_loaded_and_trains_on_as_if_nothing_had_been(what, tmp_path):
    net, options = build(what)
    net.fit(X, Y, epochs=3, **options)
    net.save(tmp_path / "own.safetensors", optimizer=True)
    loaded = lw.load(tmp_path / "own.safetensors", custom=PARTS)
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))
    assert repr(loaded) == repr(net)
    for twin in (net, loaded):
        twin.fit(X, Y, epochs=2, batch_size=20, penalty=options.get("penalty"), verbose=False)
    np.testing.assert_array_equal(loaded.theta, net.theta)


@pytest.mark.parametrize("what", BUILDS)
def test_without_custom_the_error_says_what_is_missing(what, tmp_path):
    net, options = build(what)
    net.fit(X, Y, epochs=1, **options)
    net.save(tmp_path / "own.safetensors")
    with pytest.raises(lw.FormatError, match=r"own.safetensors.*'[\w.]+' is not known.*custom=\["):
        lw.load(tmp_path / "own.safetensors")


@pytest.mark.parametrize("what", BUILDS)
def test_a_copy_is_independent(what):
    net, options = build(what)
    net.fit(X, Y, epochs=1, **options)
    twin = net.copy()
    kept = net.theta.copy()
    twin.fit(X, Y, epochs=1, **options)
    np.testing.assert_array_equal(net.theta, kept)
    assert not np.array_equal(twin.theta, kept)


def test_a_metric():
    net, options = build("activation")
    history = net.fit(X, Y, validation_data=(X, Y), metrics=worst_error, epochs=2, **options)
    assert history["val_worst_error"][-1] == pytest.approx(worst_error(Y, net.predict(X)), rel=1e-6)
    assert net.evaluate(X, Y, metrics=[worst_error, "r2_score"])["worst_error"] == history["val_worst_error"][-1]


def test_a_callback():
    net, options = build("activation")
    history = net.fit(X, Y, epochs=500, callbacks=[StopAt(loss=0.02)], **options)
    assert history.stopped_by == "good enough"
    assert history["loss"][-1] < 0.02 <= history["loss"][-2]
    assert history.epochs < 500


def test_an_activation_may_come_first():
    net = lw.Network([Square(), lw.Dense(1)], random_state=0)
    assert lw.gradcheck(net, X[:10], Y[:10]).error < 1e-6
    history = net.fit(X, (X**2).sum(axis=1), optimizer=lw.Adam(0.1), epochs=60, verbose=False)
    assert history["loss"][-1] < 1e-3
    net = lw.Network([Square()], dtype="float64")
    net.forward([3.0, -1.0])
    assert net.backward([1.0, 1.0]).tolist() == [6, -2]


def test_an_activation_is_a_function_too():
    assert Square()([1.0, -3.0]).tolist() == [1, 9]
    assert Swish()(0.0) == 0


def test_an_activation_ends_a_classifier_too():
    class Normalized(lw.Activation):  # yields probabilities, though it says nothing of it
        def forward(self, p, x, out):
            out[:] = (1 + x**2) / (1 + x**2).sum(axis=1, keepdims=True)

        def backward(self, p, x, y, dy, g, dx):
            total = (1 + x**2).sum(axis=1, keepdims=True)
            dx[:] = 2 * x / total * (dy - (dy * y).sum(axis=1, keepdims=True))

    net = lw.Network([lw.Dense(2, biases="normal"), Normalized()], random_state=0)
    y = (X[:, 0] > 0).astype(int)
    assert lw.gradcheck(net, X[:10], y[:10], lw.CategoricalCrossEntropy()).error < 1e-6
    net.fit(X, y, loss=lw.CategoricalCrossEntropy(), optimizer=lw.Adam(0.05), epochs=60, verbose=False)
    assert net.evaluate(X, y)["accuracy"] > 0.9


def test_a_wrong_gradient_is_found():
    class Wrong(Square):
        def backward(self, p, x, y, dy, g, dx):
            dx[:] = dy * x

    net = lw.Network([lw.Dense(3), Wrong(), lw.Dense(1)], random_state=0)
    result = lw.gradcheck(net, X[:10], Y[:10])
    assert result.error > 0.1
    assert "layer 0 (Dense(3))" in result.parameter


def test_repr_and_config_come_for_free():
    assert repr(Swish()) == "Swish()"
    assert repr(Swish(beta=2.0)) == "Swish(beta=2.0)"
    assert Swish(beta=2.0).config() == {"beta": 2.0}
    assert repr(Affine()) == "Affine()"
    assert Lion(0.1).config() == {"learning_rate": 0.1, "beta": 0.9}
    assert repr(Cubic(0.1)) == "Cubic(0.1)"


def test_a_parameter_of_the_wrong_shape_is_refused_when_it_is_set():
    class Misshapen(Affine):
        def initialize(self, p, rng):
            p.w = np.ones(99)

    with pytest.raises(ValueError, match=r"w has shape \(2,\); got an array of shape \(99,\)"):
        lw.Network([Misshapen()]).build(2)


def test_a_parameter_that_was_not_announced_is_refused():
    class Unannounced(Affine):
        def initialize(self, p, rng):
            p.v = 1.0

    with pytest.raises(AttributeError, match=r"this layer has no array 'v'; it has w, b"):
        lw.Network([Unannounced()]).build(2)


@pytest.mark.parametrize(
    ("kind", "base", "method"),
    [
        ("layer", lw.Layer, lambda part: lw.Network([part]).forward([[1.0]])),
        ("loss", lw.Loss, lambda part: part([1.0], [1.0])),
        ("penalty", lw.Penalty, lambda part: part.value(np.ones(1), np.ones(1))),
        ("optimizer", lw.Optimizer, lambda part: part.step(np.ones(1), np.ones(1))),
        ("initializer", lw.Initializer, lambda part: part.draw((1, 1), np.random.default_rng())),
        ("scaler", lw.Scaler, lambda part: part.fit(np.ones((1, 1)))),
    ],
)
def test_what_is_left_out_is_named(kind, base, method):
    unfinished = type("Unfinished", (base,), {})
    with pytest.raises(NotImplementedError, match="Unfinished must define"):
        method(unfinished(0.1) if kind in ("penalty", "optimizer") else unfinished())


class Focal(lw.CategoricalCrossEntropy):
    """A loss derived from one that has a joint gradient with softmax: its own gradient must be used, not that one."""

    def forward(self, y, t, out, tmp):
        out[:] = (-t * (1 - y) ** 2 * np.log(y)).sum(axis=1)

    def backward(self, y, t, dy, tmp):
        dy[:] = t * (2 * (1 - y) * np.log(y) - (1 - y) ** 2 / y)


def test_a_loss_derived_from_one_of_ours_is_not_fused():
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    labels = np.arange(60) % 3
    assert lw.gradcheck(net, X, labels, Focal()).error < 1e-6


class Returns(lw.Activation):
    def forward(self, p, x, out):
        return np.sin(x)

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = dy * np.cos(x)


class Rebinds(lw.Activation):
    def forward(self, p, x, out):
        out = np.sin(x)  # noqa: F841 (the mistake)

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = dy * np.cos(x)


class ForgetsAGradient(Affine):
    def backward(self, p, x, y, dy, g, dx):
        g.w = (dy * x).sum(axis=0)
        if dx is not None:
            dx[:] = dy * p.w


class ReturnsTheLoss(LogCosh):
    def forward(self, y, t, out, tmp):
        return np.log(np.cosh(y - t)).mean(axis=1)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Returns(), r"Returns\.forward\(p, x, out\) returned a result; write into the array given: out\[:\] = …"),
        (Rebinds(), r"Rebinds\.forward\(p, x, out\) left 'out' unwritten; .*: out\[:\] = …"),
        (ForgetsAGradient(), r"ForgetsAGradient\.backward.* left 'g\.b' unwritten; .*: g\.b = …"),
    ],
)
def test_results_that_are_not_written_where_they_belong(layer, message):
    net = lw.Network([lw.Dense(3), layer, lw.Dense(1)], random_state=0)
    with pytest.raises(TypeError, match=message):
        net.forward(X)


def test_a_loss_that_returns_its_value():
    net = lw.Network([lw.Dense(1)], random_state=0)
    with pytest.raises(TypeError, match=r"ReturnsTheLoss\.forward\(y, t, out, tmp\) returned a result"):
        net.fit(X, Y, loss=ReturnsTheLoss(), verbose=False)


def test_a_constructor_that_calls_no_other(tmp_path):
    class Plain(lw.Optimizer):
        def __init__(self, learning_rate=0.01, beta=0.9):
            self.learning_rate, self.beta = learning_rate, beta

        def f(self, w, g, rate, t):
            return w - rate * self.beta * g

    class Squares(lw.Penalty):
        def __init__(self, k=1.0):
            self.k = k

        def f(self, w):
            return self.k * w**2

    X, y = np.linspace(0, 1, 24).reshape(12, 2), np.linspace(0, 1, 12)
    weights = []
    for optimizer, penalty in ((Plain(0.1, 0.5), Squares(0.25)), (lw.SGD(0.05), lw.L2(0.25))):
        net = lw.Network([lw.Dense(3), lw.Tanh(), lw.Dense(1)], random_state=0, dtype="float64")
        net.fit(X, y, loss="mse", optimizer=optimizer, penalty=penalty, epochs=3, verbose=False)
        weights.append(net.theta)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-12)


@pytest.mark.parametrize(
    ("give", "way"),
    [
        (lambda f: lw.Network([lw.Dense(2), f]), r"lw\.Activation\(f\)"),
        (lambda f: lw.MLPClassifier(activation=f).fit([[0.0], [1.0]], [0, 1]), r"lw\.Activation\(f\)"),
        (lambda f: lw.MLPClassifier(layers=[lw.Dense(2), f]).fit([[0.0], [1.0]], [0, 1]), r"lw\.Activation\(f\)"),
        (lambda f: lw.plots.activation(f), r"lw\.Activation\(f\)"),
        (lambda f: lw.Dense(2, penalty=f), r"lw\.Penalty\(0\.001, f=f\)"),
        (lambda f: lw.Network([lw.Dense(2)]).fit([[0.0]], [[1.0]], penalty=f), r"lw\.Penalty\(0\.001, f=f\)"),
        (lambda f: lw.Network([lw.Dense(2)]).fit([[0.0]], [[1.0]], optimizer=f), r"lw\.Optimizer\(0\.001, f=f\)"),
    ],
)
def test_a_function_in_place_of_a_part_is_told_the_way(give, way):
    with pytest.raises(TypeError, match=f"; {way} makes one of a function f$"):
        give(lambda x: x)


def test_any_kind_of_function_is_a_loss():
    def squared(p, y, t):
        return p * (y - t) ** 2

    class Errors:
        def squared(self, y, t):
            return squared(1, y, t)

    for loss in (functools.partial(squared, 1), Errors().squared, lambda y, t: squared(1, y, t)):
        net = lw.Network([lw.Dense(1)], random_state=0)
        net.loss = loss
        assert repr(net.loss) == "Loss(square(y - t))"
