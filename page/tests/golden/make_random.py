"""Writes random.json: what NumPy draws from keyed generators, and what scalers learn, for the page's engine to repeat.

$ python page/tests/golden/make_random.py
"""

import json
from pathlib import Path

import numpy as np

from layerwise.data.philox import generator
from layerwise.parts import initializers
from layerwise.parts.scaling import SCALERS, RangeScaler

KEYS = [(0, 0, 0), (1, 1, 7), (2**53 - 1, 4, 12345), (123456789, 0, 3)]


def draws(seed, purpose, index):
    def drawn(name, *arguments):
        return getattr(generator(seed, purpose, index), name)(*arguments)

    return {
        "key": [seed, purpose, index],
        "normal": drawn("standard_normal", 3000).tolist(),
        "uniform": drawn("uniform", -0.3, 1.7, 50).tolist(),
        "permutations": [drawn("permutation", n).tolist() for n in (1, 2, 3, 100, 1000)],
    }


def weights(name):
    kind = getattr(initializers, name)
    return {"name": name, "W": kind().draw((7, 5), generator(3, 0, 1)).astype(np.float32).tolist()}


def scaled(kind, X):
    scaler = kind()
    scaler.fit(X)
    parts = [np.broadcast_to(part, X.shape[1]).tolist() for part in (scaler.offset, scaler.factor)]
    return {"kind": kind.__name__, "type": X.dtype.name, "X": X.ravel().tolist(), "n_in": X.shape[1], "found": parts}


def tables():
    rng = np.random.default_rng(1)
    for n, n_in in ((5, 3), (137, 1)):
        X = np.round(rng.normal(size=(n, n_in)) * 10 + 3, 3)
        X[:, -1] = np.where(n == 5, 2.0, X[:, -1])
        yield from (X, X.astype(np.float32), X.clip(0, 20).astype(np.uint8))
    yield np.round(rng.normal(size=(4500, 2)), 1)


if __name__ == "__main__":
    drawn = [kind.__name__ for kind in initializers.INITIALIZERS if kind is not initializers.Orthogonal]
    found = {
        "draws": [draws(*key) for key in KEYS],
        "weights": [weights(name) for name in drawn],
        "scalers": [scaled(kind, X) for kind in SCALERS if kind is not RangeScaler for X in tables()],
    }
    Path(__file__).with_name("random.json").write_text(json.dumps(found) + "\n")
