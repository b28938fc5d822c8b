"""How an estimator's network is trained: by `Network.fit` with scikit-learn's rules for stopping, or by L-BFGS."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from layerwise.data.sample_weights import SampleWeights, weigh
from layerwise.data.targets import encode
from layerwise.data.units import range_of
from layerwise.engine.choice import executor
from layerwise.engine.executor import Executor
from layerwise.engine.plan import check_training, compile_training
from layerwise.engine.sparse import rows_for
from layerwise.errors import DivergenceError, warn
from layerwise.estimators import continuing
from layerwise.estimators.held_out import HeldOut
from layerwise.network.network import Network
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import SGD
from layerwise.parts.penalties import L2
from layerwise.training.callbacks import Callback, as_callbacks
from layerwise.training.loop import Training
from layerwise.typing import Array

_LEAST_RATE = 1e-6  # below which learning_rate="adaptive" stops
_BEST = "the epoch with the best score"
_CHUNK = 2**24  # numbers of X that L-BFGS looks at together, where its rows are made dense


class Watcher(Callback):
    """Keeps the estimator's attributes up to date epoch by epoch, and stops by scikit-learn's rules.

    Without early stopping the training loss must fall by `tol` within `n_iter_no_change` epochs; with it the score on
    the held-out data must rise by it, and the weights of the best score are put back on every way out.
    """

    state_names = (
        "best", "n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_",
        "_no_improvement_count",
    )  # fmt: skip

    def __init__(self, estimator: Any, settings: SimpleNamespace, held_out: HeldOut | None, scorer: Any) -> None:
        self._estimator, self._settings, self._held_out, self._scorer = estimator, settings, held_out, scorer
        self.stops_early = bool(settings.early_stopping)
        moves = settings.solver == "sgd" and settings.learning_rate != "constant"
        self.reads_history_only = held_out is None and not moves
        self.best: Array | None = None

    def state(self) -> dict[str, Any]:
        """The best weights, and the estimator's attributes."""
        found = {name: getattr(self._estimator, name, None) for name in self.state_names[1:]}
        return {"best": self.best, **{name: list(v) if isinstance(v, list) else v for name, v in found.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.best = state["best"]
        for name in self.state_names[1:]:
            setattr(self._estimator, name, state[name])

    def on_fit_begin(self, run: Training) -> None:
        """Keep the weights to fall back on, until a score is known."""
        self._samples, estimator = len(run.engine.rows), self._estimator
        if not self.stops_early and estimator.best_loss_ is None:
            estimator.best_loss_ = np.inf
        if self.stops_early:
            if estimator.validation_scores_ is None:
                estimator.validation_scores_, estimator.best_validation_score_ = [], -np.inf
            estimator.best_loss_ = None
            self.best = run.parameters.theta.copy()
            run.end_with(self.best, _BEST)

    def on_epoch_end(self, run: Training) -> None:
        """Record loss and score of the epoch, and stop if that was enough."""
        estimator, columns = self._estimator, run.history.columns
        estimator.loss_ = estimator._loss_value(columns["loss"][-1]) + columns["penalty"][-1]
        estimator.loss_curve_.append(estimator.loss_)
        estimator.n_iter_ += 1
        estimator.t_ += self._samples
        if self._held_out is not None:
            self._look_at_score(run)
        if self.stops_early:
            better = self._score_is_better(run)
        else:
            better = not estimator.loss_ > estimator.best_loss_ - self._settings.tol
            estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
        estimator._no_improvement_count = 0 if better else estimator._no_improvement_count + 1
        if self._settings.solver == "sgd" and self._settings.learning_rate == "invscaling":
            scale: float = (estimator.t_ + 1) ** self._settings.power_t
            run.optimizer.learning_rate = self._settings.learning_rate_init / scale
        if estimator._no_improvement_count > self._settings.n_iter_no_change:
            self._had_enough(run)

    def on_fit_end(self, run: Training) -> None:
        """Keep the history, whatever error comes next."""
        self._estimator.history_ = run.history

    def _look_at_score(self, run: Training) -> None:
        if self._scorer is not None:
            assert self._held_out is not None
            weights = {} if self._held_out.weight is None else {"sample_weight": self._held_out.weight}
            try:
                score = self._scorer(self._estimator, self._held_out.raw_X, self._held_out.raw_y, **weights)
                run.record("val_score", float(score))
            except Exception as error:
                if isinstance(error, ValueError) and (missing := self._missing_classes()):
                    raise ValueError(f"scoring={self._settings.scoring!r} failed: {missing}") from error
                with_weights = " with sample_weight" if weights else ""
                error.add_note(f"raised by scoring={self._settings.scoring!r} on the validation data{with_weights}")
                raise
        if self._estimator.validation_scores_ is not None:
            self._estimator.validation_scores_.append(run.history.columns["val_score"][-1])

    def _missing_classes(self) -> str:
        """Return which classes the held-out data lack, and what to do; empty where they lack none."""
        assert self._held_out is not None
        codes = self._held_out.y
        if not hasattr(self._estimator, "classes_") or codes.ndim != 1:
            return ""
        lacking = np.delete(self._estimator.classes_, np.unique(codes)).tolist()
        if not lacking:
            return ""
        cure = "give data with all classes"
        if not self._held_out.given:
            share = self._settings.validation_fraction
            cure = f"raise validation_fraction={share:g}, or give fit X_val and y_val with all classes"
        return (
            f"the {len(codes)} held-out samples lack the classes {lacking} of {len(self._estimator.classes_)}; {cure}"
        )

    def _score_is_better(self, run: Training) -> bool:
        estimator = self._estimator
        score, best = run.history.columns["val_score"][-1], estimator.best_validation_score_
        if math.isnan(score):
            why = self._missing_classes() or "it needs other data: more samples, or more than one class"
            raise ValueError(f"the score on the held-out data, by which early_stopping chooses, is NaN: {why}")
        if score > best or (score == best and self._settings.preset is not None):
            estimator.best_validation_score_ = score
            assert self.best is not None
            np.copyto(self.best, run.parameters.theta)
            run.end_with(self.best, _BEST, run.epoch)
        return not score < best + self._settings.tol

    def _had_enough(self, run: Training) -> None:
        adaptive = self._settings.solver == "sgd" and self._settings.learning_rate == "adaptive"
        if adaptive and run.optimizer.learning_rate > _LEAST_RATE:
            run.optimizer.learning_rate /= 5
            self._estimator._no_improvement_count = 0
            return
        what = "the validation score" if self.stops_early else "the training loss"
        run.stop(f"{what} did not improve by tol={self._settings.tol:g} for {self._settings.n_iter_no_change} epochs")


def solve_stochastic(
    estimator: Any,
    settings: SimpleNamespace,
    X: Any,
    y: Array,
    weight: Array | None,
    loss: Loss,
    held_out: HeldOut | None,
    incremental: bool,
) -> None:
    """Train by SGD or Adam."""
    network = estimator.network_
    optimizer = continuing.optimizer(estimator, settings, incremental)
    order = np.arange(X.shape[0])

    def shuffled(n: int) -> Array:
        """Return the order of the epoch before, shuffled once more, as scikit-learn does it."""
        nonlocal order
        order = np.asarray(order[estimator._random_state.permutation(n)])
        return order

    watcher = Watcher(estimator, settings, held_out, estimator._scorer())
    estimator.n_iter_ = 0
    metrics = [] if held_out is None or estimator._scorer() is not None else [estimator._score_metric()]
    fit = vars(estimator).pop("_train_by", Network.fit)  # `layerwise train FILE` on several ranks sets it
    history = fit(
        network,
        X,
        y,
        loss=loss,
        optimizer=optimizer,
        epochs=1 if incremental else settings.max_iter,
        shuffle=shuffled if settings.shuffle else False,
        validation_data=None if held_out is None else (held_out.X, held_out.y, held_out.weight),
        metrics=metrics,
        callbacks=[watcher, *as_callbacks(settings.callbacks)],
        n_threads=settings.n_threads,
        verbose=bool(settings.verbose),
        resume=vars(estimator).pop("_resume", False),  # `layerwise train FILE --resume` sets it
        **fit_arguments(estimator, settings, y, weight, incremental),
    )
    if history.stopped_by == "epochs" and not incremental and settings.schedule is None:
        _warn_of_limit(f"{settings.solver} made max_iter={settings.max_iter} epochs", network.optimizer.learning_rate)


def fit_arguments(
    estimator: Any, settings: SimpleNamespace, y: Array, weight: Array | None, incremental: bool
) -> dict[str, Any]:
    """Return those arguments of `Network.fit` that are the same for one network and for each of an ensemble."""
    return {
        "penalty": L2(_alpha(estimator, settings, weight, incremental) / 2, per_batch=True),
        "batch_size": _batch_size(settings, len(y)),
        "sample_weight": _sample_weights(estimator, y, weight, incremental),
        "class_weight": estimator._class_weights(),
        "schedule": settings.schedule,
        "clip_norm": settings.clip_norm,
        "ema": settings.ema,
        "augmentation": settings.augmentation,
        "engine": settings.engine,
    }


def _sample_weights(estimator: Any, y: Array, weight: Array | None, incremental: bool) -> SampleWeights | None:
    """Return the samples' weights as scikit-learn counts them; with weights of classes, as `Network` does.

    Chunks of a stream come as they are: brought to mean 1, each of them would forget its share of the whole.
    """
    if getattr(estimator, "class_weight", None) is not None:
        return SampleWeights(estimator._with_class_weights(y, weight), scaled=not incremental)
    return None if weight is None else SampleWeights(weight, by_rows=False)


def _alpha(estimator: Any, settings: SimpleNamespace, weight: Array | None, incremental: bool) -> float:
    """Return the penalty's strength for a batch, of which its share will be taken.

    A sample of weight 2 is to do what two samples do: alpha is shared out among Σ w samples. Where weights of classes
    let a batch be divided by its n rows, and the weights are brought to mean 1, that is alpha · n / Σ w, divided by n.
    """
    alpha = float(settings.alpha)
    if weight is None or incremental or getattr(estimator, "class_weight", None) is None:
        return alpha
    total = float(weight.sum())
    return alpha * len(weight) / total if total > 0 else alpha  # such weights are refused


def _batch_size(settings: SimpleNamespace, n: int) -> int:
    """Return how many samples make a step."""
    value = settings.batch_size
    if isinstance(value, str):
        return min(200, n)
    if value > n and settings.preset is None:
        warn(f"batch_size={value} is more than the {n} samples; all of them make one batch")
    return min(int(value), n)


def _warn_of_limit(what: str, rate: float | None = None) -> None:
    smaller = "" if rate is None else f", a learning rate other than {rate:g} (smaller if the loss jumps)"
    warn(
        f"{what} and the optimization hasn't converged yet. Try scaled inputs (scaling='standard' or a StandardScaler "
        f"before it), more iterations (max_iter){smaller}",
        ConvergenceWarning,
    )


def solve_lbfgs(estimator: Any, settings: SimpleNamespace, X: Any, y: Array, weight: Array | None, loss: Loss) -> None:
    """Minimize the loss over all samples with L-BFGS-B (Byrd, Lu, Nocedal, Zhu 1995), by SciPy, on the flat vector."""
    from scipy.optimize import minimize

    network = estimator.network_
    data, scaler = network.training_rows(X)
    plan, parameters = network.built()
    check_training(plan, loss)
    targets = encode(y, plan.n_out, loss, network.dtype, network.task)
    weigh(targets, _sample_weights(estimator, y, weight, False), estimator._class_weights())
    n = data.shape[0]
    size = n if isinstance(data, np.ndarray) else max(1, min(n, _CHUNK // plan.n_in))
    rows = rows_for(plan, data, scaler, network.dtype, size)
    size = n if rows.sparse else size
    batches = -(-n // size)
    penalty = L2(_alpha(estimator, settings, weight, False) / 2 / batches, per_batch=True)
    plan = compile_training(plan, parameters, loss, [penalty], SGD())
    engine = executor(settings.engine, settings.n_threads, plan, parameters, rows, targets, size, network.key)
    shares = _shares(None if targets.by_rows else targets.weights, n, size)
    network.loss, network.scaling = loss, scaler
    network.choose_engine(settings.engine)
    network.input_range = range_of(data, network.input_range)
    theta, grad = parameters.theta, parameters.grad

    def objective(x: Array) -> tuple[float, Array]:
        """Return the loss and its gradient; infinity, from which the line search steps back, if not finite."""
        np.copyto(theta, x, casting="same_kind")
        gradient = np.zeros(theta.size)
        engine.begin_epoch()
        for i, share in enumerate(shares):
            if not engine.gradient(i * size, min((i + 1) * size, n), 0):
                return np.inf, np.zeros(theta.size)
            gradient += share * grad
        for index in network.frozen:
            for part in parameters.slices[index].values():
                gradient[part] = 0
        row = engine.results(n)
        value = estimator._loss_value(row["loss"]) + row["penalty"]
        return (value, gradient) if math.isfinite(value) and np.isfinite(gradient).all() else (np.inf, 0 * theta)

    curve: list[float] = []

    def note(intermediate_result: Any) -> None:
        curve.append(float(intermediate_result.fun))

    start = theta.copy()
    with np.errstate(all="ignore"):
        result = minimize(
            objective,
            start.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=note,
            options={"maxfun": settings.max_fun, "maxiter": settings.max_iter, "gtol": settings.tol},
        )
        np.copyto(theta, result.x, casting="same_kind")
        if not math.isfinite(result.fun):
            np.copyto(theta, start)
            _refuse_divergence(engine, size, n)
    estimator.n_iter_, estimator.loss_ = min(int(result.nit), settings.max_iter), float(result.fun)
    estimator.loss_curve_ += curve
    estimator.best_loss_ = min(estimator.best_loss_ or np.inf, estimator.loss_)
    if not result.success:
        _warn_of_limit(f"lbfgs stopped after {result.nit} iterations ({result.message})")


def _refuse_divergence(engine: Executor, size: int, n: int) -> None:
    """Name the layer that is not finite at the weights that L-BFGS began with."""
    for first in range(0, n, size):
        if not engine.gradient(first, min(first + size, n), 0):
            layer = engine.first_bad_layer(first, min(first + size, n), 0)
            break
    else:
        layer = "the gradient"
    raise DivergenceError(
        f"lbfgs cannot begin: {layer} gave NaN or infinity with the first weights, which are kept. The inputs or "
        "targets may be large: scale them (scaling='standard', or a StandardScaler before it)",
        0,
        layer,
    )


def _shares(weights: Array | None, n: int, size: int) -> list[float]:
    """Return how much of the mean each chunk of rows makes out."""
    total = float(n if weights is None else weights.sum())
    parts = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    return [float(p.stop - p.start if weights is None else weights[p].sum()) / total for p in parts]
