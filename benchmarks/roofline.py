"""Draw the roofline: what the machine can do, and how near the six works of the benchmark come to it.

    python benchmarks/roofline.py        docs/explanation/roofline.svg, and roofline-dark.svg

A point is a work: its operations a second over its operations per byte that a step brings from memory. Operations and
times are read from docs/explanation/benchmarks.md; the machine's limits are those measured for it (architecture.md).
Bytes are counted: the batch's rows, as float32; and the parameters with the optimizer's states, read and written, where
they are larger than the second caches of both cores.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "docs" / "explanation"
ONE_CORE, BOTH_CORES = 235.0, 451.0  # GFLOP/s of multiply-adds
MEMORY = 12.0  # GB/s a core, of rows in random order
CACHES = 2 * 2 * 2**20  # bytes
PEERS = ("layerwise", "PyTorch", "plain NumPy")


@dataclass(frozen=True)
class Work:
    """One work of the benchmark.

    Attributes
    ----------
    letter, network : str
        Such as A and 784-30-10.
    flops, batch, states : int
        Operations of a step, rows of a batch, and arrays that the optimizer keeps for each parameter.
    seconds : dict of str to float
        The fastest step of each peer.
    """

    letter: str
    network: str
    flops: int
    batch: int
    states: int
    seconds: dict[str, float]

    @property
    def sizes(self) -> list[int]:
        return [int(size) for size in self.network.split("-")]

    @property
    def memory_bytes(self) -> int:
        """What a step brings from memory and takes there."""
        parameters = sum((a + 1) * b for a, b in pairwise(self.sizes)) * 4 * (1 + self.states)
        return self.batch * self.sizes[0] * 4 + (2 * parameters if parameters > CACHES else 0)

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.flops / self.memory_bytes

    def rate(self, peer: str) -> float:
        """GFLOP/s."""
        return self.flops / self.seconds[peer] / 1e9


def works(text: str) -> list[Work]:
    """Read the works of training from the page of benchmarks."""
    found = []
    training = text[text.index("## Training") : text.index("## Prediction")]
    for section in training.split("\n### ")[1:]:
        title, body = section.split("\n", 1)
        letter, network = re.match(r"(\w): ([\d-]+)", title).groups()
        flops = int(re.search(r"([\d,]+) FLOPs a step", body)[1].replace(",", ""))
        unit = {"µs": 1e-6, "ms": 1e-3}[re.search(r"\| peer \| (µs|ms) a step", body)[1]]
        times = dict(re.findall(r"^\| ([\w ]+) \| ([\d.,]+) \|", body, re.MULTILINE))
        rows = re.search(r"batches of (\d+)", title) or re.search(r"([\d,]+) (?:spiral|synthetic) rows", title)
        found.append(
            Work(
                letter,
                network,
                flops,
                int(rows[1].replace(",", "")),
                2 if "Adam" in title else 0,
                {peer: float(times[peer].replace(",", "")) * unit for peer in PEERS},
            )
        )
    return found


def draw(found: list[Work], path: Path, dark: bool) -> None:
    """Draw the roofs, and three points for each work."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    import layerwise as lw

    with lw.plots.style(dark):
        pyplot.rcParams.update(
            {"svg.hashsalt": "roofline", "svg.fonttype": "none", "font.size": 10, "savefig.transparent": True}
        )
        figure, panel = pyplot.subplots(figsize=(7.4, 4.8), layout="constrained")
        ink = pyplot.rcParams["text.color"]
        low, high = 3.0, 1500.0
        for cores, limit, line in ((1, ONE_CORE, "--"), (2, BOTH_CORES, "-")):
            ridge = limit / (MEMORY * cores)
            panel.plot([low, ridge, high], [low * MEMORY * cores, limit, limit], line, color=ink, linewidth=1.3)
            name = "one core" if cores == 1 else "both cores"
            panel.text(high, limit * 1.05, f"{name}: {limit:.0f} GFLOP/s", ha="right", va="bottom", color=ink)
        panel.text(3.3, 95, f"memory: {2 * MEMORY:.0f} GB/s", rotation=40, color=ink)
        colours = ("#0072B2", "#D55E00", "#009E73") if not dark else ("#56B4E9", "#E69F00", "#4DCCA6")
        for peer, colour, mark in zip(PEERS, colours, "oxs", strict=True):
            panel.plot(
                [work.intensity for work in found], [work.rate(peer) for work in found], mark, color=colour, label=peer
            )
        for work in found:
            place = (work.intensity, work.rate("layerwise"))
            panel.annotate(work.letter, place, (6, -12), textcoords="offset points", color=ink, weight="bold")
        panel.set(xscale="log", yscale="log", xlim=(low, high), ylim=(1, 700))
        panel.set(xlabel="operations per byte from memory (FLOP/byte)", ylabel="GFLOP/s")
        panel.legend(loc="lower left")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


def main() -> None:
    found = works((FOLDER / "benchmarks.md").read_text(encoding="utf-8"))
    for work in found:
        rates = ", ".join(f"{peer} {work.rate(peer):.1f}" for peer in PEERS)
        print(f"{work.letter}: {work.network}, {work.intensity:.0f} FLOP/byte; GFLOP/s: {rates}")
    for name, dark in (("roofline.svg", False), ("roofline-dark.svg", True)):
        draw(found, FOLDER / name, dark)


if __name__ == "__main__":
    main()
