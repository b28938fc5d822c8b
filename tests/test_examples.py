"""The examples are run, and do what they say."""

import ast
import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "examples"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples are not beside these tests")


def load(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_import_is_changed():
    before, after = load("change_one_import").main()
    assert after.best_params_ == before.best_params_
    np.testing.assert_allclose(after.cv_results_["mean_test_score"], before.cv_results_["mean_test_score"], atol=0.005)
    np.testing.assert_allclose(after.best_estimator_[-1].loss_curve_, before.best_estimator_[-1].loss_curve_, rtol=1e-6)


def test_parts_of_ones_own(capsys):
    module = load("parts_of_your_own")
    network, history, regressor = module.main()
    assert "epoch 32:" in capsys.readouterr().out
    assert history["loss"][-1] < history["loss"][0] / 1.5
    assert history["learning_rate"][-1] == pytest.approx(history["learning_rate"][0] / 4)
    assert repr(network.layers[1]) == repr(regressor.network_.layers[1]) == "Sine()"


def test_the_finders_suggestion_trains(tmp_path):
    pytest.importorskip("matplotlib")
    results = load("find_learning_rate").main(tmp_path / "finder.png")
    assert (tmp_path / "finder.png").stat().st_size > 10_000
    assert all(accuracy > 0.95 for _, accuracy in results.values())


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
    source = (FOLDER / "parts_of_your_own.py").read_text()
    node = next(node for node in ast.parse(source).body if getattr(node, "name", "") == part)
    assert len([line for line in ast.get_source_segment(source, node).splitlines() if line.strip()]) < 10


@pytest.mark.heavy
def test_a_study_goes_on_in_its_file(tmp_path, capsys):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    main = load("search_with_optuna").main
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
    load("search_on_a_cluster").main("threading")
    expected = capsys.readouterr().out
    command = [sys.executable, "-W", "ignore", str(FOLDER / "search_on_a_cluster.py"), engine]
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert result.stdout == expected.replace("threading", engine), result.stderr[-3000:]


def test_parquet_that_need_not_fit_into_memory(capsys):
    pytest.importorskip("pyarrow")
    net, accuracy = load("train_from_parquet").main(samples=4000, window=1500, epochs=2)
    assert accuracy > 0.85
    assert net.last_fit["rows"] == 4000
    assert "first pass: 4,000 rows" in capsys.readouterr().out


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_one_training_on_a_cluster_gives_the_same_for_each_number_of_ranks(engine):
    pytest.importorskip({"dask": "distributed", "ray": "ray.data"}[engine])
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    said = []
    for ranks in ("1", "2"):
        command = [sys.executable, "-W", "ignore", str(FOLDER / f"train_with_{engine}.py"), ranks]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert result.returncode == 0, result.stderr[-3000:]
        said.append(result.stdout.splitlines()[-1])
    assert said[0] == said[1]
    assert float(said[0].split()[1].rstrip(",")) > 0.9
