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
    """Train a network on several ranks, with the same result for every number of ranks.

    Every rank calls this function with the same data and arguments, as in ``mpiexec -n 4 python train.py``. With Dask
    or Ray one process calls it, and the ranks are workers or actors. A batch is split into shards, of which each rank
    computes some. The gradients are summed over a binary tree, and every rank makes the same step. The result differs
    from that of `Network.fit` in rounding only, except that batch normalization uses the statistics of each shard.

    Parameters
    ----------
    where : Communicator, mpi4py.MPI.Comm, dask.distributed.Client, or the module ray
        The connection between the ranks. Their number must be a power of two.
    network : Network
        The network, the same on every rank. If it has no `random_state`, the seed of rank 0 is used.
    X, y : array-like, Dask collection, or ray.data.Dataset
        As for `Network.fit`, with all rows on every rank. Or X is `Partitions`, the blocks of this rank's shards. On
        Dask, X and y may be Dask arrays; on Dask and Ray, X may be a DataFrame or Dataset and y the name of its column,
        or several. Each rank then has the partitions or rows of its shards.
    shards : int, default=8
        The number of parts of a batch, a power of two and at least the number of ranks. The result depends on it.
    local_steps : LocalSteps, optional
        Let each rank train by itself on its share of the rows, and average the weights every few steps, for slow
        connections. The result then depends on the number of ranks.
    n_ranks : int, optional
        The number of ranks on Dask and Ray. By default the number of workers or nodes, rounded down to a power of two.
    overlap : bool, optional
        Send the gradients of the last layers while those of the first are computed. It needs a free core for the
        connection. By default True if the ranks are on several hosts.
    **arguments
        The other arguments of `Network.fit`; `sample_weight` may be the name of a column if y is. Rank 0 alone writes
        checkpoints, logs and progress, and calls callbacks that do not change the training. All other callbacks are
        called on every rank and must do the same on each. `n_threads` is by default the number of the host's cores
        divided by its ranks, or that of the worker or actor.

    Returns
    -------
    History
        The history, the same on every rank except for times and the reason that a callback gives for stopping.

    Raises
    ------
    DataError
        The number of ranks or shards is not a power of two, or the ranks have different data, arguments, networks,
        versions or instruction sets. It is raised on all ranks, before the first step.
    RankError
        Another rank failed, or the ranks are not at the same step.

    See Also
    --------
    Network.fit : Train in one process.
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
