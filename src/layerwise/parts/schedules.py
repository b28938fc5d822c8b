"""How the learning rate changes while a network trains: schedule(t, total) is a factor of the optimizer's rate.

t counts the epochs done since the fit began, and moves with every step; total is how many epochs the fit shall have.
Any function of this form is a schedule. Which t belongs to a step is the schedule's `read_at`:

    "start"   as the step begins: the third of ten steps of the second epoch has t = 1.2; so it is for functions too
    "middle"  half a step later, 1.25: a schedule that is 0 at t = 0 or at the end gives no step the rate 0
    "ends"    the first step has t = 0 and the last one of the fit t = total
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layerwise.formula import Tree, compute
from layerwise.parts.bound import filled
from layerwise.parts.description import number, resolve, whole_number
from layerwise.parts.symbolic import Symbolic
from layerwise.typing import Array

__all__ = [
    "SCHEDULES", "Constant", "CosLog", "Cosine", "Exponential", "InverseScaling", "InverseTime", "OneCycle", "Schedule",
    "StepDecay", "as_schedule",
]  # fmt: skip


class Schedule(Symbolic):
    """Base class of the schedules.

    A custom schedule is a subclass that defines ``f(self, t, total)`` in plain NumPy. All factors of a training are
    computed at once, the training script contains the formula, and a model file with it loads without the class.
    Where a formula is not possible, define `__call__`; it is then called at each step, as a function is.

    Parameters
    ----------
    f : callable or Tree, optional
        The formula, for a schedule without a class of its own.
    name : str, default="Schedule"
        The name of the schedule.
    values : dict, optional
        The numbers that stand in the formula by name.
    read_at : {"start", "middle", "ends"}, default="start"
        As the attribute.

    Attributes
    ----------
    read_at : {"start", "middle", "ends"}
        The t of a step: at its start, half a step later, or spread so that the last step has t = total.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class Warm(lw.schedules.Schedule):
    ...     def f(self, t, total):
    ...         return np.minimum(1, 0.1 + t)
    >>> Warm()(np.array([0.0, 0.5, 2.0]), 10)
    array([0.1, 0.6, 1. ])
    """

    of_function = "lw.schedules.Schedule(f)"
    read_at: str = "start"
    arguments = reserved = ("t", "total")
    methods = ("__call__",)
    _constructor = object.__init__

    def __init__(
        self,
        f: Callable[..., Any] | Tree | None = None,
        name: str = "Schedule",
        values: Mapping[str, float] | None = None,
        read_at: str = "start",
    ) -> None:
        self._take(f, None, name, values)
        self.read_at = read_at

    def formulas(self) -> Tree:  # type: ignore[override]
        """Return the formula as a tree, in which the schedule's own numbers are symbols."""
        f: Tree = self._traced()[0]
        return f

    def tree(self) -> Tree:
        """Return the formula as a tree of t and total alone."""
        return filled(self.formulas(), tuple(self.numbers().items()))

    def __call__(self, t: Any, total: float) -> Any:
        """Return the factor of the learning rate.

        Parameters
        ----------
        t : float or array
            Epochs done, from 0 to `total`.
        total : float
            The number of epochs of the training.

        Returns
        -------
        float or array
            The factor, at least 0.
        """
        if self.f is None:
            raise NotImplementedError(f"{type(self).__name__} must define f(t, total), or __call__(t, total)")
        t = np.asarray(t, np.float64)
        with np.errstate(all="ignore"):
            found = compute(self.tree(), {"t": t, "total": float(total)})
        return np.broadcast_to(found, t.shape) + 0.0


class Constant(Schedule):
    """Constant factor.

    Parameters
    ----------
    factor : float, default=1.0
        The factor. At least 0.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = number(self, "factor", factor, least=0)

    def f(self, t: Any, total: Any) -> Any:
        """Compute c."""
        return self.factor


class InverseTime(Schedule):
    """Inverse time decay: 1 / (1 + decay · t).

    The steps sum to infinity and their squares do not, the condition of Robbins and Monro (1951).

    Parameters
    ----------
    decay : float, default=0.1
        At least 0. With 1, the learning rate is a half after one epoch, a third after two.
    """

    def __init__(self, decay: float = 0.1) -> None:
        self.decay = number(self, "decay", decay, least=0)

    def f(self, t: Any, total: Any) -> Any:
        """Compute 1 / (1 + decay · t)."""
        return 1 / (1 + self.decay * t)


class StepDecay(Schedule):
    """Multiply the learning rate by a factor every so many epochs.

    As in He, Zhang, Ren, Sun (2016).

    Parameters
    ----------
    factor : float, default=0.1
        The factor of each drop. Above 0.
    every : float, default=10
        The number of epochs between two drops. Above 0.
    """

    def __init__(self, factor: float = 0.1, every: float = 10) -> None:
        self.factor = number(self, "factor", factor, above=0)
        self.every = number(self, "every", every, above=0)

    def f(self, t: Any, total: Any) -> Any:
        """Compute factor^⌊t / every⌋."""
        return self.factor ** np.floor(t / self.every)


class Exponential(Schedule):
    """Multiply the learning rate by the same factor in each epoch.

    It is Keras's `decay_rate` for one epoch, and PyTorch's `gamma`.

    Parameters
    ----------
    rate : float, default=0.95
        The factor of an epoch. Above 0, at most 1.
    """

    def __init__(self, rate: float = 0.95) -> None:
        self.rate = number(self, "rate", rate, above=0, most=1)

    def f(self, t: Any, total: Any) -> Any:
        """Compute rate^t."""
        return self.rate**t


class InverseScaling(Schedule):
    """Inverse scaling: 1 / (1 + t)^power.

    It is scikit-learn's ``learning_rate="invscaling"``, with t in epochs where scikit-learn counts samples.

    Parameters
    ----------
    power : float, default=0.5
        At least 0. With 0.5 the regret of gradient descent is bounded (Zinkevich 2003).
    """

    def __init__(self, power: float = 0.5) -> None:
        self.power = number(self, "power", power, least=0)

    def f(self, t: Any, total: Any) -> Any:
        """Compute (1 + t)^-power."""
        return (1 + t) ** -self.power


class Cosine(Schedule):
    """Half a cosine wave from 1 down to `final`, after a linear warm-up.

    From Loshchilov and Hutter (2017); the warm-up is that of Goyal et al. (2017).

    Parameters
    ----------
    warm_up : float, default=0.0
        The number of epochs of the linear rise from 0. At least 0.
    final : float, default=0.0
        The factor at the end. At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> lw.schedules.Cosine()(np.array([0.0, 5.0, 10.0]), 10)
    array([1. , 0.5, 0. ])
    """

    read_at = "middle"

    def __init__(self, warm_up: float = 0.0, final: float = 0.0) -> None:
        self.warm_up = number(self, "warm_up", warm_up, least=0)
        self.final = number(self, "final", final, least=0)

    def f(self, t: Any, total: Any) -> Any:
        """Compute t / w while t < w, then f + (1 - f) · ½ (1 + cos(π (t - w) / (total - w)))."""
        w = self.warm_up
        if not w:
            return _wave(self.final, 1 - t / total)
        return np.where(t < w, t / w, _wave(self.final, 1 - (t - w) / np.maximum(total - w, 1e-9)))


class OneCycle(Schedule):
    """Rise to the full learning rate, then fall far below the start, in half cosine waves.

    The optimizer's learning rate is the maximum: choose it larger than usual (Smith 2018). The defaults are those of
    PyTorch's `OneCycleLR`.

    Parameters
    ----------
    peak_at : float, default=0.3
        The share of the epochs at which the full rate is reached. Above 0, below 1.
    start, end : float, default=0.04, 4e-06
        The factors of the first and of the last step. At least 0, at most 1.
    """

    read_at = "ends"

    def __init__(self, peak_at: float = 0.3, start: float = 1 / 25, end: float = 1 / 25e4) -> None:
        self.peak_at = number(self, "peak_at", peak_at, above=0, below=1)
        self.start = number(self, "start", start, least=0, most=1)
        self.end = number(self, "end", end, least=0, most=1)

    def f(self, t: Any, total: Any) -> Any:
        """Rise over the share p of the epochs, fall over 1 - p."""
        peak = self.peak_at * total
        return np.where(t < peak, _wave(self.start, t / peak), _wave(self.end, (total - t) / (total - peak)))


class CosLog(Schedule):
    """Cosine waves, each twice as long as the one before.

    From Holzmüller, Grinsztajn, Steinwart (2024). The factor starts and ends at 0.

    Parameters
    ----------
    cycles : int, default=4
        The number of waves. At least 1.
    """

    read_at = "middle"

    def __init__(self, cycles: int = 4) -> None:
        self.cycles = whole_number(self, "cycles", cycles, least=1)

    def f(self, t: Any, total: Any) -> Any:
        """Compute ½ (1 - cos(2π log₂(1 + (2^cycles - 1) t / total)))."""
        return (1 - np.cos(2 * np.pi * np.log2(1 + (2**self.cycles - 1) * (t / total)))) / 2


def _wave(low: Any, share: Any) -> Any:
    """Return half a wave of the cosine, from low at share 0 to 1 at share 1."""
    return low + (1 - low) * (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant, InverseTime, StepDecay, Exponential, InverseScaling, Cosine, OneCycle, CosLog,
)  # fmt: skip

Function = Callable[[float, float], float]


def as_schedule(value: Schedule | Function | str | None) -> Schedule | Function | None:
    """Return a schedule from an instance, a function or a name; None stays None.

    Parameters
    ----------
    value : Schedule, callable, str or None
        An instance, a function of (t, total), or a name such as ``"one_cycle"``.

    Returns
    -------
    Schedule, callable or None
        The schedule.

    Raises
    ------
    UnknownNameError
        The name is not known.
    """
    if value is None or (callable(value) and not isinstance(value, (type, Schedule))):
        return value
    return resolve("schedule", value, Schedule, SCHEDULES)


def moments(schedule: Schedule | Function, steps: Array, steps_per_epoch: int, epochs: int) -> Array:
    """The t of each step, float64: steps are counted from 0 over the whole fit.

    Raises
    ------
    ValueError
        The schedule's `read_at` is none of the three.

    Examples
    --------
    >>> moments(lambda t, total: 1.0, np.arange(4), 2, 2)
    array([0. , 0.5, 1. , 1.5])
    >>> moments(Cosine(), np.arange(4), 2, 2)
    array([0.25, 0.75, 1.25, 1.75])
    >>> moments(OneCycle(), np.arange(5), 1, 5)
    array([0.  , 1.25, 2.5 , 3.75, 5.  ])
    """
    read_at = schedule.read_at if isinstance(schedule, Schedule) else "start"
    if read_at == "start":
        return np.asarray(steps / steps_per_epoch)
    if read_at == "middle":
        return np.asarray((steps + 0.5) / steps_per_epoch)
    if read_at == "ends":
        return np.asarray(steps * (epochs / max(steps_per_epoch * epochs - 1, 1)))
    raise ValueError(f'{schedule!r}: read_at must be "start", "middle" or "ends"; got {read_at!r}')


def are_at_once(schedule: Schedule | Function) -> bool:
    """Return whether a schedule gives the factors of many steps in one call."""
    return isinstance(schedule, Schedule) and schedule.has_formula


def factors(schedule: Schedule | Function, t: Array, total: int) -> Array:
    """The factor at each t, as float64: at once from a formula, one by one from others.

    Raises
    ------
    TypeError, ValueError
        The schedule gave something else than a finite number of at least 0.

    Examples
    --------
    >>> factors(InverseTime(1.0), np.array([0.0, 1.0, 3.0]), 4)
    array([1.  , 0.5 , 0.25])
    >>> factors(lambda t, total: 1 - t / total, np.array([0.0, 1.0, 3.0]), 4)
    array([1.  , 0.75, 0.25])
    """
    if are_at_once(schedule):
        found: Array = schedule(t, float(total))  # type: ignore[arg-type, assignment]
        bad = ~(np.isfinite(found) & (found >= 0))
        if bad.any():
            raise _refusal(schedule, float(found[bad][0]), float(t[bad][0]), float(total), ValueError)
        return found
    return np.array([_factor(schedule, moment, float(total)) for moment in t.tolist()])


def _factor(schedule: Schedule | Function, t: float, total: float) -> float:
    given = schedule(t, total)
    try:
        value = math.nan if isinstance(given, (str, bytes)) else float(given)
        if math.isfinite(value) and value >= 0:
            return value
        kind: type[Exception] = TypeError if isinstance(given, (str, bytes)) else ValueError
    except (TypeError, ValueError):
        kind = TypeError
    raise _refusal(schedule, given, t, total, kind)


def _refusal(schedule: Schedule | Function, given: object, t: float, total: float, kind: type[Exception]) -> Exception:
    name = getattr(schedule, "__name__", None) or repr(schedule)
    return kind(
        f"schedule {name} gave {given!r} at t={t:g} of {total:g} epochs; it must give a finite number, at least 0: "
        "the factor of the optimizer's learning rate"
    )
