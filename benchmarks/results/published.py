"""The recipes with published figures, beside those figures.

python benchmarks/results/published.py --recipes nielsen-30     one of them, printed
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
IRIS_SEED = 42  # of the quarter of the flowers that is held out

HEAD = """Each row is a network whose accuracy was published, trained by the recipe of the same name
(`layerwise train --recipe NAME`; `layerwise recipes` lists them), once for each of the seeds {seeds}, each run on one
thread, {processes} at a time, {minutes:.0f} minutes in all.

All figures are accuracies in per cent. MNIST is split as in the publications: 50,000 images to train, 10,000
to validate, 10,000 to test. *First* is the mean accuracy after the first epoch; *last* are those after the last, by
seed, with their median and spread (greatest less least); *best* is that of the best epoch of all runs, which is how
Nielsen reports his (“best of three runs”). The difference is ours less the published figure: best against best where a
best one was published, otherwise the median of our last against theirs. *Seconds* is the mean time of a run.

"""

NOTES = """
### Notes

- All of Nielsen's networks but `nielsen-100-softmax` start as his first program does, with weights and biases from
  N(0, 1); his second calls that the large weight initializer, and the figures of chapter 3 that are repeated here were
  made with it.
- `nielsen-0`, without a hidden layer, depends on the draw: with weights from N(0, 1), output neurons can start so far
  in their flat part that they never learn, and each of them costs the accuracy of a digit.
- `nielsen-100` gets stuck in the same way: sums of a hundred terms with weights from N(0, 1) saturate most output
  neurons from the start, and at η = 3 some stay so (Nielsen, too, had runs that were much worse). Of the seeds 0 to 7
  three, 4, 5 and 7, have got free after five epochs; they end at 96.57, 96.67 and 96.43, at best 96.73
  (`--recipes nielsen-100 --seeds 4,5,7`). It is so in float64 too (three of eight), and in a plain NumPy program of the
  same network (two of eight). Smaller first weights or cross-entropy, as in chapter 3, cure it.
- The figures of `nielsen-100-l2` and `nielsen-100-l2-60` were published for the validation images, and are measured
  there. The penalty is λ / 2n Σ w² with n = 50,000 (1,000 for `nielsen-1000-l2`), on weights only.
- `nielsen-100-softmax` was published as the accuracy on the test images at the epoch that is best on the validation
  images; its hidden weights are drawn from N(0, 1) / √n_out, and its output starts at zero, as in chapter 6.
- The spirals are measured on their own 300 training points, as in the book, the last time after 10,000 steps. Of the
  five optimizers the book's figure for Adam alone is at hand. How far plain momentum comes depends on the draw.
"""


@dataclass
class Run:
    """One training: accuracies in per cent after each epoch, and how long it took."""

    recipe: str
    seed: int
    accuracies: list[float]
    seconds: float


def run(name: str, seed: int) -> Run:
    """Train a recipe once, measuring after each epoch on what its figure was published for."""
    from layerwise.app import recipes

    recipe = recipes.find(name)
    on = recipe.published.on if recipe.published else "test"
    data = load(recipe.data[0])
    network = recipe.network(seed)
    begin = time.perf_counter()
    history = recipe.fit(network, *data["train"], validation_data=data[on] if on != "train" else None, verbose=False)
    seconds = time.perf_counter() - begin
    accuracies = history["accuracy" if on == "train" else "val_accuracy"]
    last = network.evaluate(*data[on])["accuracy"]
    return Run(name, seed, [100 * value for value in (*accuracies[:-1], last)], seconds)


def load(name: str) -> dict:
    """The rows of a data set by their role."""
    import numpy as np

    from layerwise import datasets

    if name == "mnist":
        return dict(zip(("train", "validation", "test"), datasets.load_mnist(), strict=True))
    if name == "iris":
        X, y = datasets.load_iris()
        order = np.random.RandomState(IRIS_SEED).permutation(len(X))  # scikit-learn's split of the same seed
        test, train = order[:38], order[38:]
        return {"train": (X[train], y[train]), "test": (X[test], y[test])}
    return {"train": datasets.make_spiral(), "test": datasets.make_spiral()}


def run_all(names: Sequence[str], seeds: Sequence[int], processes: int) -> Iterator[Run]:
    """All runs as they end, in processes of one thread each; the longest trainings begin first."""
    from layerwise.app import recipes

    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by the processes that are started from here on

    def work(name: str) -> int:
        recipe = recipes.find(name)
        return recipe.epochs * ((recipe.samples or 50_000) + 20_000) if recipe.data[0] == "mnist" else 0

    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        longest = sorted(names, key=work, reverse=True)
        jobs = [pool.submit(run, name, seed) for name in longest for seed in seeds]
        for job in as_completed(jobs):
            yield job.result()


def table(names: Sequence[str], runs: dict[str, list[Run]]) -> str:
    """The results as a Markdown table, a row a recipe."""
    from layerwise.app import recipes

    columns = ["recipe", "network", "on", "published", "first", "last"]
    columns += ["median", "spread", "best", "difference", "seconds"]
    lines = [columns, ["---"] * 4 + ["---:"] * (len(columns) - 4)]
    for name in names:
        recipe, found = recipes.find(name), runs[name]
        published = recipe.published
        last = [one.accuracies[-1] for one in found]
        median, best = statistics.median(last), max(max(one.accuracies) for one in found)
        first = statistics.fmean(one.accuracies[0] for one in found)
        lines.append([
            f"`{name}`", recipe.description, published.on if published else "test", _figures(published),
            f"{first:.2f}", ", ".join(f"{value:.2f}" for value in last), f"{median:.2f}",
            f"{max(last) - min(last):.2f}", f"{best:.2f}", _difference(published, median, best),
            f"{statistics.fmean(one.seconds for one in found):.1f}",
        ])  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _figures(published) -> str:
    """The published figures in a cell: first, last and best, as far as there are any."""
    if published is None:
        return ""
    parts = {"first": published.first, "last": published.last, "best": published.best}
    return ", ".join(f"{name} {value:g}" for name, value in parts.items() if value is not None)


def _difference(published, median: float, best: float) -> str:
    """Ours less theirs, in a cell."""
    if published is None or (published.best is None and published.last is None):
        return ""
    return f"{best - published.best if published.best is not None else median - published.last:+.2f}"


def sources(names: Sequence[str]) -> str:
    """Where each figure was published."""
    from layerwise.app import recipes

    by_source: dict[str, list[str]] = {}
    for name in names:
        published = recipes.find(name).published
        if published is not None:
            by_source.setdefault(published.source, []).append(f"`{name}`")
    return "\n### Sources\n\n" + "\n".join(
        f"- {', '.join(found)}: {source}" for source, found in by_source.items()
    ) + "\n"  # fmt: skip


def section(names: Sequence[str], seeds: Sequence[int], processes: int) -> str:
    """The table with what belongs to it, in Markdown."""
    begin = time.perf_counter()
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for done in run_all(names, seeds, processes):
        runs[done.recipe].append(done)
        print(
            f"{done.recipe} seed {done.seed}: first {done.accuracies[0]:.2f}, last {done.accuracies[-1]:.2f}, "
            f"best {max(done.accuracies):.2f}, {done.seconds:.1f} s", file=sys.stderr, flush=True,
        )  # fmt: skip
    for found in runs.values():
        found.sort(key=lambda one: one.seed)
    minutes = (time.perf_counter() - begin) / 60
    head = HEAD.format(seeds=", ".join(map(str, seeds)), processes=processes, minutes=minutes)
    return head + table(names, runs) + NOTES + sources(names)


def everything() -> list[str]:
    """The names of all recipes that are measured by an accuracy."""
    from layerwise.app import recipes

    return [recipe.name for recipe in recipes.RECIPES if recipe.published is not None]


def main() -> int:
    from layerwise.app import recipes

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", default=",".join(everything()), help="names, with commas between")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="a run for each of these seeds")
    parser.add_argument("--processes", type=int, default=2, help="how many runs at a time")
    options = parser.parse_args()
    names = [recipes.find(name).name for name in options.recipes.split(",")]
    print(section(names, [int(seed) for seed in options.seeds.split(",")], options.processes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
