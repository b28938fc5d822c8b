"""A fit and an evaluation of data that come in blocks.

    open_stream   what was given as X ──► arrays, where a window holds all rows; else a Stream, after a first pass
    prepare       the same as for arrays: loss, task, scaling, weights, held-out data ──► Data
    rows_of_fit   the windows that the executor learns from

Where a window holds all rows, the fit is that of the arrays, to the last bit. All else follows from the survey of the
first pass, which asks the rules for arrays about a few rows that stand for all.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.philox import HELD_OUT, generator
from layerwise.data.splitting import as_share, rows_of_share
from layerwise.data.streams.opening import WINDOW_BYTES, as_source
from layerwise.data.streams.scan import Scan
from layerwise.data.streams.source import Source, Without, check_columns
from layerwise.data.streams.survey import Survey
from layerwise.data.streams.weighing import Weighing, weigh_evaluated
from layerwise.data.streams.window import Encode, Stream, StreamRows, in_order, window_rows
from layerwise.data.targets import Targets, Task, encode, one_class
from layerwise.data.tasks import asked_task
from layerwise.data.units import check_units
from layerwise.engine.contract import check_loss
from layerwise.engine.plan import Plan, check_outputs, check_training, compile_training
from layerwise.engine.streaming import StreamEvaluator
from layerwise.errors import DataError, LayerwiseError
from layerwise.network.call import Call
from layerwise.network.passes import CHUNK
from layerwise.parts.losses import Loss
from layerwise.parts.metrics import Metric
from layerwise.parts.scaling import Scaler
from layerwise.training.callbacks.progress import scan_progress
from layerwise.training.evaluation import Evaluation
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.network.answers import Answers
    from layerwise.network.network import Network


class Named(np.ndarray[Any, np.dtype[Any]]):
    """An array with the names of its columns, as frames have them."""

    columns: list[str] | None = None

    @staticmethod
    def of(array: Array, names: Sequence[str] | None) -> Array:
        """Return the array, with names where there are some."""
        if names is None:
            return array
        found = array.view(Named)
        found.columns = list(names)
        return found


def open_stream(network: Network, call: Call) -> Stream | None:
    """Look at what comes in blocks; None where a window holds it, or it is an array: `call` then has the arrays.

    Raises
    ------
    ShapeError, DataError
        Blocks that cannot be learned from, or an argument that a stream cannot have.
    """
    given = call.given
    given.validation_data = _opened_validation(network, given)
    source = as_source(given.X, given.y, given.sample_weight, window=given.window)
    if source is None:
        if given.y is None:
            raise DataError(
                "fit: y must be an array; got NoneType: give fit(X, y), or a stream of blocks (X, y): a function that "
                "yields them, a DataLoader, or a path of Parquet files with y='column'"
            )
        return None
    look = Look(network, given.window, bool(given.verbose))
    scan = look.at(source)
    if scan.kept is not None:
        X, y, weights = scan.kept
        given.X, given.y = Named.of(X, source.columns), Named.of(_there(y), source.target_columns)
        given.sample_weight = weights
        return None
    _check_streamed(given)
    given.y = given.sample_weight = None
    split = given.validation_split is not None
    given.X = found = _without_held_out(network, call, source, scan, look) if split else _stream(source, scan)
    return found


def _there(y: Array | None) -> Array:
    assert y is not None
    return y


def _stream(source: Source, scan: Scan) -> Stream:
    return Stream(source, scan.survey, scan.sizes, scan.sample, scan.window)


def _check_streamed(given: Any) -> None:
    """Refuse arguments that need all rows at once."""
    if callable(given.shuffle):
        raise DataError(
            "fit: shuffle=function gives an order of all rows, and a stream is read in an order of its own: give True, "
            "or False for the order in which blocks come"
        )
    if given.augmentation is not None:
        raise DataError("fit: augmentation needs images in an array; of a stream, distort them as the blocks are made")


class Look:
    """How a first pass is made.

    Parameters
    ----------
    network : Network
        What learns.
    window : int, optional
        Rows that may be kept.
    shown : bool
        Whether its progress is.
    """

    def __init__(self, network: Network, window: int | None, shown: bool = False) -> None:
        self._network, self._window, self._shown = network, window, shown

    def at(self, source: Source) -> Scan:
        """Make one."""
        network, scaling = self._network, self._network.scaling
        learns = scaling is not None and scaling.offset is None
        with scan_progress(self._shown) as seen:
            return Scan(
                source, network.dtype, self._window, moments=learns, seen=seen, columns=network.column_names,
                n_in=None if network.plan is None else network.plan.n_in,
            )  # fmt: skip


def _without_held_out(network: Network, call: Call, source: Source, scan: Scan, look: Look) -> Stream:
    """Set rows aside, by the network's seed; return the stream of the others."""
    given, n = call.given, scan.survey.rows
    given.validation_split = as_share(given.validation_split)
    count = rows_of_share(given.validation_split, n)
    if count > scan.window:
        raise DataError(
            f"fit: validation_split={given.validation_split!r} of {n} rows is {count}, more than the window of "
            f"{scan.window} rows holds: give a smaller one, or validation_data"
        )
    marked = np.zeros(n, bool)
    marked[generator(network.seed, HELD_OUT).choice(n, count, replace=False, shuffle=False)] = True
    held = Scan(Without(source, scan.sizes, marked, keep=True), network.dtype, count)
    others = Without(source, scan.sizes, marked, keep=False)
    found = _stream(others, look.at(others))
    return dataclasses.replace(found, held_out=held.kept)


def _opened_validation(network: Network, given: Any) -> Any:
    """Return validation data as arrays, where a window holds them, or as a stream."""
    data = given.validation_data
    if data is None:
        return None
    is_pair = isinstance(data, (tuple, list)) and len(data) in (2, 3) and not isinstance(data[0], (tuple, list))
    parts = data if is_pair else (data,)
    source = as_source(*parts, window=given.window, name="fit: validation_data")
    if source is None:
        return data
    n_in = None if network.plan is None else network.plan.n_in
    scan = Scan(source, network.dtype, given.window, n_in=n_in, name="fit: validation_data")
    if scan.kept is None:
        return _stream(source, scan)
    X, y, weights = scan.kept
    held = (Named.of(X, source.columns), Named.of(_there(y), source.target_columns))
    return held if weights is None else (*held, weights)


# ---------------------------------------------------------------- what a fit is made of


def sampled_targets(
    survey: Survey, plan: Plan, loss: Loss, dtype: np.dtype[np.floating], task: Task | None, asked: Task | None,
    label: Any,
) -> Targets:  # fmt: skip
    """Return the targets of the rows that stand for all, with the task that follows; errors name block and row."""
    assert survey.targets is not None
    values, places = survey.targets.sample()
    try:
        return encode(Named.of(values, survey.target_columns), plan.n_out, loss, dtype, task, asked=asked)
    except LayerwiseError as error:
        found = re.search(r"\by: row (\d+)", str(error))
        if found is None:
            raise
        block, row = places[int(found[1])]
        raise type(error)(str(error).replace(found[0], f"{label(block)}: y: row {row}")) from None


def task_of(network: Network, call: Call, stream: Stream, plan: Plan) -> tuple[Loss, Task | None, Targets]:
    """Return the loss for the columns of y, what was asked for, and targets that stand for all."""
    given, names = call.given, stream.survey.target_columns
    loss = call.loss.for_columns(names or network._task.columns)
    check_loss(loss, plan.n_out)
    check_training(plan, loss)
    asked = asked_task(given.task, given.classes, network.task, plan.n_out)
    targets = sampled_targets(stream.survey, plan, loss, network.dtype, network.task, asked, stream.source.label)
    labels, classes = targets.labels, targets.task.classes
    counted = stream.survey.targets is not None and stream.survey.targets.labels is not None
    may_lack = network.task is not None or given.classes is not None or len(stream) == 1 or not counted
    if not may_lack and labels is not None and classes is not None and (labels == labels[0]).all():
        raise one_class(classes[labels[0]], len(stream), "y")
    return loss, asked, targets


def scaler_of(network: Network, stream: Stream) -> Scaler | None:
    """Return the scaler for the rows of a stream: fitted by the first pass, or the network's own."""
    greatest = np.array([[stream.survey.range[1]]]).astype(stream.dtype)
    scaler = network._scaler_for(greatest)
    if scaler is not None and scaler.offset is None:
        assert stream.survey.moments is not None
        scaler = copy.deepcopy(scaler)
        scaler.fit_moments(stream.survey.moments)
    check_units(scaler, network.input_range, stream.sample.X)
    return scaler


def learning(plan: Plan, loss: Loss, dtype: np.dtype[np.floating], task: Task, weighing: Weighing | None) -> Encode:
    """Return what makes the targets of a training of y and weights."""

    def encoded(y: Array, weights: Array | None, name: str) -> Targets:
        targets = encode(y, plan.n_out, loss, dtype, task, name)
        if weighing is not None:
            weighing.apply(targets, weights)
        return targets

    return encoded


def evaluating(plan: Plan, loss: Loss, dtype: np.dtype[np.floating], task: Task | None) -> Encode:
    """Return what makes the targets of an evaluation of y and weights."""

    def encoded(y: Array, weights: Array | None, name: str) -> Targets:
        targets = encode(y, plan.n_out, loss, dtype, task, name)
        weigh_evaluated(targets, weights)
        return targets

    return encoded


def watched(stream: Stream, encode: Encode) -> tuple[Stream, Targets]:
    """Return a stream that is evaluated, with targets of some of its rows."""
    sample = stream.sample
    return dataclasses.replace(stream, encode=encode), encode(_there(sample.y), sample.weights, f"{sample.label}: y")


def rows_of_fit(network: Network, call: Call, stream: Stream, scaler: Scaler | None) -> StreamRows:
    """Return the rows that a fit learns from, window by window."""
    given = call.given
    assert stream.encode is not None
    steps = -(-len(stream) // given.batch_size)
    return StreamRows(
        stream,
        stream.encode,
        scaler,
        network.dtype,
        given.batch_size,
        window_rows(given.batch_size, stream.window),
        network.seed if given.shuffle else None,
        int(network.last_fit["first_step"]) + given.epochs * steps,
    )


def stream_evaluator(
    engine: str, n_threads: int | None, network: Network, plan: Plan, stream: Stream, targets: Targets,
    scaler: Scaler | None,
) -> StreamEvaluator:  # fmt: skip
    """Return what evaluates a stream, in the order in which it comes."""
    encode, size = stream.encode, max(CHUNK, stream.window // 4)
    assert encode is not None
    return StreamEvaluator(
        engine, n_threads, plan, network.built()[1], scaler,
        lambda: in_order(stream.source, size, encode, network.dtype), targets, len(stream), CHUNK,
    )  # fmt: skip


def evaluate(network: Answers, source: Source, loss: Loss, metrics: dict[str, Metric]) -> dict[str, float]:
    """Evaluate a network on a stream, in one pass; in two where metrics are asked for and its rows are not counted.

    Raises
    ------
    ShapeError, DataError
        Blocks that do not fit.
    """
    source.columns_wanted(network.column_names)
    first = next(source.pieces(None, network.dtype), None)
    if first is None:
        raise DataError("evaluate: the stream gave no rows; at least one block (X, y) is needed")
    if first.y is None:
        raise DataError(f"evaluate: {first.label} has no y; a block must be (X, y) or (X, y, weights)")
    check_columns(source, network.column_names)
    rows = network._rows(first.X, name=f"{first.label}: X")
    chosen = loss.for_columns(source.target_columns or network._task.columns)
    plan, parameters = network.built()
    check_outputs(plan, chosen)
    plan = compile_training(plan, parameters, chosen, network.penalties)
    task = network.task if network.task is None else network.task.named(source.target_columns)
    encode_rows = evaluating(plan, chosen, network.dtype, task)
    targets = encode_rows(first.y, first.weights, f"{first.label}: y")
    n = 0
    if metrics:
        sizes = source.sizes or [len(piece) for piece in source.pieces(None, network.dtype)]
        n = int(sum(sizes))
    size = max(CHUNK, WINDOW_BYTES // 4 // max(1, first.X[0].nbytes))
    made = StreamEvaluator(
        network.engine, None, plan, parameters, rows.scaler,
        lambda: in_order(source, size, encode_rows, network.dtype), targets, n, CHUNK,
    )  # fmt: skip
    return Evaluation(made, metrics).row()
