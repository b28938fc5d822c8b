"""Findings about the training: steps too long or too short, and what was learned too well or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from layerwise.parts.layers import BatchNorm, Layer
from layerwise.training.health.finding import Finding
from layerwise.training.health.probe import Look
from layerwise.training.health.remedy import Remedy

RESTART = Remedy("restart", None)
LEAST_EPOCHS = 4  # fewer say nothing about where the loss is going
# A loss that ends half as large again as at its best has been thrown out of where it was; if that is a tenth of what a
# constant answer costs, it can be seen in the answers.
WORSE, SEEN = 1.5, 0.1
# Batches are drawn at random, so the loss of an epoch rises now and then: by up to a third, where five of them are an
# epoch and each is normalized by itself. Where it rises in two epochs of five, by two fifths on the average, steps jump
# across the valley; where that is less than SEEN, it does not matter.
RISES, BY = 0.4, 0.4
UNSTEADY = 0.33
# Above 1, the network is worse than the best answer that is the same for every row.
NOTHING_LEARNED = 1.1
# The loss falls in four epochs of five, by a twentieth in all of them together, and as fast at the end as in the
# beginning: it is on its way, but would need tens of times as many epochs.
FALLS, LITTLE, STEADY = 0.8, 0.05, 0.5
# At 0.7, seven tenths of what a constant answer gets wrong are still wrong.
UNDERFIT = 0.7
# The validation loss of many a healthy training turns and rises while ever more answers are right. Where it rises by a
# quarter, and by SEEN of a constant answer's, quality is lost.
OVERFIT = 1.25
GAP = 0.10  # between the accuracies, beyond what the noise of some hundred rows explains
PATIENCE = 5  # while the validation loss falls, a gap is no reason to stop: this cure would change nothing


def of_history(
    history: Mapping[str, Sequence[float]], stopped_by: str, look: Look, kept_epoch: int = 0
) -> Iterator[Finding]:
    """What the newest fit shows.

    Parameters
    ----------
    history : mapping of sequences
        As `Network.history`.
    stopped_by : str
        Why the fit ended; empty while it goes on.
    look : Look
        The network now.
    kept_epoch : int
        As `History.kept_epoch`.
    """
    loss = above(history.get("loss", ()), look.least_loss)
    constant = look.constant_loss - look.least_loss
    if look.kind == "regression" and loss and look.level > 0:  # its targets may have been standardized, and be no more
        constant = _median(loss[-3:]) / look.level
    too_high = [*_too_high(loss, constant, stopped_by, look)]
    yield from too_high
    too_low = [] if too_high else [*_too_low(loss, look)]
    yield from too_low
    if stopped_by and not too_high and not too_low:  # before the end nobody knows
        yield from _underfit(loss, look)
    if kept_epoch or stopped_by in ("", "epochs", "interrupt"):  # a callback that ended it took care of it
        yield from _overfit(history, look, constant, kept_epoch)


def _too_high(loss: list[float], constant: float, stopped_by: str, look: Look) -> Iterator[Finding]:
    seen, numbers = "", {}
    if stopped_by == "divergence":
        seen = "the loss became infinite or NaN, and the fit ended"
    elif len(loss) >= LEAST_EPOCHS:
        best, last, level = min(loss), min(loss[-1], _median(loss[-3:])), look.level
        half = np.array(loss[-1 - max(3, len(loss) // 2) :])
        steps = np.diff(half)
        up = steps > 0
        rises = float(up.mean())
        height = float(steps[up].mean()) if rises else 0.0
        by = float((steps[up] / np.maximum(half[:-1][up], 1e-300)).mean()) if rises else 0.0
        if level > NOTHING_LEARNED and loss[-1] > loss[0] and rises >= RISES:
            seen = f"after {len(loss)} epochs the loss is {level:.3g} times that of the best constant answer"
            numbers = {"level": level, "threshold": NOTHING_LEARNED}
        elif last > WORSE * best and last - best > SEEN * constant:
            then, now = best + look.least_loss, last + look.least_loss
            seen = f"the loss was {then:.3g} after epoch {loss.index(best) + 1} and is {now:.3g} now"
            numbers = {"ratio": last / max(best, 1e-300), "threshold": WORSE}
        elif rises >= RISES and by >= BY and height > SEEN * constant:
            seen = f"the loss rises in {rises:.0%} of the epochs, by {by:.0%} on the average"
            numbers = {"share": rises, "by": by, "threshold": RISES}
    if seen:
        yield replace(rate_finding(look, (0.1, 0.3, 0.01)), seen=seen, numbers=numbers)


def _too_low(loss: list[float], look: Look) -> Iterator[Finding]:
    if len(loss) < LEAST_EPOCHS or not look.level > UNDERFIT:
        return
    falls = -np.diff(loss)
    half = len(falls) // 2
    share, total = float((falls > 0).mean()), (loss[0] - loss[-1]) / loss[0] if loss[0] else 0.0
    if share >= FALLS and total < LITTLE and falls[-half:].mean() > STEADY * falls[:half].mean():
        seen = f"in {len(loss)} epochs the loss fell by {100 * total:.2g}%, about as fast at the end as at first"
        yield replace(rate_finding(look, (10, 3, 100)), seen=seen, numbers={"fall": total, "threshold": LITTLE})


def rate_finding(look: Look, factors: Sequence[float]) -> Finding:
    """A learning rate that is too high or too low, with the rate times each factor as remedies."""
    is_high = factors[0] < 1
    return Finding(
        "learning rate too high" if is_high else "learning rate too low", "serious", "history",
        f"the loss is {look.level:.3g} times that of the best constant answer, at a rate of {look.rate:g}",
        "steps jump across the valley that they should go down into" if is_high
        else "the way is right, and the steps are too short to arrive",
        look.rates(*factors),
    )  # fmt: skip


def _underfit(loss: list[float], look: Look) -> Iterator[Finding]:
    if len(loss) < LEAST_EPOCHS or not look.level > UNDERFIT:
        return
    late = loss[-1 - max(1, len(loss) // 4)]
    falls, longer = loss[-1] < (1 - LITTLE) * late, [Remedy("epochs", len(loss) * k) for k in (4, 16)]
    yield Finding(
        "underfitting", "warning", "history",
        f"after {len(loss)} epochs the loss is {look.level:.0%} of the best constant answer's",
        "little of what the targets depend on has been found"
        + (", and the loss was still falling" if falls else ", and the loss no longer falls"),
        (*longer, Remedy("units", 128)) if falls else (Remedy("units", 128), *longer),
        {"level": look.level, "threshold": UNDERFIT},
    )  # fmt: skip


def stuck_finding(look: Look) -> Finding:
    """A network that does not learn what a new one of the same layers learns."""
    frozen = [str(layer) for layer in look.layers if layer.frozen and layer.weight_norm]
    return Finding(
        "underfitting", "serious", "weights",
        f"the loss is {look.level:.3g} times that of the best constant answer; a new network with the same training "
        "comes to much less",
        f"{', '.join(frozen)}: frozen as it is, and what is behind it cannot make up for that" if frozen
        else "the weights are where no gradient leads away: an earlier fit left them there, or they were set so",
        (RESTART,),
        {"level": look.level},
    )  # fmt: skip


def _overfit(history: Mapping[str, Sequence[float]], look: Look, constant: float, kept_epoch: int) -> Iterator[Finding]:
    """Judge the weights that the network has: what came after the epoch that was kept does not count."""
    if kept_epoch and _is_best_held_out(history, kept_epoch):
        return
    columns = {name: values[: kept_epoch or None] for name, values in history.items()}
    loss, held_out = (above(columns.get(name, ()), look.least_loss) for name in ("loss", "val_loss"))
    if len(held_out) < LEAST_EPOCHS or len(loss) != len(held_out):
        return
    best = int(np.argmin(held_out))
    last, seen, numbers = _median(held_out[-3:]), "", {}
    right, on_held_out = columns.get("accuracy", ()), columns.get("val_accuracy", ())
    rise = last - held_out[best]
    if last > OVERFIT * held_out[best] and rise > SEEN * constant and loss[-1] < loss[best]:
        then, now = held_out[best] + look.least_loss, last + look.least_loss
        seen = f"the validation loss was {then:.3g} after epoch {best + 1} and is {now:.3g} now"
        numbers = {"ratio": last / max(held_out[best], 1e-300), "threshold": OVERFIT}
    elif len(held_out) - 1 - best >= PATIENCE and right and on_held_out and right[-1] - on_held_out[-1] > GAP:
        seen = f"{right[-1]:.1%} of the rows to train are answered right, {on_held_out[-1]:.1%} of those held out"
        numbers = {"gap": right[-1] - on_held_out[-1], "threshold": GAP}
    if seen:
        yield Finding(
            "overfitting", "warning", "history", seen,
            "what it learns of late is true of these rows only",
            (Remedy("patience", PATIENCE),),
            numbers,
        )  # fmt: skip


def _is_best_held_out(history: Mapping[str, Sequence[float]], epoch: int) -> bool:
    """Whether most held-out rows were answered right at an epoch, from 1: its loss is not what it was chosen by."""
    rights = [history[name] for name in ("val_accuracy", "val_score") if name in history]
    return any(values[epoch - 1] >= np.nanmax([*values, -np.inf]) for values in rights)


def is_unsteady(loss: Sequence[float]) -> bool:
    """Whether the loss rises in a third of the epochs of the second half: not yet a finding, but worth a trial."""
    steps = np.diff(np.array(loss[len(loss) // 2 :], np.float64))
    return len(loss) >= LEAST_EPOCHS and float((steps > 0).mean()) >= UNSTEADY


def of_batches(layers: Sequence[Layer], n: int, batch_size: int) -> Iterator[Finding]:
    """Whether batch normalization is given single rows, in a training of n rows."""
    if not any(isinstance(layer, BatchNorm) for layer in layers) or n < 2:
        return
    if batch_size > 1 and n % batch_size != 1:
        return
    sizes = [
        next((s for s in range(most, 1, -1) if n % s != 1), n) for most in (32, 8, 4)
    ]  # short fits need many steps
    yield Finding(
        "batches of one row", "serious" if batch_size == 1 else "warning", "batch_size",
        "each batch is a single row" if batch_size == 1 else f"the last of the batches of {batch_size} is a single row",
        "batch normalization takes the batch's mean away: of one row, nothing is left",
        tuple(Remedy("batch_size", size) for size in sizes),
        {"batch_size": float(batch_size)},
    )  # fmt: skip


def above(losses: Sequence[float], least: float) -> list[float]:
    """Return how far losses lie above the least, where that is not 0."""
    return [max(float(value) - least, 0.0) if least else float(value) for value in losses]


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
