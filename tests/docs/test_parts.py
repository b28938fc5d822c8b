"""What the reference says of each part is what the part does: formulas, ranges, exports and the native engine."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

if not (Path(__file__).parents[2] / "docs" / "_ext").exists():
    pytest.skip("the sources without their pages", allow_module_level=True)

import part_examples
import part_facts as facts
import part_formulas
import part_numbers
import part_plots
from part_formulas import CONSTANTS, decimal, formulas, shortened

import layerwise as lw
from layerwise.engine.native_engine import _native
from layerwise.errors import ExportError
from layerwise.exchange.export import TARGETS
from layerwise.formula import compute, replace
from layerwise.parts.description import number, whole_number

if _native is None:
    pytest.skip("the native engine is asked what it runs", allow_module_level=True)

ACTIVATIONS = [kind for kind in facts.KINDS["activations"] if kind is not lw.Softmax]
LOSSES, SCHEDULES, OPTIMIZERS = (facts.KINDS[kind] for kind in ("losses", "schedules", "optimizers"))
PARTS = [kind for kinds in facts.KINDS.values() for kind in kinds]


def name_of(kind):
    return kind.__name__


def value(equation, part, **inputs):
    """What an equation of a page gives: its letters first, then the part's numbers."""
    tree = equation.tree
    for letter, inner in reversed(equation.where.items()):
        tree = replace(tree, {letter: inner})
    numbers = {name: number for name, number in part.numbers().items() if name in tree.symbols}
    return compute(tree, {**numbers, **inputs})


def shown(part, heading):
    return next(one for one in formulas(part) if one.heading == heading).equations


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=name_of)
def test_the_formula_of_an_activation_gives_its_values(kind):
    part, x = kind(), np.linspace(-3.1, 3.3, 24)
    y = part(x)
    np.testing.assert_allclose(value(shown(part, "Formula")[0], part, x=x), y, rtol=1e-12, atol=1e-15)
    slopes = np.broadcast_to(value(shown(part, "Derivative")[0], part, x=x, y=y), x.shape)
    h = 1e-6
    np.testing.assert_allclose(slopes, (part(x + h) - part(x - h)) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", LOSSES, ids=name_of)
def test_the_formula_of_a_loss_gives_its_values(kind):
    part, y = kind(), np.linspace(0.1, 0.9, 7)
    for t in (0.0, 1.0):
        values = np.broadcast_to(value(shown(part, "Formula")[0], part, y=y, t=np.full_like(y, t)), y.shape)
        asked = [part([[one]], [[t]]) for one in y]
        np.testing.assert_allclose(values, asked, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", SCHEDULES, ids=name_of)
def test_the_formula_of_a_schedule_gives_its_values(kind):
    part, t = kind(), np.linspace(0, 10, 41)
    found = np.broadcast_to(value(shown(part, "Formula")[0], part, t=t, total=10.0), t.shape)
    np.testing.assert_allclose(found, part(t, 10), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=name_of)
def test_the_equations_of_an_optimizer_make_its_step(kind):
    part, theta, grad = kind(0.1), np.array([0.5, -2.0]), np.array([0.3, -0.7])
    *states, parameters = shown(part, "Step")
    known = dict.fromkeys(part.state_names, np.zeros(2)) | {"w": theta.copy(), "g": grad, "rate": 0.1, "t": 1.0}
    for name, equation in zip(part.state_names, states, strict=True):
        known[name] = value(equation, part, **known)
    expected = value(parameters, part, **known)
    part.step(theta, grad)
    np.testing.assert_allclose(theta, expected, rtol=1e-12)


def test_what_repeats_gets_a_letter_and_stands_for_the_same():
    tree = lw.GELU().formulas().slope
    short, where = shortened(tree)
    assert short.size < tree.size
    assert list(where) == ["u"]
    assert replace(short, where) == tree


def test_numbers_are_written_as_what_they_are():
    assert decimal(np.pi) == r"\pi"
    assert decimal(1e-7) == "10^{-7}"
    assert float(decimal(lw.parts.layers.activations.SELU_LAMBDA)) == pytest.approx(1.0507009873554805, rel=1e-6)
    assert all(text.startswith(("\\", "2")) for text in CONSTANTS.values())


def test_latex_names_each_symbol_of_a_formula():
    for kind in PARTS:
        for formula in formulas(facts.part_of(kind)):
            for equation in formula.equations:
                assert not re.search(r"(?<!\\)_[a-z]{3}", equation.latex.replace(r"\_", "")), equation.latex
    assert part_formulas.formulas(lw.MLPClassifier()) == []
    assert all(formulas(facts.part_of(kind)) for kind in PARTS)


@pytest.mark.parametrize("kind", facts.KINDS["initializers"], ids=name_of)
def test_the_formula_of_an_initializer_is_how_it_draws(kind):
    part, sizes = kind(), {"n_in": 300, "n_out": 200}
    weights = part.draw((300, 200), np.random.default_rng(0))
    spread = part_numbers.spread_of(kind.__name__)
    if kind is lw.initializers.Zeros:
        assert not weights.any()
    elif kind is lw.initializers.Orthogonal:
        np.testing.assert_allclose(weights.T @ weights, part.gain**2 * np.eye(200), atol=1e-12)
    else:
        parameter = compute(spread.tree, {**sizes, **part.config()})
        largest = {"normal": 4.5 * parameter, "uniform": parameter}[spread.law]
        deviation = {"normal": parameter, "uniform": parameter / 3**0.5}[spread.law]
        assert abs(weights.mean()) < 0.02 * parameter
        assert weights.std() == pytest.approx(deviation, rel=0.01)
        assert 0.9 * largest < np.abs(weights).max() <= (1.3 if spread.law == "normal" else 1) * largest


@pytest.mark.parametrize("kind", facts.KINDS["scaling"], ids=name_of)
def test_the_formula_of_a_scaler_gives_its_values(kind):
    part, x = kind(), np.array([[3.0], [5.0], [10.0]])
    part.fit(x)
    column = {"m": x.min(), "M": x.max(), "mean": x.mean(), "deviation": x.std()}
    expected = compute(part_numbers.scaled(kind.__name__), {"x": x, **column, **part.config()})
    np.testing.assert_allclose(part.transform(x), expected, rtol=1e-12)


def test_each_part_has_an_example():
    for kind in PARTS:
        part = facts.part_of(kind)
        assert ("Examples\n---" in inspect.getdoc(kind)) != bool(part_examples.example(part)), kind


def test_the_example_of_an_activation_shows_what_is_printed():
    shown = part_examples.example(lw.ELU())
    assert shown[:2] == [">>> import layerwise as lw", ">>> lw.ELU()([-2.0, -0.5, 0.0, 1.0]).round(3)"]
    assert shown[2:] == ["array([-0.865, -0.393,  0.   ,  1.   ])"]


@pytest.mark.parametrize("kind", PARTS, ids=name_of)
def test_each_part_has_a_plot(kind):
    found = part_plots.plot(facts.part_of(kind))
    if kind in (lw.initializers.Zeros, *facts.KINDS["scaling"]):
        assert found is None
        return
    paint, text = found
    ax = Figure().subplots()
    paint(ax)
    assert ax.get_legend_handles_labels()[1]
    assert text.endswith(".")


# ---------------------------------------------------------------- ranges


def edges():
    for kind in PARTS:
        for argument in facts.arguments().get(kind.__name__, []):
            if argument["kind"] in ("float", "int") and kind not in facts.KINDS["scaling"]:
                yield pytest.param(kind, argument, id=f"{kind.__name__}-{argument['name']}")


def accepts(kind, name, given):
    try:
        lw.Dense(**{"units": 1_000_000, name: given}) if kind is lw.Dense else facts.made(kind, **{name: given})
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("kind", "argument"), list(edges()))
def test_a_range_ends_where_the_page_says(kind, argument):
    name, whole = argument["name"], argument["kind"] == "int"
    for bound, inside in (("above", 1), ("least", 1), ("below", -1), ("most", -1)):
        if bound not in argument:
            continue
        end = int(argument[bound]) if whole else argument[bound]
        step = inside if whole else inside * 1e-9
        assert accepts(kind, name, end) is (bound in ("least", "most"))
        assert accepts(kind, name, end + step)
        assert not accepts(kind, name, end - step)
    lower, upper = {"above", "least"} & argument.keys(), {"below", "most"} & argument.keys()
    assert lower or accepts(kind, name, -1_000_000)
    assert upper or accepts(kind, name, 1_000_000)


def test_ranges_in_words():
    rate = next(one for one in facts.arguments()["Dropout"] if one["name"] == "rate")
    assert facts.range_of(rate) == "at least 0, below 1"
    units = next(one for one in facts.arguments()["Dense"] if one["name"] == "units")
    assert facts.range_of(units) == "whole number, at least 1"
    with pytest.raises(ValueError, match="below 1"):
        number("Dropout", "rate", 1, least=0, below=1)
    with pytest.raises(ValueError, match="at least 1"):
        whole_number("Dense", "units", 0, least=1)


# ---------------------------------------------------------------- exports and the native engine


@pytest.mark.parametrize("kind", [*facts.KINDS["activations"], *facts.KINDS["layers"]], ids=name_of)
def test_the_exports_of_the_page_are_those_that_write_a_file(kind, tmp_path):
    pytest.importorskip("onnx")
    network, _ = facts.tried(kind)
    written = []
    for target, what in TARGETS.items():
        try:
            lw.export(network, tmp_path / f"network{what.suffixes[0]}", to=target, force=True)
        except ExportError:
            continue
        written.append(target)
    assert set(written) == set(facts.exports(kind))


def test_a_part_without_a_formula_has_fewer_exports_and_no_native_engine(monkeypatch):
    class Odd(lw.Activation):
        def forward(self, p, x, out):
            np.copyto(out, x)

        def backward(self, p, x, y, dy, g, dx):
            if dx is not None:
                np.copyto(dx, dy)

    monkeypatch.setitem(facts.KINDS, "activations", (*facts.KINDS["activations"], Odd))
    monkeypatch.setattr(facts, "part_of", lambda cls: Odd())
    assert facts.exports(Odd) == ()
    assert not facts.runs_natively(Odd)


def test_the_source_is_where_the_class_stands():
    path, line, module = facts.source_of(lw.ReLU)
    text = (Path(__file__).parents[2] / path).read_text("utf-8").splitlines()
    assert text[line - 1].startswith("class ReLU(")
    assert module == inspect.getmodule(lw.ReLU).__name__
