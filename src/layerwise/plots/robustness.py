"""How much images may be disturbed before the answers are wrong: noise, rotation, shift."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.augmentation import sample
from layerwise.parts.description import number, whole_number
from layerwise.plots.models import Shape, as_seen, labels_of, rows_of_images, shape_of
from layerwise.plots.style import colours_of, panels, tidy
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def robustness(
    model: Any, X: ArrayLike, y: ArrayLike, ax: Axes | Array | None = None,
    *, noise: Sequence[float] = (0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
    rotation: Sequence[float] = (0, 5, 10, 15, 20, 30, 45),
    shift: Sequence[float] = (0, 1, 2, 3, 4, 6), shape: Shape | None = None, samples: int = 1000,
    random_state: int = 0,
) -> Array:  # fmt: skip
    """Draw the accuracy on noisy, rotated and shifted images, with an example of each.

    The accuracy is the mean over rotations in both directions, and over shifts up, down, left and right.

    Parameters
    ----------
    model : Network, Ensemble or estimator
        A classifier of images.
    X : array-like of shape (n, pixels)
        Images, light on 0. Pixels from outside are 0.
    y : array-like of shape (n,)
        Their labels.
    ax : array of three Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    noise : sequence of float, default=(0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
        Standard deviations of Gaussian noise, as fractions of the largest value.
    rotation : sequence of float, default=(0, 5, 10, 15, 20, 30, 45)
        Angles, in degrees.
    shift : sequence of float, default=(0, 1, 2, 3, 4, 6)
        Shifts, in pixels.
    shape : (height, width) or (height, width, 3), optional
        The shape of an image. By default that of the images in training, if the model has it, or a square.
    samples : int, default=1000
        The maximum number of images, the first ones.
    random_state : int, default=0
        The seed of the noise.

    Returns
    -------
    array of Axes of shape (3,)
        The axes of noise, rotation and shift.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    >>> history = net.fit(X[:500], y[:500], epochs=3, verbose=False)
    >>> panels = lw.plots.robustness(net, X_test, y_test, Figure().subplots(1, 3), samples=100)
    """
    samples = whole_number("robustness", "samples", samples, least=1)
    rows, shape = rows_of_images("robustness", X, shape_of(model, shape))
    true = labels_of("robustness", y, len(rows))[:samples]
    rows = rows[:samples]
    unit = 255.0 if rows.dtype == np.uint8 else float(np.abs(rows).max()) or 1.0
    ways: list[tuple[str, str, Sequence[float], Callable[[float], list[Array]]]] = [
        ("Noise", "standard deviation, % of full ink", noise, lambda s: [noisy(rows, s * unit, random_state)]),
        ("Rotation", "degrees, either way", rotation, lambda a: [turned(rows, shape, turn) for turn in (a, -a)]),
        ("Shift", "pixels, each of four ways", shift, lambda d: [
            moved(rows, shape, *by) for by in ((d, 0.0), (-d, 0.0), (0.0, d), (0.0, -d))]),
    ]  # fmt: skip
    checked = [[number("robustness", way[0].lower(), s, least=0) for s in way[2]] for way in ways]
    drawn = panels(ax, 3, "robustness (noise, rotation, shift)", (3.7, 3.4))
    for panel, (title, label, _, disturb), values in zip(drawn, ways, checked, strict=True):
        disturbed = [disturb(value) for value in values]
        accuracy = [float(np.mean([np.mean(model.predict(some) == true) for some in kinds])) for kinds in disturbed]
        examples = [as_seen(model, kinds[0][:1].reshape(1, *shape))[0] for kinds in disturbed]
        scale = 100 if title == "Noise" else 1
        _draw(panel, [scale * value for value in values], accuracy, examples)
        panel.set(xlabel=label, title=f"{title}: {accuracy[0]:.1%} to {accuracy[-1]:.1%}")
    drawn[0].set_ylabel("accuracy, %")
    return drawn


def noisy(rows: Array, deviation: float, random_state: int) -> Array:
    """Return the images with Gaussian noise of this standard deviation, in their own type."""
    drawn = np.random.default_rng(random_state).normal(0, deviation, rows.shape)
    return _as(rows, rows + drawn)


def turned(rows: Array, shape: Shape, degrees: float) -> Array:
    """Return the images turned about their centres, to the left where degrees are positive."""
    cy, cx = (np.array(shape[:2]) - 1) / 2
    i, j = np.indices(shape[:2], dtype=np.float64) - np.array([cy, cx])[:, None, None]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return _sampled(rows, shape, cos * i + sin * j + cy, cos * j - sin * i + cx)


def moved(rows: Array, shape: Shape, down: float, right: float) -> Array:
    """Return the images moved by so many pixels down and to the right; what comes in is 0."""
    i, j = np.indices(shape[:2], dtype=np.float64)
    return _sampled(rows, shape, i - down, j - right)


def _sampled(rows: Array, shape: Shape, y: Array, x: Array) -> Array:
    pictures = rows.astype(np.float32).reshape(-1, *shape[:2], math.prod(shape[2:]))
    places = [np.broadcast_to(at.astype(np.float32), pictures.shape[:3]) for at in (y, x)]
    return _as(rows, sample(pictures, places[0], places[1], 0.0).reshape(rows.shape))


def _as(rows: Array, values: Array) -> Array:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8) if rows.dtype == np.uint8 else values.astype(rows.dtype)


def _draw(panel: Any, values: list[float], accuracy: list[float], examples: list[Array]) -> None:
    colours = colours_of(panel)
    percent = [100 * a for a in accuracy]
    panel.plot(values, percent, "o-", color=colours.series[0], linewidth=2, markersize=5)
    panel.set_ylim(0, 130)
    panel.set_yticks(range(0, 101, 20))
    span = (values[-1] - values[0]) or 1.0
    panel.set_xlim(values[0] - 0.08 * span, values[-1] + 0.08 * span)
    last = -1.0
    wished = np.linspace(values[0], values[-1], 4)
    for place in sorted({int(np.abs(np.array(values) - at).argmin()) for at in wished}):
        share = (values[place] - values[0] + 0.08 * span) / (1.16 * span)
        if share - last < 0.17:
            continue
        last = share
        inset = panel.inset_axes([share - 0.08, 0.82, 0.16, 0.17])
        example = examples[place]
        if example.ndim == 3 and example.dtype != np.uint8:
            example = np.clip(example / (example.max() or 1), 0, 1)
        inset.imshow(example, cmap="gray" if colours.paper < "#808080" else "gray_r")
        inset.set_xticks([])
        inset.set_yticks([])
        inset.set_facecolor("none")
        for spine in inset.spines.values():
            spine.set_alpha(0.4)
    tidy(panel, "y")
