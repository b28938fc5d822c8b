"""`layerwise trace`: a prediction or a training step of a model in a file."""

import numpy as np
import pytest

import layerwise as lw


@pytest.fixture(scope="module")
def iris_model(tmp_path_factory):
    table = lw.datasets.load_iris()
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, scaling="standard")
    net.fit(table.X, np.array(table.class_names)[table.y], epochs=2, verbose=False)
    path = tmp_path_factory.mktemp("trace") / "iris.safetensors"
    net.save(path)
    return path


def test_a_prediction(run, iris_model):
    result = run("trace", iris_model, "5.1,3.5,1.4,0.2")
    assert result.exit_code == 0
    expected = lw.trace(lw.load(iris_model), [5.1, 3.5, 1.4, 0.2])
    assert result.stdout.rstrip() == str(expected)
    assert result.stdout.startswith("A prediction, 4-5-3\nThe answer is ")


def test_a_training_step_leaves_the_file_as_it_was(run, iris_model):
    before = iris_model.read_bytes()
    result = run("trace", iris_model, "5.1,3.5,1.4,0.2", "--label", "setosa", "--json")
    assert result.json() == lw.trace(lw.load(iris_model), [5.1, 3.5, 1.4, 0.2], "setosa").to_dict()
    assert iris_model.read_bytes() == before


def test_a_row_of_a_table(run, iris_model, tmp_path):
    (tmp_path / "two.csv").write_text("a,b,c,d\n1,2,3,4\n5.1,3.5,1.4,0.2\n")
    assert run("trace", iris_model, "two.csv", "--row", 2).stdout == run("trace", iris_model, "5.1,3.5,1.4,0.2").stdout
    result = run("trace", iris_model, "two.csv", "--row", 3)
    assert (result.exit_code, result.stderr) == (1, "error: two.csv has 2 rows; got --row 3\n")


def test_a_picture(run, tmp_path, digits_model):
    drawn_digits = pytest.importorskip("drawn_digits", reason="needs Pillow")
    drawn_digits.draw_digit(3).save(tmp_path / "3.png")
    result = run("trace", digits_model, "3.png", "--label", 3, "--html", "step.html", "--latex", "step.tex")
    assert result.exit_code == 0
    assert result.stdout.startswith("wrote step.html (")
    page = (tmp_path / "step.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "One training step, 784-" in page
    assert len(page.encode()) < 1_000_000
    assert (tmp_path / "step.tex").read_text(encoding="utf-8").endswith("\\end{document}\n")


def test_one_neuron_and_markdown(run, iris_model):
    words = ("trace", iris_model, "5.1,3.5,1.4,0.2", "--neuron", "0,2", "--digits", 3)
    trace = lw.trace(lw.load(iris_model), [5.1, 3.5, 1.4, 0.2])
    assert run(*words).stdout.rstrip() == str(trace.neuron(0, 2, digits=3))
    assert run(*words, "--markdown").stdout.rstrip() == trace.neuron(0, 2, digits=3).markdown().rstrip()


def test_worked_examples(run, tmp_path):
    result = run("trace", "worked-example")
    assert result.exit_code == 0
    for figure in ("0.850571226530534", "-0.006890827214701939", "0.011095884100559231", "-0.87532981", "0.07526987"):
        assert f"= {figure}\n" in result.stdout
    assert len(run("trace", "worked-example", "--json").json()) == 2
    run("trace", "worked-example", "--latex", "worked.tex")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["worked-1.tex", "worked-2.tex"]


def test_what_cannot_be_traced(run, iris_model, tmp_path):
    cases = [
        (("5.1,3.5",), 1, "the model takes 4 inputs; got 2 numbers"),
        (
            ("5.1,3.5,1.4,0.2", "--label", "rose"),
            1,
            "'rose' is none of the model's classes: setosa, versicolor, virginica",
        ),
        (("5.1,3.5,1.4,0.2", "--neuron", "0,9"), 1, "has neurons 0 to 4; got 9"),
        (("5.1,3.5,1.4,0.2", "--neuron", "first"), 2, "such as 0,5"),
        (("a.png",), 1, "takes 4 inputs, not a picture's 784"),
        ((), 2, "name a picture, a table or numbers"),
    ]
    for words, code, message in cases:
        result = run("trace", iris_model, *words)
        assert result.exit_code == code, words
        assert message in " ".join(result.stderr.replace("│", "").split()), words
    missing = run("trace", "absent.safetensors", "1,2")
    assert missing.exit_code == 1
    assert "absent.safetensors" in missing.stderr
