"""The native executor: the plan walked in C++ (engine/native/bindings.cpp)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from layerwise.typing import Array

isas: list[str]
layers: list[str]
losses: list[str]
optimizers: list[str]
penalties: list[str]

# A formula for the interpreter, `layerwise.formula.lowering.Code`: instructions, numbers, slots, results.
_Code = tuple[Sequence[Sequence[int]], Sequence[float], int, Sequence[int]]
# Where an array begins in theta; L1 and L2, then both divided by the batch; its share of a step; custom penalties.
_Part = tuple[int, float, float, float, float, float, Sequence[tuple[int, float, bool]]]
# f, its derivative, and whether that reads x and y.
_Activation = tuple[_Code, _Code, bool, bool]
# Class, numbers, inputs, outputs, arrays, and a custom activation.
_Layer = tuple[str, Mapping[str, Any], int, int, Sequence[_Part], _Activation | None]
# Class, numbers, whether it is joined with the last layer, and a custom one's formulas.
_Loss = tuple[str, Mapping[str, Any], bool, tuple[_Code, _Code] | None]

def isa() -> str: ...
def apply(function: str, x: Array, out: Array) -> None: ...
def augment(
    X: Array,
    rows: Array,
    seed: int,
    epoch: int,
    out: Array,
    settings: Mapping[str, Any],
    smoothing: tuple[Array, Array] | None,
    threads: int,
) -> None: ...

class Native:
    def __init__(
        self,
        layers: Sequence[_Layer],
        loss: _Loss | None,
        n_theta: int,
        dtype: str,
        sparse: bool = False,
        penalties: Sequence[tuple[_Code, _Code]] = ...,
    ) -> None: ...
    def set_data(
        self,
        X: Any,
        offset: Array | None,
        factor: Array | None,
        labels: Array | None,
        levels: tuple[float, float] | None,
        dense: Array | None,
        weights: Array | None,
        by_rows: bool,
        answers: str,
        threshold: float = 0.5,
    ) -> None: ...
    def set_scaling(self, offset: Array | None, factor: Array | None) -> None: ...
    def run(
        self,
        theta: Array,
        grad: Array,
        states: Sequence[Array],
        optimizer: str,
        settings: Mapping[str, Any],
        iterations: int,
        batch_size: int,
        first: int,
        last: int,
        epochs: int,
        step: int,
        seed: int,
        order: Array | None,
        learn: bool,
        threads: int,
        poll: Callable[[], bool] | None,
        rates: Array | None = None,
        clip_norm: float | None = None,
        frozen: Sequence[int] = ...,
        so_far: Array | None = None,
        rule: tuple[_Code, int, Array] | None = None,
    ) -> tuple[int, bool, float, Sequence[float]]: ...
    def evaluate(self, theta: Array, outputs: Array | None, threads: int) -> Sequence[float]: ...
    def outputs(self, theta: Array, X: Any, out: Array, threads: int) -> bool: ...
