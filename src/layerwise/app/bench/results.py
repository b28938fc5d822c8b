"""What a comparison gives: plain records, which go to JSON and come back from it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from layerwise.errors import FormatError

FORMAT = 1
POINTS = 2.0  # an accuracy further from the median than that many percentage points is flagged


@dataclass
class Measured:
    """A peer on a work: the fastest round and the slowest, or why there is none.

    `share` is that of the machine's limit; `accuracy` is None for predictions, whose outputs are checked instead.
    """

    peer: str
    label: str
    microseconds: float | None = None
    slowest: float | None = None
    accuracy: float | None = None
    memory_mb: float | None = None
    share: float | None = None
    flagged: bool = False
    error: str | None = None


@dataclass
class Comparison:
    """All peers on a work: `per` a step (of training) or a call (of prediction).

    `one_core` and `all_cores` are the machine's limit in GFLOP/s, measured in the same rounds.
    """

    work: str
    description: str
    per: str
    flops: int
    one_core: float
    all_cores: float
    measured: list[Measured]

    @property
    def heading(self) -> str:
        """The work's name and what it is; one that is written out is its own name."""
        return self.description if "," in self.work else f"{self.work}: {self.description}"

    def times_faster(self, other: Measured) -> float | None:
        """Return how many times faster layerwise is than the other."""
        own = next((one.microseconds for one in self.measured if one.peer == "layerwise"), None)
        return None if own is None or other.microseconds is None else other.microseconds / own

    def conclude(self, threads_of: dict[str, int | None]) -> None:
        """Fill in the shares of the limit, and flag accuracies that are far from the median."""
        known = [one.accuracy for one in self.measured if one.accuracy is not None]
        for one in self.measured:
            if one.microseconds is not None:
                limit = self.one_core if threads_of.get(one.peer) == 1 else self.all_cores
                one.share = self.flops / one.microseconds / 1e3 / limit
            if one.accuracy is not None:
                one.flagged = not abs(one.accuracy - median(known)) <= POINTS / 100


@dataclass
class Growth:
    """How a cost grows: `series` has for each peer's label a value (or None) for each of `sizes`."""

    name: str
    unit: str
    network: str
    sizes: list[int]
    series: dict[str, list[float | None]]


@dataclass
class Report:
    """A run of the benchmark, whole."""

    date: str
    command: str
    machine: dict[str, Any]
    settings: dict[str, Any]
    import_ms: float | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the report in JSON's types; each measured peer has how many times layerwise is faster, too."""
        content = {"format": FORMAT, **asdict(self)}
        for comparison, plain in zip(self.comparisons, content["comparisons"]):
            for one, written in zip(comparison.measured, plain["measured"]):
                written["layerwise_times_faster"] = comparison.times_faster(one)
        return content

    def to_json(self) -> str:
        """Return the report as a file's content."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report from what `to_json` gave.

        Raises
        ------
        FormatError
            It is not one.
        """
        try:
            content = json.loads(text)
            if content.pop("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            for comparison in content["comparisons"]:
                for one in comparison["measured"]:
                    one.pop("layerwise_times_faster")
                comparison["measured"] = [Measured(**one) for one in comparison["measured"]]
            content["comparisons"] = [Comparison(**one) for one in content["comparisons"]]
            content["growth"] = [Growth(**one) for one in content["growth"]]
            return cls(**content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FormatError(f"this is no report of a benchmark: {error}") from None


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return the processor's name."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        named = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
        name = named[0].split(":", 1)[1].strip() if named else name
    return name


def machine(packages: Iterable[str]) -> dict[str, Any]:
    """Processor, cores, system and versions; packages that are not installed are left out."""
    from layerwise import __version__

    versions = {"layerwise": __version__, "Python": platform.python_version()}
    for package in ("numpy", *packages):
        try:
            versions[package] = version({"sklearn": "scikit-learn"}.get(package, package))
        except PackageNotFoundError:
            continue
    return {"processor": processor(), "cores": cores(), "system": platform.system(), "versions": versions}
