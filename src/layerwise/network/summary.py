"""A network as a table: for a terminal, and for a notebook."""

from __future__ import annotations

from collections.abc import Sequence, Set

from layerwise.engine.plan import Plan
from layerwise.formula.quoting import markup, visible
from layerwise.parts.layers import Dense, Layer
from layerwise.parts.parameters import Parameters


def rows(
    layers: Sequence[Layer], plan: Plan | None, parameters: Parameters | None, frozen: Set[int] = frozenset()
) -> list[tuple[str, str, str]]:
    """Layer, output shape and number of parameters; "?" while the sizes are not known. Frozen layers are marked."""
    table = []
    for i, layer in enumerate(layers):
        name = visible(repr(layer)) + (" (frozen)" if i in frozen else "")
        if plan is None or parameters is None:
            table.append((name, "(n, ?)", "?"))
        else:
            count = sum(part.stop - part.start for part in parameters.slices[i].values())
            table.append((name, f"(n, {plan.stages[i].n_out})", f"{count:,}"))
    return table


def brief(layer: Layer) -> str:
    """Return a layer as a line shows it: of `Dense`, the units and groups alone.

    Examples
    --------
    >>> from layerwise.parts.layers import Dense, LeakyReLU
    >>> brief(Dense(3, weights="zeros")), brief(LeakyReLU(0.2))
    ('Dense(3)', 'LeakyReLU(negative_slope=0.2)')
    """
    if not isinstance(layer, Dense):
        return repr(layer)
    return f"Dense({layer.units})" if layer.groups == 1 else f"Dense({layer.units}, groups={layer.groups})"


def _total(plan: Plan | None, parameters: Parameters | None) -> str:
    if plan is None or parameters is None:
        return "sizes are inferred from the data at the first fit"
    return f"{plan.n_in} inputs, {parameters.theta.size:,} parameters ({parameters.theta.nbytes / 1024:,.0f} KB)"


def text(
    layers: Sequence[Layer], plan: Plan | None, parameters: Parameters | None, frozen: Set[int] = frozenset()
) -> str:
    """The table as lines of text."""
    table = [("layer", "output shape", "parameters"), *rows(layers, plan, parameters, frozen)]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in table]
    rule = "─" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:], rule, _total(plan, parameters)])


def html(
    layers: Sequence[Layer], plan: Plan | None, parameters: Parameters | None, frozen: Set[int] = frozenset()
) -> str:
    """The table as HTML."""
    body = "".join(
        f"<tr><td><code>{markup(a)}</code></td><td>{b}</td><td style='text-align:right'>{c}</td></tr>"
        for a, b, c in rows(layers, plan, parameters, frozen)
    )
    return (
        "<table><thead><tr><th>layer</th><th>output shape</th><th>parameters</th></tr></thead>"
        f"<tbody>{body}</tbody><tfoot><tr><td colspan='3'>{_total(plan, parameters)}</td></tr></tfoot></table>"
    )
