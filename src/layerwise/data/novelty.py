"""Novelty: whether a row looks unlike the training data, by how far it is from them, off their subspace and within it.

    z = (x - mean) V         the first principal components
    outside = |x - mean|² - |z|²                        no such form: noise, shuffled pixels
    within  = min over clusters of |(z - centre) L|²    no such shape: Mahalanobis distance², L Lᵀ = covariance⁻¹

A row is novel if either is more than nearly all held-out rows have. Each class has clusters of its own. The
network's confidence takes no part: far from all data a network may be as sure as near them [1]_.

References
----------
.. [1] M. Hein, M. Andriushchenko, J. Bitterwolf, "Why ReLU networks yield high-confidence predictions far away from
   the training data and how to mitigate the problem", CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from layerwise.errors import DataError, FormatError
from layerwise.typing import Array

PREFIX, OLD_PREFIX = "novelty.", "familiarity."  # the old one in files of versions 1 and 2
NAMES = ("mean", "directions", "centres", "factors", "limits")
COMPONENTS, CLUSTERS = 60, 100  # at most
ROWS_OF_CLUSTER = 100  # at least, on average; and the weight of the pooled covariance in each cluster's, in rows
RIDGE = 0.1  # of the mean variance is added to each: directions without any are no reason to refuse
ROUNDS = 12  # of Lloyd's algorithm
MOST_INPUTS, MOST_ROWS = 4096, 60_000  # that are learned from
PART = 2048  # rows at a time
OUTSIDE = 0.004  # of the held-out rows lie beyond the first limit; the second sees to the rest


class Parts(Protocol):
    """Rows that can be read again and again, in parts, so that not all need be there at once."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many rows there are, and of how many inputs."""

    def __iter__(self) -> Iterator[Array]:
        """The rows in their order, float32, at most `PART` of them at a time."""


class Novelty:
    """A model of the training data that tells which rows are unlike them. `learn_novelty` fits it.

    It consists of principal components and Gaussian clusters of the training rows. A row has two squared distances, and
    is novel if one of them is larger than for nearly all held-out rows::

        outside = |x - mean|² - |z|²,  z = (x - mean) V     the distance from the principal components
        within  = min over clusters of |(z - centre) L|²    the Mahalanobis distance, with L Lᵀ = covariance⁻¹

    Attributes
    ----------
    mean : array of shape (n_in,)
        The mean of the rows.
    directions : array of shape (n_in, d)
        V: the principal components.
    centres : array of shape (k, d)
        The centre of each cluster, multiplied by its L.
    factors : array of shape (k, d (d + 1) / 2)
        The lower triangle L of each cluster, row by row.
    limits : array of shape (2,)
        The largest `outside` and `within` that are not novel.
    """

    def __init__(self, mean: Array, directions: Array, centres: Array, factors: Array, limits: Array) -> None:
        self.mean, self.directions, self.centres = mean, directions, centres
        self.factors, self.limits = factors, limits

    @classmethod
    def learn(
        cls, rows: Parts, held_out: Parts, coverage: float, rng: np.random.Generator, groups: Array | None = None
    ) -> Novelty:
        """From scaled rows (n, n_in) and others like them, of which the share `coverage` shall not be novel.

        Parameters
        ----------
        rows, held_out : Parts
            Read part by part: memory is taken for a part, and for the principal components of all rows.
        coverage : float
            Above 0, at most 1.
        rng : Generator
            Draws the clusters' first centres.
        groups : array (n,) of int, optional
            Rows of different groups, from 0, are in different clusters.

        Raises
        ------
        DataError
            There are too many inputs for a covariance, or rows too few.
        """
        n, n_in = rows.shape
        if n_in > MOST_INPUTS:
            raise DataError(
                f"learn_novelty: {n_in:,} inputs are more than {MOST_INPUTS:,}, whose covariance can be kept"
            )
        if n < 2 or held_out.shape[0] < 2:
            raise DataError(f"learn_novelty needs at least 2 rows and 2 held out; got {n} and {held_out.shape[0]}")
        mean = (sum(part.sum(axis=0, dtype=np.float64) for part in rows) / n).astype(np.float32)
        directions = _directions(rows, mean)
        z = np.concatenate([(part - mean) @ directions for part in rows])
        centres, factors = _gaussians(z, _clusters(z, np.zeros(n, np.intp) if groups is None else groups, rng))
        found = cls(mean, directions, centres, factors, np.full(2, np.inf, np.float32))
        found._set_limits(held_out, rows, coverage)
        return found

    def _set_limits(self, held_out: Parts, rows: Parts, coverage: float) -> None:
        distances = np.concatenate([self.distances(part) for part in held_out])
        spread = float(np.concatenate([np.square(part - self.mean).sum(axis=1) for part in rows]).mean())
        outside = float(np.quantile(distances[:, 0], max(1 - OUTSIDE, coverage)))
        self.limits[0] = max(outside, 1e-5 * spread)  # all that rounding leaves of what is within
        near = np.sort(distances[distances[:, 0] <= self.limits[0], 1])
        self.limits[1] = near[min(len(near), max(1, round(coverage * len(distances)))) - 1]

    def distances(self, rows: Array) -> Array:
        """Return the squared distances `outside` and `within` of each row.

        Parameters
        ----------
        rows : array of shape (n, n_in)
            Rows, scaled as for the first layer.

        Returns
        -------
        array of shape (n, 2)
            The two distances.
        """
        d, result = self.directions.shape[1], np.empty((len(rows), 2))
        lower, factor = np.tril_indices(d), np.zeros((d, d), np.float32)
        for start in range(0, len(rows), PART):
            x = rows[start : start + PART].astype(np.float32) - self.mean
            z, part = x @ self.directions, result[start : start + PART]
            part[:, 0] = np.maximum(np.square(x).sum(axis=1) - np.square(z).sum(axis=1), 0)
            part[:, 1] = np.inf
            for centre, packed in zip(self.centres, self.factors, strict=True):
                factor[lower] = packed
                np.minimum(part[:, 1], np.square(z @ factor - centre).sum(axis=1), out=part[:, 1])
        return result

    def is_novel(self, rows: Array) -> Array:
        """Return which rows are unlike the training data.

        Parameters
        ----------
        rows : array of shape (n, n_in)
            Rows, scaled as for the first layer.

        Returns
        -------
        array of bool of shape (n,)
            True for novel rows.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # so far away that it is novel all the same
            novel = ~(self.distances(rows) <= self.limits)
        return novel[:, 0] | novel[:, 1]

    def arrays(self) -> dict[str, Array]:
        """By their names in a model file."""
        return {PREFIX + name: getattr(self, name) for name in NAMES}

    def large_arrays(self) -> list[str]:
        """Return the names of the matrices that take nearly all of the room, and may be rounded to 8 bits."""
        return [f"{PREFIX}directions", f"{PREFIX}factors"]

    @classmethod
    def read(cls, arrays: Mapping[str, Array], n_in: int) -> Novelty | None:
        """What `arrays` gave, for a network of `n_in` inputs; None if a file has none of them.

        Raises
        ------
        FormatError
            Some of them are missing, or do not fit together.
        """
        prefix = OLD_PREFIX if any(name.startswith(OLD_PREFIX) for name in arrays) else PREFIX
        found = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        if not found:
            return None
        if set(found) != set(NAMES):
            raise FormatError(f"novelty: it has the arrays {', '.join(found)}; {', '.join(NAMES)} were expected")
        if found["directions"].ndim != 2 or found["centres"].ndim != 2:
            raise FormatError("novelty: it has arrays that are no matrices")
        d, k = found["directions"].shape[1], len(found["centres"])
        shapes = {
            "mean": (n_in,),
            "directions": (n_in, d),
            "centres": (k, d),
            "factors": (k, d * (d + 1) // 2),
            "limits": (2,),
        }
        for name, array in found.items():
            if array.shape != shapes[name] or array.dtype != np.float32 or not np.isfinite(array).all():
                raise FormatError(
                    f"novelty.{name} has shape {array.shape} and type {array.dtype}; finite float32 of shape "
                    f"{shapes[name]} was expected"
                )
        if not k or not d:
            raise FormatError("novelty: it has no clusters")
        return cls(**found)


def _directions(rows: Parts, mean: Array) -> Array:
    """The principal components with the most variance, (n_in, d), d at most `COMPONENTS`."""
    if rows.shape[0] < len(mean):
        return _directions_of_few(rows, mean)
    covariance = np.zeros((len(mean), len(mean)))
    for part in rows:
        x = part - mean
        covariance += (x.T @ x).astype(np.float64)
    variances, vectors = np.linalg.eigh(covariance / rows.shape[0])
    return np.ascontiguousarray(vectors[:, : -_kept(variances) - 1 : -1], np.float32)


def _directions_of_few(rows: Parts, mean: Array) -> Array:
    """Return the same by the smaller matrix of fewer rows than inputs: where X Xᵀ u = λ u, Xᵀ u is a component."""
    x = np.concatenate([part - mean for part in rows]).astype(np.float64)
    variances, u = np.linalg.eigh(x @ x.T / len(x))
    vectors = x.T @ u[:, : -_kept(variances) - 1 : -1]
    lengths = np.linalg.norm(vectors, axis=0)
    return np.ascontiguousarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _kept(variances: Array) -> int:
    """Return how many components are kept, of these variances in ascending order."""
    return max(1, min(COMPONENTS, int((variances > 1e-6 * variances[-1]).sum())))


def _clusters(z: Array, groups: Array, rng: np.random.Generator) -> Array:
    """The number of each row's cluster, (n,): each group's share of them, found by Lloyd's algorithm."""
    count = max(1, min(CLUSTERS, len(z) // ROWS_OF_CLUSTER))
    found, used = np.empty(len(z), np.intp), 0
    for group in range(groups.max() + 1):
        (members,) = np.nonzero(groups == group)
        x, k = z[members], max(1, min(round(count / (groups.max() + 1)), len(members)))
        centres = x[rng.choice(len(x), k, replace=False)]
        for _ in range(ROUNDS):
            nearest = _nearest(x, centres)
            centres = np.stack([x[nearest == j].mean(axis=0) if (nearest == j).any() else centres[j] for j in range(k)])
        found[members] = used + np.unique(_nearest(x, centres), return_inverse=True)[1]
        used = int(found[members].max()) + 1
    return found


def _nearest(x: Array, centres: Array) -> Array:
    """The nearest centre of each row."""
    squares = np.square(centres).sum(axis=1)
    parts = [x[i : i + PART] for i in range(0, len(x), PART)]
    return np.concatenate([(squares - 2 * part @ centres.T).argmin(axis=1) for part in parts])


def _gaussians(z: Array, clusters: Array) -> tuple[Array, Array]:
    """Centres, times L, and L of each cluster; its covariance leans on the pooled one, the more the fewer its rows."""
    k, d = clusters.max() + 1, z.shape[1]
    counts = np.bincount(clusters)
    centres = np.stack([z[clusters == j].mean(axis=0, dtype=np.float64) for j in range(k)])
    scatter = np.empty((k, d, d))
    for j in range(k):
        x = z[clusters == j] - centres[j]
        scatter[j] = x.T @ x
    pooled = scatter.sum(axis=0) / len(z)
    ridge = (RIDGE * np.trace(pooled) / d or 1.0) * np.eye(d)
    weights = (counts + ROWS_OF_CLUSTER)[:, np.newaxis, np.newaxis]
    factors = np.linalg.cholesky(np.linalg.inv((scatter + ROWS_OF_CLUSTER * pooled) / weights + ridge))
    lower = np.tril_indices(d)
    scaled = np.einsum("ki,kij->kj", centres, factors)
    return scaled.astype(np.float32), factors[:, lower[0], lower[1]].astype(np.float32)
