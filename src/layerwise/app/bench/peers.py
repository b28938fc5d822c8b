"""How each library trains a work: one function a peer, which imports its library inside.

Each yields, for every epoch, its seconds and a function that gives the accuracy on the test rows. Every peer has
float32, softmax cross-entropy, Glorot's uniform first weights, zero biases, rows in a new order each epoch, and the
gather of each batch inside the time. The first epoch, in which some compile, is not counted.
"""

from __future__ import annotations

import inspect
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from layerwise.app.bench import plain, predictors
from layerwise.app.bench.works import Data, Work, glorot
from layerwise.errors import MissingDependencyError, UnknownNameError, nearest

Epochs = Iterator[tuple[float, Callable[[], float]]]


def layerwise(work: Work, data: Data, epochs: int, engine: str | None = None, threads: int | None = None) -> Epochs:
    """Train in one fit whose epochs are timed; where each is a single step, in fits that go on from each other."""
    import layerwise as lw

    activation = {"relu": lw.ReLU, "sigmoid": lw.Sigmoid, "tanh": lw.Tanh}[work.activation]
    hidden = [layer for units in work.sizes[1:-1] for layer in (lw.Dense(units), activation())]
    net = lw.Network([*hidden, lw.Dense(work.sizes[-1]), lw.Softmax()], random_state=0)
    optimizer: lw.Optimizer | None = lw.SGD(work.rate) if work.optimizer == "sgd" else lw.Adam(work.rate)
    options = {"batch_size": work.batch, "verbose": False, **accepted(net.fit, engine=engine, n_threads=threads)}

    times: list[float] = []

    class Clock(lw.Callback):
        def on_fit_begin(self, run: Any) -> None:
            times.append(time.perf_counter())

        def on_epoch_end(self, run: Any) -> None:
            times.append(time.perf_counter())

    def accuracy() -> float:
        return float(net.evaluate(data.X_test, data.y_test)["accuracy"])

    if work.batch < work.rows:
        net.fit(data.X, data.y, optimizer=optimizer, epochs=epochs * work.passes, callbacks=Clock(), **options)
        for begin, end in itertools.pairwise(times[:: work.passes]):
            yield end - begin, accuracy
        return
    for _ in range(epochs):
        start = time.perf_counter()
        net.fit(data.X, data.y, optimizer=optimizer, epochs=work.passes, **options)
        yield time.perf_counter() - start, accuracy
        optimizer = None  # from then on its own, whose state goes on


def accepted(function: Callable[..., Any], **options: Any) -> dict[str, Any]:
    """Return the options that are given and that the function has."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if value is not None and name in known}


def sklearn(work: Work, data: Data, epochs: int, **options: Any) -> Epochs:
    """Train scikit-learn's MLPClassifier."""
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    model = MLPClassifier(
        work.sizes[1:-1],
        activation={"sigmoid": "logistic"}.get(work.activation, work.activation),
        solver=work.optimizer,
        learning_rate_init=work.rate,
        batch_size=work.batch,
        alpha=0,
        momentum=0,
        max_iter=work.passes,
        warm_start=True,
        n_iter_no_change=10**9,
        tol=0,
    )
    for _ in range(epochs):
        start = time.perf_counter()
        model.fit(data.X, data.y)
        yield time.perf_counter() - start, lambda: float(model.score(data.X_test, data.y_test))


def torch(work: Work, data: Data, epochs: int, threads: int | None = None, **options: Any) -> Epochs:
    """Train with PyTorch, eagerly, with its fused Adam."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    net = predictors.torch_network(work.sizes, work.activation, glorot(work.sizes))
    loss = torch.nn.CrossEntropyLoss()
    optimizer: Any = (
        torch.optim.SGD(net.parameters(), work.rate)
        if work.optimizer == "sgd"
        else torch.optim.Adam(net.parameters(), work.rate, fused=True)
    )
    TX, Ty, batch = torch.from_numpy(data.X), torch.from_numpy(data.y), work.batch

    def accuracy() -> float:
        with torch.no_grad():
            return float((net(torch.from_numpy(data.X_test)).argmax(1).numpy() == data.y_test).mean())

    for _ in range(epochs):
        start = time.perf_counter()
        for _ in range(work.passes):
            order = torch.randperm(len(TX))
            for i in range(0, len(TX) - batch + 1, batch):
                rows = order[i : i + batch]
                optimizer.zero_grad(set_to_none=True)
                loss(net(TX[rows]), Ty[rows]).backward()
                optimizer.step()
        yield time.perf_counter() - start, accuracy


def jax(work: Work, data: Data, epochs: int, **options: Any) -> Epochs:
    """Train with JAX: a whole epoch compiled as one lax.scan."""
    import jax
    import jax.numpy as jnp

    forward, update = predictors.jax_forward(work.activation), _jax_update(work.optimizer, work.rate)

    def loss(params: Any, x: Any, t: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(forward(params, x)), t[:, None], 1).mean()

    def epoch(params: Any, state: Any, X: Any, y: Any, order: Any) -> Any:
        def step(carry: Any, rows: Any) -> Any:
            params, state = carry
            value, grads = jax.value_and_grad(loss)(params, X[rows], y[rows])
            return update(params, state, grads), value

        (params, state), values = jax.lax.scan(step, (params, state), order)
        return params, state, values.mean()

    compiled = jax.jit(epoch)
    params: Any = [(jnp.array(W), jnp.array(b)) for W, b in glorot(work.sizes)]
    zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
    state: Any = () if work.optimizer == "sgd" else (zeros, zeros, jnp.float32(0))
    n, batch = len(data.X), work.batch
    JX, Jy, rng, steps = jnp.array(data.X), jnp.array(data.y.astype(np.int32)), np.random.default_rng(0), n // batch

    def accuracy() -> float:
        return float((np.asarray(forward(params, jnp.array(data.X_test))).argmax(1) == data.y_test).mean())

    for _ in range(epochs):
        start = time.perf_counter()
        orders = [rng.permutation(n)[: steps * batch].reshape(steps, batch) for _ in range(work.passes)]
        params, state, value = compiled(params, state, JX, Jy, jnp.array(np.concatenate(orders)))
        value.block_until_ready()
        yield time.perf_counter() - start, accuracy


def _jax_update(optimizer: str, lr: float) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    tree = jax.tree_util.tree_map

    def update(params: Any, state: Any, grads: Any) -> Any:
        if optimizer == "sgd":
            return tree(lambda p, g: p - lr * g, params, grads), state
        m, v, t = state
        t = t + 1
        m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        return tree(lambda p, m, v: p - lr * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), params, m, v), (m, v, t)

    return update


def keras(work: Work, data: Data, epochs: int, **options: Any) -> Epochs:
    """Train with Keras, up to 32 steps compiled as one, on JAX if that is installed."""
    predictors.set_keras_backend()
    import keras

    model = predictors.keras_network(work.sizes, work.activation)
    optimizer = (
        keras.optimizers.SGD(work.rate)
        if work.optimizer == "sgd"
        else keras.optimizers.Adam(work.rate, epsilon=1e-8)
    )  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    together = min(32, work.steps // work.passes)
    jit = keras.backend.backend() != "torch"
    model.compile(optimizer=optimizer, loss=loss, jit_compile=jit, steps_per_execution=together)

    def accuracy() -> float:
        return float((model.predict(data.X_test, batch_size=1000, verbose=0).argmax(1) == data.y_test).mean())

    for _ in range(epochs):
        start = time.perf_counter()
        model.fit(data.X, data.y, batch_size=work.batch, epochs=work.passes, verbose=0)
        yield time.perf_counter() - start, accuracy


@dataclass(frozen=True)
class Peer:
    """A line of the comparison: what it is called, and the packages that it needs.

    `train` is one of the functions above, `predict` one of predictors.py; None: it does not do that.
    """

    name: str
    label: str
    packages: tuple[str, ...]
    train: Callable[..., Epochs] | None
    predict: predictors.Builder | None
    engine: str | None = None
    threads: int | None = None

    def is_installed(self) -> bool:
        """Return whether its packages can be imported."""
        return all(find_spec(package) is not None for package in self.packages)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("layerwise", "layerwise", (), layerwise, predictors.layerwise),
        Peer("layerwise-1", "layerwise, 1 thread", (), layerwise, predictors.layerwise, threads=1),
        Peer("layerwise-numpy", "layerwise (NumPy)", (), layerwise, None, engine="numpy"),
        Peer("numpy", "plain NumPy", (), plain.numpy, predictors.numpy),
        Peer("sklearn", "scikit-learn", ("sklearn",), sklearn, predictors.sklearn),
        Peer("torch", "PyTorch", ("torch",), torch, predictors.torch),
        Peer("jax", "JAX", ("jax",), jax, predictors.jax),
        Peer("keras", "Keras", ("keras",), keras, predictors.keras),
        Peer("onnxruntime", "onnxruntime", ("onnxruntime", "onnx"), None, predictors.onnxruntime),
    )
}


def find(name: str) -> Peer:
    """Return the peer of that name.

    Raises
    ------
    UnknownNameError
        There is none; the nearest name is suggested.
    MissingDependencyError
        Its package is not installed.
    """
    if name not in PEERS:
        raise UnknownNameError(f"peer {name!r} is not known; {nearest(name, PEERS)}")
    if not PEERS[name].is_installed():
        packages = " ".join({"sklearn": "scikit-learn"}.get(package, package) for package in PEERS[name].packages)
        raise MissingDependencyError(f"peer {name} is not installed: pip install {packages}")
    return PEERS[name]


def installed() -> list[Peer]:
    """Return all that can be measured here, layerwise first; its NumPy executor only where it is asked for."""
    return [peer for peer in PEERS.values() if peer.is_installed() and peer.name != "layerwise-numpy"]
