"""Writes trainings.json: small trainings by Python with the baseline instruction set, for the page's engine to repeat.

$ LAYERWISE_ISA=baseline python page/tests/golden/make_trainings.py
"""

import json
import sys
from pathlib import Path

import numpy as np

import layerwise as lw
from layerwise.engine.native_engine import NativePredictor, isa
from layerwise.files.parts import encode

sys.path.append(str(Path(__file__).parents[3] / "tests/page"))
from golden_traces import as_numbers  # noqa: E402

EPOCHS = 3


def cases():
    blob = np.random.default_rng(0)
    X = blob.normal(size=(150, 4)).astype(np.float64)
    labels = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int) + (X[:, 2] > 1)
    numbers = np.stack([X[:, 0] * X[:, 1], X[:, 2] - X[:, 3]], axis=1)
    softmax = [lw.Dense(9), lw.ReLU(), lw.Dense(3), lw.Softmax()]
    for optimizer in (
        lw.SGD(0.3),
        lw.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3, decay=0.01),
        lw.Adagrad(0.1),
        lw.RMSprop(),
        lw.Adam(0.01),
        lw.AdamW(0.01),
    ):
        yield X, labels, softmax, lw.CategoricalCrossEntropy(), optimizer, {"batch_size": 32}
    whole = [
        lw.Scale(2.0),
        lw.PiecewiseLinear([[-1, 0, 1], [], [0, 0.5]]),
        lw.Dense(17, "he_normal", "normal"),
        lw.BatchNorm(),
        lw.GELU(),
        lw.Dropout(0.3),
        lw.Dense(16, weight_rate="ntk"),
        lw.LayerNorm(),
        lw.Tanh(),
        lw.Dense(2),
    ]
    yield (
        X,
        numbers,
        whole,
        lw.MeanSquaredError(),
        lw.Adam(0.01),
        {
            "batch_size": 40,
            "scaling": "standard",
            "penalty": [lw.L2(1e-3), lw.L1(1e-4, 1e-4)],
            "schedule": lw.schedules.Cosine(),
            "clip_norm": 0.5,
        },
    )
    yield (
        X,
        numbers,
        [lw.Dense(8, "lecun_normal"), lw.SELU(), lw.Dense(2)],
        lw.Huber(0.7),
        lw.SGD(0.1),
        {"batch_size": 150, "scaling": "min_max"},
    )
    yield (
        (X * 20 + 100).clip(0, 255).astype(np.uint8),
        labels > 0,
        [lw.Dense(5, "glorot_normal"), lw.Sigmoid(), lw.Dense(1), lw.Sigmoid()],
        (lw.BinaryCrossEntropy(label_smoothing=0.1)),
        lw.SGD(1.0, momentum=0.5),
        {"batch_size": 7, "scaling": "range", "shuffle": False},
    )


def case(X, y, layers, loss, optimizer, settings):
    settings = dict(settings)
    net = lw.Network(layers, random_state=5, scaling=settings.pop("scaling", None))
    net.build(X.shape[1])
    first = net.theta.copy()
    net.fit(
        X, y, loss=loss, optimizer=optimizer, epochs=EPOCHS, engine="native", n_threads=1, verbose=False, **settings
    )
    classes = y.dtype.kind in "bi"
    return {
        "training": {
            "layers": encode(list(layers)),
            "random_state": 5,
            "scaling": encode(net.scaling),
            "loss": encode(loss),
            "optimizer": encode(optimizer),
            "penalties": encode(list(settings.get("penalty", []))),
            "schedule": encode(settings.get("schedule")),
            "epochs": EPOCHS,
            "batch_size": settings["batch_size"],
            "shuffle": settings.get("shuffle", True),
            "clip_norm": settings.get("clip_norm"),
        },
        "type": X.dtype.name,
        "X": X.ravel().tolist(),
        "n": len(X),
        "n_in": X.shape[1],
        "y": y.astype(int).tolist() if classes else y.ravel().tolist(),
        "classes": int(y.max()) + 1 if classes else None,
        "first": first.tolist(),
        "theta": net.theta.tolist(),
        "loss": net.history["loss"],
        "penalty": net.history["penalty"],
        "accuracy": list(net.history["accuracy"]) if classes else None,
        "learning_rate": net.history["learning_rate"],
        "trace": as_numbers(lw.trace(net, X[:6], y[:6]))["numbers"],
        "outputs": _outputs(net, X[:20]),
    }


def _outputs(net, X):
    """As the native engine gives them: `forward` is NumPy's."""
    return NativePredictor(*net.built(), net.scaling)(np.ascontiguousarray(X), len(X), 1).ravel().tolist()


def diverging():
    """Trainings that end with an error, and what it says."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    layers = [lw.Dense(4), lw.ReLU(), lw.Dense(2)]
    for rows, targets, optimizer, penalty in (
        (X, y, lw.SGD(1e6), []),
        (X * 1e6, y, lw.SGD(1.0), []),
        (X, y * 1e4, lw.SGD(5.0), []),
        (X, y, lw.SGD(1.0), [lw.L2(50.0)]),
        (X, y, lw.SGD(3.0, weight_decay=4.0), []),
    ):
        net = lw.Network(layers, random_state=2)
        try:
            net.fit(rows, targets, loss=lw.MeanSquaredError(), optimizer=optimizer, penalty=penalty, epochs=200,
                    batch_size=16, engine="native", n_threads=1, verbose=False)  # fmt: skip
        except lw.DivergenceError as error:
            yield {
                "X": rows.ravel().tolist(), "y": targets.ravel().tolist(), "optimizer": encode(optimizer),
                "penalties": encode(penalty), "layers": encode(layers), "words": str(error),
            }  # fmt: skip


if __name__ == "__main__":
    Path(__file__).with_name("diverging.json").write_text(json.dumps(list(diverging())))
    assert isa() == "baseline", "run with LAYERWISE_ISA=baseline"
    Path(__file__).with_name("trainings.json").write_text(json.dumps([case(*one) for one in cases()]))
