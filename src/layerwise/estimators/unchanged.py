"""What a further call of ``partial_fit`` need not do again: parameters and arrays that are known to pass every check.

parameters that are the very objects of the call before ──► its settings; not checked, compared or built again
a plain array of finite numbers, a plain array of labels ──► scikit-learn's checks would hand them back as they are

Whatever is not seen to pass here takes the long way, which has the errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.estimators.labels import is_plain_labels

_CONSTANTS = (type(None), bool, int, float, str, np.random.RandomState)  # the state of the last one is not looked at


class Settled:
    """The settings of a call of ``partial_fit``, and all objects that they were made and checked from.

    Parameters
    ----------
    estimator : BaseMLP
        Whose parameters have just been checked against the network's.
    settings : namespace
        The parameters, with values for those that are 'auto'.
    """

    def __init__(self, estimator: Any, settings: SimpleNamespace) -> None:
        self.settings, self._objects = settings, _objects(estimator)

    def holds(self, estimator: Any) -> bool:
        """Return whether parameters and network are the same objects, and cannot have changed in place."""
        present = _objects(estimator)
        return len(present) == len(self._objects) and all(a is b for a, b in zip(present, self._objects, strict=True))

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Return what a copy has in its place, None: it is about these very objects."""
        return type(None), ()


def settle(estimator: Any, settings: SimpleNamespace) -> Settled | None:
    """Remember parameters that were checked; None where one of them, such as a list, can change in place."""
    values = (getattr(estimator, name) for name in estimator._get_param_names())
    return Settled(estimator, settings) if all(map(_is_constant, values)) else None


def _is_constant(value: object) -> bool:
    if type(value) is tuple:
        return all(map(_is_constant, value))
    return type(value) in _CONSTANTS or isinstance(value, (np.number, np.bool_))


def _objects(estimator: Any) -> list[object]:
    """Return the parameters, the network, and of what can be changed in it what the parameters describe."""
    network = estimator.network_
    found = [getattr(estimator, name) for name in estimator._get_param_names()]
    found += [network, network.layers, network.scaling, network.dtype]
    for layer in network.layers:
        found += vars(layer).values()
    return found


def is_plain_rows(X: object, dtypes: Sequence[Any], columns: int) -> bool:
    """Return whether X is an array (n, columns) of finite numbers of one of these types, with a row or more."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.shape[1] != columns or not len(X) or X.dtype not in dtypes:
        return False
    with np.errstate(over="ignore", invalid="ignore"):  # the sum is finite only if all numbers are
        return math.isfinite(X.sum())


def is_plain_column(y: object, rows: int) -> bool:
    """Return whether y is an array (rows,) of labels or of finite numbers."""
    if is_plain_labels(y):
        return len(y) == rows
    if type(y) is not np.ndarray or y.shape != (rows,) or y.dtype not in (np.float64, np.float32):
        return False
    return bool(np.isfinite(y).all())
