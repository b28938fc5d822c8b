"""The Python of the pages in docs runs as it stands; they name every parameter there is, and show what is printed."""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw

DOCS = Path(__file__).parent.parent / "docs" / "how-to"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the sources without their pages")


def blocks(name):
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_python_of_the_page_on_scikit_learn_runs(capsys):
    for block in blocks("from-scikit-learn.md"):
        exec(block, {})
    assert float(capsys.readouterr().out) > 0.85


def test_the_python_of_the_page_on_tables_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in blocks("tables.md"):
        exec(block.replace('preset="tabular"', 'preset="tabular", max_iter=60'), namespace)
    assert capsys.readouterr().out == "['setosa']\n"
    assert namespace["clf"].score(namespace["frame"], namespace["labels"]) > 0.9
    assert namespace["regr"].score(namespace["frame"], namespace["numbers"]) > 0.5


def test_the_python_of_the_pages_on_scale_runs():
    namespace = {}
    for name in ("scale.md", "searches.md", "many-machines.md"):
        [block] = blocks(name)
        exec(block, namespace)
    assert namespace["net"].last_fit["rows"] == 10_000
    assert namespace["search"].best_score_ > 0.8
    assert namespace["networks"][1].steps > 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_python_of_the_page_on_import_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in blocks("import.md"):
        exec(block, namespace)
    assert capsys.readouterr().out == "True\nTrue\n"
    assert set(namespace["net"].predict(np.ones((2, 4)))) <= {0, 1, 2}


def test_every_function_of_import_has_its_row():
    from layerwise.exchange import importing

    page = (DOCS / "import.md").read_text(encoding="utf-8")
    for name in importing.__all__:
        assert f"| `lw.{name}(" in page
        assert getattr(lw, name) is getattr(importing, name)


def test_the_page_on_traces_shows_what_is_printed(capsys):
    from layerwise.explain.trace.worked import one_one_one

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
    page = (DOCS / "from-scikit-learn.md").read_text(encoding="utf-8")
    for name in inspect.signature(lw.MLPClassifier).parameters:
        assert name in theirs or f"{name}=" in page, name


@pytest.mark.parametrize("estimator", [lw.MLPClassifier, lw.MLPRegressor])
def test_every_parameter_is_documented(estimator):
    documented = re.findall(r"^    (\w[\w, ]*) : ", inspect.getdoc(estimator).replace("\n", "\n    "), re.MULTILINE)
    names = {name for names in documented for name in names.split(", ")}
    assert set(inspect.signature(estimator).parameters) <= names


def test_the_sources_of_the_page_on_export_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    namespace = {}
    for block in blocks("export.md"):
        exec(block, namespace)
    for name in ("iris", "iris_numpy"):
        monkeypatch.delitem(sys.modules, name)
    expected = int(namespace["net"].predict([[5.1, 3.5, 1.4, 0.2]])[0])
    assert namespace["iris"].predict([5.1, 3.5, 1.4, 0.2]) == expected
    assert len(namespace["iris_numpy"].predict([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])) == 2
    for language, name, commands, found in (
        ("c", "main.c", [["gcc", "-std=c99", "-Wall", "main.c", "iris.c", "-lm", "-o", "main"], ["./main"]], ", p = "),
        ("js", "main.mjs", [["node", "main.mjs"]], " 3 3"),
    ):
        if shutil.which(commands[0][0]) is None:
            continue
        [block] = re.findall(rf"```{language}\n(.*?)```", (DOCS / "export.md").read_text(encoding="utf-8"), re.DOTALL)
        (tmp_path / name).write_text(block)
        for command in commands:
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert printed.startswith(f"{expected}{found}")


def test_the_python_of_the_page_on_confidence_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = [(X[:3000], y[:3000]) for X, y in lw.datasets.load_mnist()]
    monkeypatch.setattr(lw.datasets, "load_mnist", lambda: few)
    namespace = {}
    for block in blocks("confidence.md"):
        exec(block, namespace)
    answers, y_test = namespace["answers"], namespace["y_test"]
    assert (answers == y_test).mean() > (namespace["net"].predict(namespace["X_test"]) == y_test).mean()
    assert namespace["found"].temperature > 0
    assert lw.load(tmp_path / "digits.safetensors").novelty is not None
