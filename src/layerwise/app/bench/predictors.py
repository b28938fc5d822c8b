"""How each library predicts: one function a peer, which imports its library inside.

Each takes the sizes, the hidden activation, the weights and the threads, and gives a function from rows (n, in) to
probabilities (n, out), both float32 arrays of NumPy.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from layerwise.app.bench import plain
from layerwise.app.bench.works import ACTIVATIONS, forward_flops, glorot
from layerwise.typing import Array

Pairs = list[tuple[Array, Array]]
Call = Callable[[Array], Array]
Builder = Callable[[Sequence[int], str, Pairs, int | None], Call]


@dataclass(frozen=True)
class Prediction:
    """A prediction to be timed: probabilities of so many rows in one call."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    rows: int

    @property
    def description(self) -> str:
        """The prediction in words."""
        rows = "one row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{rows} of {'-'.join(map(str, self.sizes))}, {ACTIVATIONS[self.activation]}, softmax"

    @property
    def flops(self) -> int:
        """Floating-point operations of the products in a call."""
        return forward_flops(self.sizes, self.rows)


PREDICTIONS = (
    Prediction("P1", (784, 30, 10), "sigmoid", 1),
    Prediction("P2", (784, 30, 10), "sigmoid", 10_000),
    Prediction("P3", (784, 128, 10), "relu", 10_000),
    Prediction("P4", (784, 512, 512, 10), "relu", 10_000),
)


def rows(work: Prediction) -> Array:
    """Return the rows that are predicted, float32 from 0 to 1."""
    return np.random.default_rng(1).random((work.rows, work.sizes[0]), np.float32)


def reference(work: Prediction, X: Array) -> Array:
    """Return the probabilities in float64."""
    exact = [(W.astype(np.float64), b.astype(np.float64)) for W, b in glorot(work.sizes)]
    return plain.softmax(plain.outputs(exact, X.astype(np.float64), work.activation))


def layerwise(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with a network of layerwise, built with these weights."""
    import layerwise as lw

    kind = {"relu": lw.ReLU, "sigmoid": lw.Sigmoid, "tanh": lw.Tanh}[activation]
    hidden = [layer for units in sizes[1:-1] for layer in (lw.Dense(units), kind())]
    net = lw.Network([*hidden, lw.Dense(sizes[-1]), lw.Softmax()]).build(sizes[0])
    net.set_parameters([part for pair in weights for part in pair])
    return net.outputs


def numpy(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with nothing but NumPy."""
    return lambda X: plain.softmax(plain.outputs(weights, X, activation))


def sklearn(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with scikit-learn, from a model that is fitted for its form and then given the weights."""
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    form = {"sigmoid": "logistic"}.get(activation, activation)
    model = MLPClassifier(sizes[1:-1], activation=form, max_iter=1)
    classes = np.arange(sizes[-1])
    model.fit(np.zeros((len(classes), sizes[0]), np.float32), classes)
    model.coefs_, model.intercepts_ = [W for W, _ in weights], [b for _, b in weights]
    predict: Call = model.predict_proba
    return predict


def torch_network(sizes: Sequence[int], activation: str, weights: Pairs) -> Any:
    """Return the network in PyTorch, without its softmax."""
    import torch
    from torch import nn

    layers = []
    for W, b in weights:
        linear = nn.Linear(*W.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(W.T.copy()), torch.from_numpy(b)
        layers += [linear, {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}[activation]()]
    return nn.Sequential(*layers[:-1])


def torch(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with PyTorch, in inference mode."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    net = torch_network(sizes, activation, weights)

    def predict(X: Array) -> Array:
        with torch.inference_mode():
            probabilities: Array = torch.softmax(net(torch.from_numpy(X)), 1).numpy()
        return probabilities

    return predict


def jax_forward(activation: str) -> Callable[[Any, Any], Any]:
    """Return the network in JAX, without its softmax."""
    import jax
    import jax.numpy as jnp

    act = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "tanh": jnp.tanh}[activation]

    def forward(params: Any, x: Any) -> Any:
        for W, b in params[:-1]:
            x = act(x @ W + b)
        return x @ params[-1][0] + params[-1][1]

    return forward


def jax(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with JAX, compiled."""
    import jax
    import jax.numpy as jnp

    forward = jax_forward(activation)
    params = [(jnp.array(W), jnp.array(b)) for W, b in weights]
    compiled = jax.jit(lambda params, X: jax.nn.softmax(forward(params, X)))
    return lambda X: np.asarray(compiled(params, X))


def set_keras_backend() -> None:
    """Choose the fastest backend that is installed, unless KERAS_BACKEND names another."""
    installed = [name for name in ("jax", "tensorflow", "torch") if find_spec(name) is not None]
    os.environ.setdefault("KERAS_BACKEND", installed[0] if installed else "jax")


def keras_network(sizes: Sequence[int], activation: str) -> Any:
    """Return the network in Keras, without its softmax."""
    import keras

    hidden = [keras.layers.Dense(units, activation=activation) for units in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, keras.layers.Dense(sizes[-1])])


def keras(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with Keras, a call for all rows."""
    set_keras_backend()
    import keras

    model = keras.Sequential([keras_network(sizes, activation), keras.layers.Softmax()])
    model.set_weights([part for pair in weights for part in pair])
    model.compile(jit_compile=keras.backend.backend() != "torch")
    return lambda X: np.asarray(model.predict_on_batch(X))


def onnxruntime(sizes: Sequence[int], activation: str, weights: Pairs, threads: int | None) -> Call:
    """Predict with onnxruntime, from an ONNX model of Gemm, the activation, …, Softmax."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        onnx_model(sizes, activation, weights), options, providers=["CPUExecutionProvider"]
    )

    def predict(X: Array) -> Array:
        probabilities: Array = session.run(None, {"X": X})[0]
        return probabilities

    return predict


def onnx_model(sizes: Sequence[int], activation: str, weights: Pairs) -> bytes:
    """Return the network as an ONNX file: one float32 input X of any number of rows."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, last = [], [], "X"
    for i, (W, b) in enumerate(weights):
        constants += [numpy_helper.from_array(W, f"W{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [last, f"W{i}", f"b{i}"], [f"z{i}"]))
        kind = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}[activation] if i < len(weights) - 1 else "Softmax"
        nodes.append(helper.make_node(kind, [f"z{i}"], [f"a{i}"]))
        last = f"a{i}"
    graph = helper.make_graph(
        nodes,
        "layerwise",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, sizes[0]])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, [None, sizes[-1]])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8  # of that opset: older runtimes read it too
    content: bytes = model.SerializeToString()
    return content
