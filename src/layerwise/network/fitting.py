"""How `Network.fit` goes, step by step. What can be refused is refused before the network is changed.

check_call   arguments               ──► Call
prepare      X, y and held-out data  ──► Data
go_on_from   the checkpoint, compared with the call
change       the network takes the loss, the optimizer, the task, the scaling …
training     rows, evaluations and the executor ──► Training
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from layerwise.data.augmentation import Augmentation
from layerwise.data.names import named_columns, names_of, target_names
from layerwise.data.rows import AugmentedRows, Rows, check_finite, check_rows
from layerwise.data.sample_weights import of_evaluation, weigh, weigh_held_out
from layerwise.data.shuffling import CustomOrder, draw_order
from layerwise.data.splitting import as_share, hold_out
from layerwise.data.targets import Targets, Task, check_lengths, check_two_classes, encode
from layerwise.data.tasks import asked_task
from layerwise.data.units import Range, check_units, joined, range_of
from layerwise.engine.choice import evaluator, executor, is_native
from layerwise.engine.contract import check_loss
from layerwise.engine.executor import Executor
from layerwise.engine.plan import Plan, check_training, compile_layers, compile_training
from layerwise.engine.sparse import rows_for
from layerwise.engine.threads import share
from layerwise.errors import DataError, ShapeError
from layerwise.network.call import Call, check_call, others_of
from layerwise.network.passes import CHUNK
from layerwise.network.resuming import Found, begin_anew, newest_checkpoint
from layerwise.network.settings import Difference, Settings, describe_call
from layerwise.parts.losses import Loss
from layerwise.parts.metrics import check_weighted
from layerwise.parts.optimizers import Adam, Optimizer, as_optimizer
from layerwise.parts.scaling import Scaler
from layerwise.parts.schedules import Schedule
from layerwise.training.callbacks import (
    Callback,
    Checkpoint,
    GradientClip,
    History,
)
from layerwise.training.evaluation import TRAIN, VALIDATION, Evaluation, watches_training
from layerwise.training.loop import Training
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from layerwise.network.network import Network


class Ranks(Protocol):
    """Several processes of which each calls `fit` with the same network and arguments: `layerwise.distributed`."""

    def begin(self, network: Network, call: Call) -> None:
        """Bring the seeds together, and leave what writes files or shows progress to the first rank."""

    def newest_checkpoint(self, watchers: Sequence[Callback], parts: Sequence[Any]) -> Found | None:
        """The first rank's, for all of them."""

    def agree(self, network: Network, settings: Settings) -> None:
        """Refuse ranks that were called with other settings."""

    def executor(self, call: Call, network: Network, plan: Plan, rows: Rows, targets: Targets) -> Executor:
        """What does this rank's part of each step."""


def fit(network: Network, arguments: Mapping[str, Any], ranks: Ranks | None = None) -> History:
    """Train a network.

    Parameters
    ----------
    network : Network
        What is trained.
    arguments : dict
        Those of `Network.fit`, by name.
    ranks : Ranks, optional
        The processes that train it together.
    """
    call = check_call(network, arguments)
    if ranks is not None:
        ranks.begin(network, call)
    newest = newest_checkpoint if ranks is None else ranks.newest_checkpoint
    checkpoint = None if call.allowed is None else newest(call.watchers, _parts(network, call))
    data = prepare(network, call)
    optimizer = _optimizer_for(network, call.given.optimizer)
    others = others_of(network, call)
    network.build(data.X.shape[1])
    last_fit = _in_words(call, data) | {"others": others, "first_step": network.steps, "start": network.fingerprint}
    settings = _settings(network, call, data, optimizer, asked=ranks is not None)
    if ranks is not None:
        ranks.agree(network, settings)
    changes: list[Difference] = []
    if checkpoint is not None:
        changes, optimizer = go_on_from(checkpoint, network, call, data, optimizer, settings)
    plan = compile_training(*network.built(), data.loss, call.penalties, optimizer)
    native = is_native(call.given.engine, plan)
    if checkpoint is not None:
        checkpoint.check_engine(native)
    change(network, call, data, optimizer, last_fit, checkpoint)
    run = training(network, call, data, plan, ranks)
    if checkpoint is not None:
        checkpoint.record(changes, last_fit)
        checkpoint.replay(run.order, changes, data.X.shape[0])
        anew = begin_anew(changes, call.own, call.short)
        run.restore(*checkpoint.training, checkpoint.model.history, checkpoint.run, anew)
    run.settings = settings
    network.history = run.history
    return run.fit()


def _parts(network: Network, call: Call) -> list[Any]:
    """Return all parts of the call and of the network: a checkpoint finds custom classes among them."""
    given = call.given
    own = [network.layers, network.optimizer, network.scaling]
    return [*own, call.loss, given.optimizer, call.penalties, call.schedule, given.augmentation, call.watchers]


def _optimizer_for(network: Network, optimizer: Optimizer | str | None) -> Optimizer:
    """Return the network's own optimizer, or a copy without state of the one that was given."""
    if optimizer is None:
        return network.optimizer if network.optimizer is not None else Adam()
    if optimizer is network.optimizer:
        return network.optimizer
    own = copy.deepcopy(as_optimizer(optimizer))
    own.reset()
    return own


# ---------------------------------------------------------------- data


@dataclass
class Data:
    """What is learned from and held out, in the form that the engines read.

    Attributes
    ----------
    whole, X : array or sparse matrix (n, n_in)
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
) -> tuple[Array, Targets]:
    """Return the validation data as the engines read them."""
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ShapeError("validation_data must be (X, y) or (X, y, sample_weight)")
    X = check_rows(data[0], network.dtype, "X of validation_data", plan.n_in, names)
    check_units(scaler, known, X, "X of validation_data")
    targets = encode(data[1], plan.n_out, loss, network.dtype, task, "y of validation_data")
    check_lengths(X, targets, "X of validation_data", "y of validation_data")
    weigh_held_out(targets, data[2] if len(data) == 3 else None, "sample_weight of validation_data")
    return X, targets


# ---------------------------------------------------------------- the fit in words, and a checkpoint's


def _in_words(call: Call, data: Data) -> dict[str, Any]:
    """Return what the model file says of the fit, in numbers and names."""
    given, asked = call.given, data.asked
    return {
        "rows": data.X.shape[0],
        "batch_size": given.batch_size,
        "epochs": given.epochs,
        "shuffle": bool(given.shuffle),
        "task": given.task,
        "classes": None if asked is None or asked.classes is None else asked.classes.tolist(),
        "validation_split": given.validation_split,
        "schedule": call.schedule if isinstance(call.schedule, Schedule) else None,
        "clip_norm": next((w.norm for w in reversed(call.watchers) if isinstance(w, GradientClip)), None),
        "augmentation": given.augmentation,
        "metrics": list(call.metrics),
    }


def _settings(network: Network, call: Call, data: Data, optimizer: Optimizer, asked: bool = False) -> Settings:
    """Return what a checkpoint compares: all arguments, and what a fit depends on beside them; {} if nobody asks."""
    if not asked and not any(isinstance(watcher, Checkpoint) for watcher in call.own):
        return {}
    used = {"X": data.whole, "loss": data.loss, "optimizer": optimizer, "penalty": call.penalties}
    own = {"layers": network.layers, "dtype": network.dtype.name, "random_state": network.seed}
    own |= {"scaling": data.scaler, "frozen": sorted(network.frozen), "schedule": call.schedule}
    return describe_call({**vars(call.given), **used, **own}, call.own)


def go_on_from(
    checkpoint: Found, network: Network, call: Call, data: Data, optimizer: Optimizer, settings: Settings
) -> tuple[list[Difference], Optimizer]:
    """Compare the call with the checkpoint's; return what differs on purpose, and the optimizer to go on with."""
    changes = checkpoint.check(network, settings, call.allowed or ())
    data.targets.task = checkpoint.keep_names(network, call.given.X, data.targets.task)
    checkpoint.change(changes, optimizer)
    return changes, checkpoint.optimizer


# ---------------------------------------------------------------- the change, and the training


def change(
    network: Network,
    call: Call,
    data: Data,
    optimizer: Optimizer,
    last_fit: dict[str, Any],
    checkpoint: Found | None,
) -> None:
    """Give the network what it trains with from now on; with a checkpoint, first all that is in its file."""
    if checkpoint is not None:
        np.copyto(network.theta, checkpoint.model.theta)
        network.take_over(checkpoint.model)
        last_fit |= {name: network.last_fit[name] for name in ("first_step", "start")}
        data.scaler = network.scaling
    network.loss, network.optimizer, network.penalties = data.loss, optimizer, call.penalties
    network.task, network.scaling, network.input_range = data.targets.task, data.scaler, data.input_range
    network.columns = network.columns or named_columns(names_of(call.given.X))
    network.last_fit = last_fit
    network.forget_passes()
    network.choose_engine(call.given.engine)


def training(network: Network, call: Call, data: Data, plan: Plan, ranks: Ranks | None = None) -> Training:
    """Put the run together: rows, the executor, what is evaluated, and the order of the rows."""
    given, parameters = call.given, network.built()[1]
    rows = rows_for(plan, data.X, data.scaler, network.dtype, given.batch_size)
    if given.augmentation is not None:
        rows = _augmented(rows, given.augmentation, network.key, given.engine)
    evaluations = {}
    for prefix, pair in ((TRAIN, data.measured), (VALIDATION, data.held_out)):
        if pair is None:
            continue
        watched = rows_for(plan, pair[0], data.scaler, network.dtype, CHUNK)
        made = evaluator(given.engine, given.n_threads, plan, parameters, watched, pair[1], CHUNK)
        evaluations[prefix] = Evaluation(made, call.metrics if prefix == VALIDATION or data.shows else {})
    order: Callable[[int, int], Array] | None = None
    if given.shuffle:
        order = CustomOrder(given.shuffle) if callable(given.shuffle) else partial(draw_order, network.seed)
    engine: Executor
    if ranks is not None:
        engine = ranks.executor(call, network, plan, rows, data.targets)
    else:
        size, key = given.batch_size, network.key
        engine = executor(given.engine, given.n_threads, plan, parameters, rows, data.targets, size, key)
    return Training(
        network=network,
        plan=plan,
        parameters=parameters,
        engine=engine,
        epochs=given.epochs,
        order=order,
        first_step=network.steps,
        evaluations=evaluations,
        callbacks=call.watchers,
        schedule=call.schedule,
    )


def _augmented(rows: Rows, augmentation: Augmentation, seed: int, engine: str) -> Rows:
    if not isinstance(augmentation, Augmentation):
        raise TypeError(f"fit: augmentation must be an Augmentation(...); got {augmentation!r}")
    if rows.made or rows.sparse:
        raise DataError("fit: augmentation needs images, in a dense array; X is sparse: give X.toarray()")
    augmentation.apply(rows.X, np.arange(1), seed, 0, engine=engine)  # refuses what does not suit the images
    return AugmentedRows(rows, augmentation, seed, engine)
