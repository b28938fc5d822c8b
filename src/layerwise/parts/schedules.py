"""How the learning rate changes while a network trains: schedule(t, total) is a factor of the optimizer's rate.

t counts the epochs done since the fit began, and moves with every step; total is how many epochs the fit shall have.
Any function of this form is a schedule. Which t belongs to a step is the schedule's `read_at`:

    "start"   as the step begins: the third of ten steps of the second epoch has t = 1.2; so it is for functions too
    "middle"  half a step later, 1.25: a schedule that is 0 at t = 0 or at the end gives no step the rate 0
    "ends"    the first step has t = 0 and the last one of the fit t = total
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from layerwise.parts.description import Description, number, resolve
from layerwise.typing import Array


class Schedule(Description):
    """Base of the schedules; a custom one defines `__call__`, and is asked step by step, as a function is.

    Attributes
    ----------
    read_at : {"start", "middle", "ends"}
        Which t a step has: as it begins, half a step later, or spread so that the last step has t = total.

    Examples
    --------
    >>> class Warm(Schedule):
    ...     def __call__(self, t, total):
    ...         return min(1.0, 0.1 + t)
    """

    read_at: ClassVar[str] = "start"

    def __call__(self, t: Any, total: float) -> Any:
        """The factor, at least 0.

        Parameters
        ----------
        t : float or array
            Epochs done: from 0 to `total`. Those here take an array of them too.
        total : float
            The epochs of the fit.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(t, total)")


class Constant(Schedule):
    """The same factor always.

    Parameters
    ----------
    factor : float
        At least 0.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = number(self, "factor", factor, least=0)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute c."""
        return np.full_like(t, self.factor, dtype=np.float64)


class InverseTime(Schedule):
    """1 / (1 + decay · t): steps that sum to infinity and their squares not (Robbins and Monro 1951).

    Parameters
    ----------
    decay : float
        At least 0; with 1, half the rate after one epoch, a third after two.
    """

    def __init__(self, decay: float = 0.1) -> None:
        self.decay = number(self, "decay", decay, least=0)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute 1 / (1 + decay · t)."""
        return 1 / (1 + self.decay * np.asarray(t, np.float64))


class StepDecay(Schedule):
    """Smaller by the same factor every so many epochs (as in He, Zhang, Ren, Sun 2016).

    Parameters
    ----------
    factor : float
        What is left after each stair, above 0.
    every : float
        Epochs a stair.
    """

    def __init__(self, factor: float = 0.1, every: float = 10) -> None:
        self.factor = number(self, "factor", factor, above=0)
        self.every = number(self, "every", every, above=0)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute factor^⌊t / every⌋."""
        return self.factor ** np.floor(np.asarray(t, np.float64) / self.every)


class Exponential(Schedule):
    """The same share less in every epoch: Keras's `decay_rate` for an epoch, PyTorch's `gamma`.

    Parameters
    ----------
    rate : float
        What is left after an epoch, above 0 and at most 1.
    """

    def __init__(self, rate: float = 0.95) -> None:
        self.rate = number(self, "rate", rate, above=0, most=1)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute rate^t."""
        return self.rate ** np.asarray(t, np.float64)


class InverseScaling(Schedule):
    """1 / (1 + t)^power: scikit-learn's ``learning_rate="invscaling"``, which counts samples where t counts epochs.

    Parameters
    ----------
    power : float
        At least 0; ½ is the rate for which gradient descent's regret is bounded (Zinkevich 2003).
    """

    def __init__(self, power: float = 0.5) -> None:
        self.power = number(self, "power", power, least=0)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute (1 + t)^-power."""
        return (1 + np.asarray(t, np.float64)) ** -self.power


class Cosine(Schedule):
    """Half a wave of the cosine from 1 down to `final` (Loshchilov and Hutter 2017), after a straight rise from 0.

    Parameters
    ----------
    warm_up : float
        Epochs of the rise (Goyal et al. 2017); with 0 there is none.
    final : float
        The factor at the end.
    """

    read_at = "middle"

    def __init__(self, warm_up: float = 0.0, final: float = 0.0) -> None:
        self.warm_up = number(self, "warm_up", warm_up, least=0)
        self.final = number(self, "final", final, least=0)

    def __call__(self, t: Any, total: float) -> Any:
        """Compute t / w while t < w, then f + (1 - f) · ½ (1 + cos(π (t - w) / (total - w)))."""
        t, w = np.asarray(t, np.float64), self.warm_up
        wave = _wave(self.final, 1.0, 1 - (t - w) / max(total - w, 1e-9))
        return np.where(t < w, t / max(w, 1e-9), wave)


class OneCycle(Schedule):
    """Up to the full rate and down again, far below the start, in waves of the cosine (Smith 2018).

    The optimizer's rate is the greatest of all: choose it larger than usual. PyTorch's `OneCycleLR` has these figures.

    Parameters
    ----------
    peak_at : float
        The share of the epochs at which the full rate is reached, above 0 and below 1.
    start, end : float
        The factors of the first step and of the last one.
    """

    read_at = "ends"

    def __init__(self, peak_at: float = 0.3, start: float = 1 / 25, end: float = 1 / 25e4) -> None:
        self.peak_at = number(self, "peak_at", peak_at, above=0, below=1)
        self.start = number(self, "start", start, least=0, most=1)
        self.end = number(self, "end", end, least=0, most=1)

    def __call__(self, t: Any, total: float) -> Any:
        """Rise over the share p of the epochs, fall over 1 - p."""
        t, peak = np.asarray(t, np.float64), self.peak_at * total
        rise = _wave(self.start, 1.0, t / peak)
        return np.where(t < peak, rise, _wave(self.end, 1.0, (total - t) / (total - peak)))


class CosLog(Schedule):
    """Waves of the cosine, each twice as long as the one before, from 0 to 0 (Holzmüller, Grinsztajn, Steinwart 2024).

    Parameters
    ----------
    cycles : int
        How many waves.
    """

    read_at = "middle"

    def __init__(self, cycles: int = 4) -> None:
        self.cycles = int(number(self, "cycles", cycles, least=1))

    def __call__(self, t: Any, total: float) -> Any:
        """Compute ½ (1 - cos(2π log₂(1 + (2^cycles - 1) t / total)))."""
        share = np.asarray(t, np.float64) / total
        return (1 - np.cos(2 * np.pi * np.log2(1 + (2**self.cycles - 1) * share))) / 2


def _wave(low: float, high: float, share: Any) -> Any:
    """From low at share 0 to high at share 1, level at both ends."""
    return low + (high - low) * (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant,
    InverseTime,
    StepDecay,
    Exponential,
    InverseScaling,
    Cosine,
    OneCycle,
    CosLog,
)

Function = Callable[[float, float], float]


def as_schedule(value: Schedule | Function | str | None) -> Schedule | Function | None:
    """A schedule from an instance, a function of (t, total) or a name (``"one_cycle"``); None stays None.

    Raises
    ------
    UnknownNameError
        The name is not known; the nearest one is suggested.
    TypeError
        None of these came.
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


def factors(schedule: Schedule | Function, t: Array, total: int) -> Array:
    """The factor at each t, as float64: at once from one of ours, one by one from others.

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
    if type(schedule) in SCHEDULES:
        return np.asarray(schedule(t, float(total)), np.float64)  # type: ignore[arg-type]
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
    name = getattr(schedule, "__name__", None) or repr(schedule)
    raise kind(
        f"schedule {name} gave {given!r} at t={t:g} of {total:g} epochs; it must give a finite number, at least 0: "
        "the factor of the optimizer's learning rate"
    )
