"""The advice of `lw.diagnose`, followed: ill networks are drawn, diagnosed, cured as it says, and measured again.

tests/drawn_networks.py draws them. Thresholds were chosen on other seeds: 1000 to 1030, 5000 to 5199 of
the healthy ones, and, for the suspicion of a rate that is too high, after a look at 20000 to 20049.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))
import drawn_networks

DRAWN, HEALTHY = 50, 200
SEED = 70_000


def followed(seeds: Sequence[int], kinds: Sequence[str]) -> Iterator[tuple[str, list[list[drawn_networks.Result]]]]:
    """Of each illness: the results of each of its networks."""
    for kind in kinds:
        yield kind, [drawn_networks.follow(kind, seed) for seed in seeds]


def found_in_healthy(seeds: Sequence[int]) -> list[str]:
    """The findings in healthy networks, a network each that has any."""
    found = [drawn_networks.learned(seed)[1].findings for seed in seeds]
    return [", ".join(finding.kind for finding in findings) for findings in found if findings]


def row(kind: str, networks: Sequence[Sequence[drawn_networks.Result]]) -> tuple[int, int, int]:
    """Of the networks with that illness: in how many it was found, the findings, and those whose cure helped."""
    own = [[result for result in results if result.kind == kind] for results in networks]
    results = [result for found in own for result in found]
    return sum(bool(found) for found in own), len(results), sum(result.cured for result in results)


def lines() -> Iterator[str]:
    """The table, in Markdown."""
    yield "| illness | drawn | found | cure followed | lower loss | found in other ill networks | lower loss |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    own, elsewhere = {}, defaultdict(list)
    for kind, networks in followed(range(SEED, SEED + DRAWN), list(drawn_networks.ILL)):
        own[kind] = (len(networks), *row(kind, networks))
        for results in networks:
            for result in results:
                if result.kind != kind:
                    elsewhere[result.kind].append(result.cured)
    for kind, (drawn, found, followed_, cured) in own.items():
        others = elsewhere[kind]
        shares = f"{cured / max(1, followed_):.0%}", f"{sum(others) / len(others):.0%}" if others else "–"
        yield f"| {kind} | {drawn} | {found / drawn:.0%} | {followed_} | {shares[0]} | {len(others)} | {shares[1]} |"
    found_anyway = found_in_healthy(range(SEED, SEED + HEALTHY))
    yield ""
    which = f": {'; '.join(found_anyway)}" if found_anyway else ""
    yield f"Of {HEALTHY} healthy networks, {len(found_anyway)} had a finding{which}."
