"""How a training went, and how its learning rate was found: numbers by epoch and by step."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.plots.style import colours_of, legend, need, one_panel, panels, picture_format, save, tidy
from layerwise.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from layerwise.training.callbacks import LearningRateFinder

COLUMNS = ("loss", "accuracy")
Table = Mapping[str, Sequence[float]]


def learning_curves(history: Table | Mapping[str, Table], ax: Axes | Sequence[Axes] | Array | None = None) -> Array:
    """Draw the loss over the epochs, and the accuracy if there is one.

    Parameters
    ----------
    history : History, dict of lists, or dict of these
        The result of `Network.fit`; or several by name, to compare them. Each is then drawn by its validation data, if
        it has any, with a thin line for its training data.
    ax : Axes or sequence of Axes, optional
        The axes to draw on, one for each panel. By default those of a new pyplot figure.

    Returns
    -------
    array of Axes
        The axes of loss and accuracy.

    Raises
    ------
    ShapeError
        The numbers of axes and panels differ, or a history has no epochs.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> history = {"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]}
    >>> [panel] = lw.plots.learning_curves(history, Figure().subplots())
    >>> panel.get_xlabel()
    'epoch'
    >>> [panel] = lw.plots.learning_curves({"Adam": history, "SGD": {"loss": [1.2, 0.9, 0.7]}}, Figure().subplots())
    >>> [text.get_text() for text in panel.get_legend().get_texts()]
    ['Adam: 0.6, epoch 2', 'SGD: 0.7, epoch 3']
    """
    named = _by_name(history)
    names = [name for name in COLUMNS if any(len(one.get(name, ())) for one in named.values())]
    if not names:
        raise ShapeError("learning_curves needs a history with at least one epoch: call fit first")
    drawn = panels(ax, len(names), f"learning_curves ({', '.join(names)})")
    for panel, name in zip(drawn, names, strict=True):
        if named.keys() == {None}:
            _draw(panel, name, named[None])
        else:
            _compare(panel, name, named)
        panel.set(xlabel="epoch", ylabel="accuracy, %" if name == "accuracy" else name, title=name.capitalize())
        panel.xaxis.get_major_locator().set_params(integer=True)
        tidy(panel, "y")
        legend(panel)
    return drawn


def _by_name(history: Table | Mapping[str, Table]) -> dict[Any, Table]:
    """Return the histories by their names; one that has none, by None."""
    if not isinstance(history, Mapping):
        raise TypeError(
            "learning_curves needs a History, or several by name: {'first': history, …}; got "
            f"{type(history).__name__}"
        )
    values = list(history.values())
    if values and all(isinstance(value, Mapping) for value in values):
        return dict(history)  # type: ignore[arg-type]
    return {None: history}  # type: ignore[dict-item]


def save_learning_curves(history: Table | Mapping[str, Table], path: str | os.PathLike[str]) -> None:
    """Draw the learning curves to an image file. No display is needed.

    Parameters
    ----------
    history : History or dict
        The result of `Network.fit`, the columns of a log, or several of these by name.
    path : str or path-like
        The file. Its suffix is the format, such as ``"curves.svg"``.

    Raises
    ------
    OSError
        The path cannot be written.
    UnknownNameError
        The suffix is not an image format.

    Examples
    --------
    >>> import tempfile
    >>> import layerwise as lw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lw.plots.save_learning_curves({"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}, f"{folder}/curves.svg")
    """
    picture_format(path)
    need("drawing learning curves")
    from matplotlib.figure import Figure

    count = max(1, sum(any(len(one.get(name, ())) for one in _by_name(history).values()) for name in COLUMNS))
    figure = Figure(figsize=(5.2 * count, 3.8), layout="constrained")
    save(learning_curves(history, figure.subplots(1, count, squeeze=False)[0]), path)


def _draw(panel: Any, name: str, history: Mapping[str, Sequence[float]]) -> None:
    """Draw one panel: training, validation if there is one, and the best epoch."""
    training, validation = history[name], history.get(f"val_{name}", ())
    colours = colours_of(panel)
    scale = 100 if name == "accuracy" else 1
    epochs = range(1, len(training) + 1)
    few = {"marker": "o", "markersize": 3} if len(training) <= 30 else {}
    panel.plot(epochs, [scale * v for v in training], color=colours.series[0], label="training", **few)
    if len(validation):
        panel.plot(
            epochs, [scale * v for v in validation], color=colours.series[1], linestyle="--", label="validation", **few
        )
    watched = validation if len(validation) else training
    found = _best(name, watched)
    if found is None:
        return
    best, text = found
    panel.axvline(best + 1, color=colours.muted, linewidth=0.8, linestyle=":", zorder=0)
    panel.plot(
        best + 1, scale * watched[best], color=colours.muted, linestyle="none", marker="o", markersize=9,
        fillstyle="none", label=f"best: {text}",
    )  # fmt: skip


def _compare(panel: Any, name: str, histories: Mapping[str, Table]) -> None:
    """Draw one panel: each history by what it was validated on, or else by its training data, with its best epoch."""
    colours = colours_of(panel).of_classes(len(histories))
    scale = 100 if name == "accuracy" else 1
    for (title, history), colour in zip(histories.items(), colours):
        training, validation = history.get(name, ()), history.get(f"val_{name}", ())
        watched = validation if len(validation) else training
        found = _best(name, watched)
        if found is None:
            continue
        best, text = found
        epochs = range(1, len(watched) + 1)
        if len(validation):
            panel.plot(epochs, [scale * v for v in training], color=colour, linewidth=0.7, linestyle="--")
        label = f"{matplotlib_text(title)}: {text}"
        panel.plot(epochs, [scale * v for v in watched], color=colour, label=label)
        panel.plot(best + 1, scale * watched[best], color=colour, linestyle="none", marker="o", markersize=5)


def _best(name: str, values: Sequence[float]) -> tuple[int, str] | None:
    """Return the best epoch, from 0, and it in words; None if there is none."""
    known = [i for i, value in enumerate(values) if not math.isnan(value)]
    if not known:
        return None
    best = (max if name == "accuracy" else min)(known, key=values.__getitem__)
    text = f"{100 * values[best]:.2f}%" if name == "accuracy" else f"{values[best]:.3g}"
    return best, f"{text}, epoch {best + 1}"


def learning_rate(finder: LearningRateFinder, ax: Axes | None = None) -> Axes:
    """Draw a learning rate range test: the loss over the learning rates, and the suggestion.

    Parameters
    ----------
    finder : LearningRateFinder
        The result of `layerwise.find_learning_rate`.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    DataError
        No learning rate was tried.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> panel = lw.plots.learning_rate(lw.find_learning_rate(net, X, y), Figure().subplots())
    """
    if not len(finder.rates):
        raise DataError(
            "learning_rate needs a finder that has tried some rates: lw.find_learning_rate(network, X, y) makes one"
        )
    panel = one_panel(ax, "learning_rate")
    colours, smoothed = colours_of(panel), finder.smoothed
    panel.semilogx(finder.rates, finder.losses, color=colours.series[0], alpha=0.35, linewidth=0.8, label="loss")
    panel.semilogx(finder.rates, smoothed, color=colours.series[0], label="smoothed")
    panel.axvline(
        finder.suggestion, color=colours.series[1], linestyle="--", linewidth=1.2,
        label=f"suggestion: {finder.suggestion:.2g}",
    )  # fmt: skip
    panel.set_ylim(min(0.0, float(smoothed.min())), 1.5 * float(smoothed.max()))  # a last loss may be 1000 times that
    panel.set(xlabel="learning rate", ylabel="loss after a step with it", title="The learning rate")
    tidy(panel, "y")
    legend(panel)
    axes: Axes = panel
    return axes
