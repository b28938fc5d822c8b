"""What a network's training data look like, learned, so that it can reject what looks otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layerwise.data.novelty import MOST_ROWS, PART, Novelty
from layerwise.data.rows import rows_of
from layerwise.data.units import check_units
from layerwise.errors import DataError, NotBuiltError, warn
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.description import number
from layerwise.typing import Array, ArrayLike

HELD_OUT = 10  # one row in so many, where none are given


def learn_novelty(
    network: Network, X: ArrayLike, held_out: ArrayLike | None = None, *, coverage: float = 0.975
) -> Network:
    """Fit a model of the training data, so that a network can abstain for inputs unlike them.

    It becomes a part of the network and of its model file (less than 1 MB): ``network.predict(X, reject_novel=True)``
    then abstains for novel rows, however confident the network is. Weights and predictions do not change. Exports do
    not contain it.

    Parameters
    ----------
    network : Network
        A trained network. With classes, the rows of each predicted class are modelled separately.
    X : array-like of shape (n, n_in)
        The training data. At most 60,000 rows are used.
    held_out : array-like of shape (m, n_in), optional
        Rows like them that were not trained on, such as the validation data. By default a tenth of X.
    coverage : float, default=0.975
        The fraction of such rows that shall be answered. A larger fraction also lets more novel rows pass.

    Returns
    -------
    Network
        The network itself.

    Raises
    ------
    DataError
        There are fewer than 2 rows or 2 held-out rows, or more than 4,096 inputs.
    NotBuiltError
        The network is not trained.
    TypeError
        `network` is not a `Network`.

    See Also
    --------
    calibrate : Calibrate the probabilities of a network.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_vertical(samples=500)
    >>> net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    >>> _ = net.fit(X, y, verbose=False)
    >>> lw.learn_novelty(net, X).predict([[0.4, 0.5], [0.5, 90.0]], reject_novel=True).mask.tolist()
    [False, True]
    """
    check_network("learn_novelty", network)
    if network.task is None:
        raise NotBuiltError("learn_novelty: the network was never trained; call fit(X, y) first")
    coverage = number("learn_novelty", "coverage", coverage, above=0)
    if coverage > 1:
        raise DataError(f"learn_novelty: coverage must be a share, above 0 and at most 1; got {coverage:g}")
    rng = np.random.default_rng(network.seed)
    rows = _checked(network, X, "X")
    order = rng.permutation(rows.shape[0])
    if held_out is None:
        if len(order) < 4:
            raise DataError(
                f"learn_novelty: X has {len(order)} row{'s' * (len(order) > 1)}; at least 4 are needed, 2 of which are "
                "held out, or 2 with held_out="
            )
        apart = max(2, len(order) // HELD_OUT)
        order, others, watched = order[apart:], rows, order[:apart]
    else:
        others = _checked(network, held_out, "held_out")
        watched = np.arange(others.shape[0])
    order = np.sort(order[:MOST_ROWS])
    learned, kept = ScaledRows(network, rows, order), ScaledRows(network, others, watched)
    groups = None
    if network.task.kind == "classification":
        answers = [network.predict(rows[order[i : i + PART]]) for i in range(0, len(order), PART)]
        groups = np.unique(np.concatenate(answers), return_inverse=True)[1]
    network.novelty = Novelty.learn(learned, kept, coverage, rng, groups)
    return network


def familiarize(
    network: Network, X: ArrayLike, held_out: ArrayLike | None = None, *, answered: float = 0.975
) -> Network:
    """Call `learn_novelty`, under its earlier name."""
    warn("lw.familiarize is now lw.learn_novelty, and answered= is coverage=", FutureWarning)
    return learn_novelty(network, X, held_out, coverage=answered)


def _checked(network: Network, X: ArrayLike, name: str) -> Array:
    rows = network.read_rows(X, f"learn_novelty: {name}")
    check_units(network.scaling, network.input_range, rows, name)
    return rows


class ScaledRows:
    """Some of the rows as they go into the network, in float32, read part by part.

    Parameters
    ----------
    network : Network
        Its scaling is used.
    rows : array (n, n_in)
        As `check_rows` gives them.
    chosen : array of int
        Which of them, in this order.
    """

    def __init__(self, network: Network, rows: Array, chosen: Array) -> None:
        self._batches = rows_of(rows, network.scaling, network.dtype, PART)
        self._chosen, self.shape = chosen, (len(chosen), rows.shape[1])

    def __iter__(self) -> Iterator[Array]:
        for i in range(0, len(self._chosen), PART):
            yield self._batches.take(self._chosen[i : i + PART]).astype(np.float32, copy=False)
