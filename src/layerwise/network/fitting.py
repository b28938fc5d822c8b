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
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from layerwise.data.augmentation import Augmentation
from layerwise.data.names import named_columns, names_of
from layerwise.data.rows import AugmentedRows, Rows
from layerwise.data.shuffling import CustomOrder, draw_order
from layerwise.data.streams.window import Stream, StreamRows
from layerwise.data.targets import Targets
from layerwise.engine.choice import evaluator, executor, is_native
from layerwise.engine.executor import Evaluator, Executor
from layerwise.engine.plan import Plan, compile_training
from layerwise.engine.sparse import rows_for
from layerwise.engine.streaming import StreamEngine
from layerwise.errors import DataError
from layerwise.network.call import Call, check_call, others_of
from layerwise.network.passes import CHUNK
from layerwise.network.preparing import Data, prepare, prepare_stream
from layerwise.network.resuming import Found, begin_anew, newest_checkpoint
from layerwise.network.settings import Difference, Settings, describe_call
from layerwise.network.streaming import (
    open_stream,
    rows_of_fit,
    stream_evaluator,
)
from layerwise.parts.optimizers import Adam, Optimizer, as_optimizer
from layerwise.parts.schedules import Schedule
from layerwise.training.callbacks import (
    Callback,
    Checkpoint,
    GradientClip,
    History,
)
from layerwise.training.evaluation import TRAIN, VALIDATION, Evaluation
from layerwise.training.loop import Training
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.network.network import Network


class Ranks(Protocol):
    """Several processes of which each calls `fit` with the same network and arguments: `layerwise.distributed`."""

    def begin(self, network: Network, call: Call) -> None:
        """Bring the seeds together, and leave what writes files or shows progress to the first rank."""

    def newest_checkpoint(self, watchers: Sequence[Callback], parts: Sequence[Any]) -> Found | None:
        """The first rank's, for all of them."""

    def open(self, network: Network, call: Call) -> Stream | None:
        """Look at data of which each rank has a part; None where all ranks have all of them."""

    def rows(self, network: Network, plan: Plan, data: Data) -> tuple[Rows, Targets] | None:
        """Return the part that is here; None where that is all."""

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
    stream = None if ranks is None else ranks.open(network, call)
    parted = stream is not None
    if stream is None:
        stream = open_stream(network, call)
    if stream is not None and ranks is not None and not parted:
        raise DataError(
            f"fit: X is a stream of {len(stream)} rows, more than the window of {stream.window} holds; several "
            "processes train on data in memory: give window= as many rows, or each process its own part"
        )
    data = prepare(network, call) if stream is None else prepare_stream(network, call, stream)
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
    try:
        return run.fit()
    finally:
        if isinstance(run.engine.rows, StreamRows):
            run.engine.rows.close()


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
    streams = isinstance(data.X, Stream)
    part = None if ranks is None else ranks.rows(network, plan, data)
    if part is not None:
        rows, targets = part
    elif streams:
        rows, targets = rows_of_fit(network, call, data.X, data.scaler), data.targets
    else:
        rows, targets = rows_for(plan, data.X, data.scaler, network.dtype, given.batch_size), data.targets
    if given.augmentation is not None:
        rows = _augmented(rows, given.augmentation, network.key, given.engine)
    evaluations = {}
    for prefix, pair in ((TRAIN, data.measured), (VALIDATION, data.held_out)):
        if pair is None:
            continue
        if isinstance(pair[0], Stream):
            made: Evaluator = stream_evaluator(given.engine, given.n_threads, network, plan, *pair, data.scaler)
        else:
            looked_at = rows_for(plan, pair[0], data.scaler, network.dtype, CHUNK)
            made = evaluator(given.engine, given.n_threads, plan, parameters, looked_at, pair[1], CHUNK)
        evaluations[prefix] = Evaluation(made, call.metrics if prefix == VALIDATION or data.shows else {})
    order: Callable[[int, int], Array] | None = None
    if given.shuffle and not streams:
        order = CustomOrder(given.shuffle) if callable(given.shuffle) else partial(draw_order, network.seed)
    size, key, execution = given.batch_size, network.key, (given.engine, given.n_threads, plan, parameters)
    engine: Executor
    if ranks is not None:
        engine = ranks.executor(call, network, plan, rows, targets)
    elif isinstance(rows, StreamRows):
        engine = StreamEngine(*execution, rows, size, key)
    else:
        engine = executor(*execution, rows, targets, size, key)
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
