"""What is shown of a trace, and in which order.

    inputs ─► forward, layer by layer ─► cost ─► backward, layer by layer ─► update ─► after the step

Of a layer with many neurons the first few are shown; the rest is folded away, with its count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layerwise.explain.trace.blocks import Blocks, describe
from layerwise.explain.trace.document import Block, Cell, Document, Section
from layerwise.explain.trace.notation import plain, symbol
from layerwise.explain.trace.record import LayerTrace, StepTrace, Trace
from layerwise.parts.layers import Dense


def whole(trace: Trace, sample: int, digits: int | str | None, expand: Iterable[int | tuple[int, int]]) -> Document:
    """Return the whole trace."""
    return _whole(Blocks(trace, sample, digits, expand))


def one_neuron(trace: Trace, part: LayerTrace, j: int, sample: int, digits: int | str | None) -> Document:
    """Return one neuron, from its sum to its new weights."""
    return _neuron(Blocks(trace, sample, digits, [(part.index, j)]), part, j)


def _title(blocks: Blocks) -> tuple[str, str]:
    """Return what the trace is, and of which sample."""
    trace, step = blocks.trace, blocks.trace.step
    n = len(trace.x)
    sizes = "-".join(map(str, [trace.x.shape[1], *(p.y.shape[1] for p in trace.layers if isinstance(p.layer, Dense))]))
    which = "" if n == 1 else f" The numbers of samples are those of sample {blocks.sample} of {n}, counted from 0."
    if step is None:
        return f"A prediction, {sizes}", f"The answer is {trace.answers[blocks.sample]}.{which}".strip()
    prime = f"A prime, as in {plain(next(_weights(trace), 'w_{1}'))}', marks what is new."
    how = f"Step {step.number} of the network, with {step.loss!r} and {step.optimizer!r}.{which} {prime}"
    return f"One training step, {sizes}", how


def _weights(trace: Trace) -> Iterator[str]:
    return (part.symbol_of(key) for part in trace.layers for key in part.names)


def _whole(blocks: Blocks) -> Document:
    """Return the trace from its inputs to the cost after the step."""
    trace, step = blocks.trace, blocks.trace.step
    sections = [Section("Inputs", "", [blocks.given()])]
    for part in trace.layers:
        sections.append(Section(f"Forward: {describe(part)}", "", blocks.forward(part, blocks.neurons(part))))
    if step is not None:
        sections.append(Section("Cost", "", blocks.cost(step)))
        sections += _backward(blocks, step)
        for part in trace.layers:
            found = blocks.update(part, step, blocks.neurons(part))
            if found:
                sections.append(Section(f"Update: {describe(part)}", "", found))
        sections.append(_after(blocks, step))
    return Document(*_title(blocks), sections)


def _backward(blocks: Blocks, step: StepTrace) -> list[Section]:
    begin = blocks.from_loss(step)
    note = ""
    if step.fused:
        pair = f"{type(blocks.trace.layers[-1].layer).__name__} and {type(step.loss).__name__}"
        note = f"{pair} have a joint gradient, by the input of the two."
    sections = [Section("Backward: the loss", note, [begin])] if begin is not None else []
    for part in reversed(blocks.trace.layers):
        found = blocks.gradients(part, blocks.neurons(part))
        dx = blocks.backward(part, blocks.sources(part))
        found += [] if dx is None else [dx]
        if found:
            sections.append(Section(f"Backward: {describe(part)}", "", found))
    return sections


def _after(blocks: Blocks, step: StepTrace) -> Section:
    found = [
        blocks.vector(f"{symbol(part.name)}'", "", part.new_y[blocks.sample], blocks.neurons(part), lambda j: None)
        for part in blocks.trace.layers
        if part.new_y is not None
    ]
    cost = Block("C'", "", [[Cell("C'", None, blocks.numbers(step.new_cost))]])
    change = "falls" if step.new_cost < step.cost else "rises" if step.new_cost > step.cost else "changes"  # to NaN
    way = f"The cost {change} from {blocks.numbers(step.cost)} to {blocks.numbers(step.new_cost)}."
    if step.new_cost == step.cost:
        way = f"The cost stays {blocks.numbers(step.cost)}."
    return Section("After the step", f"The same samples with the new weights. {way}", [*found, cost])


def _neuron(blocks: Blocks, part: LayerTrace, j: int) -> Document:
    """Return one neuron, in full."""
    step, chain = blocks.trace.step, blocks.chain(part)
    forward = [block for other in chain for block in _only(blocks.forward(other, [j]))]
    sections = [Section("Forward", "", forward)]
    if step is not None:
        backward = _only(filter(None, [_gradient_of(blocks, chain[-1], j, step)]))
        for other in reversed(chain):
            backward += _only(blocks.gradients(other, [j]))
            if (other is not part or not isinstance(part.layer, Dense)) and j < other.x.shape[1]:
                backward += _only(filter(None, [blocks.backward(other, [j])]))
        sections.append(Section("Backward", "", backward))
        update = [block for other in chain for block in _only(blocks.update(other, step, [j]))]
        sections += [Section("Update", "", update)] if update else []
    title, note = _title(blocks)
    unused = len(part.parameters["W"]) - len(blocks.inputs(part, j)) if type(part.layer) is Dense else 0
    note += f" {unused} inputs are 0 and left out." if unused else ""
    return Document(f"Neuron {j} of {describe(part)}", f"{title}. {note}", sections)


def _gradient_of(blocks: Blocks, part: LayerTrace, j: int, step: StepTrace) -> Block | None:
    """Return the gradient by the neuron's output, from the layer that takes it, or from the loss."""
    after = next((other for other in blocks.trace.layers if other.source == part.name), None)
    last = blocks.trace.layers[-1]
    if part is last or (step.fused and after is last):
        return blocks.from_loss(step, [j])
    return None if after is None else blocks.backward(after, [j])


def _only(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks without what is folded away."""
    return [Block(block.name, block.formula, block.rows) for block in blocks]
