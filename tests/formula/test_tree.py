"""Formulas traced into trees: the same numbers as the formula itself, and clear refusals."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.formula import (
    JAVASCRIPT,
    as_data,
    bind,
    compute,
    derivative,
    from_data,
    number,
    operation,
    replace,
    steps,
    symbol,
    trace,
)
from layerwise.formula.lowering import INSTRUCTIONS, MOST_SLOTS, code
from layerwise.formula.tree import BINARY, UNARY, Tree

X = np.concatenate([np.linspace(-6, 6, 241), [-1e4, 1e4, -0.0, 0.0, np.inf, -np.inf, np.nan]])

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(0.8 * x * (1 + 0.04 * x**2))),
    "bent": lambda x: (np.sqrt(x**2 + 1) - 1) / 2 + x,
    "snake": lambda x: x + np.sin(x) ** 2,
    "hard": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "squared relu": lambda x: np.square(np.maximum(x, 0)),
    "bell": lambda x: np.exp(-(x**2)) * np.cos(x),
    "counted": lambda x: 1.0 * (x > 0) - 2.0 * (x <= -1) + np.sign(x) * 0.5,
    "powers": lambda x: (1 + x**2) ** 0.25 + (1 + x**2) ** -1.5 + 2.0 ** np.minimum(x, 3),
    "arc": lambda x: np.arctan(x) - np.logaddexp(x, 0.5) + np.heaviside(x, 0.5),
    "hyperbolic": lambda x: np.sinh(np.clip(x, -2, 2)) + np.cosh(np.clip(x, -2, 2)),
    "both": lambda x: np.where((x > -1) & (x < 1), x, np.sign(x)),
    "itself": lambda x: x,
    "constant": lambda x: 0 * x + 3,
}
ROUNDED = {"arc", "hyperbolic"}  # written with other functions of NumPy's
of_each = pytest.mark.parametrize("f", FORMULAS.values(), ids=FORMULAS)


def same(found, expected, f):
    """The same numbers to the last bit, or to rounding where another function of NumPy's computes them."""
    is_rounded = f in [FORMULAS[name] for name in ROUNDED]
    np.testing.assert_allclose(found, expected, rtol=1e-14 if is_rounded else 0)


def run(tree, **arrays):
    """The tree by calls that allocate nothing."""
    found = steps(tree, "out")
    shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
    arrays |= {name: np.empty(shape) for name in (*found.arrays, "out")}
    arrays |= {name: np.empty(shape, bool) for name in found.flags}
    with np.errstate(all="ignore"):
        for call in bind(found, arrays):
            call()
    return arrays["out"]


def interpreted(tree, x):
    """The tree as the native interpreter runs it, in Python."""
    program = code(tree, ["x"])
    slots = [x, *(np.full_like(x, value) for value in program.numbers)]
    slots += [None] * (program.slots - len(slots))
    with np.errstate(all="ignore"):
        for op, a, b, c, out in program.instructions:
            name = INSTRUCTIONS[op].removesuffix("_unit")
            if name == "where":
                slots[out] = np.where(slots[a] != 0, slots[b], slots[c])
            else:
                operands = [slots[i] for i in (a, b)][: 1 if name in UNARY else 2]
                slots[out] = getattr(np, name)(*operands).astype(float)
    return slots[program.results[0]]


@of_each
def test_a_tree_gives_what_its_formula_gives(f):
    tree = trace(f, "x")
    with np.errstate(all="ignore"):
        expected = np.asarray(f(X), float)
        same(np.broadcast_to(compute(tree, {"x": X}), X.shape), expected, f)
    same(run(tree, x=X), expected, f)
    same(interpreted(tree, X), expected, f)


@of_each
def test_the_result_may_be_written_over_the_input(f):
    tree = trace(f, "x")
    found = steps(tree, "x", over=("x",))
    arrays = {"x": X.copy()} | {name: np.empty_like(X) for name in found.arrays}
    arrays |= {name: np.empty(X.shape, bool) for name in found.flags}
    with np.errstate(all="ignore"):
        for call in bind(found, arrays):
            call()
        same(arrays["x"], np.asarray(f(X), float), f)


@of_each
def test_the_derivative_is_that_of_finite_differences(f):
    x = np.linspace(-5.3, 5.2, 83)
    x = x[np.abs(x - np.rint(x)) > 1e-3]  # no kinks
    h = 1e-6
    expected = (f(x + h) - f(x - h)) / (2 * h)
    found = np.broadcast_to(run(derivative(trace(f, "x"), "x"), x=x), x.shape)
    away = np.abs(np.abs(x) - 2.5) > 1e-3
    np.testing.assert_allclose(found[away], expected[away], rtol=1e-5, atol=1e-7)


@of_each
def test_a_tree_is_the_same_after_a_file_and_a_pickle(f):
    tree = trace(f, "x")
    assert from_data(as_data(tree), {"x"}) == tree
    assert pickle.loads(pickle.dumps(tree)) == tree


def test_a_pickled_tree_is_equal_in_another_process():
    text = pickle.dumps(trace(FORMULAS["gelu"], "x"))
    program = (
        "import pickle; import numpy as np; from layerwise.formula import trace\n"
        f"tree = pickle.loads({text!r})\n"
        "assert {tree: 1}[trace(lambda x: x / 2 * (1 + np.tanh(0.8 * x * (1 + 0.04 * x**2))), 'x')]"
    )
    for seed in ("1", "2"):
        result = subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True)
        assert result.returncode == 0, result.stderr.decode()


LEAVES = st.sampled_from([symbol("x"), symbol("x"), number(1), number(0), number(-0.5), number(2), number(3.25)])


def grown(inner):
    unary = st.builds(operation, st.sampled_from(UNARY), inner)
    binary = st.builds(operation, st.sampled_from([op for op in BINARY if op != "power"]), inner, inner)
    return st.one_of(unary, binary, st.builds(operation, st.just("where"), inner, inner, inner))


TREES = st.recursive(LEAVES, grown, max_leaves=14)


@given(TREES)
def test_any_tree(tree):
    """NumPy, the calls, the interpreter's instructions and what a file keeps: the same numbers, to the last bit."""
    x = np.array([-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 7.0, 800.0])
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(np.asarray(compute(tree, {"x": x}), float), x.shape)
    np.testing.assert_array_equal(run(tree, x=x), expected)
    np.testing.assert_array_equal(interpreted(tree, x), expected)
    if all(np.isfinite(part.args[0]) for part in tree.parts() if part.op == "number"):
        assert from_data(as_data(tree), {"x"}) == tree
        assert JAVASCRIPT.expression(tree)
    else:  # such as log(0), which no traced formula has
        with pytest.raises(lw.FormatError, match="is no part of a formula"):
            from_data(as_data(tree), {"x"})


@given(TREES)
def test_derivatives_of_any_tree_are_computed_alike(tree):
    slope = derivative(tree, "x")
    x = np.array([-2.5, 0.3, 1.5])
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(np.asarray(compute(slope, {"x": x}), float), x.shape)
    np.testing.assert_array_equal(run(slope, x=x), expected)


def test_what_stands_in_several_places_is_computed_once():
    def f(x):
        e = np.exp(np.minimum(x, 20))
        n = e * (e + 2)
        return x * (n / (n + 2))

    assert [step.op for step in steps(trace(f, "x"), "y").steps].count("exp") == 1


def test_numbers_stand_for_symbols():
    tree = trace(lambda x, a: np.where(x > 0, x, a * x), "x", "a")
    assert tree.symbols == {"x", "a"}
    assert replace(tree, {"a": 0.25}) == trace(lambda x: np.where(x > 0, x, 0.25 * x), "x")
    assert replace(tree, {"a": 1}) == symbol("x")


# -------------------------------------------------------------------- what cannot be expressed


def branches(x):
    return x if x > 0 else 0 * x


def loops(x):
    return sum(v for v in x)


def takes_the_math_module(x):
    import math

    return math.exp(x)


def sums_up(x):
    return x - np.mean(x)


def reshapes(x):
    return x.reshape(-1)


def picks(x):
    return x[0]


def holds_an_array(x):
    return x * np.arange(3)


def writes_into(x):
    return np.exp(x, out=x)


def compares(x):
    return np.where(x == 0, 1, x)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (branches, r"no branches .*np\.where.*line \d+ of .*test_tree\.py: return x if x > 0 else 0 \* x"),
        (loops, "no loops"),
        (takes_the_math_module, r"np\.exp for math\.exp.*math\.exp\(x\)"),
        (sums_up, r"cannot have np\.mean"),
        (reshapes, r"cannot have \.reshape"),
        (picks, "picks no elements"),
        (holds_an_array, r"an array of shape \(3,\)"),
        (writes_into, "with out="),
        (compares, r"cannot have np\.equal"),
        (lambda x: "text", "got str"),
        (lambda x: np.convolve(x, x), r"cannot have np\.convolve"),
        (lambda x: np.linalg.norm(x), r"cannot have np\.linalg\.norm"),
    ],
)
def test_what_a_tree_cannot_have_is_refused(f, words):
    with pytest.raises(lw.FormulaError, match=f"(?s)the formula: .*{words}"):
        trace(f, "x")


def test_the_functions_that_an_error_names_are_those_that_a_tree_can_have():
    with pytest.raises(lw.FormulaError) as error:
        trace(compares, "x")
    text = str(error.value).partition("it can have ")[2]
    assert text.startswith("+ - * / **, the comparisons < <= > >=, joined by & | ~, and ")
    named = set(re.findall(r"np\.(\w+)", text.partition(" (line")[0]))
    others = {"positive", "less", "less_equal", "bitwise_and", "bitwise_or", "invert"}  # operators
    for name, ufunc in vars(np).items():
        if isinstance(ufunc, np.ufunc) and ufunc.nin < 3:
            symbols = ["x", "y"][: ufunc.nin]
            if ufunc.__name__ in named | others | set(UNARY) | set(BINARY):
                trace(ufunc, *symbols)
            else:
                with pytest.raises(lw.FormulaError, match=f"cannot have np.{ufunc.__name__}"):
                    trace(ufunc, *symbols)
            named.discard(name)
    trace(lambda x: np.where(x > 0, np.clip(x, 0, 1), np.zeros_like(x) + np.ones_like(x)), "x")
    assert named <= {"where", "clip", "zeros_like", "ones_like"}


def test_a_formula_without_end_is_refused():
    def long(x):
        for _ in range(2000):
            x = np.sin(x) + 1
        return x

    with pytest.raises(lw.FormulaError, match="more than 1000 parts"):
        trace(long, "x")


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        [["system", 0]],
        [["symbol", "os"]],
        [["symbol", "x"], ["exp", 1]],
        [["symbol", "x"], ["exp", -1]],
        [["symbol", "x"], ["exp", 0.0]],
        [["symbol", "x"], ["exp", True]],
        [["symbol", "x"], ["add", 0]],
        [["number", "1"]],
        [["number", True]],
        [["number", 10**400]],
        [["number", float("inf")]],
        [[]],
        [["exp"]],
        [["where", 0, 0, 0]],
        [["symbol", "x"]] * 10_001,
        [["symbol", "x"], *(["exp", i] for i in range(500))],
        "symbol",
    ],
)
def test_data_that_are_no_formula_are_refused(data):
    with pytest.raises(lw.FormatError, match="the formula"):
        from_data(data, {"x"})


def test_more_slots_than_the_interpreter_has():
    tree = symbol("x")
    parts = [operation("sin", operation("add", tree, number(i + 0.5))) for i in range(MOST_SLOTS)]
    for part in parts:
        tree = operation("add", tree, part)
    assert isinstance(tree, Tree)
    assert code(tree, ["x"]) is None
