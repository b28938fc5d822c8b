"""Pruning in a study of Optuna: each epoch is reported, and a training that promises nothing is ended early."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import missing
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.monitor import Monitor, is_cost, is_gain

if TYPE_CHECKING:
    from layerwise.training.loop import Training
    from layerwise.typing import Array


class OptunaPruning(Callback):
    """Report each epoch to an Optuna trial, and end the training if its pruner says so.

    A pruned training raises ``optuna.TrialPruned``, which the study expects. So does a training that diverges, which
    would otherwise end the whole study. The network then has the weights of its best epoch. Ctrl-C raises
    KeyboardInterrupt, which ends the study.

    Parameters
    ----------
    trial : optuna.trial.Trial
        The trial that the study passes to the objective. Use one trial for one fit: if there are several fits, as in
        cross-validation, Optuna keeps the first report of each epoch and ignores the others with a warning.
    monitor : str, default="val_loss"
        A column of the history, as for `EarlyStopping`. The direction of the study says whether smaller or larger
        values are better.
    restore_best : bool, default=True
        Restore the weights of the best epoch at the end, unless `EarlyStopping` or ``early_stopping`` of an estimator
        does.

    Attributes
    ----------
    best, best_epoch : float, int
        The best value and its epoch. NaN and 0 before the first epoch.

    Raises
    ------
    ValueError
        The study has several objectives, or a direction that contradicts the name of the column.
    optuna.TrialPruned
        The training was pruned. Raised by `Network.fit`.

    Notes
    -----
    Epoch 1 is Optuna's step 0. A fit that resumes from a checkpoint in a new trial (``RetryFailedTrialCallback``) first
    reports the epochs before the checkpoint.

    Examples
    --------
    An objective::

        def objective(trial):
            rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
            net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
            pruning = lw.OptunaPruning(trial, "val_loss")
            net.fit(X, y, optimizer=lw.Adam(rate), epochs=20, validation_data=(X_val, y_val), callbacks=pruning)
            return pruning.best

        study = optuna.create_study(direction="minimize", pruner=optuna.pruners.MedianPruner())
        study.optimize(objective, n_trials=50)
    """

    only_looks = True  # what it ends is the same until then
    state_names = ("best", "best_epoch", "_weights", "_why")

    def __init__(self, trial: Any, monitor: str = "val_loss", restore_best: bool = True) -> None:
        if not (callable(getattr(trial, "report", None)) and callable(getattr(trial, "should_prune", None))):
            raise TypeError(f"OptunaPruning: trial must be the objective's optuna.trial.Trial; got {trial!r:.80}")
        self._watched = Monitor(self, monitor, _mode(trial, monitor))
        self.trial, self.monitor, self.restore_best = trial, monitor, bool(restore_best)
        self._forget()

    def __repr__(self) -> str:
        number = getattr(self.trial, "number", None)
        return f"OptunaPruning(<trial {number}>, {self.monitor!r}, restore_best={self.restore_best})"

    def __deepcopy__(self, memo: dict[int, Any]) -> OptunaPruning:
        """Return a callback for the same trial: `clone` of an estimator must not report to a copy of the study."""
        return type(self)(self.trial, self.monitor, self.restore_best)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the trial, which belongs to the process that runs it."""
        return vars(self) | {"trial": None}

    def _forget(self) -> None:
        self._watched.reset()
        self.best, self.best_epoch = math.nan, 0
        self._weights: Array | None = None
        self._why = ""  # it was pruned
        self._known: dict[int, float] = {}  # what the trial was told before this fit, by step
        self._told = 0  # epochs

    # ---------------------------------------------------------------- hooks

    def on_fit_begin(self, run: Training) -> None:
        """Begin anew."""
        if self.trial is None:
            raise ValueError(
                "OptunaPruning: this is a pickled copy, without its trial; make it within the objective, in the "
                "process that trains"
            )
        self._forget()
        self._known = _known(self.trial)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().restore(state)
        self._watched.best = self.best

    def on_epoch_end(self, run: Training) -> None:
        """Report the epoch, keep its weights if they are the best, and ask whether to go on."""
        if not run.whole:
            return
        if self._watched.improves(run):
            self.best, self.best_epoch = self._watched.best, run.epoch
            self._keep(run)
        values = run.history.columns[self._watched.column_in(run)]
        self._report(values[: run.epoch])
        if not run.stopping and self.trial.should_prune():
            self._why = f"pruned after epoch {run.epoch} of {run.epochs}, with {self.monitor} {values[-1]:.6g}"
            run.stop(self._why)

    def on_divergence(self, run: Training) -> bool:
        """Prune it."""
        self._why = f"pruned: {run.divergence}"
        return True

    def on_fit_end(self, run: Training) -> None:
        """Let go of the copy of the weights, which by now is in the network.

        Raises
        ------
        optuna.TrialPruned
            It was pruned.
        KeyboardInterrupt
            Ctrl-C has ended the training.
        """
        self._weights = None
        if run.stopping == "interrupt":
            raise KeyboardInterrupt
        if self._why:
            raise _trial_pruned()(self._why)

    def _report(self, values: list[float]) -> None:
        """Tell the trial of the newest epoch, and after a resume of those before it that it has not heard of."""
        for step in range(self._told, len(values)):
            value, known = values[step], self._known.get(step)
            if known is None or (known != value and not math.isnan(value)):
                self.trial.report(value, step)
        self._told = len(values)

    def _keep(self, run: Training) -> None:
        """Copy the weights, unless another callback chooses an epoch."""
        others = run.last_weights is not self._weights and run.history.kept_epoch
        if not self.restore_best or others:
            return
        theta = run.parameters.theta
        if self._weights is None:
            self._weights = np.empty_like(theta)
        np.copyto(self._weights, theta)
        run.end_with(self._weights, f"epoch {run.epoch}, the best by {self.monitor}", run.epoch)


def _mode(trial: Any, monitor: str) -> str:
    """Return which number is better, by the study's direction; "auto" for a trial without a study."""
    study = getattr(trial, "study", None)
    if study is None:
        return "auto"
    if len(study.directions) > 1:
        raise ValueError(f"OptunaPruning: pruning needs a study with one objective; got {len(study.directions)}")
    minimized = study.directions[0].name == "MINIMIZE"
    if isinstance(monitor, str) and (is_gain if minimized else is_cost)(monitor):
        now, other = ("minimize", "maximize") if minimized else ("maximize", "minimize")
        raise ValueError(
            f"OptunaPruning: monitor={monitor!r} is the better the {'greater' if minimized else 'smaller'}, but the "
            f"study's direction is {now!r}: create it with direction={other!r}, or monitor another column"
        )
    return "min" if minimized else "max"


def _known(trial: Any) -> dict[int, float]:
    """Return what has been reported to a trial: one that is run again may begin with the reports of the first."""
    study = getattr(trial, "study", None)
    if study is None:
        return {}
    return next((dict(t.intermediate_values) for t in study.get_trials(deepcopy=False) if t.number == trial.number), {})


def _trial_pruned() -> type[Exception]:
    try:
        from optuna import TrialPruned
    except ImportError:
        raise missing("optuna", "optuna", "the callback OptunaPruning") from None
    pruned: type[Exception] = TrialPruned
    return pruned
