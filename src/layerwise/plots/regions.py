"""What a network answers everywhere: regions of two inputs, and a curve over one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.rows import check_rows
from layerwise.errors import ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.parts.description import whole_number
from layerwise.parts.masked import unmasked
from layerwise.parts.metrics import r2_score
from layerwise.plots.models import chosen_by, inputs_of, labels_of, names_of, probabilities_of
from layerwise.plots.style import colours_of, legend, one_panel, tidy
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vP*X<>"  # a class is told by its mark, too
MOST_NAMED = 12  # classes in a legend


def decision_regions(
    model: Any, X: ArrayLike, y: ArrayLike | None = None, ax: Axes | None = None,
    *, resolution: int = 200, names: Sequence[str] = ("x₁", "x₂"), labels: Sequence[str] | None = None,
) -> Axes:  # fmt: skip
    """Draw the predicted class at each point of the plane, in stronger colours where it is more confident.

    Parameters
    ----------
    model : Network, Ensemble or estimator
        A classifier with two inputs.
    X : array-like of shape (n, 2)
        The samples. They set the range of the axes.
    y : array-like of shape (n,), optional
        Their labels. The samples are then drawn as dots, with a ring around wrong predictions.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    resolution : int, default=200
        The number of points along each axis.
    names : sequence of str, default=('x₁', 'x₂')
        The names of the inputs.
    labels : sequence of str, optional
        The names of the classes, in order.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        The model does not have two inputs.
    DataError
        The model is not a classifier.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, optimizer=lw.Adam(0.05), epochs=100, batch_size=300, verbose=False)
    >>> lw.plots.decision_regions(net, X, y, Figure().subplots()).get_xlabel()
    'x₁'
    """
    inputs_of("decision_regions", model, 2, "plots.layer_maps(network, X, y) or plots.confusion_matrix(y, answers)")
    points = np.asarray(check_rows(X, np.dtype(np.float64), "X", 2), dtype=np.float64)
    resolution = whole_number("decision_regions", "resolution", resolution, least=2)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.06 * np.where(high > low, high - low, 1.0)
    x1, x2 = (np.linspace(a, b, resolution) for a, b in zip(low - margin, high + margin, strict=True))
    grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    classes, shares = probabilities_of("decision_regions", model, grid)
    called = names_of("decision_regions", classes, labels)
    panel = one_panel(ax, "decision_regions", (5.2, 4.4))
    answers = chosen_by(model, shares).reshape(resolution, resolution)
    _shade(panel, answers, shares.max(axis=1).reshape(answers.shape), x1, x2, len(classes))
    title = "Decision regions: the stronger the colour, the surer"
    if y is not None:
        true = labels_of("decision_regions", y, len(points))
        said = classes[chosen_by(model, probabilities_of("decision_regions", model, points)[1])]
        right = said == true
        _dots(panel, points, true, right, classes, called)
        title = f"Decision regions: {right.mean():.1%} of {len(right):,} right"
    x_name, y_name = map(matplotlib_text, names)
    panel.set(xlabel=x_name, ylabel=y_name, title=title, xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    axes: Axes = panel
    return axes


def _shade(panel: Any, answers: Array, confidence: Array, x1: Array, x2: Array, count: int) -> None:
    """Draw the regions as an image, with a line between two of them."""
    from matplotlib.colors import to_rgb

    colours = colours_of(panel)
    palette = np.array([to_rgb(colour) for colour in colours.of_classes(count)])
    paper = np.array(to_rgb(colours.paper))
    strength = 0.08 + 0.42 * np.clip((confidence - 1 / count) / (1 - 1 / max(count, 2)), 0, 1)[..., None]
    shown = paper + strength * (palette[answers] - paper)
    panel.imshow(shown, origin="lower", extent=(x1[0], x1[-1], x2[0], x2[-1]), aspect="auto", interpolation="bilinear")
    for c in np.unique(answers)[:-1]:
        panel.contour(x1, x2, (answers <= c).astype(float), [0.5], colors=[colours.ink], linewidths=0.7, alpha=0.7)


def _dots(panel: Any, X: Array, y: Array, right: Array, classes: Array, names: Sequence[str]) -> None:
    colours = colours_of(panel)
    size = float(np.clip(4500 / len(X), 6, 28))
    for i, (label, colour) in enumerate(zip(classes, colours.of_classes(len(classes)), strict=True)):
        panel.scatter(
            *X[y == label].T, s=size, color=colour, marker=MARKERS[i % len(MARKERS)], edgecolors=colours.paper,
            linewidths=0.5, label=names[i] if len(classes) <= MOST_NAMED else f"_{names[i]}", zorder=3,
        )  # fmt: skip
    if not right.all():
        panel.scatter(
            *X[~right].T, s=3.2 * size, facecolors="none", edgecolors=colours.ink, linewidths=1.1,
            label=f"wrong ({(~right).sum():,})", zorder=4,
        )  # fmt: skip
    legend(panel, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="class", title_fontsize=8, markerscale=1.4)


def regression_curve(
    model: Any, X: ArrayLike, y: ArrayLike | None = None, ax: Axes | None = None,
    *, names: Sequence[str] = ("x", "y"),
) -> Axes:  # fmt: skip
    """Draw the predictions of a regression with one input, over the data.

    Parameters
    ----------
    model : Network, Ensemble or estimator
        A regression with one input. Each output is a curve.
    X : array-like of shape (n, 1)
        The samples. They set the range of the x axis.
    y : array-like of shape (n,) or (n, n_out), optional
        Their targets, drawn as dots.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    names : sequence of str, default=('x', 'y')
        The names of input and output.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        The model has several inputs.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> X, y = lw.datasets.make_sine()
    >>> net = lw.Network([lw.Dense(64), lw.Tanh(), lw.Dense(1)], random_state=0)
    >>> history = net.fit(X, y, epochs=2, verbose=False)
    >>> panel = lw.plots.regression_curve(net, X, y, Figure().subplots())
    """
    inputs_of("regression_curve", model, 1, "plots.decision_regions for two, plots.layer_maps for more")
    values = np.asarray(check_rows(X, np.dtype(np.float64), "X", 1), dtype=np.float64)[:, 0]
    margin = 0.04 * (float(np.ptp(values)) or 1.0)
    x = np.linspace(values.min() - margin, values.max() + margin, 601)
    curves = np.asarray(model.predict(x[:, None]), dtype=np.float64).reshape(len(x), -1)
    true = None if y is None else unmasked(y, "y", np.float64).reshape(len(values), -1)
    if true is not None and true.shape[1] != curves.shape[1]:
        raise ShapeError(
            f"regression_curve: y must have {curves.shape[1]} columns, as the answers have; got {true.shape[1]}"
        )
    panel = one_panel(ax, "regression_curve")
    colours = colours_of(panel)
    title = "What the network answers"
    if true is not None:
        for i in range(true.shape[1]):
            label = "_data" if i else "data"
            panel.plot(values, true[:, i], ".", color=colours.muted, markersize=4, alpha=0.6, label=label, zorder=1)
        score = r2_score(true, np.asarray(model.predict(values[:, None])).reshape(true.shape))
        title = f"What the network answers: R² {score:.4f}"
    for i, colour in zip(range(curves.shape[1]), colours.of_classes(curves.shape[1]), strict=True):
        label = "answer" if curves.shape[1] == 1 else f"answer {i}"
        panel.plot(x, curves[:, i], color=colour, linewidth=2, label=label)
    x_name, y_name = map(matplotlib_text, names)
    panel.set(xlabel=x_name, ylabel=y_name, title=title)
    tidy(panel, "both")
    legend(panel)
    axes: Axes = panel
    return axes
