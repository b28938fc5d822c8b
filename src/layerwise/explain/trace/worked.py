"""Two back-propagations that can be followed by hand: sigmoid, quadratic cost, one step of size 0.1."""

from __future__ import annotations

import numpy as np

from layerwise.explain.trace.record import Trace
from layerwise.explain.trace.step import trace
from layerwise.network.network import Network
from layerwise.parts.layers import Dense, Sigmoid
from layerwise.parts.losses import QuadraticCost
from layerwise.parts.optimizers import SGD


def one_one_one() -> Trace:
    """Trace one input, one hidden neuron, one output: x = 0.8, y = 1."""
    layers = [
        Dense(1, weights=[[1.58]], biases=[-0.14]),
        Sigmoid(),
        Dense(1, weights=[[2.45]], biases=[-0.11]),
        Sigmoid(),
    ]
    return _step(Network(layers, dtype="float64"), [0.8], [1.0])


def two_three_two() -> Trace:
    """Trace two inputs, three hidden neurons, two outputs: x = [0.8, 0.2], y = [0, 1]."""
    hidden = np.array(
        [[-0.11499179, 0.454649], [-0.65801895, 0.56618695], [-0.15686814, -0.87499479]]
    )  # a row a neuron
    output = np.array([[0.01071228, -0.49139708, -0.81775586], [-0.87455946, -0.08351883, -0.77534763]])
    layers = [
        Dense(3, weights=hidden.T, biases=[0.54001045, 0.75958375, 0.01870296]),
        Sigmoid(),
        Dense(2, weights=output.T, biases=[-0.32783478, 0.06061246]),
        Sigmoid(),
    ]
    return _step(Network(layers, dtype="float64"), [0.8, 0.2], [0.0, 1.0])


def _step(network: Network, x: list[float], y: list[float]) -> Trace:
    return trace(network, x, y, loss=QuadraticCost(), optimizer=SGD(0.1))


# Each with the digits that its figures were published with.
WORKED = ((one_one_one, None), (two_three_two, ".8f"))
