"""`layerwise export`."""

import numpy as np
import pytest

import layerwise as lw
from running_exports import module


def test_c(run, iris_model, tmp_path):
    result = run("export", iris_model, "--to", "c", "-o", "iris.c")
    assert result.exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} >= {"iris.c", "iris.h"}
    for words in (f"iris.c  {(tmp_path / 'iris.c').stat().st_size:,} bytes", "constants", "stack", "cc -std=c99 -O3"):
        assert words in result.stdout
    smaller = run("export", iris_model, "-o", "small.c", "--int8", "--json").json()
    assert smaller["files"] == ["small.c", "small.h"]
    assert smaller["constants"] < 10_000


@pytest.mark.parametrize("to", ["python", "numpy"])
def test_python(run, iris_model, tmp_path, to):
    assert run("export", iris_model, "--to", to, "-o", f"iris_{to}.py").exit_code == 0
    X, _ = lw.datasets.load_iris()
    exported, X = module(tmp_path / f"iris_{to}.py"), X[::10]
    found = exported.predict(X) if to == "numpy" else [exported.predict(x) for x in X.tolist()]
    assert np.array_equal(found, lw.load(iris_model).predict(X))


def test_the_name_follows_from_the_model(run, iris_model):
    target = iris_model.with_suffix(".mjs")
    assert str(target) in run("export", iris_model, "--to", "javascript").stdout.replace("\n", "")
    assert target.exists()


def test_existing_files_stay(run, iris_model, tmp_path):
    (tmp_path / "iris.mjs").write_text("mine")
    result = run("export", iris_model, "-o", "iris.mjs")
    assert result.exit_code == 1
    assert "iris.mjs exists already" in result.stderr
    assert "--force" in result.stderr
    assert (tmp_path / "iris.mjs").read_text() == "mine"
    assert run("export", iris_model, "-o", "iris.mjs", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say what to write: "),
        (["--to", "javascrpt"], "did you mean 'javascript"),
        (["-o", "iris.py"], "several targets"),
        (["-o", "iris.py", "--to", "c"], "ends with .c"),
        (["-o", "iris.mjs", "--int8"], "it is for --to c"),
    ],
)
def test_mistakes(run, iris_model, words, message):
    result = run("export", iris_model, *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())


def test_no_such_model(run):
    result = run("export", "nowhere.safetensors", "--to", "c")
    assert result.exit_code == 1
    assert "there is no model file nowhere.safetensors" in result.stderr
