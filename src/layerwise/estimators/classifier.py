"""MLPClassifier: scikit-learn's by name, parameters, attributes and results, and what its users asked for."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target
from sklearn.utils.validation import check_is_fitted

from layerwise.estimators import held_out
from layerwise.estimators.classes import Classes
from layerwise.estimators.labels import (
    as_sparse,
    is_plain_labels,
    refuse_sparse_vector,
)
from layerwise.network.refusal import is_novelty_rejected, without
from layerwise.typing import Array


class MLPClassifier(ClassifierMixin, Classes):  # type: ignore[misc]
    """Multi-layer perceptron classifier.

    It has the parameters, attributes and methods of scikit-learn's ``MLPClassifier``, and more. With the same
    ``random_state`` it trains the same network. X may be dense or sparse, a pandas or a Polars data frame.

    Parameters
    ----------
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
    loss : str or Loss, default="log_loss"
        ``"log_loss"`` (cross-entropy), another loss of layerwise by name, or a `Loss`.
    class_weight : dict or "balanced", optional
        The weight of each class; 1 for classes not in the dict. "balanced" gives each class the same total weight.
    label_smoothing : float or "auto", default="auto"
        The fraction of each target that is spread over all classes, for "log_loss". "auto" is 0.
    layers : sequence of Layer, optional
        The layers before the output layer, instead of `hidden_layer_sizes`, `activation`, `dropout` and normalization.
    dropout : float, sequence with one for each hidden layer, or "auto", default="auto"
        The probability of setting an output of a hidden layer to 0 in training. "auto" is 0.
    batch_norm, layer_norm : bool, default=False
        Add `BatchNorm` or `LayerNorm` before the activation of each hidden layer.
    scoring : str or callable, optional
        The scorer for early stopping, as in scikit-learn. By default the accuracy.
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
    classes_ : array of shape (n_classes,)
        The labels, in the order of the outputs.
    threshold : float
        For two classes or several labels: `predict` answers yes if the probability is above it. By default 0.5.
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
        ``"softmax"`` or ``"logistic"``.
    network_ : Network or Ensemble
        The trained network, or all networks of an ensemble.
    history_ : History
        The recorded columns, with an entry for each epoch, such as ``history_["val_loss"]``; of an ensemble, the means.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from layerwise import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier(scaling="standard", max_iter=1000, random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Classes._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "label_smoothing": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
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
        loss: Any = "log_loss",
        class_weight: Any = None,
        label_smoothing: float | str = "auto",
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
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.solver, self.alpha, self.batch_size = solver, alpha, batch_size
        self.learning_rate, self.learning_rate_init, self.power_t = learning_rate, learning_rate_init, power_t
        self.max_iter, self.shuffle, self.random_state = max_iter, shuffle, random_state
        self.tol, self.verbose, self.warm_start = tol, verbose, warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.max_fun = n_iter_no_change, max_fun
        self.loss, self.class_weight, self.label_smoothing = loss, class_weight, label_smoothing
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
    ) -> MLPClassifier:
        """Fit the network to the samples X and the targets y.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, n_features)
            The samples.
        y : array-like of shape (n,) or (n, n_outputs)
            The labels: numbers, text or booleans; or a column of 0 and 1 for each of several labels.
        sample_weight : array-like of shape (n,), optional
            The weight of each sample. The loss of a batch is divided by the sum of its weights, as in scikit-learn;
            with `class_weight`, by the number of its rows.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data, evaluated after each epoch and used for early stopping.
        X_val, y_val, sample_weight_val : array-like, optional
            The same as separate arguments, as ``Pipeline(transform_input=["X_val"])`` passes them.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            A parameter or the data cannot be used, or the loss became NaN or infinite.
        """
        self._fit(X, y, sample_weight, held_out.as_pair(validation_data, X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Update the network with one epoch over the given samples.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that can occur. Required in the first call, except for several labels with a column each.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            A parameter or the data cannot be used, or do not fit the calls before.
        """
        if not hasattr(self, "network_"):
            self._forget_classes()
        refuse_sparse_vector(y)
        if not is_plain_labels(y) and type_of_target(y).startswith("multilabel"):
            self._check_columns(y if hasattr(y, "shape") else np.asarray(y), classes)
        elif _check_partial_fit_first_call(self, classes):
            self._set_classes(np.asarray(classes))
        self._fit(X, y, sample_weight, None, incremental=True)
        return self

    def _score_metric(self) -> Callable[..., float]:
        def score(t: Array, y: Array, sample_weight: Array | None = None) -> float:
            right = t == y if t.ndim == 1 else (t == y).all(axis=1)
            return float(np.average(right, weights=sample_weight))

        return score

    # ---------------------------------------------------------------- answers

    def predict(
        self,
        X: Any,
        *,
        min_confidence: float | None = None,
        reject_novel: bool = False,
        refuse_unfamiliar: bool | None = None,
    ) -> Array:
        """Predict the label of each sample.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, n_features)
            The samples.
        min_confidence : float, optional
            Abstain if the probability of the label is below this.
        reject_novel : bool, default=False
            Abstain for samples unlike those given to ``layerwise.learn_novelty(clf.network_, X)``.
        refuse_unfamiliar : bool, optional
            The former name of `reject_novel`.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            The labels, sparse if those of `fit` were. A masked array if it may abstain, as from `Network.predict`.
        """
        reject_novel = is_novelty_rejected(reject_novel, refuse_unfamiliar)
        if min_confidence is None and not reject_novel:
            labels = self._labels(self._outputs(X))
            return as_sparse(labels) if getattr(self, "_sparse_labels", False) else labels
        check_is_fitted(self)
        rows = self._check_X(X)
        given = self.network_.predict(rows, min_confidence=min_confidence, reject_novel=reject_novel)
        return without(self._labels(self.network_.outputs(rows)), np.ma.getmaskarray(given), self.classes_)

    def _labels(self, y: Array) -> Array:
        if self._multilabel:
            return (y > self.network_.threshold).astype(np.intp)
        chosen = y.argmax(axis=1) if self.n_outputs_ > 1 else (y[:, 0] > self.network_.threshold).astype(np.intp)
        labels: Array = self.classes_[np.minimum(chosen, len(self.classes_) - 1)]
        return labels

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the fraction of samples whose labels are all predicted correctly, weighted if weights are given."""
        self._check_scored(y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, n_features)
            The samples.

        Returns
        -------
        array of shape (n, n_classes)
            The probabilities, in the order of `classes_`.
        """
        y = self._outputs(X)
        if self.n_outputs_ == 1 and not self._multilabel:
            return np.hstack([1 - y, y])
        return y

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`, (n, n_classes); minus infinity where the probability is 0."""
        with np.errstate(divide="ignore"):
            log: Array = np.log(self.predict_proba(X))
        return log

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
