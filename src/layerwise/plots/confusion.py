"""The confusion matrix: what was taken for what, in counts and in shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.parts import metrics
from layerwise.plots.models import LONGEST, labels_of
from layerwise.plots.style import colours_of, one_panel
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WRITTEN = 20  # classes whose numbers are written into their fields


def confusion_matrix(
    y_true: ArrayLike, y_pred: ArrayLike, ax: Axes | None = None, *, labels: Sequence[object] | None = None
) -> Axes:
    r"""Draw a confusion matrix: how often each class (row) was predicted as each class (column).

    Each cell has the count and its percentage of the row. Right predictions are blue and wrong ones orange, shaded on
    separate scales, so that a few mistakes among many predictions are visible.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        The true and the predicted labels, of any kind.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    labels : sequence, optional
        The names of the classes 0, 1, …; or, for labels that are names, their order.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        `y_true` and `y_pred` differ in their number.
    DataError
        `labels` does not contain a label.

    See Also
    --------
    layerwise.metrics.confusion_matrix : The numbers.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> panel = lw.plots.confusion_matrix([0, 0, 1], [0, 1, 1], Figure().subplots(), labels=["cat", "dog"])
    >>> [text.get_text() for text in panel.texts]
    ['1\n50%', '1\n50%', '', '1\n100%']
    """
    if np.ndim(y_true) == 0 or not len(np.asarray(y_true)):
        raise ShapeError("confusion_matrix needs labels and answers (n,), at least one of each")
    true = labels_of("confusion_matrix", y_true, len(np.asarray(y_true)))
    said = labels_of("confusion_matrix (y_pred)", y_pred, len(true))
    known, names = _classes(true, said, labels)
    places = {label: place for place, label in enumerate(known)}
    counts = metrics.confusion_matrix(
        [places[label] for label in true.tolist()], [places[label] for label in said.tolist()], len(known)
    )
    side = float(np.clip(0.52 * len(known) + 1.6, 3.6, 8.0))
    panel = one_panel(ax, "confusion_matrix", (side, side))
    _draw(panel, counts, names)
    right = int(np.trace(counts))
    panel.set_title(f"{right / len(true):.2%} right: {right:,} of {len(true):,}")
    axes: Axes = panel
    return axes


def _classes(true: Array, said: Array, labels: Sequence[object] | None) -> tuple[list[Any], list[str]]:
    """Return the labels that occur, in order, and the names to write."""
    try:
        found = sorted(set(true.tolist()) | set(said.tolist()))
    except TypeError:
        raise DataError(
            f"confusion_matrix: y_true has {true.dtype} labels and y_pred {said.dtype}; they must be of one kind"
        ) from None
    if labels is None:
        return found, [matplotlib_text(label, most=LONGEST) for label in found]
    named = list(labels)
    whole = all(isinstance(label, (int, np.integer)) for label in found)
    if whole and not set(found) <= set(named):
        known: list[Any] = list(range(len(named)))
    else:
        known = named
    absent = [label for label in found if label not in known]
    if absent:
        raise DataError(
            f"confusion_matrix: got {absent[0]!r}, and labels has {len(named)} other classes ({named[0]!r}, …): "
            "name all of them"
        )
    return known, [matplotlib_text(name, most=LONGEST) for name in named]


def _draw(panel: Any, counts: Array, names: list[str]) -> None:
    from matplotlib.colors import to_rgb

    colours, size = colours_of(panel), len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = shares * (1 - np.eye(size))
    blue, orange = colours.towards(colours.series[0]), colours.towards(colours.series[1])
    most = max(float(wrong.max()), 0.002)
    image = np.where(np.eye(size, dtype=bool)[..., None], blue(0.95 * np.sqrt(shares)), orange(0.9 * wrong / most))[
        ..., :3
    ]
    image[counts == 0] = to_rgb(colours.paper)
    panel.imshow(image, interpolation="nearest")
    many = size > MOST_WRITTEN
    turned = max(map(len, names)) * size > 55
    step = -(-size // 40)
    panel.set_xticks(
        range(0, size, step), names[::step], rotation=45 if turned else 0, ha="right" if turned else "center",
        rotation_mode="anchor",
    )  # fmt: skip
    panel.set_yticks(range(0, size, step), names[::step])
    panel.set(xlabel="answer", ylabel="true class")
    panel.tick_params(length=0)
    panel.set_xticks(np.arange(-0.5, size), minor=True)
    panel.set_yticks(np.arange(-0.5, size), minor=True)
    panel.tick_params(which="minor", length=0)
    if not many:
        panel.grid(which="minor", color=colours.muted, alpha=0.25, linewidth=0.6)
        _write(panel, counts, shares, image)


def _write(panel: Any, counts: Array, shares: Array, image: Array) -> None:
    """Write the numbers, in ink that can be read on their fields."""
    panel.figure.canvas.figure.draw_without_rendering()  # long names take their room now, and what is left is known
    box = panel.get_window_extent()
    points = min(box.width, box.height) * 72 / panel.figure.dpi / len(counts)
    widest = max(len(f"{counts.max():,}"), 4)
    size = float(np.clip(min(1.3 * points / widest, points / 2.8), 4.5, 13))
    for i, j in np.ndindex(*counts.shape):
        bright = float((image[i, j] ** 2.2) @ (0.2126, 0.7152, 0.0722)) > 0.22  # then black is seen better than white
        text = f"{counts[i, j]:,}\n{_percent(float(shares[i, j]))}" if counts[i, j] else ""
        panel.text(
            j, i, text, ha="center", va="center", fontsize=size, linespacing=1.15,
            color="#1A1A1A" if bright else "#FFFFFF",
        )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"
