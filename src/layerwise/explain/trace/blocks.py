"""The cells of a trace, block by block: which numbers are shown, what they are called, and how they came about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from layerwise.errors import ShapeError
from layerwise.explain.trace.document import Block, Cell
from layerwise.explain.trace.layer_formulas import formula_of, inputs_of
from layerwise.explain.trace.notation import Numbers, delta, enclosed, gradient, in_full, symbol, words
from layerwise.explain.trace.record import LayerTrace, PenaltyTrace, StepTrace, Trace
from layerwise.explain.trace.step_formulas import (
    in_letters,
    in_numbers,
    loss_gradient,
    loss_term,
    penalty_formulas,
    update_lines,
)  # fmt: skip
from layerwise.explain.trace.sums import MOST_TERMS, product, summed
from layerwise.parts.layers import Dense
from layerwise.typing import Array

MOST, FEW = 10, 3  # of more neurons or inputs, so few are shown
FOLDED = 1024  # the most cells that a view may unfold in one block


def describe(part: LayerTrace) -> str:
    """``layer 0 (Dense(3))``, without the weights that it was given."""
    shown = repr(part.layer)
    if isinstance(part.layer, Dense) or len(shown) > 60:
        shown = f"{type(part.layer).__name__}({part.y.shape[1]})"
    return f"layer {part.index} ({shown})"


def _first(count: int) -> list[int]:
    return list(range(count if count <= MOST else FEW))


class Blocks:
    """Chooses what is shown of a trace and writes its cells.

    Parameters
    ----------
    trace, sample, digits, expand
        As for `Trace.document`.
    """

    def __init__(
        self, trace: Trace, sample: int, digits: int | str | None, expand: Iterable[int | tuple[int, int]]
    ) -> None:
        n, last = len(trace.x), trace.layers[-1]
        if not 0 <= sample < n:
            raise ShapeError(f"the trace has samples 0 to {n - 1}; got sample={sample!r}")
        self.trace, self.sample, self.numbers = trace, sample, Numbers(digits)
        answers = [last.y[sample], *([] if trace.step is None else [trace.step.targets[sample]])]
        self.marked = {int(row.argmax()) for row in answers}  # shown in every layer of as many outputs as the last
        self.of_layer: dict[int, set[int]] = {part.index: set() for part in trace.layers}
        for wanted in expand:
            index, j = wanted if isinstance(wanted, tuple) else (wanted, None)
            part = trace.layer(index)
            units = part.y.shape[1]
            if j is not None and not 0 <= j < units:
                raise ShapeError(f"{describe(part)} has neurons 0 to {units - 1}; got {j}")
            for other in self.chain(part):
                self.of_layer[other.index] |= set(range(units)) if j is None else {j}

    def chain(self, part: LayerTrace) -> list[LayerTrace]:
        """Return the layer and those that work on its neurons, up to the next dense layer."""
        start = next(i for i, other in enumerate(self.trace.layers) if other is part)
        found = [part]
        for other in self.trace.layers[start + 1 :]:
            if isinstance(other.layer, Dense) or other.y.shape[1] != part.y.shape[1]:
                break
            found.append(other)
        return found

    # ---------------------------------------------------------------- what is shown

    def neurons(self, part: LayerTrace) -> list[int]:
        """Return the outputs of a layer that are shown."""
        marked = self.marked if self.chain(part)[-1] is self.trace.layers[-1] else ()
        return sorted({*_first(part.y.shape[1]), *marked, *self.of_layer[part.index]})

    def most(self, part: LayerTrace, j: int) -> int | None:
        """Return how many terms a sum for that neuron may have before it is cut."""
        return None if j in self.of_layer[part.index] else MOST_TERMS

    def inputs(self, part: LayerTrace, j: int) -> list[int]:
        """Return the rows of W whose weights to neuron j are shown: all but 0, or those that count most for its sum."""
        x, w = part.x[:, inputs_of(part, j)], part.parameters["W"][:, j]
        if len(w) <= MOST:
            return list(range(len(w)))
        if self.most(part, j) is None:
            return np.flatnonzero(x.any(axis=0)).tolist() or [0]
        return sorted(np.argsort(-np.abs(x[self.sample] * w), kind="stable")[:FEW].tolist())

    def vector(
        self, name: str, formula: str, values: Array, shown: Sequence[int], origin: Callable[[int], str | None]
    ) -> Block:
        """Return a block of one number a neuron."""

        def cell(j: int) -> Cell:
            return Cell(name if len(values) == 1 else _indexed(name, str(j)), origin(j), self.numbers(values[j]))

        rest = sorted(set(range(len(values))) - set(shown))
        folded = [cell(j) for j in rest[:FOLDED]]
        return Block(name, formula, [[cell(j) for j in shown]], folded, len(rest) - len(folded))

    def table(
        self,
        part: LayerTrace,
        key: str,
        name: str,
        formula: str,
        values: Array,
        shown: Sequence[int],
        origin: Callable[[tuple[int, ...]], str | None],
    ) -> Block:
        """Return a block of a layer's weights or of what belongs to them: a row a neuron, or one row."""
        if values.shape == part.y.shape[1:]:
            return self.vector(name, formula, values, shown, lambda j: origin((j,)))
        if type(part.layer) is not Dense:
            return self.listed(name, formula, values, origin)
        if values.size > MOST**2:
            shown = [j for j in shown if j < FEW or j in self.of_layer[part.index]]
        element = _element(name)
        rows = [
            [
                Cell(
                    element if values.size == 1 else _indexed(element, f"{i},{j}"),
                    origin((i, j)),
                    self.numbers(values[i, j]),
                )
                for i in self.inputs(part, j)
            ]
            for j in shown
        ]
        return Block(name, formula, rows, [], values.size - sum(map(len, rows)))

    def listed(self, name: str, formula: str, values: Array, origin: Callable[[tuple[int, ...]], str | None]) -> Block:
        """Return a block of the weights of a custom layer, whatever their shape."""
        places = [tuple(map(int, np.unravel_index(i, values.shape))) for i in _first(values.size)]
        row = [Cell(_indexed(name, ",".join(map(str, at))), origin(at), self.numbers(values[at])) for at in places]
        return Block(name, formula, [row], [], values.size - len(row))

    # ---------------------------------------------------------------- forward

    def given(self) -> Block:
        """Return the inputs, and how they were scaled."""
        trace, s, numbers = self.trace, self.sample, self.numbers
        x, raw, scaler = trace.x[s], trace.raw[s], trace.scaler
        shown = _first(len(x))
        if len(x) > MOST and x.any():
            shown = sorted(np.argsort(-np.abs(x), kind="stable")[:FEW].tolist())
        if scaler is None:
            return self.vector("x", "", x, shown, lambda i: None)
        offset, factor = (np.broadcast_to(np.asarray(c), x.shape) for c in (scaler.offset, scaler.factor))

        def scaled(i: int) -> str:
            if not offset[i]:
                return product(raw[i], factor[i], numbers)
            return rf"({numbers(raw[i])}{numbers.added(-offset[i])}) \cdot {numbers.factor(factor[i])}"

        moved = r"(\text{raw} - \text{offset})" if offset.any() else r"\text{raw}"
        formula = rf"{moved} \cdot \text{{factor}}"
        return self.vector("x", formula, x, shown, scaled)

    def forward(self, part: LayerTrace, shown: Sequence[int]) -> list[Block]:
        """Return a layer's mask, where it has one, and its outputs."""
        formulas, s = formula_of(part.layer), self.sample
        blocks = []
        if part.kept.get("mask", part.x).shape == part.y.shape and "mask" in part.kept:
            blocks.append(self.vector(r"\text{mask}", "", part.kept["mask"][s], shown, lambda j: None))

        def origin(j: int) -> str | None:
            return formulas.output(part, s, j, self.numbers, self.most(part, j))

        return [*blocks, self.vector(symbol(part.name), formulas.forward(part), part.y[s], shown, origin)]

    # ---------------------------------------------------------------- cost and backward

    def cost(self, step: StepTrace) -> list[Block]:
        """Return the loss of each output, of the sample, and of the batch."""
        s, numbers, a = self.sample, self.numbers, self.trace.layers[-1]
        m, n, name = step.targets.shape[1], len(step.targets), symbol(a.name)
        shown = self.neurons(a)
        blocks = [self.vector("y", "", step.targets[s], shown, lambda j: None)]
        formula = loss_term(step.loss, name, "y") or ""
        is_one = m == 1 and n == 1
        terms: Array | None = step.terms
        if terms is not None and not is_one:

            def origin(j: int) -> str | None:
                return loss_term(step.loss.of_output(j), numbers(a.y[s, j]), numbers(step.targets[s, j]))

            blocks.append(self.vector(r"\ell", formula, terms[s], shown, origin))
        mean = rf"\frac{{1}}{{{m}}} \cdot " if step.averages and m > 1 else ""
        whole = formula
        origin_of_sample = (
            loss_term(step.loss.of_output(0), numbers(a.y[s, 0]), numbers(step.targets[s, 0])) if is_one else None
        )
        if terms is not None and not is_one:
            row = terms[s]
            total = summed(row, lambda j: numbers(row[j]), numbers, MOST_TERMS)
            origin_of_sample = (mean + f"({total})") if mean else total
            whole = mean + r"\sum \ell" if m > 1 else r"\ell"
        loss_name = "C" if n == 1 else rf"C_{{{s}}}"
        blocks.append(Block(loss_name, whole, [[Cell(loss_name, origin_of_sample, numbers(step.losses[s]))]]))
        if n > 1:
            losses = summed(step.losses, lambda i: numbers(step.losses[i]), numbers, MOST_TERMS)
            origin_of_mean = rf"\frac{{{losses}}}{{{n}}}"
            blocks.append(
                Block("C", r"\text{the mean over the samples}", [[Cell("C", origin_of_mean, numbers(step.cost))]])
            )
        blocks += [self.penalty(term) for term in step.penalties]
        return blocks

    def penalty(self, term: PenaltyTrace) -> Block:
        """Return what one penalty adds to the cost; the gradient of the sum is what is followed."""
        name = f"{words(type(term.penalty).__name__ + ' of ')}{symbol(term.name)}"
        pair = penalty_formulas(term.penalty)
        formula = ""
        if pair is not None:
            weights = pair[0](symbol(term.name.lower()))
            formula = rf"\lambda \cdot {weights}\text{{, }}\lambda = {in_full(term.factor)}"
        return Block(name, formula, [[Cell(name, None, self.numbers(term.value))]])

    def from_loss(self, step: StepTrace, shown: Sequence[int] | None = None) -> Block | None:
        """Return the gradient that the loss begins with."""
        last = self.trace.layers[-1]
        name = last.source if step.fused else last.name
        values = self.loss_gradient(step)
        if values is None:
            return None
        s, (n, m) = self.sample, step.targets.shape
        formula = loss_gradient(step.loss, symbol(last.name), "y", m, n, step.fused)

        def origin(j: int) -> str | None:
            a, y = self.numbers(last.y[s, j]), self.numbers(step.targets[s, j])
            return loss_gradient(step.loss.of_output(j), a, y, m, n, step.fused)

        formula = _with_delta(name, formula or "")
        shown = self.neurons(last) if shown is None else shown
        return self.vector(gradient(symbol(name)), formula, values[s], shown, origin)

    def loss_gradient(self, step: StepTrace) -> Array | None:
        """∂C/∂a, or ∂C/∂z where the last layer is fused into the loss."""
        layers = self.trace.layers
        if not step.fused:
            return layers[-1].dy
        return layers[-2].dy if len(layers) > 1 else None

    def backward(self, part: LayerTrace, shown: Sequence[int]) -> Block | None:
        """Return the gradient by a layer's inputs."""
        if part.dx is None:
            return None
        formulas, s = formula_of(part.layer), self.sample

        def origin(i: int) -> str | None:
            full = None if self._is_wanted(part, i) else MOST_TERMS
            return formulas.input_gradient(part, s, i, self.numbers, full)

        formula = _with_delta(part.source, formulas.backward(part))
        return self.vector(gradient(symbol(part.source)), formula, part.dx[s], shown, origin)

    def _is_wanted(self, part: LayerTrace, i: int) -> bool:
        before = self.before(part)
        return before is not None and i in self.of_layer[before.index]

    def before(self, part: LayerTrace) -> LayerTrace | None:
        """Return the layer that gives a layer's inputs."""
        return next((other for other in self.trace.layers if other.name == part.source), None)

    def sources(self, part: LayerTrace) -> list[int]:
        """Return the inputs of a layer whose gradients are shown."""
        before = self.before(part)
        return _first(part.x.shape[1]) if before is None else self.neurons(before)

    def gradients(self, part: LayerTrace, shown: Sequence[int]) -> list[Block]:
        """Return the gradients by a layer's weights."""
        formulas = formula_of(part.layer)
        blocks = []
        for key, values in part.gradients.items():

            def origin(index: tuple[int, ...], key: str = key) -> str | None:
                return formulas.weight_gradient(part, key, index, self.numbers, self.most(part, index[-1]))

            name = gradient(part.symbol_of(key))
            blocks.append(self.table(part, key, name, formulas.gradient(part, key) or "", values, shown, origin))
        return blocks

    # ---------------------------------------------------------------- update

    def update(self, part: LayerTrace, step: StepTrace, shown: Sequence[int]) -> list[Block]:
        """From each weight's gradient to the weight after the step."""
        blocks: list[Block] = []
        for key in part.new:
            if key in part.layer.statistics:
                blocks.append(self.adapted(part, key, shown))
            else:
                blocks += self.learned(part, key, step, shown)
        return blocks

    def adapted(self, part: LayerTrace, key: str, shown: Sequence[int]) -> Block:
        """Return a statistic, which no gradient teaches."""

        def origin(index: tuple[int, ...]) -> str | None:
            return formula_of(part.layer).adapted(part, key, index[0], self.numbers)

        name = part.symbol_of(key)
        moves = origin((0,)) is not None
        formula = r"\text{its running mean over the steps}" if moves else rf"{name}\text{{, kept as it is}}"
        return self.table(part, key, f"{name}'", formula, part.new[key], shown, origin)

    def learned(self, part: LayerTrace, key: str, step: StepTrace, shown: Sequence[int]) -> list[Block]:
        """Return a weight: the penalties' part of its gradient, the optimizer's states, and its new value."""
        name, numbers = part.symbol_of(key), self.numbers
        arrays, new, share = part.parameters[key], part.new[key], part.rates.get(key, 1.0)
        old_states, new_states = part.states[key], part.new_states[key]
        blocks = []
        if part.frozen or share == 0:
            return [self.table(part, key, f"{name}'", rf"{name}\text{{, kept as it is}}", new, shown, lambda i: None)]
        g = gradient(name)
        if key in part.penalties:

            def with_penalty(index: tuple[int, ...]) -> str:
                return numbers(part.gradients[key][index]) + numbers.added(part.penalties[key][index])

            formula = rf"{gradient(name)} + {self.penalty_slopes(part, key, step)}"
            total = self.table(part, key, rf"g_{{{name}}}", formula, part.totals[key], shown, with_penalty)
            blocks.append(total)
            g = rf"g_{{{name}}}"
        names = {state: rf"{_state(state)}_{{{name}}}" for state in new_states}
        primed = {state: f"{text}'" for state, text in names.items()}
        symbols = update_lines(step.optimizer, name, g, names, primed, in_letters)

        def line(which: str) -> Callable[[tuple[int, ...]], str | None]:
            def origin(index: tuple[int, ...]) -> str | None:
                w, total = numbers(arrays[index]), numbers(part.totals[key][index])
                before = {state: numbers(array[index]) for state, array in old_states.items()}
                after = {state: numbers(array[index]) for state, array in new_states.items()}
                found = update_lines(step.optimizer, w, total, before, after, in_numbers(step.optimizer)).get(which)
                if found is None or which or share == 1:
                    return found
                return rf"{w} + {numbers(share)} \cdot ({found} - {enclosed(w)})"

            return origin

        for state, array in new_states.items():
            blocks.append(self.table(part, key, primed[state], symbols.get(state, ""), array, shown, line(state)))
        formula = symbols.get("", "")
        if share != 1 and formula:
            formula = rf"{name} + {numbers(share)} \cdot ({formula} - {name})"
        blocks.append(self.table(part, key, f"{name}'", formula, new, shown, line("")))
        return blocks

    def penalty_slopes(self, part: LayerTrace, key: str, step: StepTrace) -> str:
        """Return the penalties' gradients by an array, in symbols."""
        found = []
        for term in step.penalties:
            if term.name == part.names[key]:
                pair = penalty_formulas(term.penalty)
                slope = (
                    words(f"{type(term.penalty).__name__}.gradient") if pair is None else pair[1](part.symbol_of(key))
                )
                found.append(rf"{in_full(term.factor)} \cdot {slope}")
        return " + ".join(found)


def _with_delta(name: str, formula: str) -> str:
    """∂C/∂z₁ is called δ₁ where it is found."""
    return f"{delta(name)} = {formula}" if name.startswith("z") and formula else formula


def _element(name: str) -> str:
    """Return the symbol of an element: of W it is w."""
    return name.replace("W", "w")


def _indexed(name: str, index: str) -> str:
    """Return a symbol with its index, which goes inside ∂C/∂w, and after a prime."""
    return f"{name[:-1]}[{index}]}}" if name.startswith(r"\dd{") else f"{name}[{index}]"


def _state(name: str) -> str:
    """Return an optimizer's state as a symbol."""
    return name if re.fullmatch("[A-Za-z]", name) else words(name)
