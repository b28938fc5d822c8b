"""`layerwise train FILE --cv K`: the settings for tables, trained and tested K times, each time on other rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.table_fits import Settings, estimator, fit, tested
from layerwise.app.measures import beside_no_model, in_words
from layerwise.data.tables.splitting import Parts
from layerwise.data.tables.understanding import Understanding
from layerwise.training.interrupts import trial

OF_CLASSES, OF_NUMBERS = ("accuracy", "balanced_accuracy", "auc", "loss"), ("mae", "rmse", "r2")


def cross_validate(found: Understanding, folds: Sequence[Parts], settings: Settings, json: bool) -> dict[str, Any]:
    """Train and test a model for each fold; return and show what they measured.

    Returns
    -------
    dict
        ``folds``: rows, epochs and measures of each, with those of no model beside them; ``mean`` and ``std`` (of the
        sample) of each measure over the folds that have it, and ``baseline``, the mean of no model's. JSON.
    """
    told = []
    for i, parts in enumerate(folds, 1):
        try:
            with trial():
                told.append(_fold(found, parts, settings))
        except KeyboardInterrupt:
            console.warn(f"interrupted in fold {i} of {len(folds)}: nothing is saved", "yellow")
            raise typer.Exit(console.INTERRUPTED) from None
        if not json:
            rows = told[-1]["rows"]
            words = ", ".join(" ".join(in_words(name, value)) for name, value in told[-1]["measures"].items())
            console.show(
                f"fold {i} of {len(folds)}: {rows['train']:,} rows to train, {rows['test']:,} to test: {words}"
            )
    names = list(dict.fromkeys(name for fold in told for name in fold["measures"]))
    summary: dict[str, Any] = {"folds": told, "mean": {}, "std": {}, "baseline": {}}
    for name in names:
        values = [fold["measures"][name] for fold in told if name in fold["measures"]]
        summary["mean"][name] = float(np.mean(values))
        summary["std"][name] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        no_model = [fold["baseline"][name] for fold in told if name in fold["baseline"]]
        if no_model:
            summary["baseline"][name] = float(np.mean(no_model))
    if not json:
        _show(summary, len(folds))
    return summary


def _fold(found: Understanding, parts: Parts, settings: Settings) -> dict[str, Any]:
    fitted = fit(estimator(found, parts, settings), found, parts, [], verbose=False)
    X, y = found.features(), found.answers()
    measures = tested(fitted.model, X.take(parts.test), y[parts.test])
    names = [target.name for target in found.targets]
    several = "several" in measures
    no_model = {} if several else beside_no_model(measures, y[parts.test], y[parts.train])
    return {
        "rows": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "epochs": fitted.history.epochs,
        "kept_epoch": fitted.history.kept_epoch or fitted.history.epochs,
        "measures": _flat(measures, names),
        "baseline": _flat(no_model, names),
    }


def _flat(measures: dict[str, Any], names: Sequence[str]) -> dict[str, float]:
    """Return a number a measure; of several targets, with the target's name: ``"mae of price"``."""
    if "accuracies" in measures:
        each = {f"accuracy of {name}": share for name, share in zip(names, measures["accuracies"], strict=True)}
        return {"accuracy": measures["accuracy"], **each}
    found: dict[str, float] = {}
    for measure in OF_CLASSES if "accuracy" in measures else OF_NUMBERS:
        value = measures.get(measure)
        if isinstance(value, list):
            found |= {f"{measure} of {name}": part for name, part in zip(names, value, strict=True)}
        elif value is not None:
            found[measure] = value
    return found


def _show(summary: dict[str, Any], folds: int) -> None:
    console.show(f"cross-validation of {folds} folds, mean ± standard deviation (without a model):", "bold")
    for name, value in summary["mean"].items():
        dummy = f" ({in_words(name, summary['baseline'][name])[1]})" if name in summary["baseline"] else ""
        console.show(f"  {' '.join(in_words(name, value, summary['std'][name]))}{dummy}")
    console.show()
