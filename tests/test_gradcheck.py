"""Every layer × every loss × penalties against central differences, found by discovery: a new class can't dodge."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES

WORST = 1e-6
ARGUMENTS = {lw.Dense: (3,), lw.Dropout: (0.4,), lw.PiecewiseLinear: ([[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]],)}
PENALTIES = {"none": None, "L2": lw.L2(0.01, biases=0.02), "L1 and L2": [lw.L1(0.01, biases=0.03), lw.L2(0.02)]}
TRAINABLE = [kind for kind in LAYERS if kind.differentiable]


def network(kind, loss, n_out=3):
    """A hidden Dense, the layer in question, and an ending that the loss can take."""
    layer = kind(*ARGUMENTS.get(kind, ()))
    ending = [lw.Dense(n_out)]
    if isinstance(loss, lw.CategoricalCrossEntropy):
        ending.append(lw.Softmax())
    elif isinstance(loss, lw.BinaryCrossEntropy):
        ending.append(lw.Sigmoid())
    elif isinstance(loss, lw.Poisson):
        ending.append(lw.Softplus())
    return lw.Network([lw.Dense(4, biases="normal"), layer, *ending], random_state=3)


def targets(loss, rng, n=7, n_out=3):
    if loss.takes != "values":
        return rng.integers(0, n_out, n)
    if isinstance(loss, lw.Poisson):
        return rng.poisson(2.0, (n, n_out)).astype(float)
    return rng.standard_normal((n, n_out))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("kind", TRAINABLE, ids=lambda kind: kind.__name__)
def test_every_layer_with_every_loss(kind, loss, penalty, rng):
    X = rng.standard_normal((7, 5))
    result = lw.gradcheck(network(kind, loss()), X, targets(loss(), rng), loss(), penalty=PENALTIES[penalty])
    assert result.error < WORST, str(result)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("kind", TRAINABLE, ids=lambda kind: kind.__name__)
def test_every_layer_with_batches_of_one_and_two(kind, n, rng):
    loss = lw.CategoricalCrossEntropy()
    result = lw.gradcheck(network(kind, loss), rng.standard_normal((n, 5)), targets(loss, rng, n), loss)
    assert result.error < WORST, str(result)


KINDS = ["values", "probabilities", "distribution"]
ENDINGS = [
    (kind, loss)
    for kind in TRAINABLE
    for loss in LOSSES
    if kind is not lw.Dense and not kind.draws
    if KINDS.index(kind.gives) >= KINDS.index(loss.takes)  # others are refused
    if not (loss is lw.Poisson and kind in (lw.LayerNorm, lw.BatchNorm))  # whose outputs are on both sides of 0
]


@pytest.mark.parametrize(("kind", "loss"), ENDINGS, ids=lambda kind: kind.__name__)
def test_every_layer_as_the_last_one(kind, loss, rng):
    """Without a following Dense: softmax and sigmoid fused with their losses, and not fused with the others."""
    chosen, layer = loss(), kind(*ARGUMENTS.get(kind, ()))
    before = [lw.Softplus()] if isinstance(chosen, lw.Poisson) else []  # rates are above 0
    net = lw.Network([lw.Dense(3), *before, layer], random_state=1)
    y = targets(chosen, rng, n_out=layer.n_out(3))
    if chosen.takes != "values":
        y = np.eye(3)[y] * 0.8 + 0.2 / 3
    result = lw.gradcheck(net, rng.standard_normal((7, 5)), y, chosen)
    assert result.error < WORST, str(result)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda kind: kind.__name__)
def test_sample_weights(loss, rng):
    chosen = loss()
    weights = rng.uniform(0, 3, 7)
    weights[2] = 0
    net = network(lw.Tanh, chosen)
    result = lw.gradcheck(net, rng.standard_normal((7, 5)), targets(chosen, rng), chosen, sample_weight=weights)
    assert result.error < WORST, str(result)


@pytest.mark.parametrize(
    "loss",
    [
        lw.CategoricalCrossEntropy(label_smoothing=0.2),
        lw.BinaryCrossEntropy(label_smoothing=0.3),
        lw.BinaryCrossEntropy(reduction="sum"),
        lw.Huber(0.3),
        lw.Quantile(0.8),
    ],
    ids=repr,
)
def test_losses_with_arguments(loss, rng):
    result = lw.gradcheck(network(lw.GELU, loss), rng.standard_normal((7, 5)), targets(loss, rng), loss)
    assert result.error < WORST, str(result)


def test_a_single_sigmoid_output(rng):
    net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], random_state=0)
    result = lw.gradcheck(net, rng.standard_normal((6, 3)), [0, 1, 1, 0, 1, 0])
    assert result.error < WORST, str(result)


def test_deep_network_of_all_activations(rng):
    layers = [lw.Dense(4)]
    for kind in TRAINABLE:
        if issubclass(kind, lw.Activation) and kind is not lw.Softmax:
            layers += [kind(), lw.Dense(4)]
    net = lw.Network([*layers, lw.Softmax()], random_state=2)
    result = lw.gradcheck(net, rng.standard_normal((5, 4)), rng.integers(0, 4, 5))
    assert result.error < WORST, str(result)


class WrongTanh(lw.Tanh):
    def backward(self, p, x, y, dy, g, dx):
        super().backward(p, x, y, dy, g, dx)
        if dx is not None:
            dx[:, 1] *= 1.001


def test_a_wrong_gradient_is_found_and_named(rng):
    net = lw.Network([lw.Dense(3), WrongTanh(), lw.Dense(2), lw.Softmax()], random_state=0)
    result = lw.gradcheck(net, rng.standard_normal((5, 4)), [0, 1, 0, 1, 1])
    assert result.error > 1e-4
    assert "layer 0 (Dense(3))" in result.parameter
    assert ", 1]" in result.parameter or "b[1]" in result.parameter  # the unit whose gradient was spoilt
    assert f"{result.analytic:.10g}" in str(result)


def test_the_network_is_left_alone(rng):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0).build(4)
    before = net.theta.copy()
    lw.gradcheck(net, rng.standard_normal((5, 4)), [0, 1, 2, 1, 1])
    np.testing.assert_array_equal(net.theta, before)
    assert not net.grad.any()
