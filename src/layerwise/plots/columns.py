"""The columns of a table: how much each matters, and how the answer changes with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.explain.dependence import Dependence
from layerwise.explain.importance import Importance
from layerwise.formula.quoting import matplotlib_text
from layerwise.parts.description import whole_number
from layerwise.plots.style import colours_of, legend, one_panel, tidy
from layerwise.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 6  # classes that are drawn
_LONGEST = 18  # characters of a name beside a picture
_HEIGHT = 0.2  # of the histogram of the rows, as a share of the panel
_DAYS = 86_400_000_000  # microseconds


def importance(found: Importance, ax: Axes | None = None, *, most: int = 15) -> Axes:
    """Draw the permutation importance of each column: the decrease of the score, and its spread over the repeats.

    Parameters
    ----------
    found : Importance
        The result of `permutation_importance` in ``layerwise.explain.importance``.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    most : int, default=15
        The maximum number of columns, the most important ones.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    TypeError
        `found` is not an `Importance`.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> from layerwise.explain.importance import Importance
    >>> import numpy as np
    >>> ax = Figure().subplots()
    >>> panel = lw.plots.importance(Importance(["a", "b"], np.array([[0.1, 0.2], [0.5, 0.4]]), 0.9), ax)
    >>> [label.get_text() for label in panel.get_yticklabels()]
    ['b', 'a']
    """
    if not isinstance(found, Importance):
        raise TypeError(f"importance draws what permutation_importance returns; got {type(found).__name__}")
    most = whole_number("importance", "most", most, least=1)
    ranking = found.ranking()[:most]
    panel: Any = one_panel(ax, "importance", (5.2, 1.2 + 0.28 * len(ranking)))
    colours = colours_of(panel)
    places = np.arange(len(ranking))
    means, spreads = (np.array([entry[i] for entry in ranking]) for i in (1, 2))
    panel.barh(places, means, height=0.62, color=colours.series[0], alpha=0.85)
    panel.errorbar(means, places, xerr=spreads, fmt="none", ecolor=colours.ink, elinewidth=1.2, capsize=3)
    panel.axvline(0, color=colours.muted, linewidth=1)
    panel.set_yticks(places, [matplotlib_text(name, most=_LONGEST) for name, _, _ in ranking])
    panel.invert_yaxis()
    panel.set(xlabel="score lost when the column is shuffled", title="How much each column matters")
    panel.locator_params(axis="x", nbins=5)
    tidy(panel, "x")
    axes: Axes = panel
    return axes


def partial_dependence(found: Dependence, ax: Axes | None = None, *, limits: tuple[float, float] | None = None) -> Axes:
    """Draw the mean prediction over the values of one column, above a histogram of the rows.

    For two classes the probability of the second is drawn; for more classes, those of the six that change most.

    Parameters
    ----------
    found : Dependence
        The result of `partial_dependence` in ``layerwise.explain.dependence``.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    limits : (float, float), optional
        The smallest and the largest prediction on the axis, to compare several columns. By default those of this
        column.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    TypeError
        `found` is not a `Dependence`.

    Examples
    --------
    >>> import layerwise as lw
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from layerwise.explain.dependence import Dependence
    >>> grid = np.array([1.0, 2.0, 4.0])
    >>> ax = Figure().subplots()
    >>> panel = lw.plots.partial_dependence(Dependence("age", "number", grid, grid[:, None], [], grid), ax)
    >>> panel.get_xlabel()
    'age'
    """
    if not isinstance(found, Dependence):
        raise TypeError(f"partial_dependence draws what the function of this name returns; got {type(found).__name__}")
    by_category = found.grid.dtype == object
    height = max(2.2, 0.9 + 0.27 * len(found.grid)) if by_category else 3.4
    panel: Any = one_panel(ax, "partial_dependence", (5.2, height))
    colours = colours_of(panel)
    outputs = _outputs(found)
    palette = colours.of_classes(max(len(outputs), 1))
    for colour, k in zip(palette, outputs, strict=True):
        name = matplotlib_text(found.labels[k], most=_LONGEST) if found.labels else f"output {k}"
        if by_category:
            panel.plot(found.averages[:, k], np.arange(len(found.grid)), "o", color=colour, markersize=6, label=name)
        else:
            panel.plot(_axis(found.grid), found.averages[:, k], ".-", color=colour, linewidth=2, label=name)
    answer = _answer(found)
    low, high = drawn_range(found) if limits is None else limits
    if by_category:
        _categories(panel, found, colours.muted)
        panel.set_xlabel(answer)
        _room(panel.xaxis, low, high)
    else:
        _histogram(panel, found, colours.muted)
        panel.set(xlabel=matplotlib_text(found.name), ylabel=answer)
        _room(panel.yaxis, low, high)
    panel.set_title(f"by {matplotlib_text(found.name, most=24)}")
    if len(outputs) > 1:
        legend(panel, loc="best")
    axes: Axes = panel
    return axes


def drawn_range(found: Dependence) -> tuple[float, float]:
    """Return the least and the greatest of the means that are drawn."""
    drawn = found.averages[:, _outputs(found)]
    return float(drawn.min()), float(drawn.max())


def _outputs(found: Dependence) -> list[int]:
    """Return which outputs are drawn."""
    if len(found.labels) == 2 and found.averages.shape[1] == 2:
        return [1]
    spans = np.ptp(found.averages, axis=0)
    return sorted(np.argsort(-spans, kind="stable")[:MOST_LABELS].tolist())


def _answer(found: Dependence) -> str:
    if not found.labels:
        return "mean answer"
    if len(found.labels) == 2 and found.averages.shape[1] == 2:
        return f"probability of {matplotlib_text(found.labels[1], most=_LONGEST)}"
    return "probability"


def _axis(values: Array) -> Array:
    """Return numbers as they are, and dates as matplotlib counts them: days since 1970."""
    return values.astype("M8[us]").astype(np.int64) / _DAYS if values.dtype.kind == "M" else values


def _histogram(panel: Any, found: Dependence, colour: str) -> None:
    """Draw how many rows are where, along the bottom, within the range of the grid."""
    values, grid = found.values[found.values == found.values], _axis(found.grid)
    low, high = float(grid.min()), float(grid.max())
    inside = _axis(values)
    inside = inside[(inside >= low) & (inside <= high)]
    if high > low:
        counts, edges = np.histogram(inside, 30, (low, high))
        heights = _HEIGHT * counts / max(int(counts.max()), 1)
        panel.bar(
            edges[:-1], heights, np.diff(edges), align="edge", color=colour, alpha=0.35,
            transform=panel.get_xaxis_transform(), zorder=0,
        )  # fmt: skip
    if found.grid.dtype.kind == "M":
        panel.xaxis_date()
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator: Any = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
        panel.xaxis.set_major_locator(locator)
        panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    tidy(panel, "y")


def _room(axis: Any, low: float, high: float) -> None:
    """Leave room for the histogram below the means, without ticks."""
    span = high - low or abs(high) or 1.0
    bottom, top = low - (_HEIGHT + 0.12) / (1 - _HEIGHT - 0.18) * span, high + 0.06 * span
    axis.axes.set_xlim(bottom, top) if axis.axis_name == "x" else axis.axes.set_ylim(bottom, top)
    ticks = axis.get_major_locator().tick_values(low, top)
    axis.set_ticks([tick for tick in ticks if low - 0.08 * span <= tick <= top])


def _categories(panel: Any, found: Dependence, colour: str) -> None:
    """Draw what share of the rows has each category, along the left, and name them."""
    values = found.values.tolist()
    shares = np.array([values.count(value) for value in found.grid.tolist()]) / max(len(values), 1)
    places = np.arange(len(found.grid))
    panel.barh(
        places, _HEIGHT * shares / max(shares.max(), 1e-9), height=0.7, color=colour, alpha=0.35,
        transform=panel.get_yaxis_transform(), zorder=0,
    )  # fmt: skip
    names = [f"{matplotlib_text(v, most=_LONGEST)} ({s:.0%})" for v, s in zip(found.grid.tolist(), shares, strict=True)]
    panel.set_yticks(places, names)
    panel.set_ylim(len(places) - 0.4, -0.6)
    panel.locator_params(axis="x", nbins=5)
    tidy(panel, "x")
