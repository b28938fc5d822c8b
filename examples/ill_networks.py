"""Networks made ill on purpose, one for each finding of `lw.diagnose`, and the same ones cured.

python examples/ill_networks.py             the table of docs/how-to/diagnose.md
python examples/ill_networks.py NAME        what is found, in full, before and after
"""

import contextlib
import sys
from dataclasses import dataclass

import numpy as np

import layerwise as lw

Case = tuple[lw.Network, np.ndarray, np.ndarray]


@dataclass
class Ill:
    """An ill network and its cure: each call makes the network and the data, ready to be looked at."""

    finding: str
    made: str
    cure: str
    ill: object
    cured: object


def clouds(n=300, shift=0.0):
    """Three clouds of points with four columns."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    return rng.normal(size=(n, 4)) * 0.5 + np.eye(3, 4)[y] + shift, y


def network(*layers, **arguments):
    return lw.Network([*layers, lw.Dense(3), lw.Softmax()], random_state=0, **arguments)


def fitted(net, X, y, **arguments):
    """Train, and let a divergence be what it is."""
    with contextlib.suppress(lw.DivergenceError):
        net.fit(X, y, **{"epochs": 10, "optimizer": lw.Adam(0.01), "verbose": False, **arguments})
    return net, X, y


def deep(activation, depth, weights):
    layers = [layer for _ in range(depth) for layer in (lw.Dense(32, weights=weights), activation)]
    return fitted(network(*layers), *clouds(), optimizer=lw.SGD(0.02))


def dead(bias):
    return fitted(network(lw.Dense(32, biases=np.full(32, bias)), lw.ReLU()), *clouds())


def saturated(scale):
    weights = lw.initializers.Normal(scale)
    hidden = [layer for _ in range(3) for layer in (lw.Dense(32, weights=weights), lw.Tanh())]
    return fitted(network(*hidden), *clouds())


def scores(scale):
    weights = lw.initializers.Normal(scale)
    return fitted(lw.Network([lw.Dense(3, weights=weights), lw.Softmax()], random_state=0), *clouds(), epochs=20)


def scaled(scaling):
    X, y = clouds(shift=100.0)
    return fitted(network(lw.Dense(16), lw.ReLU(), scaling=scaling), X, y)


def columns(more):
    """The clouds with a column more: made of the first one, or a constant."""
    X, y = clouds()
    return fitted(network(lw.Dense(16), lw.ReLU()), np.column_stack([X, more(X)]), y)


def rare(**arguments):
    X, y = clouds(3000)
    kept = (y != 2) | (np.arange(len(y)) < 150)
    return fitted(network(lw.Dense(16), lw.ReLU()), X[kept], y[kept], **arguments)


def rate(optimizer):
    return fitted(network(lw.Dense(16), lw.ReLU()), *clouds(), optimizer=optimizer)


def line(factor):
    X, _ = clouds()
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(1)], random_state=0)
    return fitted(net, X, factor * (X[:, 0] + 2 * X[:, 1] - 1), epochs=20)


def by_heart(**arguments):
    """Labels at random: what can be learned is true of the rows to train only."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 8)), rng.integers(0, 3, 200)
    y[X[:, 0] > 0.3] = 0
    held_out = X[100:], y[100:]
    net = network(lw.Dense(128), lw.ReLU())
    return fitted(net, X[:100], y[:100], validation_data=held_out, epochs=60, **arguments)


def ring(*hidden):
    """Inside a circle or not, which no straight line tells."""
    X = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    y = ((X**2).sum(axis=1) < 0.6).astype(int)
    return fitted(lw.Network([*hidden, lw.Dense(2), lw.Softmax()], random_state=0), X, y, epochs=30)


def bounded(*ending):
    """Numbers from about -6 to 6."""
    X, _ = clouds()
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(1), *ending], random_state=0)
    return fitted(net, X, X[:, 0] + 2 * X[:, 1] - 1, epochs=20)


def batches(size):
    return fitted(network(lw.Dense(16), lw.BatchNorm(), lw.ReLU()), *clouds(), batch_size=size)


def first(scale):
    layer = lw.Dense(16, weights=lw.initializers.Normal(scale))
    return fitted(network(layer, lw.ReLU()), *clouds(), optimizer=lw.SGD(0.05))


def drowned(weight):
    return fitted(network(lw.Dense(16), lw.ReLU()), *clouds(), class_weight={0: weight, 1: 1, 2: 1})


def small(*hidden, end=(), **arguments):
    """Sixteen units, and what is between them and the end."""
    layers = [lw.Dense(16), lw.ReLU(), *hidden, lw.Dense(3), *end, lw.Softmax()]
    return fitted(lw.Network(layers, random_state=0), *clouds(), **arguments)


def huge(weight):
    return network(lw.Dense(16, weights=np.full((4, 16), weight)), lw.ReLU()), *clouds()


ILL = [
    Ill("dead units", "biases of -8 before a ReLU", "biases of 0", lambda: dead(-8.0), lambda: dead(0.0)),
    Ill("saturated units", "three tanh layers of weights from N(0, 20²)", "N(0, ¼²), about 1 / √n_in",
        lambda: saturated(20.0), lambda: saturated(0.25)),
    Ill("vanishing gradients", "ten sigmoid layers", "ten ReLU layers, weights drawn for them",
        lambda: deep(lw.Sigmoid(), 10, "glorot_uniform"), lambda: deep(lw.ReLU(), 10, "he_normal")),
    Ill("exploding gradients", "six ReLU layers of weights from N(0, 1)", "six ReLU layers, weights drawn for them",
        lambda: deep(lw.ReLU(), 6, lw.initializers.Normal(1.0)), lambda: deep(lw.ReLU(), 6, "he_normal")),
    Ill("large scores", "weights from N(0, 100²) before the softmax", "N(0, ½²)",
        lambda: scores(100.0), lambda: scores(0.5)),
    Ill("not finite", "weights of 3e38", "weights of 0.3", lambda: huge(3e38), lambda: huge(0.3)),
    Ill("unscaled inputs", "columns that lie around 100", 'scaling="standard"',
        lambda: scaled(None), lambda: scaled("standard")),
    Ill("unscaled targets", "numbers of about 20,000 to be predicted", "the same, divided by 10,000",
        lambda: line(1e4), lambda: line(1.0)),
    Ill("targets out of reach", "a tanh before numbers from -4 to 3", "Dense at the end",
        lambda: bounded(lw.Tanh()), bounded),
    Ill("equal weights", "all weights of a layer 0.1", "drawn weights",
        lambda: ring(lw.Dense(16, weights=np.full((2, 16), 0.1)), lw.ReLU()), lambda: ring(lw.Dense(16), lw.ReLU())),
    Ill("batches of one row", "batch normalization at batch_size=1", "batch_size=32",
        lambda: batches(1), lambda: batches(32)),
    Ill("large first weights", "the first layer's from N(0, 30²)", "N(0, ½²)", lambda: first(30.0), lambda: first(0.5)),
    Ill("two output activations", "a softmax of a softmax", "one softmax",
        lambda: small(end=[lw.Softmax()]), small),
    Ill("penalty too strong", "L2(1)", "L2(0.0001)",
        lambda: small(penalty=lw.L2(1.0)), lambda: small(penalty=lw.L2(0.0001))),
    Ill("dropout too strong", "Dropout(0.95)", "Dropout(0.2)",
        lambda: small(lw.Dropout(0.95)), lambda: small(lw.Dropout(0.2))),
    Ill("learning rate decays too fast", "decay=100", "no decay",
        lambda: small(optimizer=lw.Adam(0.01, decay=100.0)), small),
    Ill("clip_norm too small", "SGD at clip_norm=0.0001", "clip_norm=1",
        lambda: small(optimizer=lw.SGD(0.1), clip_norm=1e-4), lambda: small(optimizer=lw.SGD(0.1), clip_norm=1.0)),
    Ill("class drowned by weights", "a class of weight 0.001", "no weights",
        lambda: drowned(0.001), lambda: drowned(1)),
    Ill("constant columns", "a column of ones", "without it",
        lambda: columns(lambda X: np.ones(len(X))), lambda: columns(lambda X: X[:, :0])),
    Ill("duplicate columns", "a column twice", "once",
        lambda: columns(lambda X: X[:, 0]), lambda: columns(lambda X: X[:, :0])),
    Ill("class imbalance", "50 rows of one class, 1,000 of the others", 'class_weight="balanced"',
        rare, lambda: rare(class_weight="balanced")),
    Ill("learning rate too high", "SGD(300)", "SGD(0.1)", lambda: rate(lw.SGD(300.0)), lambda: rate(lw.SGD(0.1))),
    Ill("learning rate too low", "SGD(0.00001)", "SGD(0.1)", lambda: rate(lw.SGD(1e-5)), lambda: rate(lw.SGD(0.1))),
    Ill("overfitting", "128 units, 100 rows, labels at random", "patience=5",
        by_heart, lambda: by_heart(patience=5)),
    Ill("underfitting", "a straight line around a circle", "16 hidden units",
        ring, lambda: ring(lw.Dense(16), lw.ReLU())),
]  # fmt: skip


def rows():
    """The table: finding, how it was made, what is seen, the cure."""
    for case in ILL:
        found = {finding.kind: finding for finding in lw.diagnose(*case.ill()).findings}
        yield case.finding, case.made, found[case.finding].seen, case.cure


def main(name=None):
    if name is not None:
        case = next(case for case in ILL if case.finding == name)
        print(lw.diagnose(*case.ill()), lw.diagnose(*case.cured()), sep="\n\n--- cured ---\n\n")
        return
    print("| finding | the network | what is seen | cured by |\n|---|---|---|---|")
    for row in rows():
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
