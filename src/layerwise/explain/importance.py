"""How much each column matters: what a model loses when a column is shuffled among the rows.

    score(X, y) - mean over repeats of score(X with column j shuffled, y)

The columns of a table are shuffled as they came, so the inputs that are made of one move together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.tabular import TableEncoder
from layerwise.errors import DataError
from layerwise.network.models import network_of
from layerwise.network.network import Network
from layerwise.parts.metrics import r2_score
from layerwise.typing import Array


@dataclass(frozen=True)
class Importance:
    """What `permutation_importance` found.

    Attributes
    ----------
    names : list of str
        The columns.
    importances : float64 array (columns, repeats)
        How much lower the score was with each of them shuffled.
    score : float
        Accuracy, or R² of numbers, with none of them shuffled.
    """

    names: list[str]
    importances: Array
    score: float

    @property
    def mean(self) -> Array:
        """The mean of each column over the repeats."""
        return np.asarray(self.importances.mean(axis=1))

    @property
    def std(self) -> Array:
        """The standard deviation of each column over the repeats."""
        return np.asarray(self.importances.std(axis=1))

    def ranking(self) -> list[tuple[str, float, float]]:
        """Return (name, mean, standard deviation), the column that matters most first."""
        order = np.argsort(-self.mean, kind="stable")
        return [(self.names[j], float(self.mean[j]), float(self.std[j])) for j in order]


def permutation_importance(
    model: Any, X: Any, y: Any, *, n_repeats: int = 5, random_state: int | None = 0
) -> Importance:
    """Measure how much each column matters to a trained model, on rows that it has not learned from.

    Parameters
    ----------
    model : Network, MLPClassifier or MLPRegressor
        Trained.
    X : array or frame (n, columns)
        As the model takes it.
    y : array (n,) or (n, outputs)
        What the rows are.
    n_repeats : int
        How often each column is shuffled.
    random_state : int, optional
        The seed of the shuffles, which are the same for each column.

    Returns
    -------
    Importance

    Raises
    ------
    NotBuiltError
        The model was never trained.
    DataError
        X or y are not for it, or `n_repeats` is below 1.

    Notes
    -----
    The score is accuracy (of several labels, how many rows have all of them right) or R². The definition and, for the
    same seed, the shuffles are those of scikit-learn's ``inspection.permutation_importance``. Columns that tell the
    same can each seem to matter little: the others stand in for the one that is shuffled.

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> from layerwise.explain.importance import permutation_importance
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    >>> _ = net.fit(X, (X[:, 1] > 0).astype(int), optimizer=lw.Adam(0.05), epochs=50, verbose=False)
    >>> permutation_importance(net, X, (X[:, 1] > 0).astype(int)).ranking()[0][0]
    'x1'
    """
    network = network_of("permutation_importance", model)
    encoder: TableEncoder | None = getattr(model, "encoder_", None)
    names = network.column_names or getattr(model, "feature_names_in_", None)
    if encoder is not None:
        groups, inputs = input_groups(encoder), encoder.transform(X)
    else:
        inputs = network.read_rows(X)
        if not isinstance(inputs, np.ndarray):
            raise DataError("permutation_importance: X is sparse; give X.toarray()")
        listed = [f"x{j}" for j in range(inputs.shape[1])] if names is None else [str(name) for name in names]
        groups = {name: [j] for j, name in enumerate(listed)}
    return of_inputs(network, inputs, _as_learned(model, np.asarray(y)), groups, n_repeats, random_state)


def _as_learned(model: Any, y: Array) -> Array:
    """Return targets of an estimator as its network knows them."""
    if hasattr(model, "target_scale_"):
        standardized: Array = (y - model.target_mean_) / model.target_scale_
        return standardized
    task = getattr(getattr(model, "network_", None), "task", None)
    if task is not None and task.kind == "classification":
        found = {label: code for code, label in enumerate(model.classes_.tolist())}
        return np.array([found.get(label, -1) for label in y.tolist()])
    return y


def input_groups(encoder: TableEncoder) -> dict[str, list[int]]:
    """Return which inputs are made of each column that an encoder looks at."""
    groups, start = {}, 0
    for name, column in encoder.learned():
        width = len(column.names(""))
        if width:
            groups[str(name) if encoder.has_names else f"x{name}"] = [*range(start, start + width)]
        start += width
    return groups


def of_inputs(
    network: Network,
    X: Array,
    y: Array,
    groups: Mapping[str, Sequence[int]],
    n_repeats: int = 5,
    random_state: int | None = 0,
) -> Importance:
    """Return the same for a network, whose inputs (n, n_in) are shuffled in groups."""
    if n_repeats < 1:
        raise DataError(f"permutation_importance: n_repeats must be at least 1; got {n_repeats}")
    if len(X) != len(y):
        raise DataError(f"permutation_importance: X has {len(X)} rows, and y {len(y)}")
    full = _score(network, X, y)
    seed = np.random.RandomState(random_state).randint(np.iinfo(np.int32).max + 1)
    found = np.empty((len(groups), n_repeats))
    for j, places in enumerate(groups.values()):
        rng, order, shuffled = np.random.RandomState(seed), np.arange(len(X)), X.copy()
        for repeat in range(n_repeats):
            rng.shuffle(order)
            shuffled[:, list(places)] = shuffled[order][:, list(places)]
            found[j, repeat] = full - _score(network, shuffled, y)
    return Importance(list(groups), found, full)


def _score(network: Network, X: Array, y: Array) -> float:
    """Return the accuracy, or R²."""
    said = network.predict(X)
    if network.task is not None and network.task.kind == "regression":
        return float(r2_score(y.reshape(len(y), -1), said.reshape(len(y), -1)))
    right = said == y
    return float(np.mean(right if right.ndim == 1 else right.all(axis=1)))
