"""Knowing when not to answer: calibration of networks on MNIST, and what they refuse of images that are no digits.

Temperature and novelty are fitted on training and validation images; all figures are on the test images and on
those that tests/unlike_digits.py makes, none of which is used for fitting.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import layerwise as lw
from layerwise.app import recipes
from layerwise.parts import metrics

sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))
import unlike_digits

DRAWN = 1  # the seed of the images; that of the images that constants were chosen with was 0
SURE = 0.9  # the confidence that stands beside novelty
OTHER = ("inverted digits", "textures", "drawn shapes", "letters")


def trained(name: str, seed: int) -> lw.Network:
    """A recipe's network; or "overconfident": two wide layers, 60 epochs on 5,000 images."""
    (X, y), held_out, _ = lw.datasets.load_mnist()
    if name != "overconfident":
        recipe = recipes.find(name)
        network = recipe.network(seed)
        recipe.fit(network, X, y, validation_data=held_out, verbose=False)
        return network
    hidden = [part for _ in range(2) for part in (lw.Dense(256, "he_normal"), lw.ReLU())]
    network = lw.Network([*hidden, lw.Dense(10), lw.Softmax()], random_state=seed)
    network.fit(X[:5000], y[:5000], epochs=60, verbose=False)
    return network


def calibration_line(words: str, network: lw.Network) -> str:
    """A row: what one temperature changes on the test images."""
    _, held_out, (X, y) = lw.datasets.load_mnist()
    answers, figures = network.predict(X), []
    for calibrates in (False, True):
        found = lw.calibrate(network, *held_out) if calibrates else None
        p = network.predict_proba(X)
        loss = -np.log(np.maximum(p[np.arange(len(y)), y], 1e-30)).mean()
        figures.append((metrics.expected_calibration_error(y, p), loss))
    assert found is not None
    changed = int((network.predict(X) != answers).sum())
    (before, loss_before), (after, loss_after) = figures
    return (
        f"| {words} | {np.mean(answers == y):.2%} | {found.temperature:.2f} | {before:.2%} | **{after:.2%}** "
        f"| {loss_before:.4f} | {loss_after:.4f} | {changed} |"
    )


def lines(seeds: Sequence[int]) -> Iterator[str]:
    """Both tables, in Markdown."""
    yield "| network | accuracy | temperature | ECE before | ECE after | -log p before | after | answers changed |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    yield calibration_line("overconfident: 784-256-256-10, 60 epochs on 5,000 images", trained("overconfident", 0))
    yield calibration_line("`nielsen-30`", trained("nielsen-30", 0))
    networks = [trained("mnist", seed) for seed in seeds]
    yield calibration_line("`mnist`, label smoothing 0.05", networks[0])
    (X, _), held_out, (X_test, y_test) = lw.datasets.load_mnist()
    for network in networks:
        lw.calibrate(network, *held_out)
        lw.learn_novelty(network, X, held_out[0])
    of_state = sum(array.nbytes for array in networks[0].novelty.arrays().values())
    kinds = unlike_digits.kinds(X_test, seed=DRAWN)
    twins, fonts = unlike_digits.is_twin(), unlike_digits.OTHER_FONTS
    kinds["letters that look like no digit"] = kinds["letters"][~twins]
    kinds[f"letters that do: {unlike_digits.TWINS}"] = kinds["letters"][twins]
    kinds["those that do not, in STIX and Computer Modern"] = unlike_digits.letters(fonts)[
        ~unlike_digits.is_twin(fonts)
    ]
    refused = {name: [_strange(network, rows) for network in networks] for name, rows in kinds.items()}
    unsure = {name: [_unsure(network, rows) for network in networks] for name, rows in kinds.items()}
    yield ""
    named = ", ".join(map(str, seeds))
    yield f"| images | how many | refused, seeds {named} | median | less than {SURE:.0%} sure, median |"
    yield "|---|---:|---|---:|---:|"
    for name, rows in kinds.items():
        yield _line(name, len(rows), refused[name], unsure[name])
    others = [statistics.mean(refused[name][i] for name in OTHER) for i in range(len(seeds))]
    also = [statistics.mean(unsure[name][i] for name in OTHER) for i in range(len(seeds))]
    yield _line("the four kinds of other things, each counted alike", sum(len(kinds[n]) for n in OTHER), others, also)
    tests = [_strange(network, X_test) for network in networks]
    yield _line("test digits", len(X_test), tests, [_unsure(network, X_test) for network in networks])
    right = [(network.predict(X_test) == y_test).mean() for network in networks]
    answered = [(network.predict(X_test, reject_novel=True) == y_test).mean() for network in networks]
    both = [network.predict(X_test, reject_novel=True, min_confidence=SURE) for network in networks]
    yield ""
    sure = [1 - b.mask.mean() for b in both]
    yield (
        f"Accuracy on the test digits: {_listed(right)}; of those that look familiar {_listed(answered)}; of those "
        f"that are also {SURE:.0%} sure ({_listed(sure)} of all) {_listed([(b == y_test).mean() for b in both])}. "
        f"What is learned of the data takes {of_state:,} bytes."
    )


def _strange(network: lw.Network, rows: np.ndarray) -> float:
    return float(network.is_novel(rows).mean())


def _unsure(network: lw.Network, rows: np.ndarray) -> float:
    return float((network.predict_proba(rows).max(axis=1) < SURE).mean())


def _line(name: str, count: int, refused: Sequence[float], unsure: Sequence[float]) -> str:
    middle, other = statistics.median(refused), statistics.median(unsure)
    return f"| {name} | {count:,} | {_listed(refused)} | **{middle:.1%}** | {other:.1%} |"


def _listed(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:.2%}" for share in shares)


if __name__ == "__main__":
    for line in lines((0, 1, 2)):
        print(line, flush=True)
