"""Learning curves: loss and accuracy by epoch, on the training and on the validation data."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise.errors import ShapeError, UnknownNameError, missing
from layerwise.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"  # of Okabe and Ito's palette: told apart by every eye
COLUMNS = ("loss", "accuracy")
FORMATS = ("png", "pdf", "svg", "jpg", "jpeg")


def learning_curves(
    history: Mapping[str, Sequence[float]], ax: Axes | Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """Draw how a training went: a panel for the loss and, if there is one, a panel for the accuracy.

    Parameters
    ----------
    history : History or dict of lists
        What `Network.fit` returned.
    ax : Axes or sequence of Axes, optional
        Where to draw, an Axes a panel; by default a new figure of pyplot.

    Returns
    -------
    tuple of Axes
        The panels: loss, accuracy.

    Raises
    ------
    ShapeError
        Another number of Axes than of panels, or a history without epochs.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> history = {"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]}
    >>> [panel] = learning_curves(history, Figure().subplots())
    >>> panel.get_xlabel()
    'epoch'
    """
    names = [name for name in COLUMNS if len(history.get(name, ()))]
    if not names:
        raise ShapeError("learning_curves needs a history with at least one epoch: call fit first")
    given: Any = _new_axes(len(names)) if ax is None else ax
    panels = tuple(given) if hasattr(given, "__len__") else (given,)  # an array of Axes is no Sequence
    if len(panels) != len(names):
        raise ShapeError(f"learning_curves draws {len(names)} panels ({', '.join(names)}); {len(panels)} Axes came")
    for panel, name in zip(panels, names, strict=True):
        _draw(panel, name, history)
    return panels


def save_learning_curves(history: Mapping[str, Sequence[float]], path: str | os.PathLike[str]) -> None:
    """Draw the learning curves into a picture file, whose name's ending gives the format; no display is needed.

    Raises
    ------
    OSError
        The path cannot be written to.
    UnknownNameError
        The ending is that of no format for pictures.
    """
    kind = picture_format(path)
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise missing("matplotlib", "plot", "drawing learning curves") from None
    panels = sum(1 for name in COLUMNS if len(history.get(name, ())))
    figure = Figure(figsize=(5.2 * max(panels, 1), 3.8), layout="constrained")
    learning_curves(history, figure.subplots(1, max(panels, 1), squeeze=False)[0])
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=150)
    write_whole(Path(path), content.getvalue())


def picture_format(path: str | os.PathLike[str]) -> str:
    """The format that a picture file's name asks for, PNG if it has no ending.

    Raises
    ------
    UnknownNameError
        The ending is that of no format for pictures.
    """
    kind = Path(path).suffix.lstrip(".").lower() or "png"
    if kind not in FORMATS:
        raise UnknownNameError(f"{os.fspath(path)}: .{kind} is no format for pictures; known: {', '.join(FORMATS)}")
    return kind


def _new_axes(panels: int) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise missing("matplotlib", "plot", "drawing learning curves") from None
    return plt.subplots(1, panels, figsize=(5.2 * panels, 3.8), layout="constrained", squeeze=False)[1][0]


def _draw(panel: Any, name: str, history: Mapping[str, Sequence[float]]) -> None:
    """One panel: training, validation if there is one, and the best epoch."""
    training, validation = history[name], history.get(f"val_{name}", ())
    scale = 100 if name == "accuracy" else 1
    epochs = range(1, len(training) + 1)
    few = {"marker": "o", "markersize": 3} if len(training) <= 30 else {}
    panel.plot(epochs, [scale * v for v in training], color=BLUE, label="training", **few)
    if len(validation):
        panel.plot(epochs, [scale * v for v in validation], color=ORANGE, linestyle="--", label="validation", **few)
    watched = validation if len(validation) else training
    best = (max if name == "accuracy" else min)(range(len(watched)), key=watched.__getitem__)
    value = scale * watched[best]
    text = f"{value:.2f}%" if name == "accuracy" else f"{value:.3g}"
    panel.axvline(best + 1, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    panel.plot(
        best + 1, value, color=GREY, linestyle="none", marker="o", markersize=9, fillstyle="none",
        label=f"best: {text}, epoch {best + 1}",
    )  # fmt: skip
    panel.set(xlabel="epoch", ylabel="accuracy, %" if name == "accuracy" else name, title=name.capitalize())
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", alpha=0.3)
    panel.legend(frameon=False, loc="best")
