"""OptunaPruning: reports, pruned trials, best weights, resumed and interrupted ones."""

import copy
import os
import pickle
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import layerwise as lw


class Trial:
    """A trial that notes its reports; its study has a direction and says yes from some step on."""

    number = 0

    def __init__(self, direction="minimize", prune_at=None, known=(), objectives=1):
        self.reports, self.prune_at = dict(known), prune_at
        self.twice = []
        direction = SimpleNamespace(name=direction.upper())
        own = SimpleNamespace(number=0, intermediate_values=dict(known))
        self.study = SimpleNamespace(directions=[direction] * objectives, get_trials=lambda deepcopy: [own])

    def report(self, value, step):
        if step in self.reports:
            self.twice.append(step)
        else:
            self.reports[step] = value

    def should_prune(self):
        return self.prune_at is not None and max(self.reports) >= self.prune_at


class Scripted(lw.Callback):
    def __init__(self, *values, name="score"):
        self.values, self.name, self.thetas = values, name, []

    def on_evaluate(self, run):
        self.thetas.append(run.parameters.theta.copy())
        run.record(self.name, self.values[run.epoch - 1])


def network():
    return lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)


def fitted(spiral, callbacks, **arguments):
    net = network()
    net.fit(*spiral, **{"epochs": 4, "batch_size": 100, "verbose": False, "callbacks": callbacks, **arguments})
    return net


def test_each_epoch_is_reported_and_the_best_weights_stay(spiral, each_engine):
    trial, scripted = Trial(), Scripted(3, 1, 2, 4)
    pruning = lw.OptunaPruning(trial, "custom")
    scripted.name = "custom"
    net = fitted(spiral, [pruning, scripted])
    assert trial.reports == {0: 3, 1: 1, 2: 2, 3: 4}
    assert (pruning.best, pruning.best_epoch, net.history.kept_epoch) == (1, 2, 2)
    np.testing.assert_array_equal(net.theta, scripted.thetas[1])
    assert net.history.stopped_by == "epochs"


def test_the_studys_direction_says_which_is_better(spiral):
    scripted = Scripted(3, 1, 2, 4, name="custom")
    net = fitted(spiral, [lw.OptunaPruning(Trial("maximize"), "custom"), scripted])
    np.testing.assert_array_equal(net.theta, scripted.thetas[3])
    scripted = Scripted(3, 1, 2, 4, name="custom")
    net = fitted(spiral, [lw.OptunaPruning(Trial(), "custom", restore_best=False), scripted])
    np.testing.assert_array_equal(net.theta, scripted.thetas[3])


def test_early_stopping_chooses_where_it_is_there(spiral):
    for first in (0, 1):
        custom, scripted = Scripted(1, 2, 3, 4, name="custom"), Scripted(1, 5, 2, 2)
        both = [lw.EarlyStopping("score"), lw.OptunaPruning(Trial("maximize"), "custom")]
        net = fitted(spiral, [*both[first:], *both[:first], custom, scripted])
        np.testing.assert_array_equal(net.theta, scripted.thetas[1])


def test_an_estimators_early_stopping_chooses(spiral):
    pruning = lw.OptunaPruning(Trial(), "loss")
    arguments = {"max_iter": 12, "early_stopping": True, "random_state": 0, "n_iter_no_change": 99}
    with pytest.warns(UserWarning, match="max_iter"):
        clf = lw.MLPClassifier(callbacks=[pruning], **arguments).fit(*spiral)
    with pytest.warns(UserWarning, match="max_iter"):
        plain = lw.MLPClassifier(**arguments).fit(*spiral)
    np.testing.assert_array_equal(clf.network_.theta, plain.network_.theta)


@pytest.mark.parametrize(
    ("direction", "monitor", "message"),
    [("maximize", "val_loss", "direction='minimize'"), ("minimize", "val_accuracy", "direction='maximize'")],
)
def test_a_direction_against_the_columns_name_is_refused(direction, monitor, message):
    with pytest.raises(ValueError, match=message):
        lw.OptunaPruning(Trial(direction), monitor)


def test_bad_arguments_are_refused(spiral):
    with pytest.raises(TypeError, match=r"must be the objective's optuna\.trial\.Trial; got 3"):
        lw.OptunaPruning(3)
    with pytest.raises(ValueError, match="one objective; got 2"):
        lw.OptunaPruning(Trial(objectives=2))
    with pytest.raises(lw.UnknownNameError, match="OptunaPruning: the history has no column 'val_loss'"):
        fitted(spiral, lw.OptunaPruning(Trial()))


def test_copies_report_to_the_same_trial_and_pickles_to_none(spiral):
    pruning = lw.OptunaPruning(Trial(), "loss")
    assert copy.deepcopy([pruning])[0].trial is pruning.trial
    with pytest.raises(ValueError, match="pickled copy, without its trial"):
        fitted(spiral, pickle.loads(pickle.dumps(pruning)))


class Press(lw.Callback):
    def on_step_end(self, run):
        if run.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_the_study_too(spiral, ctrl_c):
    trial = Trial()
    with pytest.raises(KeyboardInterrupt):
        fitted(spiral, [lw.OptunaPruning(trial, "loss"), Press()])
    assert list(trial.reports) == [0]  # half an epoch is no result


@pytest.mark.parametrize("inherits", [False, True])
def test_a_resumed_fit_reports_what_the_new_trial_does_not_know(spiral, tmp_path, inherits):
    class Killed(Exception):
        pass

    class Kill(lw.Callback):
        only_looks = True

        def on_epoch_begin(self, run):
            if run.epoch == 4:
                raise Killed

    whole = Trial()
    net = fitted(spiral, [lw.OptunaPruning(whole, "loss"), lw.Checkpoint(tmp_path / "whole")], epochs=6)
    first = Trial()
    with pytest.raises(Killed):
        fitted(
            spiral,
            [lw.OptunaPruning(first, "loss"), lw.Checkpoint(tmp_path / "run", every="2 epochs"), Kill()],
            epochs=6,
        )
    assert list(first.reports) == [0, 1, 2]
    again = Trial(known=first.reports if inherits else ())
    pruning = lw.OptunaPruning(again, "loss")
    gone_on = fitted(spiral, [pruning, lw.Checkpoint(tmp_path / "run", every="2 epochs")], epochs=6, resume=True)
    assert again.reports == whole.reports
    assert again.twice == []
    assert (pruning.best, pruning.best_epoch) == (min(whole.reports.values()), 6)
    np.testing.assert_array_equal(gone_on.theta, net.theta)


def test_without_optuna_the_error_says_what_to_install():
    code = """
import sys
sys.modules["optuna"] = None
import layerwise as lw
class Trial:
    report = lambda self, value, step: None
    should_prune = lambda self: True
net = lw.Network([lw.Dense(3), lw.Softmax()])
try:
    net.fit(*lw.datasets.make_spiral(), epochs=2, verbose=False, callbacks=lw.OptunaPruning(Trial(), "loss"))
except lw.errors.MissingDependencyError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'layerwise[optuna]'" in result.stdout
