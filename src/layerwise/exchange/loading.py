"""Opening a model file: a network, an ensemble or an estimator, as the file says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from layerwise import files as storage
from layerwise.errors import FormatError
from layerwise.network.network import Network
from layerwise.parts.description import Description

if TYPE_CHECKING:
    from layerwise.estimators import MLPClassifier, MLPRegressor
    from layerwise.network.ensemble import Ensemble


def load(
    path: str | os.PathLike[str], custom: Sequence[type[Description]] = ()
) -> Network | Ensemble | MLPClassifier | MLPRegressor:
    """Load a network or an estimator from a model file. No code in the file is run.

    Parameters
    ----------
    path : str or path-like
        A file that `save` wrote, or a checkpoint.
    custom : sequence of type, default=()
        The classes of custom layers, losses and other parts that the file names. Only these are used.

    Returns
    -------
    Network, Ensemble, MLPClassifier or MLPRegressor
        The object that was saved. For a checkpoint, the network.

    Raises
    ------
    FormatError
        It is not a model file, is damaged, has another format version, or names unknown parts.
    FileNotFoundError
        There is no such file.

    See Also
    --------
    Network.save : Save a network.

    Examples
    --------
    >>> import tempfile
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0).build(3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.save(f"{folder}/net.safetensors")
    ...     same = lw.load(f"{folder}/net.safetensors")
    >>> same.fingerprint == net.fingerprint
    True
    """
    description, arrays = storage.read(path)
    known = storage.known_by_name(custom)
    with storage.reading(path):
        kind = description["kind"]
        if kind == "network":
            return Network.from_state(storage.State.read(description, arrays, known))
        if kind == "ensemble":
            from layerwise.network.ensemble import Ensemble

            return Ensemble.read(description, arrays, known)
        if kind == "estimator":
            from layerwise.estimators.saving import read

            return read(description, arrays, known)
        raise FormatError(f"it is the file of a {str(kind)[:40]!r}, which this version does not know")
