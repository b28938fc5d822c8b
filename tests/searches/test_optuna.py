"""Studies of Optuna: pruned trials, over several processes, and after one of them was killed."""

import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.heavy


@pytest.fixture
def optuna():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield optuna


@pytest.fixture(scope="module")
def iris():
    X, y = lw.datasets.load_iris()
    return X[::2], y[::2], X[1::2], y[1::2]


def network():
    return lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0, scaling="standard")


def test_a_pruned_trial_ends_with_its_best_weights(optuna, iris):
    X, y, X_val, y_val = iris
    study = optuna.create_study(pruner=optuna.pruners.PatientPruner(None, patience=1))
    nets = []

    def objective(trial):
        nets.append(network())
        pruning = lw.OptunaPruning(trial)
        rate = trial.suggest_float("rate", 0.1, 3)
        nets[-1].fit(
            X, y, optimizer=lw.SGD(rate, momentum=0.9), epochs=200, batch_size=8, validation_data=(X_val, y_val),
            callbacks=pruning, verbose=False,
        )  # fmt: skip
        return pruning.best

    study.optimize(objective, n_trials=3)
    pruned = [trial for trial in study.trials if trial.state.name == "PRUNED"]
    assert pruned
    for trial in pruned:
        net, reports = nets[trial.number], list(trial.intermediate_values.values())
        assert net.history.stopped_by.startswith(f"pruned after epoch {len(reports)} of 200, with val_loss ")
        assert net.history["val_loss"] == reports
        assert net.evaluate(X_val, y_val)["loss"] == min(reports)


def test_a_training_that_diverges_is_one_pruned_trial(optuna, iris):
    X, y, X_val, y_val = iris

    def objective(trial):
        pruning = lw.OptunaPruning(trial)
        net = network()
        rate = trial.suggest_categorical("rate", [0.1, 1e30])
        net.fit(
            X, y, optimizer=lw.SGD(rate), epochs=3, validation_data=(X_val, y_val), callbacks=pruning, verbose=False
        )
        return pruning.best

    study = optuna.create_study(sampler=optuna.samplers.GridSampler({"rate": [0.1, 1e30]}))
    study.optimize(objective)
    assert {t.params["rate"]: t.state.name for t in study.trials} == {0.1: "COMPLETE", 1e30: "PRUNED"}


def test_an_estimator_in_an_objective(optuna, iris):
    X, y, X_val, y_val = iris

    def objective(trial):
        pruning = lw.OptunaPruning(trial, "val_score")
        clf = lw.MLPClassifier(
            early_stopping=True, max_iter=5, random_state=0, callbacks=[pruning],
            learning_rate_init=trial.suggest_float("rate", 1e-4, 1e-1, log=True),
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clf.fit(X, y, validation_data=(X_val, y_val))
        assert clf.best_validation_score_ == pruning.best == clf.score(X_val, y_val)
        return pruning.best

    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(2, 2))
    study.optimize(objective, n_trials=8)
    assert study.best_value > 0.5
    assert objective(optuna.trial.FixedTrial(study.best_params)) == study.best_value  # a trial without a study


WORKER = """
import sys, time
import optuna
import layerwise as lw
optuna.logging.set_verbosity(optuna.logging.ERROR)
place, folder, trials, slow = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "slow"
if place.endswith(".log"):
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(place))
else:
    retry = optuna.storages.RetryFailedTrialCallback(max_retry=1, inherit_intermediate_values=True)
    storage = optuna.storages.RDBStorage(
        "sqlite:///" + place, heartbeat_interval=1, grace_period=2, failed_trial_callback=retry
    )
X, y = lw.datasets.load_iris()

class Slow(lw.Callback):
    only_looks = True
    def on_epoch_begin(self, run):
        if slow and run.epoch > 3:
            print("epoch 4", flush=True)
            time.sleep(60)

def objective(trial):
    frozen = trial.study.get_trials(deepcopy=False)[trial.number]
    first = optuna.storages.RetryFailedTrialCallback.retried_trial_number(frozen)
    name = trial.number if first is None else first
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0, scaling="standard")
    pruning = lw.OptunaPruning(trial)
    net.fit(
        X[::2], y[::2], validation_data=(X[1::2], y[1::2]), epochs=6, resume=True, verbose=False,
        optimizer=lw.Adam(trial.suggest_float("rate", 1e-4, 1e-1, log=True)),
        callbacks=[pruning, lw.Checkpoint(folder + f"/trial-{name}"), Slow()],
    )
    return pruning.best

pruner = optuna.pruners.MedianPruner(4, 2)
study = optuna.create_study(study_name="iris", storage=storage, load_if_exists=True, pruner=pruner)
study.optimize(objective, n_trials=trials)
"""


def worker(place, folder, trials, slow="quick"):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORKER, str(place), str(folder), str(trials), slow],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_work_on_one_study(optuna, tmp_path):
    place = tmp_path / "study.log"
    ends = [
        (process.communicate(timeout=120), process.returncode)
        for process in [worker(place, tmp_path, 8) for _ in range(2)]
    ]
    assert [code for _, code in ends] == [0, 0], ends
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(place)))
    study = optuna.load_study(study_name="iris", storage=storage)
    states = {trial.state.name for trial in study.trials}
    assert len(study.trials) == 16
    assert states <= {"COMPLETE", "PRUNED"}
    for trial in study.trials:
        reports = trial.intermediate_values
        assert list(reports) == list(range(len(reports)))
        if trial.state.name == "COMPLETE":
            assert len(reports) == 6
            assert trial.value == min(reports.values())


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_killed_trial_is_gone_on_with(optuna, tmp_path):
    place = tmp_path / "study.db"
    killed = worker(place, tmp_path, 1, "slow")
    assert killed.stdout.readline() == "epoch 4\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    time.sleep(4)  # its heartbeats are missed
    again = worker(place, tmp_path, 2)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    study = optuna.load_study(study_name="iris", storage=f"sqlite:///{place}")
    first, *others = study.trials
    retried = next(trial for trial in others if "failed_trial" in trial.system_attrs)
    assert (first.state.name, retried.state.name) == ("FAIL", "COMPLETE")
    assert retried.params == first.params
    assert list(first.intermediate_values) == [0, 1, 2]
    X, y = lw.datasets.load_iris()
    whole = network().fit(
        X[::2], y[::2], validation_data=(X[1::2], y[1::2]), epochs=6, verbose=False,
        optimizer=lw.Adam(first.params["rate"]),
    )  # fmt: skip
    assert list(retried.intermediate_values.values()) == whole["val_loss"]
    assert retried.value == np.min(whole["val_loss"])
