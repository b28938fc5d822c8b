"""Ten steps of each optimizer on the functions of the figure `descent`, for page/tests/figures.test.ts.

$ python tests/page/golden_descent.py    writes page/tests/golden/descent.json
"""

import json
from pathlib import Path

import numpy as np

import layerwise as lw
from layerwise.files.parts import encode

FILE = Path(__file__).parents[2] / "page/tests/golden/descent.json"
STEPS = 10
GRADIENTS = {
    "curve": lambda w: 2 * w,
    "double-well": lambda w: 4 * w**3 - 4 * w + 0.4,
    "bowl": lambda w: 1.0 * w,
    "valley": lambda w: np.array([w[0] / 10, 2 * w[1]]),
    "saddle": lambda w: np.array([w[0], w[1] ** 3 - w[1]]),
}
STARTS = {"curve": [-2.5], "double-well": [1.7], "bowl": [-3.2, 2.2], "valley": [-5.2, 2.5], "saddle": [-2.0, 0.02]}


def optimizers():
    rate = 0.05
    return [
        lw.SGD(rate),
        lw.SGD(rate, momentum=0.9),
        lw.SGD(rate, momentum=0.9, nesterov=True, decay=0.1),
        lw.SGD(rate, weight_decay=0.1),
        lw.Adagrad(rate),
        lw.RMSprop(rate),
        lw.Adam(rate),
        lw.AdamW(rate),
    ]


def golden():
    found = []
    for surface, gradient in GRADIENTS.items():
        for optimizer in optimizers():
            theta = np.array(STARTS[surface], dtype=np.float64)
            places = [theta.tolist()]
            for _ in range(STEPS):
                optimizer.step(theta, gradient(theta))
                places.append(theta.tolist())
            found.append({"surface": surface, "optimizer": encode(optimizer), "places": places})
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(golden()) + "\n", encoding="utf-8")
