"""The sections on a table: measures beside no model, the worst rows, what each column is worth and does, intervals."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from layerwise import plots
from layerwise.app.measures import beside_no_model, four_digits, log_losses, sampled, squared_errors, usable_intervals
from layerwise.app.reporting.page import paragraph, side_by_side, table
from layerwise.app.reporting.pictures import picture
from layerwise.app.reporting.subject import Subject
from layerwise.app.reporting.tables import LONGEST
from layerwise.errors import DataError
from layerwise.explain.dependence import Dependence, of_column, partial_dependence
from layerwise.formula.quoting import legible, shortened
from layerwise.plots.columns import drawn_range
from layerwise.typing import Array

WORST, MOST_COLUMNS = 15, 7  # rows that are shown, and their columns
MOST_LISTED = 20  # columns in the table of importances
MAIN, MOST_AVERAGED = 4, 1000  # columns whose dependence is drawn, and the rows that it is averaged over
MOST_OUTPUTS = 5  # whose numbers are listed
WIDTH = 5.2  # inches
SHARES = (0.5, 0.8, 0.9, 0.95)


def measures(subject: Subject) -> str:
    """Return the figures of the model beside those of the best answer that is the same for every row."""
    result = subject.measures
    if result is None:
        return ""
    y = np.asarray(subject.y)
    dummy = beside_no_model(result, y, y)
    if "accuracy" in result:
        listed = [("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"), ("auc", "AUC"),
                  ("loss", "log loss")]  # fmt: skip
        head = f"always {shortened(legible(str(dummy['answer'])), 24)}"
    else:
        listed = [("r2", "R²"), ("mae", "mean of |error|"), ("rmse", "root of the mean squared error")]
        head = "always the mean"
    rows = [(words, _figures(result[name]), _figures(dummy.get(name))) for name, words in listed if name in result]
    known = subject.table
    rest = (
        "" if known is None or known.labelled == len(y) else f", those of {known.labelled:,} that were held out to test"
    )
    counted = paragraph(f"On {len(y):,} row{'s' * (len(y) != 1)}{rest}.")
    warning = "" if dummy["better"] else paragraph("The model is not better than the same answer for every row.")
    half = result["rows_of_half_the_loss"]
    told = f"Half of the loss comes from {half:,} of the {result['samples']:,} rows." if half else ""
    return counted + warning + table(rows, ("", "model", head), 2) + (paragraph(told, quiet=True) if told else "")


def _figures(value: Any) -> str:
    if value is None:
        return "-"
    numbers = np.atleast_1d(value).tolist()
    return ", ".join(map(four_digits, numbers[:MOST_OUTPUTS])) + (", …" if len(numbers) > MOST_OUTPUTS else "")


def worst_rows(subject: Subject) -> str:
    """Return the rows with the highest loss as the file has them, with what they are and what the model says."""
    found = subject.table
    if found is None or (subject.task.kind != "regression" and (subject.labels is None or subject.shares is None)):
        return ""
    losses = _losses(subject)
    order = np.argsort(-losses, kind="stable")[:WORST].tolist()
    ranked = [] if subject.importance is None else [name for name, _, _ in subject.importance.ranking()]
    columns = found.shown(ranked, MOST_COLUMNS, subject.targets)
    if subject.task.kind == "regression":
        told, words = _numbers_told(subject), ["is", "answer", "error"]
        words += [] if subject.ends is None else ["90% interval"]
    else:
        told, words = _classes_told(subject), ["is", "answer", "sure", "of what is so"]
    head = [found.unit, *words, *(shortened(legible(found.raw.names[j]), LONGEST) for j in columns)]
    rows = [[found.place(i), *told(i), *found.cells(i, columns)] for i in order if losses[i] > 0]
    hidden = len(found.raw.names) - len(columns) - len(subject.targets)
    more = f" The {len(columns)} columns that matter most are shown." if hidden > 0 else ""
    hint = f"The rows with the highest loss, as the file has them.{more}"
    return paragraph(hint, quiet=True) + table(rows, head, wrap=False) if rows else ""


def _losses(subject: Subject) -> Array:
    if subject.task.kind == "regression":
        y, said = (np.asarray(a, np.float64) for a in (subject.y, subject.said))
        return squared_errors(y, said.reshape(y.shape))
    assert subject.labels is not None
    assert subject.shares is not None
    return log_losses(subject.labels, subject.shares)


def _classes_told(subject: Subject) -> Any:
    labels, shares, names = subject.labels, subject.shares, subject.names
    assert labels is not None
    assert shares is not None

    def told(i: int) -> list[str]:
        said = legible(str(subject.said[i]))
        return [names[labels[i]], said, f"{shares[i].max():.1%}", f"{shares[i, labels[i]]:.1%}"]

    return told


def _numbers_told(subject: Subject) -> Any:
    n = len(subject.X)
    y, said = (np.asarray(a, np.float64).reshape(n, -1) for a in (subject.y, subject.said))
    ends = None if subject.ends is None else subject.ends.reshape(n, -1, 2)

    def told(i: int) -> list[str]:
        cells = [", ".join(f"{v:{form}}" for v in values[:MOST_OUTPUTS].tolist())
                 for values, form in ((y[i], ".6g"), (said[i], ".6g"), (said[i] - y[i], "+.4g"))]  # fmt: skip
        if ends is not None:
            cells.append(", ".join(f"{low:.4g} to {high:.4g}" for low, high in ends[i][:MOST_OUTPUTS].tolist()))
        return cells

    return told


def importance(subject: Subject) -> str:
    """Return how much each column matters; nothing of images, and of inputs without names."""
    found = subject.importance
    if found is None:
        return ""
    rows = [(legible(name), f"{round(mean, 4) + 0.0:.4f}", f"{std:.4f}") for name, mean, std in found.ranking()]
    score = "R²" if subject.task.kind == "regression" else "accuracy"
    more = f" {len(rows) - MOST_LISTED} more matter less." if len(rows) > MOST_LISTED else ""
    hint = (
        f"How much {score} falls when a column is shuffled among the rows, and its deviation over five shuffles.{more} "
        f"Columns that tell the same stand in for each other.{_of_some(subject, len(subject.shuffled))}"
    )
    height = 1.2 + 0.28 * min(len(rows), 15)
    drawn = picture("how much each column matters", lambda panel: plots.importance(found, panel), (WIDTH, height))
    return paragraph(hint) + side_by_side(drawn, table(rows[:MOST_LISTED], ("column", f"{score} lost", "±"), 2))


def dependence(subject: Subject) -> str:
    """Return how the answer changes with each of the main columns."""
    if subject.importance is None:
        return ""
    rows = sampled(len(subject.X), MOST_AVERAGED)
    inputs, drawn = subject.X[rows], []
    main = [_dependence(subject, name, rows, inputs) for name, _, _ in subject.importance.ranking()[:MAIN]]
    there = [found for found in main if found is not None]
    ranges = [drawn_range(found) for found in there]
    limits = (min((low for low, _ in ranges), default=0.0), max((high for _, high in ranges), default=0.0))
    for found in there:
        height = max(2.2, 0.9 + 0.27 * len(found.grid)) if found.grid.dtype == object else 3.4
        draw = partial(plots.partial_dependence, found, limits=limits)
        drawn.append(picture(f"the mean answer by {legible(found.name)}", draw, (WIDTH, height)))
    hint = (
        "The mean answer if every row had the same value in a column (partial dependence). Bars show where the rows "
        f"are; all pictures have one scale.{_of_some(subject, len(rows))}"
    )
    return paragraph(hint) + side_by_side(*drawn) if drawn else ""


def _dependence(subject: Subject, name: str, rows: Array, inputs: Array) -> Dependence | None:
    """Return the dependence on a column; None where none of these rows has a value of it, or it has several inputs."""
    assert subject.columns is not None
    if (known := subject.table) is not None:
        try:
            return of_column(subject.network, known.encoder, known.features.take(rows), inputs, name)
        except DataError:  # no value in these rows
            return None
    places = subject.columns[name]
    return partial_dependence(subject.network, inputs, places[0]) if len(places) == 1 else None


def _of_some(subject: Subject, count: int) -> str:
    return f" Measured on {count:,} of the {len(subject.X):,} rows." if count < len(subject.X) else ""


def intervals(subject: Subject) -> str:
    """Return how many of the numbers lie within the intervals of the network, beside how many shall."""
    learned = usable_intervals(subject.network)
    if learned is None or subject.task.kind != "regression":
        return ""
    y, rows = np.asarray(subject.y, np.float64), []
    for share in SHARES:
        try:
            half = learned.half_width(share)
        except DataError:  # too few rows were held out for it
            continue
        ends = subject.network.predict_interval(subject.X, share).reshape(*y.shape, 2)
        inside = ((ends[..., 0] <= y) & (y <= ends[..., 1])).mean()
        rows.append((f"{share:.0%}", f"{inside:.1%}", f"± {_figures(half)}"))
    hint = f"Intervals from the errors on the {learned.rows:,} rows to validate, and how many of these rows they hold."
    return paragraph(hint) + table(rows, ("intervals for", "hold", "answer"), 3)
