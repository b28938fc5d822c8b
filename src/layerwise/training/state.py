"""What the next step of a training depends on beside the network and its history, for a checkpoint; and back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.shuffling import CustomOrder
from layerwise.training.callbacks.base import Callback
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.training.loop import Training


def state_of(run: Training) -> tuple[dict[str, Any], dict[str, Array]]:
    """What the next step depends on beside the network and its history: as JSON and arrays."""
    theta = run.parameters.theta
    description: dict[str, Any] = {
        "epoch": run._complete,
        "done": run._done,
        "epochs": run.epochs,
        "first_step": run.first_step,
        "rate": run.optimizer.learning_rate,
        "rate_factor": run.rate.factor,
        "stopping": "" if run.stopping == "interrupt" else run.stopping,
        "recorded": run._recorded,
        "columns": list(run._columns),
        "callbacks": [],
    }
    if isinstance(run.order, CustomOrder):
        description["orders"] = run.order.state()
    arrays: dict[str, Array] = {}
    if not np.array_equal(run._good, theta):
        arrays["good"] = run._good.copy()
    if run._done:
        size = min(run._done * run.engine.batch_size, len(run.engine.rows))
        description |= {
            "elapsed": run._elapsed + time.perf_counter() - run.pauses.waited - run._began,
            "frozen": sorted(run.engine.frozen),
            "native": run.engine.name == "native",
        }
        arrays |= {f"engine.{name}": array for name, array in run.engine.state(size).items()}
        if run._order_at_work is not None and isinstance(run.order, CustomOrder):
            arrays["order"] = run._order_at_work
    for i, callback in enumerate(run._callbacks):
        state = callback.state()
        held = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        arrays |= {f"callbacks.{i}.{name}": value.copy() for name, value in held.items()}
        plain = {name: value for name, value in state.items() if name not in held}
        description["callbacks"].append({"type": type(callback).__name__, "state": plain})
    if run._last is not None:
        weights, name = run._last
        description["last"] = {
            "name": name,
            "array": _held_by_callback(run, weights),
            "epoch": run.history.kept_epoch,
        }
        if description["last"]["array"] is None:
            arrays["last"] = weights.copy()
    return description, arrays


def _held_by_callback(run: Training, weights: Array) -> str | None:
    """Where among the arrays of `state` these weights are, if a callback owns them."""
    for i, callback in enumerate(run._callbacks):
        for name, value in callback.state().items():
            if value is weights:
                return f"callbacks.{i}.{name}"
    return None


def go_on(run: Training, description: dict[str, Any], arrays: Mapping[str, Array]) -> None:
    """Put the state back; `on_fit_begin` has been called."""
    run.epoch = run._complete = description["epoch"]
    run._done = description["done"]
    run.first_step = description["first_step"]
    run.rate.factor = description["rate_factor"]
    run.rate.show(description["rate"])
    run._rate_used = run.optimizer.rate_used()
    run.stopping = run.stopping or description["stopping"]
    run._recorded, run._columns = dict(description["recorded"]), description["columns"]
    np.copyto(run._good, arrays.get("good", run.parameters.theta))
    run._row_is_open = not run._done
    found = _restore_callbacks(run, description["callbacks"], arrays)
    if (last := description.get("last")) is not None:
        epoch = last.get("epoch", 0)  # which the first files lack
        if last["array"] is None:
            run.end_with(arrays["last"].copy(), last["name"], epoch)
        else:
            _, i, name = last["array"].split(".", 2)
            if int(i) in found:
                run.end_with(found[int(i)].state()[name], last["name"], epoch)
    if run._done:
        run.engine.frozen = frozenset(description["frozen"])
        run._elapsed = description["elapsed"]


def _restore_callbacks(
    run: Training, entries: list[dict[str, Any]], arrays: Mapping[str, Array]
) -> dict[int, Callback]:
    """Give callbacks their states back, the n-th of a class that of the n-th; which of the entries found one."""
    waiting, found = list(run._callbacks), {}
    for i, entry in enumerate(entries):
        callback = next((c for c in waiting if type(c).__name__ == entry["type"]), None)
        if callback is None:
            continue
        waiting.remove(callback)
        if not any(callback is other for other in run._anew):
            own = f"callbacks.{i}."
            held = {name.removeprefix(own): a.copy() for name, a in arrays.items() if name.startswith(own)}
            callback.restore(entry["state"] | held)
            found[i] = callback
    return found
