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
    """A multi-layer perceptron that tells classes apart: scikit-learn's ``MLPClassifier``, and more.

    Changing the import is all that a program needs: parameters, attributes and methods are scikit-learn's, and the same
    ``random_state`` gives the same network, epoch by epoch. X may be dense or sparse, a pandas or Polars frame.

    Parameters
    ----------
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
    loss : str or Loss
        ``"log_loss"`` (cross-entropy), another of layerwise's by name, or a `Loss`, also a custom one.
    class_weight : dict or "balanced", optional
        How much each class counts, 1 where the dict does not name it; "balanced": the rarer, the more.
    label_smoothing : float or "auto"
        The share of each target that is spread over all classes, for "log_loss"; "auto" is 0.
    layers : sequence of Layer, optional
        The layers before the last dense one, in place of `hidden_layer_sizes`, `activation`, `dropout` and the norms.
    dropout : float, a sequence with one for each hidden layer, or "auto"
        The share of each hidden layer's outputs that is dropped in training; "auto" is 0.
    batch_norm, layer_norm : bool
        Normalise each hidden layer before its activation.
    scoring : str or callable, optional
        The scorer that stops early, as in scikit-learn's model selection; by default the accuracy.
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
    classes_ : array (classes,)
        The labels, in the order of the outputs.
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
        ``"softmax"`` or ``"logistic"``.
    network_ : Network
        What was trained.
    history_ : History
        All that was noted, a row an epoch; ``history_["val_loss"]`` is the validation loss's curve.

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
        self.loss = loss
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
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
    ) -> MLPClassifier:
        """Train on X and y.

        Parameters
        ----------
        X : array, sparse matrix or frame (n, features)
            The samples.
        y : array (n,) or (n, outputs)
            A label a sample: numbers, text or booleans; or a column of 0 and 1 for each of several labels.
        sample_weight : array (n,), optional
            How much each sample counts: a batch is divided by the sum of its weights, as in scikit-learn; together
            with `class_weight`, by its rows.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data: evaluated after each epoch, and used by `early_stopping` in place of a share of X.
        X_val, y_val, sample_weight_val : array, optional
            The same one by one, as ``Pipeline(transform_input=["X_val"])`` hands them on.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            Data or a parameter that cannot be used; weights that did not stay finite.
        """
        self._fit(X, y, sample_weight, held_out.as_pair(validation_data, X_val, y_val, sample_weight_val))
        return self

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Go on with one epoch over these samples.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``.
        classes : array (classes,), optional
            All labels that will come. The first call needs them; where y has a column for each of several labels,
            they are the columns' numbers and may be left out.

        Raises
        ------
        ValueError
            Data, labels or a parameter that cannot be used, or that do not fit the calls before.
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
        """Return the label of each sample (n,), or rows of 0 and 1 (n, outputs), sparse if those of fit were.

        Parameters
        ----------
        X : array, sparse matrix or frame (n, features)
            The samples.
        min_confidence : float, optional
            No answer where the probability of the label is smaller.
        reject_novel : bool
            No answer to rows that do not look like those that ``lw.learn_novelty(clf.network_, X)`` has learned.
        refuse_unfamiliar : bool, optional
            The earlier name of `reject_novel`.

        Returns
        -------
        array
            With one of the two, a masked array, as `Network.predict` gives it.
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
        """Return the share of samples whose labels are all right, weighted where there are weights."""
        self._check_scored(y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class (n, classes), in the order of `classes_`."""
        y = self._outputs(X)
        if self.n_outputs_ == 1 and not self._multilabel:
            return np.hstack([1 - y, y])
        return y

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`; minus infinity where that is 0."""
        with np.errstate(divide="ignore"):
            log: Array = np.log(self.predict_proba(X))
        return log

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
