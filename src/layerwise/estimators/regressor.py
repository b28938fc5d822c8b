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
    """Multi-layer perceptron regressor.

    It has the parameters, attributes and methods of scikit-learn's ``MLPRegressor``, and more. With the same
    ``random_state`` it trains the same network. X may be dense or sparse, a pandas or a Polars data frame.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        ``"squared_error"`` (half of it), ``"poisson"`` (with outputs eˣ, for counts and rates), ``"absolute_error"``,
        ``"huber"``, ``"quantile"``, another loss of layerwise by name, or a `Loss`.
    hidden_layer_sizes : sequence of int or "auto", default="auto"
        The number of units of each hidden layer. "auto" is (100,). For all parameters, "auto" is scikit-learn's default
        or, with a `preset`, the value of the preset.
    activation : str, Activation or sequence with one for each hidden layer, or "auto", default="auto"
        ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"`` or any activation of layerwise by name or as an instance.
        "auto" is "relu".
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam (Kingma and Ba 2015), stochastic gradient descent, or L-BFGS-B of SciPy on all samples at once.
    alpha : float or "auto", default="auto"
        The strength of the L2 penalty: alpha / 2 · Σ w², divided by the number of samples of the batch. "auto" is
        0.0001.
    batch_size : int or "auto", default="auto"
        The number of samples in a step. "auto" is min(200, n).
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        With ``solver="sgd"``: constant; learning_rate_init / (t + 1)^power_t after each epoch, with t the samples seen;
        or divided by 5 each time that `n_iter_no_change` epochs bring no improvement.
    learning_rate_init : float or "auto", default="auto"
        The initial learning rate. "auto" is 0.001.
    power_t : float, default=0.5
        The exponent for "invscaling".
    max_iter : int or "auto", default="auto"
        The maximum number of epochs, or of iterations of "lbfgs". "auto" is 200.
    shuffle : bool, default=True
        Shuffle the samples in each epoch.
    random_state : int, RandomState or None
        The seed of first weights, validation split, shuffling, dropout and augmentation.
    tol : float, default=0.0001
        The smallest improvement of the loss, or of the score with early stopping, that counts. With "lbfgs", stop where
        the largest component of the gradient is below it.
    verbose : bool, default=False
        Show a progress bar, or lines if the output is not a terminal.
    warm_start : bool, default=False
        Let a further call of ``fit`` continue from the present weights.
    momentum, nesterovs_momentum : float, bool, default=0.9, True
        With ``solver="sgd"``: the momentum, and whether it is Nesterov's.
    early_stopping : bool or "auto", default="auto"
        Stop when the score on held-out data does not improve: a fraction of the training data, or the `validation_data`
        of ``fit``. The best weights are restored, also after `max_iter`, Ctrl-C or divergence. "auto" is False. Ignored
        with a warning for ``solver="lbfgs"``, as in scikit-learn.
    validation_fraction : float or "auto", default="auto"
        The fraction held out for early stopping. "auto" is 0.1.
    beta_1, beta_2, epsilon : float, default=0.9, "auto", 1e-08
        With ``solver="adam"``: the parameters of `Adam`. For `beta_2`, "auto" is 0.999.
    n_iter_no_change : int, inf or "auto", default="auto"
        Stop after this many epochs without improvement. "auto" is 10.
    max_fun : int, default=15000
        The maximum number of evaluations of the loss by "lbfgs".
    layers : sequence of Layer, optional
        The layers before the output layer, instead of `hidden_layer_sizes`, `activation`, `dropout` and normalization.
    dropout : float, sequence with one for each hidden layer, or "auto", default="auto"
        The probability of setting an output of a hidden layer to 0 in training. "auto" is 0.
    batch_norm, layer_norm : bool, default=False
        Add `BatchNorm` or `LayerNorm` before the activation of each hidden layer.
    scoring : str or callable, optional
        The scorer for early stopping, as in scikit-learn. By default R².
    schedule : Schedule, str, callable or None, default="auto"
        A factor of the learning rate: one of `layerwise.schedules`, or a function schedule(t, total) of epochs. "auto"
        is None.
    clip_norm : float, optional
        The maximum norm of the gradient. A larger gradient is scaled down to it.
    weight_decay : float, default=0.0
        Decoupled weight decay (Loshchilov and Hutter 2019), in addition to `alpha`.
    ema : float, optional
        The decay of a moving average of the weights over the steps, which is then used for scores and predictions.
    augmentation : Augmentation, optional
        Random changes of images in each epoch.
    scaling : Scaler or str, optional
        ``"standard"``, ``"min_max"``, ``"range"`` (for pixels) or a scaler. It is fitted on the training data and then
        is a part of the network.
    callbacks : Callback or sequence of Callback, optional
        Objects that are called during training.
    engine : {"auto", "numpy", "native"}, default="auto"
        The engine of the training, as for `Network.fit`.
    n_threads : int, optional
        The number of threads of the native engine. By default one for each available core, and one in a worker process.
    dtype : {"float32", "float64"}, optional
        The type in which the network computes. By default that of X.
    preset : {"tabular", "tabular-best"}, optional
        Settings for tables with numeric and categorical columns and missing values, for all parameters that are "auto":
        a small ensemble that trains fast, or a larger and more accurate one.
    ensemble : int or "auto", default="auto"
        The number of networks, trained in parallel; their mean output is the prediction. With `early_stopping` each
        holds out other rows and keeps the epoch with the least loss on them; `tol` is ignored. "auto" is 1.
    categorical, max_categories, exclude, kinds : optional
        With a `preset`: what the columns are and which to use, as for `TableEncoder`.

    Attributes
    ----------
    coefs_, intercepts_ : list of array
        The weights (n_in, n_out) and biases (n_out,) of the dense layers. Writing to them changes the network.
    loss_, loss_curve_, best_loss_ : float, list of float, float or None
        The loss with its penalty: of the last epoch, of each epoch, and the least (None with early stopping).
    validation_scores_, best_validation_score_ : list of float, float
        With early stopping: the score of each epoch, and the best. Otherwise None.
    n_iter_, t_ : int
        The number of epochs of the last fit, and of samples seen.
    n_features_in_, n_layers_, n_outputs_, n_members_ : int
        The number of columns of X, of layers including input and output, of outputs, and of networks in the ensemble.
    feature_names_in_ : array of str
        The column names of X, if it has any.
    out_activation_ : str
        ``"identity"`` or ``"exp"``.
    network_ : Network or Ensemble
        The trained network, or all networks of an ensemble.
    history_ : History
        The recorded columns, with an entry for each epoch, such as ``history_["val_loss"]``; of an ensemble, the means.

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
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.solver, self.alpha, self.batch_size = solver, alpha, batch_size
        self.learning_rate, self.learning_rate_init, self.power_t = learning_rate, learning_rate_init, power_t
        self.max_iter, self.shuffle, self.random_state = max_iter, shuffle, random_state
        self.tol, self.verbose, self.warm_start = tol, verbose, warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.max_fun = n_iter_no_change, max_fun
        self.layers, self.dropout = layers, dropout
        self.batch_norm, self.layer_norm = batch_norm, layer_norm
        self.scoring, self.schedule, self.clip_norm = scoring, schedule, clip_norm
        self.weight_decay, self.ema = weight_decay, ema
        self.augmentation, self.scaling, self.callbacks = augmentation, scaling, callbacks
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
        """Fit the network to the samples X and the targets y.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, n_features)
            The samples.
        y : array-like of shape (n,) or (n, n_outputs)
            The targets.
        sample_weight : array-like of shape (n,), optional
            The weight of each sample. The loss of a batch is divided by the sum of its weights, as in scikit-learn.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data, evaluated after each epoch and used for early stopping.
        X_val, y_val, sample_weight_val : array-like, optional
            The same as separate arguments, as ``Pipeline(transform_input=["X_val"])`` passes them.

        Returns
        -------
        MLPRegressor
            The estimator itself.

        Raises
        ------
        ValueError
            A parameter or the data cannot be used, or the loss became NaN or infinite.
        """
        self._fit(X, y, sample_weight, held_out.as_pair(validation_data, X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Update the network with one epoch over the given samples; parameters and result are those of `fit`."""
        self._fit(X, y, sample_weight, None, incremental=True)
        return self

    def _learn_from_held_out(self, held: held_out.HeldOut) -> None:
        if np.isfinite(self.network_.outputs(held.X)).all():
            learn_intervals(self.network_, held.X, held.y)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """Return prediction intervals, by split conformal prediction.

        They use the errors on the held-out samples of `fit`: `validation_data`, or the fraction for early stopping. The
        best epoch was chosen on these samples, so with few of them the intervals are slightly narrow; `learn_intervals`
        uses other samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n, n_features)
            The samples.
        coverage : float, default=0.9
            The probability with which a target lies in its interval, for samples like those held out.

        Returns
        -------
        array of shape (n, 2) or (n, n_outputs, 2)
            The lower and the upper end.

        Raises
        ------
        DataError
            No samples were held out, or too few for this coverage.
        """
        self._fitted("predict_interval")
        ends = np.moveaxis(self.network_.predict_interval(self._check_X(X), coverage), -1, 0)
        return np.moveaxis(np.stack([self._decode(end) for end in ends]), 0, -1)

    def learn_intervals(self, X: Any, y: Any) -> MLPRegressor:
        """Measure the errors on samples that the network was not trained on, for `predict_interval`.

        Parameters
        ----------
        X, y : array-like
            The samples and their targets.

        Returns
        -------
        MLPRegressor
            The estimator itself.
        """
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
        """Return the coefficient of determination R², averaged over the outputs, weighted if weights are given."""
        self._check_scored(y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict(self, X: Any) -> Array:
        """Predict the target of each sample.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, n_features)
            The samples.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            The predictions.
        """
        y = self._decode(self._outputs(X))
        return y[:, 0].copy() if y.shape[1] == 1 else y
