"""The benchmark in pictures: a panel of dots for each work, and how the cost grows."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from layerwise.formula.quoting import matplotlib_text
from layerwise.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, need, save

if TYPE_CHECKING:
    from layerwise.app.bench.results import Comparison, Growth

STYLES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))


def save_comparisons(comparisons: Sequence[Comparison], path: str | os.PathLike[str]) -> None:
    """Draw the time of each peer on each work into a picture file; lower is better, on a logarithmic scale.

    Raises
    ------
    OSError
        The path cannot be written to.
    UnknownNameError
        The ending is that of no format for pictures.
    """
    columns = min(2, len(comparisons))
    lines = -(-len(comparisons) // columns)
    tallest = max(len(comparison.measured) for comparison in comparisons)
    panels, save_panels = _figure(lines, columns, 6.4, 0.9 + 0.28 * tallest)
    for panel, comparison in zip(panels, comparisons):
        draw_comparison(panel, comparison)
    save_panels(path)


def draw_comparison(panel: Any, comparison: Comparison) -> None:
    """Draw one work: a dot for the fastest round, a line to the slowest."""
    labels = [one.label for one in comparison.measured]
    panel.set_yticks(range(len(labels)), list(map(matplotlib_text, labels)))
    panel.set_ylim(len(labels) - 0.5, -0.5)
    panel.set_xscale("log")
    for place, one in enumerate(comparison.measured):
        if one.microseconds is None or one.slowest is None:
            panel.text(0.02, place, "failed", transform=panel.get_yaxis_transform(), va="center", color=GREY)
            continue
        is_own = one.peer.startswith("layerwise")
        colour, marker = (BLUE, "o") if is_own else (ORANGE, "s")
        panel.plot([one.microseconds, one.slowest], [place, place], color=colour, linewidth=1.2, alpha=0.6)
        panel.plot(one.microseconds, place, color=colour, marker=marker, markersize=6)
        panel.annotate(
            f"{one.microseconds:,.3g}" if one.microseconds < 1000 else f"{one.microseconds:,.0f}",
            (one.slowest, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8,
        )  # fmt: skip
    known = [time for one in comparison.measured for time in (one.microseconds, one.slowest) if time is not None]
    if known:
        panel.set_xlim(10 ** math.floor(math.log10(min(known) / 1.1)), 10 ** math.ceil(math.log10(max(known) * 1.8)))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
    panel.set_title(matplotlib_text(comparison.heading, most=200), fontsize=8, loc="left")
    panel.set_xlabel(f"µs a {comparison.per}, lower is better", fontsize=8)
    _tidy(panel, "x")


def save_growth(growths: Sequence[Growth], path: str | os.PathLike[str]) -> None:
    """Draw how the cost grows into a picture file: a panel for each size, both axes logarithmic.

    Raises
    ------
    OSError
        The path cannot be written to.
    UnknownNameError
        The ending is that of no format for pictures.
    """
    columns = min(3, len(growths))
    panels, save_panels = _figure(-(-len(growths) // columns), columns, 4.2, 3.4)
    for panel, growth in zip(panels, growths):
        draw_growth(panel, growth)
    save_panels(path)


def draw_growth(panel: Any, growth: Growth) -> None:
    """Draw one size that grows: a line for each peer."""
    for (label, values), (colour, marker, line) in zip(growth.series.items(), STYLES):
        known = [(size, value) for size, value in zip(growth.sizes, values) if value is not None]
        if known:
            panel.plot(
                *zip(*known), color=colour, marker=marker, linestyle=line, markersize=4, label=matplotlib_text(label)
            )
    panel.set_xscale("log", base=10 if growth.name == "rows" else 2)
    panel.set_yscale("log")
    if growth.name != "rows":
        panel.set_xticks(growth.sizes, [f"{size:,}" for size in growth.sizes])
    panel.set_title(matplotlib_text(f"{growth.name}: {growth.network}", most=200), fontsize=8, loc="left")
    panel.set_xlabel(matplotlib_text(growth.name), fontsize=8)
    panel.set_ylabel(f"{growth.unit}, lower is better", fontsize=8)
    if panel.get_lines():
        panel.legend(frameon=False, fontsize=7)
    _tidy(panel, "both")


def _figure(lines: int, columns: int, width: float, height: float) -> tuple[list[Any], Any]:
    """Return the panels of a new figure, row by row, and a function that saves it."""
    need("drawing a benchmark")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)

    def save_panels(path: str | os.PathLike[str]) -> None:
        for panel in panels:
            if not panel.has_data() and not panel.get_title(loc="left"):
                panel.set_axis_off()
        save(figure, path)

    return panels, save_panels


def _tidy(panel: Any, grid: str) -> None:
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis=grid, alpha=0.3)
