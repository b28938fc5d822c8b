"""One training on several ranks: what a step takes, on this machine and over slow networks, and what a model predicts.

python benchmarks/distributed.py [--works A B ...] [--rounds 5] [--json FILE]       two ranks of MPI beside one
python benchmarks/distributed.py network [--works ...] [--rounds 3] [--json FILE]   delays; measured and predicted
python benchmarks/distributed.py paper FILE [--picture FILE]                        8 to 1,024 machines, on paper

Each rank has one thread of the native engine. The fastest epoch of all rounds counts, as in `layerwise bench`, and
beside it stands how much slower the median is. A round starts every kind once, so that a machine that slows down slows
all. The works are those of `layerwise bench`, and W: 784-2048-2048-10 with 1,024 and with 8,192 rows.

The second command's networks are made by a wrapper of the communicator: after each exchange it sleeps for the latency
and for bytes / rate. Its predictions are those of step_model.py, of parts that are measured by themselves. Four ranks
share two cores, so that their arithmetic counts twice.
"""

import argparse
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import step_model

from layerwise.app.bench import works

SECONDS = 0.3  # that a long epoch shall take, about
SLOW = 1.0  # seconds of a short epoch that is not compared with a long one
EPOCHS = 3  # of a fit, after one that does not count
WIDE = works.Work("W1024", (784, 2048, 2048, 10), "relu", "adam", 1e-3, 1024, "mnist", 50_000)
WORKS = works.WORKS | {WIDE.name: WIDE, "W8192": replace(WIDE, name="W8192", batch=8192)}
SHARDS = 8
CORES = 2
EVERY = dict.fromkeys(WORKS, 16) | {"W8192": 4}  # steps between two averages
NETWORKS = [(latency, rate) for rate in (10, 1) for latency in (0.1, 1.0, 10.0)]  # ms, Gbit/s
OVERLAP = ("C", "W1024")  # these also with gradients that are sent while others are made
SIZES = (*(4**k for k in range(3, 13)), 2**25)  # bytes


# ---------------------------------------------------------------- in a rank


def delayed_communicator():
    """A communicator of all ranks, whose `delay` is the seconds and the bytes a second of an exchange."""
    from mpi4py import MPI

    from layerwise.distributed import PairwiseCommunicator

    _without_slack()

    class Delayed(PairwiseCommunicator):
        delay = 0.0, float("inf")

        def exchange(self, partner, send, receive):
            requests = [MPI.COMM_WORLD.Irecv(receive, partner), MPI.COMM_WORLD.Isend(send, partner)]
            while not MPI.Request.Testall(requests):
                if self.size > CORES:
                    time.sleep(2e-5)  # another rank has work for this core
            latency, rate = self.delay
            seconds = latency + send.nbytes / rate
            if seconds:
                time.sleep(seconds)

    return Delayed(MPI.COMM_WORLD.Get_rank(), MPI.COMM_WORLD.Get_size())


def _without_slack():
    """Let a sleep end in time; Linux rounds it up by 50 µs otherwise."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK, ns


def network(work):
    """The network of a work, and its optimizer."""
    import layerwise as lw

    activation = {"relu": lw.ReLU, "sigmoid": lw.Sigmoid, "tanh": lw.Tanh}[work.activation]
    hidden = [layer for units in work.sizes[1:-1] for layer in (lw.Dense(units), activation())]
    optimizer = {"sgd": lw.SGD, "adam": lw.Adam}[work.optimizer](work.rate)
    return lw.Network([*hidden, lw.Dense(work.sizes[-1]), lw.Softmax()], random_state=0), optimizer


def seconds_of_steps(work, data, cell, communicator):
    """Return the seconds of a step; `cell` says how it is trained.

    What an epoch costs whatever its steps, such as bringing the weights into the engine's order and back, is the same
    in a short one and a long one: their difference is that of the steps.
    """
    communicator.delay = cell.get("latency", 0.0), cell.get("rate", float("inf"))
    unit = cell.get("every", 1)  # steps, the least of an epoch
    trial = seconds_of_epochs(work, data, cell, communicator, unit, 2)
    slowest = communicator.largest(min(trial))  # all ranks do as many steps
    if slowest > SLOW:
        return [seconds / unit for seconds in trial[1:]]
    long = unit * max(3 if unit == 1 else 2, min(int(SECONDS / slowest), 2000))
    short, others = (seconds_of_epochs(work, data, cell, communicator, steps, EPOCHS) for steps in (unit, long))
    return [(seconds - min(short[1:])) / (long - unit) for seconds in others[1:]]


def seconds_of_epochs(work, data, cell, communicator, steps, epochs):
    """Return the seconds of so many epochs of so many steps, and of one before them."""
    from layerwise import distributed
    from layerwise.distributed.communicator import Alone

    batch, kind = cell["batch"], cell["kind"]
    passes = -(-steps * batch // len(data.X))  # of all rows, where they are too few for so many steps
    steps_of_pass = -(-steps // passes)
    rows = min(len(data.X), steps_of_pass * batch)
    net, optimizer = network(work)
    options = {"batch_size": batch, "optimizer": optimizer, "n_threads": 1, "engine": "native", "verbose": False}
    options |= {"epochs": (1 + epochs) * passes, "classes": list(range(work.sizes[-1]))}  # few rows lack some
    given = net, data.X[:rows], data.y[:rows]
    if kind == "plain":
        history = net.fit(*given[1:], **options)
    elif kind == "local":
        local = distributed.LocalSteps(cell["every"])
        history = distributed.fit(communicator, *given, shards=communicator.size, local_steps=local, **options)
    else:
        where = Alone() if kind == "alone" else communicator
        history = distributed.fit(where, *given, shards=cell["shards"], overlap=cell.get("overlap", False), **options)
    whole = [sum(history["seconds"][i : i + passes]) for i in range(0, len(history["seconds"]), passes)]
    return [seconds * steps / (passes * -(-rows // batch)) for seconds in whole]


def parts_of_exchange(communicator):
    """Return the seconds of an exchange without its delay, and of adding up, for some sizes in bytes."""
    import numpy as np

    found = []
    communicator.delay = 1e-4, float("inf")
    for size in SIZES:
        send, receive = np.ones(size // 4, np.float32), np.ones(size // 4, np.float32)
        count = max(5, min(400, 2**25 // size))
        exchanges, sums = [], []
        for _ in range(count):
            begin = time.perf_counter()
            communicator.exchange(communicator.rank ^ 1, send, receive)
            middle = time.perf_counter()
            np.add(send, receive, out=send)
            exchanges.append(middle - begin - 1e-4)
            sums.append(time.perf_counter() - middle)
        found.append([size, *(statistics.quantiles(each)[0] for each in (exchanges, sums))])
    return found


def in_rank(described):
    """Do the cells of a work in turn, and print on rank 0 what they took."""
    task = json.loads(described)
    communicator = delayed_communicator() if task["ranks"] > 1 else _alone()
    communicator.largest = lambda value: _largest(communicator, value)
    if task["work"] is None:
        found = parts_of_exchange(communicator)
    else:
        work = WORKS[task["work"]]
        data = works.load(work)
        found = [seconds_of_steps(work, data, cell, communicator) for cell in task["cells"]]
    if communicator.rank == 0:
        print(json.dumps(found))


def _alone():
    from layerwise.distributed.communicator import Alone

    return Alone()


def _largest(communicator, value):
    import numpy as np

    from layerwise.distributed.communicator import gather

    return max(np.frombuffer(each, np.float64)[0] for each in gather(communicator, np.float64(value).tobytes()))


def started(ranks, work, cells=(), launcher=None):
    """Start so many ranks by the launcher's words, and return what the first one printed."""
    task = json.dumps({"ranks": ranks, "work": work, "cells": list(cells)})
    words = [sys.executable, str(Path(__file__).resolve()), "--rank", task]
    if ranks > 1:
        beside = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
        words = [*(launcher or [beside or "mpiexec"]), "-n", str(ranks), *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{work} on {ranks} ranks: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


# ---------------------------------------------------------------- two ranks beside one


def two_beside_one(names, rounds, launcher):
    """Return all seconds of a step: {work: {kind: [...]}}."""
    found = {name: {} for name in names}
    for number in range(rounds):
        for name in names:
            batch = WORKS[name].batch
            cell = {"kind": "ranks", "batch": batch, "shards": SHARDS}
            starts = {
                1: {"fit": cell | {"kind": "plain"}, "one rank": cell | {"kind": "alone"}},
                2: {
                    "two ranks": cell,
                    "two ranks, 2 shards": cell | {"shards": 2},
                    "local steps": cell | {"kind": "local", "every": EVERY[name]},
                },
            }
            for ranks, cells in starts.items():
                for kind, times in zip(cells, started(ranks, name, cells.values(), launcher), strict=True):
                    found[name].setdefault(kind, []).extend(times)
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
    return found


def table_of_two(found):
    """The table in Markdown: µs a step, and how many times faster than `fit` on one thread."""
    kinds = list(next(iter(found.values())))
    lines = [
        "| work | " + " | ".join(kinds) + " | faster: two ranks | local steps |",
        "| --- |" + " ---: |" * (len(kinds) + 2),
    ]
    for name, times in found.items():
        cells = [f"{min(times[kind]) * 1e6:,.0f} ({spread(times[kind])})" for kind in kinds]
        best = min(min(times[kind]) for kind in kinds if kind.startswith("two"))
        ratios = [min(times["fit"]) / value for value in (best, min(times["local steps"]))]
        lines.append(f"| {name} | " + " | ".join(cells) + " | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    return "\n".join(lines)


def spread(times):
    """How much slower the median is than the fastest."""
    return f"{statistics.median(times) / min(times) - 1:+.0%}"


# ---------------------------------------------------------------- over slow networks


def over_networks(names, rounds, found, save):
    """Return the seconds of a step over each network, and of the parts that a model is made of, by work and ranks.

    Works that are found already stay, but for those of these names.
    """
    found = found or {"works": {}, "exchange": {str(ranks): started(ranks, None) for ranks in (2, 4)}}
    for name in names:
        batch, entry = WORKS[name].batch, {"alone": {}, "measured": {}, "overlap": {}}
        found["works"][name] = entry
        for number in range(rounds):
            for ranks in (1, 2, 4):  # the arithmetic of one of so many ranks; both cores are busy, but for one rank
                cell = {"kind": "alone", "batch": max(1, batch // ranks), "shards": max(1, SHARDS // ranks)}
                entry["alone"].setdefault(str(ranks), []).extend(started(min(2, ranks), name, [cell])[0])
            for ranks in (2, 4):
                cells = [
                    {"kind": "ranks", "batch": batch, "shards": SHARDS, "latency": ms / 1e3, "rate": gbit * 1e9 / 8}
                    for ms, gbit in NETWORKS
                ]
                cells += [cell | {"overlap": True} for cell in cells if ranks == 2 and name in OVERLAP]
                found_here = started(ranks, name, cells)
                for i, times in enumerate(found_here):
                    kind, (ms, gbit) = ("measured", "overlap")[i // len(NETWORKS)], NETWORKS[i % len(NETWORKS)]
                    entry[kind].setdefault(f"{ranks} {ms} {gbit}", []).extend(times)
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
        rows = [batch >> k for k in range(batch.bit_length())]  # on paper: a shard a machine
        cells = [{"kind": "alone", "batch": n, "shards": 1} for n in rows]
        entry["by rows"] = [[n, min(times)] for n, times in zip(rows, started(1, name, cells), strict=True)]
        save(found)
    return found


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("task", nargs="?", default="machine", choices=["machine", "network", "paper"])
    parser.add_argument("file", nargs="?", type=Path, help="for paper: what network wrote by --json")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS), metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--rounds", type=int, default=1, help="how often each kind runs")
    parser.add_argument(
        "--mpiexec", type=shlex.split, help="words that start the two ranks, such as those of two_hosts.sh"
    )
    parser.add_argument("--json", type=Path, help="write all times to this file")
    parser.add_argument("--picture", type=Path, help="for paper: draw the speed-up to this file")
    given = parser.parse_args(words)
    sizes = {name: work.sizes for name, work in WORKS.items()}
    if given.task == "paper":
        found = json.loads(given.file.read_text(encoding="utf-8"))
        print(step_model.measured_and_predicted(found, sizes, cores=CORES))
        print(step_model.with_overlap(found))
        print(step_model.on_paper(found, sizes))
        if given.picture is not None:
            step_model.draw(found, sizes, given.picture)
        return
    if given.task == "machine":
        found = two_beside_one(given.works, given.rounds, given.mpiexec)
        print(table_of_two(found))
    else:
        known = given.json is not None and given.json.exists()
        before = json.loads(given.json.read_text(encoding="utf-8")) if known else None
        found = over_networks(given.works, given.rounds, before, lambda found: write(given.json, found))
        print(step_model.measured_and_predicted(found, sizes, cores=CORES))
    write(given.json, found)


def write(path, found):
    if path is not None:
        path.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rank"]:
        in_rank(sys.argv[2])
    else:
        main()
