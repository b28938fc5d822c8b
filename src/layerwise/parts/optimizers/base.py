"""What an optimizer is: a formula of the new parameters and states, worked on each number by itself.

    f(w, g, rate, t, *states)  ──► trace ──► trees ─┬─► what is the same for all parameters, computed once a step
                                                    └─► calls of NumPy's functions on theta, grad and the states

Or `update` on flat vectors, or `step` itself. The learning rate of step t is learning_rate / (1 + decay · t).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from layerwise.errors import FormulaError
from layerwise.formula import WORDS, Scalars, Steps, Tree, bind, in_place, split, trace_all
from layerwise.formula.tree import MOST_SHOWN
from layerwise.parts.description import number
from layerwise.parts.parameters import writable
from layerwise.parts.symbolic import Symbolic, own_classes
from layerwise.typing import Array

_ARGUMENTS = ("w", "g", "rate", "t")
_CHANGING = ("learning_rate", "decay")  # may be others at each step: always symbols
_LEFT_OUT = (*_CHANGING, "iterations", "state", "_tmp", "_bound")


@dataclass(frozen=True)
class Rule:
    """The formula of an optimizer as trees, in w, g, rate, t, the states and the optimizer's own numbers.

    Attributes
    ----------
    w : Tree
        The new parameters.
    states : dict of Tree
        The new states by name.
    names : tuple of str
        The optimizer's own numbers that are symbols in the trees.
    """

    w: Tree
    states: Mapping[str, Tree]
    names: tuple[str, ...]

    def __hash__(self) -> int:
        return hash((self.w, tuple(self.states.items()), self.names))

    def replaced(self) -> tuple[dict[str, Tree], dict[str, Tree]]:
        """Return the trees with symbols for parts that are the same for all parameters, and those parts."""
        return _replaced(self)

    def text(self) -> str:
        """Return the formula in one line.

        The states are s0, s1, …; what is the same for all parameters is c0, c1, …

        Returns
        -------
        str
            The text, empty for a long formula.

        Examples
        --------
        >>> import layerwise as lw
        >>> lw.Adagrad().formulas().text()
        's0 = s0 + square(g); w = w - g / (sqrt(s0 + square(g)) + c0) * c1'
        """
        trees, scalars = self.replaced()
        if sum(tree.size for tree in trees.values()) > MOST_SHOWN:
            return ""
        places = dict(zip(self.states, (f"s{i}" for i in range(len(trees)))))
        names = {**places, **{name: f"c{i}" for i, name in enumerate(scalars)}}
        return "; ".join(f"{places.get(key, key)} = {WORDS.expression(tree, names)}" for key, tree in trees.items())

    def calls(self) -> tuple[Steps, tuple[str, ...]]:
        """Return the calls of NumPy functions for a step, and the work arrays that they need."""
        return _calls(self)


@lru_cache(maxsize=256)
def _replaced(rule: Rule) -> tuple[dict[str, Tree], dict[str, Tree]]:
    trees = {**rule.states, "w": rule.w}
    found, scalars = split(tuple(trees.values()), {"rate", "t", *rule.names})
    return dict(zip(trees, found)), scalars


@lru_cache(maxsize=256)
def _calls(rule: Rule) -> tuple[Steps, tuple[str, ...]]:
    return in_place(rule.replaced()[0])


class _Unset:
    """The learning rate of an optimizer whose constructor sets none."""

    def __get__(self, optimizer: object, kind: type) -> float:
        raise AttributeError(
            f"{kind.__name__} has no learning rate: its constructor must call super().__init__(learning_rate), or set "
            "self.learning_rate"
        )


class Optimizer(Symbolic):
    """Base class of the optimizers.

    A custom optimizer is a subclass that defines ``f(self, w, g, rate, t, *states)``, plain NumPy on one parameter w
    and its gradient g, and returns the new w and the new states, which `state_names` names. `rate` is the learning rate
    of the step and t its number, from 1. Its native code and its text in exports and traces follow from it. Or give the
    function alone: ``lw.Optimizer(0.01, f=lambda w, g, rate, t: w - rate * np.sign(g))``. Where a formula is not
    possible, define `update` on vectors, or `step`; such an optimizer runs on NumPy.

    Factors of `rate`, `t` and the optimizer's own numbers only are computed once in a step: ``m * (rate / (1 -
    beta**t))`` is faster than ``rate * m / (1 - beta**t)``, which divides every number.

    Parameters
    ----------
    learning_rate : float
        The size of a step. Above 0. It may be changed between steps.
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.
    f : callable or dict of Tree, optional
        The formula, for an optimizer without a class of its own; or its trees, ``"w"`` and the states by name.
    state_names : sequence of str, default=()
        The names of the states.
    name : str, default="Optimizer"
        The name of the optimizer.
    values : dict, optional
        The numbers that stand in the formula by name.

    Attributes
    ----------
    state_names : tuple of str
        The names of the states, vectors as long as theta that are kept between steps and start at 0.
    iterations : int
        The number of steps made.
    state : dict of array
        The states by name, after the first step.

    Examples
    --------
    >>> import layerwise as lw
    >>> import numpy as np
    >>> class Lion(lw.Optimizer):
    ...     state_names = ("m",)
    ...     def __init__(self, learning_rate=1e-4, beta_1=0.9, beta_2=0.99):
    ...         super().__init__(learning_rate)
    ...         self.beta_1, self.beta_2 = beta_1, beta_2
    ...     def f(self, w, g, rate, t, m):
    ...         w_new = w - rate * np.sign(self.beta_1 * m + (1 - self.beta_1) * g)
    ...         return w_new, self.beta_2 * m + (1 - self.beta_2) * g
    >>> theta, optimizer = np.zeros(2), Lion(0.5)
    >>> optimizer.step(theta, np.array([3.0, -0.1]))
    >>> theta
    array([-0.5,  0.5])
    """

    of_function = "lw.Optimizer(0.001, f=f)"
    state_names: tuple[str, ...] = ()
    # No steps made, also where a class's own constructor does not call this one's.
    iterations: int = 0
    state: dict[str, Array] = MappingProxyType({})  # type: ignore[assignment]
    learning_rate: float = _Unset()  # type: ignore[assignment]
    decay: float = 0.0
    arguments = ("w", "g", "rate", "t", "*states")
    settings = _CHANGING
    methods = ("update", "step")
    not_read = _LEFT_OUT
    _tmp: Array | None = None
    _bound: _Bound | None = None

    def __init__(
        self,
        learning_rate: float,
        decay: float = 0.0,
        *,
        f: Callable[..., Any] | Mapping[str, Tree] | None = None,
        state_names: Sequence[str] = (),
        name: str = "Optimizer",
        values: Mapping[str, float] | None = None,
    ) -> None:
        self.learning_rate = number(self, "learning_rate", learning_rate, above=0)
        self.decay = number(self, "decay", decay, least=0)
        if f is not None:
            self.state_names = _names(state_names, name)
        self._take(f, None, name, values)
        self.reset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if isinstance(cls.state_names, str):
            _names(cls.state_names, cls.__name__)

    def _shown_settings(self) -> Iterator[str]:
        yield f"learning_rate={self.learning_rate!r}"
        if self.decay:
            yield f"decay={self.decay!r}"

    def _always(self) -> tuple[str, ...]:
        return _CHANGING

    def _reserved(self) -> tuple[str, ...]:
        return *_ARGUMENTS, *self.state_names

    def _as_trees(self, f: Any, name: str) -> Any:
        if isinstance(f, Mapping):
            return f
        states = _names(self.state_names, name)
        results = ("w", *states)
        return dict(zip(results, trace_all(f, *_ARGUMENTS, *states, results=results, name=name)))

    def formulas(self) -> Rule:  # type: ignore[override]
        """Return the formula as trees.

        Raises
        ------
        FormulaError
            `f` has what no tree can express; says in which line.
        """
        trees, _, names = self._traced()
        return Rule(trees["w"], {name: tree for name, tree in trees.items() if name != "w"}, names)

    def reset(self) -> None:
        """Forget all steps made: the states are zeros, and the number of steps is 0."""
        self.iterations = 0
        self.state = {}
        self._tmp = self._bound = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tmp": None, "_bound": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = {name: writable(array) for name, array in state.get("state", {}).items()}
        self.__dict__.update({**state, "state": arrays})

    def rate(self) -> float:
        """Return the learning rate of the next step."""
        return self.learning_rate / (1 + self.decay * self.iterations)

    def rate_used(self) -> float:
        """The learning rate of the newest step, as long as `learning_rate` is still what it was then."""
        return self.learning_rate / (1 + self.decay * max(self.iterations - 1, 0))

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Change the parameters of one step, in place.

        Parameters
        ----------
        theta : array of shape (n,)
            The parameters, which are changed.
        grad : array of shape (n,)
            The gradient, not to be changed.
        *arrays : array of shape (n,)
            The states in the order of `state_names`, then an array to work in.
        """
        kind = type(self).__name__
        raise NotImplementedError(
            f"{kind} must define f(w, g, rate, t, *states), or update(theta, grad, *states, tmp) on arrays"
        )

    def step(self, theta: Array, grad: Array) -> None:
        """Make a step, in place.

        Parameters
        ----------
        theta : array of shape (n,)
            The parameters, which are changed.
        grad : array of shape (n,)
            The gradient.
        """
        if self._bound is not None and self._bound.suits(self, theta, grad):
            self._bound.run(self)
        elif self.has_formula:
            self.allocate(theta)
            self._bound = _Bound(self, theta, grad)
            self._bound.run(self)
        else:
            if self._tmp is None or self._tmp.shape != theta.shape or len(self.state) < len(self.state_names):
                self.allocate(theta)
            self.update(theta, grad, *(self.state[name] for name in self.state_names), self._tmp)
        self.iterations += 1

    def allocate(self, theta: Array) -> None:
        """Create the states, all zeros, if they do not exist.

        Parameters
        ----------
        theta : array of shape (n,)
            The parameters.
        """
        if "state" not in vars(self):
            self.state = {}
        for name in self.state_names:
            if name not in self.state:
                self.state[name] = np.zeros_like(theta)
        if not self.has_formula:
            self._tmp = np.empty_like(theta)


def _names(states: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the states' names, where each can be an argument of f."""
    if isinstance(states, str):
        raise TypeError(f"{name}: state_names must be a tuple of names, such as ({states!r},); got the text {states!r}")
    wrong = [state for state in states if not state.isidentifier() or state in (*_ARGUMENTS, *_CHANGING)]
    if wrong:
        what = "an optimizer has it as a number" if wrong[0] in _CHANGING else "f has w, g, rate and t"
        raise FormulaError(f"{name}: a state cannot be called {wrong[0]!r}: {what}")
    if len(set(states)) < len(states):
        raise FormulaError(f"{name}: each state needs a name of its own; got {', '.join(states)}")
    return tuple(states)


class Settings:
    """All that an optimizer's formula depends on, as it was at a moment; cheap to compare at every step."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._attributes = len(vars(optimizer))
        self._values = tuple((name, value) for name, value in vars(optimizer).items() if name not in _LEFT_OUT)
        self._read = optimizer.read_by_formulas() if own_classes(type(optimizer)) else None  # type: ignore[arg-type]

    def hold(self, optimizer: Optimizer) -> bool:
        """Return whether they are the optimizer's still."""
        own = vars(optimizer)
        if len(own) != self._attributes:
            return False
        for name, value in self._values:
            if own.get(name) is not value:
                return False
        return self._read is None or self._read == optimizer.read_by_formulas()


class _Bound:
    """The calls of a step, on these arrays, for an optimizer with these settings."""

    def __init__(self, optimizer: Optimizer, theta: Array, grad: Array) -> None:
        self._theta, self._grad, rule = theta, grad, optimizer.formulas()
        self._states = tuple((name, optimizer.state[name]) for name in optimizer.state_names)
        self._settings = Settings(optimizer)
        (calls, kept), scalars = rule.calls(), rule.replaced()[1]
        numbers = {name: value for name, value in optimizer.numbers().items() if name not in _CHANGING}
        moving = {name: tree for name, tree in scalars.items() if not tree.symbols <= set(numbers)}
        fixed = {name: tree for name, tree in scalars.items() if name not in moving}
        self._numbers = tuple(numbers.values())
        self._compute = Scalars(moving.values(), ("rate", "t", *_CHANGING, *numbers))
        places = {name: np.empty((), theta.dtype) for name in moving}
        self._places = tuple(places.values())
        with np.errstate(all="ignore"):
            constants = dict(zip(fixed, Scalars(fixed.values(), tuple(numbers))(self._numbers)))
        work = {name: np.empty_like(theta) for name in (*calls.arrays, *kept)}
        flags = {name: np.empty(theta.shape, bool) for name in calls.flags}
        own = {"w": theta, "g": grad, **dict(self._states)}
        self._calls = bind(calls, {**places, **constants, **work, **flags, **own})

    def suits(self, optimizer: Optimizer, theta: Array, grad: Array) -> bool:
        """Whether it was made for these arrays, and for the optimizer as it is."""
        if theta is not self._theta or grad is not self._grad or not self._settings.hold(optimizer):
            return False
        state = optimizer.state
        return all(state.get(name) is array for name, array in self._states)

    def run(self, optimizer: Optimizer) -> None:
        """Make a step."""
        t, rate = float(optimizer.iterations + 1), optimizer.rate()
        values = self._compute((rate, t, optimizer.learning_rate, optimizer.decay, *self._numbers))
        for place, value in zip(self._places, values):
            place[()] = value
        for call in self._calls:
            call()
