"""A network looked at as a doctor would: its layers, its data and its newest training.

diagnose ─► at most 1,024 rows ─► a Probe's look, and the rules of `layerwise.health` ─► Diagnosis
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data import rows_of
from layerwise.health import (
    Finding,
    LayerHealth,
    Probe,
    of_classes,
    of_columns,
    of_history,
    of_inputs,
    of_layers,
    of_targets,
    some_rows,
    worst_first,
)
from layerwise.losses import Loss
from layerwise.names import names_of
from layerwise.network import Network
from layerwise.optimizers import Adam, Optimizer, as_optimizer
from layerwise.plan import check_training, compile_training
from layerwise.quoting import markup, visible
from layerwise.targets import check_lengths, encode
from layerwise.typing import ArrayLike

ROWS = 1024  # enough for shares within two or three percent, and a moment's work
_COLUMNS = ("layer", "mean", "std", "largest", "dead", "saturated", "weights", "gradient", "update/weights")


@dataclass(frozen=True)
class Diagnosis:
    """What was found; `str` of it is a page of text, and a notebook shows it as HTML.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first; empty if nothing was found.
    layers : tuple of LayerHealth
        The numbers of each layer.
    loss : float
        The mean data loss of the rows looked at, dropout taking part as in training.
    constant_loss : float
        That of the best answer which is the same for every row.
    rows, rows_in_all : int
        How many rows were looked at, of how many.
    epochs : int
        How many epochs of a history were looked at.
    """

    findings: tuple[Finding, ...]
    layers: tuple[LayerHealth, ...]
    loss: float
    constant_loss: float
    rows: int
    rows_in_all: int
    epochs: int

    def table(self) -> list[tuple[str, ...]]:
        """The layers' numbers as text, with a first row of titles; a dash where a layer has none."""
        return [_COLUMNS, *(_cells(layer) for layer in self.layers)]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "layers": [layer.to_dict() for layer in self.layers],
            "loss": self.loss,
            "constant_loss": self.constant_loss,
            "rows": self.rows,
            "rows_in_all": self.rows_in_all,
            "epochs": self.epochs,
        }

    @property
    def _headline(self) -> str:
        found = len(self.findings)
        return {0: "Nothing found", 1: "1 finding"}.get(found, f"{found} findings")

    @property
    def _looked_at(self) -> str:
        training = f"a history of {self.epochs} epochs" if self.epochs else "no history, for it was not trained here"
        return (
            f"Looked at: {len(self.layers)} layers forward and backward on {self.rows:,} of {self.rows_in_all:,} rows, "
            f"the columns and targets, and {training}. Loss {self.loss:.4g}; the best constant answer's is "
            f"{self.constant_loss:.4g}."
        )

    def __str__(self) -> str:
        lines = [self._headline, ""]
        for finding in self.findings:
            lines.append(visible(f"{finding.severity}: {finding.kind}, {finding.where}"))
            lines += [f"    {name:<8}{visible(getattr(finding, name))}" for name in ("seen", "why", "change")]
            lines += [f"            {finding.call}", ""]
        table = self.table()
        widths = [max(len(row[i]) for row in table) for i in range(len(_COLUMNS))]
        for row in table:
            cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, "", self._looked_at])

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{self._headline}</b></p>"]
        for finding in self.findings:
            seen, why, change, call = (
                markup(text) for text in (finding.seen, finding.why, finding.change, finding.call)
            )
            title = markup(f"{finding.severity}: {finding.kind}, {finding.where}")
            parts.append(f"<p><b>{title}</b><br>{seen}: {why}.<br>{change}:<br><code>{call}</code></p>")
        head, *body = self.table()
        rows = "".join(
            f"<tr><td><code>{markup(name)}</code></td>"
            + "".join(f"<td style='text-align:right'>{cell}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in body
        )
        titles = "".join(f"<th>{title}</th>" for title in head)
        parts.append(f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>")
        return "".join([*parts, f"<p>{markup(self._looked_at)}</p>"])


def _cells(layer: LayerHealth) -> tuple[str, ...]:
    shares = [("–" if value is None else f"{value:.0%}") for value in (layer.dead, layer.saturated)]
    numbers = [
        "–" if value is None else f"{value:.2g}"
        for value in (layer.weight_norm, layer.gradient_norm, layer.update_ratio)
    ]
    name = f"{layer.index} {visible(layer.name)}" + (
        " (frozen)" if layer.frozen and layer.weight_norm is not None else ""
    )
    return name, f"{layer.mean:.2g}", f"{layer.std:.2g}", f"{layer.largest:.2g}", *shares, *numbers


def diagnose(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    optimizer: Optimizer | str | None = None,
) -> Diagnosis:
    """Look for what keeps a network from learning: in its layers, its data and the history of its newest fit.

    One step is made on copies of the weights and of the optimizer, on at most 1,024 rows; the network is not changed.
    An untrained network is looked at with the weights that `fit` would begin with.

    Parameters
    ----------
    network : Network
        Trained or not.
    X, y : array
        The data that it is trained on.
    loss, optimizer : optional
        As for `Network.fit`: by default the network's own.

    Returns
    -------
    Diagnosis
        Its `findings` each have what was seen, why it matters and what to change; its `layers` the numbers.

    Raises
    ------
    ShapeError, DataError, GradientError
        What `fit` refuses.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(1000 * X, y, epochs=2, verbose=False)
    >>> lw.diagnose(net, 1000 * X, y).findings[0].kind
    'unscaled inputs'
    """
    if not isinstance(network, Network):
        hint = ": give its network_" if hasattr(network, "network_") else ""
        raise TypeError(f"diagnose takes a Network; {type(network).__name__} came{hint}")
    data = network.read_rows(X, "diagnose: X")
    names = _names(network, X, data.shape[1])
    twin = network.copy()
    twin.build(data.shape[1])
    plan, parameters = twin.built()
    chosen = twin.choose_loss(loss)
    check_training(plan, chosen)
    targets = encode(y, plan.n_out, chosen, twin.dtype, twin.task)
    check_lengths(data, targets)
    data, scaler = twin.training_rows(data)
    stepping = (twin.optimizer or Adam()) if optimizer is None else as_optimizer(optimizer)
    plan = compile_training(plan, parameters, chosen, twin.penalties, stepping)
    places = some_rows(data.shape[0], ROWS)
    rows = rows_of(data[places], scaler, twin.dtype, len(places))
    probe = Probe(plan, parameters, rows, targets.part(places), twin.seed)
    look = probe.look(twin.steps, stepping, twin.frozen, twin.last_fit.get("clip_norm"))
    findings: list[Finding] = [*of_inputs(rows.span(0, len(rows)), names)]  # causes come before what follows from them
    findings += of_columns(data, rows.raw(np.arange(len(rows))), names)
    if not {"class_weight", "sample_weight"} & set(twin.last_fit.get("others", ())):
        findings += of_classes(targets)
    findings += of_targets(look)
    findings += of_layers(look)
    if network.history is not None:
        findings += of_history(network.history, network.history.stopped_by, look, stepping.learning_rate)
    return Diagnosis(
        worst_first(findings),
        look.layers,
        look.loss,
        look.constant_loss,
        len(rows),
        data.shape[0],
        0 if network.history is None else network.history.epochs,
    )


def _names(network: Network, X: Any, width: int) -> Sequence[str]:
    """What the columns are called: by the network, by the frame, or by their numbers."""
    columns = [column["name"] for column in network.columns or ()] or names_of(X) or ()
    known = [f"column {j} ({visible(str(name))})" for j, name in enumerate(columns)]
    return known if len(known) == width else [f"column {j}" for j in range(width)]
