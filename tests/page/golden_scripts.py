"""Networks of the page whose Python scripts are tested: settings, data and what was done, as the page keeps them.

$ python tests/page/golden_scripts.py     writes page/tests/golden/scripts.json
$ cd page && npx vitest run -u tests/script.test.ts     writes the scripts beside it, in page/tests/golden/scripts/
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.files.parts import encode

FOLDER = Path(__file__).parents[2] / "page" / "tests" / "golden"
NASTY = ["it's", '"quoted"', "line\nbreak\u2028", "näh 🙂 \\"]


def cases() -> dict[str, dict[str, Any]]:
    """Return what the page knows of each network, by the script's name."""
    soft = [lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()]
    entropy, steps = lw.CategoricalCrossEntropy(), {"steps": 24}
    return {
        "plain": _case(soft, entropy, lw.Adam(0.01), _points(30), batch_size=4, **steps),
        "defaults": _case(soft, entropy, lw.Adam(), _points(70, np.float64), batch_size=32, steps=30),
        "regression": _case(
            [lw.Dense(4, weights="he_normal"), lw.ReLU(), lw.Dense(2)], lw.Huber(0.5), lw.SGD(0.1, 0.9, True),
            _numbers(20, 2), held_out=_numbers(6, 2), batch_size=7, steps=12, shuffle=False, clip_norm=1.0,
            scaling=lw.StandardScaler(), penalties=[lw.L2(0.01), lw.L1(0.001, biases=0.01)],
            schedule=lw.schedules.Cosine(warm_up=0.25), epochs=4,
        ),
        "paused": _case(
            soft, entropy, lw.RMSprop(0.01, rho=0.8), _points(30), batch_size=4, steps=21,
            rates=[{"step": 0, "learning_rate": 0.02}, {"step": 9, "learning_rate": 0.005}],
        ),
        "schedule-paused": _case(
            soft, entropy, lw.AdamW(), _points(30), batch_size=4, steps=16, schedule=lw.schedules.StepDecay(0.5, 2),
            epochs=6,
        ),
        "names": _case(
            [lw.Dense(4), lw.Sigmoid(), lw.Dense(4), lw.Softmax()], lw.MeanSquaredError(), lw.Adagrad(0.1),
            _points(30, classes=NASTY), batch_size=5, steps=12, penalties=[lw.L2(0.001)],
        ),
        "one-output": _case(
            [lw.Dense(4, weights=lw.initializers.Uniform(0.3)), lw.BatchNorm(), lw.LeakyReLU(0.2), lw.Dropout(0.25),
             lw.LayerNorm(), lw.Dense(1), lw.Sigmoid()],
            lw.BinaryCrossEntropy(pos_weight=2.0), lw.SGD(0.5, weight_decay=0.01),
            _points(30, classes=["no", "yes"]), batch_size=6, steps=10,
        ),
        "untrained": _case(soft, entropy, lw.Adam(), _points(9), batch_size=4, steps=0),
        "edited": _case(soft, entropy, lw.Adam(), _points(9), batch_size=4, steps=9, edited=True),
        "mnist": _case(
            [lw.Dense(12), lw.ReLU(), lw.Dense(10), lw.Softmax()], entropy, lw.Adam(), None, batch_size=100, steps=6,
        ),
        "many": _case(soft, entropy, lw.Adam(), _points(9000), batch_size=4096, steps=6),
    }  # fmt: skip


def _case(
    layers: list[Any], loss: Any, optimizer: Any, data: dict[str, Any] | None, *, batch_size: int, steps: int,
    held_out: dict[str, Any] | None = None, rates: list[Any] | None = None, edited: bool = False, epochs: int = 50,
    **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    training = {
        "layers": encode(layers), "random_state": 11, "scaling": encode(settings.get("scaling")),
        "loss": encode(loss), "optimizer": encode(optimizer), "penalties": encode(settings.get("penalties", [])),
        "schedule": encode(settings.get("schedule")), "epochs": epochs, "batch_size": batch_size,
        "shuffle": settings.get("shuffle", True), "clip_norm": settings.get("clip_norm"),
    }  # fmt: skip
    story = {
        "learning_rate": optimizer.learning_rate, "rates": rates or [], "edited": edited, "samples": False,
    }  # fmt: skip
    rows = 600 if data is None else data["n"]
    return {
        "training": training, "data": data, "held_out": held_out, "story": story, "steps": steps,
        "steps_per_epoch": -(-rows // batch_size), "rows": rows,
    }  # fmt: skip


def _points(n: int, dtype: Any = np.float32, classes: list[Any] | None = None) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    names = classes or [0, 1, 2]
    X = (np.round(rng.normal(size=(n, 2)), 4) if n < 100 else np.arange(2 * n).reshape(n, 2) % 17 / 16).astype(dtype)
    labels = [i % len(names) for i in range(n)]
    shown = [float(str(x)) for x in X.ravel()]
    return {
        "task": "classification", "n": n, "n_in": 2, "X": shown, "type": X.dtype.name, "labels": labels,
        "classes": names,
    }  # fmt: skip


def _numbers(n: int, n_out: int) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    X, y = rng.normal(size=(n, 3)), rng.normal(size=(n, n_out))
    return {
        "task": "regression", "n": n, "n_in": 3, "X": X.ravel().tolist(), "type": "float64",
        "targets": y.ravel().tolist(), "n_out": n_out,
    }  # fmt: skip


def text() -> str:
    """Return the file: a line a network."""
    lines = (f"{json.dumps(name)}: {json.dumps(case, ensure_ascii=False)}" for name, case in cases().items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "scripts.json").write_text(text(), encoding="utf-8")
