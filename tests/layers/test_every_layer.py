"""What the executor relies on, held for every layer that there is: a new one cannot dodge it."""

import numpy as np
import pytest

from layerwise.engine.plan import compile_layers
from layerwise.engine.workspace import Workspace
from layerwise.parts import layers
from layerwise.parts.layers import LAYERS, Activation, Dropout, Layer
from layerwise.parts.parameters import Parameters, View

pytestmark = pytest.mark.usefixtures("each_engine")

# Arguments for the layers that need some, and further variants; everything else is made without arguments.
ARGUMENTS = {
    "Dense": [{"units": 3, "biases": "normal"}, {"units": 7, "biases": "uniform"}],
    "PiecewiseLinear": [{"knots": [[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]]}, {"knots": []}],
    "Dropout": [{"rate": 0.4}, {"rate": 0.0}],
    "LayerNorm": [{}, {"epsilon": 0.1}],
    "BatchNorm": [{}, {"momentum": 0.0, "epsilon": 0.1}],
    "Step": [{}, {"threshold": 0.5}],
    "Linear": [{}, {"slope": -2.5}],
    "ReLU": [{}, {"slope": 3.0}],
    "LeakyReLU": [{}, {"negative_slope": 0.3, "slope": 2.0}, {"negative_slope": -1.0}],
    "ELU": [{}, {"alpha": 0.3}, {"alpha": 0.0}],
}


def subclasses(kind):
    for child in kind.__subclasses__():
        if child.__module__.startswith("layerwise."):
            yield child
            yield from subclasses(child)


EXAMPLES = [
    kind(**arguments)
    for kind in sorted(set(subclasses(Layer)) - {Activation}, key=lambda kind: kind.__name__)
    for arguments in ARGUMENTS.get(kind.__name__, [{}])
]
every_layer = pytest.mark.parametrize("layer", EXAMPLES, ids=repr)
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda t: t.__name__)


class Bench:
    """One layer on its own, with parameters, gradients and arrays to work in."""

    def __init__(self, layer, n_in=5, n=6, dtype=np.float64, seed=0):
        self.layer, rng = layer, np.random.default_rng(seed)
        plan = compile_layers([layer], n_in)
        self.parameters = Parameters([layer.parameter_shapes(n_in)], np.dtype(dtype))
        layer.initialize(self.parameters.p[0], rng)
        for name, array in vars(self.parameters.p[0]).items():
            if not name.isupper():  # vectors that begin with 0 or 1
                array += 0.3 * rng.random(array.shape)
        self.g = self.parameters.g[0]
        self.p = Workspace(plan, self.parameters, n, training=True).batch(n).forward[0].p
        self.draw = rng.random((n, n_in)).astype(dtype)
        self.x = (2 * rng.standard_normal((n, n_in))).astype(dtype)
        self.x[np.abs(self.x) < 0.01] = 0.25  # away from the kinks
        self.dy = rng.standard_normal((n, layer.n_out(n_in))).astype(dtype)

    def forward(self, x=None, out=None, formula=None):
        x = self.x if x is None else x
        if self.layer.draws:
            self.p.mask = self.draw
        out = np.full(self.dy.shape, np.nan, self.dy.dtype) if out is None else out
        with np.errstate(all="ignore"):
            (formula or self.layer.forward)(self.p, x, out)
        return out

    def backward(self, x, y, dx=True):
        dx = np.full(self.x.shape, np.nan, self.x.dtype) if dx else None
        self.parameters.grad.fill(np.nan)
        with np.errstate(all="ignore"):
            self.layer.backward(self.p, x, y, self.dy, self.g, dx)
        return dx, self.parameters.grad.copy()

    def slope(self, vector, formula=None):
        """Central differences of Σ dy · y by each entry of a vector that `forward`, or `predict`, reads."""
        flat, h = vector.reshape(-1), 1e-6
        result = np.empty_like(flat)
        for i, kept in enumerate(flat.copy()):
            flat[i] = kept + h
            above = np.sum(self.dy * self.forward(formula=formula))
            flat[i] = kept - h
            below = np.sum(self.dy * self.forward(formula=formula))
            flat[i] = kept
            result[i] = (above - below) / (2 * h)
        return result.reshape(vector.shape)


def test_every_layer_is_listed_and_exported():
    assert {type(layer) for layer in EXAMPLES} == set(LAYERS)
    assert {kind.__name__ for kind in LAYERS} <= set(layers.__all__)


@every_layer
def test_backward_is_the_derivative_of_forward(layer):
    bench = Bench(layer)
    dx, grad = bench.backward(bench.x, bench.forward())
    np.testing.assert_allclose(dx, bench.slope(bench.x), atol=1e-8, rtol=1e-7)
    np.testing.assert_allclose(grad, bench.slope(bench.parameters.theta), atol=1e-8, rtol=1e-7)


@pytest.mark.parametrize("layer", [layer for layer in EXAMPLES if layer.in_place], ids=repr)
@every_type
def test_in_place_gives_the_same(layer, dtype):
    bench = Bench(layer, dtype=dtype)
    apart = bench.forward()
    together = bench.x.copy()
    bench.forward(together, out=together)
    np.testing.assert_array_equal(together, apart)


@every_layer
@every_type
def test_backward_reads_only_what_it_says(layer, dtype):
    bench = Bench(layer, dtype=dtype)
    y = bench.forward()
    expected_dx, expected_grad = bench.backward(bench.x, y)
    x = bench.x.copy() if "x" in layer.reads else np.full_like(bench.x, np.nan)
    y = y if "y" in layer.reads else np.full_like(y, np.nan)
    dx, grad = bench.backward(x, y)
    np.testing.assert_array_equal(dx, expected_dx)
    np.testing.assert_array_equal(grad, expected_grad)
    assert set(layer.reads) <= {"x", "y"}


@every_layer
def test_inputs_are_only_read(layer):
    bench = Bench(layer)
    bench.x.flags.writeable = bench.dy.flags.writeable = False
    y = bench.forward()
    y.flags.writeable = False
    bench.backward(bench.x, y)


@every_layer
def test_everything_asked_for_is_written(layer):
    bench = Bench(layer)  # outputs and gradients are NaN before
    y = bench.forward()
    dx, grad = bench.backward(bench.x, y)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert np.isfinite(grad).all()


@every_layer
def test_backward_twice_gives_the_same(layer):
    bench = Bench(layer)
    y = bench.forward()
    for first, second in zip(bench.backward(bench.x, y), bench.backward(bench.x, y), strict=True):
        np.testing.assert_array_equal(first, second)


@every_layer
def test_the_first_layer_skips_dx(layer):
    bench = Bench(layer)
    y = bench.forward()
    _, expected = bench.backward(bench.x, y)
    nothing, grad = bench.backward(bench.x, y, dx=False)
    assert nothing is None
    np.testing.assert_array_equal(grad, expected)


@every_layer
def test_samples_do_not_mix(layer):
    """In prediction; in training too, unless the layer has statistics of the batch."""
    bench = Bench(layer)
    for formula in [layer.predict] if layer.statistics else [layer.predict, layer.forward]:
        y = bench.forward(formula=formula).copy()
        for i in range(len(bench.x)):
            one = Bench(layer, n=1)
            one.draw = bench.draw[i : i + 1]
            np.testing.assert_allclose(one.forward(bench.x[i : i + 1], formula=formula), y[i : i + 1], rtol=1e-13)


@every_layer
def test_backward_is_the_derivative_of_predict_too(layer):
    bench = Bench(layer)
    dx, grad = bench.backward(bench.x, bench.forward(formula=layer.predict))
    np.testing.assert_allclose(dx, bench.slope(bench.x, layer.predict), atol=1e-8, rtol=1e-7)
    views = bench.parameters.views(grad)[0]
    for name in set(vars(views)) - set(layer.statistics):  # these learn nothing, though the outputs depend on them
        slope = bench.slope(getattr(bench.parameters.p[0], name), layer.predict)
        np.testing.assert_allclose(getattr(views, name), slope, atol=1e-8, rtol=1e-7)


@every_layer
def test_only_statistics_are_adapted_and_one_sample_leaves_them(layer):
    for n, changes in ((6, set(layer.statistics)), (1, set())):
        bench = Bench(layer, n=n)
        bench.forward()
        before = bench.parameters.theta.copy()
        layer.adapt(bench.p)
        views = bench.parameters.views(bench.parameters.theta != before)[0]
        assert {name for name, changed in vars(views).items() if changed.any()} == changes


@every_layer
def test_float32_follows_float64(layer):
    exact, rounded = Bench(layer), Bench(layer, dtype=np.float32)
    y, y32 = exact.forward(), rounded.forward()
    np.testing.assert_allclose(y32, y, rtol=2e-5, atol=2e-6)
    dx, grad = exact.backward(exact.x, y)
    dx32, grad32 = rounded.backward(rounded.x, y32)
    np.testing.assert_allclose(dx32, dx, rtol=2e-5, atol=5e-6)
    np.testing.assert_allclose(grad32, grad, rtol=2e-5, atol=5e-6)


@every_layer
def test_what_it_says_of_itself_is_true(layer):
    bench = Bench(layer)
    y = bench.forward()
    if layer.gives == "probabilities":
        assert y.min() >= 0
        assert y.max() <= 1
    dx, _ = bench.backward(bench.x, y)
    assert layer.differentiable == bool(np.any(dx))
    biases = {"Dense": {"b"}, "LayerNorm": {"beta"}, "BatchNorm": {"beta"}}
    assert set(layer.bias_names) & set(layer.parameter_shapes(5)) == biases.get(type(layer).__name__, set())
    assert set(layer.statistics) <= set(layer.parameter_shapes(5))
    assert set(layer.rates(5)) <= set(layer.parameter_shapes(5))


@every_layer
def test_a_network_of_it_alone_passes_it_on(layer):
    from layerwise import Network

    bench = Bench(layer)
    net = Network([layer, layers.Identity()], dtype="float64").build(5)
    if bench.parameters.theta.size:
        net.theta = bench.parameters.theta
    y = net.forward(bench.x)
    np.testing.assert_allclose(
        y, bench.x if isinstance(layer, Dropout) else bench.forward(formula=layer.predict), rtol=1e-13
    )
    assert len(net.activations(bench.x)) == 2


class TestBase:
    def test_forward_and_backward_must_be_defined(self):
        class Empty(Layer):
            pass

        with pytest.raises(NotImplementedError, match=r"Empty must define forward\(p, x, out\)"):
            Empty().forward(View({}), np.ones((1, 1)), np.ones((1, 1)))
        with pytest.raises(NotImplementedError, match="Empty must define backward"):
            Empty().backward(View({}), np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), View({}), None)

    def test_it_has_as_many_outputs_as_inputs_and_learns_nothing(self):
        assert Layer().n_out(4) == 4
        assert Layer().parameter_shapes(4) == {}
        assert Layer().buffers(4) == {}
