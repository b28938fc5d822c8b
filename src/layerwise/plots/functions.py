"""Functions of one number: an activation and its slope, a neuron, a pair of them, and a network as a sum of pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.network.models import network_of
from layerwise.network.neuron import Neuron
from layerwise.parts.description import number, resolve
from layerwise.parts.layers import ACTIVATIONS, Layer
from layerwise.parts.masked import unmasked
from layerwise.parts.parameters import View
from layerwise.plots.models import inputs_of
from layerwise.plots.style import colours_of, legend, one_panel, tidy
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 1201  # of a curve
JUMP = 0.2  # a curve that changes by more than this from one point to the next has a gap there


def activation(function: Layer | str, ax: Axes | None = None, *, low: float = -4.0, high: float = 4.0) -> Axes:
    """Draw an activation function and its derivative.

    Parameters
    ----------
    function : Layer or str
        An activation, or the name of one.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    low, high : float, default=-4.0, 4.0
        The ends of the x axis.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    DataError
        An output depends on several inputs, as those of `Softmax` do, or the layer has weights.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> panel = lw.plots.activation("tanh", Figure().subplots())
    >>> [line.get_label() for line in panel.get_lines()][-2:]
    ['f(x)', "f'(x)"]
    """
    chosen = resolve("activation", function, Layer, ACTIVATIONS)
    if chosen.gives == "distribution":
        raise DataError(
            f"activation: {chosen!r} has no curve, since each output depends on all inputs; "
            "draw one of the other activations, or plots.decision_regions for a network that ends with it"
        )
    if chosen.parameter_shapes(1) or chosen.draws:
        raise DataError(f"activation draws layers without weights; {chosen!r} is none: use plots.weights(network)")
    low, high = number("activation", "low", low), number("activation", "high", high, above=low)
    x = np.linspace(low, high, POINTS)
    y, slope = value_and_slope(chosen, x)
    panel = one_panel(ax, "activation")
    colours = colours_of(panel)
    panel.axhline(0, color=colours.muted, linewidth=0.6, label="_axis")
    panel.axvline(0, color=colours.muted, linewidth=0.6, label="_axis")
    panel.plot(x, _with_gaps(y), color=colours.series[0], linewidth=2, label="f(x)")
    panel.plot(x, _with_gaps(slope), color=colours.series[1], linewidth=1.6, linestyle="--", label="f'(x)")
    panel.set(
        xlabel="x",
        ylabel="f(x) and its slope",
        title=f"{matplotlib_text(repr(chosen))} and its derivative",
        xlim=(low, high),
    )
    tidy(panel)
    legend(panel)
    axes: Axes = panel
    return axes


def value_and_slope(function: Layer, x: Array) -> tuple[Array, Array]:
    """f(x) and f′(x) by the layer's own two formulas, for x (n,) in float64."""
    column = np.asarray(x, dtype=np.float64).reshape(-1, 1)
    y, slope = np.empty_like(column), np.empty_like(column)
    p = View(function.make_buffers(len(column), 1, column.dtype))
    with np.errstate(all="ignore"):
        function.forward(p, column, y)
        function.backward(p, column, y, np.ones_like(column), View({}), slope)
    return y[:, 0], slope[:, 0]


def neuron(
    neuron: Neuron, ax: Axes | None = None, *, low: float | None = None, high: float | None = None
) -> Axes:  # fmt: skip
    """Draw the output of a neuron with one input, and the point x = -b / w at which it is activated or deactivated.

    Parameters
    ----------
    neuron : Neuron
        A neuron with one weight.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    low, high : float, optional
        The ends of the x axis. By default the point is in the middle.

    Returns
    -------
    Axes
        The axes.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> panel = lw.plots.neuron(lw.Neuron([1.0], bias=0.5, activation=lw.ReLU()), Figure().subplots())
    >>> panel.get_lines()[-1].get_label()
    'activated from x = -0.5 on'
    """
    w, b = _weight_and_bias("neuron", neuron)
    x = _line([(w, b)], low, high)
    y = _apply(neuron, x)
    panel = one_panel(ax, "neuron")
    colours = colours_of(panel)
    panel.plot(x, _cut(w * x + b, y), color=colours.muted, linewidth=1, linestyle="--", label=f"w x + b = {_sum(w, b)}")
    name = matplotlib_text(type(neuron.activation).__name__)
    panel.plot(x, _with_gaps(y), color=colours.series[0], linewidth=2.2, label=f"{name}(w x + b)")
    for at, rises in _crossings(x, w * x + b):
        _mark(panel, at, float(_apply(neuron, np.array([at]))[0]), rises, "", colours.series[1])
    _frame(panel, x, y, f"What a neuron computes: {name}({_sum(w, b)})")
    axes: Axes = panel
    return axes


def neuron_pair(
    first: Neuron, second: Neuron, ax: Axes | None = None, *, low: float | None = None, high: float | None = None
) -> Axes:
    """Draw the output of two neurons in a row, and the points at which each is activated or deactivated.

    With `ReLU` the output depends on the input between the two points and is constant outside. The bias of the first
    neuron moves one point, the bias of the second the other; the product of the weights is the slope.

    Parameters
    ----------
    first, second : Neuron
        Neurons with one weight each. The output of the first is the input of the second.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    low, high : float, optional
        The ends of the x axis.

    Returns
    -------
    Axes
        The axes.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> first = lw.Neuron([1.0], bias=0.5, activation=lw.ReLU())
    >>> second = lw.Neuron([-1.0], bias=1.0, activation=lw.ReLU())
    >>> panel = lw.plots.neuron_pair(first, second, Figure().subplots())
    >>> panel.get_lines()[-1].get_label()
    '2nd: deactivated from x = 0.5 on'
    """
    (w, b), (v, c) = _weight_and_bias("neuron_pair", first), _weight_and_bias("neuron_pair", second)
    x = _line([(w, b), *([(w * v, b * v + c)] if v else [])], low, high)
    inner = _apply(first, x)
    y = _apply(second, inner)
    panel = one_panel(ax, "neuron_pair")
    colours = colours_of(panel)
    names = [matplotlib_text(type(one.activation).__name__) for one in (first, second)]
    panel.plot(
        x, _cut(_with_gaps(inner), y), color=colours.muted, linewidth=1.2, linestyle="--",
        label=f"1st: h = {names[0]}({_sum(w, b)})",
    )  # fmt: skip
    panel.plot(x, _with_gaps(y), color=colours.series[0], linewidth=2.2, label=f"2nd: {names[1]}({_sum(v, c, 'h')})")
    for which, z, colour in (("1st: ", w * x + b, 1), ("2nd: ", v * inner + c, 2)):
        for at, rises in _crossings(x, z):
            height = float(_apply(second, _apply(first, np.array([at])))[0])
            _mark(panel, at, height, rises, which, colours.series[colour])
    _frame(panel, x, y, "What a pair of neurons computes")
    axes: Axes = panel
    return axes


def pieces(
    network: Any, X: ArrayLike | None = None, y: ArrayLike | None = None, ax: Axes | None = None,
    *, low: float = -1.0, high: float = 1.0,
) -> Axes:  # fmt: skip
    """Draw a network with one input and one output as the sum of the outputs of its last hidden layer.

    Each curve is the output of a neuron times its weight in the output layer. A tick on the axis, in the same colour,
    marks where the neuron is activated or deactivated.

    Parameters
    ----------
    network : Network or MLPRegressor
        A network with one input, one output and at least one hidden layer.
    X, y : array-like of shape (n, 1), optional
        Data to draw as dots. X also sets the range of the x axis.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.
    low, high : float, default=-1.0, 1.0
        The ends of the x axis, if X is not given.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ShapeError
        The network has several inputs or outputs, or no hidden layer.

    Examples
    --------
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> net = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(1)], random_state=0).build(1)
    >>> panel = lw.plots.pieces(net, ax=Figure().subplots())
    """
    inputs_of("pieces", network, 1, "plots.weights(network) or plots.layer_maps(network, X, y)")
    net = network_of("pieces", network)
    plan, parameters = net.built()
    groups = plan.groups
    last = groups[-1][0]
    if plan.n_out != 1 or "W" not in vars(parameters.p[last.index]) or last.index == 0:
        raise ShapeError(
            f"pieces needs hidden units and one output, made by a Dense(1); the network has {plan.n_out} outputs and "
            f"{len(groups)} layers: use plots.decision_regions or plots.regression_curve"
        )
    if X is not None:
        values = unmasked(X, "X", np.float64).ravel()
        low, high = float(values.min()), float(values.max())
    x = np.linspace(low, high, POINTS)
    found = net.activations(x[:, None])
    hidden, p = found[last.index - 1].astype(np.float64), parameters.p[last.index]
    parts = hidden * p.W[:, 0]
    threshold = 0.5 if plan.stages[last.index - 1].layer.gives == "probabilities" else 0.0
    panel = one_panel(ax, "pieces", (6.4, 4.2))
    colours = colours_of(panel)
    _draw_pieces(panel, x, parts, [_crossings(x, h - threshold) for h in hidden.T])
    bias = float(p.b[0]) if "b" in vars(p) else 0.0
    if bias:
        panel.axhline(bias, color=colours.muted, linewidth=1, linestyle=":", label=f"bias {bias:.2g}")
    if X is not None and y is not None:
        panel.plot(values, np.ravel(y), ".", color=colours.muted, markersize=3, label="data")
    panel.plot(x, found[-1][:, 0], color=colours.ink, linewidth=2.4, label="their sum: the output")
    panel.set(xlabel="input x", ylabel="output", title=f"A network of {hidden.shape[1]} pieces, and their sum")
    panel.set_xlim(low, high)
    tidy(panel, "y")
    legend(panel, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4)
    axes: Axes = panel
    return axes


def _draw_pieces(panel: Any, x: Array, parts: Array, points: list[list[tuple[float, bool]]]) -> None:
    """Draw a line a piece, in the colour of where its neuron begins, with a tick there; not those that do nothing."""
    from matplotlib import colormaps

    size = np.abs(parts - parts.mean(axis=0)).max(axis=0)
    alive = np.flatnonzero(size > 1e-6 * max(float(size.max()), 1e-12))
    least = 0.3 if colours_of(panel).paper < "#808080" else 0.08
    first = {i: points[i][0][0] if points[i] else x[0] for i in alive}
    for place, i in enumerate(sorted(alive, key=lambda i: first[i])):
        colour = colormaps["viridis"](least + 0.68 * place / max(1, len(alive) - 1))
        label = f"pieces: {len(alive)} of {parts.shape[1]} neurons" if place == 0 else f"_neuron {i}"
        panel.plot(x, parts[:, i], color=colour, linewidth=1.0, alpha=0.85, label=label)
        ends = [at for at, _ in points[i]]
        panel.plot(
            ends, [0.03] * len(ends), "|", color=colour, markersize=11, markeredgewidth=1.4,
            transform=panel.get_xaxis_transform(), label=f"_points of neuron {i}",
        )  # fmt: skip


def _weight_and_bias(owner: str, one: Neuron) -> tuple[float, float]:
    if not isinstance(one, Neuron):
        raise TypeError(f"{owner} draws a Neuron: lw.Neuron([1.0], bias=0.5, activation=lw.ReLU()); got {one!r}")
    if len(one.weights) != 1:
        raise ShapeError(
            f"{owner} draws neurons of one input; this one has {len(one.weights)}: "
            "plots.weights(neuron) draws its weights as an image"
        )
    return float(one.weights[0]), one.bias


def _apply(one: Neuron, x: Array) -> Array:
    return np.asarray(one(x[:, None]))


def _line(sums: list[tuple[float, float]], low: float | None, high: float | None) -> Array:
    """Return where to draw the curve: around all points where a sum w x + b is 0, wide enough to see them."""
    points = [-b / w for w, b in sums if w]
    reach = max([1.0 / abs(w) for w, _ in sums if w], default=1.0)
    left, right = (min(points), max(points)) if points else (0.0, 0.0)
    margin = 1.2 * max(right - left, 1.5 * reach)
    low = left - margin if low is None else number("neuron", "low", low)
    return np.linspace(low, right + margin if high is None else number("neuron", "high", high, above=low), POINTS)


def _crossings(x: Array, z: Array) -> list[tuple[float, bool]]:
    """Return where z goes from 0 or below to above it (True) or back (False), between points of x."""
    on = z > 0
    found = []
    for i in np.flatnonzero(on[1:] != on[:-1]):
        share = z[i] / (z[i] - z[i + 1])
        found.append((float(x[i] + share * (x[i + 1] - x[i])), bool(on[i + 1])))
    return found


def _mark(panel: Any, at: float, height: float, rises: bool, which: str, colour: str) -> None:
    panel.axvline(at, ymax=0.74, color=colour, linewidth=1, linestyle=":", label="_point")
    word = "activated" if rises else "deactivated"
    panel.plot([at], [height], "o", color=colour, markersize=7, label=f"{which}{word} from x = {at:.3g} on")


def _cut(line: Array, y: Array) -> Array:
    """Return a line without what is far above the output, where the legend is."""
    return np.where(line > y.min() + 1.15 * (np.ptp(y) or 1.0), np.nan, line)


def _frame(panel: Any, x: Array, y: Array, title: str) -> None:
    """Set the limits to those of the output, with room for the legend; other lines may leave them."""
    low, span = float(y.min()), float(np.ptp(y)) or 1.0
    panel.set(xlabel="input x", ylabel="output", title=title)
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(low - 0.25 * span, low + 1.65 * span)
    tidy(panel, "y")
    legend(panel, loc="upper center", ncols=2)


def _sum(w: float, b: float, name: str = "x") -> str:
    return f"{w:.3g} {name} {'-' if b < 0 else '+'} {abs(b):.3g}"


def _with_gaps(y: Array) -> Array:
    """Return the values with NaN where they jump, so that a step is no slope."""
    result = np.array(y, dtype=np.float64)
    result[1:][np.abs(np.diff(y)) > JUMP] = np.nan
    return result
