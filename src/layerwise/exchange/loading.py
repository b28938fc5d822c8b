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
    """Return what a model file holds. No code in the file is run; there is none.

    Parameters
    ----------
    path : path
        A file that `save` wrote, or a checkpoint.
    custom : sequence of classes
        Your own layers, losses, … that are named in it: they are found among these only.

    Returns
    -------
    Network, Ensemble, MLPClassifier or MLPRegressor
        What `save` was called on.

    Raises
    ------
    FormatError
        Not a model file, damaged, of another format version, or with unknown parts.
    FileNotFoundError
        There is no such file.
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
