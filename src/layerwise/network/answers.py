"""What a network answers: outputs, labels, probabilities, refusals; and how good they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from layerwise.data.arrays import in_form
from layerwise.data.names import target_names
from layerwise.data.rows import Rows
from layerwise.data.sample_weights import weigh_held_out
from layerwise.data.streams.opening import as_source
from layerwise.data.targets import Task, check_lengths, encode
from layerwise.data.units import check_units
from layerwise.engine import numpy_engine
from layerwise.engine.choice import evaluator, is_native
from layerwise.engine.native_engine import NativePredictor, as_read
from layerwise.engine.plan import (
    check_outputs,
    compile_training,
)
from layerwise.engine.threads import at_work, share
from layerwise.errors import DataError, NotBuiltError, warn
from layerwise.network.passes import CHUNK, Passes
from layerwise.network.refusal import is_novelty_rejected, without
from layerwise.parts.description import number
from layerwise.parts.endings import loss_for
from layerwise.parts.layers import Layer, Softmax
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.metrics import Metric, as_metrics
from layerwise.parts.scaling import Scaler
from layerwise.training.evaluation import Evaluation
from layerwise.typing import Array, ArrayLike


class Answers(Passes):
    """A network's passes, and the answers that come of them."""

    engine: str
    _predictor: NativePredictor | None

    def outputs(self, X: Any) -> Array:
        """Return the outputs of the last layer.

        Parameters
        ----------
        X : array-like of shape (n, n_in), or stream
            The samples; a stream as for `fit`, read block by block.

        Returns
        -------
        array of shape (n, n_out)
            The outputs: probabilities after `Softmax` and `Sigmoid`, otherwise numbers.

        See Also
        --------
        Network.forward : The same, keeping the activations for `backward`.
        """
        y = self._outputs_at_once(X)
        if y is not None:
            return y
        if type(X) is not np.ndarray and (source := as_source(X, needs_y=False, name="predict")) is not None:
            source.columns_wanted(self.column_names)
            parts = [self.outputs(piece.X) for piece in source.pieces(None, self.dtype)]
            if not parts:
                raise DataError("predict: the stream gave no rows; at least one block X is needed")
            return np.concatenate(parts)
        rows = self._rows(X, stays_sparse=True)
        plan, parameters = self.built()
        if self._predictor is not None or is_native(self.engine, plan):
            y = self._native_outputs_of(rows)
            if y is not None:
                return y
            # Finite rows, but sums beyond what the precision holds: NumPy passes on what becomes of them.
        return numpy_engine.outputs(plan, parameters, rows, CHUNK)

    def _outputs_at_once(self, X: ArrayLike) -> Array | None:
        """The outputs for an array that can be read as it is, without a second look; None for all else."""
        if self._predictor is None or self._predictor.sparse or not in_form(X) or X.ndim != 2 or not len(X):
            return None
        if X.dtype not in (self.dtype, np.uint8) or X.shape[1] != self._predictor.plan.n_in:
            return None
        own = vars(self)  # attributes that are checked when they are set are read more quickly so
        scaler = own.get("scaling") or self._scaler_for(X)
        check_units(scaler, own.get("input_range"), X)
        return self._native_outputs(X, scaler, len(X))

    def _native_outputs_of(self, rows: Rows) -> Array | None:
        if not rows.made:
            return self._native_outputs(as_read(rows), rows.scaler, len(rows), rows.sparse)
        parts = [np.arange(start, min(start + CHUNK, len(rows))) for start in range(0, len(rows), CHUNK)]
        outputs = [self._native_outputs(rows.raw(part), rows.scaler, len(part)) for part in parts]
        whole = [y for y in outputs if y is not None]
        return np.concatenate(whole) if len(whole) == len(parts) else None

    def _native_outputs(self, X: Any, scaler: Scaler | None, n: int, sparse: bool = False) -> Array | None:
        plan, parameters = self.built()
        if self._predictor is None or not self._predictor.suits(plan, parameters, scaler, sparse):
            self._predictor = NativePredictor(plan, parameters, scaler, sparse)
        if n == 1:
            return self._predictor(X, n, 1)
        with at_work():
            return self._predictor(X, n, share())

    @property
    def threshold(self) -> float:
        """The output above which `predict` answers yes, for a network with yes-or-no outputs. By default 0.5.

        `predict`, `evaluate`, the model file and every export use it.

        Examples
        --------
        >>> import layerwise as lw
        >>> net = lw.Network([lw.Dense(1, weights=[[1.0]]), lw.Sigmoid()])
        >>> _ = net.fit([[-9.0], [9.0]], [0, 1], epochs=1, verbose=False)
        >>> net.threshold = 0.3
        >>> net.predict([[-1.5], [-0.5]]).tolist()
        [0, 1]
        """
        return self._task.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        if self.task is None:
            raise NotBuiltError("threshold: the network has not learned what it answers; call fit(X, y) first")
        self.task = self.task.with_threshold(value, self.built()[0].n_out, kept=True)

    @property
    def _task(self) -> Task:
        return self.task or Task("classification" if self.ends_in_softmax else "regression")

    def predict(
        self,
        X: Any,
        *,
        threshold: float | None = None,
        min_confidence: float | None = None,
        reject_novel: bool = False,
        refuse_unfamiliar: bool | None = None,
    ) -> Array:
        """Predict labels or numbers.

        Parameters
        ----------
        X : array-like of shape (n, n_in), or stream
            The samples; a stream as for `fit`, read block by block.
        threshold : float, optional
            For yes-or-no outputs: predict yes if the output is above it. By default the network's `threshold`. For two
            classes with an output each: predict the second class if its probability is above it. By default 0.5.
        min_confidence : float, optional
            Abstain if the probability of the prediction is below this, from 0 to 1.
        reject_novel : bool, default=False
            Abstain for rows unlike the training data. Needs a call of `layerwise.learn_novelty` before.
        refuse_unfamiliar : bool, optional
            The former name of `reject_novel`.

        Returns
        -------
        array of shape (n,) or (n, n_out)
            Labels; or 0 and 1 for each of several yes-or-no outputs; or numbers, in the shape of the y in training.
            With `min_confidence` or `reject_novel` a masked array: ``mask`` is True where the network abstains, and
            ``filled()`` has -1, NaN, "" or None there.

        Raises
        ------
        DataError
            `min_confidence` or `threshold` is given for a regression, or `reject_novel` before
            `layerwise.learn_novelty`.

        Examples
        --------
        >>> import layerwise as lw
        >>> net = lw.Network([lw.Dense(2, weights=[[0.0, 1.0]]), lw.Softmax()])
        >>> net.predict([[-3.0], [0.5]])
        array([0, 1])
        >>> net.predict([[-3.0], [0.5]], min_confidence=0.9).filled()
        array([ 0, -1])
        """
        reject_novel = is_novelty_rejected(reject_novel, refuse_unfamiliar)
        task = self._task if threshold is None else self._task.with_threshold(threshold, self.built()[0].n_out)
        if min_confidence is None and not reject_novel:
            return task.answers(self.outputs(X))
        if min_confidence is None:
            answers = task.answers(self.outputs(X))
            refused = np.zeros(answers.shape, bool)
        else:
            least = number("predict", "min_confidence", min_confidence, least=0)
            if least > 1:
                raise DataError(f"predict: min_confidence must be a probability, 0 to 1; got {min_confidence!r}")
            self._check_probabilities("min_confidence")
            y = self.outputs(X)
            answers, refused = task.answers(y), task.confidence(y, self.ends_in_softmax) < least
        if reject_novel:
            refused |= self.is_novel(X).reshape(-1, *[1] * (refused.ndim - 1))
        return without(answers, refused, task.classes)

    def is_familiar(self, X: ArrayLike) -> Array:
        """Return the negation of `is_novel`. This is the former name of that method.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.

        Returns
        -------
        array of bool of shape (n,)
            True for samples like the training data.
        """
        warn("Network.is_familiar is now is_novel, its opposite", FutureWarning)
        return ~self.is_novel(X)

    def is_novel(self, X: ArrayLike) -> Array:
        """Return which samples are unlike the training data.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.

        Returns
        -------
        array of bool of shape (n,)
            True for samples unlike the training data.

        Raises
        ------
        DataError
            `layerwise.learn_novelty` was not called before.
        """
        if self.novelty is None:
            raise DataError(
                "the network does not know what its training data look like: call "
                "lw.learn_novelty(network, X_train, X_held_out) once, and save it again"
            )
        rows = self._rows(X)
        parts = (rows.span(i, min(i + CHUNK, len(rows))) for i in range(0, len(rows), CHUNK))
        return np.concatenate([self.novelty.is_novel(part) for part in parts])

    def predict_proba(self, X: Any) -> Array:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_in), or stream
            The samples; a stream as for `fit`, read block by block.

        Returns
        -------
        array of shape (n, n_classes) or (n, n_out)
            The probability of each class, in the order of `task.classes`; or of yes for each of several yes-or-no
            outputs. If each class has a sigmoid of its own, their outputs are divided by their sum, as in scikit-learn.

        Raises
        ------
        DataError
            The last layer does not give probabilities, or the network was trained for regression.
        """
        self._check_probabilities("predict_proba")
        return self._shares(self.outputs(X))

    def _check_probabilities(self, owner: str) -> None:
        last = self._ending()
        if self.task is not None and self.task.kind == "regression":
            raise DataError(f"{owner} needs classes, but the network was trained on numbers; use predict(X)")
        if last.gives == "values":
            raise DataError(
                f"{owner} needs probabilities, but the network ends with {last!r}; "
                "end with Softmax() or Sigmoid(), or use outputs(X) for the raw numbers"
            )

    def _shares(self, y: Array) -> Array:
        """The outputs y as probabilities of classes, or of each yes."""
        return (self.task or Task("classification")).shares(y, self.ends_in_softmax)

    def _ending(self) -> Layer:
        """The last layer that takes part in prediction."""
        return next(layer for layer in reversed(self.layers) if not layer.draws)

    @property
    def ends_in_softmax(self) -> bool:
        """Whether the outputs are the probabilities of classes."""
        return isinstance(self._ending(), Softmax)

    def choose_loss(self, loss: Loss | str | Callable[..., Any] | None = None, task: str | None = None) -> Loss:
        """The loss asked for, or the network's own, or the one that suits the last layer."""
        if loss is not None:
            return as_loss(loss)
        if self.loss is not None:
            return self.loss
        return loss_for(self._ending(), task)

    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> Array:
        """Return prediction intervals of numbers, by split conformal prediction.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.
        coverage : float, default=0.9
            The probability with which a target lies in its interval, for samples like those held out.

        Returns
        -------
        array of shape (n, 2) or (n, n_out, 2)
            The lower and the upper end: the prediction minus and plus a quantile of the absolute errors on held-out
            samples.

        Raises
        ------
        DataError
            ``layerwise.trust.intervals.learn_intervals`` was not called, had too few samples for this coverage, or the
            network was trained since.
        """
        if self.intervals is None:
            raise DataError(
                "the network does not know how far off it is: call learn_intervals(X_held_out, y_held_out) of its "
                "MLPRegressor, or layerwise.trust.intervals.learn_intervals(network, …), once, and save it again"
            )
        if self.intervals.steps != self.steps:
            raise DataError("the network was trained further since its errors were learned: call learn_intervals again")
        width = self.intervals.half_width(coverage)
        y = np.asarray(self.outputs(X), np.float64)
        ends = np.stack([y - width, y + width], axis=-1)
        return ends[:, 0] if self._task.flat and ends.shape[1] == 1 else ends

    def evaluate(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        loss: Loss | str | Callable[..., Any] | None = None,
        metrics: Sequence[str | Metric] | str | Metric | None = None,
    ) -> dict[str, float]:
        """Compute the loss and the metrics on held-out data.

        Parameters
        ----------
        X, y : array-like, or stream
            As for `fit`. A stream is read once, block by block.
        sample_weight : array-like of shape (n,), optional
            The weight of each sample. Loss and accuracy are weighted means, and each metric gets the weights as
            `sample_weight`.
        loss : Loss, str or function f(y, t), optional
            By default the network's loss.
        metrics : str, callable or sequence of them, optional
            As for `fit`.

        Returns
        -------
        dict of float
            ``"loss"``, ``"penalty"`` if there is one, ``"accuracy"`` for classes, and each metric by its name.

        Raises
        ------
        ShapeError, DataError
            The data or the weights do not fit, or a metric takes no weights and some are given.
        """
        if type(X) is not np.ndarray and (source := as_source(X, y, sample_weight, name="evaluate")) is not None:
            from layerwise.network.streaming import evaluate

            return evaluate(self, source, self.choose_loss(loss), as_metrics(metrics))
        if y is None:
            raise DataError(
                "evaluate: y must be an array; got NoneType: give evaluate(X, y), or a stream of blocks (X, y)"
            )
        chosen = self.choose_loss(loss).for_columns(target_names(y) or self._task.columns)
        rows = self._rows(X, stays_sparse=True)
        plan, parameters = self.built()
        check_outputs(plan, chosen)
        plan = compile_training(plan, parameters, chosen, self.penalties)
        targets = encode(y, plan.n_out, chosen, self.dtype, self.task)
        check_lengths(rows.X, targets)
        weigh_held_out(targets, sample_weight)
        made = evaluator(self.engine, None, plan, parameters, rows, targets, CHUNK)
        with at_work():
            return Evaluation(made, as_metrics(metrics)).row()
