"""Where everything in a diagram is, and how strong: lines, circles and words, in pixels from the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from layerwise.engine.plan import Stage
from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import legible, shortened, visible
from layerwise.network.network import Network
from layerwise.parts.layers import Dense, PiecewiseLinear
from layerwise.typing import Array, ArrayLike

RADIUS, STEP, APART, MARGIN = 10.0, 28.0, 150.0, 24.0  # of a unit; between units, between layers, and around
LINE, LETTER = 15.0, 6.6  # height of a line of words, and width of a letter
FAINTEST = 0.01  # a weight that is a smaller share of the largest is not drawn
MOST_NAMED = 400  # lines that say their weight


@dataclass(frozen=True)
class Line:
    """A weight: its ends, its sign, its size beside the layer's largest, and what it says."""

    ends: tuple[float, float, float, float]
    sign: int
    strength: float
    words: str


@dataclass(frozen=True)
class Circle:
    """A unit: its place; bias (ring) and output (fill) with signs, and sizes beside the layer's largest."""

    x: float
    y: float
    ring: tuple[int, float]
    fill: tuple[int, float] | None
    words: str


@dataclass(frozen=True)
class Words:
    """A line of text: its anchor is "start", "middle" or "end" of it; `strong` is the name of a layer."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    strong: bool = False


@dataclass
class Picture:
    """All of a diagram."""

    title: str
    width: float = 0.0
    height: float = 0.0
    lines: list[Line] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    dots: list[tuple[float, float]] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


@dataclass
class Column:
    """A layer's units: how many, which are drawn and how high, what they are called, their weights and biases."""

    units: int
    names: list[str]
    weights: Array | None = None
    bias: Array | None = None
    output: Array | None = None
    shown: list[int] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)


def lay_out(network: Network, x: ArrayLike | None, most: int) -> Picture:
    """Return the picture of a network, with its outputs for a sample if one is given.

    Raises
    ------
    NotBuiltError
        The network's sizes are not known.
    ShapeError, DataError
        The sample does not fit.
    """
    columns = _columns(network, x)
    for column in columns:
        half = -(-most // 2)
        n = column.units
        column.shown = list(range(n)) if n <= most else [*range(half), *range(n - (most - half), n)]
    tallest = max(_height(column) for column in columns)
    picture = Picture(" → ".join(str(column.units) for column in columns))
    answers = _answers(network, columns[-1])
    right = max((LETTER * len(text) for text in answers), default=0.0)
    widest = max(LETTER * len(name) for column in (columns[0], columns[-1]) for name in column.names) / 2
    edge = MARGIN + max(RADIUS, widest)
    for place, column in enumerate(columns):
        _place(picture, column, edge + place * APART, MARGIN + tallest / 2)
    for before, column, place in zip(columns, columns[1:], range(len(columns))):
        _connect(picture, before, column, edge + place * APART)
    end = edge + (len(columns) - 1) * APART
    for unit, text in zip(columns[-1].shown, answers):
        height = columns[-1].heights[unit]
        picture.words.append(Words(end + RADIUS + 6, height + 4, text, "start"))
    base = MARGIN + tallest + 12
    for place, column in enumerate(columns):
        for i, name in enumerate(column.names):
            picture.words.append(Words(edge + place * APART, base + (i + 1) * LINE, name, strong=i == 0))
    key = "lines: weights, rings: biases; blue above 0, orange below" + ("; filled: outputs" if x is not None else "")
    base += (max(len(column.names) for column in columns) + 1.4) * LINE
    picture.width = max(end + max(RADIUS + 6 + right, widest), MARGIN + LETTER * len(key)) + MARGIN
    picture.words.append(Words(MARGIN, base, key, "start"))
    picture.height = base + MARGIN / 2
    return picture


def _columns(network: Network, x: ArrayLike | None) -> list[Column]:
    plan, parameters = network.built()
    sample = None if x is None else _sample(x, plan.n_in)
    outputs = None if sample is None else network.activations(sample[None])
    columns = [Column(plan.n_in, [f"{plan.n_in:,} input{'s' if plan.n_in > 1 else ''}"], output=sample)]
    for group in plan.groups:
        first, *others = group
        p = vars(parameters.p[first.index])
        if not first.mixes:  # such as dropout of the inputs: it stands with them
            columns[-1].names += [_kind(stage) for stage in group]
            continue
        W, b = _weights(first, p.get("W")), p.get("b")
        columns.append(Column(
            first.n_out, [f"{_kind(first)} {first.n_out:,}", *map(_kind, others)],
            W if W is not None and W.shape == (first.n_in, first.n_out) else None,
            b if b is not None and b.shape == (first.n_out,) else None,
            None if outputs is None else outputs[group[-1].index][0],
        ))  # fmt: skip
    return columns


def _weights(stage: Stage, W: Array | None) -> Array | None:
    """Return what lies between each input and each unit: weights, or 1 where an interval is of an input."""
    layer = stage.layer
    if type(layer) is Dense and W is not None and layer.groups > 1:
        return layer.joined(W)
    if type(layer) is PiecewiseLinear:
        return np.hstack([np.eye(stage.n_in), np.eye(stage.n_in)[:, layer.pieces()[0]]])
    return W


def _kind(stage: Stage) -> str:
    """Return what a layer is, in a word."""
    return shortened(visible(type(stage.layer).__name__))


def _sample(x: ArrayLike, n_in: int) -> Array:
    try:
        sample = np.asarray(x)
        numbers = sample.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"Diagram: x must be the numbers of one sample, ({n_in},)") from None
    if sample.size != n_in or sample.ndim > 2:
        raise ShapeError(f"Diagram: x must be one sample, ({n_in},); its shape is {sample.shape}")
    if not np.isfinite(numbers).all():
        raise DataError("Diagram: x holds NaN or infinity; give a sample without")
    return sample.reshape(-1)


def _height(column: Column) -> float:
    folded = len(column.shown) < column.units
    return STEP * (len(column.shown) - 1 + (1 if folded else 0))


def _place(picture: Picture, column: Column, x: float, middle: float) -> None:
    """Place the units of a layer, and dots for those that are left out."""
    largest = _largest(column.bias)
    brightest = _largest(column.output)
    y = middle - _height(column) / 2
    for place, unit in enumerate(column.shown):
        if place and unit != column.shown[place - 1] + 1:
            picture.dots += [(x, y + STEP * share) for share in (-0.25, 0.0, 0.25)]
            y += STEP
        column.heights[unit] = y
        words = [f"unit {unit}"]
        ring, fill = (0, 0.0), None
        if column.bias is not None:
            b = float(column.bias[unit])
            ring = _signed(b, largest)
            words.append(f"bias {b:.4g}")
        if column.output is not None:
            value = float(column.output[unit])
            fill = _signed(value, brightest)
            words.append(f"output {value:.4g}")
        picture.circles.append(Circle(x, y, ring, fill, ", ".join(words)))
        y += STEP


def _connect(picture: Picture, before: Column, column: Column, x: float) -> None:
    """Draw the weights between the units drawn, the strongest last, so that they lie above."""
    found = []
    largest = _largest(column.weights)
    for i in before.shown:
        for j in column.shown:
            w = 0.0 if column.weights is None else float(column.weights[i, j])
            sign, strength = _signed(w, largest)
            if column.weights is None or strength >= FAINTEST:
                ends = (x + RADIUS, before.heights[i], x + APART - RADIUS, column.heights[j])
                found.append(Line(ends, sign, strength, f"from {i} to {j}: {w:.4g}" if sign else ""))
    named = len(found) <= MOST_NAMED
    picture.lines += sorted(
        (line if named else Line(line.ends, line.sign, line.strength, "") for line in found),
        key=lambda line: line.strength,
    )


def _answers(network: Network, last: Column) -> Sequence[str]:
    """Return what the output units stand for, where they are classes; with a sample, how much each gives."""
    task = network.task
    classes = None if task is None or task.kind != "classification" else task.classes
    shares = network.built()[0].ending.layer.gives in ("probabilities", "distribution")
    texts = []
    for unit in last.shown:
        name = shortened(visible(legible(classes[unit]))) if classes is not None and len(classes) == last.units else ""
        value = "" if last.output is None else format(float(last.output[unit]), ".1%" if shares else ".3g")
        texts.append("  ".join(filter(None, [name, value])))
    return texts if any(texts) else []


def _largest(values: Array | None) -> float:
    return 0.0 if values is None or not values.size else float(np.abs(values.astype(np.float64)).max())


def _signed(value: float, largest: float) -> tuple[int, float]:
    return (0, 0.0) if not largest or not value else (1 if value > 0 else -1, abs(value) / largest)
