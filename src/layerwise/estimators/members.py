"""An ensemble in one estimator: networks that each hold out other rows, and then lie side by side in one.

    rows ─► k parts; member i learns from all but part i, and keeps the epoch whose loss on part i is the least
         ─► merged: one network, whose scores are the mean of the members'
         ─► temperature (classes) or intervals (numbers) from the parts, each as its own member sees it

Every row is learned from by all members but one, and none is lost to validation.
"""

from __future__ import annotations

import copy
import time
import warnings
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from layerwise.data.intervals import Intervals
from layerwise.engine.threads import default_threads
from layerwise.errors import DataError
from layerwise.estimators import building, presets
from layerwise.estimators.held_out import HeldOut
from layerwise.estimators.presets import is_auto
from layerwise.estimators.solvers import fit_arguments
from layerwise.network.merging import merged
from layerwise.network.network import Network
from layerwise.network.side_by_side import fit_each, own_callbacks
from layerwise.parts.layers import PiecewiseLinear
from layerwise.parts.losses import Loss
from layerwise.training.callbacks import Callback, EarlyStopping, History, as_callbacks
from layerwise.trust.calibration import LEAST_ROWS, fold_temperature, scores
from layerwise.typing import Array


def are_trained(estimator: Any, settings: SimpleNamespace, X: Any) -> bool:
    """Return whether there are to be several networks; of very few rows only where that was asked for."""
    return settings.ensemble > 1 and (not is_auto(estimator.ensemble) or X.shape[0] >= 2 * _count(settings))


def _count(settings: SimpleNamespace) -> int:
    """Return into how many parts the rows are cut: one for each member, and none greater than the share held out."""
    share: float = settings.validation_fraction
    members: int = settings.ensemble
    return max(members, round(1 / share) if 0 < share < 1 else 1)


def train(
    estimator: Any, settings: SimpleNamespace, X: Any, y: Array, weight: Array | None, loss: Loss, held: HeldOut | None
) -> None:
    """Train the members, and make the estimator's network of them.

    Raises
    ------
    ValueError
        There are fewer rows than members.
    """
    resume = vars(estimator).pop("_resume", False)  # `layerwise train FILE --resume` sets it
    fit = vars(estimator).pop("_train_by", Network.fit)  # and on several ranks this
    parts = _parts(estimator, settings, X, y) if settings.early_stopping and held is None else []
    knots = None if settings.preset is None else presets.knots(X)
    threads = settings.n_threads or default_threads()
    jobs = min(settings.ensemble, threads) if fit is Network.fit else 1  # ranks go through them in one order
    networks, calls = [], []
    for i in range(settings.ensemble):
        layers = estimator._layers(settings, loss)
        if knots and any(knots) and (i % 2 or not hasattr(estimator, "classes_")):
            layers = [PiecewiseLinear(knots), *layers]
        network = Network(layers, random_state=_seed(estimator, i), dtype=estimator.network_.dtype)
        network.build(X.shape[1])
        presets.set_first_answer(network, y, loss)
        networks.append(network)
        rows = np.delete(np.arange(X.shape[0]), parts[i]) if parts else slice(None)
        call = _call(estimator, settings, X, y, weight, rows, _validation(parts, i, X, y, weight, held), loss)
        call["callbacks"] += own_callbacks(as_callbacks(settings.callbacks), i)
        calls.append(call | {"resume": resume, "n_threads": settings.n_threads if jobs == 1 else threads // jobs})
    merged(networks)  # refuses layers that cannot lie side by side before anything is learned
    began = time.perf_counter()
    interrupted = fit_each(networks, calls, jobs, bool(settings.verbose), fit)[1]
    histories = {i: network.history for i, network in enumerate(networks) if network.history is not None}
    begun = [i for i, history in histories.items() if history.epochs] or list(histories)  # fewer after an interrupt
    whole = merged([networks[i] for i in begun])
    whole.task, whole.columns = estimator.network_.task, estimator.network_.columns  # with names
    if parts:
        _learn_from_parts(whole, [(networks[i], X[parts[i]], y[parts[i]]) for i in begun])
    samples = sum(len(calls[i]["y"]) for i in begun)
    estimator.network_ = whole
    _note(estimator, [histories[i] for i in begun], samples, time.perf_counter() - began)
    if interrupted:
        estimator.history_.stopped_by = "interrupt"
    estimator.n_members_ = len(begun)


def _parts(estimator: Any, settings: SimpleNamespace, X: Any, y: Array) -> list[Array]:
    """Return the rows that each member holds out; classes in equal shares, where each has enough rows."""
    k, n = settings.ensemble, X.shape[0]
    parts = _count(settings)
    if n < 2 * parts:
        raise ValueError(
            f"{settings.name}: each of ensemble={k} networks holds out one of {parts} parts of the rows, which needs "
            f"{2 * parts} rows; got {n}"
        )
    labels = y if hasattr(estimator, "classes_") and y.ndim == 1 else None
    stratified = labels is not None and np.bincount(labels).max() >= parts
    kind = StratifiedKFold if stratified else KFold
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        split = kind(parts, shuffle=True, random_state=estimator._random_state).split(np.zeros(n), labels)
        return [held for _, held in split][:k]


def _validation(
    parts: list[Array], i: int, X: Any, y: Array, weight: Array | None, held: HeldOut | None
) -> tuple[Any, ...] | None:
    if held is not None:
        return held.X, held.y, held.weight
    if not parts:
        return None
    return X[parts[i]], y[parts[i]], None if weight is None else weight[parts[i]]


def _call(
    estimator: Any,
    settings: SimpleNamespace,
    X: Any,
    y: Array,
    weight: Array | None,
    rows: Any,
    validation: tuple[Any, ...] | None,
    loss: Loss,
) -> dict[str, Any]:
    """Return the arguments of a member's fit."""
    of_rows = None if weight is None else weight[rows]
    callbacks: list[Callback] = []
    if validation is not None and settings.early_stopping:
        patience = int(min(settings.n_iter_no_change, settings.max_iter))
        callbacks.append(EarlyStopping("val_loss", patience, min_delta=0.0))
    y = y[rows]
    return {
        "X": X[rows],
        "y": y,
        "task": estimator._task().kind,
        "loss": copy.deepcopy(loss),
        "optimizer": building.optimizer(settings),
        "epochs": settings.max_iter,
        "shuffle": settings.shuffle,
        "validation_data": validation,
        "callbacks": callbacks,
        **fit_arguments(estimator, settings, y, of_rows, False),
        "schedule": copy.deepcopy(settings.schedule),
    }


def _seed(estimator: Any, i: int) -> int:
    return int(np.random.SeedSequence([estimator._seed(), i]).generate_state(1, np.uint64)[0] >> 1)


def _learn_from_parts(whole: Network, held: list[tuple[Network, Any, Array]]) -> None:
    """Fold in the temperature, or keep the errors, of rows that each its own member has not learned from."""
    assert whole.task is not None
    if whole.task.kind == "regression":
        outputs = np.concatenate([network.outputs(X) for network, X, _ in held]).astype(np.float64)
        targets = np.concatenate([y for _, _, y in held]).reshape(outputs.shape)
        if np.isfinite(outputs).all():
            whole.intervals = Intervals.of(np.abs(targets - outputs), whole.steps)
        return
    y = np.concatenate([y for _, _, y in held])
    if len(y) < LEAST_ROWS:
        return
    with suppress(DataError):  # all are right, or all are chance
        fold_temperature(whole, np.concatenate([scores(network, X) for network, X, _ in held]), y)


def _note(estimator: Any, histories: list[History], samples: int, seconds: float) -> None:
    """Set what fit leaves behind: the means over the members, epoch by epoch."""
    whole = History()
    names = list(histories[0].columns)
    for epoch in range(max(history.epochs for history in histories)):
        rows = [history for history in histories if history.epochs > epoch]
        whole.append({name: float(np.mean([history.columns[name][epoch] for history in rows])) for name in names})
    spent = sum(whole.columns.get("seconds", ()))
    if spent:
        whole.columns["seconds"] = [each * seconds / spent for each in whole.columns["seconds"]]
    ends = [history.stopped_by for history in histories]
    whole.stopped_by = next((end for end in ends if end != "epochs"), "epochs")
    estimator.network_.history = estimator.history_ = whole
    losses = whole.columns.get("loss", [])
    estimator.loss_curve_ = [
        estimator._loss_value(loss) + penalty for loss, penalty in zip(losses, whole.columns.get("penalty", losses))
    ]
    estimator.n_iter_ = whole.epochs
    estimator.t_ = samples * estimator.n_iter_ // max(len(histories), 1)
    estimator.loss_ = estimator.loss_curve_[-1] if losses else np.nan
    estimator.best_loss_ = None if "val_loss" in names else min(estimator.loss_curve_, default=np.inf)
    if losses and "val_loss" in names:
        estimator.validation_scores_ = [-loss for loss in whole.columns["val_loss"]]
        estimator.best_validation_score_ = -float(np.mean([min(h.columns["val_loss"]) for h in histories]))
