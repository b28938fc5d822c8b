"""`layerwise plot`: a picture of a trained model, by its name."""

import os
from dataclasses import replace

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli.data import load
from layerwise.app.cli.plot import PICTURES

pytest.importorskip("matplotlib")


@pytest.fixture(scope="session")
def spiral_model(tmp_path_factory):
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=5, verbose=False)
    net.notes = {"data": "spiral"}
    net.save(path := tmp_path_factory.mktemp("spiral") / "spiral.safetensors")
    return path


@pytest.fixture(scope="session")
def sine_model(tmp_path_factory):
    X, y = lw.datasets.make_sine(100)
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(1)], random_state=0)
    net.fit(X, y, epochs=5, verbose=False)
    net.notes = {"data": "sine"}
    net.save(path := tmp_path_factory.mktemp("sine") / "sine.safetensors")
    return path


def model_for(what, request):
    return request.getfixturevalue({"regions": "spiral_model", "pieces": "sine_model"}.get(what, "digits_model"))


def first_rows(name):
    """The data set with few rows to test: enough for a picture."""
    data = load(name)
    return replace(data, test=tuple(part[:400] for part in data.test))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("what", [name for name in PICTURES if name != "curves"])
def test_each_picture_of_a_model_that_it_suits(run, request, monkeypatch, tmp_path, what):
    model = model_for(what, request)
    monkeypatch.setattr("layerwise.app.cli.plot.load", first_rows)
    result = run("plot", what, model)
    assert result.exit_code == 0, result.stderr
    ending, magic = ("svg", b"<svg") if what == "diagram" else ("png", b"\x89PNG")
    assert result.stdout.split() == [what, f"{model.stem}-{what}.{ending}"]
    assert (tmp_path / f"{model.stem}-{what}.{ending}").read_bytes().startswith(magic)


def test_the_curves_of_a_model_that_keeps_its_history(run, monkeypatch, tmp_path, iris_model):
    history = lw.load(iris_model).fit(np.eye(4), ["setosa", "setosa", "virginica", "setosa"], epochs=2, verbose=False)
    monkeypatch.setattr(lw.Network, "history", history, raising=False)
    assert run("plot", "curves", iris_model).exit_code == 0
    assert (tmp_path / "iris-curves.png").exists()


def test_the_curves_of_a_model_without_a_history(run, iris_model):
    network = lw.load(iris_model)
    network.history = None
    network.save("bare.safetensors")
    result = run("plot", "curves", "bare.safetensors")
    assert result.exit_code == 1
    assert "no history of a training" in result.stderr


@pytest.mark.parametrize(("name", "magic"), [("a.svg", b"<?xml"), ("b.pdf", b"%PDF"), ("c.jpg", b"\xff\xd8")])
def test_formats_and_dark(run, tmp_path, iris_model, name, magic):
    assert run("plot", "confusion", iris_model, "-o", name, "--dark").exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_dark_is_dark(run, tmp_path, iris_model):
    image = pytest.importorskip("PIL.Image")
    for words, bright in (((), True), (("--dark",), False)):
        run("plot", "confusion", iris_model, *words)
        with image.open(tmp_path / "iris-confusion.png") as picture:
            assert (picture.convert("L").getpixel((2, 2)) > 128) is bright


def test_a_diagram_for_latex(run, tmp_path, iris_model):
    assert run("plot", "diagram", iris_model, "-o", "iris.tex").exit_code == 0
    assert (tmp_path / "iris.tex").read_text().startswith(r"\documentclass")


def test_a_table_of_ones_own(run, flowers, tmp_path):
    assert run("train", flowers, "--target", "kind", "-e", "2", "-q", "--no-plot").exit_code == 0
    result = run("plot", "regions", "flowers.safetensors", "--data", flowers)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "flowers-regions.png").exists()
    assert run("plot", "reliability", "flowers.safetensors", "--data", flowers).exit_code == 0
    nameless = run("plot", "regions", "flowers.safetensors")
    assert nameless.exit_code == 2
    assert "--data FILE.csv" in " ".join(nameless.stderr.replace("│", " ").split())


def test_a_regression_of_one_number_is_a_curve(run, tmp_path, sine_model):
    assert run("plot", "regions", sine_model).exit_code == 0
    assert (tmp_path / "sine-regions.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("confusoin {iris}", 2, "did you mean 'confusion'"),
        ("nonsense {iris}", 2, "coverage: the accuracy if only sure answers are given"),
        ("confusion {iris} -o a.gif", 2, ".gif is no format"),
        ("diagram {iris} -o a.png", 2, "a diagram is written as .svg or .tex"),
        ("confusion {iris} -o absent/a.png", 1, "there is no directory"),
        ("confusion absent.safetensors", 1, "absent.safetensors"),
        ("confusion {sine}", 1, "needs classes; the network was trained for regression"),
        ("reliability {sine}", 1, "needs classes"),
        ("regions {iris}", 1, "2 inputs; this one takes 4"),
        ("weights {iris}", 1, "needs images, and the model takes a table's columns"),
        ("mistakes {iris}", 1, "needs images"),
        ("confusion {iris} --data mnsit", 2, "did you mean 'mnist'"),
        ("reliability {spiral} --data iris", 1, "iris has 4 inputs, and the model takes 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(run, request, tmp_path, words, code, message):
    for name in ("iris", "sine", "spiral"):
        if f"{{{name}}}" in words:
            words = words.replace(f"{{{name}}}", str(request.getfixturevalue(f"{name}_model")))
    result = run("plot", *words.split())
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_help_lists_all_pictures(run):
    text = run("plot", "--help").stdout
    for name in PICTURES:
        assert name in text


def test_no_display_is_needed(run_process, tmp_path, iris_model):
    done = run_process("plot", "confusion", iris_model, DISPLAY="", MPLBACKEND="TkAgg")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "iris-confusion.png").exists()


def test_without_matplotlib_a_diagram_is_drawn_all_the_same(run_process, tmp_path, iris_model):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('no matplotlib')")
    done = run_process(
        "plot", "diagram", iris_model, PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    )
    assert done.returncode == 0, done.stderr
