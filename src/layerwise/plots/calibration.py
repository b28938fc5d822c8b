"""Whether confidence can be believed: how often the model is right when it says how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layerwise.parts.description import whole_number
from layerwise.parts.metrics import calibration_bins, coverage_curve, expected_calibration_error
from layerwise.plots.style import colours_of, legend, one_panel, tidy
from layerwise.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 10  # samples in a bin whose accuracy says something


def reliability(y: ArrayLike, probabilities: ArrayLike, ax: Axes | None = None, *, bins: int = 15) -> Axes:
    """Draw a reliability diagram: how often predictions are right, by their confidence.

    Points below the diagonal mean overconfidence. The bars are the fraction of samples in each bin. The expected
    calibration error is the mean distance from the diagonal over the samples [1]_.

    Parameters
    ----------
    y : array-like of shape (n,)
        The classes as whole numbers, the columns of `probabilities`.
    probabilities : array-like of shape (n, n_classes)
        As from `Network.predict_proba`.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    bins : int, default=15
        The number of bins of equal width.

    Returns
    -------
    Axes
        The axes.

    See Also
    --------
    layerwise.calibrate : Calibrate the probabilities of a network.
    layerwise.metrics.calibration_bins : The numbers.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> panel = lw.plots.reliability([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], Figure().subplots())
    >>> panel.get_xlabel()
    'confidence, %'
    """
    bins = whole_number("reliability", "bins", bins, least=1)
    confidence, accuracy, counts = calibration_bins(y, probabilities, bins)
    error = expected_calibration_error(y, probabilities, bins)
    panel = one_panel(ax, "reliability", (4.8, 4.4))
    colours = colours_of(panel)
    filled = counts > 0
    few = filled & (counts < min(LEAST, counts.max()))
    many = filled & ~few
    edges = 100 * np.linspace(0, 1, bins + 1)
    shares = 100 * counts / counts.sum()
    panel.stairs(
        shares, edges, fill=True, color=colours.muted, alpha=0.35, label=f"share of the {counts.sum():,} samples"
    )
    panel.plot([0, 100], [0, 100], color=colours.muted, linewidth=1, linestyle="--", label="as sure as right")
    panel.vlines(
        100 * confidence[many], 100 * accuracy[many], 100 * confidence[many], color=colours.series[1],
        linewidth=2, label="gap",
    )  # fmt: skip
    panel.plot(100 * confidence[many], 100 * accuracy[many], "o-", color=colours.series[0], markersize=5, label="right")
    if few.any():
        panel.plot(
            100 * confidence[few], 100 * accuracy[few], "o", color=colours.muted, fillstyle="none", markersize=4,
            label=f"right, of fewer than {LEAST} samples",
        )  # fmt: skip
    first = np.argmax(filled)
    panel.set(
        xlabel="confidence, %", ylabel="right, %", xlim=(min(float(edges[first]), 90.0), 100), ylim=(0, 102),
        title=f"Reliability: expected calibration error {error:.1%}",
    )  # fmt: skip
    tidy(panel, "both")
    legend(panel, loc="upper left")
    axes: Axes = panel
    return axes


def coverage(y: ArrayLike, probabilities: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the accuracy of the most confident predictions over their fraction, the coverage.

    Parameters
    ----------
    y : array-like of shape (n,)
        The classes as whole numbers, the columns of `probabilities`.
    probabilities : array-like of shape (n, n_classes)
        As from `Network.predict_proba`.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.

    Returns
    -------
    Axes
        The axes.

    See Also
    --------
    layerwise.metrics.coverage_curve : The numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> panel = lw.plots.coverage([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], Figure().subplots())
    """
    part, accuracy, confidence = coverage_curve(y, probabilities)
    panel = one_panel(ax, "coverage")
    colours = colours_of(panel)
    part *= 100
    panel.plot(part, 100 * accuracy, color=colours.series[0], linewidth=2, label="accuracy of what is answered")
    low = 100 * float(accuracy[len(part) // 20 :].min())
    span, last = max(100 - low, 0.5), -np.inf
    for share in (1.0, 0.95, 0.9, 0.8, 0.5):
        i = max(0, round(share * len(part)) - 1)
        if 100 * accuracy[i] - last < 0.13 * span:
            continue  # its words would stand on the others
        last = 100 * float(accuracy[i])
        panel.plot(part[i], 100 * accuracy[i], "o", color=colours.series[1], markersize=5, label=f"_at {share:g}")
        panel.annotate(
            f"{100 * accuracy[i]:.2f}%\nif {100 * confidence[i]:.0f}% sure", (part[i], 100 * accuracy[i]),
            xytext=(-5, -6), textcoords="offset points", ha="right", va="top", fontsize=7.5, color=colours.ink,
        )  # fmt: skip
    panel.set_ylim(low - 0.35 * span, 100 + 0.05 * span)
    panel.set(
        xlabel="answered, % of samples: the surest first", ylabel="right, % of those answered", xlim=(0, 101),
        title="Coverage: what it is worth to answer only if sure",
    )  # fmt: skip
    tidy(panel, "both")
    axes: Axes = panel
    return axes
