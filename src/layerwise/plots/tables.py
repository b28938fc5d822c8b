"""A table as it is understood: how the values of each column are spread."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.tables.understanding import Understanding
from layerwise.errors import DataError
from layerwise.formula.quoting import legible, matplotlib_text
from layerwise.plots.style import colours_of, panels, tidy
from layerwise.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 24
MOST_BARS = 8
_LONGEST = 16  # characters of a category's name


def table(found: Understanding, ax: Axes | Array | None = None) -> Array:
    """Draw the distribution of each column of a table, the targets first, then the features.

    Parameters
    ----------
    found : Understanding
        The analysis of a table with its data. At most 24 columns are drawn.
    ax : array of Axes, optional
        The axes to draw on, one for each column. By default those of a new pyplot figure.

    Returns
    -------
    array of Axes
        The axes.

    Raises
    ------
    DataError
        `found` is not an `Understanding`.
    """
    if not isinstance(found, Understanding):
        raise DataError(f"table: expected what `understand` returns; got {type(found).__name__}")
    X, y = found.features(), found.answers()
    answers = y[:, np.newaxis] if y.ndim == 1 else y
    shown = [(goal.name, "target", answers[:, k]) for k, goal in enumerate(found.targets)]
    shown += [(c.name, c.kind.name, values) for c, values in zip(found.inputs, X.columns, strict=True)]
    shown = shown[:MOST_COLUMNS]
    drawn = panels(ax, len(shown), "table", (2.7, 2.1), 4)
    kinds = {goal.name: goal.kind for goal in found.targets}
    for panel, (name, kind, values) in zip(drawn, shown, strict=True):
        colours = colours_of(panel)
        colour = colours.series[1 if kind == "target" else 0]
        if kind in ("number", "date") or (kind == "target" and kinds[name] == "number"):
            missing = _histogram(panel, values, colour)
        else:
            missing = _bars(panel, values, colour)
        gaps = f"\n{missing:.0%} missing" if missing >= 0.005 else ""
        kind = f"target, {kinds[name]}" if kind == "target" else kind
        panel.set_title(f"{matplotlib_text(_short(name, 24))}\n{kind}{gaps}", fontsize=8)
        panel.tick_params(labelsize=7)
        tidy(panel)
    return drawn


def _histogram(panel: Any, values: Array, colour: str) -> float:
    """Draw the middle 99% of numbers or dates; return the share that is missing."""
    there = ~np.isnat(values) if values.dtype.kind == "M" else np.isfinite(values)
    present = values[there]
    if values.dtype.kind == "M":
        present = present.astype("M8[s]").astype(np.float64) / 86400
        panel.xaxis_date()
    if len(present):
        low, high = np.quantile(present, [0.005, 0.995])
        panel.hist(np.clip(present, low, high), 30, color=colour, alpha=0.85)
    panel.locator_params(axis="x", nbins=3) if values.dtype.kind != "M" else panel.xaxis.set_major_locator(_locator())
    panel.locator_params(axis="y", nbins=3)
    return float(1 - there.mean())


def _locator() -> Any:
    from matplotlib.dates import AutoDateLocator

    return AutoDateLocator(minticks=2, maxticks=3)  # type: ignore[no-untyped-call]


def _bars(panel: Any, values: Array, colour: str) -> float:
    """Draw the most frequent categories; return the share that is missing."""
    counts = Counter(values.tolist())
    missing = counts.pop(None, 0)
    first = counts.most_common(MOST_BARS)
    if len(counts) > len(first):
        first.append((f"{len(counts) - len(first):,} more", len(values) - missing - sum(n for _, n in first)))
    names = [matplotlib_text(_short(str(value), _LONGEST)) for value, _ in first]
    panel.barh(range(len(first)), [n for _, n in first], color=colour, alpha=0.85)
    panel.set_yticks(range(len(first)), names)
    panel.invert_yaxis()
    panel.locator_params(axis="x", nbins=3)
    return missing / max(len(values), 1)


def _short(name: str, most: int) -> str:
    name = legible(name)
    return name if len(name) <= most else name[: most - 1] + "…"
