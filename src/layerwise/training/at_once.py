"""Epochs of one step each, many at a time: where nobody looks, or at the history alone, which can wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.training.loop import Training

_AT_ONCE = 16  # short epochs that are made before callbacks look at them; then twice as many, and so on
_MOST_AT_ONCE = 2**13  # what is prepared for them takes no more memory, however many there shall be


def are_unwatched(run: Training) -> bool:
    """Whether epochs can follow each other without a return to Python.

    Each is one step, and nobody looks, or at the history alone: that can be done afterwards.
    """
    outside = ("on_fit_begin", "on_divergence", "on_fit_end", "on_pause")
    looks = any(hooks for name, hooks in run._hooks.items() if name not in (*outside, "on_epoch_end"))
    plain = not run._evaluations and not run.rate.moves and not run.stopping
    return run.engine.epochs_at_once and run.steps_per_epoch == 1 and plain and not looks and run._at_leisure


def run_epochs(run: Training) -> None:
    """As many epochs as there are; one by one from where a loss is not finite."""
    size = _AT_ONCE if run._hooks["on_epoch_end"] else _MOST_AT_ONCE
    while run.epoch < run.epochs and not run.stopping:
        if not _run_block(run, run.pauses.before(run.step, min(size, run.epochs - run.epoch))):
            return
        size = min(2 * size, _MOST_AT_ONCE)
        run.pauses.take(run)


def _run_block(run: Training, count: int) -> bool:
    """Epochs of one step each; none, and False, if a loss is not finite.

    Callbacks look at them afterwards. If one stops at an epoch before the last of them, all go back to where they
    began, and are made once more up to there.
    """
    hooks, engine, optimizer = run._hooks["on_epoch_end"], run.engine, run.optimizer
    iterations, states = optimizer.iterations, {name: array.copy() for name, array in optimizer.state.items()}
    columns = engine.run_epochs(count, run.step, run.poll())
    made, step, was_stopping = len(columns.get("seconds", ())), run.step, bool(run.stopping)
    if not engine.finite or not np.isfinite(run.parameters.theta).all():
        _go_back(run, iterations, states)
        return False
    columns |= _rates_and_speeds(run, columns.pop("seconds"), iterations)
    if not hooks:
        run.history.extend(columns)
        run.epoch += made
        run._count(made)
    for i in range(made if hooks else 0):
        run.epoch += 1
        run._count(1)
        run.history.append({name: values[i] for name, values in columns.items()})
        run._call("on_epoch_end")
        if run.stopping and not was_stopping and i + 1 < made:
            _go_back(run, iterations, states)
            engine.run_epochs(i + 1, step)
            break
    np.copyto(run._good, run.parameters.theta)
    run._complete = run.epoch
    return True


def _go_back(run: Training, iterations: int, states: Mapping[str, Array]) -> None:
    """The last good weights, with the state that the optimizer had then."""
    np.copyto(run.parameters.theta, run._good)
    run.optimizer.iterations = iterations
    for name, array in run.optimizer.state.items():
        np.copyto(array, states.get(name, 0))


def _rates_and_speeds(run: Training, seconds: list[float], iterations: int) -> dict[str, list[float]]:
    """The other columns of epochs of one step each, the first of them after so many iterations."""
    optimizer = run.optimizer
    rates = [optimizer.rate()] * len(seconds)
    if optimizer.decay:
        for i in range(len(seconds)):
            optimizer.iterations = iterations + i + 1
            rates[i] = optimizer.rate_used()
    speeds = (len(run.engine.rows) / np.maximum(seconds, 1e-9)).tolist()
    return {"learning_rate": rates, "seconds": seconds, "samples_per_second": speeds}
