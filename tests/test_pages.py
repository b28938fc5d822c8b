"""The Python of the pages in docs runs as it stands; they name every parameter there is, and show what is printed."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw

DOCS = Path(__file__).parent.parent / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the sources without their pages")


def blocks(name):
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_python_of_the_page_on_scikit_learn_runs(capsys):
    for block in blocks("scikit-learn.md"):
        exec(block, {})
    assert float(capsys.readouterr().out) > 0.85


def test_the_python_of_the_page_on_tables_runs():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(size=90), "colour": rng.choice(["red", "green", None], 90)})
    namespace = {"lw": lw, "frame": frame, "labels": frame["colour"] == "red", "numbers": frame["size"] ** 2}
    for block in blocks("tabular.md"):
        exec(block.replace('preset="tabular"', 'preset="tabular", max_iter=60'), namespace)
    assert namespace["clf"].score(frame, namespace["labels"]) > 0.9
    assert namespace["regr"].score(frame, namespace["numbers"]) > 0.5


def test_the_page_on_traces_shows_what_is_printed(capsys):
    from layerwise.trace.worked import one_one_one

    namespace = {}
    for block in blocks("trace.md"):
        exec(block, namespace)
    printed = capsys.readouterr().out
    first, second = re.findall(r"```text\n(.*?)```", (DOCS / "trace.md").read_text(encoding="utf-8"), re.DOTALL)
    assert first == one_one_one().text(digits=None) + "\n"
    assert printed.endswith(second)


def test_every_parameter_of_ours_is_named():
    from sklearn.neural_network import MLPClassifier as Theirs

    theirs = inspect.signature(Theirs).parameters
    page = (DOCS / "scikit-learn.md").read_text(encoding="utf-8")
    for name in inspect.signature(lw.MLPClassifier).parameters:
        assert name in theirs or f"{name}=" in page, name


@pytest.mark.parametrize("estimator", [lw.MLPClassifier, lw.MLPRegressor])
def test_every_parameter_is_documented(estimator):
    documented = re.findall(r"^    (\w[\w, ]*) : ", inspect.getdoc(estimator).replace("\n", "\n    "), re.MULTILINE)
    names = {name for names in documented for name in names.split(", ")}
    assert set(inspect.signature(estimator).parameters) <= names
