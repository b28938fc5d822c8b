"""How the cost grows with rows, width, depth, batch and threads: one size changes, all else stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from layerwise.app.bench.measure import PeerError, Watch, ask
from layerwise.app.bench.peers import PEERS, Peer
from layerwise.app.bench.results import Growth, cores
from layerwise.app.bench.works import Work

ROUNDS = 2
_PEERS = ("layerwise", "layerwise-numpy", "torch", "jax")
_FLOPS = 2e9  # of an epoch that is timed, unless that would be fewer than 8 steps or more than 200


@dataclass(frozen=True)
class Panel:
    """One size that grows: a work for each of its values."""

    name: str
    unit: str
    network: str
    works: dict[int, Work]


def work(sizes: Sequence[int], batch: int) -> Work:
    """Return a network on synthetic rows, as many as make an epoch neither too short to time nor long."""
    made = Work("growth", tuple(sizes), "relu", "adam", 1e-3, batch, "sines", batch)
    steps = int(min(200, max(8, _FLOPS / made.flops)))
    rows = min(steps, max(1, 20_000 // batch)) * batch  # more steps than these rows have: so many passes over them
    return Work("growth", tuple(sizes), "relu", "adam", 1e-3, batch, "sines", rows, -(-steps * batch // rows))


def panels(quick: bool = False) -> list[Panel]:
    """Return what is measured; `quick`: the two smallest sizes of each."""
    few = slice(0, 2 if quick else None)
    rows = [10**3, 10**4, 10**5, 10**6][few]
    widths = [16, 64, 256, 1024, 2048][few]
    depths = [1, 2, 4, 8, 16][few]
    batches = [1, 4, 16, 64, 256, 1024, 4096][few]
    counts = sorted({1, cores(), *(2**k for k in range(10) if 2**k <= cores())})
    narrow = (20, 64, 2)
    by_rows = {n: Work("growth", narrow, "relu", "adam", 1e-3, 250, "sines", n, max(1, 20_000 // n)) for n in rows}
    wide = work((64, 32, 10) if quick else (256, 512, 512, 10), 128)
    return [
        Panel("rows", "seconds an epoch", "20-64-2, batches of 250", by_rows),
        Panel("width", "µs a step", "64-n-n-10, batches of 64", {n: work((64, n, n, 10), 64) for n in widths}),
        Panel("depth", "µs a step", "64, n times 128, 10, batches of 64",
              {n: work((64, *[128] * n, 10), 64) for n in depths}),
        Panel("batch", "µs a step", "64-128-128-10", {n: work((64, 128, 128, 10), n) for n in batches}),
        Panel("threads", "µs a step", f"{'-'.join(map(str, wide.sizes))}, batches of {wide.batch}",
              dict.fromkeys(counts, wide)),
    ]  # fmt: skip


def measure(quick: bool = False, watch: Watch = lambda doing: None) -> list[Growth]:
    """Time every panel: layerwise, its NumPy executor, and PyTorch and JAX where they are installed.

    Parameters
    ----------
    quick : bool
        Only the two smallest sizes of each, in one round.
    watch : function
        Is told what is done next.
    """
    peers = [PEERS[name] for name in _PEERS if PEERS[name].is_installed()]
    found = []
    for panel in panels(quick):
        series: dict[str, list[float | None]] = {peer.label: [None] * len(panel.works) for peer in peers}
        rounds = 1 if quick else ROUNDS
        for number in range(1, rounds + 1):
            for peer in peers:
                watch(f"growth with {panel.name}, round {number} of {rounds}: {peer.label}")
                before = series[peer.label]
                series[peer.label] = [_better(a, b) for a, b in zip(before, _times(panel, peer))]
        found.append(Growth(panel.name, panel.unit, panel.network, list(panel.works), series))
    return found


def _better(a: float | None, b: float | None) -> float | None:
    known = [value for value in (a, b) if value is not None]
    return min(known) if known else None


def _times(panel: Panel, peer: Peer) -> list[float | None]:
    """Return a time for each size, in the panel's unit; None where the peer failed."""
    requests = [_request(peer, work) for work in panel.works.values()]
    try:
        if panel.name == "threads":  # they are decided when a process begins
            answers = [ask([one | {"threads": n}], n)[0] for n, one in zip(panel.works, requests)]
        else:
            answers = ask(requests)
    except PeerError:
        return [None] * len(requests)
    times = [answer["microseconds"] for answer in answers]
    if panel.unit.startswith("seconds"):
        return [took * work.steps / work.passes / 1e6 for took, work in zip(times, panel.works.values())]
    return list(times)


def _request(peer: Peer, work: Work) -> dict[str, Any]:
    return {"task": "train", "peer": peer.name, "work": asdict(work), "epochs": 1, "threads": None, "test": False}
