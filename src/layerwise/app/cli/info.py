"""`layerwise info`: what is in a model file, without loading its weights."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from layerwise import files as storage
from layerwise.app.cli import console
from layerwise.errors import FormatError
from layerwise.formula.quoting import legible
from layerwise.typing import Array

MOST = 12  # names that are shown of a long list


def info(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file or a checkpoint.")],
    json: Annotated[bool, typer.Option("--json", help="Print the description as it is, for programs.")] = False,
) -> None:
    """Show what is in a model file: layers, sizes, scaling, classes, loss, history. No weight is read.

    Nothing in the file is run, and its classes need not be known here.
    """
    description, history, shapes = storage.read_header(model)
    if json:
        arrays = {name: {"type": kind, "shape": list(shape)} for name, (kind, shape) in shapes.items()}
        console.show_json({"model": str(model), **description, "arrays": arrays})
        return
    with storage.reading(model):
        for line in _lines(os.path.getsize(model), description, history, shapes):
            console.show(line)


def _lines(size: int, d: dict[str, Any], history: dict[str, Array], shapes: storage.Shapes) -> list[str]:
    kind = d["kind"]
    lines = [f"{kind}, format {d['format_version']}, written by layerwise {d['library']}, {size:,} bytes"]
    if kind == "network":
        return lines + _network(d, history, shapes, "")
    if kind == "estimator":
        lines.append(f"estimator    {_estimator(d['estimator'], d['parameters'])}")
        columns = [] if d["encoder"] is None else d["encoder"]["columns"]
        if columns:
            lines.append(f"columns      {_columns(columns)}")
        return lines + _network(d["network"], history, shapes, "network.", _labels(d["attributes"]))
    if kind == "ensemble":
        lines.append(f"networks     {len(d['networks'])}; the first:")
        return lines + _network(d["networks"][0], history, shapes, "networks.0.")
    raise FormatError(f"it is the file of a {str(kind)[:40]!r}, which this version does not know")


def _labels(attributes: dict[str, Any]) -> list[Any] | None:
    """Return the labels of an estimator, whose network counts them from 0; None for numbers or several targets."""
    classes = attributes.get("classes_")
    return classes["items"] if isinstance(classes, dict) and len(classes.get("shape", ())) == 1 else None


def _network(
    d: dict[str, Any], history: dict[str, Array], shapes: storage.Shapes, prefix: str, labels: list[Any] | None = None
) -> list[str]:
    own = {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
    stored = d.get("stored", {})
    total, lines = 0, [f"inputs       {d['n_in']}"]
    for i, layer in enumerate(d["layers"]):
        arrays = {
            name: shape
            for name, (_, shape) in own.items()
            if name.startswith(f"layers.{i}.") and not (name.endswith(".scale") and name[: -len(".scale")] in stored)
        }
        total += (count := sum(math.prod(shape) for shape in arrays.values()))
        sizes = ", ".join(f"{name.rpartition('.')[2]} {' x '.join(map(str, shape))}" for name, shape in arrays.items())
        frozen = " (frozen)" if i in d["frozen"] else ""
        lines.append(f"layer {i:<6} {_written(layer)}{frozen}" + (f": {sizes}; {count:,} parameters" if count else ""))
    short = sorted({kept for name, kept in stored.items() if name.startswith("layers.")})
    kept = f", weights kept as {' and '.join(short)}" if short else ""
    lines.append(f"in all       {total:,} parameters, {d['dtype']}{kept}")
    if d["columns"]:
        lines.append(f"columns      {_columns(d['columns'])}")
    task = d["task"]
    if task is not None:
        classes = "" if task["classes"] is None else f": {_listed(labels or task['classes'])}"
        threshold = task.get("threshold", 0.5)
        above = "" if threshold == 0.5 else f"; yes above {threshold:g}"
        lines.append(f"task         {task['kind']}{classes}{above}")
    state = any(name.startswith("optimizer.") for name in own)
    for name in ("scaling", "loss", "penalties", "optimizer"):
        if d[name]:
            what = ", ".join(map(_written, d[name])) if isinstance(d[name], list) else _written(d[name])
            more = (", with its state" if state else ", without its state") if name == "optimizer" else ""
            lines.append(f"{name:<12} {what}{more}")
    # An ensemble that is trained as one network counts no steps.
    steps = f"{d['steps']:,} steps, " if d["steps"] or d["history"] is None else ""
    lines.append(f"trained      {steps}seed {d['seed']}")
    if d["history"] is not None:
        lines += _history(d["history"], {name: history[f"{prefix}history.{name}"] for name in d["history"]["columns"]})
    if (training := d.get("training")) is not None:
        where = f", {training['done']} steps into the next" if training["done"] else ""
        lines.append(f"checkpoint   after epoch {training['epoch']} of {training['epochs']}{where}")
    notes = d["notes"]
    lines += [f"note         {name}: {_noted(value)}" for name, value in notes.items() if name != "type"]
    return lines


def _noted(value: Any) -> str:
    """Return a note; of one that has parts, what they are called."""
    if not isinstance(value, dict):
        return _written(value)
    return f"{', '.join(legible(name) for name in value if name != 'type')}: --json shows all"


def _history(history: dict[str, Any], columns: dict[str, Array]) -> list[str]:
    epochs = max((len(values) for values in columns.values()), default=0)
    if not epochs:
        return []
    last = ", ".join(f"{name.replace('_', ' ')} {values[-1]:.4g}" for name, values in columns.items())
    return [f"history      {epochs} epochs, ended by {history['stopped_by'] or 'a crash'}; last: {last}"] + [
        f"changed      from epoch {c['epoch']} on: {c['name']} {c['now']!r}, {c['then']!r} before"
        for c in history.get("changes", ())
    ]


def _estimator(name: str, parameters: dict[str, Any]) -> str:
    """Return it as scikit-learn writes it: what is not at its default."""
    try:
        from layerwise import estimators

        kind = getattr(estimators, name)
        given = {key: storage.decode(value, {}) for key, value in parameters.items()}
        return " ".join(repr(kind(**given)).split())
    except (ImportError, AttributeError, FormatError, TypeError):
        given = {key: value for key, value in parameters.items() if value is not None}
        return f"{name}({', '.join(f'{key}={_written(value)}' for key, value in given.items())})"


def _columns(columns: list[dict[str, Any]]) -> str:
    return _listed([f"{legible(column['name'])} ({column['kind']})" for column in columns])


def _written(value: Any) -> str:
    """Return a part as it is written in Python, without its class being known."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        try:
            return repr(storage.decode(value, {}))
        except FormatError:
            arguments = ", ".join(f"{k}={_written(v)}" for k, v in value.items() if k != "type")
            return f"{value['type']}({arguments})"
    return repr(value)


def _listed(names: list[Any]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(map(legible, names[:MOST])) + more
