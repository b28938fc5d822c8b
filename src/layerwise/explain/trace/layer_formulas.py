r"""How each number of a layer comes about, as a formula: once for symbols, and once more with the numbers set in.

    "z_{1}"  ──► a formula ──► \frac{1}{1 + e^{-z_{1}}}
    "1.124"  ──► the same  ──► \frac{1}{1 + e^{-1.124}}

These are words, not a second implementation: the values beside them are those that the engine left. The tests work the
lines out and hold them to the values, for every layer that there is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.explain.trace.notation import Numbers, delta, enclosed, in_full, symbol, words
from layerwise.explain.trace.record import LayerTrace
from layerwise.explain.trace.sums import product, products, summed
from layerwise.formula import latex, replace
from layerwise.parts.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    PiecewiseLinear,
    Scale,
    Softmax,
)
from layerwise.typing import Array

# -------------------------------------------------------------------- layers


class LayerFormula:
    """How a layer's outputs and gradients come about; this one is for custom layers, of which nothing is known.

    Every method that takes numbers gives None where there is nothing to say.
    """

    def forward(self, part: LayerTrace) -> str:
        """Return all outputs, in symbols."""
        return f"{words(type(part.layer).__name__)}({symbol(part.source)})"

    def backward(self, part: LayerTrace) -> str:
        """Return the gradient by the inputs, in symbols."""
        return f"{words(type(part.layer).__name__ + '.backward')}({delta(part.name)})"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str | None:
        """Output j of sample s."""
        return None

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str | None:
        """Return the gradient by input i of sample s."""
        return None

    def gradient(self, part: LayerTrace, name: str) -> str | None:
        """Return the gradient by a parameter, in symbols."""
        return None

    def weight_gradient(
        self, part: LayerTrace, name: str, index: tuple[int, ...], numbers: Numbers, most: int | None
    ) -> str | None:
        """Return the gradient by one number of a parameter."""
        return None

    def adapted(self, part: LayerTrace, name: str, j: int, numbers: Numbers) -> str | None:
        """Return one number of a statistic after the step."""
        return None


class _Elementwise(LayerFormula):
    """What an activation's own formula says."""

    def value(self, layer: Activation, x: str) -> str:
        """Return f for the input x."""
        return latex(replace(layer.formulas().f, layer.numbers()), {"x": x}, in_full)

    def slope(self, layer: Activation, x: str, y: str) -> str:
        """Return f′ for the input x and the output y."""
        return latex(replace(layer.formulas().slope, layer.numbers()), {"x": x, "y": y}, in_full)

    def forward(self, part: LayerTrace) -> str:
        return self.value(_activation(part), symbol(part.source))

    def backward(self, part: LayerTrace) -> str:
        slope = self.slope(_activation(part), symbol(part.source), symbol(part.name))
        return rf"{delta(part.name)} \cdot {enclosed(slope)}"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        return self.value(_activation(part), numbers(part.x[s, j]))

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        slope = self.slope(_activation(part), numbers(part.x[s, i]), numbers(part.y[s, i]))
        return rf"{numbers(_of(part.dy)[s, i])} \cdot {enclosed(slope)}"


def _activation(part: LayerTrace) -> Activation:
    assert isinstance(part.layer, Activation)
    return part.layer


def _of(array: Array | None) -> Array:
    assert array is not None
    return array


class _DenseFormula(LayerFormula):
    def forward(self, part: LayerTrace) -> str:
        return f"{symbol(part.source)} {part.symbol_of('W')} + {part.symbol_of('b')}{_by_group(part)}"

    def backward(self, part: LayerTrace) -> str:
        return f"{delta(part.name)} {part.symbol_of('W')}^{{T}}{_by_group(part)}"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        W, b = part.parameters["W"], part.parameters["b"]
        return products(part.x[s, inputs_of(part, j)], W[:, j], numbers, most) + numbers.added(b[j])

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        W = part.parameters["W"]
        units = _parts(part)[i // len(W)][1]
        return products(_of(part.dy)[s, units], W[i % len(W), units], numbers, most)

    def gradient(self, part: LayerTrace, name: str) -> str:
        dz = delta(part.name)
        if name == "W":
            return rf"{symbol(part.source)}^{{T}} {dz}{_by_group(part)}"
        return dz if len(part.x) == 1 else rf"\sum {dz}\text{{ over the samples}}"

    def weight_gradient(
        self, part: LayerTrace, name: str, index: tuple[int, ...], numbers: Numbers, most: int | None
    ) -> str:
        dy = _of(part.dy)[:, index[-1]]
        if name == "W":
            return products(part.x[:, inputs_of(part, index[1])][:, index[0]], dy, numbers, most)
        return summed(dy, lambda s: numbers(dy[s]), numbers, most)


def _parts(part: LayerTrace) -> list[tuple[slice, slice]]:
    assert isinstance(part.layer, Dense)
    return list(part.layer.parts(part.x.shape[1]))


def inputs_of(part: LayerTrace, j: int) -> slice:
    """Return the inputs that a unit of a dense layer reads: all, or those of its group."""
    parts = _parts(part)
    units: int = part.y.shape[1] // len(parts)
    return parts[j // units][0]


def _by_group(part: LayerTrace) -> str:
    count = len(_parts(part))
    return "" if count == 1 else rf"\text{{, in each of {count} groups}}"


class _PiecewiseLinearFormula(LayerFormula):
    def forward(self, part: LayerTrace) -> str:
        x = symbol(part.source)
        return rf"[{x}, \min(\max(\frac{{{x} - k}}{{k' - k}}, 0), 1)]\text{{ for each interval from k to k'}}"

    def backward(self, part: LayerTrace) -> str:
        d = delta(part.name)
        return (
            rf"{d} + \sum \frac{{{d}}}{{k' - k}}\text{{ over the intervals that }}{symbol(part.source)}\text{{ is in}}"
        )

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        n = part.x.shape[1]
        if j < n:
            return numbers(part.x[s, j])
        column, low, factor = (values[j - n] for values in _pieces(part))
        beyond = f"{numbers(part.x[s, column])}{numbers.added(-low)}"
        return rf"\min(\max(({beyond}) \cdot {numbers(factor)}, 0), 1)"

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        n, (column, _, factor) = part.x.shape[1], _pieces(part)
        inside = np.flatnonzero((column == i) & (part.y[s, n:] > 0) & (part.y[s, n:] < 1))
        dy = _of(part.dy)[s]
        if not inside.size:
            return numbers(dy[i])
        slopes = np.concatenate([np.ones(1, factor.dtype), factor[inside]])
        return products(dy[[i, *(n + inside)]], slopes, numbers, most)


def _pieces(part: LayerTrace) -> tuple[Array, Array, Array]:
    """Return the input of each interval, where it begins, and 1 / its length, in the network's precision."""
    assert isinstance(part.layer, PiecewiseLinear)
    column, low, factor = part.layer.pieces()
    return column, low.astype(part.x.dtype), factor.astype(part.x.dtype)


class _SoftmaxFormula(LayerFormula):
    def forward(self, part: LayerTrace) -> str:
        z = symbol(part.source)
        return rf"\frac{{e^{{{z} - \max {z}}}}}{{\sum e^{{{z} - \max {z}}}}}"

    def backward(self, part: LayerTrace) -> str:
        a, da = symbol(part.name), delta(part.name)
        return rf"{a} \cdot ({da} - \sum {da} \cdot {a})"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        rest = part.x[s] - part.x[s].max()
        total = summed(np.exp(rest), lambda k: f"e^{{{numbers(rest[k])}}}", numbers, most)
        return rf"\frac{{e^{{{numbers(rest[j])}}}}}{{{total}}}"

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        y, dy = part.y[s], _of(part.dy)[s]
        return rf"{numbers(y[i])} \cdot ({numbers(dy[i])} - ({products(dy, y, numbers, most)}))"


class _DropoutFormula(LayerFormula):
    def forward(self, part: LayerTrace) -> str:
        return rf"{symbol(part.source)} \cdot \text{{mask}}"

    def backward(self, part: LayerTrace) -> str:
        return rf"{delta(part.name)} \cdot \text{{mask}}"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        return product(part.x[s, j], part.kept["mask"][s, j], numbers)

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        return product(_of(part.dy)[s, i], part.kept["mask"][s, i], numbers)


class _ScaleFormula(LayerFormula):
    def forward(self, part: LayerTrace) -> str:
        return rf"{symbol(part.source)} \cdot {part.symbol_of('s')}"

    def backward(self, part: LayerTrace) -> str:
        return rf"{delta(part.name)} \cdot {part.symbol_of('s')}"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        return product(part.x[s, j], part.parameters["s"][j], numbers)

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        return product(_of(part.dy)[s, i], part.parameters["s"][i], numbers)

    def gradient(self, part: LayerTrace, name: str) -> str:
        over = "" if len(part.x) == 1 else r"\text{, summed over the samples}"
        return rf"{delta(part.name)} \cdot {symbol(part.source)}{over}"

    def weight_gradient(
        self, part: LayerTrace, name: str, index: tuple[int, ...], numbers: Numbers, most: int | None
    ) -> str:
        j = index[0]
        return products(_of(part.dy)[:, j], part.x[:, j], numbers, most)


class _NormFormula(LayerFormula):
    """What the two normalizations share: y = γ x̂ + β."""

    def forward(self, part: LayerTrace) -> str:
        x, gamma, beta = symbol(part.source), symbol(part.names["gamma"]), symbol(part.names["beta"])
        return rf"{gamma} \cdot \frac{{{x} - \mu}}{{\sqrt{{\sigma^{{2}} + \epsilon}}}} + {beta}"

    def output(self, part: LayerTrace, s: int, j: int, numbers: Numbers, most: int | None) -> str:
        mean, var = self.moments(part, s, j)
        gamma, beta = part.parameters["gamma"][j], part.parameters["beta"][j]
        epsilon = in_full(part.layer.epsilon)  # type: ignore[attr-defined]
        normal = rf"\frac{{{numbers(part.x[s, j])}{numbers.added(-mean)}}}{{\sqrt{{{numbers(var)} + {epsilon}}}}}"
        return rf"{numbers(gamma)} \cdot ({normal}){numbers.added(beta)}"

    def moments(self, part: LayerTrace, s: int, j: int) -> tuple[Any, Any]:
        """μ and σ² of that number."""
        raise NotImplementedError

    def gradient(self, part: LayerTrace, name: str) -> str:
        over = "" if len(part.x) == 1 else r"\text{, summed over the samples}"
        return delta(part.name) + (r" \cdot \hat{x}" if name == "gamma" else "") + over

    def weight_gradient(
        self, part: LayerTrace, name: str, index: tuple[int, ...], numbers: Numbers, most: int | None
    ) -> str:
        j, dy = index[0], _of(part.dy)
        if name == "gamma":
            return products(dy[:, j], part.kept["normal"][:, j], numbers, most)
        return summed(dy[:, j], lambda s: numbers(dy[s, j]), numbers, most)


class _LayerNormFormula(_NormFormula):
    def moments(self, part: LayerTrace, s: int, j: int) -> tuple[Any, Any]:
        return part.x[s].mean(), part.x[s].var()

    def backward(self, part: LayerTrace) -> str:
        d = rf"{delta(part.name)} \cdot {symbol(part.names['gamma'])}"
        inner = r"d - \text{mean }d - \hat{x} \cdot \text{mean}(d \cdot \hat{x})"
        return rf"\frac{{{inner}}}{{\sqrt{{\sigma^{{2}} + \epsilon}}}}\text{{, }}d = {d}"

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        d, normal = _of(part.dy)[s] * part.parameters["gamma"], part.kept["normal"][s]
        common = product(normal[i], (d * normal).mean(), numbers)
        inner = rf"{numbers(d[i])}{numbers.added(-d.mean())} - {enclosed(common)}"
        return rf"({inner}) \cdot {numbers(part.kept['inverse'][s])}"


class _BatchNormFormula(_NormFormula):
    def moments(self, part: LayerTrace, s: int, j: int) -> tuple[Any, Any]:
        if not part.gradients and part.new_y is None:  # a prediction
            return part.parameters["mean"][j], part.parameters["var"][j]
        return part.kept["batch_mean"][j], part.kept["batch_var"][j]

    def backward(self, part: LayerTrace) -> str:
        dy, beta, gamma = (delta(name) for name in (part.name, part.names["beta"], part.names["gamma"]))
        factor = rf"\frac{{{symbol(part.names['gamma'])}}}{{\sqrt{{\sigma^{{2}} + \epsilon}}}}"
        return rf"{factor} \cdot ({dy} - \frac{{{beta} + \hat{{x}} \cdot {gamma}}}{{n}})"

    def input_gradient(self, part: LayerTrace, s: int, i: int, numbers: Numbers, most: int | None) -> str:
        g, normal, n = part.gradients, part.kept["normal"][s, i], len(part.x)
        shared = (
            rf"\frac{{{numbers(g['beta'][i])} + {numbers.factor(normal)} \cdot {numbers.factor(g['gamma'][i])}}}{{{n}}}"
        )
        factor = rf"{numbers(part.parameters['gamma'][i])} \cdot {numbers(part.kept['inverse'][i])}"
        return rf"{factor} \cdot ({numbers(_of(part.dy)[s, i])} - {shared})"

    def adapted(self, part: LayerTrace, name: str, j: int, numbers: Numbers) -> str | None:
        n, kept = len(part.x), part.layer.momentum  # type: ignore[attr-defined]
        if n < 2 or part.frozen:
            return None
        batch = numbers.factor(part.kept[f"batch_{name}"][j]) + (
            "" if name == "mean" else rf" \cdot \frac{{{n}}}{{{n - 1}}}"
        )
        return (
            rf"{in_full(kept)} \cdot {numbers.factor(part.parameters[name][j])} + (1 - {in_full(kept)}) \cdot {batch}"
        )


LAYER_FORMULAS: dict[type[Layer], LayerFormula] = {
    Dense: _DenseFormula(),
    PiecewiseLinear: _PiecewiseLinearFormula(),
    Dropout: _DropoutFormula(),
    Scale: _ScaleFormula(),
    LayerNorm: _LayerNormFormula(),
    BatchNorm: _BatchNormFormula(),
    Softmax: _SoftmaxFormula(),
}
_ELEMENTWISE, _UNKNOWN = _Elementwise(), LayerFormula()


def formula_of(layer: Layer) -> LayerFormula:
    """Return the formulas of this very class: one that derives from it may compute otherwise."""
    if isinstance(layer, Activation) and layer.has_formula:
        return _ELEMENTWISE
    return LAYER_FORMULAS.get(type(layer), _UNKNOWN)
