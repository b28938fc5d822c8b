"""A trained model from its file."""

from __future__ import annotations

from pathlib import Path

from layerwise.errors import DataError
from layerwise.network import Network, load
from layerwise.targets import Task


def load_trained(path: Path) -> tuple[Network, Task]:
    """The network in a model file, and what it answers.

    Raises
    ------
    DataError
        It was saved before any training.
    """
    network = load(path)
    if network.task is None:
        raise DataError(f"{path}: the network was never trained, so nobody knows what its outputs stand for")
    return network, network.task
