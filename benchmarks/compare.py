"""Two builds of layerwise timed side by side: what a change costs or saves.

python benchmarks/compare.py OLD_PYTHON NEW_PYTHON [--rounds 10] [--works A B ...] [--threads N] [--markdown]

Each Python is that of an environment with one of the builds, installed in the same way. The works, their data and
their first weights are the new build's, written to files that both read, and both are called by the public interface
alone; so the builds may be of any layout inside. In each round both run once, in processes of their own, in turns old
first and new first: a machine that slows down slows both.

The works are the trainings A, B, D, E and S of `layerwise bench`, its predictions P1 and P2, and the import.

The table has the fastest run of each, and their ratio: below 1 the new build is faster. The spread is that of the
rounds' ratios, from the first quartile to the third. The same Python given twice shows which ratios are this machine's
noise: run that first, and believe what is well outside it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

TRAININGS, PREDICTIONS = ("A", "B", "D", "E", "S"), ("P1", "P2")
WORKS = (*TRAININGS, *PREDICTIONS, "import")
UNITS = dict.fromkeys(TRAININGS, "µs a step") | dict.fromkeys(PREDICTIONS, "µs a call") | {"import": "ms"}
EPOCHS, SECONDS = 3, 0.05  # of a training, after one that is not counted; of the calls of a prediction


def prepare(folder, names):
    """Write the works, with their data, as this Python's layerwise has them."""
    import numpy as np

    from layerwise.app.bench import predictors, works

    known, found = works.WORKS | {one.name: one for one in predictors.PREDICTIONS}, {}
    for name in names:
        if name == "import":
            continue
        work = known[name]
        if name in TRAININGS:
            data = works.load(work)
            arrays = {"X": data.X, "y": data.y}
            found[name] = {"steps": work.steps} | asdict(work)
        else:
            arrays = {"X": predictors.rows(work)}
            arrays |= {f"p{i}": part for i, part in enumerate(sum(works.glorot(work.sizes), ()))}
            found[name] = asdict(work)
        np.savez(folder / f"{name}.npz", **arrays)
    (folder / "works.json").write_text(json.dumps(found), encoding="utf-8")


def measure(folder, names, threads):
    """Time the works with this Python's layerwise: {name: time}, in the units of UNITS."""
    import numpy as np

    start = time.perf_counter()
    from layerwise import Network  # noqa: F401

    times = {"import": (time.perf_counter() - start) * 1e3} if "import" in names else {}
    described = json.loads((folder / "works.json").read_text(encoding="utf-8"))
    for name, work in described.items():
        with np.load(folder / f"{name}.npz") as arrays:
            given = dict(arrays)
        times[name] = (training(work, given, threads) if name in TRAININGS else prediction(work, given)) * 1e6
    return times


def network(work):
    """Return the network of a work, not yet built."""
    import layerwise as lw

    activation = {"relu": lw.ReLU, "sigmoid": lw.Sigmoid, "tanh": lw.Tanh}[work["activation"]]
    hidden = [layer for units in work["sizes"][1:-1] for layer in (lw.Dense(units), activation())]
    return lw.Network([*hidden, lw.Dense(work["sizes"][-1]), lw.Softmax()], random_state=0)


def training(work, data, threads):
    """Return the seconds of a step: the fastest of the epochs after the first."""
    import layerwise as lw

    net = network(work)
    optimizer = lw.SGD(work["rate"]) if work["optimizer"] == "sgd" else lw.Adam(work["rate"])
    options = {"batch_size": work["batch"], "epochs": work["passes"], "engine": "native", "verbose": False}
    if threads is not None:
        options["n_threads"] = threads
    seconds = []
    for _ in range(1 + EPOCHS):
        start = time.perf_counter()
        net.fit(data["X"], data["y"], optimizer=optimizer, **options)
        seconds.append(time.perf_counter() - start)
        optimizer = None  # from then on its own, whose state goes on
    return min(seconds[1:]) / work["steps"]


def prediction(work, data):
    """Return the seconds of a call: the fastest of five runs of as many calls as fill SECONDS."""
    net, X = network(work).build(work["sizes"][0]), data["X"]
    net.set_parameters([data[f"p{i}"] for i in range(len(data) - 1)])

    def run(calls):
        start = time.perf_counter()
        for _ in range(calls):
            net.outputs(X)
        return (time.perf_counter() - start) / calls

    run(1)
    calls = max(1, int(SECONDS / run(1)))
    return min(run(calls) for _ in range(5))


def child(python, folder, task, **arguments):
    """Do `task` by another Python, away from any sources; return the last line that it prints."""
    # An environment's python is a link, which must not be resolved: it would no longer be that environment's.
    words = [str(Path(python).absolute()), "-I", str(Path(__file__).resolve()), "--child", str(folder), task]
    words.append(json.dumps(arguments))
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["no output"]
    if done.returncode != 0:
        raise SystemExit(f"{python}: {lines[-1]}")
    return lines[-1]


def rounds_of(pythons, names, rounds, threads):
    """Return all times: {"old" or "new": {name: [the time of each round]}}."""
    times = {side: {name: [] for name in names} for side in pythons}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child(pythons["new"], folder, "prepare", names=names)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for side in list(pythons)[:: 1 if number % 2 == 0 else -1]:
                found = json.loads(child(pythons[side], folder, "measure", names=names, threads=threads))
                for work, took in found.items():
                    times[side][work].append(took)
    return times


def summary(old, new):
    """Return the fastest old, the fastest new, their ratio, and the quartiles of the ratios of the rounds.

    >>> summary([4.0, 2.0, 8.0], [1.0, 2.0, 4.0])  # ratios 0.25, 1 and 0.5
    (2.0, 1.0, 0.5, 0.375, 0.75)
    """
    ratios = [b / a for a, b in zip(old, new, strict=True)]
    first, _, third = statistics.quantiles(ratios, method="inclusive") if len(ratios) > 1 else ratios * 3
    return min(old), min(new), min(new) / min(old), first, third


def table(times, markdown=False):
    """Return the result as lines of text, or as a table in Markdown."""
    lines = [("work", "unit", "old", "new", "new / old", "spread")]
    for name, old in times["old"].items():
        before, after, ratio, first, third = summary(old, times["new"][name])
        spread = f"{first:.3f} to {third:.3f}"
        lines.append((name, UNITS[name], f"{before:,.2f}", f"{after:,.2f}", f"{ratio:.3f}", spread))
    if markdown:
        lines.insert(1, ("---",) * 2 + ("---:",) * 4)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n".join("{:<7} {:<10} {:>10} {:>10} {:>10}   {}".format(*line) for line in lines)


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("old", help="the Python of the build before the change")
    parser.add_argument("new", help="that of the build with it")
    parser.add_argument("--rounds", type=int, default=10, help="how often each runs")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=WORKS, metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--threads", type=int, help="of the trainings; by default as many as layerwise takes")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    given = parser.parse_args(words)
    if given.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {given.rounds}")
    times = rounds_of({"old": given.old, "new": given.new}, given.works, given.rounds, given.threads)
    print(table(times, given.markdown))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        folder, task, arguments = sys.argv[2:]
        print(json.dumps({"prepare": prepare, "measure": measure}[task](Path(folder), **json.loads(arguments))))
    else:
        main()
