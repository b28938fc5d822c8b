"""Several networks that learn the same thing from different first weights, and answer together.

    fit:      network 1 … network k, each in a thread of its own, on one core each
    outputs:  the mean of the networks' outputs

Networks that err in different places are together right more often than the best of them (Hansen and Salamon 1990).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import layerwise
from layerwise import files as storage
from layerwise.data.sample_weights import weigh_held_out
from layerwise.data.targets import check_lengths, encode
from layerwise.engine.threads import default_threads
from layerwise.errors import FormatError, NotBuiltError
from layerwise.network.network import Network
from layerwise.network.side_by_side import fit_each, own_callbacks
from layerwise.parts.description import Description, whole_number
from layerwise.parts.layers import Layer
from layerwise.parts.metrics import Metric, accuracy, as_metrics, check_weighted
from layerwise.parts.scaling import Scaler
from layerwise.training.callbacks import Callback, History, as_callbacks
from layerwise.training.evaluation import metric_values
from layerwise.typing import Array, ArrayLike


class Ensemble:
    """Several networks with the same layers, whose outputs are averaged.

    They are trained in parallel, each with a seed of its own.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of each network.
    size : int, default=5
        The number of networks.
    random_state : int, optional
        The seed from which the seeds of the networks are derived. By default a random one.
    dtype : str or numpy.dtype, default="float32"
        As for `Network`.
    scaling : Scaler or str, optional
        As for `Network`.

    Attributes
    ----------
    networks : list of Network
        The networks. With a `random_state` they do not depend on the number of cores.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> ensemble = lw.Ensemble([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], size=3, random_state=0)
    >>> histories = ensemble.fit(X, y, optimizer=lw.Adam(0.05), epochs=300, batch_size=300, verbose=False)
    >>> ensemble.evaluate(X, y)["accuracy"] > 0.8
    True
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        size: int = 5,
        *,
        random_state: int | None = None,
        dtype: str | np.dtype[Any] | type = "float32",
        scaling: Scaler | str | None = None,
    ) -> None:
        size = whole_number("Ensemble", "size", size, least=1)
        drawn = int.from_bytes(os.urandom(8)) >> 1 if random_state is None else random_state
        seed = whole_number("Ensemble", "random_state", drawn, least=0)
        self.random_state = random_state
        seeds = [int(np.random.SeedSequence([seed, i]).generate_state(1, np.uint64)[0] >> 1) for i in range(size)]
        self.networks = [
            Network(copy.deepcopy(list(layers)), random_state=s, dtype=dtype, scaling=scaling) for s in seeds
        ]

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        callbacks: Callback | Sequence[Callback] = (),
        n_jobs: int | None = None,
        verbose: bool = True,
        **arguments: Any,
    ) -> list[History]:
        """Train all networks.

        Parameters
        ----------
        X, y : array-like
            As for `Network.fit`.
        callbacks : Callback or sequence of Callback, default=()
            Each network gets copies of them. `Checkpoint` adds the number of the network to its path.
        n_jobs : int, optional
            The number of networks trained at the same time. By default the number of available cores.
        verbose : bool, default=True
            Show a line for each finished network.
        **arguments
            The other arguments of `Network.fit`.

        Returns
        -------
        list of History
            The history of each network. Ctrl-C ends all fits. Networks that were not started have no history and are
            left out of predictions and model files.
        """
        n_jobs = default_threads() if n_jobs is None else whole_number("Ensemble.fit", "n_jobs", n_jobs, least=1)
        watched = as_callbacks(callbacks)
        own = [own_callbacks(watched, i) for i in range(len(self.networks))]
        calls = [{"X": X, "y": y, "callbacks": each, **arguments} for each in own]
        return fit_each(self.networks, calls, n_jobs, verbose)[0]

    def outputs(self, X: ArrayLike) -> Array:
        """Return the mean of the networks' outputs.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.

        Returns
        -------
        array of shape (n, n_out)
            The mean outputs.
        """
        total = self._trained()[0].outputs(X)
        for network in self._trained()[1:]:
            total += network.outputs(X)
        total /= len(self._trained())
        return total

    @property
    def threshold(self) -> float:
        """The mean output above which `predict` answers yes, for yes-or-no outputs. By default 0.5."""
        return self._trained()[0].threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        for network in self._trained():
            network.threshold = value

    def predict(self, X: ArrayLike, *, threshold: float | None = None) -> Array:
        """Predict labels or numbers from the mean outputs.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.
        threshold : float, optional
            For yes-or-no outputs: predict yes if the mean output is above it. By default `threshold`. For two classes
            with an output each: predict the second class if its mean probability is above it. By default 0.5.

        Returns
        -------
        array of shape (n,) or (n, n_out)
            As from `Network.predict`.

        Raises
        ------
        DataError
            A threshold is given for a regression, or for more than two classes.
        """
        first = self._trained()[0]
        task = first.task
        assert task is not None
        task = task if threshold is None else task.with_threshold(threshold, first.built()[0].n_out)
        return task.answers(self.outputs(X))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Predict the mean of the networks' probabilities.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.

        Returns
        -------
        array of shape (n, n_classes)
            The probability of each class.
        """
        shares: Array = np.mean([network.predict_proba(X) for network in self._trained()], axis=0)
        return shares

    def evaluate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        metrics: Sequence[str | Metric] | str | Metric | None = None,
    ) -> dict[str, float]:
        """Compute the loss and the metrics of the mean outputs on held-out data.

        Parameters
        ----------
        X, y : array-like
            As for `Network.fit`.
        sample_weight : array-like of shape (n,), optional
            As for `Network.evaluate`.
        metrics : str, callable or sequence of them, optional
            As for `Network.fit`.

        Returns
        -------
        dict of float
            ``"loss"``, ``"accuracy"`` for classes, and each metric by its name.
        """
        extra = as_metrics(metrics)
        first, outputs = self._trained()[0], self.outputs(X)
        loss, task = first.choose_loss(), first.task
        assert task is not None
        targets = encode(y, outputs.shape[1], loss, first.dtype, task)
        check_lengths(outputs, targets)
        weigh_held_out(targets, sample_weight)
        weights = {} if targets.weights is None else {"sample_weight": targets.weights}
        if weights:
            check_weighted(extra)
        losses = np.empty(len(outputs), outputs.dtype)
        t, tmp = targets.values(outputs.shape[1]), (np.empty_like(outputs), np.empty_like(outputs))
        with np.errstate(all="ignore"):
            loss.forward(outputs, t, losses, tmp)
        row = {"loss": loss.mean(losses.astype(np.float64), targets.weights)}
        if task.kind != "regression":
            row["accuracy"] = accuracy(targets.true(), task.answers(outputs), **weights)
        return row | metric_values(extra, targets, outputs, first.ends_in_softmax)

    def save(self, path: str | os.PathLike[str], *, optimizer: bool = False, weights: str = "float32") -> None:
        """Save all networks to one model file, which `layerwise.load` reads.

        Parameters
        ----------
        path : str or path-like
            The file. It is written completely or not at all.
        optimizer : bool, default=False
            Also save the states of the optimizers.
        weights : {"float32", "int8"}, default="float32"
            As for `Network.save`.

        Raises
        ------
        OSError
            The path cannot be written. An existing file is left unchanged.
        ValueError
            int8 is asked for with the optimizers' states, or `weights` has another value.
        NotBuiltError
            The ensemble has not been trained yet.
        """
        written = [model.written(optimizer, weights, f"networks.{i}.") for i, model in enumerate(self._trained())]
        description = {
            "format_version": storage.FORMAT_VERSION,
            "library": layerwise.__version__,
            "kind": "ensemble",
            "random_state": self.random_state,
            "networks": [network for network, _ in written],
        }
        storage.write(path, description, {name: array for _, own in written for name, array in own.items()})

    @classmethod
    def read(
        cls, description: dict[str, Any], arrays: dict[str, Array], custom: Mapping[str, type[Description]]
    ) -> Ensemble:
        """The ensemble in a model file, from its description and its arrays.

        Raises
        ------
        FormatError
            They are not those of an ensemble.
        """
        prefixes = [f"networks.{i}." for i in range(len(description["networks"]))]
        if not prefixes or not all(name.startswith(tuple(prefixes)) for name in arrays):
            raise FormatError(f"its arrays are not those of {len(prefixes)} networks")
        models = [
            storage.State.read(own, arrays, custom, prefix)
            for own, prefix in zip(description["networks"], prefixes, strict=True)
        ]
        ensemble = cls(models[0].layers, 1)
        ensemble.random_state = description["random_state"]
        ensemble.networks = [Network.from_state(model) for model in models]
        return ensemble

    def _trained(self) -> list[Network]:
        trained = [network for network in self.networks if network.task is not None]
        if not trained:
            raise NotBuiltError("the ensemble has not been trained yet: call fit(X, y) first")
        return trained

    def __len__(self) -> int:
        return len(self.networks)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.networks[0].layers))
        seed = "" if self.random_state is None else f", random_state={self.random_state}"
        return f"Ensemble([{layers}], size={len(self)}{seed})"
