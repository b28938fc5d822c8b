"""Which executor runs a plan, and on how many threads."""

from __future__ import annotations

from layerwise.data.rows import Rows
from layerwise.data.targets import Targets
from layerwise.engine import native_engine
from layerwise.engine.executor import Divisible, Evaluator
from layerwise.engine.native_engine import NativeEngine, NativeEvaluator
from layerwise.engine.numpy_engine import NumpyEngine, NumpyEvaluator
from layerwise.engine.plan import Plan
from layerwise.errors import EngineError, UnknownNameError, warn
from layerwise.parts.description import whole_number
from layerwise.parts.layers import Dense
from layerwise.parts.parameters import Parameters

ENGINES = ("auto", "numpy", "native")
_said_why_not = False


def check_engine(engine: str, n_threads: int | None) -> None:
    """Refuse an unknown executor, or a number of threads that is none.

    Raises
    ------
    UnknownNameError, ValueError
        Says what there is.
    """
    if engine not in ENGINES:
        raise UnknownNameError(f'fit: engine must be "auto", "numpy" or "native"; got {engine!r}')
    if n_threads is not None:
        whole_number("fit", "n_threads", n_threads, least=1)


def is_native(engine: str, plan: Plan) -> bool:
    """Whether the native executor runs this plan.

    Raises
    ------
    EngineError
        It was asked for and cannot: says what is missing, or which part has no native body.
    """
    if engine == "numpy":
        return False
    if native_engine._native is None:
        if engine == "native":
            raise EngineError(f"layerwise was installed without its native engine ({native_engine.WHY_NOT}): {_REMEDY}")
        _say_why_not()
        return False
    foreign = native_engine.foreign_part(plan)
    if foreign is not None and engine == "native":
        sizes = " for groups of other sizes than multiples of 16" if isinstance(foreign, Dense) else ""
        raise EngineError(
            f'{foreign!r} has no native body{sizes}, so engine="native" cannot run it; '
            'engine="auto" and "numpy" run it in Python'
        )
    return foreign is None


_REMEDY = "install a C++ compiler, then `pip install --force-reinstall --no-deps layerwise`, or use a wheel"


def _say_why_not() -> None:
    global _said_why_not
    if not _said_why_not:
        _said_why_not = True
        warn(
            f"layerwise's native engine is not there ({native_engine.WHY_NOT}); NumPy does its work, several times "
            f"as slowly. To have it: {_REMEDY}",
            RuntimeWarning,
        )


def executor(
    engine: str,
    n_threads: int | None,
    plan: Plan,
    parameters: Parameters,
    rows: Rows,
    targets: Targets,
    batch_size: int,
    seed: int,
) -> Divisible:
    """What trains the plan."""
    if is_native(engine, plan):
        return NativeEngine(plan, parameters, rows, targets, batch_size, seed, n_threads)
    return NumpyEngine(plan, parameters, rows, targets, batch_size, seed)


def evaluator(
    engine: str, n_threads: int | None, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, size: int
) -> Evaluator:
    """What evaluates the plan."""
    if is_native(engine, plan):
        return NativeEvaluator(plan, parameters, rows, targets, n_threads)
    return NumpyEvaluator(plan, parameters, rows, targets, size)
