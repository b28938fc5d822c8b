"""Pictures inside the page: drawn twice, for light and for dark, the reader's system chooses."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.formula.quoting import markup, matplotlib_text
from layerwise.plots.style import colours_of, legend, style, tidy
from layerwise.typing import Array

MOST_POINTS = 2000  # of a scatter
KINDS = {"svg": "image/svg+xml", "png": "image/png"}


def picture(
    words: str, draw: Callable[[Any], Any], size: tuple[float, float], *, panels: int = 1, kind: str = "svg"
) -> str:
    """Return what `draw` draws into the Axes that it is given, as HTML: one, or an array of several.

    Parameters
    ----------
    words : str
        What is seen, for those who do not see.
    draw : function
        Of Axes.
    size : (float, float)
        Of a panel, in inches.
    panels : int
        How many, side by side.
    kind : {"svg", "png"}
        The format.
    """
    light, dark = (_encoded(draw, (size[0] * panels, size[1]), panels, kind, is_dark) for is_dark in (False, True))
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{markup(words)}"></picture></figure>'
    )


def _encoded(draw: Callable[[Any], Any], size: tuple[float, float], panels: int, kind: str, dark: bool) -> str:
    """Return the picture as a data URL; the same bits each time."""
    import matplotlib
    from matplotlib.figure import Figure

    with style(dark), matplotlib.rc_context({"svg.hashsalt": "layerwise"}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, panels)
        draw(axes)
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=110, metadata={"Date": None} if kind == "svg" else None)
    return f"data:{KINDS[kind]};base64,{base64.b64encode(content.getvalue()).decode()}"


def against(y: Array, said: Array, panel: Any, name: str, band: float | None = None) -> None:
    """Draw numbers answered over the numbers that are so: on the diagonal they agree.

    `band` is half the width of an interval around each answer, which holds the number of a row within the band.
    """
    shown = slice(None, None, -(-len(y) // MOST_POINTS))
    colours = colours_of(panel)
    low, high = (float(f([f(y), f(said)])) for f in (np.min, np.max))
    name = matplotlib_text(name)
    panel.plot([low, high], [low, high], "--", color=colours.muted, linewidth=1)
    if band is not None:
        inside = float((np.abs(said - y) <= band).mean())
        ends = np.array([low, high])
        words = f"90% interval: holds {inside:.1%} of the rows"
        panel.fill_between(
            ends, ends - band, ends + band, color=colours.series[1], alpha=0.18, linewidth=0, label=words
        )
    panel.plot(y[shown], said[shown], "o", color=colours.series[0], markersize=3, alpha=0.5)
    panel.set(xlabel=f"{name}, as it is", ylabel=f"{name}, as answered", title="Answers beside what is so")
    tidy(panel, "both")
    legend(panel, loc="upper left")


def residuals(y: Array, said: Array, panel: Any, name: str) -> None:
    """Draw how far off the answers are, as a histogram."""
    colours = colours_of(panel)
    panel.hist(said - y, bins=40, color=colours.series[0], alpha=0.8)
    panel.axvline(0, color=colours.muted, linewidth=1, linestyle="--")
    panel.set(xlabel=f"answer - {matplotlib_text(name)}", ylabel="rows", title="Errors")
    tidy(panel, "y")
