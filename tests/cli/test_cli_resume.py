"""`layerwise train --resume`: the file of a run that goes on, and what is said in the command's own words."""

import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise.training.callbacks import Checkpoint
from layerwise.training.loop import Training

CUT_OFF = ["train", "spiral", "--epochs", "5", "--no-plot", "-q", "--checkpoint", "epoch", "--lr", "0.01"]


class Killed(BaseException):
    """As if the process had been killed."""


@pytest.fixture
def cut_off(run, monkeypatch):
    """Run the command, killed after its third epoch, all written that was to be."""
    run_epoch, write = Training.run_epoch, Checkpoint._write

    def killed(self):
        if self.epoch == 3:
            raise Killed
        return run_epoch(self)

    def written(self, run):
        write(self, run)
        self._wait()

    with monkeypatch.context() as patched:
        patched.setattr(Training, "run_epoch", killed)
        patched.setattr(Checkpoint, "_write", written)
        with pytest.raises(Killed):
            run(*CUT_OFF)


def test_a_killed_run_is_gone_on_with(run):
    """The model is the same to the last bit; the checkpoint is gone once the model is there."""
    command = ["train", "spiral", "--epochs", "300", "--no-plot", "-q"]
    assert run(*command, "-o", "whole.safetensors").exit_code == 0
    code = "import os, sys, layerwise.training.loop as t; from layerwise.app.cli.app import run\n"
    code += "def die(self, *_): os.kill(os.getpid(), 9)\n"
    code += "real = t.Training.run_epoch\n"
    code += "t.Training.run_epoch = lambda self: die(self) if self.epoch == 211 else real(self)\n"
    words = [*command, "-o", "cut.safetensors", "--checkpoint", "50 epochs"]
    killed = subprocess.run([sys.executable, "-c", f"{code}run({words!r})"], check=False)
    assert killed.returncode == -9
    whole = sorted(name for name in os.listdir() if not name.startswith("."))  # what is half-written has a dot
    assert whole == ["cut.checkpoint.safetensors", "whole.safetensors"]
    assert lw.load("cut.checkpoint.safetensors").history.epochs in (150, 200)  # the last may still have been written
    assert run(*words, "--resume").exit_code == 0
    np.testing.assert_array_equal(lw.load("cut.safetensors").theta, lw.load("whole.safetensors").theta)
    assert sorted(os.listdir()) == ["cut.safetensors", "whole.safetensors"]


def test_resuming_without_a_checkpoint(run):
    result = run("train", "spiral", "--epochs", "2", "--resume", "--no-plot")
    assert result.exit_code == 0
    assert "there is no spiral.checkpoint.safetensors: the training begins" in result.stderr
    assert run("train", "spiral", "--checkpoint", "fortnight").exit_code == 2
    assert run("train", "spiral", "--checkpoint", "never", "--resume").exit_code == 2


@pytest.mark.filterwarnings("default::RuntimeWarning")
def test_a_full_disk_at_a_checkpoint(run, monkeypatch):
    """The model is there, and the exit code says that something is not."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoint, "_check_place", full)
    words = ["train", "spiral", "--epochs", "20", "--no-plot", "--checkpoint", "5 epochs", "-o", "m.safetensors"]
    result = run(*words)
    assert result.exit_code == 1
    assert "warning: Checkpoint: m.checkpoint.safetensors could not be written: [Errno 28] No space" in result.stderr
    assert "error: Checkpoint: m.checkpoint.safetensors could not be written" in result.stderr
    assert "The model is saved in m.safetensors" in result.stderr
    assert "Traceback" not in result.stderr
    assert lw.load("m.safetensors").history.epochs == 20


def test_a_model_that_has_the_checkpoint_s_name_stays(run):
    lw.Network([lw.Dense(2)], random_state=0).build(2).save("m.checkpoint.safetensors")
    with open("m.checkpoint.safetensors", "rb") as file:
        before = file.read()
    command = ["train", "spiral", "--epochs", "2", "--no-plot", "-o", "m.safetensors"]
    result = run(*command)
    assert result.exit_code == 2
    assert "m.checkpoint.safetensors is there" in result.stderr
    assert run(*command, "--checkpoint", "never").exit_code == 0
    with open("m.checkpoint.safetensors", "rb") as file:
        assert file.read() == before


def test_a_rate_that_is_changed_on_purpose(run, cut_off):
    command = ["train", "spiral", "--epochs", "5", "--no-plot", "-q", "--checkpoint", "epoch", "--lr", "0.02"]
    result = run(*command, "--resume")
    assert result.exit_code == 1
    assert "learning_rate: 0.01 then, 0.02 now" in result.stderr
    words = " ".join(result.stderr.split())
    assert "say what is changed on purpose, --change learning_rate, or another --output" in words
    assert "resume=[" not in words
    assert run(*command, "--change", "learning_rate").exit_code == 2
    assert run(*command, "--resume", "--change", "learning_rate").exit_code == 0
    (change,) = lw.load("spiral.safetensors").history.changes
    assert (change["name"], change["then"], change["now"]) == ("learning_rate", 0.01, 0.02)
    assert "changed      from epoch" in run("info", "spiral.safetensors").stdout


def test_a_copy_of_the_checkpoint_stays(run, cut_off):
    shutil.copy("spiral.checkpoint.safetensors", "spiral.checkpoint-2.safetensors")
    shutil.copy("spiral.checkpoint.safetensors", "spiral.checkpoint-000000123.safetensors")
    assert run(*CUT_OFF, "--resume").exit_code == 0
    files = ["spiral.checkpoint-000000123.safetensors", "spiral.checkpoint-2.safetensors", "spiral.safetensors"]
    assert sorted(os.listdir()) == files


def test_a_file_that_is_no_checkpoint_stays(run):
    with open("spiral.checkpoint.safetensors", "w") as file:
        file.write("mine, and no model at all")
    result = run(*CUT_OFF)
    assert result.exit_code == 2
    assert "is no checkpoint, or a damaged one: move it" in " ".join(result.stderr.replace("│", "").split())
    with open("spiral.checkpoint.safetensors") as file:
        assert file.read() == "mine, and no model at all"


def test_a_checkpoint_that_was_cut_off_does_not_stay(run, cut_off):
    os.truncate("spiral.checkpoint.safetensors", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = run(*CUT_OFF, "--resume")
    assert result.exit_code == 0
    assert "an older checkpoint is looked for" in result.stderr
    assert os.listdir() == ["spiral.safetensors"]
