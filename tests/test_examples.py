"""The examples are run, and do what they say."""

import ast
import importlib.util
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw

FOLDER = Path(__file__).parent.parent / "examples"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples are not beside these tests")


def load(name):
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(name, arguments):
    """A command that calls the `main` of an example in a process of its own."""
    path = FOLDER / f"{name}.py"
    code = f"import sys; sys.path.insert(0, {str(path.parent)!r}); from {path.stem} import main; main({arguments})"
    return [sys.executable, "-W", "ignore", "-c", code]


@pytest.fixture
def run(monkeypatch):
    """Run an example of the gallery as a script; return its variables, and how many pictures it shows."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = []

    def show():
        for number in pyplot.get_fignums():
            pyplot.figure(number).canvas.draw()
            shown.append(number)
        pyplot.close("all")

    def run(name):
        monkeypatch.setattr(pyplot, "show", show)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", "-f", "kernel.json"])  # as in a notebook
        with warnings.catch_warnings():
            return runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__"), len(shown)

    yield run
    pyplot.close("all")


def test_a_spiral_is_learned(run):
    variables, pictures = run("spiral")
    assert pictures == 1
    assert variables["accuracy"] > 0.95


@pytest.mark.slow
def test_digits_are_read(run):
    variables, pictures = run("digits")
    assert pictures == 3
    assert (variables["answers"] == variables["y_test"]).mean() > 0.965


def test_iris_with_the_tools_of_scikit_learn(run):
    variables, pictures = run("iris")
    assert pictures == 1
    assert variables["scores"].mean() > 0.93


def test_a_sine_is_fitted(run):
    variables, pictures = run("sine")
    assert pictures == 2
    np.testing.assert_allclose(np.ravel(variables["net"].predict(variables["X"])), np.ravel(variables["y"]), atol=0.1)


def test_a_table_is_learned(run):
    pytest.importorskip("polars")
    variables, pictures = run("table")
    assert pictures == 1
    assert variables["homes"].null_count().sum_horizontal().item() > 0
    assert variables["model"].score(variables["X_test"], variables["y_test"]) > 0.7


@pytest.mark.slow
def test_one_import_is_changed(run):
    variables, _ = run("change_one_import")
    before, after = variables["before"], variables["after"]
    assert after.best_params_ == before.best_params_
    np.testing.assert_allclose(after.cv_results_["mean_test_score"], before.cv_results_["mean_test_score"], atol=0.005)
    np.testing.assert_allclose(after.best_estimator_[-1].loss_curve_, before.best_estimator_[-1].loss_curve_, rtol=1e-6)


def test_neurons_compute_what_is_said(run, capsys):
    variables, pictures = run("inside/neurons")
    assert pictures == 2
    assert capsys.readouterr().out == "0.5 0.25 0.0\n"
    pair = [variables["second"]([float(variables["first"]([x]))]) for x in (-1, 0, 0.25, 0.5, 1)]
    np.testing.assert_allclose(pair, [0, 0, 0.5, 1, 1], atol=1e-6)


@pytest.mark.slow
def test_hidden_units_are_drawn(run):
    variables, pictures = run("inside/hidden_units")
    assert pictures == 2
    assert variables["net"].evaluate(variables["X_test"], variables["y_test"])["accuracy"] > 0.92


def test_early_stopping_keeps_the_best(run):
    variables, _ = run("training/early_stopping")
    without, stopped = variables["without"], variables["stopped"]
    kept = stopped.evaluate(*variables["validation"])["loss"]
    assert kept == pytest.approx(min(variables["history"]["val_loss"]), rel=1e-6)
    assert kept < without["val_loss"][-1] - 0.03
    assert without["loss"][-1] < without["loss"][variables["best"] - 1] / 3


def test_adam_comes_furthest_on_the_spiral(run, capsys):
    run("training/optimizers")
    lines = dict(line.strip().split(": ") for line in capsys.readouterr().out.splitlines())
    shares = {name: float(said.split("%")[0]) for name, said in lines.items()}
    assert max(shares, key=shares.get) == "Adam"
    assert shares["Adam"] > 93


def test_a_custom_activation_goes_on_where_relu_does_not(run):
    variables, pictures = run("training/custom_activation")
    assert pictures == 2
    assert isinstance(variables["net"].layers[1], lw.ReLU)
    net = lw.Network([lw.Dense(3), variables["Snake"](2.0), lw.Dense(1)], random_state=0)
    assert lw.gradcheck(net, variables["X"], variables["y"]).error < 1e-6


def test_custom_parts(run, capsys):
    variables, _ = run("training/custom_parts")
    network, history, regressor = (variables[name] for name in ("network", "history", "regressor"))
    assert "epoch 32:" in capsys.readouterr().out
    assert history["loss"][-1] < history["loss"][0] / 1.5
    assert history["learning_rate"][-1] == pytest.approx(history["learning_rate"][0] / 4)
    assert repr(network.layers[1]) == repr(regressor.network_.layers[1]) == "Sine()"


def test_the_finders_suggestion_trains(run):
    variables, pictures = run("training/find_learning_rate")
    assert pictures == 1
    assert all(accuracy > 0.95 for _, accuracy in variables["results"].values())


@pytest.mark.slow
def test_augmentation_raises_the_accuracy(run, capsys):
    run("training/augmentation")
    without, augmented = (float(line.split(": ")[1].split("%")[0]) for line in capsys.readouterr().out.splitlines())
    assert augmented > without + 2


@pytest.mark.slow
def test_calibration_makes_confidence_reliable(run):
    variables, pictures = run("confidence/calibration")
    assert pictures == 2
    assert variables["found"].error_after < variables["found"].error_before / 2
    assert variables["found"].temperature > 1.2


def test_an_ensemble_has_a_lower_loss_than_its_members(run):
    variables, _ = run("confidence/ensembles")
    assert variables["loss"] < np.mean([member["loss"] for member in variables["each"]]) - 0.005


@pytest.mark.slow
def test_what_is_no_digit_is_refused(run):
    variables, _ = run("confidence/not_a_digit")
    refused = variables["answers"].mask
    assert refused[:10].sum() <= 2
    assert refused[10:20].sum() >= 8
    assert refused[20:].all()


def test_the_compiled_c_gives_the_same_probabilities(run):
    variables, _ = run("elsewhere/export_to_c")
    assert variables["largest"] < 2e-6
    assert not variables["folder"].exists()
    if variables["compiler"] is None:
        pytest.skip("no C compiler")
    assert variables["compiled"] is not variables["expected"]


def test_each_example_is_of_the_gallerys_form():
    """A title, an explanation, and a picture: drawn by the program, or committed."""
    paths = [path for path in FOLDER.rglob("*.py") if path.name not in ("contact_sheet.py", "ill_networks.py")]
    assert len(paths) >= 20
    for path in paths:
        text = path.read_text(encoding="utf-8")
        title, underline, empty, *_ = ast.get_docstring(ast.parse(text)).splitlines()
        assert underline == "=" * len(title), path
        assert empty == "", path
        assert not re.search(r"sys\.argv|__file__", text), f"{path} must run alone, in a notebook too"
        if path.parent.name == "scale":
            [picture] = re.findall(r'^# sphinx_gallery_thumbnail_path = "(.+)"$', text, re.MULTILINE)
            assert (FOLDER.parent / "docs" / picture).is_file(), path
        else:
            assert text.rstrip().endswith("plt.show()"), path
            assert "# %%\n" in text, path


@pytest.mark.slow
def test_the_contact_sheet_has_every_picture(tmp_path):
    pytest.importorskip("matplotlib")
    from layerwise import plots

    load("contact_sheet").main(tmp_path)
    left_out = {"picture_format", "save", "save_learning_curves", "style"}
    names = {*plots.__all__} - left_out | {"contact-sheet"}
    assert names <= {path.stem for path in tmp_path.iterdir()}
    assert {f"{name}-dark" for name in names} <= {path.stem for path in tmp_path.iterdir()}


@pytest.mark.parametrize("part", ["Sine", "LogCosh", "within_a_half", "Doubling", "halved_twice"])
def test_each_part_has_under_ten_lines(part):
    source = (FOLDER / "training" / "custom_parts.py").read_text()
    node = next(node for node in ast.parse(source).body if getattr(node, "name", "") == part)
    assert len([line for line in ast.get_source_segment(source, node).splitlines() if line.strip()]) < 10


@pytest.mark.heavy
def test_a_study_goes_on_in_its_file(tmp_path, capsys):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    main = load("scale/search_with_optuna").main
    file = str(tmp_path / "digits.log")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        main(file, 4)
        study = main(file, 4)
    assert len(study.trials) == 8
    assert "8 trials, " in capsys.readouterr().out
    assert study.best_trial.user_attrs["accuracy"] > 0.8


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["loky", "dask", "ray"])
def test_a_search_on_a_cluster_finds_the_same(engine, capsys):
    pytest.importorskip({"loky": "joblib", "dask": "distributed", "ray": "ray"}[engine])
    load("scale/search_on_a_cluster").main("threading")
    expected = capsys.readouterr().out
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    result = subprocess.run(
        command("scale/search_on_a_cluster", repr(engine)),
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.stdout == expected.replace("threading", engine), result.stderr[-3000:]


def test_parquet_that_need_not_fit_into_memory(capsys):
    pytest.importorskip("pyarrow")
    net, accuracy = load("scale/train_from_parquet").main(samples=4000, window=1500, epochs=2)
    assert accuracy > 0.85
    assert net.last_fit["rows"] == 4000
    assert "first pass: 4,000 rows" in capsys.readouterr().out


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_one_training_on_a_cluster_gives_the_same_for_each_number_of_ranks(engine):
    pytest.importorskip({"dask": "distributed", "ray": "ray.data"}[engine])
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    said = []
    for ranks in (1, 2):
        result = subprocess.run(
            command(f"scale/train_with_{engine}", ranks),
            env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr[-3000:]
        said.append(result.stdout.splitlines()[-1])
    assert said[0] == said[1]
    assert float(said[0].split()[1].rstrip(",")) > 0.9
