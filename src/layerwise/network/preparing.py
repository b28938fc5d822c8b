"""What a fit learns from and is held against: X, y, weights and held-out data, in the form that the engines read.

prepare         of arrays ──► Data
prepare_stream  of a stream, by what its first pass has found ──► Data
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.names import names_of, target_names
from layerwise.data.rows import check_finite, check_rows
from layerwise.data.sample_weights import of_evaluation, weigh, weigh_held_out
from layerwise.data.splitting import as_share, hold_out
from layerwise.data.streams.source import check_columns
from layerwise.data.streams.weighing import Weighing
from layerwise.data.streams.window import Stream
from layerwise.data.targets import Targets, Task, check_lengths, check_two_classes, encode
from layerwise.data.tasks import asked_task
from layerwise.data.units import Range, check_units, joined, range_of
from layerwise.engine.contract import check_loss
from layerwise.engine.plan import Plan, check_training, compile_layers
from layerwise.engine.threads import share
from layerwise.errors import ShapeError
from layerwise.network.call import Call
from layerwise.network.streaming import (
    evaluating,
    learning,
    scaler_of,
    task_of,
    watched,
)
from layerwise.parts.losses import Loss
from layerwise.parts.metrics import check_weighted
from layerwise.parts.scaling import Scaler
from layerwise.training.evaluation import watches_training
from layerwise.typing import ArrayLike

if TYPE_CHECKING:
    from layerwise.network.network import Network


@dataclass
class Data:
    """What is learned from and held out, in the form that the engines read.

    Attributes
    ----------
    whole, X : array, sparse matrix or Stream (n, n_in)
        All rows that were given, and those that are learned from.
    targets : Targets
        Of those.
    loss : Loss
        The call's, for these columns of targets.
    asked : Task, optional
        What `task` and `classes` say.
    held_out, measured : (array, Targets), optional
        The validation data; and the training data, where they are measured after each epoch.
    shows : bool
        Whether metrics of the training data were asked for.
    """

    whole: Any
    X: Any
    targets: Targets
    loss: Loss
    asked: Task | None
    scaler: Scaler | None
    input_range: Range
    held_out: tuple[Any, Targets] | None
    measured: tuple[Any, Targets] | None
    shows: bool


def prepare(network: Network, call: Call) -> Data:
    """Bring X, y, weights and held-out data to the form that the engines read, and check them."""
    given = call.given
    whole = X = network.read_rows(given.X, finite=False)
    found = range_of(X, threads=min(given.n_threads or share(), share()))
    check_finite(X, network.dtype, "X", network.column_names or names_of(given.X), found)
    plan = network.plan or compile_layers(network.layers, whole.shape[1])
    loss, asked, targets = _targets(network, call, plan, whole)
    sample_weight, held_out = given.sample_weight, None
    if given.validation_split is not None:
        given.validation_split = as_share(given.validation_split)
        X, targets, sample_weight, held_out = hold_out(X, targets, sample_weight, given.validation_split, network.seed)
    X, scaler = network.scaled_rows(X)
    if network.task is None and given.classes is None:  # which says that there are others, in chunks to come
        check_two_classes(targets)
    weigh(targets, sample_weight, given.class_weight)
    input_range = joined(found if X is whole else range_of(X), network.input_range)
    if given.validation_data is not None:
        names = network.column_names or names_of(given.X)
        held_out = _held_out(network, given.validation_data, plan, loss, targets.task, scaler, input_range, names)
    shows = given.train_metrics or (bool(call.metrics) and held_out is None)  # nothing asked for is left out
    measures = shows or watches_training(getattr(watcher, "monitor", None) for watcher in call.watchers)
    measured = (X, of_evaluation(targets, sample_weight)) if measures else None
    for evaluated in (measured if shows else None, held_out):
        if evaluated is not None and evaluated[1].weights is not None:
            check_weighted(call.metrics)
    return Data(whole, X, targets, loss, asked, scaler, input_range, held_out, measured, shows)


def prepare_stream(network: Network, call: Call, stream: Stream) -> Data:
    """Do the same for a stream, by what its first pass has found."""
    given, dtype, survey = call.given, network.dtype, stream.survey
    plan = network.plan or compile_layers(network.layers, survey.n_in)
    loss, asked, targets = task_of(network, call, stream, plan)
    scaler, input_range = scaler_of(network, stream), joined(survey.range, network.input_range)
    weighing = Weighing.of(survey, targets, given.class_weight)
    learned = dataclasses.replace(stream, encode=learning(plan, loss, dtype, targets.task, weighing))
    evaluated = evaluating(plan, loss, dtype, targets.task)
    names, held_out = network.column_names or stream.columns, None
    if stream.held_out is not None:
        X, y, weights = stream.held_out
        held_out = X, evaluated(np.asarray(y), weights, "y")
    elif given.validation_data is not None:
        data = given.validation_data
        held_out = _held_out(network, data, plan, loss, targets.task, scaler, input_range, names)
    shows = given.train_metrics or (bool(call.metrics) and held_out is None)
    measures = shows or watches_training(getattr(watcher, "monitor", None) for watcher in call.watchers)
    measured = watched(stream, evaluated) if measures else None
    for each in (measured if shows else None, held_out):
        if each is not None and each[1].weights is not None:
            check_weighted(call.metrics)
    return Data(stream, learned, targets, loss, asked, scaler, input_range, held_out, measured, shows)


def _targets(network: Network, call: Call, plan: Plan, X: Any) -> tuple[Loss, Task | None, Targets]:
    """Return the loss for the columns of y, what was asked for, and y as the outputs should be."""
    given = call.given
    loss = call.loss.for_columns(target_names(given.y) or network._task.columns)
    check_loss(loss, plan.n_out)
    check_training(plan, loss)
    asked = asked_task(given.task, given.classes, network.task, plan.n_out)
    targets = encode(given.y, plan.n_out, loss, network.dtype, network.task, asked=asked)
    check_lengths(X, targets)
    return loss, asked, targets


def _held_out(
    network: Network,
    data: Sequence[ArrayLike],
    plan: Plan,
    loss: Loss,
    task: Task,
    scaler: Scaler | None,
    known: Range,
    names: Sequence[str] | None,
) -> tuple[Any, Targets]:
    """Return the validation data as the engines read them."""
    if isinstance(data, Stream):
        check_columns(data.source, names, "X of validation_data")
        check_units(scaler, known, data.sample.X, "X of validation_data")
        return watched(data, evaluating(plan, loss, network.dtype, task))
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ShapeError("validation_data must be (X, y) or (X, y, sample_weight)")
    X = check_rows(data[0], network.dtype, "X of validation_data", plan.n_in, names)
    check_units(scaler, known, X, "X of validation_data")
    targets = encode(data[1], plan.n_out, loss, network.dtype, task, "y of validation_data")
    check_lengths(X, targets, "X of validation_data", "y of validation_data")
    weigh_held_out(targets, data[2] if len(data) == 3 else None, "sample_weight of validation_data")
    return X, targets
