"""The network in whatever is called a model: a `Network`, a fitted estimator, a `Neuron`; an `Ensemble` has several."""

from __future__ import annotations

from typing import Any

from layerwise.errors import NotBuiltError
from layerwise.network.network import Network


def network_in(model: Any) -> Network | None:
    """Return `model` itself, or the network of a fitted estimator or a neuron; None where there is no single one."""
    found = model if isinstance(model, Network) else getattr(model, "network_", getattr(model, "network", None))
    return found if isinstance(found, Network) else None


def network_of(owner: str, model: Any) -> Network:
    """Return the network in a model, for `owner`, which looks at its layers.

    Raises
    ------
    TypeError
        There is no single network in it.
    NotBuiltError
        Its sizes are not known yet, or the estimator was not fitted.
    """
    network = network_in(model)
    if network is None:
        if hasattr(model, "networks"):
            raise TypeError(f"{owner} looks into one network; give one of the ensemble's: ensemble.networks[0]")
        if hasattr(model, "fit") and not hasattr(model, "network_"):
            raise NotBuiltError(f"{owner}: {type(model).__name__} has no network yet: call fit(X, y) first")
        raise TypeError(f"{owner} needs a Network, or an estimator of layerwise; got {type(model).__name__}")
    network.built()
    return network


def check_network(owner: str, model: Any) -> None:
    """Refuse all but a `Network`, for `owner`, which is given X as the network itself takes it.

    Raises
    ------
    TypeError
        Another model; says where its network is.
    """
    if not isinstance(model, Network):
        hint = f": give its {hint}" if (hint := _place(model)) else ""
        raise TypeError(f"{owner} takes a Network; got {type(model).__name__}{hint}")


def _place(model: Any) -> str:
    """Return where a model keeps its network or networks: "network_", or "" where it has none."""
    return next((name for name in ("network_", "network", "networks[0]") if hasattr(model, name.partition("[")[0])), "")
