"""The arguments of a call of `Network.fit`, checked as far as they can be without data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from layerwise.data.shuffling import check_shuffle
from layerwise.data.streams.window import Stream
from layerwise.engine.choice import check_engine
from layerwise.errors import DataError
from layerwise.network.resuming import as_allowed
from layerwise.parts.description import number, whole_number
from layerwise.parts.losses import Loss
from layerwise.parts.metrics import Metric, as_metrics
from layerwise.parts.penalties import Penalty, as_penalties
from layerwise.parts.schedules import Function, Schedule, as_schedule
from layerwise.training.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    ExponentialMovingAverage,
    GradientClip,
    Progress,
    TensorBoard,
    as_callbacks,
)

if TYPE_CHECKING:
    from layerwise.network.network import Network


_SAID_OTHERWISE = (Progress, Checkpoint, CSVLog, TensorBoard, EarlyStopping, GradientClip)  # or they only look


@dataclass
class Call:
    """The arguments of a call of `fit`, checked as far as they can be without data.

    Attributes
    ----------
    given : namespace
        As they were given, but whole numbers as such.
    own, short, watchers : list of Callback
        Those of the call, those that arguments such as `patience` stand for, and both with a progress bar.
    allowed : tuple of str, optional
        The settings that may differ from the checkpoint's; None where the fit does not go on from one.
    metrics : dict
        By their names.
    """

    given: SimpleNamespace
    loss: Loss
    penalties: tuple[Penalty, ...]
    schedule: Schedule | Function | None
    own: list[Callback]
    short: list[Callback]
    watchers: list[Callback]
    allowed: tuple[str, ...] | None
    metrics: dict[str, Metric]


def check_call(network: Network, arguments: Mapping[str, Any]) -> Call:
    """Check the arguments of a fit."""
    given = SimpleNamespace(**arguments)
    given.epochs = whole_number("fit", "epochs", given.epochs, least=1)
    given.batch_size = whole_number("fit", "batch_size", given.batch_size, least=1)
    if given.window is not None:
        given.window = whole_number("fit", "window", given.window, least=1)
    check_engine(given.engine, given.n_threads)
    check_shuffle(given.shuffle)
    schedule, own = as_schedule(given.schedule), as_callbacks(given.callbacks)
    if given.validation_split is not None and given.validation_data is not None:
        raise DataError("fit: give validation_data or validation_split, not both")
    short = _short_forms(given)
    watchers = [*own, *short]
    if given.verbose and not any(isinstance(watcher, Progress) for watcher in watchers):
        watchers.append(Progress(None if given.verbose is True else given.verbose))
    penalties = as_penalties("penalty", given.penalty)
    return Call(
        given=given,
        loss=copy.deepcopy(network.choose_loss(given.loss, given.task)),
        penalties=network.penalties if penalties is None else penalties,
        schedule=schedule,
        own=own,
        short=short,
        watchers=watchers,
        allowed=as_allowed(given.resume),
        metrics=as_metrics(given.metrics),
    )


def _short_forms(given: SimpleNamespace) -> list[Callback]:
    """Return the callbacks that arguments of `fit` stand for."""
    callbacks: list[Callback] = []
    if given.clip_norm is not None:
        callbacks.append(GradientClip(number("fit", "clip_norm", given.clip_norm, above=0)))
    if given.ema is not None:
        callbacks.append(ExponentialMovingAverage(number("fit", "ema", given.ema, least=0, below=1)))
    if given.patience is not None:
        callbacks.append(EarlyStopping(given.monitor, whole_number("fit", "patience", given.patience, least=1)))
        validates = given.validation_data is not None or given.validation_split is not None
        if given.monitor.startswith("val_") and not validates:
            raise DataError(
                f"fit: patience={given.patience} is about {given.monitor!r}, which needs validation_data=(X, y); "
                "or choose another column: monitor='loss'"
            )
    return callbacks


def others_of(network: Network, call: Call) -> list[str]:
    """Return what takes part in a fit besides layers, loss, penalties, optimizer and what is in numbers."""
    given, scaling = call.given, network.scaling
    parts = {
        "an order of your own": callable(given.shuffle),
        "a schedule of your own": call.schedule is not None and not isinstance(call.schedule, Schedule),
        "the order of a stream's windows": isinstance(given.X, Stream),
        "sample_weight": given.sample_weight is not None or getattr(given.X, "has_weights", False),
        "class_weight": given.class_weight is not None,
        "validation_split": given.validation_split is not None,
        "augmentation": given.augmentation is not None,
        "scaling that was fitted before": scaling is not None and scaling.learns and scaling.offset is not None,
        "frozen layers": bool(network.frozen),
    }
    acting = [c for c in call.watchers if type(c) not in _SAID_OTHERWISE and not c.only_looks]
    return [name for name, there in parts.items() if there] + [type(callback).__name__ for callback in acting]
