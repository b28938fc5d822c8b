"""`layerwise train FILE --checkpoint … --resume`: a run that was cut off ends as one that was not, to the last bit."""

import os
import signal

import numpy as np
import pytest

import layerwise as lw
from layerwise.training.callbacks import Checkpoint
from layerwise.training.loop import Training

WORDS = ("-e", "6", "--no-plot", "-q", "--ensemble", "1", "--checkpoint")


class Killed(BaseException):
    """As if the process had been killed."""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """600 rows, so that an epoch has two steps, with text, gaps and both kinds of targets."""
    rng, lines = np.random.default_rng(0), ["city,x,z,price,kind"]
    for i in range(600):
        x, z = rng.normal(size=2)
        price = x * z + (i % 3)
        lines.append(
            f"{'' if i % 50 == 7 else 'ABC'[i % 3]},{x:.3f},{z:.3f},{price:.3f},{'abc'[int(price > 0) + (x > 1)]}"
        )
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def cut_off(run, monkeypatch):
    """Run a command that is killed before that step, all written that was to be."""

    def cut_off(step, *words):
        run_steps, write = Training._run_steps, Checkpoint._write

        def killed(self, done, end):
            if self.step >= step:
                raise Killed
            return run_steps(self, done, end)

        def written(self, run):
            write(self, run)
            self._wait()

        with monkeypatch.context() as patched:
            patched.setattr(Training, "_run_steps", killed)
            patched.setattr(Checkpoint, "_write", written)
            with pytest.raises(Killed):
                run(*words)

    return cut_off


def same(first, second):
    a, b = (lw.load(f"{name}.safetensors") for name in (first, second))
    np.testing.assert_array_equal(a.network_.theta, b.network_.theta)
    assert a.history_.kept_epoch == b.history_.kept_epoch
    for name, values in a.history_.items():
        if "seconds" not in name and "samples" not in name:
            assert b.history_[name] == values
    for name in ("n_iter_", "t_", "loss_", "loss_curve_", "validation_scores_", "best_validation_score_"):
        assert getattr(a, name) == getattr(b, name)


@pytest.mark.parametrize(
    ("engine", "target", "every", "step"),
    [("native", "kind", "epoch", 8), ("native", "price", "1 steps", 9), ("numpy", "kind", "1 steps", 9)],
)
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(run, table, cut_off, engine, target, every, step):
    if engine == "native":
        pytest.importorskip("layerwise._native")
    words = ["train", table, "--target", target, "--engine", engine, *WORDS, every]
    assert run(*words, "-o", "whole.safetensors").exit_code == 0
    cut_off(step, *words, "-o", "cut.safetensors")
    assert sorted(os.listdir()) == ["cut.checkpoint.safetensors", "whole.safetensors"]
    assert lw.load("cut.checkpoint.safetensors").steps == step
    result = run(*words, "-o", "cut.safetensors", "--resume")
    assert result.exit_code == 0
    assert "begins" not in result.stderr
    same("whole", "cut")
    assert sorted(os.listdir()) == ["cut.safetensors", "whole.safetensors"]


def test_the_best_epoch_may_lie_before_the_cut(run, table, cut_off, monkeypatch):
    """Its weights are in the checkpoint, and are the model's in the end."""
    run_epoch = Training.run_epoch

    def spoiled(self):
        if self.epoch >= 4:
            self.parameters.theta[:] *= 3
        return run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", spoiled)
    words = ["train", table, *WORDS, "epoch"]
    run(*words, "-o", "whole.safetensors")
    assert lw.load("whole.safetensors").history_.kept_epoch <= 3
    cut_off(10, *words, "-o", "cut.safetensors")
    assert run(*words, "-o", "cut.safetensors", "--resume").exit_code == 0
    same("whole", "cut")


def test_after_ctrl_c_it_goes_on(run, table, monkeypatch, ctrl_c):
    words = ["train", table, *WORDS, "epoch"]
    run(*words, "-o", "whole.safetensors")
    run_steps = Training._run_steps

    def pressed(self, done, end):
        if self.step == 8:
            signal.raise_signal(signal.SIGINT)
        return run_steps(self, done, end)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_run_steps", pressed)
        result = run(*words, "-o", "cut.safetensors")
    assert result.exit_code == 130
    assert "the best weights so far are kept in cut.safetensors; --resume goes on" in result.stderr
    assert lw.load("cut.safetensors").history_.stopped_by == "interrupt"
    assert run(*words, "-o", "cut.safetensors", "--resume").exit_code == 0
    same("whole", "cut")


def test_what_is_not_as_it_was_is_named(run, table, cut_off):
    words = ["train", table, *WORDS, "epoch", "-o", "cut.safetensors"]
    cut_off(4, *words)
    for other, named in (
        (["-e", "9"], "epochs: 6 then, 9 now"),
        (["--seed", "1"], "random_state"),
        (["--exclude", "city"], "X: "),
        (["--class-weight", "balanced"], "class_weight"),
        (["--target", "price"], "y: "),
    ):
        given = [word for word in words if word not in ("-e", "6")] if other[0] == "-e" else words
        result = run(*given, *other, "--resume")
        assert result.exit_code == 1
        assert "--resume: cut.checkpoint.safetensors is a checkpoint of another fit" in result.stderr
        assert named in result.stderr
    result = run(*[word if word != "6" else "9" for word in words], "--resume", "--change", "epochs")
    assert result.exit_code == 0
    assert lw.load("cut.safetensors").history_.epochs == 9


def test_without_a_checkpoint_it_begins(run, table):
    result = run("train", table, *WORDS, "epoch", "--resume")
    assert result.exit_code == 0
    assert "there is no table.checkpoint.safetensors: the training begins" in result.stderr
    assert run("train", table, *WORDS, "never", "--resume").exit_code == 2
    assert run("train", table, *WORDS, "fortnight").exit_code == 2
    assert run("train", table, *WORDS, "epoch", "--change", "epochs").exit_code == 2
    assert os.listdir() == ["table.safetensors"]


@pytest.mark.filterwarnings("default::RuntimeWarning")
def test_a_full_disk_at_a_checkpoint(run, table, monkeypatch):
    """The model is there, whole, and the exit code says that something is not."""

    def full(*_):
        raise OSError(28, "No space left on device")

    run("train", table, *WORDS, "never", "-o", "whole.safetensors")
    monkeypatch.setattr(Checkpoint, "_check_place", full)
    result = run("train", table, *WORDS, "epoch", "-o", "full.safetensors")
    assert result.exit_code == 1
    assert "warning: Checkpoint: full.checkpoint.safetensors could not be written: [Errno 28] No space" in result.stderr
    assert "error: Checkpoint: full.checkpoint.safetensors could not be written" in result.stderr
    assert "The model is saved in full.safetensors" in result.stderr
    same("whole", "full")


SEVERAL = ("-e", "6", "--no-plot", "-q", "--ensemble", "3", "--threads", "1", "--checkpoint", "epoch")


@pytest.mark.parametrize("step", [3, 20, 30])
def test_an_ensemble_that_was_cut_off_ends_as_one_that_was_not(run, table, cut_off, step, monkeypatch):
    """In the first network, between the first and the second, and in the last."""
    run("train", table, *SEVERAL, "-o", "whole.safetensors")
    assert os.listdir() == ["whole.safetensors"]
    total, run_steps, write = [], Training._run_steps, Checkpoint._write

    def killed(self, done, end):
        total.append(self.step)
        if len(total) >= step:
            raise Killed
        return run_steps(self, done, end)

    def written(self, run):
        write(self, run)
        self._wait()

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_run_steps", killed)
        patched.setattr(Checkpoint, "_write", written)
        try:
            run("train", table, *SEVERAL, "-o", "cut.safetensors")
        except Killed:
            assert "cut.checkpoint-network1.safetensors" in os.listdir()
    result = run("train", table, *SEVERAL, "-o", "cut.safetensors", "--resume")
    assert result.exit_code == 0
    same("whole", "cut")
    assert sorted(os.listdir()) == ["cut.safetensors", "whole.safetensors"]


def test_an_ensemble_goes_on_after_ctrl_c(run, table, monkeypatch, ctrl_c):
    run("train", table, *SEVERAL, "-o", "whole.safetensors")
    run_steps, calls = Training._run_steps, []

    def pressed(self, done, end):
        calls.append(done)
        if len(calls) == 8:
            signal.raise_signal(signal.SIGINT)
        return run_steps(self, done, end)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_run_steps", pressed)
        result = run("train", table, *SEVERAL, "-o", "cut.safetensors")
    assert result.exit_code == 130
    assert "--resume goes on" in result.stderr
    assert run("train", table, *SEVERAL, "-o", "cut.safetensors", "--resume").exit_code == 0
    same("whole", "cut")


def test_several_networks_are_not_watched(run, table):
    result = run("train", table, "--ensemble", "2", "--watch")
    assert result.exit_code == 2
    assert "not together with --watch, which shows one network" in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize("option", [["--resume"], ["--checkpoint", "epoch"], ["--change", "epochs"]])
def test_a_search_has_no_checkpoints(run, table, option):
    result = run("train", table, "--search", "1", *option)
    assert result.exit_code == 2
    assert f"not together with {option[0]}" in " ".join(result.stderr.replace("│", " ").split())
