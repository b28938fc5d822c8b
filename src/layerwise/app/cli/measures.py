"""What is told of a model for tables: how good it is, beside no model, and which columns matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.app.cli.console import show, warn
from layerwise.app.measures import four_digits, sampled
from layerwise.explain.importance import permutation_importance
from layerwise.formula.quoting import legible
from layerwise.typing import Array

MOST_CLASSES = 12  # whose recall is shown
MAIN, REPEATS = 4, 3  # columns that are shown, and how often each is shuffled
MOST_CELLS, MOST_ROWS = 60_000, 1000  # that are predicted to find them, and of how many rows


def show_measures(result: dict[str, Any], name: str, baseline: dict[str, Any] | None = None) -> None:
    """Print them for people, beside what no model gives."""
    if "several" in result:
        shown = ", ".join(f"{share:.2%}" for share in result["accuracies"])
        show(
            f"{name}: all answers of a row right {result['accuracy']:.2%}; each target by itself {shown}", "bold green"
        )
    elif "accuracy" in result:
        _show_classes(result, name, baseline)
    else:
        _show_numbers(result, name, baseline)
    if baseline is not None and not baseline["better"]:
        warn(f"note: it is not better than the same answer for every row{_still(result, baseline)}", "yellow")


def _still(result: dict[str, Any], baseline: dict[str, Any]) -> str:
    """Return what is good all the same: probabilities that tell more than how frequent the classes are."""
    if not baseline.get("probabilities_better"):
        return "; do not use it before it is"
    losses = f"log loss {result['loss']:.3f}, that of the classes' shares {baseline['loss']:.3f}"
    return f"; its probabilities are: {losses}"


def _show_classes(result: dict[str, Any], name: str, baseline: dict[str, Any] | None) -> None:
    samples = result["samples"]
    dummy = "" if baseline is None else f" (always {baseline['answer']}: {baseline['accuracy']:.2%})"
    right = f"{samples - result['errors']:,} of {samples:,} right"
    show(f"{name}: accuracy {result['accuracy']:.2%}, {right}{dummy}", "bold green")
    auc = f", AUC {result['auc']:.3f}" if "auc" in result else ""
    shares = "" if baseline is None else f" (of the classes' shares: {baseline['loss']:.3f})"
    show(f"balanced accuracy {result['balanced_accuracy']:.2%}{auc}, log loss {result['loss']:.3f}{shares}")
    listed = [f"{r['class']} {r['recall']:.0%} of {r['rows']:,}" for r in result["recalls"][:MOST_CLASSES]]
    more = f" and {len(result['recalls']) - MOST_CLASSES} more" if len(result["recalls"]) > MOST_CLASSES else ""
    show(f"recall: {', '.join(listed)}{more}")
    show(f"calibration: confidence is {result['calibration_error']:.1%} off the share that is right")
    if len(result["recalls"]) > 2 and result["confusions"]:
        show("Confused most often:")
        for item in result["confusions"]:
            times = "once" if item["times"] == 1 else f"{item['times']} times"
            show(f"  {item['true']} taken for {item['answer']}: {times}")
    _half(result)


def _show_numbers(result: dict[str, Any], name: str, baseline: dict[str, Any] | None) -> None:
    show(f"{name}: R² {result['r2']:.4f}, {result['samples']:,} rows", "bold")
    for measure, words in (("mae", "mean error"), ("rmse", "root mean squared error")):
        dummy = "" if baseline is None else f" (of the mean: {_numbers(baseline[measure])})"
        show(f"{words} {_numbers(result[measure])}{dummy}")
    if "coverage" in result:
        show(f"{result['coverage']:.0%} of the rows are within their 90% interval")
    _half(result)


def _half(result: dict[str, Any]) -> None:
    rows, n = result["rows_of_half_the_loss"], result["samples"]
    if rows:
        show(f"half of the loss comes from {rows:,} of the {n:,} rows: `layerwise report` shows the worst")


def _numbers(value: Any) -> str:
    return ", ".join(four_digits(v) for v in np.atleast_1d(value).tolist())


def main_columns(model: Any, X: Any, y: Array) -> list[dict[str, Any]]:
    """Return how much of the score each column is worth on rows that were not learned from, the main ones first.

    Some of the rows are taken where there are many.
    """
    rows = sampled(len(y), min(MOST_ROWS, max(100, MOST_CELLS // (REPEATS * X.n_columns))))
    found = permutation_importance(model, X.take(rows), y[rows], n_repeats=REPEATS)
    return [{"column": name, "lost": mean, "deviation": std} for name, mean, std in found.ranking()]


def show_main_columns(columns: list[dict[str, Any]], score: str) -> None:
    """Print the columns that matter most, and for certain."""
    main = [column for column in columns if column["lost"] > column["deviation"]][:MAIN]
    if main:
        show(f"columns that matter most, by the {score} lost when their cells are shuffled:")
    width = max((len(legible(column["column"])) for column in main), default=0)
    for column in main:
        show(f"  {legible(column['column']).ljust(width)}  {column['lost']:.3f} ± {column['deviation']:.3f}")
