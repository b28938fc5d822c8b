"""Checks that several datasets share: a file that can be read, a count, a seed, and rows that belong together."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise.errors import DataError, LayerwiseError, ShapeError
from layerwise.parts.masked import unmasked


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what goes wrong as the file `name` is opened and read into a DataError that names it."""
    try:
        yield
    except OSError as error:
        if Path(name).is_dir():
            hint = "give a file in it; pictures in folders are read by read_folder and `layerwise train FOLDER`"
            raise DataError(f"{name} cannot be read, for it is a folder; {hint}") from error
        raise DataError(f"{name} cannot be read ({error.strerror or error}); check the path") from error
    except MemoryError:
        raise DataError(f"{name} holds more than there is memory for") from None
    except ValueError as error:  # no name that a file can have
        if isinstance(error, LayerwiseError):
            raise
        raise DataError(f"{name!r} cannot be read ({error}); check the path") from error


def check_count(name: str, value: object, least: int = 1) -> int:
    """Return `value` as an int, or raise DataError if it is not a whole number of at least `least`."""
    if not isinstance(value, (bool, np.bool_)):
        try:
            count = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
        else:
            if count >= least:
                return count
    raise DataError(f"{name} must be a whole number of at least {least}, but is {value!r}")


def check_generator(random_state: int | np.random.Generator | None) -> np.random.Generator:
    """Return the generator itself, or a new one from a seed (None: a seed from the operating system)."""
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    return np.random.default_rng(check_count("random_state", random_state, least=0))


def check_rows(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return `X` and `y` as arrays, or raise ShapeError unless both have rows, and equally many."""
    arrays = []
    for name, value in (("X", X), ("y", y)):
        try:
            array = unmasked(value, name)
        except DataError:
            raise
        except ValueError as error:
            raise ShapeError(f"{name} must have rows of equal length, but NumPy says: {error}") from error
        if array.ndim == 0:
            raise ShapeError(f"{name} must be an array with a row a sample, but is {type(value).__name__}")
        arrays.append(array)
    if len(arrays[0]) != len(arrays[1]):
        raise ShapeError(
            f"X and y must have a row each for every sample, but X has {len(arrays[0])} rows and y has {len(arrays[1])}"
        )
    return arrays[0], arrays[1]
