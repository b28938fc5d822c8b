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
        """The raw outputs (n, n_out) for any number of rows, in batches; `forward` without its memory.

        X may be a stream, as `fit` takes it: blocks are read one after another.
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
        """The output above which `predict` answers yes, for a network that answers yes or no; 0.5 until it is set.

        It is part of the network: `predict`, `evaluate`, the model file and every export have it.

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
        """The answers: labels (n,), yes/no answers (n, n_out), or numbers in the form of the training's y.

        Parameters
        ----------
        X : array (n, n_in), or stream
            The samples. Blocks of a stream are read one after another.
        threshold : float, optional
            Of yes or no: above what an output is a yes; by default the network's own `threshold`. Of two classes with
            an output each: above what probability it is the second, by default 0.5.
        min_confidence : float, optional
            No answer where the probability of the answer is smaller.
        reject_novel : bool
            No answer to rows that do not look like the training data; `lw.learn_novelty` must have learned them.
        refuse_unfamiliar : bool, optional
            The earlier name of `reject_novel`.

        Returns
        -------
        array
            With one of the two, a masked array: ``answers.mask`` is true where there is no answer, and
            ``answers.filled()`` has -1, NaN, "" or None there. ``(answers == y).mean()`` is the accuracy of those
            given.

        Raises
        ------
        DataError
            A confidence or a threshold is asked of numbers, or what the training data look like was never learned.
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
        """Return the opposite of `is_novel`, under its earlier name."""
        warn("Network.is_familiar is now is_novel, its opposite", FutureWarning)
        return ~self.is_novel(X)

    def is_novel(self, X: ArrayLike) -> Array:
        """Whether each row looks unlike the training data, (n,) of bool.

        Raises
        ------
        DataError
            What they look like was never learned.
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
        """The probability of each class (n, classes), or of each yes (n, n_out) where there are several.

        Outputs of several sigmoids, one a class, are divided by their sum, as in scikit-learn.

        Raises
        ------
        DataError
            The network does not end with probabilities.
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
        """Return an interval for each target, in which it lies with a given probability.

        The method is split conformal prediction.

        Parameters
        ----------
        X : array (n, n_in)
            Rows such as those that the errors were learned from.
        coverage : float
            The probability, over such rows.

        Returns
        -------
        array (n, 2), or (n, n_out, 2)
            The lower and the upper end, as far from the prediction as the errors on held-out rows were.

        Raises
        ------
        DataError
            No errors were learned, or of too few rows, or the network was trained further since.
        """
        if self.intervals is None:
            raise DataError(
                "the network does not know how far off it is: call layerwise.trust.intervals.learn_intervals(network, "
                "X_held_out, y_held_out) once, and save it again"
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
        """Loss, penalty, accuracy (for classes) and metrics on held-out data, by name.

        Parameters
        ----------
        X, y : array, or stream
            As for `fit`. A stream is read once, block by block.
        sample_weight : array (n,), optional
            How much each sample counts: loss and accuracy are means by these weights, divided by their sum, and each
            metric gets them as `sample_weight`.
        loss : Loss, str or function f(y, t), optional
            By default the network's own.
        metrics : str, function or sequence of them, optional
            As for `fit`.

        Raises
        ------
        ShapeError, DataError
            Data or weights that do not fit, or a metric that takes no weights where there are some.
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
