"""The advice of `lw.diagnose`, followed: ill networks are drawn, diagnosed, cured as it says, and measured again.

tests/drawn_networks.py draws them. Thresholds were chosen on other seeds: 1000 to 1030, 5000 to 5199 of
the healthy ones, and, for the suspicion of a rate that is too high, after a look at 20000 to 20049.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))
import drawn_networks

DRAWN, HEALTHY = 50, 200
SEED = 70_000


def found_in(seed: int, noisy: bool = False) -> str:
    """The findings in a healthy network."""
    _, found = (drawn_networks.found_in_noise if noisy else drawn_networks.learned)(seed)
    return ", ".join(finding.kind for finding in found.findings)


def healthy_lines(pool: Pool, seeds: Sequence[int]) -> Iterator[str]:
    """How many healthy networks have a finding, a sentence for each sort."""
    for name, noisy in (("healthy networks", False), ("healthy networks on noisy data", True)):
        found = [kinds for kinds in pool.map(partial(found_in, noisy=noisy), seeds, chunksize=1) if kinds]
        which = f": {'; '.join(found)}" if found else ""
        yield f"Of {len(seeds)} {name}, {len(found)} had a finding{which}."


def row(kind: str, networks: Sequence[Sequence[drawn_networks.Result]]) -> tuple[int, int, int]:
    """Of the networks with that illness: in how many it was found, the findings, and those whose cure helped."""
    own = [[result for result in results if result.kind == kind] for results in networks]
    results = [result for found in own for result in found]
    return sum(bool(found) for found in own), len(results), sum(result.cured for result in results)


def lines(processes: int = 2) -> Iterator[str]:
    """The table, in Markdown."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from _lines(pool)


def _lines(pool: Pool) -> Iterator[str]:
    last = SEED + DRAWN - 1, SEED + HEALTHY - 1
    yield f"Seeds {SEED:,} to {last[0]:,} of each illness, and {SEED:,} to {last[1]:,} of the healthy networks."
    yield ""
    yield "| illness | drawn | found | cure followed | lower loss | found in other ill networks | lower loss |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    own, elsewhere = {}, defaultdict(list)
    for kind in drawn_networks.ILL:
        networks = pool.map(partial(drawn_networks.follow, kind), range(SEED, SEED + DRAWN), chunksize=1)
        own[kind] = (len(networks), *row(kind, networks))
        print(kind, *own[kind], file=sys.stderr, flush=True)
        for results in networks:
            for result in results:
                if result.kind != kind:
                    elsewhere[result.kind].append(result.cured)
    for kind, (drawn, found, followed, cured) in own.items():
        others = elsewhere[kind]
        shares = f"{cured / max(1, followed):.0%}", f"{sum(others) / len(others):.0%}" if others else "–"
        yield f"| {kind} | {drawn} | {found / drawn:.0%} | {followed} | {shares[0]} | {len(others)} | {shares[1]} |"
    for line in healthy_lines(pool, range(SEED, SEED + HEALTHY)):
        yield ""
        yield line
