"""How numbers are spread, layer by layer: weights, outputs and gradients, at one moment or over a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import DataError
from layerwise.formula.quoting import matplotlib_text
from layerwise.network.models import network_of
from layerwise.parts.description import whole_number
from layerwise.parts.masked import unmasked
from layerwise.plots.models import name_of
from layerwise.plots.style import colours_of, panels, tidy
from layerwise.training.callbacks.histograms import KINDS, Histograms, gradients
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SAMPLES = 1000  # whose outputs are computed
WORDS = {"weights": "weight", "outputs": "output", "gradients": "gradient of the loss"}


def histograms(
    network: Any, X: ArrayLike | None = None, y: ArrayLike | None = None, ax: Axes | Array | None = None,
    *, bins: int = 60,
) -> Array:  # fmt: skip
    """Draw histograms of weights, outputs and gradients, with a column for each layer and a row for each kind.

    Parameters
    ----------
    network : Network or estimator
        A network that is built or trained.
    X : array-like of shape (n, n_in), optional
        Samples, of which the first 1,000 are used. Adds the outputs of the layers.
    y : array-like of shape (n,) or (n, n_out), optional
        Their labels or targets. Adds the gradients of the weights.
    ax : array of Axes, optional
        The axes to draw on, with a row for each kind and a column for each layer. By default those of a new pyplot
        figure.
    bins : int, default=60
        The number of bins of each histogram.

    Returns
    -------
    array of Axes of shape (kinds × layers,)
        The axes, row by row.

    Raises
    ------
    DataError
        y is given without X, or numbers are not finite.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(2)], random_state=0).build(4)
    >>> len(lw.plots.histograms(net, ax=Figure().subplots(1, 2)))
    2
    """
    bins = whole_number("histograms", "bins", bins, least=1)
    net = network_of("histograms", network)
    plan, parameters = net.built()
    groups = [group for group in plan.groups if "W" in vars(parameters.p[group[0].index])]
    if y is not None and X is None:
        raise DataError("histograms: y are the targets of X; got no X: histograms(network, X, y)")
    if not groups:
        raise DataError("histograms: no layer of the network has weights")
    firsts, lasts = [group[0].index for group in groups], [group[-1].index for group in groups]
    found = {"weights": [parameters.p[i].W for i in firsts]}
    if X is not None:
        samples = unmasked(X, "X")[:MOST_SAMPLES]
        outputs = net.activations(samples)
        found["outputs"] = [outputs[i] for i in lasts]
        if y is not None:
            slopes = gradients(net, samples, unmasked(y, "y")[: len(samples)])
            found["gradients"] = [slopes[i].W for i in firsts]
    for kind, arrays in found.items():
        if not all(np.isfinite(array).all() for array in arrays):
            raise DataError(f"histograms: there are {kind} that are NaN or infinite; the network has diverged")
    drawn = panels(ax, len(found) * len(groups), "histograms", (2.9, 2.0), len(groups))
    for row, (kind, arrays) in enumerate(found.items()):
        for column, (array, group) in enumerate(zip(arrays, groups, strict=True)):
            panel = drawn[row * len(groups) + column]
            _histogram(panel, array, kind, bins)
            if row == 0:
                panel.set_title(name_of(group), fontsize=9)
            if column == 0:
                panel.set_ylabel(f"{kind}\nshare", fontsize=8)
    return drawn


def _histogram(panel: Any, array: Array, kind: str, bins: int) -> None:
    values = np.asarray(array, dtype=np.float64).ravel()
    colours = colours_of(panel)
    low, high = np.quantile(values, (0.001, 0.999))
    if kind == "outputs":
        low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(values, low, high), bins, (low, high))
    shares = counts / len(values)
    colour = colours.series[KINDS.index(kind)]
    panel.stairs(shares, edges, fill=True, color=colour, alpha=0.8)
    zero = float(np.mean(values == 0))
    top = float(np.sort(shares)[-2]) if zero > 0.3 and bins > 1 else float(shares.max())
    if top > 0.6 * shares.max():  # else a spike of zeros would hide the rest
        top = float(shares.max())
    panel.set_ylim(0, 1.35 * top)
    note = f"σ = {values.std():.2g}" + (f"\n{zero:.0%} are 0" if zero > 0.005 else "")
    panel.text(0.97, 0.95, note, transform=panel.transAxes, ha="right", va="top", fontsize=7.5, color=colours.ink)
    panel.set_xlabel(WORDS[kind], fontsize=8)
    panel.tick_params(labelsize=7)
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if value >= 0.01 or value == 0 else f"{value:.1%}")
    panel.locator_params(axis="x", nbins=4)
    panel.locator_params(axis="y", nbins=4)
    if kind == "gradients":
        panel.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
        panel.xaxis.get_offset_text().set_fontsize(7)
    tidy(panel)


def histograms_over_training(recorder: Histograms, ax: Axes | Array | None = None) -> Array:
    """Draw how the distributions of weights, outputs and gradients changed during a training, as quantiles.

    The line is the median. The dark band contains half of the numbers, the lighter one 90%, the lightest all.

    Parameters
    ----------
    recorder : Histograms
        The callback, after a fit.
    ax : array of Axes, optional
        The axes to draw on, with a row for each kind and a column for each layer. By default those of a new pyplot
        figure.

    Returns
    -------
    array of Axes of shape (kinds × layers,)
        The axes, row by row.

    Raises
    ------
    DataError
        The callback was not used in a fit.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> recorder = lw.Histograms()
    >>> history = net.fit(X, y, epochs=3, callbacks=recorder, verbose=False)
    >>> panels = lw.plots.histograms_over_training(recorder, Figure().subplots(1, 2))
    """
    if not isinstance(recorder, Histograms):
        raise TypeError(
            f"histograms_over_training draws the callback lw.Histograms() after a fit; got {type(recorder).__name__}"
        )
    kinds, layers = [kind for kind in KINDS if recorder.layers(kind)], recorder.layers("weights")
    if not layers:
        raise DataError("histograms_over_training: nothing was recorded: network.fit(X, y, callbacks=recorder) first")
    outputs = recorder.layers("outputs")
    ends = [max([i for i in outputs if first <= i < after], default=first)
            for first, after in zip(layers, [*layers[1:], len(recorder.names)], strict=True)]  # fmt: skip
    drawn = panels(ax, len(kinds) * len(layers), "histograms_over_training", (3.0, 2.0), len(layers))
    for row, kind in enumerate(kinds):
        for column, (first, last) in enumerate(zip(layers, ends, strict=True)):
            panel, shown = drawn[row * len(layers) + column], last if kind == "outputs" else first
            _fan(panel, recorder.epochs, recorder.quantiles(kind, shown), KINDS.index(kind))
            panel.set_title(f"{kind} of layer {shown}, {matplotlib_text(recorder.names[shown])}", fontsize=9)
            if row == len(kinds) - 1:
                panel.set_xlabel("epoch", fontsize=8)
            if column == 0:
                panel.set_ylabel(WORDS[kind], fontsize=8)
    return drawn


def _fan(panel: Any, epochs: list[int], found: Array, which: int) -> None:
    colours = colours_of(panel)
    colour = colours.series[which]
    for (low, high), alpha in zip(((0, 6), (1, 5), (2, 4)), (0.15, 0.25, 0.4), strict=True):
        panel.fill_between(epochs, found[:, low], found[:, high], color=colour, alpha=alpha, linewidth=0)
    panel.plot(epochs, found[:, 3], color=colours.ink, linewidth=1.2, label="median")
    panel.tick_params(labelsize=7)
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.margins(x=0)
    if which == 2:
        panel.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        panel.yaxis.get_offset_text().set_fontsize(7)
    tidy(panel, "y")
