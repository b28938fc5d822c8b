"""A finding: what was seen, why it matters, and what to change, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from layerwise.training.health.remedy import Remedy

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
    remedies : tuple of Remedy
        What may be done about it, the likeliest to help first.
    numbers : dict of float
        The measurement, and the threshold that it was held against.
    tried : str
        What the first remedy did where it was tried, in words; empty where it was not, and nothing is proven.
    after : tuple of Remedy
        The cures of causes, with which it was tried: they are to be followed first.
    """

    kind: str
    severity: str
    where: str
    seen: str
    why: str
    remedies: tuple[Remedy, ...]
    numbers: dict[str, float] = field(default_factory=dict)
    tried: str = ""
    after: tuple[Remedy, ...] = ()

    @property
    def change(self) -> str:
        """What to do about it."""
        return self.remedies[0].words

    @property
    def call(self) -> str:
        """The line of Python that does it, after the cures of causes."""
        return "; ".join([*(cause.first for cause in self.after), self.remedies[0].call])

    @property
    def line(self) -> str:
        """It in a line."""
        return f"{self.kind}, {self.where}: {self.seen}; {self.change}: {self.call}"

    def to_dict(self) -> dict[str, Any]:
        """It as plain data, for JSON."""
        own = {name: getattr(self, name) for name in ("kind", "severity", "where", "seen", "why", "change", "call")}
        return {
            **own,
            "remedies": [asdict(r) for r in self.remedies],
            "numbers": self.numbers,
            "tried": self.tried,
            "after": [asdict(r) for r in self.after],
        }


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, and in the given order within each."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
