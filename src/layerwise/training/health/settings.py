"""Suspects among the arguments of a training: whether one of them does harm, only a trial without it can tell."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.parts.layers import Dropout, Layer
from layerwise.parts.layers.activation import Activation
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.training.health.finding import Finding
from layerwise.training.health.remedy import Remedy
from layerwise.typing import Array

MUCH_DROPOUT = 0.5  # the largest rate in common use
FALLEN = 0.3  # a mean of the steps' rates below so much of the first: half a cosine is 0.5, a tenth after a third 0.4
DROWNED = 2.0  # times the loss of a class beside that of another, or beside that of a coin
KINDS = (
    "two output activations",
    "penalty too strong",
    "dropout too strong",
    "learning rate decays too fast",
    "clip_norm too small",
)


def of_settings(layers: Sequence[Layer], arguments: Mapping[str, Any], steps: int) -> Iterator[Finding]:
    """Settings that can keep a network from learning, whatever its loss is.

    Parameters
    ----------
    layers : sequence of Layer
        First to last.
    arguments : mapping
        Those of `Network.fit`: optimizer, penalty, schedule, clip_norm and epochs.
    steps : int
        How many the training has.
    """
    yield from _endings(layers)
    yield from _penalties(layers, arguments)
    yield from _dropout(layers)
    yield from _decay(arguments, steps)
    yield from _clipping(arguments["clip_norm"])


def of_weighting(losses: Array, others: Sequence[str], loss: Loss) -> Iterator[Finding]:
    """Whether weights of samples or classes keep the network from learning some class.

    Parameters
    ----------
    losses : array
        The cross-entropy of each class, or of the noes and the yeses, unweighed.
    others : sequence of str
        What took part in the fit, as in `Network.last_fit`.
    loss : Loss
        With its `pos_weight`, if any.
    """
    remedies = []
    names = [name for name in ("class_weight", "sample_weight") if name in others]
    if names:
        remedies.append(Remedy("class_weight", "balanced"))
    if getattr(loss, "pos_weight", None) is not None:
        names.append("pos_weight")
        remedies.append(Remedy("pos_weight", None, repr(type(loss)(**{**loss.config(), "pos_weight": None}))))
    worst, best = float(losses.max()), float(losses.min())
    if remedies and worst > DROWNED * max(best, math.log(2)):
        yield Finding(
            "class drowned by weights", "serious", " and ".join(names),
            f"the cross-entropy of one class is {worst:.3g}, that of another {best:.3g}",
            "what weighs little adds next to nothing to the loss, and is not learned",
            tuple(remedies),
            {"worst": worst, "best": best, "threshold": DROWNED},
        )  # fmt: skip


def _endings(layers: Sequence[Layer]) -> Iterator[Finding]:
    count = next((i for i, layer in enumerate(reversed(layers)) if not isinstance(layer, Activation)), len(layers))
    if count < 2:
        return
    names = [repr(layer) for layer in layers[-count:]]
    yield Finding(
        "two output activations", "serious", f"layer {len(layers) - 1} ({names[-1]})",
        f"the last layers are {', '.join(names)}, one activation of another",
        f"{names[-1]} is given what {names[-2]} leaves of the scores, and cannot answer with confidence",
        (Remedy("ending_alone", count - 1),),
    )  # fmt: skip


def _penalties(layers: Sequence[Layer], arguments: Mapping[str, Any]) -> Iterator[Finding]:
    why = "it costs more to have weights than they take off the loss: they are held near 0"
    seen = list(arguments["penalty"])
    if seen:
        weak = [weaker(one, 0.01) for one in seen]
        yield Finding(
            "penalty too strong", "serious", "penalty", f"the training has the penalty {_listed(seen)}", why,
            (Remedy("penalty", 0.01, f"[{', '.join(f'lw.{one!r}' for one in weak)}]"), Remedy("penalty", 0.0, "[]")),
        )  # fmt: skip
    of_layers = [one for layer in layers for one in getattr(layer, "penalty", None) or ()]
    if of_layers:
        yield Finding(
            "penalty too strong", "serious", "layers", f"layers have the penalty {_listed(of_layers)}", why,
            (Remedy("layer_penalty", None),),
        )  # fmt: skip
    optimizer = arguments["optimizer"]
    if getattr(optimizer, "weight_decay", 0.0):
        yield Finding(
            "penalty too strong", "serious", "weight_decay",
            f"each step takes {optimizer.learning_rate * optimizer.weight_decay:.2g} of every parameter away", why,
            (_changed(optimizer, weight_decay=0.01 * optimizer.weight_decay), _changed(optimizer, weight_decay=0.0)),
        )  # fmt: skip


def _dropout(layers: Sequence[Layer]) -> Iterator[Finding]:
    rates = [layer.rate for layer in layers if isinstance(layer, Dropout)]
    if max(rates, default=0.0) > MUCH_DROPOUT:
        yield Finding(
            "dropout too strong", "serious", "layers", f"dropout takes {max(rates):.0%} of a layer's outputs away",
            "what is left in one step says next to nothing of what will be left in the next",
            (Remedy("dropout", 0.2), Remedy("dropout", 0.05)),
            {"rate": max(rates), "threshold": MUCH_DROPOUT},
        )  # fmt: skip


def _decay(arguments: Mapping[str, Any], steps: int) -> Iterator[Finding]:
    optimizer, schedule, epochs = arguments["optimizer"], arguments["schedule"], arguments["epochs"]
    factors = []
    if getattr(optimizer, "decay", 0.0):
        factors.append((1 / (1 + optimizer.decay * np.arange(steps)), "decay", _changed(optimizer, decay=0.0)))
    if schedule is not None:
        times = np.linspace(0, epochs, 200, endpoint=False)
        with np.errstate(all="ignore"):
            values = np.array([float(schedule(t, float(epochs))) for t in times])
        factors.append((values, "schedule", Remedy("schedule", None)))
    for factor, where, remedy in factors:
        mean = float(np.mean(factor))
        if mean < FALLEN:
            yield Finding(
                "learning rate decays too fast", "serious", where,
                f"the mean learning rate of the steps is {mean:.2g} times {optimizer.learning_rate:g}",
                "most steps are too short to arrive",
                (remedy,),
                {"mean": mean, "threshold": FALLEN},
            )  # fmt: skip


def _clipping(clip_norm: float | None) -> Iterator[Finding]:
    if clip_norm is not None:
        yield Finding(
            "clip_norm too small", "serious", "clip_norm", f"gradients are cut to a length of {clip_norm:g}",
            "where most gradients are cut, steps are as short as that, whatever the learning rate is meant to be",
            (*[Remedy("clip_norm", 1.0)] * (clip_norm < 1), Remedy("clip_norm", 100 * clip_norm)),
            {"clip_norm": clip_norm},
        )  # fmt: skip


def _changed(optimizer: Optimizer, **config: Any) -> Remedy:
    return Remedy("optimizer", config, repr(type(optimizer)(**{**optimizer.config(), **config})))


def weaker(penalty: Penalty, factor: float) -> Penalty:
    """Return the penalty with a strength that is so many times its own."""
    own = copy.copy(penalty)
    own.weights, own.biases = (float(f"{factor * value:.6g}") for value in (penalty.weights, penalty.biases))
    return own


def _listed(penalties: Sequence[Any]) -> str:
    return ", ".join(dict.fromkeys(repr(one) for one in penalties))
