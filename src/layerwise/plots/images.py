"""Images in rows and columns: data, answers, the worst mistakes, and what hidden neurons look for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.network.models import network_of
from layerwise.parts.description import whole_number
from layerwise.parts.layers import Dense
from layerwise.plots.models import (
    Shape,
    as_seen,
    chosen_by,
    labels_of,
    names_of,
    probabilities_of,
    rows_of_images,
    shape_of,
    sides,
)
from layerwise.plots.style import colours_of, one_panel
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT = 0.42  # room for text above an image, as a share of its width, a line
INCHES = 0.95  # width of an image where the figure is ours


def images(
    X: ArrayLike, ax: Axes | None = None,
    *, titles: Sequence[str] | None = None, shape: Shape | None = None, columns: int | None = None,
) -> Axes:  # fmt: skip
    """Draw images side by side.

    Parameters
    ----------
    X : array-like of shape (n, pixels), (n, height, width) or (n, height, width, 3)
        The images.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    titles : sequence of str, optional
        The title above each image.
    shape : (height, width) or (height, width, 3), optional
        The shape of an image, with the colours red, green and blue. By default that of `X`, or a square.
    columns : int, optional
        The number of images in a row.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        The rows of `X` do not have that shape, or the numbers of titles and images differ.

    Examples
    --------
    >>> import layerwise as lw
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> panel = lw.plots.images(np.eye(4), Figure().subplots(), titles=["a", "b", "c", "d"])
    >>> [text.get_text() for text in panel.texts]
    ['a', 'b', 'c', 'd']
    """
    rows, shape = rows_of_images("images", X, shape)
    words = (
        [""] * len(rows)
        if titles is None
        else [matplotlib_text(title, keep="\n") if str(title) else "" for title in titles]
    )
    if len(words) != len(rows):
        raise ShapeError(f"images: {len(rows)} images need as many titles; got {len(words)}")
    axes: Axes = _mosaic("images", ax, rows.reshape(-1, *shape), words, None, columns)
    return axes


def predictions(
    model: Any, X: ArrayLike, y: ArrayLike | None = None, ax: Axes | None = None,
    *, count: int = 24, labels: Sequence[str] | None = None, shape: Shape | None = None,
    columns: int | None = None,
) -> Axes:  # fmt: skip
    """Draw the first images with their predictions and confidences.

    Parameters
    ----------
    model : Network, Ensemble or estimator
        A classifier of images.
    X : array-like of shape (n, pixels)
        The images.
    y : array-like of shape (n,), optional
        Their labels. Wrong predictions are then orange, with the right label.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    count : int, default=24
        The maximum number of images.
    labels : sequence of str, optional
        The names of the classes, in order.
    shape : tuple of int, optional
        As for `images`. By default that of the images in training, if the model was trained on a folder of images.
    columns : int, optional
        As for `images`.

    Returns
    -------
    Axes
        The axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    >>> history = net.fit(X[:500], y[:500], epochs=3, verbose=False)
    >>> panel = lw.plots.predictions(net, X_test, y_test, Figure().subplots(), count=12)
    """
    count = whole_number("predictions", "count", count, least=1)
    rows, shape = rows_of_images("predictions", X, shape_of(model, shape))
    true = None if y is None else labels_of("predictions", y, len(rows))[:count]
    rows = rows[:count]
    classes, shares = probabilities_of("predictions", model, rows)
    said = chosen_by(model, shares)
    sure = np.take_along_axis(shares, said[:, np.newaxis], axis=1)[:, 0]
    pictures = as_seen(model, rows.reshape(-1, *shape))
    axes: Axes = _answered("predictions", ax, pictures, true, classes, said, sure, labels, columns)
    return axes


def mistakes(
    model: Any, X: ArrayLike, y: ArrayLike, ax: Axes | None = None,
    *, count: int = 24, labels: Sequence[str] | None = None, shape: Shape | None = None,
    columns: int | None = None,
) -> Axes:  # fmt: skip
    """Draw the images with wrong predictions, the most confident ones first.

    Parameters
    ----------
    model : Network, Ensemble or estimator
        A classifier of images.
    X : array-like of shape (n, pixels)
        The images.
    y : array-like of shape (n,)
        Their labels.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    count : int, default=24
        The maximum number of images.
    labels : sequence of str, optional
        The names of the classes, in order.
    shape : tuple of int, optional
        As for `images`. By default that of the images in training, if the model was trained on a folder of images.
    columns : int, optional
        As for `images`.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    DataError
        All predictions are right.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    >>> history = net.fit(X[:500], y[:500], epochs=3, verbose=False)
    >>> panel = lw.plots.mistakes(net, X_test[:500], y_test[:500], Figure().subplots(), count=12)
    """
    count = whole_number("mistakes", "count", count, least=1)
    rows, shape = rows_of_images("mistakes", X, shape_of(model, shape))
    true = labels_of("mistakes", y, len(rows))
    classes, shares = probabilities_of("mistakes", model, rows)
    said = chosen_by(model, shares)
    wrong = np.flatnonzero(classes[said] != true)
    if not len(wrong):
        raise DataError(f"mistakes: all {len(rows):,} answers are right; plots.predictions(model, X, y) draws them")
    sure = np.take_along_axis(shares, said[:, np.newaxis], axis=1)[:, 0]
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    pictures = as_seen(model, rows[worst].reshape(-1, *shape))
    axes: Axes = _answered("mistakes", ax, pictures, true[worst], classes, said[worst], sure[worst], labels, columns)
    axes.set_title(f"The {len(worst)} worst of {len(wrong):,} mistakes among {len(rows):,} images")
    return axes


def weights(
    network: Any, ax: Axes | None = None,
    *, layer: int | None = None, count: int = 25, shape: Shape | None = None, columns: int | None = None,
) -> Axes:  # fmt: skip
    """Draw the weights of hidden neurons as images, the neurons with the largest weights first.

    Bright pixels raise the output of a neuron where the image is blue, and lower it where it is orange. In colour
    images the weights of red, green and blue are drawn as colours: brighter than grey for positive weights, darker for
    negative ones.

    Parameters
    ----------
    network : Network, Neuron or estimator
        A network whose inputs are images.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    layer : int, optional
        The index of a layer. By default the first with weights.
    count : int, default=25
        The maximum number of neurons.
    shape : tuple of int, optional
        As for `images`. By default that of the images in training, if the model was trained on a folder of images.
    columns : int, optional
        As for `images`.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        The layer has no weight matrix, or its inputs do not have the shape of an image.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0).build(784)
    >>> panel = lw.plots.weights(net, Figure().subplots(), count=9)
    """
    count = whole_number("weights", "count", count, least=1)
    plan, parameters = network_of("weights", network).built()
    matrices = [i for i, p in enumerate(parameters.p) if "W" in vars(p)]
    if not matrices or (layer is not None and layer not in matrices):
        raise ShapeError(f"weights: there is no matrix W in layer {layer}; the layers that have one: {matrices}")
    chosen = matrices[0] if layer is None else layer
    W, made = np.asarray(parameters.p[chosen].W, dtype=np.float64), plan.stages[chosen].layer
    if isinstance(made, Dense) and made.groups > 1:
        W = made.joined(W)
    sizes = sides("weights", len(W), shape_of(network, shape) if chosen == matrices[0] else shape)
    norms = np.linalg.norm(W, axis=0)
    order = np.argsort(-norms, kind="stable")[:count]
    words = [f"neuron {i}" for i in order]
    panel = _mosaic("weights", ax, W[:, order].T.reshape(-1, *sizes), words, None, columns, signed=True)
    shown = f"the {len(order)} largest of {W.shape[1]}" if len(order) < W.shape[1] else f"all {W.shape[1]}"
    panel.set_title(f"Weights of {matplotlib_text(type(made).__name__)} neurons, {shown}")
    axes: Axes = panel
    return axes


def _answered(
    owner: str, ax: Any, pictures: Array, true: Array | None, classes: Array, said: Array, sure: Array,
    labels: Sequence[str] | None, columns: int | None,
) -> Any:  # fmt: skip
    """Return images with the answer and its confidence above them."""
    names = names_of(owner, classes, labels)
    places = {label: i for i, label in enumerate(classes.tolist())}
    words, wrong = [], []
    for i, (place, share) in enumerate(zip(said, sure, strict=True)):
        is_wrong = true is not None and classes[place] != true[i]
        right = true[i].item() if true is not None else None
        is_one = f"is {names[places[right]] if right in places else matplotlib_text(right)}" if is_wrong else ""
        words.append("\n".join(filter(None, [f"{names[place]} {_percent(share)}", is_one])))
        wrong.append(is_wrong)
    panel = _mosaic(owner, ax, pictures, words, wrong, columns)
    if true is None:
        panel.set_title("What the network says, and how sure it is")
    else:
        panel.set_title(f"What the network says: {len(wrong) - sum(wrong)} of {len(wrong)} right")
    return panel


def _percent(share: float) -> str:
    return f"{share:.0%}" if share < 0.995 else f"{min(share, 0.9999):.1%}" if share < 0.9995 else "100%"


def _mosaic(
    owner: str, ax: Any, pictures: Array, words: list[str], marked: list[bool] | None, columns: int | None,
    signed: bool = False,
) -> Any:  # fmt: skip
    """Draw all pictures in one Axes, each below its words; `signed`: blue and orange, with a bar that says so."""
    n, height, width, *colored = pictures.shape
    columns = min(n, _columns(n) if columns is None else whole_number(owner, "columns", columns, least=1))
    lines, deepest = -(-n // columns), max(word.count("\n") + 1 if word else 0 for word in words)
    room = TEXT * width * (0.62 * deepest + 0.2 if deepest else 0.2)
    gap = max(1.0, 0.08 * width)
    tall = height + room
    inches = INCHES / (width + gap)
    panel = one_panel(ax, owner, (max(2.6, columns * INCHES + (0.9 if signed else 0)), lines * tall * inches + 0.5))
    colours = colours_of(panel)
    limit = float(np.quantile(np.abs(pictures), 0.998)) or 1.0
    low, high = (-limit, limit) if signed else (float(pictures.min()), float(pictures.max()) or 1.0)
    if colored:  # as they are, of weights grey for 0; of others than uint8, from the least to the largest
        low, high = (0, 255) if pictures.dtype == np.uint8 else (low, high)
        pictures = np.clip((pictures - low) / ((high - low) or 1), 0, 1)
    dark = colours.paper < "#808080"
    cmap = colours.diverging() if signed else ("gray" if dark else "gray_r")
    size = _text_size(panel, columns * (width + gap), lines * tall, width, words)
    for i, picture in enumerate(pictures):
        left, top = (i % columns) * (width + gap), (i // columns) * tall + room
        shown = panel.imshow(
            picture, extent=(left, left + width, top + height, top), cmap=cmap, vmin=low, vmax=high,
            interpolation="nearest",
        )  # fmt: skip
        wrong = marked is not None and marked[i]
        panel.text(
            left + width / 2, top - 0.03 * width, words[i], ha="center", va="bottom", fontsize=size, linespacing=1.05,
            color=colours.series[1] if wrong else colours.ink, fontweight="bold" if wrong else "normal",
        )  # fmt: skip
        edge = colours.series[1] if wrong else colours.muted
        panel.plot(
            [left, left + width, left + width, left, left], [top, top, top + height, top + height, top],
            color=edge, linewidth=1.6 if wrong else 0.5, alpha=1.0 if wrong else 0.4,
        )  # fmt: skip
    panel.set_xlim(-gap / 2, columns * (width + gap) - gap / 2)
    panel.set_ylim(lines * tall + gap / 2, 0)
    panel.set_aspect("equal")
    panel.set_axis_off()
    if signed and not colored:
        bar = panel.figure.colorbar(shown, ax=panel, shrink=0.7, fraction=0.05, pad=0.02)
        bar.set_label("weight: blue raises, orange lowers", color=colours.ink, fontsize=8)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, colors=colours.ink)
    return panel


def _columns(n: int) -> int:
    """Return a little more than the lines, so chosen that the last line is as full as can be."""
    wished = math.sqrt(1.5 * n)
    return n if n <= 5 else min(range(4, 11), key=lambda columns: -n % columns / columns + abs(columns - wished) / 5)


def _text_size(panel: Any, wide: float, high: float, width: float, words: list[str]) -> float:
    """In points, so that the longest line is as wide as its image."""
    box = panel.get_window_extent()
    scale = min(box.width / wide, box.height / high) * 72 / panel.figure.dpi
    longest = max((len(line) for word in words for line in word.split("\n")), default=1)
    return float(np.clip(min(scale * width * 1.6 / max(longest, 1), scale * width * TEXT * 0.55), 4, 11))
