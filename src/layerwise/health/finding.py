"""A finding: what was seen, why it matters, and what to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("serious", "warning", "note")  # it learns nothing or the wrong thing; it learns badly; to be known


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or may be.

    Attributes
    ----------
    kind : str
        What it is, in a word or two: ``"dead units"``.
    severity : {"serious", "warning", "note"}
        Serious: what is affected does not learn. A warning: it learns worse than it could.
    where : str
        The layer, the column or the part of the training.
    seen : str
        The measurement, in words.
    why : str
        What comes of it.
    change : str
        What to do about it.
    call : str
        The line of Python that does it.
    numbers : dict of float
        The measurement, and the threshold that it was held against.
    """

    kind: str
    severity: str
    where: str
    seen: str
    why: str
    change: str
    call: str
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """It in a line."""
        return f"{self.kind}, {self.where}: {self.seen}; {self.change}: {self.call}"

    def to_dict(self) -> dict[str, Any]:
        """It as plain data, for JSON."""
        return asdict(self)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, and in the given order within each."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
