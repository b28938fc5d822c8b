"""Findings about layers: units that say nothing, gradients that do not arrive, outputs that are too large."""

from __future__ import annotations

from collections.abc import Iterator

from layerwise.health.finding import Finding
from layerwise.health.probe import LayerHealth, Look

# Some units die in any training: a third on a spiral's two inputs, half on a sine's single one, and both are learned
# well. At seven tenths, a layer does with its few units what a smaller one would do better; at nineteen twentieths,
# what comes behind it sees little but its own biases.
DEAD, NEARLY_ALL_DEAD = 0.7, 0.95
# Sigmoids that sort things out are saturated for many rows, and should be; at a half, most gradients stop here.
SATURATED, NEARLY_ALL_SATURATED = 0.5, 0.9
# Between the last layer and the first, healthy networks lose or win a factor of ten or thirty. At a thousandth the
# first layers stay as they were drawn, whatever the learning rate, while the last one learns.
VANISHED, EXPLODED = 1e-3, 1e2
# e⁻⁸⁸ is no normal number of float32 any more. Networks that have learned all rows by heart come to 30 or 50.
LARGE_SPREAD = 88.0
# Weights are drawn for targets of about 1: steps lead from there to 100 only after very many of them.
LARGE_TARGET, UNEXPLAINED = 30.0, 0.5


def of_layers(look: Look) -> Iterator[Finding]:
    """What is wrong with the layers."""
    if look.bad_layer:
        yield Finding(
            "not finite", "serious", look.bad_layer, f"{look.bad_layer} gives NaN or infinity",
            "sums are beyond what the precision holds: there is no loss and no gradient",
            "scale the inputs, draw smaller weights, or make smaller steps",
            'lw.Network(layers, scaling="standard")',
        )  # fmt: skip
        return
    for layer in look.layers:
        yield from _dead(layer)
        yield from _saturated(layer)
        yield from _spread(layer)
    yield from _gradients(look)


def _dead(layer: LayerHealth) -> Iterator[Finding]:
    if layer.dead is None or layer.dead < DEAD:
        return
    yield Finding(
        "dead units", "serious" if layer.dead >= NEARLY_ALL_DEAD else "warning", str(layer),
        f"{round(layer.dead * layer.units)} of {layer.units} units ({layer.dead:.0%}) are 0 for every row",
        "a ReLU that is never above 0 has no gradient: it does not come back, and its weights are dead weight",
        "train anew with a smaller learning rate and weights drawn for ReLU, or with LeakyReLU in its place",
        'lw.Network([lw.Dense(64, weights="he_normal"), lw.LeakyReLU(0.01), ...])',
        {"share": layer.dead, "threshold": DEAD},
    )  # fmt: skip


def _saturated(layer: LayerHealth) -> Iterator[Finding]:
    if layer.saturated is None or layer.saturated < SATURATED:
        return
    yield Finding(
        "saturated units", "serious" if layer.saturated >= NEARLY_ALL_SATURATED else "warning", str(layer),
        f"{layer.saturated:.0%} of its outputs lie where the curve is flat",
        "there the derivative is about a hundredth: weights before this layer hardly learn",
        "draw smaller weights, by √n_in, and scale the inputs",
        'lw.Network([lw.Dense(30, weights="lecun_normal"), ...], scaling="standard")',
        {"share": layer.saturated, "threshold": SATURATED},
    )  # fmt: skip


def _spread(layer: LayerHealth) -> Iterator[Finding]:
    if layer.spread is None or layer.spread < LARGE_SPREAD:
        return
    yield Finding(
        "large scores", "warning", str(layer),
        f"within a row, scores lie {layer.spread:.3g} apart",
        f"softmax makes zeros and ones of them, e to the -{LARGE_SPREAD:g} being nothing beside 1: wrong answers are "
        "given with all confidence, and no gradient says by how much they are wrong",
        "draw smaller weights or scale the inputs; hold scores down by label smoothing or a penalty",
        "net.fit(X, y, loss=lw.CategoricalCrossEntropy(label_smoothing=0.05), penalty=lw.L2(1e-4))",
        {"spread": layer.spread, "threshold": LARGE_SPREAD},
    )  # fmt: skip


def _gradients(look: Look) -> Iterator[Finding]:
    """The gradient by the first layer's outputs beside that by the last one's; dead layers are told of already."""
    found = [(layer, layer.delta) for layer in look.layers if layer.mixes and layer.delta is not None]
    found = [(layer, delta) for layer, delta in found if not layer.frozen]
    if len(found) < 2 or not found[-1][1] or any((layer.dead or 0) >= NEARLY_ALL_DEAD for layer in look.layers):
        return
    (first, at_first), (last, at_last) = found[0], found[-1]
    ratio = at_first / at_last
    seen = f"the gradient at {first} is {ratio:.3g} times that at {last}"
    if ratio < VANISHED:
        yield Finding(
            "vanishing gradients", "serious", str(first), seen,
            "each layer on the way back multiplies it by less than 1: the first layers do not learn",
            "take ReLU with weights drawn for it, fewer layers, or normalize between them",
            'lw.Network([lw.Dense(64, weights="he_normal"), lw.BatchNorm(), lw.ReLU(), ...])',
            {"ratio": ratio, "threshold": VANISHED},
        )  # fmt: skip
    if ratio > EXPLODED:
        yield Finding(
            "exploding gradients", "serious", str(first), seen,
            "each layer on the way back multiplies it by more than 1: no learning rate suits both ends",
            "draw smaller weights, normalize between layers, or cut long gradients",
            'lw.Network([lw.Dense(64, weights="he_normal"), ...]).fit(X, y, clip_norm=1.0)',
            {"ratio": ratio, "threshold": EXPLODED},
        )  # fmt: skip


def of_targets(look: Look) -> Iterator[Finding]:
    """Whether numbers to be predicted are far larger than what the network answers."""
    if (
        look.kind == "regression"
        and look.target_size > LARGE_TARGET
        and look.error_size > UNEXPLAINED * look.target_size
    ):
        yield Finding(
            "unscaled targets", "warning", "y",
            f"the targets are of size {look.target_size:.3g}, and the outputs miss them by {look.error_size:.3g}",
            "outputs begin near 0; thousands of steps go into growing, and gradients are as large as the targets",
            "divide them by their standard deviation, after taking their mean away",
            "net.fit(X, (y - y.mean()) / y.std())",
            {"size": look.target_size, "threshold": LARGE_TARGET},
        )  # fmt: skip
