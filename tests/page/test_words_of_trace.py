"""What the page is told of Python's parts and traces is what they say now."""

import json
import re
from pathlib import Path

import golden_traces
import numpy as np
import pytest

import layerwise as lw
from layerwise.app.play import words_of_trace
from layerwise.files.parts import KNOWN
from layerwise.formula.data import from_data

PAGE = Path(__file__).parents[2] / "page"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the page's sources are in the repository alone")


def test_the_generated_file_is_new():
    command = "python -m layerwise.app.play.words_of_trace page/src/generated/trace.json"
    file = PAGE / "src" / "generated" / "trace.json"
    assert file.read_text(encoding="utf-8") == words_of_trace.text(), f"stale: {command}"


def masked(lines):
    """The words, without the numbers, whose last digits are another processor's."""
    return [re.sub(r"\d[\d.]*(e[+-]\d+)?", "0", line) for line in lines]


def test_the_golden_files_are_new():
    kept = json.loads(golden_traces.FILE.read_text(encoding="utf-8"))
    now = golden_traces.golden()
    assert [each["name"] for each in kept] == [each["name"] for each in now]
    for old, new in zip(kept, now):
        assert masked(old["document"]) == masked(new["document"]), "stale: python tests/page/golden_traces.py"
        assert masked(old["one"]) == masked(new["one"])
        for name in ("x", "before", "gradient", "total", "after", "losses"):
            np.testing.assert_allclose(old["numbers"][name], new["numbers"][name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "optimizer",
    [lw.SGD(0.3), lw.SGD(0.3, 0.5), lw.SGD(0.3, 0.5, True, 0.1, 0.2), lw.Adam(epsilon_hat=True), lw.AdamW()],
)
def test_a_form_is_found_by_its_arguments(optimizer):
    part = words_of_trace.words()["parts"][type(optimizer).__name__]

    def fits(when):
        return all((bool(getattr(optimizer, name)) if value == "other" else getattr(optimizer, name) == value)
                   for name, value in when.items())  # fmt: skip

    (form,) = [form for form in part["forms"] if fits(form["when"])]
    rule = optimizer.formulas()
    symbols = {"w", "g", "rate", "t", *rule.names, *rule.states}
    assert from_data(form["w"], symbols) == rule.w
    assert {name: from_data(data, symbols) for name, data in form["states"].items()} == rule.states


def test_every_part_is_told_with_its_arguments():
    parts = words_of_trace.words()["parts"]
    assert set(parts) == set(KNOWN)
    assert parts["Dense"]["arguments"][0] == {"name": "units", "kind": "int"}
    assert {"name": "slope", "kind": "float", "default": 1.0} in parts["ReLU"]["arguments"]
