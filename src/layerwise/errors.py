"""Every error that layerwise raises on purpose, and the nearest known name for a mistyped one.

Each message names the object, what was expected, what came, and what to do next. The classes derive from
the built-in exceptions that Python users already catch.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

__all__ = [
    "ChangedError",
    "DataError",
    "DivergenceError",
    "EngineError",
    "ExportError",
    "FormatError",
    "FormulaError",
    "GradientError",
    "LayerwiseError",
    "MissingDependencyError",
    "NotBuiltError",
    "ShapeError",
    "UnknownNameError",
    "WriteError",
]


class LayerwiseError(Exception):
    """Base class of all errors that layerwise raises.

    Every error is also a built-in exception, such as a ValueError.
    """


class ShapeError(LayerwiseError, ValueError):
    """Raised when sizes do not fit together: of two layers, of data and network, or of samples and labels."""


class DataError(LayerwiseError, ValueError):
    """Raised when data or arguments cannot be used: NaN, labels out of range, empty data, an unreadable file."""


class ChangedError(DataError):
    """Raised when a resumed fit is called with other arguments or data than the one that wrote the checkpoint.

    Attributes
    ----------
    facts : str
        The differences.
    names : list of str
        The settings that may be changed with ``resume=[...]``.
    """

    def __init__(self, facts: str, names: list[str]) -> None:
        on_purpose = f", say that it is meant, resume={names!r}," if names else ""
        super().__init__(f"resume: {facts}. Call fit as then{on_purpose} or give Checkpoint another path")
        self.facts, self.names = facts, names

    def __reduce__(self) -> tuple[type[ChangedError], tuple[str, list[str]]]:
        """Let worker processes send it."""
        return type(self), (self.facts, self.names)


class FormatError(LayerwiseError, ValueError):
    """Raised when a model file cannot be read or written.

    It is not a model file, is damaged or has another format version; or a part of the network cannot be saved.
    """


class UnknownNameError(LayerwiseError, ValueError):
    """Raised when a name is not known. The message suggests the most similar known name."""


class NotBuiltError(LayerwiseError, RuntimeError):
    """Raised when the parameters of a network are needed before it is built or trained."""


class GradientError(LayerwiseError, ValueError):
    """Raised when a network cannot be trained because a part of it has no usable gradient."""


class FormulaError(LayerwiseError, ValueError):
    """Raised when the formula of a custom part contains something that cannot be translated.

    The message tells where, and what to write instead.
    """


class DivergenceError(LayerwiseError, ArithmeticError, ValueError):
    """Raised when NaN or infinity occurs in training.

    Attributes
    ----------
    step : int
        The training step, from 0 over all fits, whose loss was not finite.
    layer : str
        The first layer whose output was not finite.
    """

    def __init__(self, message: str, step: int, layer: str) -> None:
        super().__init__(message)
        self.step = step
        self.layer = layer

    def __reduce__(self) -> tuple[type[DivergenceError], tuple[str, int, str]]:
        """Let worker processes send it."""
        return type(self), (str(self), self.step, self.layer)


class EngineError(LayerwiseError, RuntimeError):
    """Raised when an engine is asked for that is not installed or cannot run the network."""


class ExportError(LayerwiseError, ValueError):
    """Raised when a network cannot be exported in the format asked for."""


class WriteError(LayerwiseError, OSError):
    """Raised after a fit when a checkpoint or log could not be written during it. The network is trained."""


class MissingDependencyError(LayerwiseError, ImportError):
    """Raised when an optional package is not installed. The message has the command to install it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the known name closest to `name`, or the list of all of them.

    Examples
    --------
    >>> nearest("Sigmiod", ["Sigmoid", "Softmax"])
    "did you mean 'Sigmoid'?"
    >>> nearest("zzz", ["Sigmoid", "Softmax"])
    'known: Sigmoid, Softmax'
    """
    import difflib

    names = sorted(known)
    lowered = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]!r}?" if close else f"known: {', '.join(names)}"


def missing(package: str, extra: str, purpose: str) -> MissingDependencyError:
    """The error for an optional package that `purpose` needs and that `extra` would bring."""
    return MissingDependencyError(
        f"{purpose} needs the package {package!r}, which is not installed: pip install 'layerwise[{extra}]'"
    )


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn as from the line outside of layerwise that called it, however deep within it the reason was found."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "layerwise":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
