"""A trained model from its file."""

from __future__ import annotations

from pathlib import Path

from layerwise.data.targets import Task
from layerwise.errors import DataError
from layerwise.exchange.loading import load
from layerwise.network.ensemble import Ensemble
from layerwise.network.network import Network


def load_trained(path: Path) -> tuple[Network, Task]:
    """Return the network in a model file, and what it answers.

    Raises
    ------
    DataError
        It was saved before any training, or is none that takes rows of numbers and answers alone.
    """
    network = load(path)
    if not isinstance(network, Network):
        if not hasattr(network, "network_") or hasattr(network, "encoder_"):
            raise DataError(
                f"{path} holds {'an ensemble' if isinstance(network, Ensemble) else 'an estimator of tables'}, which "
                f"the commands do not know; use it in Python: layerwise.load({str(path)!r})"
            )
        network = network.network_
    if network.task is None:
        raise DataError(f"{path}: the network was never trained, so nobody knows what its outputs stand for")
    return network, network.task
