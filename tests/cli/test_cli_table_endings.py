"""How the training of a table ends: Ctrl-C once and twice, in a fold, after the training, and weights that diverge."""

import signal

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli import table_training
from layerwise.estimators import MLPRegressor
from layerwise.training.loop import Training

WORDS = ("-e", "9", "--no-plot", "--ensemble", "1")


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{z:.3f},{x - z:.3f},{x * z:.3f}" for x, z in rng.normal(size=(60, 2))]
    (tmp_path / "table.csv").write_text("\n".join(["x,z,sum,product", *rows]))
    return tmp_path / "table.csv"


@pytest.fixture
def press(monkeypatch, ctrl_c):
    """Press Ctrl-C so many times when the n-th epoch of all trainings begins."""

    def press(times, n):
        run_epoch, epochs = Training.run_epoch, []

        def pressed(self):
            epochs.append(self.epoch)
            if len(epochs) == n:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)
            return run_epoch(self)

        monkeypatch.setattr(Training, "run_epoch", pressed)

    return press


def test_ctrl_c_keeps_the_best_weights(run, table, press):
    whole = run("train", table, *WORDS, "--json", "-o", "whole.safetensors").json()
    press(1, 6)
    result = run("train", table, *WORDS)
    assert result.exit_code == 130
    assert "the best weights so far are kept in table.safetensors" in result.stderr
    assert "model            table.safetensors" in result.stdout
    model = lw.load("table.safetensors")
    assert model.history_.stopped_by == "interrupt"
    scores = whole["history"]["val_score"][:5]
    assert model.history_["val_score"] == scores
    assert model.history_.kept_epoch == 1 + int(np.argmax(scores))
    evaluated = run("evaluate", "table.safetensors", table, "--json").json()
    assert np.isfinite(evaluated["rmse"])


def test_a_second_ctrl_c_saves_them_too(run, table, press):
    press(2, 6)
    result = run("train", table, *WORDS, "-q")
    assert result.exit_code == 130
    assert result.stderr.endswith("interrupted: the model is saved in table.safetensors\n")
    model = lw.load("table.safetensors")
    assert model.history_.epochs == 5
    assert model.callbacks is None


def test_a_second_ctrl_c_in_the_first_epoch_saves_nothing(run, tmp_path, table, press):
    press(2, 1)
    result = run("train", table, *WORDS, "-q")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("n", [1, 3, 6])
def test_ctrl_c_keeps_what_an_ensemble_has_learned(run, table, press, n):
    press(1, n)
    result = run("train", table, "-e", "9", "--no-plot", "--ensemble", "3")
    assert result.exit_code == 130
    assert "the best weights so far are kept in table.safetensors" in result.stderr
    model = lw.load("table.safetensors")
    assert model.history_.stopped_by == "interrupt"
    assert np.isfinite(model.network_.theta).all()


def test_ctrl_c_in_a_fold_saves_nothing(run, tmp_path, table, press):
    press(1, 12)
    result = run("train", table, *WORDS, "--cv", "3")
    assert result.exit_code == 130
    assert result.stderr == "interrupted in fold 2 of 3: nothing is saved\n"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_ctrl_c_after_the_training_says_where_the_model_is(run, monkeypatch, table):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(table_training, "tested", interrupted)
    result = run("train", table, *WORDS)
    assert (result.exit_code, result.stderr) == (130, "interrupted: the model is saved in table.safetensors\n")
    assert lw.load("table.safetensors").history_.epochs == 9


def test_weights_that_diverge_are_saved_as_they_were(run, monkeypatch, table):
    run_epoch = Training.run_epoch

    def spoiled(self):
        if self.epoch == 5:
            self.parameters.theta[:] = np.nan
        return run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", spoiled)
    result = run("train", table, *WORDS, "-q")
    assert result.exit_code == 1
    assert "They are saved in table.safetensors" in result.stderr
    assert np.isfinite(lw.load("table.safetensors").network_.theta).all()


@pytest.mark.parametrize("words", [["--validation", "0"], ["--validation", "0", "--cv", "2"], ["--target", "rare"]])
def test_without_rows_to_validate_all_epochs_are_made(run, tmp_path, words):
    """Because none were asked for, or because the target is the same in all of them."""
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{x * 2:.3f},{i / 8 if i in (2, 33, 44, 55) else 0}" for i, x in enumerate(rng.normal(size=60))]
    (tmp_path / "few.csv").write_text("\n".join(["x,price,rare", *lines]))
    words = words if "rare" in words else ["--target", "price", *words]
    kinds = ["--task", "numbers"] if "rare" in words else []
    report = run("train", "few.csv", *words, *kinds, *WORDS, "--json").json()
    assert report["rows"]["validation"] == 0
    assert sum(report["rows"].values()) == 60
    assert report["epochs"] == report["kept_epoch"] == 9
    assert "val_loss" not in report["history"]
    assert ("one value of the target" in " ".join(report["notes"])) == ("rare" in words)
    assert report["temperature"] is None
    if "--cv" in words:
        assert [fold["rows"]["validation"] for fold in report["cross_validation"]["folds"]] == [0, 0]


def test_several_numbers(run, table):
    report = run("train", table, "--target", "sum,product", "-e", "60", "--no-plot", "--json").json()
    assert report["rows"] == {"train": 38, "validation": 10, "test": 12}
    assert len(report["test"]["mae"]) == len(report["baseline"]["mae"]) == 2
    model = lw.load("table.safetensors")
    assert isinstance(model, MLPRegressor)
    assert model.network_.notes["target"] == "sum,product"
    run("predict", table, "-m", "table.safetensors", "-o", "out.csv")
    with open("out.csv") as file:
        header = file.readline().strip().split(",")
    assert [name for name in header if name.startswith("predicted")] == ["predicted_sum", "predicted_product"]


@pytest.mark.parametrize("target", ["sum,none", "sum,kind"])
def test_targets_that_do_not_go_together(run, tmp_path, target):
    (tmp_path / "mixed.csv").write_text(
        "\n".join(["x,sum,kind", *[f"{i},{i / 7:.2f},{'abc'[i % 3]}" for i in range(60)]])
    )
    result = run("train", "mixed.csv", "--target", target)
    assert result.exit_code == 1
    assert "no column 'none'" in result.stderr or "several targets must all be numbers" in result.stderr
