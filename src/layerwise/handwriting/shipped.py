"""The network that comes with the package, for MNIST's images of digits that people draw."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from layerwise.errors import DataError
from layerwise.exchange.loading import load
from layerwise.network.network import Network

NAME = "own-digits.safetensors"
PIXELS = 784


def reader_of(model: Network | str | os.PathLike[str] | None) -> Network:
    """Return the network that reads digits: this one, the one in a file, or the one that comes with the package.

    Raises
    ------
    DataError
        It is not a network, was never trained, or does not take 784 pixels.
    """
    if model is None:
        return shipped_network()
    network = load(model) if isinstance(model, (str, os.PathLike)) else model
    name = os.fspath(model) if isinstance(model, (str, os.PathLike)) else "model"
    if not isinstance(network, Network) or network.task is None or network.task.kind != "classification":
        raise DataError(f"{name}: expected a network trained to tell digits, got {type(network).__name__}")
    n_in = network.built()[0].n_in
    if n_in != PIXELS:
        raise DataError(f"{name}: expected a network for 28x28 images ({PIXELS} inputs), got {n_in} inputs")
    return network


@lru_cache(maxsize=1)
def shipped_network() -> Network:
    """Return the network that comes with the package."""
    network = load(Path(__file__).parent / "files" / NAME)
    assert isinstance(network, Network)
    return network
