"""A network of one's own for digits: a model file that keeps the corrected digits, and learns all of them each time.

base ──┬── learn the digits of corrections 1, 2, …, n ──► my-digits.safetensors, with the digits in its notes
       └── undo: those of corrections 1, 2, …, n - 1  ──► the same file as before the newest, to the bit
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.errors import DataError, FormatError, warn
from layerwise.exchange.loading import load
from layerwise.handwriting.learning import check_digits, learn_digits
from layerwise.network.network import Network
from layerwise.typing import Array, ArrayLike

NOTE = "corrections"


@dataclass(frozen=True)
class Corrections:
    """The digits that a network was corrected with.

    Attributes
    ----------
    X : array (n, 784) of uint8
        Their images, in the order in which they came.
    y : list
        What they are.
    sizes : list of int
        How many of them came with each correction.
    base : str
        A digest of the network that was corrected.
    states : list of str
        A digest of the weights after each correction.
    """

    X: Array
    y: list[Any]
    sizes: list[int]
    base: str
    states: list[str]

    def __len__(self) -> int:
        return len(self.sizes)

    def is_of(self, base: Network) -> bool:
        """Return whether this is the network that was corrected."""
        return self.base == digest(base)

    def without_newest(self) -> Corrections:
        """Return those before the newest correction."""
        n = len(self.X) - self.sizes[-1]
        return Corrections(self.X[:n], self.y[:n], self.sizes[:-1], self.base, self.states[:-1])

    def with_newest(self, X: Array, y: list[Any]) -> Corrections:
        """Return these and one correction more, which is not learned yet."""
        return Corrections(np.concatenate([self.X, X]), self.y + y, [*self.sizes, len(y)], self.base, list(self.states))


def corrections_of(network: Network) -> Corrections | None:
    """Return the digits that a network was corrected with; None if there are none.

    Raises
    ------
    FormatError
        The notes of its file are damaged.
    """
    note = network.notes.get(NOTE)
    if note is None:
        return None
    try:
        found = Corrections(**note)
        sound = (
            isinstance(found.X, np.ndarray)
            and all(type(size) is int and size > 0 for size in found.sizes)
            and len(found.X) == len(found.y) == sum(found.sizes) > 0
            and len(found.sizes) == len(found.states)
            and all(isinstance(text, str) for text in (found.base, *found.states))
        )
        if sound:
            check_digits(network, found.X, found.y)
    except (TypeError, ValueError):  # FormatError, DataError and ShapeError are ValueErrors
        sound = False
    if not sound:
        raise FormatError("the corrections in the model's notes are damaged: take another copy of the file")
    return found


def correct(path: str | os.PathLike[str], base: Network, X: ArrayLike, y: ArrayLike) -> Network:
    """Learn corrected digits, with all that were corrected before, and write the network to its file.

    Parameters
    ----------
    path : path
        The file: made by the first correction. It is written whole or not at all.
    base : Network
        The network that is corrected, the same each time.
    X, y
        The digits, as for `learn_digits`.

    Returns
    -------
    Network
        The corrected network, as it is in the file.

    Raises
    ------
    DataError
        The file is another model, or was made from another network; or digits that `learn_digits` refuses.
    OSError
        It cannot be written; the file that was there stays as it was.
    """
    if NOTE in base.notes:
        raise DataError("base: this network is a corrected one; give the one that it was made from")
    images, _ = check_digits(base, X, y)
    path = Path(path)
    held = _held(path, base) if path.exists() else Corrections(images[:0], [], [], digest(base), [])
    return _learned(path, base, held.with_newest(images, np.asarray(y).tolist()))


def undo(path: str | os.PathLike[str], base: Network) -> Network | None:
    """Take the newest correction back: the file is then what it was before it, to the bit.

    Parameters
    ----------
    path : path
        The file that `correct` wrote; it is removed with the only correction that is left.
    base : Network
        The network that was corrected.

    Returns
    -------
    Network or None
        The network as it was before; None if no correction is left, and `base` answers.

    Raises
    ------
    DataError
        There is nothing to undo; or the file is another model, or was made from another network.

    Warns
    -----
    UserWarning
        The weights are nearly, but not to the bit, those from before: another machine or version has learned them.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is nothing to undo: there is no {path}")
    held = _held(path, base).without_newest()
    if not len(held):
        path.unlink()
        return None
    return _learned(path, base, held)


def digest(network: Network) -> str:
    """Return a name for a network's layers and weights."""
    text = f"{network.layers!r} {network.scaling!r} {network.dtype}"
    return hashlib.blake2b(text.encode() + network.theta.tobytes(), digest_size=16).hexdigest()


def _held(path: Path, base: Network) -> Corrections:
    """Return the corrections in a file, which must be of this network."""
    model = load(path)
    held = corrections_of(model) if isinstance(model, Network) else None
    if held is None:
        raise DataError(f"{path} is a model without corrections; it is not written over, give another path")
    if not held.is_of(base):
        raise DataError(
            f"{path} was corrected from another network than this one: give that one (--model), or delete the file "
            "to begin anew"
        )
    return held


def _learned(path: Path, base: Network, corrections: Corrections) -> Network:
    """Learn all of them and write the file."""
    network = learn_digits(base, corrections.X, corrections.y)
    state = digest(network)
    if len(corrections.states) == len(corrections) and corrections.states[-1] != state:
        warn(f"{path}: learned anew, its weights are not to the bit what they were before", UserWarning)
    states = [*corrections.states[: len(corrections) - 1], state]
    network.notes[NOTE] = {**vars(corrections), "states": states}
    network.save(path)
    return network
