"""What is told of a model for tables: how good it is in several measures, and whether it is better than no model."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from layerwise.app.cli.console import show, warn
from layerwise.typing import Array

MOST, MOST_CLASSES = 5, 12  # confusions shown, and classes whose recall is


def of_classes(y: Array, probabilities: Array, answers: Array, classes: Array) -> dict[str, Any]:
    """Return the measures of answers that are classes; ready for JSON.

    Parameters
    ----------
    y, answers : array (n,)
        What the rows are, and what the model takes them for.
    probabilities : array (n, classes)
        Of each class.
    classes : array
        In that order.
    """
    from sklearn.metrics import roc_auc_score

    names, n = list(classes.tolist()), len(y)
    places = np.array([names.index(label) for label in y.tolist()])
    right = y == answers
    tiny = np.finfo(np.float64).tiny
    losses = -np.log(np.maximum(probabilities[np.arange(n), places].astype(np.float64), tiny))
    recalls = [
        {"class": name, "rows": int((places == c).sum()), "recall": float(right[places == c].mean())}
        for c, name in enumerate(names)
        if (places == c).any()
    ]
    wrong = Counter((str(t), str(a)) for t, a in zip(y.tolist(), answers.tolist(), strict=True) if t != a)
    result = {
        "samples": n,
        "loss": float(losses.mean()),
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean([item["recall"] for item in recalls])),
        "errors": int((~right).sum()),
        "recalls": recalls,
        "confusions": [
            {"true": true, "answer": answer, "times": times}
            for (true, answer), times in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        ],
    }
    if len(names) == 2 and len(recalls) == 2:
        result["auc"] = float(roc_auc_score(places, probabilities[:, 1]))
    return result


def of_numbers(y: Array, answers: Array) -> dict[str, Any]:
    """Return the measures of answers that are numbers, in their units; of several targets, each its own list entry."""
    off = answers - y
    squares, spread = (off**2).mean(axis=0), y.var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1 - squares / spread, np.nan)
    return {
        "samples": len(y),
        "loss": float((off**2).sum(axis=-1).mean() / 2) if off.ndim > 1 else float(squares / 2),
        "r2": float(np.mean(r2)),
        "mae": np.abs(off).mean(axis=0).tolist(),
        "rmse": np.sqrt(squares).tolist(),
    }


def beside_no_model(result: dict[str, Any], y: Array, known: Array) -> dict[str, Any]:
    """Return the same measures of who answers without looking: the most frequent class, or the mean.

    Parameters
    ----------
    result : dict
        The model's.
    y, known : array
        The targets of the rows to test, and of those to train.
    """
    if "accuracy" in result:
        values, counts = np.unique(known, return_counts=True)
        shares = np.broadcast_to(counts / len(known), (len(y), len(values)))
        told = of_classes(y, shares, np.full(len(y), values[counts.argmax()]), values)
        kept = ("accuracy", "balanced_accuracy", "auc", "loss")
        better = result["accuracy"] > told["accuracy"]
        answer = values[counts.argmax()].item()
        return {"answer": answer, **{name: told[name] for name in kept if name in told}, "better": better}
    mean = known.mean(axis=0)
    told = of_numbers(y, np.broadcast_to(mean, y.shape))
    better = bool(np.mean(result["rmse"]) < np.mean(told["rmse"]))
    return {"answer": mean.tolist(), "mae": told["mae"], "rmse": told["rmse"], "r2": told["r2"], "better": better}


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
        warn("note: it is not better than the same answer for every row; do not use it before it is", "yellow")


def _show_classes(result: dict[str, Any], name: str, baseline: dict[str, Any] | None) -> None:
    samples = result["samples"]
    dummy = "" if baseline is None else f" (always {baseline['answer']}: {baseline['accuracy']:.2%})"
    right = f"{samples - result['errors']:,} of {samples:,} right"
    show(f"{name}: accuracy {result['accuracy']:.2%}, {right}{dummy}", "bold green")
    auc = f", AUC {result['auc']:.3f}" if "auc" in result else ""
    show(f"balanced accuracy {result['balanced_accuracy']:.2%}{auc}, log loss {result['loss']:.3f}")
    listed = [f"{r['class']} {r['recall']:.0%} of {r['rows']:,}" for r in result["recalls"][:MOST_CLASSES]]
    more = f" and {len(result['recalls']) - MOST_CLASSES} more" if len(result["recalls"]) > MOST_CLASSES else ""
    show(f"recall: {', '.join(listed)}{more}")
    if len(result["recalls"]) > 2 and result["confusions"]:
        show("Confused most often:")
        for item in result["confusions"]:
            times = "once" if item["times"] == 1 else f"{item['times']} times"
            show(f"  {item['true']} taken for {item['answer']}: {times}")


def _show_numbers(result: dict[str, Any], name: str, baseline: dict[str, Any] | None) -> None:
    show(f"{name}: R² {result['r2']:.4f}, {result['samples']:,} rows", "bold")
    for measure, words in (("mae", "mean error"), ("rmse", "root mean squared error")):
        dummy = "" if baseline is None else f" (of the mean: {_numbers(baseline[measure])})"
        show(f"{words} {_numbers(result[measure])}{dummy}")
    if "coverage" in result:
        show(f"{result['coverage']:.0%} of the rows are within their 90% interval")


def _numbers(value: Any) -> str:
    return ", ".join(f"{v:.4g}" for v in np.atleast_1d(value).tolist())
