"""Findings about the training: steps too long or too short, and what was learned too well or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from layerwise.health.finding import Finding
from layerwise.health.probe import Look

LEAST_EPOCHS = 4  # fewer say nothing about where the loss is going
# A loss that ends half as large again as at its best has been thrown out of where it was; if that is a tenth of what a
# constant answer costs, it can be seen in the answers.
WORSE, SEEN = 1.5, 0.1
# Batches are drawn at random, so the loss of an epoch rises now and then: by up to a third, where five of them are an
# epoch and each is normalized by itself. Where it rises in two epochs of five, by two fifths on the average, steps jump
# across the valley; where that is less than SEEN, it does not matter.
RISES, BY = 0.4, 0.4
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


def of_history(history: Mapping[str, Sequence[float]], stopped_by: str, look: Look, rate: float) -> Iterator[Finding]:
    """What the newest fit shows.

    Parameters
    ----------
    history : mapping of sequences
        As `Network.history`.
    stopped_by : str
        Why the fit ended; empty while it goes on.
    look : Look
        The network now.
    rate : float
        The optimizer's learning rate.
    """
    loss = [float(value) for value in history.get("loss", ())]
    constant = look.constant_loss
    if look.kind == "regression" and loss and look.level > 0:  # its targets may have been standardized, and be no more
        constant = _median(loss[-3:]) / look.level
    too_high = [*_too_high(loss, constant, stopped_by, look, rate)]
    yield from too_high
    too_low = [] if too_high else [*_too_low(loss, look, rate)]
    yield from too_low
    if stopped_by and not too_high and not too_low:  # before the end nobody knows
        yield from _underfit(loss, look)
    yield from _overfit(history, constant, stopped_by in ("", "epochs", "interrupt"))


def _too_high(loss: list[float], constant: float, stopped_by: str, look: Look, rate: float) -> Iterator[Finding]:
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
        if level > NOTHING_LEARNED and loss[-1] > (1 - LITTLE) * loss[0]:
            seen = f"after {len(loss)} epochs the loss is {level:.3g} times that of the best constant answer"
            numbers = {"level": level, "threshold": NOTHING_LEARNED}
        elif last > WORSE * best and last - best > SEEN * constant:
            seen = f"the loss was {best:.3g} after epoch {loss.index(best) + 1} and is {last:.3g} now"
            numbers = {"ratio": last / best, "threshold": WORSE}
        elif rises >= RISES and by >= BY and height > SEEN * constant:
            seen = f"the loss rises in {rises:.0%} of the epochs, by {by:.0%} on the average"
            numbers = {"share": rises, "by": by, "threshold": RISES}
    if seen:
        yield Finding(
            "learning rate too high", "serious", "history", seen,
            "steps jump across the valley that they should go down into",
            f"make smaller steps than {rate:g}: a tenth, or what the finder suggests, falling towards the end",
            'lw.find_learning_rate(net, X, y, optimizer="adam").suggestion; net.fit(X, y, schedule="cosine")',
            numbers,
        )  # fmt: skip


def _too_low(loss: list[float], look: Look, rate: float) -> Iterator[Finding]:
    if len(loss) < LEAST_EPOCHS or not look.level > UNDERFIT:
        return
    falls = -np.diff(loss)
    half = len(falls) // 2
    share, total = float((falls > 0).mean()), (loss[0] - loss[-1]) / loss[0] if loss[0] else 0.0
    if share >= FALLS and total < LITTLE and falls[-half:].mean() > STEADY * falls[:half].mean():
        yield Finding(
            "learning rate too low", "serious", "history",
            f"in {len(loss)} epochs the loss fell by {100 * total:.2g}%, about as fast at the end as at first",
            "the way is right, and the steps are too short to arrive",
            f"make larger steps than {rate:g}: ten times, or what the finder suggests",
            'lw.find_learning_rate(net, X, y, optimizer="adam").suggestion',
            {"fall": total, "threshold": LITTLE},
        )  # fmt: skip


def _underfit(loss: list[float], look: Look) -> Iterator[Finding]:
    if len(loss) < LEAST_EPOCHS or not look.level > UNDERFIT:
        return
    late = loss[-1 - max(1, len(loss) // 4)]
    falls = loss[-1] < (1 - LITTLE) * late
    yield Finding(
        "underfitting", "warning", "history",
        f"after {len(loss)} epochs the loss is {look.level:.0%} of the best constant answer's",
        "little of what the targets depend on has been found"
        + (", and the loss was still falling" if falls else ", and the loss no longer falls"),
        "train for longer" if falls else "take more units or layers, and less dropout and penalty, or better columns",
        f"net.fit(X, y, epochs={len(loss) * 4})" if falls else "lw.Network([lw.Dense(128), lw.ReLU(), ...])",
        {"level": look.level, "threshold": UNDERFIT},
    )  # fmt: skip


def _overfit(history: Mapping[str, Sequence[float]], constant: float, whole: bool) -> Iterator[Finding]:
    """`whole`: no callback ended the fit, as early stopping does, which takes care of it."""
    loss, held_out = history.get("loss", ()), history.get("val_loss", ())
    if not whole or len(held_out) < LEAST_EPOCHS or len(loss) != len(held_out):
        return
    best = int(np.argmin(held_out))
    last, seen, numbers = _median(held_out[-3:]), "", {}
    right, on_held_out = history.get("accuracy", ()), history.get("val_accuracy", ())
    rise = last - held_out[best]
    if last > OVERFIT * held_out[best] and rise > SEEN * constant and loss[-1] < loss[best]:
        seen = f"the validation loss was {held_out[best]:.3g} after epoch {best + 1} and is {last:.3g} now"
        numbers = {"ratio": last / held_out[best], "threshold": OVERFIT}
    elif right and on_held_out and right[-1] - on_held_out[-1] > GAP:
        seen = f"{right[-1]:.1%} of the rows to train are answered right, {on_held_out[-1]:.1%} of those held out"
        numbers = {"gap": right[-1] - on_held_out[-1], "threshold": GAP}
    if seen:
        yield Finding(
            "overfitting", "warning", "history", seen,
            "what it learns of late is true of these rows only",
            "stop when the validation is at its best; more rows, dropout, a penalty or fewer units help more",
            "net.fit(X, y, validation_data=(X_val, y_val), patience=5, penalty=lw.L2(1e-4))",
            numbers,
        )  # fmt: skip


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
