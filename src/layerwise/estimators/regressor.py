"""MLPRegressor: scikit-learn's by name, parameters, attributes and results, and what its users asked for."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from layerwise.data.arrays import is_sparse
from layerwise.data.columns import decimal_comma, hint_of_text
from layerwise.data.targets import Task
from layerwise.estimators import building, held_out
from layerwise.estimators.base import BaseMLP
from layerwise.parts import metrics
from layerwise.parts.endings import takes_standardized_targets
from layerwise.parts.losses import Loss, Poisson, QuadraticCost
from layerwise.trust.intervals import learn_intervals
from layerwise.typing import Array


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """A multi-layer perceptron that predicts numbers: scikit-learn's ``MLPRegressor``, and more.

    Changing the import is all that a program needs: parameters, attributes and methods are scikit-learn's, and the same
    ``random_state`` gives the same network, epoch by epoch. X may be dense or sparse, a pandas or Polars frame.

    Parameters
    ----------
    loss : str or Loss
        ``"squared_error"`` (half of it), ``"poisson"`` (with outputs eˣ, for counts and rates), ``"absolute_error"``,
        ``"huber"``, ``"quantile"``, another of layerwise's by name, or a `Loss`, also a custom one.
    hidden_layer_sizes : sequence of int or "auto"
        The number of neurons in each hidden layer; "auto" is (100,). Here and below, "auto" is scikit-learn's default,
        or, with a `preset`, the preset's value.
    activation : str, Activation, or a sequence with one for each hidden layer
        ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, or any other of layerwise's by name or instance;
        "auto" is "relu".
    solver : {"adam", "sgd", "lbfgs"}
        Adam (Kingma and Ba 2015), stochastic gradient descent, or SciPy's L-BFGS-B on all samples at once.
    alpha : float or "auto"
        The strength of the L2 penalty on the weights: alpha / 2 · Σ w², divided by the batch's samples; "auto" is
        0.0001.
    batch_size : int or "auto"
        Samples a step; "auto" is min(200, samples).
    learning_rate : {"constant", "invscaling", "adaptive"}
        For ``solver="sgd"``: constant; init / (t + 1)^power_t after each epoch, t the samples seen; or a fifth of it
        each time that there was no improvement.
    learning_rate_init : float or "auto"
        The learning rate at first; "auto" is 0.001.
    power_t : float
        The exponent of "invscaling".
    max_iter : int or "auto"
        The most epochs; for "lbfgs" the most iterations; "auto" is 200.
    shuffle : bool
        A new order of the samples each epoch.
    random_state : int, RandomState or None
        For first weights, split, shuffles, dropout and augmentation.
    tol : float
        What counts as an improvement of the loss, or of the score where it stops early; for "lbfgs" the gradient's
        largest component at which it stops.
    verbose : bool
        A progress bar, or lines where the output is not a terminal.
    warm_start : bool
        A second ``fit`` goes on from the present weights.
    momentum, nesterovs_momentum : float, bool
        For ``solver="sgd"``.
    early_stopping : bool or "auto"
        Stop by the score on held-out data: a share of the training data, or `validation_data` of ``fit``. The weights
        of the best score are put back on every way out: patience, `max_iter`, Ctrl-C, divergence. "auto" is False.
        Without effect, with a warning, for ``solver="lbfgs"``, as in scikit-learn.
    validation_fraction : float or "auto"
        The share that is set aside for it; "auto" is 0.1.
    beta_1, beta_2, epsilon : float
        For ``solver="adam"``; `beta_2` "auto" is 0.999.
    n_iter_no_change : int, inf or "auto"
        The patience: epochs without improvement before it stops; "auto" is 10.
    max_fun : int
        For "lbfgs": the most evaluations of the loss.
    layers : sequence of Layer, optional
        The layers before the last dense one, in place of `hidden_layer_sizes`, `activation`, `dropout` and the norms.
    dropout : float, a sequence with one for each hidden layer, or "auto"
        The share of each hidden layer's outputs that is dropped in training; "auto" is 0.
    batch_norm, layer_norm : bool
        Normalise each hidden layer before its activation.
    scoring : str or callable, optional
        The scorer that stops early, as in scikit-learn's model selection; by default R².
    schedule : Schedule, str, function or None
        A factor of the learning rate: schedule(t, total), in epochs; see ``layerwise.parts.schedules``. "auto" is None.
    clip_norm : float, optional
        A gradient that is longer is shortened to this length.
    weight_decay : float
        Decoupled weight decay (Loshchilov and Hutter 2019), apart from `alpha`.
    ema : float, optional
        Average the weights over the steps with this decay; scores and predictions use the average.
    augmentation : Augmentation, optional
        Distort each image anew each epoch.
    scaling : Scaler or str, optional
        ``"standard"``, ``"min_max"``, ``"range"`` (pixels) or a scaler, fitted on the training data, then part of the
        network.
    callbacks : Callback or sequence of Callback, optional
        What is done at fit, epoch and step.
    engine : {"auto", "numpy", "native"}
        What executes the training.
    n_threads : int, optional
        For the native executor; by default the cores that the process may use, one in a worker process.
    dtype : {"float32", "float64"}, optional
        What is computed in; by default X's own type.
    preset : {"tabular", "tabular-best"}, optional
        Settings for tables with numeric and categorical columns and gaps, for the parameters that are "auto": those
        of a quick ensemble, or of the most accurate one; see ``docs/how-to/tables.md``.
    ensemble : int or "auto"
        How many networks are trained, side by side; "auto" is 1. Each holds out another part of the rows, if
        `early_stopping`, and keeps its epoch with the least loss on them; the mean of their scores is the answer.
        `network_` is all of them, `history_` has their mean losses; `tol` has no say.
    categorical, max_categories, exclude, kinds : optional
        With the preset: what columns are, and which are not used; see `TableEncoder`.

    Attributes
    ----------
    coefs_, intercepts_ : list of array
        Weights (n_in, n_out) and biases (n_out,) of the dense layers: views, so that writing to them changes the
        network.
    loss_, loss_curve_, best_loss_ : float, list of float, float or None
        The loss with its penalty: of the last epoch, of each, and the least (None with early stopping).
    validation_scores_, best_validation_score_ : list of float, float
        With early stopping: the score of each epoch, and the best; else None.
    n_iter_, t_ : int
        Epochs of the last fit, and samples seen.
    n_features_in_, n_layers_, n_outputs_, n_members_ : int
        Columns of X, layers with the input's, outputs, and the ensemble's networks, 1 where there is none.
    feature_names_in_ : array of str
        The columns' names, where X had any.
    out_activation_ : str
        ``"identity"`` or ``"exp"``.
    network_ : Network
        What was trained.
    history_ : History
        All that was noted, a row an epoch; ``history_["val_loss"]`` is the validation loss's curve.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from layerwise import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regr = MLPRegressor(early_stopping=True, learning_rate_init=0.01, scaling="standard", random_state=0).fit(X, y)
    >>> regr.score(X, y) > 0.4
    True
    """

    _y_numeric: ClassVar[bool] = True

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = "auto",
        activation: Any = "auto",
        *,
        solver: str = "adam",
        alpha: float | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float | str = "auto",
        power_t: float = 0.5,
        max_iter: int | str = "auto",
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | str = "auto",
        validation_fraction: float | str = "auto",
        beta_1: float = 0.9,
        beta_2: float | str = "auto",
        epsilon: float = 1e-8,
        n_iter_no_change: float | str = "auto",
        max_fun: int = 15000,
        layers: Any = None,
        dropout: Any = "auto",
        batch_norm: bool = False,
        layer_norm: bool = False,
        scoring: Any = None,
        schedule: Any = "auto",
        clip_norm: float | None = None,
        weight_decay: float = 0.0,
        ema: float | None = None,
        augmentation: Any = None,
        scaling: Any = None,
        callbacks: Any = None,
        engine: str = "auto",
        n_threads: int | None = None,
        dtype: str | None = None,
        preset: str | None = None,
        ensemble: int | str = "auto",
        categorical: Any = None,
        max_categories: int | None = None,
        exclude: Any = None,
        kinds: Any = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.layers = layers
        self.dropout = dropout
        self.batch_norm, self.layer_norm = batch_norm, layer_norm
        self.scoring = scoring
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.weight_decay = weight_decay
        self.ema = ema
        self.augmentation = augmentation
        self.scaling = scaling
        self.callbacks = callbacks
        self.engine, self.n_threads, self.dtype = engine, n_threads, dtype
        self.preset, self.ensemble = preset, ensemble
        self.categorical, self.max_categories = categorical, max_categories
        self.exclude, self.kinds = exclude, kinds

    # ---------------------------------------------------------------- fit

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation_data: tuple[Any, ...] | None = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegressor:
        """Train on X and y.

        Parameters
        ----------
        X : array, sparse matrix or frame (n, features)
            The samples.
        y : array (n,) or (n, outputs)
            The numbers to be predicted.
        sample_weight : array (n,), optional
            How much each sample counts: a batch is divided by the sum of its weights, as in scikit-learn.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data: evaluated after each epoch, and used by `early_stopping` in place of a share of X.
        X_val, y_val, sample_weight_val : array, optional
            The same one by one, as ``Pipeline(transform_input=["X_val"])`` hands them on.

        Returns
        -------
        MLPRegressor
            The estimator itself.

        Raises
        ------
        ValueError
            Data or a parameter that cannot be used; weights that did not stay finite.
        """
        self._fit(X, y, sample_weight, held_out.as_pair(validation_data, X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Go on with one epoch over these samples; all as for ``fit``."""
        self._fit(X, y, sample_weight, None, incremental=True)
        return self

    def _learn_from_held_out(self, held: held_out.HeldOut) -> None:
        if np.isfinite(self.network_.outputs(held.X)).all():
            learn_intervals(self.network_, held.X, held.y)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """Return numbers between which the target lies with a given probability: split conformal prediction.

        The errors are those on the held-out rows of `fit`: `validation_data`, or the share of `early_stopping`. These
        have chosen the best epoch too, so that the intervals are a little narrow where they are few;
        `learn_intervals` takes other rows.

        Parameters
        ----------
        X : array or frame (n, features)
            Rows.
        coverage : float
            The probability, over rows such as the held-out ones.

        Returns
        -------
        array (n, 2), or (n, outputs, 2)
            The lower and the upper end.

        Raises
        ------
        DataError
            No rows were held out, or too few.
        """
        self._fitted("predict_interval")
        ends = np.moveaxis(self.network_.predict_interval(self._check_X(X), coverage), -1, 0)
        return np.moveaxis(np.stack([self._decode(end) for end in ends]), 0, -1)

    def learn_intervals(self, X: Any, y: Any) -> MLPRegressor:
        """Learn how far off the numbers are from rows that were not learned from, for `predict_interval`."""
        self._fitted("learn_intervals")
        X, y = self._check_X_y(X, y, False)
        learn_intervals(self.network_, X, self._encode(y, False))
        return self

    def _encode(self, y: Any, define: bool) -> Array:
        values = np.asarray(y.toarray() if is_sparse(y) else y)
        if values.dtype.kind not in "biuf":
            comma = decimal_comma(values.ravel()[:100].tolist())
            hint = hint_of_text([comma]) if comma else "for labels there is MLPClassifier"
            raise ValueError(f"{type(self).__name__}: y must be numbers, got type {values.dtype}; {hint}")
        if values.ndim == 2 and values.shape[1] == 1:
            values = column_or_1d(values, warn=True)
        columns = 1 if values.ndim == 1 else values.shape[1]
        if not define and columns != self.n_outputs_:
            raise ValueError(
                f"y has {columns} columns; this {type(self).__name__} has learned to predict {self.n_outputs_}"
            )
        if define:
            self.n_outputs_ = columns
            if self.preset is not None:
                self._standardize(values)
            positive = np.maximum(values, np.finfo(np.float64).tiny)
            self._least_loss = float(np.mean(values * np.log(positive) - values))  # of Poisson, at y = t
        return values if self.preset is None else (values - self.target_mean_) / self.target_scale_

    def _standardize(self, values: Array) -> None:
        """Set mean and scale of the targets, where the loss allows them to be learned standardized."""
        if not takes_standardized_targets(building.regressor_loss(self.loss)):
            self.target_mean_, self.target_scale_ = np.zeros(()), np.ones(())
            return
        self.target_mean_, deviation = values.mean(axis=0), values.std(axis=0)
        self.target_scale_ = np.where(deviation > 0, deviation, 1.0)

    def _decode(self, y: Array) -> Array:
        return y if self.preset is None else y * self.target_scale_ + self.target_mean_

    def _task(self) -> Task:
        return Task("regression", flat=self.n_outputs_ == 1)

    def _loss_of(self, settings: SimpleNamespace, dtype: np.dtype[Any]) -> Loss:
        return building.regressor_loss(settings.loss)

    def _stratify(self, y: Array) -> Array | None:
        return None

    def _loss_value(self, loss: float) -> float:
        """Return what scikit-learn reports: half the mean over the outputs; Poisson's deviance, which is 0 at best."""
        if isinstance(self.network_.loss, Poisson):
            return loss + self._least_loss
        return loss / self.n_outputs_ if isinstance(self.network_.loss, QuadraticCost) else loss

    def _score_metric(self) -> Callable[..., float]:
        def score(t: Array, y: Array, sample_weight: Array | None = None) -> float:
            return metrics.r2_score(t, y, sample_weight) if np.isfinite(y).all() else float("nan")

        return score

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the share of the variance of y that the predictions explain: the mean of the outputs'."""
        self._check_scored(y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers, (n,) or (n, outputs)."""
        y = self._decode(self._outputs(X))
        return y[:, 0].copy() if y.shape[1] == 1 else y
