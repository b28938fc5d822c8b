"""What `lw.diagnose` found, as text, as HTML and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layerwise.formula.quoting import markup, visible
from layerwise.training.health.finding import Finding
from layerwise.training.health.probe import LayerHealth

UNTRIED = "not here: what comes of it is not known"
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
            lines.append(f"            {visible(finding.call)}")
            lines += [f"    tried   {finding.tried or UNTRIED}", ""]
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
            tried = f"<br>Tried: {markup(finding.tried or UNTRIED)}."
            parts.append(f"<p><b>{title}</b><br>{seen}: {why}.<br>{change}:<br><code>{call}</code>{tried}</p>")
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
