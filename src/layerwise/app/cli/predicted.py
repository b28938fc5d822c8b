"""The answers of `layerwise predict` as a table: the columns of the file as they are, and what the model says."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.cli.model import Trained
from layerwise.data.tables.raw import RawTable
from layerwise.data.writing import write_whole
from layerwise.typing import Array


def columns_of_answers(model: Trained, X: Array, answers: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return what the model says of each row, a list a column.

    Parameters
    ----------
    model : Trained
        The model.
    X : array (n, n_in)
        The inputs of its network.
    answers : sequence of dict
        As `predict` prints them.
    """
    found: dict[str, list[Any]] = {}
    targets = _targets(model)
    for name in ("answer", "low", "high"):
        if name not in answers[0]:
            continue
        values, shown = [answer[name] for answer in answers], "predicted" if name == "answer" else name
        if isinstance(values[0], list):
            for j, target in enumerate(targets or [str(k + 1) for k in range(len(values[0]))]):
                found[f"{shown}_{target}"] = [value[j] for value in values]
        else:
            found[shown] = values
    task = model.task
    if task.kind == "classification" and task.classes is not None:
        shares = model.network.predict_proba(X)
        for j, label in enumerate(task.classes.tolist()[: shares.shape[1]]):
            found[f"probability_{label}"] = shares[:, j].tolist()
    if "familiar" in answers[0]:
        found["unfamiliar"] = ["no" if answer["familiar"] else "yes" for answer in answers]
    return found


def _targets(model: Trained) -> list[str]:
    return [] if model.rules is None else [target.name for target in model.rules.targets]


def write_answers(path: Path, raw: RawTable, answers: dict[str, list[Any]]) -> None:
    """Write a CSV file with all columns of a table and the answers after them."""
    write_whole(path, text_of_answers(raw, answers))


def text_of_answers(raw: RawTable, answers: dict[str, list[Any]], header: bool = True) -> bytes:
    """Return the same as CSV; `header`: whether names are above. One that the table has gets an underscore."""
    names = []
    for name in answers:
        while name in raw.names or name in names:
            name += "_"
        names.append(name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow([*raw.names, *names])
    columns = [*raw.columns, *answers.values()]
    writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
    return text.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, (float, np.floating, np.datetime64)) and value != value):
        return ""
    if isinstance(value, float) and not isinstance(value, np.floating):
        return f"{value:.9g}"
    return str(value)
