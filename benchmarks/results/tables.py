"""scikit-learn's bundled tables, ten-fold: its MLP, ours with the same parameters, the tabular preset, and trees.

All models see the same folds. The first two get standardized inputs, as scikit-learn's documentation advises; the
preset and the trees take the columns as they are. Score: accuracy, or R².
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise

DATA: dict[str, Callable[..., Any]] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
    "linnerud": datasets.load_linnerud,
}
NUMBERS = ("diabetes", "linnerud")
FOLDS = 10
MODELS = ("scikit-learn", "layerwise", "layerwise, tabular", "boosted trees")


@dataclass
class Folds:
    """The scores and fit times of a model on a data set, one a fold."""

    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def score(self) -> float:
        return statistics.fmean(self.scores)

    @property
    def error(self) -> float:
        """The standard error of the mean score."""
        return statistics.stdev(self.scores) / len(self.scores) ** 0.5


def models(name: str) -> dict[str, Any]:
    """The four models for a data set."""
    kind = "MLPRegressor" if name in NUMBERS else "MLPClassifier"
    trees: Any = HistGradientBoostingRegressor() if name in NUMBERS else HistGradientBoostingClassifier()
    if name == "linnerud":
        trees = MultiOutputRegressor(trees)
    return {
        "scikit-learn": make_pipeline(StandardScaler(), getattr(neural_network, kind)(random_state=0)),
        "layerwise": make_pipeline(StandardScaler(), getattr(layerwise, kind)(random_state=0)),
        "layerwise, tabular": getattr(layerwise, kind)(preset="tabular", random_state=0),
        "boosted trees": trees,
    }


def run(name: str) -> dict[str, Folds]:
    """All models on all folds of a data set, interleaved fold by fold."""
    X, y = DATA[name](return_X_y=True)
    split = KFold if name in NUMBERS else StratifiedKFold
    results = {model: Folds() for model in MODELS}
    for train, test in split(FOLDS, shuffle=True, random_state=0).split(X, y):
        for label, model in models(name).items():
            fresh = clone(model)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                begin = time.perf_counter()
                fresh.fit(X[train], y[train])
                results[label].seconds.append(time.perf_counter() - begin)
                results[label].scores.append(float(fresh.score(X[test], y[test])))
    return results


def lines(names: list[str]) -> Iterator[str]:
    """The table, in Markdown."""
    yield "| data | " + " | ".join(f"{model}" for model in MODELS) + " | fit, scikit-learn | ours | times faster |"
    yield "|---|" + "---:|" * (len(MODELS) + 3)
    ratios = []
    for name in names:
        found = run(name)
        theirs, ours = (statistics.median(found[label].seconds) for label in MODELS[:2])
        ratios.append(theirs / ours)
        cells = [f"{found[m].score:.3f} ± {found[m].error:.3f}" for m in MODELS]
        yield f"| {name} | {' | '.join(cells)} | {1e3 * theirs:.0f} ms | {1e3 * ours:.1f} ms | {theirs / ours:.1f} |"
    yield f"\nMedian: {statistics.median(ratios):.1f} times faster."


if __name__ == "__main__":
    for line in lines(list(DATA)):
        print(line, flush=True)
