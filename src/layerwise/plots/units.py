"""Which units work: the share of samples for which each is active, layer by layer, and which are dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import ShapeError
from layerwise.network.models import network_of
from layerwise.parts.layers import Layer
from layerwise.parts.masked import unmasked
from layerwise.plots.models import name_of
from layerwise.plots.style import colours_of, one_panel
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from layerwise.engine.plan import Stage

MOST_SAMPLES = 5000


def unit_activity(network: Any, X: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the fraction of samples for which each hidden unit is active, with a strip for each layer.

    A unit is active if its output is above 0, or above ½ for probabilities. A unit that is never active is dead: with
    `ReLU` its gradient is 0, and it cannot learn.

    Parameters
    ----------
    network : Network or estimator
        A network with at least one hidden layer.
    X : array-like of shape (n, n_in)
        Samples, of which the first 5,000 are used.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        There is no hidden layer.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> net = lw.Network([lw.Dense(8, biases=[-99] * 8), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    >>> X, y = lw.datasets.make_vertical()
    >>> panel = lw.plots.unit_activity(net.build(2), X, Figure().subplots())
    >>> panel.get_title()
    'How often each unit is active: 8 of 8 are dead'
    """
    net = network_of("unit_activity", network)
    groups = net.built()[0].groups[:-1]
    if not groups:
        raise ShapeError("unit_activity draws hidden units, and the network has none: plots.weights(network) draws its")
    outputs = net.activations(unmasked(X, "X")[:MOST_SAMPLES])
    shares = [activity(outputs[group[-1].index], group[-1].layer) for group in groups]
    panel = one_panel(ax, "unit_activity", (6.8, 1.5 + 0.6 * len(groups)))
    _draw(panel, groups, shares)
    dead, units = sum(int((share == 0).sum()) for share in shares), sum(map(len, shares))
    word = "is" if dead == 1 else "are"
    panel.set_title(f"How often each unit is active: {dead or 'none'} of {units:,} {word} dead")
    axes: Axes = panel
    return axes


def activity(outputs: Array, layer: Layer) -> Array:
    """Return the share of samples for which each unit is active: (units,) from outputs (n, units)."""
    return np.asarray(np.mean(outputs > (0.5 if layer.gives == "probabilities" else 0.0), axis=0))


def _draw(panel: Any, groups: tuple[tuple[Stage, ...], ...], shares: list[Array]) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    colours = colours_of(panel)
    for place, share in enumerate(shares):
        ordered = np.sort(share)[::-1]
        strip = colormaps["cividis"](ordered)[:, :3]
        strip[ordered == 0] = to_rgb(colours.series[1])
        panel.imshow(strip[None], extent=(0, 100, place + 0.36, place - 0.36), aspect="auto", interpolation="nearest")
        dead, always = int((share == 0).sum()), int((share == 1).sum())
        words = [f"{dead} dead" if dead else "", f"{always} always on" if always else ""]
        text = "\n".join(filter(None, words)) or f"mean {share.mean():.0%}"
        panel.text(
            101, place, text, va="center", ha="left", fontsize=8, color=colours.series[1] if dead else colours.ink
        )
    panel.set_yticks(range(len(groups)), [name_of(group) for group in groups])
    panel.set_ylim(len(groups) - 0.5, -0.5)
    panel.set_xlim(0, 100)
    panel.set_xlabel("% of the layer's units, the busiest first; dead ones are orange")
    panel.tick_params(axis="y", length=0)
    panel.spines[:].set_visible(False)
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = ScalarMappable(Normalize(0, 100), "cividis")
    bar = panel.figure.colorbar(scale, ax=panel, pad=0.14, fraction=0.04)
    bar.set_label("active for, % of samples", color=colours.ink, fontsize=8)
    bar.ax.tick_params(labelsize=8, colors=colours.ink)
    bar.outline.set_visible(False)
