"""Tables of the page: golden files are what Python gives, and model files open in Python."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.understanding import Understanding
from layerwise.datasets.reading import read_raw

HERE = Path(__file__).parents[2] / "page" / "tests" / "tables"
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="the page's sources are not here")


@pytest.fixture(scope="module")
def golden():
    spec = importlib.util.spec_from_file_location("golden_tables", HERE / "golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_golden_tables_are_what_python_gives(golden):
    kept = (HERE / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    now = golden.golden().splitlines()
    assert len(kept) == len(now) > 150
    for one, other in zip(map(json.loads, kept), map(json.loads, now), strict=True):
        for made in (one[1], other[1]):  # sines and logarithms differ in their last bit between processors
            for name in ("train", "test", "encoder"):
                made.pop(name, None)
        assert one == other


@pytest.mark.parametrize(
    ("name", "file"), [("customers", "customers.csv"), ("single", "customers.csv"), ("turnover", "german_excel.csv")]
)
def test_a_model_file_of_the_page_answers_for_raw_rows(name, file):
    model, network = (lw.load(HERE / "models" / f"{name}{kind}.safetensors") for kind in ("", ".network"))
    rules = Understanding.from_dict(model.network_.notes["table"])
    rows, targets, _ = rules.labelled_rows(read_raw(HERE / "files" / file))
    outputs = network.outputs(model.encoder_.transform(rows))
    if name == "turnover":
        expected = outputs[:, 0] * model.target_scale_ + model.target_mean_
        np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-6)
    else:
        places = outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(int)
        np.testing.assert_array_equal(model.predict(rows), model.classes_[places])
        assert set(targets) == set(model.classes_)
