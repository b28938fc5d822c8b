"""`layerwise.distributed.fit`: one training on several processes or machines."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from layerwise.distributed.communicator import Communicator, as_communicator
from layerwise.distributed.layout import SHARDS
from layerwise.distributed.local_steps import LocalSteps
from layerwise.distributed.ranks import Ranks, guarded
from layerwise.errors import DataError
from layerwise.network.fitting import fit as fit_network
from layerwise.network.network import Network
from layerwise.training.callbacks.history import History


def fit(
    where: Any,
    network: Network,
    X: Any,
    y: Any = None,
    *,
    shards: int = SHARDS,
    local_steps: LocalSteps | None = None,
    n_ranks: int | None = None,
    overlap: bool | None = None,
    **arguments: Any,
) -> History:
    """Train a network on several ranks, to the same bits for every number of them.

    Every rank calls it, with the same data and arguments, as in ``mpiexec -n 4 python train.py``; with Dask or Ray one
    process calls it, and the ranks are on workers or actors. A batch is cut into
    shards, of which each rank does some; their gradients are summed up over a binary tree, and every rank makes the
    same step. The ranks' order of rows, dropout and augmentation are those of `Network.fit`, whose results differ in
    rounding alone; a batch norm's statistics are those of each shard.

    Parameters
    ----------
    where : Communicator, mpi4py.MPI.Comm, dask.distributed.Client, or the module ray
        What connects the ranks, whose number must be a power of two.
    network : Network
        The same on every rank. Where no rank gives a `random_state`, the seed is that of rank 0.
    X, y : array, or collection of Dask, or ray.data.Dataset
        As for `Network.fit`, all rows on every rank. Or X is `Partitions`: the blocks of this rank's shards. On Dask, X
        and y may be Dask arrays, and on either X a DataFrame or Dataset, and y names of its columns: each rank then has
        the partitions, or rows, of its shards.
    shards : int
        Into how many parts a batch is cut, a power of two. The bits depend on it, and not on the number of ranks,
        which is at most as great.
    local_steps : LocalSteps, optional
        Let each rank train by itself on its share of the rows and of each batch, and average the weights every so many
        steps: for slow networks. The bits then depend on the number of ranks.
    n_ranks : int, optional
        On Dask and Ray, how many ranks: by default as many as there are workers, or nodes, or the power of two below.
    overlap : bool, optional
        Whether the gradients of the last layers are sent while those of the first are made. It needs a core for
        the connection beside those that compute; by default it is done where the ranks are on several hosts.
    **arguments
        Those of `Network.fit`; `sample_weight` may be the name of a column where y is. Checkpoints, logs and progress
        are written by rank 0, and callbacks that only look are called there alone; all others are called on every rank,
        and must do the same to the training on each. `n_threads` is by default this host's cores shared out among its
        ranks, or what a worker or an actor has.

    Returns
    -------
    History
        The same on every rank, but for its times and the words of a callback's `stop`.

    Raises
    ------
    DataError
        A number of ranks or shards that is no power of two; ranks with other data, arguments, networks, versions or
        instruction sets: found before the first step, on all ranks.
    RankError
        Another rank failed, or the ranks are not at the same step.
    """
    if local_steps is not None and not isinstance(local_steps, LocalSteps):
        raise TypeError(f"distributed.fit: local_steps must be LocalSteps(...); got {local_steps!r}")
    options: dict[str, Any] = {"shards": shards, "local_steps": local_steps, "overlap": overlap}
    if type(where).__module__.partition(".")[0] == "distributed":
        from layerwise.distributed.dask import fit_on_dask

        return fit_on_dask(where, network, X, y, arguments, n_ranks, **options)
    if getattr(where, "__name__", "") == "ray":
        from layerwise.distributed.ray import fit_on_ray

        return fit_on_ray(where, network, X, y, arguments, n_ranks, **options)
    communicator = as_communicator(where)
    if n_ranks not in (None, communicator.size):
        raise DataError(f"distributed.fit: n_ranks={n_ranks}, but the communicator has {communicator.size} ranks")
    ranks = Ranks(communicator, shards, local_steps, overlap)
    history: History = guarded(ranks, lambda: fit_network(network, arguments_of_fit(network, X, y, arguments), ranks))
    return history


def arguments_of_fit(network: Network, X: Any, y: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Network.fit` by their names, with its defaults."""
    call = inspect.signature(Network.fit).bind(network, X, y, **arguments)
    call.apply_defaults()
    return dict(call.arguments)


def fit_here(
    communicator: Communicator,
    network: Network,
    arguments: Mapping[str, Any],
    shards: int,
    local_steps: LocalSteps | None,
    overlap: bool | None = None,
) -> History:
    """Do this rank's part of a training."""
    ranks = Ranks(communicator, shards, local_steps, overlap)
    history: History = guarded(ranks, lambda: fit_network(network, arguments, ranks))
    return history
