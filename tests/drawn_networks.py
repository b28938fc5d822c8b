"""Ill networks drawn at random, as setups that can be trained, diagnosed, cured and trained again.

Each illness is one function from a healthy setup to an ill one, over a range of severity. It counts as ill only where
it is so in truth, whatever any rule says: where its loss ends at least a quarter above that of the healthy setup, and
by a twentieth of what the best constant answer costs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import layerwise as lw
from drawn_healthy import clouds, healthy, noisy, spirals, taught
from layerwise.explain.cures import apply, class_losses, hidden
from layerwise.parts import schedules

HARMED, MATTERS = 1.25, 0.05  # times the healthy setup's loss; and more, as a share of the best constant answer's
LEARNED = 0.6  # of the best constant answer's loss; a healthy network is below


# ---------------------------------------------------------------- ill ones


def _with(setup, **arguments):
    return replace(setup, arguments={**setup.arguments, **arguments})


def _rate(setup, factor):
    own = setup.arguments["optimizer"]
    return _with(setup, optimizer=type(own)(**{**own.config(), "learning_rate": own.learning_rate * factor}))


def _dense(setup, change, last=True):
    """Each Dense layer, or each but the last, replaced: `change(layer, n_in)`."""
    places = [i for i, layer in enumerate(setup.layers) if isinstance(layer, lw.Dense)]
    layers, n_in = list(setup.layers), setup.X.shape[1]
    for i in places:
        if last or i != places[-1]:
            layers[i] = change(layers[i], n_in)
        n_in = layers[i].units
    return replace(setup, layers=tuple(layers))


def rate_too_high(rng):
    """Up to a thousand times the rate that suits."""
    well = healthy(rng)
    return well, _rate(well, 10 ** rng.uniform(1, 3))


def rate_too_low(rng):
    """Down to a ten-thousandth."""
    well = healthy(rng)
    return well, _rate(well, 10 ** -rng.uniform(1.5, 4))


def rate_too_low_for_an_offset(rng):
    """As it is with targets around 20, whose loss falls slowly from far above the constant answer's."""
    well = healthy(rng, "numbers", scaling=False)
    well = replace(well, y=well.y + rng.uniform(3, 25))
    well = _with(well, optimizer=lw.SGD(float(10 ** rng.uniform(-2.2, -1.8))))
    return well, _rate(well, 10 ** -rng.uniform(2, 3.5))


def unscaled_inputs(rng):
    """All columns or some of them a hundred or a thousand times too large, or far from 0."""
    task = str(rng.choice(["classes", "yes", "numbers"]))
    source = None if task == "numbers" else (clouds, taught)[rng.integers(2)]
    well = healthy(rng, task, source=source, scaling=False)
    d = well.X.shape[1]
    wide = rng.random(d) < rng.choice([0.5, 1.0])
    wide[rng.integers(d)] = True
    factor, shift = 10 ** rng.uniform(1.3, 3.5), rng.choice([0.0, 1.0, 3.0])
    return well, replace(well, X=np.where(wide, (well.X + shift) * factor, well.X))


def unscaled_targets(rng):
    """Numbers in the tens to the ten thousands, around 0 or far from it."""
    well = healthy(rng, "numbers", scaling=False)
    factor, shift = (
        (10 ** rng.uniform(1.7, 4), rng.uniform(-3, 3)) if rng.random() < 0.6 else (1.0, 10 ** rng.uniform(1.7, 3))
    )
    return replace(well, offset=shift * factor, scale=factor), replace(well, y=(well.y + shift) * factor)


def out_of_reach(rng):
    """An end that is bounded, and targets beyond it."""
    well = healthy(rng, "numbers", scaling=False)
    well = replace(well, y=well.y * rng.uniform(1, 3))
    end = (lw.Tanh, lw.Sigmoid, lw.ReLU, lw.Softplus)[rng.integers(4)]()
    ill = replace(well, layers=(*well.layers, end))
    return well, _with(ill, loss="mean_squared_error")


def equal_weights(rng):
    """Every hidden layer drawn as one number; 0 among them."""
    well = healthy(rng, normalized=False)
    value = float(rng.choice([0.0, rng.uniform(-0.3, 0.3)]))

    def same(layer, n_in):
        return lw.Dense(layer.units, np.full((n_in, layer.units), value))

    return well, _dense(well, same, last=bool(rng.random() < 0.5))


def batches_of_one(rng):
    """Batch normalization of single rows: all batches, or the last one."""
    well = healthy(rng, normalized=True)
    if rng.random() < 0.5:
        return well, _with(well, batch_size=1, epochs=max(4, well.arguments["epochs"] // 8))
    size = well.arguments["batch_size"]
    n = len(well.X) // size * size + 1
    n = n if n <= len(well.X) else n - size
    return replace(well, X=well.X[1:n], y=well.y[1:n]), replace(well, X=well.X[:n], y=well.y[:n])


def dead_units(rng):
    """ReLU units far below 0."""
    well = healthy(rng, activation="relu", normalized=False)
    bias = -rng.uniform(3, 12)
    where = rng.random() < 0.7

    def low(layer, n_in):
        shift = bias * (1 + rng.uniform(0, 1, layer.units)) * (1 if where else rng.random(layer.units) < 0.9)
        return lw.Dense(layer.units, "he_normal", shift)

    return well, _dense(well, low, last=False)


def saturated_units(rng):
    """Weights ten to a hundred times too large before tanh."""
    well = healthy(rng, activation="tanh", normalized=False)
    factor = 10 ** rng.uniform(1, 2)
    return well, _dense(
        well, lambda layer, n_in: lw.Dense(layer.units, lw.initializers.Normal(factor / n_in**0.5)), last=False
    )


def vanishing_gradients(rng):
    """Many sigmoids, or tanh with weights that are too small."""
    depth = int(rng.integers(6, 11))
    well = healthy(rng, activation="relu", depth=int(rng.integers(1, 4)), normalized=False)
    width = well.layers[0].units
    tail = well.layers[-2:] if not isinstance(well.layers[-1], lw.Dense) else well.layers[-1:]
    if rng.random() < 0.5:
        block = [lw.Dense(width), lw.Sigmoid()]
    else:
        block = [lw.Dense(width, lw.initializers.Normal(rng.uniform(0.05, 0.3) / width**0.5)), lw.Tanh()]
    return well, replace(well, layers=(*block * depth, *tail))


def exploding_gradients(rng):
    """ReLU layers whose weights are three to eight times too large."""
    well = healthy(rng, activation="relu", normalized=False)
    gain, depth = rng.uniform(3, 8), int(rng.integers(4, 8))
    width = well.layers[0].units
    tail = well.layers[-2:] if not isinstance(well.layers[-1], lw.Dense) else well.layers[-1:]
    block = [lw.Dense(width, lw.initializers.Normal(gain * (2 / width) ** 0.5)), lw.ReLU()]
    return well, replace(well, layers=(*block * depth, *tail))


def large_scores(rng):
    """Weights twenty to two hundred times too large before the softmax."""
    well = healthy(rng, "classes")
    scale = 10 ** rng.uniform(1.3, 2.3)
    layers = list(well.layers)
    layers[-2] = lw.Dense(layers[-2].units, lw.initializers.Normal(scale))
    return well, replace(well, layers=tuple(layers))


def not_finite(rng):
    """Sums beyond what the precision holds."""
    well = healthy(rng, activation="relu", depth=2, normalized=False)
    scale = 10 ** rng.uniform(20, 30)
    return well, _dense(well, lambda layer, n_in: lw.Dense(layer.units, lw.initializers.Normal(scale)))


def class_imbalance(rng):
    """One class with a fiftieth of the rows, or fewer."""
    well = healthy(rng, "classes", source=(clouds, taught)[rng.integers(2)], scaling=False)
    X, y = np.concatenate([well.X] * 4), np.concatenate([well.y] * 4)
    X = X + 0.3 * rng.normal(size=X.shape)
    counts = np.bincount(y)
    rare = int(counts.argmax())
    keep = (y != rare) | (np.cumsum(y == rare) <= max(4, counts.max() * rng.uniform(0.01, 0.06)))
    ill = replace(well, X=X[keep], y=y[keep])
    ill = _with(ill, epochs=max(6, ill.arguments["epochs"] // 6), batch_size=32)
    return _with(ill, class_weight="balanced"), ill


def overfitting(rng):
    """Few rows, of which a third have wrong labels, many units, many epochs; the other rows are held out."""
    well = healthy(rng, "classes", "relu", source=(clouds, taught)[rng.integers(2)], normalized=False, scaling=False)
    wrong = rng.random(len(well.y)) < rng.uniform(0.2, 0.4)
    y = np.where(wrong, rng.integers(0, int(well.y.max()) + 1, len(well.y)), well.y)
    few = int(rng.integers(40, 90))
    layers = (lw.Dense(128, "he_normal"), lw.ReLU(), *well.layers[-2:])
    few_rows = replace(well, layers=layers, X=well.X[:few], y=y[:few])
    ill = _with(few_rows, validation_data=(well.X[few:], y[few:]), batch_size=16, epochs=150, optimizer=lw.Adam(0.01))
    return _with(ill, epochs=10), ill


def underfitting(rng):
    """A straight line around what no line separates, or a training that is far too short; other rows are held out."""
    if rng.random() < 0.5:
        X = rng.uniform(-1, 1, (int(rng.integers(300, 600)), 2))
        y = (
            ((X**2).sum(axis=1) < rng.uniform(0.4, 0.8)).astype(int)
            if rng.random() < 0.5
            else (X[:, 0] * X[:, 1] > 0).astype(int)
        )
        layers = (lw.Dense(32, "he_normal"), lw.ReLU(), lw.Dense(2), lw.Softmax())
        well = replace(healthy(rng, "yes"), X=X, y=y, scaling=None, layers=layers)
        well = _held_out(_with(well, optimizer=lw.Adam(0.01), epochs=40, batch_size=16), rng)
        return well, replace(well, layers=well.layers[-2:])
    well = healthy(rng, "classes", source=spirals)
    X, y = lw.datasets.make_spiral(samples=200, random_state=int(rng.integers(1000)))
    well = replace(well, X=X / X.std(axis=0), y=y, scaling=None)
    well = _held_out(_with(well, epochs=200, optimizer=lw.Adam(0.01)), rng)
    return well, _with(well, epochs=int(rng.integers(4, 8)))


def _held_out(setup, rng):
    """With a third of the rows held out."""
    order = rng.permutation(len(setup.X))
    rest, train = np.split(order, [len(order) // 3])
    return _with(replace(setup, X=setup.X[train], y=setup.y[train]), validation_data=(setup.X[rest], setup.y[rest]))


def penalty_too_strong(rng):
    """A penalty on all weights, of layers, or a decay of theirs, up to ten thousand times what suits."""
    well, where = healthy(rng), rng.integers(4)
    if where == 0:
        return well, _with(well, penalty=lw.L2(float(10 ** rng.uniform(-1.5, 0.5))))
    if where == 1:
        return well, _with(well, penalty=lw.L1(float(10 ** rng.uniform(-2.5, -0.5))))
    if where == 2:
        penalty = lw.L2(float(10 ** rng.uniform(-1.5, 0.5)))
        return well, _dense(well, lambda layer, n_in: lw.Dense(layer.units, layer.weights, penalty=penalty))
    rate = float(10 ** rng.uniform(-2.5, -2.0))
    decay = float(10 ** rng.uniform(-2, -0.5)) / rate
    return _with(well, optimizer=lw.Adam(rate)), _with(well, optimizer=lw.AdamW(rate, weight_decay=decay))


def two_output_activations(rng):
    """A softmax of a softmax, of sigmoids or of tanh; a sigmoid of a sigmoid."""
    well = healthy(rng, str(rng.choice(["classes", "classes", "yes"])))
    first = (
        lw.Sigmoid()
        if isinstance(well.layers[-1], lw.Sigmoid)
        else (lw.Softmax, lw.Sigmoid, lw.Tanh)[rng.integers(3)]()
    )
    return well, replace(well, layers=(*well.layers[:-1], first, well.layers[-1]))


def decay_too_fast(rng):
    """A decay by the step of up to 100, or a schedule that is next to nothing soon."""
    well = healthy(rng)
    if rng.random() < 0.5:
        own = well.arguments["optimizer"]
        decay = float(10 ** rng.uniform(-0.5, 2))
        return well, _with(well, optimizer=type(own)(**{**own.config(), "decay": decay}))
    small = float(10 ** rng.uniform(-5, -2))
    some = (
        schedules.Constant(small),
        schedules.Exponential(max(small, 1e-3)),
        schedules.StepDecay(small, every=1),
        schedules.InverseTime(1 / small),
    )
    return well, _with(well, schedule=some[rng.integers(4)])


def clip_norm_too_small(rng):
    """Gradients cut to a ten-thousandth, where steps are as long as they are."""
    well = healthy(rng)
    well = _with(well, optimizer=lw.SGD(float(10 ** rng.uniform(-1.3, -0.7))))
    return well, _with(well, clip_norm=float(10 ** rng.uniform(-5, -2)))


def dropout_too_strong(rng):
    """Nine tenths and more of each hidden layer dropped."""
    well = healthy(rng, normalized=False)
    dropout, layers = lw.Dropout(float(rng.uniform(0.85, 0.99))), list(well.layers)
    for i in reversed(hidden(layers)):
        layers.insert(i + 1, dropout)
    return well, replace(well, layers=tuple(layers))


def large_first_weights(rng):
    """The first layer's weights from N(0, 16²) to N(0, 60²)."""
    well = healthy(rng, normalized=False)
    first = lw.Dense(well.layers[0].units, lw.initializers.Normal(float(10 ** rng.uniform(1.2, 1.8))))
    return well, replace(well, layers=(first, *well.layers[1:]))


def class_drowned(rng):
    """Weights of a thousandth, or of a thousand, for one class."""
    factor = float(10 ** -rng.uniform(2, 4))
    if rng.random() < 0.3:
        well = _with(healthy(rng, "yes"), loss=lw.BinaryCrossEntropy())
        return well, _with(well, loss=lw.BinaryCrossEntropy(pos_weight=factor ** rng.choice([-1, 1])))
    well = healthy(rng, "classes", source=(clouds, taught)[rng.integers(2)])
    weights = dict.fromkeys(range(int(well.y.max()) + 1), 1.0) | {int(rng.integers(well.y.max() + 1)): factor}
    if rng.random() < 0.5:
        return well, _with(well, class_weight=weights)
    return well, _with(well, sample_weight=np.array([weights[int(c)] for c in well.y]))


def batches_of_one_in_few_epochs(rng):
    """As it is with batches of one row, in two to four epochs: larger batches make few steps."""
    well = healthy(rng, normalized=True)
    epochs = int(rng.integers(2, 5))
    return _with(well, batch_size=4, epochs=epochs), _with(well, batch_size=1, epochs=epochs)


def constant_columns(rng):
    """A column that is the same in all rows."""
    well = healthy(rng, source=clouds, task="classes", scaling=False)
    return well, replace(well, X=np.insert(well.X, 0, rng.uniform(-3, 3), axis=1))


def duplicate_columns(rng):
    """A column twice."""
    well = healthy(rng, source=clouds, task="classes", scaling=False)
    return well, replace(well, X=np.column_stack([well.X, well.X[:, 0]]))


ILL: dict[str, list[Callable]] = {
    "learning rate too high": [rate_too_high],
    "learning rate too low": [rate_too_low, rate_too_low_for_an_offset],
    "unscaled inputs": [unscaled_inputs],
    "unscaled targets": [unscaled_targets],
    "targets out of reach": [out_of_reach],
    "equal weights": [equal_weights],
    "batches of one row": [batches_of_one, batches_of_one_in_few_epochs],
    "dead units": [dead_units],
    "saturated units": [saturated_units],
    "vanishing gradients": [vanishing_gradients],
    "exploding gradients": [exploding_gradients],
    "large scores": [large_scores],
    "not finite": [not_finite],
    "class imbalance": [class_imbalance],
    "overfitting": [overfitting],
    "underfitting": [underfitting],
    "penalty too strong": [penalty_too_strong],
    "two output activations": [two_output_activations],
    "learning rate decays too fast": [decay_too_fast],
    "clip_norm too small": [clip_norm_too_small],
    "dropout too strong": [dropout_too_strong],
    "large first weights": [large_first_weights],
    "class drowned by weights": [class_drowned],
    "constant columns": [constant_columns],
    "duplicate columns": [duplicate_columns],
}
NOTES = ("constant columns", "duplicate columns")  # of which nothing more is claimed than that no harm is done
UNHARMED = 1.1  # times the loss before, and a hundredth


# ---------------------------------------------------------------- from drawing to following the cure


@dataclass
class Result:
    """What came of one finding in one ill network.

    Attributes
    ----------
    illness, kind : str
        How the network was made, and what was found.
    before, after : float
        The loss as it was, and with the finding's cure.
    remedy : str
        The cure.
    """

    illness: str
    kind: str
    before: float
    after: float
    remedy: str

    @property
    def cured(self):
        if self.kind in NOTES:
            return self.after <= UNHARMED * self.before + 0.01
        return self.after < self.before


def measured(kind, setup, network, reference):
    """The loss that the illness is about: of the training data, of the classes alike, or of held-out data."""
    if kind == "class imbalance":
        losses = [setup.loss(network, setup.X[setup.y == c], setup.y[setup.y == c]) for c in np.unique(setup.y)]
        return float(np.mean(losses))
    if kind == "class drowned by weights":
        return float(class_losses(network, setup.X, setup.y).mean()) if setup.loss(network) < np.inf else np.inf
    if kind in ("overfitting", "underfitting") and "validation_data" in reference.arguments:
        return setup.loss(network, *reference.arguments["validation_data"])
    return setup.loss(network)


def constant_loss(setup):
    """The loss of the best answer that is the same for all rows, in the units of the data."""
    y = np.asarray(setup.y)
    if y.dtype.kind != "i":
        return float(np.mean((setup.scale * (y - y.mean(axis=0))) ** 2))
    shares = [y.mean(axis=0)] if y.ndim == 2 else [np.bincount(y) / len(y)]
    p = np.clip(shares[0], 1e-9, 1)
    return float(-(p * np.log(p)).sum() - (((1 - p) * np.log(np.clip(1 - p, 1e-9, 1))).sum() if y.ndim == 2 else 0))


def is_ill(kind, well, ill):
    """Whether the draw is ill in truth, with the trained network and its loss."""
    network = ill.train()
    loss = measured(kind, ill, network, ill)
    reference = well
    if kind == "overfitting":
        history = network.history["val_loss"]
        return history[-1] > HARMED * min(history), network, loss
    if kind in NOTES:
        return True, network, loss
    healthy_loss = measured(kind, reference, reference.train(), ill)
    return loss > max(HARMED * healthy_loss, healthy_loss + MATTERS * constant_loss(reference)), network, loss


def drawn(kind, seed, most=40):
    """Draw a setup with that illness, trained, and its number of draws."""
    rng = np.random.default_rng([seed, *kind.encode()])
    for count in range(1, most + 1):
        well, ill = ILL[kind][rng.integers(len(ILL[kind]))](rng)
        there, network, _ = is_ill(kind, well, ill)
        if there:
            return ill, network, count
    raise AssertionError(f"{kind}: none of {most} draws was ill")


def follow(kind, seed):
    """Draw a network with that illness, diagnose it, and follow each cure by itself: a Result for each finding."""
    ill, network, _ = drawn(kind, seed)
    results = []
    for finding in lw.diagnose(network, ill.X, ill.y).findings:
        if finding.kind == "overfitting" and "validation_data" not in ill.arguments:
            continue
        begun = functools.reduce(apply, finding.after, ill)
        cured = apply(begun, finding.remedies[0])
        own = begun.train() if finding.after else network
        before, after = (measured(finding.kind, s, n, s) for s, n in ((begun, own), (cured, cured.train())))
        remedy = finding.remedies[0]
        results.append(Result(kind, finding.kind, before, after, f"{remedy.change} {remedy.value!s:.30}"))
    return results


def found_in_noise(seed):
    """Draw a healthy network, trained on noisy data: the setup, and what is found in it."""
    setup = noisy(np.random.default_rng([seed, 2]))
    return setup, lw.diagnose(setup.train(), setup.X, setup.y)


def learned(seed):
    """Draw a healthy network that has learned: the setup, and what is found in it."""
    rng = np.random.default_rng([seed, 1])
    while True:
        setup = healthy(rng)
        counts = np.bincount(setup.y) if setup.y.dtype.kind == "i" and setup.y.ndim == 1 else [1]
        if max(counts) > 5 * min(counts):
            continue
        network = setup.train()
        found = lw.diagnose(network, setup.X, setup.y)
        if setup.loss(network) < LEARNED * found.constant_loss:
            return setup, found
