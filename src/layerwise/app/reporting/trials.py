"""The sections on trainings beside the model's own, as its notes have them: a cross-validation, a search."""

from __future__ import annotations

import math
from typing import Any

from layerwise.app.measures import in_words
from layerwise.app.reporting.page import paragraph, table
from layerwise.app.reporting.subject import Subject
from layerwise.formula.quoting import legible

MOST = 16  # settings that are listed
_OTHERWISE = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # of notes that say something else


def cross_validation(subject: Subject) -> str:
    """Return mean and spread of each measure over the folds, beside no model; nothing where there are none."""
    notes = subject.network.notes.get("cross_validation")
    if notes is None:
        return ""
    try:
        rows = []
        for name, mean in notes["mean"].items():
            dummy = in_words(name, notes["baseline"][name])[1] if name in notes["baseline"] else "-"
            title, shown = in_words(name, mean, notes["std"][name])
            rows.append((legible(title), shown, dummy))
        count = len(notes["folds"])
    except _OTHERWISE:
        return ""
    hint = (
        f"The settings of this model, trained and tested {count} times, each time on other rows: mean and standard "
        "deviation, and the mean of the same answer for every row."
    )
    return paragraph(hint) + table(rows, ("", "model", "without a model"), 2)


def search(subject: Subject) -> str:
    """Return the settings that were tried, each with its longest training, the best first; nothing without a search."""
    notes = subject.network.notes.get("search")
    if notes is None:
        return ""
    try:
        tried, winner = notes["tried"], notes["winner"]
        newest = {str(trial["settings"]): i for i, trial in enumerate(tried) if trial["outcome"] == "whole"}
        newest[str(tried[winner]["settings"])] = winner
        order = sorted(newest.values(), key=lambda i: (i != winner, _number(tried[i]["score"])))
        rows = [_row(tried[i], i == winner) for i in order[:MOST]]
        told = f"{len(tried):,} trainings in {float(notes['seconds']):.0f} s"
        hint = f"{told}, compared by the {legible(notes['measure'])} of {int(notes['rows']):,} rows to validate."
    except _OTHERWISE:
        return ""
    return paragraph(hint) + table(rows, ("settings", "score", "epochs", "seconds"), 3)


def _row(trial: dict[str, Any], is_winner: bool) -> tuple[str, str, str, str]:
    changed = ", ".join(f"{legible(name)}={legible(str(value))}" for name, value in trial["settings"].items())
    mark = " (this model)" if is_winner else ""
    score, epochs, seconds = f"{_number(trial['score']):.4g}", f"{int(trial['epochs']):,}", f"{trial['seconds']:.1f}"
    return (changed or "the preset's own") + mark, score, epochs, seconds


def _number(value: Any) -> float:
    return math.inf if value is None else float(value)
