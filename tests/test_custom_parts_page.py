"""docs/how-to/custom-parts.md: its Python runs as it stands, and what it says of formulas is so."""

import re
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "custom-parts.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the sources without their pages")


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        has_native = native_engine._native is not None
        exec(block if has_native else block.replace('engine="native"', 'engine="numpy"'), namespace)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:1] == ["Activation(sin(x) + 0.1 * x)"]
    np.testing.assert_allclose(np.fromstring(printed[1].strip("[]"), sep=" "), [0, 1 / (1 + np.exp(-1.5))])
    assert printed[2] == "Swish(beta=1.5) True"
    assert printed[3] == str(namespace["Swish"])
    assert printed[4:6] + printed[7:] == ["True"] * 3
    assert printed[6].startswith(
        "Activation: a formula has no branches (if, and, or, while): use np.where(condition, a"
    )
    assert "y[i] = x[i] / (1.0f + expf(-(beta * x[i])));" in Path("swish.c").read_text(encoding="utf-8")
    assert type(namespace["net"].layers[1]) is namespace["Competition"]
    assert type(namespace["net"].optimizer) is namespace["Normalized"]
    with pytest.raises(lw.errors.EngineError, match=r"Competition\(\) has no native body|without its native engine"):
        namespace["net"].fit(namespace["X"], namespace["y"], engine="native", verbose=False)
    with pytest.raises(lw.FormatError, match="Competition"):
        lw.load("arrays.safetensors")
    with pytest.raises(lw.ExportError, match="Competition"):
        lw.export(namespace["net"], "arrays.c")


def test_the_page_names_the_functions_that_a_formula_can_have(text):
    listed = re.search(r"<!-- functions -->(.*?)<!-- /functions -->", text, re.DOTALL)[1]
    with pytest.raises(lw.FormulaError) as raised:
        lw.Activation(lambda x: np.round(x))
    named = re.findall(r"np\.\w+", str(raised.value).partition("it can have")[2])
    assert [*re.findall(r"`(np\.\w+)`", listed), "np.round"] == named  # the last is of the line itself


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if x > 0 else 0.1 * x, lambda x: x == 0, lambda x: x + np.inf, lambda x: x // 1, lambda x: x % 1,
        lambda x: np.sum(x), lambda x: x.max(), lambda x: x[0], lambda x: x @ x, lambda x, y: x, lambda x: (x, x),
        lambda x: x * np.random.default_rng(0).normal(size=2),
    ],
)  # fmt: skip
def test_what_the_page_says_is_refused(f):
    with pytest.raises(lw.FormulaError):
        lw.Activation(f)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.abs(x) < 1e-6, lambda x: (x >= 0) & (x <= 0),
        lambda x: np.clip(x, -np.inf, 1), lambda x: abs(x),
    ],
)  # fmt: skip
def test_what_the_page_gives_in_its_place(f):
    x = np.array([[-1.0, 0.0, 2.0]])
    np.testing.assert_array_equal(lw.Activation(f)(x), f(x))


def test_the_page_is_linked():
    for name in ("README.md", "docs/how-to/training.md", "docs/reference/model-file.md"):
        page = PAGE.parents[2] / name
        assert "custom-parts.md" in page.read_text(encoding="utf-8"), name
