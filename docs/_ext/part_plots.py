"""The plots of parts of a network, drawn by calling the parts themselves; as SVG for a light and a dark page.

part ─► curves of its own functions ─► Matplotlib ─► name-light.svg, name-dark.svg
"""

from __future__ import annotations

import hashlib
import inspect
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import layerwise as lw
from layerwise.formula import compute
from layerwise.plots.style import DARK, LIGHT

POINTS = 121
AREA = (0.14, 0.18, 0.84, 0.78)  # of the axes in the figure; a layout that Matplotlib fits takes as long as the drawing
SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "layerwise", "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"], "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False,
    "path.simplify_threshold": 0.5,
}  # fmt: skip
RATES = {"SGD": 0.15, "Adagrad": 0.9, "RMSprop": 0.12, "Adam": 0.25, "AdamW": 0.25}
COUNTS = (lw.Poisson,)


def plot(part: Any) -> tuple[Callable[[Axes], None], str] | None:
    """Return what draws a part on axes, and an alternative text; None where there is nothing to draw."""
    name = type(part).__name__
    if isinstance(part, lw.Softmax):
        return _softmax, "The three outputs of softmax for the scores x, 0 and -1, over x from -5 to 5."
    if isinstance(part, lw.Activation):
        return lambda ax: _activation(ax, part), f"{name} and its derivative over x from -4 to 4."
    if isinstance(part, lw.Loss):
        return lambda ax: _loss(ax, part), f"{name} of one output, over the output y."
    if isinstance(part, lw.Penalty):
        return lambda ax: _penalty(ax, part), f"{name} of one weight and its gradient, over weights from -2 to 2."
    if isinstance(part, lw.Optimizer):
        return lambda ax: _path(ax, part), f"The path of 30 steps of {name} into the minimum of an elongated bowl."
    if isinstance(part, lw.schedules.Schedule):
        return lambda ax: _schedule(ax, part), f"The factor of {name} over a training of 20 epochs."
    if isinstance(part, lw.Initializer) and not isinstance(part, (lw.initializers.Zeros, lw.initializers.Given)):
        text = f"Histogram of the weights that {name} draws for a layer of 100 inputs and 50 units."
        return lambda ax: _histogram(ax, part), text
    return _LAYERS.get(name)


def _run(layer: lw.Layer, X: np.ndarray, training: bool = False) -> np.ndarray:
    """Return the outputs of a layer alone."""
    return lw.Network([layer, lw.Identity()], random_state=0, dtype="float64").forward(X, training=training)


def _dense(ax: Axes) -> None:
    x = np.linspace(-2, 2, 3)[:, None]
    weights, biases = [[1.0, 0.5, -1.0]], [0.0, 1.0, -0.5]
    for y, w, b in zip(_run(lw.Dense(3, weights=weights, biases=biases), x).T, weights[0], biases, strict=True):
        ax.plot(x[:, 0], y, label=f"w = {w:g}, b = {b:g}")
    ax.set(xlabel="input x", ylim=(-3, 4.5))


def _scale(ax: Axes) -> None:
    network = lw.Network([lw.Scale()], dtype="float64").build(3)
    network.set_parameters([np.array([0.5, 1.0, 2.0])])
    x = np.linspace(-2, 2, 3)
    for y, s in zip(network.forward(np.stack([x] * 3, axis=1)).T, (0.5, 1, 2), strict=True):
        ax.plot(x, y, label=f"s = {s:g}")
    ax.set_xlabel("input x")


def _dropout(ax: Axes) -> None:
    y = _run(lw.Dropout(0.5), np.ones((1, 24)), training=True)[0]
    ax.plot(y, "o", label="output in training, rate=0.5")
    ax.plot(_run(lw.Dropout(0.5), np.ones((1, 24)))[0], "--", label="input, and output in prediction")
    ax.set(xlabel="number of the input", ylim=(-0.2, 3.2))


def _pieces(ax: Axes) -> None:
    x = np.linspace(-1, 5, POINTS)
    knots = [0, 1, 4]
    for y, a, b in zip(_run(lw.PiecewiseLinear([knots]), x[:, None]).T[1:], knots, knots[1:]):
        ax.plot(x, y, label=f"from {a} to {b}")
    ax.set(xlabel="input x", ylim=(-0.1, 1.5))


def _normalized(layer: lw.Layer) -> Callable[[Axes], None]:
    """Return what draws numbers of mean 3 and deviation 2 before and after a normalization, over what it averages."""

    def paint(ax: Axes) -> None:
        x = np.random.default_rng(0).normal(3, 2, 2000)
        batch = isinstance(layer, lw.BatchNorm)
        labels = ("an input over a batch", "its output") if batch else ("the inputs of a sample", "its outputs")
        y = _run(layer, x[:, None] if batch else x[None], training=True).ravel()
        for values, label in zip((x, y), labels, strict=True):
            counts, edges = np.histogram(values, bins=np.linspace(-4, 10, 57))
            ax.stairs(counts, edges, fill=True, alpha=0.7, label=label)
        ax.set_xlabel("value")

    return paint


_LAYERS: dict[str, tuple[Callable[[Axes], None], str]] = {
    "Dense": (_dense, "The three outputs of a dense layer with one input, as lines over x from -2 to 2."),
    "Scale": (_scale, "The input times the factors 0.5, 1 and 2, as lines over x from -2 to 2."),
    "Dropout": (
        _dropout,
        "Outputs for 24 inputs of 1: in training some are 0 and the others 2, in prediction all are 1.",
    ),
    "PiecewiseLinear": (
        _pieces,
        "Two outputs over x from -1 to 5: one rises from 0 to 1 between 0 and 1, one between 1 and 4.",
    ),
    "BatchNorm": (
        _normalized(lw.BatchNorm()),
        "Histograms of one input of a batch, around 3, and of the normalized outputs, around 0 and narrower.",
    ),
    "LayerNorm": (
        _normalized(lw.LayerNorm()),
        "Histograms of the inputs of one sample, around 3, and of the normalized outputs, around 0 and narrower.",
    ),
}


def _activation(ax: Axes, part: lw.Activation) -> None:
    x = np.linspace(-4, 4, POINTS)
    _, slope = part.trees()
    values, xs = part(x), x
    if isinstance(part, lw.Step):  # a step has no line between its two values
        xs, values = np.insert(x, POINTS // 2 + 1, 0.01), np.insert(values, POINTS // 2 + 1, np.nan)
    ax.plot(xs, values, label="f(x)")
    ax.plot(x, np.broadcast_to(compute(slope, {"x": x, "y": part(x)}), x.shape), "--", label="f′(x)")
    low, high = np.nanmin(values), np.nanmax(values)
    ax.set_ylim(max(low, -4) - 0.3, min(max(high, 1), 5) + 0.3)
    ax.set_xlabel("x")


def _softmax(ax: Axes) -> None:
    x = np.linspace(-5, 5, POINTS)
    outputs = lw.Network([lw.Softmax()], dtype="float64").forward(np.stack([x, 0 * x, 0 * x - 1], axis=1))
    for values, label in zip(outputs.T, ("score x", "score 0", "score -1")):
        ax.plot(x, values, label=label)
    ax.set_xlabel("x")


def _loss(ax: Axes, loss: lw.Loss) -> None:
    if isinstance(loss, COUNTS):
        y, targets = np.linspace(0.05, 6, POINTS), (1, 3)
    elif loss.takes == "values":
        y, targets = np.linspace(-3, 3, POINTS), (0,)
    else:
        y, targets = np.linspace(0.01, 0.99, POINTS), (1, 0) if loss.takes == "probabilities" else (1,)
    f, slope = loss.trees()
    for t in targets:
        ax.plot(y, compute(f, {"y": y, "t": np.full_like(y, t)}), label=f"loss, t = {t}")
    t = targets[0]
    ax.plot(
        y,
        np.broadcast_to(compute(slope, {"y": y, "t": np.full_like(y, t)}), y.shape),
        "--",
        label=f"derivative, t = {t}",
    )
    if loss.takes != "values" or isinstance(loss, COUNTS):
        ax.set_ylim(-5, 5)
    ax.set_xlabel("output y")


def _penalty(ax: Axes, penalty: lw.Penalty) -> None:
    w = np.linspace(-2, 2, POINTS)
    gradient = np.empty_like(w)
    penalty.gradient(w, gradient)
    ax.plot(w, [penalty.value(one[None], np.empty(1)) for one in w], label="penalty, λ = 1")
    ax.plot(w, gradient, "--", label="gradient")
    ax.set_xlabel("weight w")


def _path(ax: Axes, optimizer: lw.Optimizer) -> None:
    steepness = np.array([0.3, 2.0])
    made = type(optimizer)(RATES[type(optimizer).__name__])
    theta = np.array([-4.0, 1.6])
    path = [theta.copy()]
    for _ in range(30):
        made.step(theta, steepness * theta)
        path.append(theta.copy())
    angle = np.linspace(0, 2 * np.pi, 49)
    for height in (0.1, 0.5, 1.2, 2.4, 4):  # the ellipses on which the surface has this height
        a, b = np.sqrt(2 * height / steepness)
        ax.plot(a * np.cos(angle), b * np.sin(angle), color=LIGHT.muted, linewidth=0.6)
    ax.plot(*np.array(path).T, ".-", markersize=4, linewidth=1, label=f"learning rate {made.learning_rate:g}")
    ax.plot(0, 0, "+", color=LIGHT.ink, label="minimum")
    ax.set(xlabel="first parameter", ylabel="second parameter", xlim=(-5, 2), ylim=(-2, 2))


def _schedule(ax: Axes, schedule: lw.schedules.Schedule) -> None:
    t = np.linspace(0, 20, 2 * POINTS - 1)
    ax.plot(t, schedule(t, 20), label="factor")
    if isinstance(schedule, lw.schedules.Cosine):
        ax.plot(t, lw.schedules.Cosine(warm_up=3, final=0.1)(t, 20), "--", label="warm_up=3, final=0.1")
    ax.set(xlabel="epoch", ylim=(0, None))


def _histogram(ax: Axes, initializer: lw.Initializer) -> None:
    weights = initializer.draw((100, 50), np.random.default_rng(0))
    counts, edges = np.histogram(weights, bins=40)
    ax.stairs(counts, edges, fill=True, label="5000 weights")
    ax.set(xlabel="weight", ylim=(0, 1.25 * counts.max()))  # the legend stands above


# ---------------------------------------------------------------- files


def draw(part: Any, folder: Path) -> tuple[Path, Path, str] | None:
    """Write a part's plot, where it is not there yet, and return the light file, the dark one and the text."""
    found = plot(part)
    if found is None:
        return None
    paint, text = found
    kind = type(part)
    digest = hashlib.sha256((inspect.getsource(kind) + Path(__file__).read_text("utf-8")).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    light, dark = folder / f"{kind.__name__}-light.svg", folder / f"{kind.__name__}-dark.svg"
    mark = f"<!-- {digest} -->"
    if not (light.exists() and dark.exists() and mark in dark.read_text("utf-8")[-60:]):
        drawn = _svg(paint)
        light.write_text(drawn + mark, encoding="utf-8")
        dark.write_text(_darkened(drawn) + mark, encoding="utf-8")
    return light, dark, text


def _svg(paint: Callable[[Axes], None]) -> str:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(4.6, 2.6))
        ax = figure.add_axes(AREA)
        ax.set_prop_cycle(color=LIGHT.series)
        for side in ax.spines.values():
            side.set_color(LIGHT.muted)
        ax.tick_params(colors=LIGHT.ink)
        for label in (ax.xaxis.label, ax.yaxis.label):
            label.set_color(LIGHT.ink)
        paint(ax)
        ax.legend(frameon=False, fontsize=8, labelcolor=LIGHT.ink)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>", "", file.getvalue(), flags=re.DOTALL)
    text = re.sub(r"\n\s*", "\n", text.replace("stroke-linejoin: round; ", ""))
    return re.sub(r'"[^"]*"', lambda attribute: re.sub(r"(\d+\.\d)\d+", r"\1", attribute[0]), text)


def _darkened(svg: str) -> str:
    """Return a picture in the colours for a dark background."""
    pairs = [(LIGHT.ink, DARK.ink), (LIGHT.muted, DARK.muted), *zip(LIGHT.series, DARK.series)]
    known = {light.lower(): dark.lower() for light, dark in pairs}
    return re.sub("|".join(known), lambda found: known[found[0]], svg)
