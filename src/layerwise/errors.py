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
    """Base of all errors raised on purpose by layerwise."""


class ShapeError(LayerwiseError, ValueError):
    """Sizes that do not fit together: two layers, a batch and a network, rows and labels."""


class DataError(LayerwiseError, ValueError):
    """Data that cannot be learned from: NaN, labels out of range, empty input, an unreadable file."""


class ChangedError(DataError):
    """A fit that is resumed was called otherwise than the one that the checkpoint is of.

    Attributes
    ----------
    facts : str
        What differs.
    names : list of str
        The settings that may be changed on purpose.
    """

    def __init__(self, facts: str, names: list[str]) -> None:
        on_purpose = f", say that it is meant, resume={names!r}," if names else ""
        super().__init__(f"resume: {facts}. Call fit as then{on_purpose} or give Checkpoint another path")
        self.facts, self.names = facts, names

    def __reduce__(self) -> tuple[type[ChangedError], tuple[str, list[str]]]:
        """Let worker processes send it."""
        return type(self), (self.facts, self.names)


class FormatError(LayerwiseError, ValueError):
    """A model file that is not one, is damaged, or has another format version."""


class UnknownNameError(LayerwiseError, ValueError):
    """A name that is not known; the message suggests the nearest one that is."""


class NotBuiltError(LayerwiseError, RuntimeError):
    """A network is asked for something that needs its parameters before its sizes are known."""


class GradientError(LayerwiseError, ValueError):
    """Training through something that has no usable gradient."""


class FormulaError(LayerwiseError, ValueError):
    """A formula has what no tree can express; says where, and what to write in its place."""


class DivergenceError(LayerwiseError, ArithmeticError, ValueError):
    """Training produced NaN or infinity.

    Attributes
    ----------
    step : int
        The training step (from 0, over the whole run) whose loss was not finite.
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
    """An executor was asked for that is not installed, or that cannot run the network."""


class ExportError(LayerwiseError, ValueError):
    """The network cannot be written in the form asked for."""


class WriteError(LayerwiseError, OSError):
    """A file that a fit was to write while it trained could not be written; the fit has ended as it was to end."""


class MissingDependencyError(LayerwiseError, ImportError):
    """A feature needs a package that is not installed; the message gives the command."""


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
