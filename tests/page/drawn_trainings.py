"""Thirty trainings drawn at random, by Python: what the page must repeat to the bit. Written as JSON.

$ LAYERWISE_ISA=baseline python tests/page/drawn_trainings.py FILE

Together they have every layer, activation, loss, optimizer, penalty, schedule, scaler and initializer but Orthogonal.
"""

import json
import sys
from pathlib import Path

import numpy as np

import layerwise as lw
from layerwise import initializers, schedules
from layerwise.engine.native_engine import NativePredictor, isa
from layerwise.files.parts import encode
from layerwise.parts.endings import ending
from layerwise.parts.initializers import INITIALIZERS
from layerwise.parts.layers import LAYERS, Activation
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS
from layerwise.parts.schedules import SCHEDULES

COUNT, STEPS = 30, 100
ACTIVATIONS = [
    kind for kind in LAYERS if issubclass(kind, Activation) and kind.differentiable and kind is not lw.Softmax
]
BETWEEN = [
    lambda rng: lw.BatchNorm(momentum=float(rng.choice([0.9, 0.5]))),
    lambda rng: lw.LayerNorm(penalty=lw.L2(1e-3)),
    lambda rng: lw.Dropout(float(rng.choice([0.1, 0.5]))),
    lambda rng: lw.Scale(float(rng.choice([1.0, 6.0]))),
    lambda rng: lw.PiecewiseLinear([[-1.0, 0.0, 1.0], [], [-0.3, 0.4]]),
    lambda rng: lw.Softmax(),
]
OPTIMIZER_FORMS = [
    lw.SGD(0.05), lw.SGD(0.02, momentum=0.9), lw.SGD(0.02, momentum=0.8, nesterov=True),
    lw.SGD(0.05, weight_decay=1e-3),
    lw.SGD(0.02, momentum=0.9, nesterov=True, decay=0.01, weight_decay=1e-3), lw.Adagrad(0.05), lw.RMSprop(0.003),
    lw.Adam(0.01), lw.Adam(0.01, beta_1=0.0), lw.Adam(0.01, epsilon_hat=True), lw.AdamW(0.01),
    lw.AdamW(0.01, decay=0.02),
]  # fmt: skip
SCHEDULE_FORMS = [
    None,
    *(kind() for kind in SCHEDULES),
    schedules.Cosine(warm_up=2.0, final=0.1),
    schedules.StepDecay(0.5, 3),
]
SCALER_FORMS = [None, *(kind() for kind in SCALERS)]
INITIALIZER_FORMS = [kind for kind in INITIALIZERS if kind is not initializers.Orthogonal]
LOSS_FORMS = [
    *(kind() for kind in LOSSES),
    lw.CategoricalCrossEntropy(label_smoothing=0.1), lw.BinaryCrossEntropy(0.1, reduction="sum", pos_weight=2.5),
    lw.Huber(0.3), lw.Quantile(0.9),
]  # fmt: skip


def turn(forms, i):
    """Each in turn, so that all come up."""
    return forms[i % len(forms)]


def draw(i):
    rng = np.random.default_rng([20, i])
    loss = turn(LOSS_FORMS, i)
    kind = "classification" if loss.takes != "values" or (type(loss) is lw.QuadraticCost and i % 2) else "regression"
    n_in, n_out = int(rng.integers(3, 20)), int(rng.integers(1, 4))
    if type(loss) is lw.CategoricalCrossEntropy:
        n_out = max(n_out, 2)
    if type(loss) is lw.BinaryCrossEntropy:
        n_out = 1
    last = ending(loss, kind, n_out)
    layers, width = [], n_in

    def add(layer):
        nonlocal width
        layers.append(layer)
        width = layer.n_out(width)

    for k in range(int(rng.integers(1, 4))):
        if rng.random() < 0.5:
            add(turn(BETWEEN, i + k)(rng))
        units = 32 if i % 5 == 0 else int(rng.integers(3, 40))
        groups = 2 if i % 5 == 0 and width % 32 == 0 else 1
        rate = turn([1.0, "ntk", 0.5], i)
        weights = turn(INITIALIZER_FORMS, i + 3 * k)()
        add(lw.Dense(units, weights, turn(["zeros", "normal"], i + k), weight_rate=rate, groups=groups))
        add(turn(ACTIVATIONS, i + 5 * k)())
    for layer in (turn(BETWEEN, i)(rng), lw.Dense(n_out), last):
        add(layer)
    n = int(rng.integers(60, 260))
    X = rng.normal(size=(n, n_in)) * rng.uniform(0.5, 2, n_in) + rng.normal(size=n_in)
    dtype = turn(["float64", "float32", "uint8"], i)
    X = (X * 40 + 100).clip(0, 255).astype(np.uint8) if dtype == "uint8" else X.astype(dtype)
    signal = (X - X.mean(axis=0)) / (X.std(axis=0) + 0.1) @ rng.normal(size=(n_in, max(n_out, 2)))
    if kind == "classification":
        y = signal[:, : max(n_out, 2)].argmax(axis=1)
    else:
        y = np.abs(signal[:, :n_out]).round() if type(loss) is lw.Poisson else np.tanh(signal[:, :n_out])
    batch = int(rng.choice([1, 7, 16, 32, n, n]))
    epochs = -(-STEPS // -(-n // batch))
    settings = {
        "penalty": [[], [lw.L2(1e-3)], [lw.L1(1e-4, 1e-5)], [lw.L2(1e-2, per_batch=True), lw.L1(1e-4)]][i % 4],
        "schedule": turn(SCHEDULE_FORMS, i), "clip_norm": turn([None, 0.5, 5.0], i), "shuffle": i % 4 != 3,
        "batch_size": batch, "epochs": epochs,
    }  # fmt: skip
    return X, y, layers, loss, turn(OPTIMIZER_FORMS, i), turn(SCALER_FORMS, i), settings


def trained(i):
    X, y, layers, loss, optimizer, scaling, settings = draw(i)
    net = lw.Network(layers, random_state=i, scaling=scaling)
    net.build(X.shape[1])
    first = net.theta.copy()
    given = encode(net.scaling)
    history = net.fit(
        X, y, loss=loss, optimizer=optimizer, engine="native", n_threads=1, verbose=False,
        classes=None if y.ndim > 1 else list(range(max(layers[-2].units, 2))), **settings,
    )  # fmt: skip
    outputs = NativePredictor(*net.built(), net.scaling)(X, len(X), 1)
    return {
        "name": f"{i}: {net!r}, {loss!r}, {optimizer!r}",
        "training": {
            "layers": encode(list(net.layers)), "random_state": i, "scaling": given, "loss": encode(loss),
            "optimizer": encode(optimizer), "penalties": encode(settings["penalty"]),
            "schedule": encode(settings["schedule"]), "epochs": settings["epochs"],
            "batch_size": settings["batch_size"], "shuffle": settings["shuffle"], "clip_norm": settings["clip_norm"],
        },
        "type": X.dtype.name, "X": X.ravel().tolist(), "n": len(X), "n_in": X.shape[1],
        "y": y.ravel().tolist(), "classes": None if y.ndim > 1 else max(layers[-2].units, 2),
        "first": first.view(np.uint32).tolist(), "theta": net.theta.view(np.uint32).tolist(),
        "outputs": outputs.view(np.uint32).ravel().tolist(), "loss": history["loss"],
    }  # fmt: skip


def kinds(trainings):
    """The names of all parts that take part."""
    found = set()

    def look(value):
        if isinstance(value, dict):
            found.add(value.get("type"))
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look([training["training"] for training in trainings])
    return found


WANTED = {
    kind.__name__ for kind in (*LAYERS, *LOSSES, *OPTIMIZERS, *PENALTIES, *SCHEDULES, *SCALERS, *INITIALIZER_FORMS)
} - {"Step"}  # through which nothing is learned


if __name__ == "__main__":
    assert isa() == "baseline", "run with LAYERWISE_ISA=baseline"
    made = [trained(i) for i in range(COUNT)]
    assert kinds(made) >= WANTED, WANTED - kinds(made)
    Path(sys.argv[1]).write_text(json.dumps(made))
