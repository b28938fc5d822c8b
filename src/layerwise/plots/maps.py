"""How classes come apart from layer to layer: each layer's outputs, many numbers a sample, laid out in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.network.models import network_of
from layerwise.parts.description import whole_number
from layerwise.parts.masked import unmasked
from layerwise.plots.models import labels_of, name_of, names_of
from layerwise.plots.regions import MARKERS
from layerwise.plots.style import colours_of, panels
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMED = 20  # classes whose names are written


def layer_maps(
    network: Any, X: ArrayLike, y: ArrayLike, ax: Axes | Array | None = None,
    *, samples: int = 1000, labels: Sequence[str] | None = None,
) -> Array:  # fmt: skip
    """Draw the inputs and the outputs of each layer in two dimensions, coloured by class.

    The dimensions are the first two principal components. For a layer followed by `Softmax`, its inputs are drawn.

    Parameters
    ----------
    network : Network or estimator
        A classifier, trained or not.
    X : array-like of shape (n, n_in)
        The samples.
    y : array-like of shape (n,)
        Their labels.
    ax : array of Axes, optional
        The axes to draw on, one for the inputs and one for each layer. By default those of a new pyplot figure.
    samples : int, default=1000
        The maximum number of samples, the first ones.
    labels : sequence of str, optional
        The names of the classes, in order.

    Returns
    -------
    array of Axes
        The axes.

    Raises
    ------
    DataError
        The network is not a classifier.
    ShapeError
        There are too few samples, or X and y differ in their number.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=3, verbose=False)
    >>> panels = lw.plots.layer_maps(net, X, y, Figure().subplots(1, 3))
    """
    samples = whole_number("layer_maps", "samples", samples, least=3)
    net = network_of("layer_maps", network)
    if net.task is not None and net.task.kind != "classification":
        raise DataError(
            f"layer_maps colours samples by class; the network was trained for {net.task.kind}: "
            "use plots.histograms or plots.unit_activity"
        )
    data = unmasked(X, "X")
    true = labels_of("layer_maps", y, len(data))[:samples]
    data = data[:samples]
    if len(data) < 3:
        raise ShapeError(f"layer_maps needs at least 3 samples to lay them out; got {len(data)}")
    groups, outputs = net.built()[0].groups, net.activations(data)
    shown = [("inputs", data.astype(np.float64))]
    for group in groups:
        # Probabilities gather in the corners, one over the other; the scores before them do not.
        scores = len(group) > 1 and group[-1].layer.gives == "distribution"
        name = f"{name_of(group[:-1])}, before Softmax" if scores else name_of(group)
        shown.append((name, outputs[group[-2 if scores else -1].index]))
    known = None if net.task is None or labels is None else net.task.classes
    classes = np.unique(true) if known is None else known
    names = names_of("layer_maps", classes, labels)
    drawn = panels(ax, len(shown), "layer_maps", (3.1, 3.2), min(len(shown), 4))
    for panel, (name, values) in zip(drawn, shown, strict=True):
        places, kept = plane(values)
        _dots(panel, places, true, classes, names)
        panel.set_title(f"{name}\n{kept:.0%} of the variance", fontsize=9)
    return drawn


def plane(values: Array) -> tuple[Array, float]:
    """Return the first two principal components (n, 2), and the share of the variance that they keep.

    The centred values are U S Vᵀ, and U S has the components as its columns. Signs are chosen so that in each the
    value farthest from 0 is positive.

    Examples
    --------
    >>> places, kept = plane(np.array([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]]))
    >>> places.round(3).tolist(), round(kept, 6)
    ([[-2.828, 0.0], [-1.414, 0.0], [4.243, 0.0]], 1.0)
    """
    centred = np.asarray(values, dtype=np.float64) - np.mean(values, axis=0, dtype=np.float64)
    U, S, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(centred), 2))
    width = min(2, len(S))
    places[:, :width] = U[:, :width] * S[:width]
    places[:, 1:][np.abs(places[:, 1:]) < 1e-12 * max(float(S[0]), 1.0)] = 0.0
    farthest = np.abs(places).argmax(axis=0)
    places *= np.where(places[farthest, [0, 1]] < 0, -1.0, 1.0)
    total = float(np.sum(S**2))
    return places, float(np.sum(S[:2] ** 2)) / total if total else 1.0


def _dots(panel: Any, places: Array, y: Array, classes: Array, names: Sequence[str]) -> None:
    colours = colours_of(panel)
    for i, (label, colour) in enumerate(zip(classes, colours.of_classes(len(classes)), strict=True)):
        own = places[y == label]
        panel.scatter(
            *own.T, s=float(np.clip(9000 / len(y), 7, 30)), color=colour, marker=MARKERS[i % len(MARKERS)],
            alpha=0.75, linewidths=0, label=names[i],
        )  # fmt: skip
    for i, (label, colour) in enumerate(zip(classes, colours.of_classes(len(classes)), strict=True)):
        if len(classes) > MOST_NAMED:
            break
        if not (y == label).any():
            continue
        at = np.median(places[y == label], axis=0)
        panel.text(
            *at, names[i], ha="center", va="center", fontsize=9,
            fontweight="bold", color=colours.ink,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": colours.paper, "edgecolor": colour, "alpha": 0.85},
        )  # fmt: skip
    panel.set_xticks([])
    panel.set_yticks([])
    panel.margins(0.06)
    for spine in panel.spines.values():
        spine.set_alpha(0.4)
