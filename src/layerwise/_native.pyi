"""The native executor: the plan walked in C++ (engine/native/bindings.cpp)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layerwise.typing import Array

isas: list[str]
layers: list[str]
group_of: int
losses: list[str]
optimizers: list[str]
penalties: list[str]

# A formula for the interpreter, `layerwise.formula.lowering.Code`: instructions, numbers, slots, results.
_Code = tuple[Sequence[Sequence[int]], Sequence[float], int, Sequence[int]]

def isa() -> str: ...
def apply(function: str, x: Array, out: Array) -> None: ...
def augment(
    X: Array,
    rows: Array,
    *,
    seed: int,
    epoch: int,
    out: Array,
    settings: Mapping[str, Any],
    smoothing: tuple[Array, Array] | None,
    threads: int,
) -> None: ...

class Part:
    """An array of parameters: where it begins in theta, its penalties, and how much of each step it makes.

    `terms` are its penalties: which, its strength, and whether that is divided by the batch.
    """

    def __init__(
        self,
        *,
        begin: int,
        rate: float = 1.0,
        terms: Sequence[tuple[int, float, bool]] = ...,
    ) -> None: ...

class Layer:
    """A layer; `formula`, of a custom activation: f, its derivative, and whether that reads x and y.

    `intervals`, of a piecewise linear layer: the input that each is of, where it begins, and 1 / its length.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: Mapping[str, Any],
        n_in: int,
        n_out: int,
        parts: Sequence[Part] = ...,
        formula: tuple[_Code, _Code, bool, bool] | None = None,
        intervals: tuple[list[int], list[float], list[float]] | None = None,
    ) -> None: ...

class Loss:
    """A loss, and whether it is fused with the last layer; `formulas`, of a custom one: f and its gradient.

    `settings` has the reduction and the numbers, each of which may be a tuple of one for each output.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: Mapping[str, Any],
        fused: bool = False,
        formulas: tuple[_Code, _Code] | None = None,
    ) -> None: ...

class Penalty:
    """A penalty and its numbers; `formulas`, of a custom one: f and its derivative."""

    def __init__(
        self, *, name: str, settings: Mapping[str, Any], formulas: tuple[_Code, _Code] | None = None
    ) -> None: ...

class Training:
    """What stays the same from run to run: the arrays that it changes, the batch size and the seed of dropout."""

    def __init__(self, *, theta: Array, grad: Array, batch_size: int, seed: int) -> None: ...

class Rule:
    """An optimizer's formula: the new w and states from w, g, the states and the scalars.

    Parameters
    ----------
    states, numbers : int
        How many states and numbers of its own it has.
    formula : tuple
        Its code, from w, g, the states and the scalars.
    scalars : tuple
        That of what is the same for all parameters, from rate, t, learning_rate and the numbers.
    compiled : int
        Which of `optimizers` it is; -1: none.
    descent : int
        Where the step is w - c g alone: which scalar is c; -1: it is more.
    moves_without_gradient : bool
        Whether it may change parameters or states whose gradient is 0.
    """

    def __init__(
        self,
        *,
        states: int,
        formula: _Code,
        scalars: _Code,
        numbers: int,
        compiled: int = -1,
        descent: int = -1,
        moves_without_gradient: bool = True,
    ) -> None: ...

class Optimizer:
    """The optimizer before a run: its formula, the numbers in it, and its states."""

    def __init__(
        self,
        *,
        rule: Rule,
        numbers: Sequence[float],
        learning_rate: float,
        decay: float,
        iterations: int,
        states: Sequence[Array],
    ) -> None: ...

class Steps:
    """Steps `first` to `last` - 1 of an epoch, or whole epochs; `number`: that of the first over the whole training."""

    def __init__(self, *, first: int, last: int, number: int, epochs: int = 1, rates: Array | None = None) -> None: ...

class Native:
    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss | None,
        *,
        n_theta: int,
        dtype: str,
        sparse: bool = False,
        penalties: Sequence[Penalty] = ...,
    ) -> None: ...
    def set_data(
        self,
        X: Any,
        *,
        offset: Array | None = None,
        factor: Array | None = None,
        labels: Array | None = None,
        levels: tuple[float, float] | None = None,
        dense: Array | None = None,
        weights: Array | None = None,
        by_rows: bool = False,
        answers: str = "none",
        threshold: float = 0.5,
    ) -> None: ...
    def set_scaling(self, offset: Array | None, factor: Array | None) -> None: ...
    def run(
        self,
        training: Training,
        optimizer: Optimizer,
        steps: Steps,
        *,
        order: Array | None = None,
        learn: bool = True,
        threads: int = 1,
        poll: Callable[[], bool] | None = None,
        clip_norm: float | None = None,
        frozen: Sequence[int] = ...,
        so_far: Array | None = None,
    ) -> tuple[int, bool, float, Sequence[float]]: ...
    def shards_length(self) -> int: ...
    def shards_sums(self) -> int: ...
    def begin_shards(
        self,
        training: Training,
        optimizer: Optimizer,
        *,
        order: Array | None = None,
        threads: int = 1,
        clip_norm: float | None = None,
        frozen: Sequence[int] = ...,
    ) -> None: ...
    def shards_cuts(self, shard_size: int) -> list[int]: ...
    def shards(
        self,
        places: Array,
        *,
        step: int,
        scale: float,
        statistics: float,
        gradient: Array,
        ready: Callable[[int], None] | None = None,
    ) -> None: ...
    def update(self, *, step: int, scale: float, statistics: float, gradient: Array, rate: float) -> float: ...
    def end_shards(self) -> None: ...
    def evaluate(self, theta: Array, outputs: Array | None, threads: int) -> Sequence[float]: ...
    def outputs(self, theta: Array, X: Any, out: Array, threads: int) -> bool: ...
