"""A network given back: what the page has made of it, put into the user's own."""

from __future__ import annotations

from layerwise import files as storage
from layerwise.errors import DataError
from layerwise.network.network import Network

_TAKEN = (
    "loss", "optimizer", "penalties", "task", "scaling", "input_range", "steps", "history", "last_fit", "seed",
)  # fmt: skip


def take_over(mine: Network, other: Network) -> None:
    """Give a network the weights of another with the same layers, and all that a further `fit` goes on from.

    Raises
    ------
    DataError
        The layers are others, or take other inputs.
    """
    theirs, own = ([storage.encode(layer) for layer in network.layers] for network in (other, mine))
    if theirs != own:
        raise DataError("the page's network has other layers than yours by now: save it there, and lw.load the file")
    n_in = other.built()[0].n_in
    if mine.plan is None:
        mine.build(n_in)
    elif mine.built()[0].n_in != n_in:
        raise DataError(
            f"the page's network takes {n_in} inputs, yours {mine.built()[0].n_in}: save it, and lw.load it"
        )
    mine.theta[...] = other.theta
    if other.steps:  # else its weights were looked at or set, and nothing was trained
        vars(mine).update({name: vars(other)[name] for name in _TAKEN if name in vars(other)})
    mine.forget_passes()
