"""How long a step of one training on several ranks takes, by what its parts take.

    step = arithmetic + sum
    sum  = log2 R exchanges of all bytes n, where they are few; each adds up n
           else, for k = 1 … log2 R, two of n / 2^k, and one adds that up: 2 (R - 1) / R n bytes in 2 log2 R exchanges
    exchange of n = latency + n / rate + what the machine itself needs for n

The arithmetic of a rank is that of a training on one rank with its share of the batch and of the shards, the update of
all weights included, and is measured as such. Ranks that share a core wait for each other's arithmetic.
"""

from itertools import pairwise

SHORT = 2**15  # bytes that are exchanged whole: layerwise.distributed.communicator
WITHIN = 0.2  # what a prediction is to be good to
PAPER = [(0.1, 10), (1.0, 10), (1.0, 1), (10.0, 1)]  # ms, Gbit/s
MACHINES = [2**k for k in range(11)]
WIDE_BATCHES = (1024, 8192, 65_536)
EVERY = 64  # steps between two averages


def parameters(sizes):
    """Return the number of weights and biases.

    >>> parameters([784, 30, 10])
    23860
    """
    return sum(a * b + b for a, b in pairwise(sizes))


def between(points, size):
    """Return the seconds for a size among measured points (size, seconds), in proportion between and beyond them.

    >>> between([(100, 1.0), (200, 2.0), (400, 8.0)], 300)
    5.0
    >>> between([(100, 1.0), (200, 2.0)], 50), between([(100, 1.0), (200, 2.0)], 400)
    (1.0, 4.0)
    """
    if size <= points[0][0]:
        return points[0][1]
    if size >= points[-1][0]:
        return points[-1][1] * size / points[-1][0]
    for (a, before), (b, after) in pairwise(points):
        if size <= b:
            return before + (after - before) * (size - a) / (b - a)
    raise AssertionError("points are in order")


def sum_seconds(size, ranks, latency, rate, exchange=((1, 0.0),), add=((1, 0.0),)):
    """Return the seconds of a sum of arrays of so many bytes.

    Parameters
    ----------
    size, ranks : int
        Bytes, and how many add theirs up.
    latency, rate : float
        Seconds, and bytes a second.
    exchange, add : sequence of (int, float)
        Seconds that the machine itself needs, by bytes.

    Examples
    --------
    >>> sum_seconds(1000, 8, 1.0, 1000.0)  # three exchanges of everything
    6.0
    >>> sum_seconds(2**20, 4, 1.0, 2.0**20)  # a half, two quarters, a half
    5.5
    """

    def one(n):
        return latency + n / rate + between(exchange, n)

    levels = range(1, ranks.bit_length())
    if size <= SHORT:
        return len(levels) * (one(size) + between(add, size))
    return sum(2 * one(size / 2**k) + between(add, size / 2**k) for k in levels)


def measured_and_predicted(found, sizes, cores):
    """The table in Markdown: ms a step by ranks and network, beside the prediction."""
    keys = list(next(iter(found["works"].values()))["measured"])
    lines = ["| work | " + " | ".join(named(key) for key in keys) + " |", "| --- |" + " ---: |" * len(keys)]
    ratios = []
    for name, entry in found["works"].items():
        cells = []
        for key in keys:
            ranks, latency, rate = (float(part) for part in key.split())
            exchange, add = of_machine(found, int(ranks))
            predicted = max(1.0, ranks / cores) * min(entry["alone"][str(int(ranks))]) + sum_seconds(
                4 * parameters(sizes[name]), int(ranks), latency / 1e3, rate * 1e9 / 8, exchange, add
            )
            measured = min(entry["measured"][key])
            ratios.append(predicted / measured)
            cells.append(f"{measured * 1e3:,.3g} ({predicted / measured:.2f})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    good = sum(abs(ratio - 1) <= WITHIN for ratio in ratios)
    lines.append(
        f"\nms a step, and predicted / measured: {good} of {len(ratios)} within {WITHIN:.0%}, from {min(ratios):.2f} "
        f"to {max(ratios):.2f}"
    )
    return "\n".join(lines)


def with_overlap(found):
    """The table in Markdown: how many times faster the steps of two ranks are that send while they compute."""
    known = {name: entry for name, entry in found["works"].items() if entry["overlap"]}
    keys = list(next(iter(known.values()))["overlap"]) if known else []
    lines = ["| work | " + " | ".join(named(key) for key in keys) + " |", "| --- |" + " ---: |" * len(keys)]
    for name, entry in known.items():
        ratios = [min(entry["measured"][key]) / min(entry["overlap"][key]) for key in keys]
        lines.append(f"| {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    return "\n".join(lines)


def of_machine(found, ranks):
    """Return the seconds of an exchange and of adding up, by bytes, with so many ranks at it."""
    return ([(n, times[i]) for n, *times in found["exchange"][str(ranks)]] for i in (0, 1))


def named(key):
    """The head of a column: ranks, latency, rate."""
    ranks, latency, rate = key.split()
    return f"{ranks} ranks, {float(latency):g} ms, {rate} Gbit/s"


# ---------------------------------------------------------------- on paper


def arithmetic(by_rows, rows):
    """Return the seconds of a step on one machine with so many rows, one shard."""
    return between([(n, seconds) for n, seconds in sorted(by_rows)], rows)


def speed_ups(found, sizes, name, batch, latency, rate, every=1):
    """Return how many times faster each number of MACHINES is than one; as far as each has a row."""
    exchange, add = of_machine(found, 2)
    exchange = [(n, exchange[0][1]) for n, _ in exchange]  # the rate is the network's, not that of this memory
    by_rows, size = found["works"][name]["by rows"], 4 * parameters(sizes[name])
    alone = arithmetic(by_rows, batch)
    found = []
    for machines in MACHINES:
        if machines > batch:
            break
        talk = sum_seconds(size, machines, latency / 1e3, rate * 1e9 / 8, exchange, add)
        found.append(alone / (arithmetic(by_rows, batch / machines) + talk / every))
    return found


def trainings(found):
    """The works that are drawn: {label: (work, batch)}, with other batches of the wide one."""
    known = {
        f"{name}, batch {entry['by rows'][0][0]:,}": (name, entry["by rows"][0][0])
        for name, entry in found["works"].items()
    }
    known = {label: pair for label, pair in known.items() if pair[0] not in ("W1024", "W8192")}
    if "W1024" in found["works"]:
        known |= {f"W, batch {batch:,}": ("W1024", batch) for batch in WIDE_BATCHES}
    return known


def on_paper(found, sizes):
    """The table in Markdown: the greatest speed-up, and with how many machines, for each network."""
    networks = [f"{latency:g} ms, {rate} Gbit/s" for latency, rate in PAPER]
    lines = ["| work | " + " | ".join(networks) + f" | averages every {EVERY} steps, {networks[-1]} |"]
    lines.append("| --- |" + " ---: |" * (len(PAPER) + 1))
    for label, (name, batch) in trainings(found).items():
        cells = [best(speed_ups(found, sizes, name, batch, *network)) for network in PAPER]
        cells.append(best(speed_ups(found, sizes, name, batch, *PAPER[-1], every=EVERY)))
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def best(ratios):
    """The fewest machines that come within a tenth of the greatest speed-up.

    >>> best([1.0, 0.5])
    'never'
    >>> best([1.0, 1.9, 3.0, 3.1])
    '3.0 × on 4'
    """
    greatest = max(ratios)
    if greatest <= 1.1:
        return "never"
    k = next(k for k, ratio in enumerate(ratios) if ratio > greatest / 1.1)
    return f"{ratios[k]:.1f} × on {MACHINES[k]}"


def draw(found, sizes, path):
    """Draw the speed-up over the number of machines, a panel a network."""
    from matplotlib.figure import Figure

    from layerwise.plots.style import AMBER, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, save

    figure = Figure(figsize=(9.6, 7.6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    shown = list(trainings(found).items())
    for panel, network in zip(panels, PAPER, strict=True):
        panel.plot(MACHINES, MACHINES, color=GREY, linewidth=0.8, linestyle=":")
        for (label, (name, batch)), colour, mark in zip(
            shown, (BLUE, SKY, GREEN, AMBER, PURPLE, GREY, ORANGE, "#000000"), "osD^vPX*", strict=False
        ):
            ratios = speed_ups(found, sizes, name, batch, *network)
            panel.plot(
                MACHINES[: len(ratios)], ratios, color=colour, marker=mark, markersize=4, linewidth=1.4, label=label
            )
            if name == "W1024" and batch == WIDE_BATCHES[0]:
                local = speed_ups(found, sizes, name, batch, *network, every=EVERY)
                panel.plot(MACHINES[: len(local)], local, color=colour, linestyle="--", linewidth=1.2,
                           label=f"{label}, averages every {EVERY} steps")  # fmt: skip
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        panel.set_ylim(1 / 4, 1024)
        panel.set_xticks(MACHINES, [f"{n:,}" for n in MACHINES])
        panel.set_yticks([2**k for k in range(-2, 11, 2)], [f"{2.0**k:g}" for k in range(-2, 11, 2)])
        panel.axhline(1, color=GREY, linewidth=0.8)
        panel.set_title(f"{network[0]:g} ms, {network[1]} Gbit/s", fontsize=10, loc="left")
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[2:]:
        panel.set_xlabel("machines, a thread each")
    for panel in panels[::2]:
        panel.set_ylabel("times faster than one")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8, frameon=False
    )
    save(figure, path)
