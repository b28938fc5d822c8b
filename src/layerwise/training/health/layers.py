"""Findings about layers: units that say nothing, gradients that do not arrive, outputs that are too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import numpy as np

from layerwise.engine.plan import Plan, Stage
from layerwise.parts.layers import Dense
from layerwise.parts.parameters import Parameters
from layerwise.training.health.finding import Finding
from layerwise.training.health.probe import LayerHealth, Look, short_name
from layerwise.training.health.remedy import Remedy

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
# Weights are drawn for targets of about 1: steps lead from there to 100 only after very many of them. What is missed is
# held against what a constant answer would miss.
LARGE_TARGET, SMALL_TARGET, UNEXPLAINED = 10.0, 0.01, 0.7
# A fiftieth of the variance: less may be noise around a bound, such as counts that are 0.
BEYOND = 0.02
EQUAL = 1e-6  # relative
# Weights of a deviation of √(2 / n_in) keep the size of what a ReLU layer is given; these make it ten times larger.
LARGE_WEIGHTS = 15.0

DRAWN, SCALED = Remedy("weights", "he_normal"), Remedy("scaling", "standard")
RELU, LEAKY = Remedy("activation", "ReLU", "he_normal"), Remedy("activation", "LeakyReLU", "he_normal")
NORMALIZED = Remedy("normalize", "BatchNorm"), Remedy("normalize", "LayerNorm")


def of_layers(look: Look) -> Iterator[Finding]:
    """What is wrong with the layers."""
    if look.bad_layer:
        yield Finding(
            "not finite", "serious", look.bad_layer, f"{look.bad_layer} gives NaN or infinity",
            "sums are beyond what the precision holds: there is no loss and no gradient",
            (SCALED, DRAWN, *look.rates(0.1, 0.001)),
        )  # fmt: skip
        return
    for layer in look.layers:
        yield from _dead(layer, look)
        yield from _saturated(layer, look)
        yield from _spread(layer, look)
    yield from _gradients(look)


def _dead(layer: LayerHealth, look: Look) -> Iterator[Finding]:
    if layer.dead is None or layer.dead < DEAD:
        return
    yield Finding(
        "dead units", "serious" if layer.dead >= NEARLY_ALL_DEAD else "warning", str(layer),
        f"{round(layer.dead * layer.units)} of {layer.units} units ({layer.dead:.0%}) are 0 for every row",
        "a ReLU that is never above 0 has no gradient: it does not come back, and its weights are dead weight",
        (LEAKY, DRAWN, SCALED, *look.rates(0.1, 0.01)),
        {"share": layer.dead, "threshold": DEAD},
    )  # fmt: skip


def _saturated(layer: LayerHealth, look: Look) -> Iterator[Finding]:
    if layer.saturated is None or layer.saturated < SATURATED:
        return
    yield Finding(
        "saturated units", "serious" if layer.saturated >= NEARLY_ALL_SATURATED else "warning", str(layer),
        f"{layer.saturated:.0%} of its outputs lie where the curve is flat",
        "there the derivative is about a hundredth: weights before this layer hardly learn",
        (Remedy("weights", "glorot_uniform"), SCALED, *look.rates(0.1, 0.01), RELU),
        {"share": layer.saturated, "threshold": SATURATED},
    )  # fmt: skip


def _spread(layer: LayerHealth, look: Look) -> Iterator[Finding]:
    if layer.spread is None or layer.spread < LARGE_SPREAD:
        return
    yield Finding(
        "large scores", "warning", str(layer),
        f"within a row, scores lie {layer.spread:.3g} apart",
        f"softmax makes zeros and ones of them, e to the -{LARGE_SPREAD:g} being nothing beside 1: wrong answers are "
        "given with all confidence, and no gradient says by how much they are wrong",
        (Remedy("weights", "glorot_uniform"), SCALED, *look.rates(0.1, 0.01)),
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
            (RELU, *NORMALIZED, Remedy("weights", "glorot_uniform")),
            {"ratio": ratio, "threshold": VANISHED},
        )  # fmt: skip
    if ratio > EXPLODED:
        yield Finding(
            "exploding gradients", "serious", str(first), seen,
            "each layer on the way back multiplies it by more than 1: no learning rate suits both ends",
            (DRAWN, *NORMALIZED, Remedy("clip_norm", 1.0), *look.rates(0.1, 0.01)),
            {"ratio": ratio, "threshold": EXPLODED},
        )  # fmt: skip


def of_weights(plan: Plan, parameters: Parameters, frozen: Set[int] = frozenset()) -> Iterator[Finding]:
    """Whether all units of a hidden layer have the same weights and biases, or weights are far too large."""
    mixing = [stage for stage in plan.stages if stage.mixes]
    yield from _large_weights([stage for stage in mixing if stage.index not in frozen], parameters)
    for stage in mixing[:-1]:
        groups = stage.layer.groups if isinstance(stage.layer, Dense) else 1
        arrays = [array.reshape(-1, array.shape[-1] // groups) for array in vars(parameters.p[stage.index]).values()]
        if stage.n_out == groups or not arrays or stage.index in frozen:
            continue
        if all((np.ptp(array, axis=1) <= EQUAL * np.abs(array).max(axis=1)).all() for array in arrays):
            yield Finding(
                "equal weights", "serious", f"layer {stage.index} ({short_name(stage.layer)})",
                f"all {stage.n_out} units have the same weights" if groups == 1
                else f"all {stage.n_out // groups} units of each group have the same weights",
                "they are one unit: they give the same answer, and only differences behind them can part them",
                (DRAWN,),
            )  # fmt: skip


def _large_weights(stages: Sequence[Stage], parameters: Parameters) -> Iterator[Finding]:
    for stage in stages:
        W = getattr(parameters.p[stage.index], "W", None)
        size = 0.0 if W is None else float(np.sqrt(np.square(W, dtype=np.float64).sum(axis=0).mean()))
        if size > LARGE_WEIGHTS:
            yield Finding(
                "large first weights", "serious", f"layer {stage.index} ({short_name(stage.layer)})",
                f"the weights of a unit have a length of {size:.3g}",
                "inputs of about 1 come out that much larger, and steps in what follows are far too long or too short",
                (DRAWN,),
                {"length": size, "threshold": LARGE_WEIGHTS},
            )  # fmt: skip


def of_targets(look: Look, unexplained: float = UNEXPLAINED) -> Iterator[Finding]:
    """Whether numbers to be predicted are out of the outputs' reach, or far larger than what the network answers.

    Parameters
    ----------
    look : Look
        The network now.
    unexplained : float
        How much of the targets' deviation the outputs miss, at least, where the targets are called unscaled.
    """
    if look.kind != "regression":
        return
    if look.beyond > BEYOND:
        low, high = look.reach
        yield Finding(
            "targets out of reach", "serious", "y",
            f"the outputs of {look.ending} lie in {low:.3g} to {high:.3g} and cannot reach the targets, which go from "
            f"{look.targets[0]:.3g} to {look.targets[1]:.3g}",
            f"what lies beyond is at least {look.beyond:.0%} of the targets' variance, and no training takes it away",
            (Remedy("ending", look.outputs),),
            {"share": look.beyond, "threshold": BEYOND},
        )  # fmt: skip
    is_small = 0 < look.target_size < SMALL_TARGET and look.target_deviation > 0
    if (is_small or look.target_size > LARGE_TARGET) and look.error_size > unexplained * look.target_deviation:
        yield Finding(
            "unscaled targets", "warning", "y",
            f"the targets are of size {look.target_size:.3g}, and the outputs miss them by {look.error_size:.3g}",
            "outputs begin at about 1; steps that lead there are too long to tell such targets apart" if is_small
            else "outputs begin near 0; thousands of steps go into growing, and gradients are as large as the targets",
            (Remedy("targets", "standardize"),),
            {"size": look.target_size, "threshold": SMALL_TARGET if is_small else LARGE_TARGET},
        )  # fmt: skip
