"""Network: what a user holds. A thin face over the plan, the training, the executor and the model file."""

from __future__ import annotations

import copy
import os
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import layerwise
from layerwise import files as storage
from layerwise.data.arrays import as_batch, in_form, read_array
from layerwise.data.augmentation import Augmentation
from layerwise.data.familiarity import Familiarity
from layerwise.data.names import named_columns, names_of, target_names
from layerwise.data.philox import WEIGHTS, Philox, generator
from layerwise.data.rows import AugmentedRows, Rows, check_rows, rows_of
from layerwise.data.sample_weights import SampleWeights, of_evaluation, weigh, weigh_held_out
from layerwise.data.shuffling import CustomOrder, check_shuffle, draw_order
from layerwise.data.splitting import as_share, hold_out
from layerwise.data.targets import Targets, Task, check_lengths, check_two_classes, encode
from layerwise.data.tasks import asked_task
from layerwise.data.units import Range, check_units, pixel_scaler, range_of
from layerwise.engine import numpy_engine
from layerwise.engine.choice import check_engine, evaluator, executor, is_native
from layerwise.engine.contract import check_layer, check_loss
from layerwise.engine.native_engine import NativePredictor, as_read
from layerwise.engine.plan import (
    Plan,
    check_dtype,
    check_layers,
    check_outputs,
    check_training,
    compile_layers,
    compile_training,
)
from layerwise.engine.sparse import rows_for
from layerwise.engine.threads import share
from layerwise.engine.workspace import Batch, Workspace
from layerwise.errors import DataError, NotBuiltError, ShapeError
from layerwise.network import summary
from layerwise.network.refusal import without
from layerwise.network.resuming import as_allowed, begin_anew, newest_checkpoint
from layerwise.network.settings import describe_call
from layerwise.parts.description import Attribute, number, whole_number
from layerwise.parts.endings import loss_for
from layerwise.parts.layers import Layer, Softmax
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.metrics import Metric, as_metrics, check_weighted
from layerwise.parts.optimizers import Adam, Optimizer, as_optimizer
from layerwise.parts.parameters import Parameters, assign, read_values
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.parts.scaling import Scaler, as_scaler
from layerwise.parts.schedules import Function, Schedule, as_schedule
from layerwise.training.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    ExponentialMovingAverage,
    GradientClip,
    History,
    Progress,
    TensorBoard,
    as_callbacks,
)
from layerwise.training.evaluation import TRAIN, VALIDATION, Evaluation, watches_training
from layerwise.training.loop import Training
from layerwise.typing import Array, ArrayLike

CHUNK = 1024  # rows computed together where no gradient is needed


class Network:
    """A stack of layers.

    Parameters
    ----------
    layers : sequence of Layer
        First to last. How many inputs each has is inferred from the data.
    random_state : int, optional
        The seed of everything random: first weights, shuffling, dropout. None draws one.
    dtype : {"float32", "float64"}
        What the network computes in.
    scaling : Scaler or str, optional
        ``"standard"``, ``"min_max"``, ``"range"`` or a scaler: fitted on the training data, then part of the
        network. Without one, uint8 pixels are scaled from 0…255 to 0…1 and all other data taken as they are.

    Attributes
    ----------
    loss, optimizer, penalties
        What the network was last trained with.
    frozen : frozenset of int
        The layers that `freeze` keeps as they are.
    task : Task, optional
        What it was trained to answer: classes, yes/no answers or numbers.
    input_range : (float, float), optional
        The least and the greatest value of all X that it was trained on, before scaling.
    steps : int
        How many training steps it has made.
    engine : {"auto", "numpy"}
        What evaluates and predicts: NumPy if the newest fit asked for it. Model files do not keep it.
    history : History, optional
        Of the newest fit.
    last_fit : dict
        How that was called, in numbers and names; empty before the first.
    columns : list of dict, optional
        ``{"name": …, "kind": "number"}`` for each column of X, where it came with names in `fit`. Frames of later calls
        must have the same names in the same order; arrays, which have none, are taken as they are. None forgets them.
    notes : dict
        Whatever shall be kept in the model file beside the network.
    familiarity : Familiarity, optional
        What the training data look like, once `lw.familiarize` has learned it.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, optimizer=lw.Adam(0.05), epochs=300, batch_size=300, verbose=False)
    >>> net.evaluate(X, y)["accuracy"] > 0.8
    True
    """

    layers = Attribute(check_layers, "make a new Network of the other layers")
    dtype = Attribute(check_dtype, "make a new Network with dtype=, and give it get_parameters()")
    scaling = Attribute(as_scaler)
    loss = Attribute(lambda value: None if value is None else as_loss(value))
    optimizer = Attribute(lambda value: None if value is None else as_optimizer(value))
    penalties = Attribute(lambda value: as_penalties("penalties", value) or ())

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        random_state: int | None = None,
        dtype: str | np.dtype[Any] | type = "float32",
        scaling: Scaler | str | None = None,
    ) -> None:
        self.layers, self.dtype = layers, dtype
        drawn = secrets.randbits(63) if random_state is None else random_state
        self.seed = whole_number("Network", "random_state", drawn, least=0)
        self.random_state = None if random_state is None else self.seed
        self.scaling = copy.deepcopy(as_scaler(scaling))
        self.plan: Plan | None = None
        self.parameters: Parameters | None = None
        self.loss = self.optimizer = None
        self.penalties = ()
        self.task: Task | None = None
        self.input_range: Range | None = None
        self.frozen: frozenset[int] = frozenset()
        self.steps = 0
        self.history: History | None = None
        self.last_fit: dict[str, Any] = {}
        self.columns: list[dict[str, Any]] | None = None
        self.notes: dict[str, Any] = {}
        self.familiarity: Familiarity | None = None
        self._forward: tuple[Batch, Array] | None = None
        self._draws = 0  # of masks, by `forward` since the newest fit
        self._predictor: NativePredictor | None = None
        self.engine = "auto"
        given = getattr(getattr(self.layers[0], "weights", None), "values", None)
        if given is not None and given.ndim == 2:
            self.build(given.shape[0])

    # ---------------------------------------------------------------- parameters

    def build(self, n_in: int) -> Network:
        """Make and draw the parameters for samples of `n_in` inputs; `fit` and `forward` do it by themselves."""
        plan = compile_layers(self.layers, whole_number("Network.build", "n_in", n_in, least=1))
        if self.parameters is not None:
            if plan.n_in != self.built()[0].n_in:
                raise ShapeError(f"the network takes {self.built()[0].n_in} inputs; got {n_in}")
            return self
        parameters = Parameters([s.layer.parameter_shapes(s.n_in) for s in plan.stages], self.dtype)
        for stage, p in zip(plan.stages, parameters.p, strict=True):
            try:
                stage.layer.initialize(p, generator(self.seed, WEIGHTS, stage.index))
            except ShapeError as error:
                raise ShapeError(f"{stage}, with {stage.n_in} inputs: {error}") from None
            check_layer(stage, p)
        self.plan, self.parameters = plan, parameters
        return self

    def built(self) -> tuple[Plan, Parameters]:
        """The plan and the parameters.

        Raises
        ------
        NotBuiltError
            The sizes are not known yet.
        """
        if self.plan is None or self.parameters is None:
            raise NotBuiltError(
                "the network's sizes are not known yet: call fit or forward with data, or build(n_in), first"
            )
        return self.plan, self.parameters

    @property
    def theta(self) -> Array:
        """All weights and biases as one vector; writing to it changes the network."""
        return self.built()[1].theta

    @theta.setter
    def theta(self, values: ArrayLike) -> None:
        assign(self.built()[1].theta, values, "theta")

    @property
    def grad(self) -> Array:
        """The newest gradients, as one vector like `theta`."""
        return self.built()[1].grad

    @grad.setter
    def grad(self, values: ArrayLike) -> None:
        assign(self.built()[1].grad, values, "grad")

    def get_parameters(self, layer: int | None = None) -> list[Array]:
        """Copies of all weights and biases: W1, b1, W2, b2, …

        Parameters
        ----------
        layer : int, optional
            Those of this layer alone, from 0; negative numbers count from the last.

        Raises
        ------
        ShapeError
            There is no such layer, or it has nothing to learn.
        """
        p = self.built()[1].p
        chosen = p if layer is None else [p[i] for i in self.layer_indices("get_parameters", [layer])]
        return [array.copy() for one in chosen for array in vars(one).values()]

    def set_parameters(self, values: Sequence[ArrayLike], layer: int | None = None) -> None:
        """Set weights and biases in the form that `get_parameters` gives.

        Parameters
        ----------
        values : sequence of array
            W1, b1, W2, b2, …; or those of one layer.
        layer : int, optional
            That layer, such as one that another network has learned.

        Raises
        ------
        ShapeError
            Another number of arrays or another shape than the layers have; nothing is changed.
        NotBuiltError
            One layer was given, and the network's sizes are not known yet: call `build`.

        Examples
        --------
        >>> import layerwise as lw
        >>> old = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(10)]).build(64)
        >>> new = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3)]).build(64)
        >>> new.set_parameters(old.get_parameters(0), layer=0)
        >>> (new.get_parameters(0)[0] == old.get_parameters(0)[0]).all()
        np.True_
        """
        arrays = read_values(values, self.dtype)
        if self.plan is None and layer is not None:
            raise NotBuiltError("set_parameters for one layer needs the network's sizes: call build(n_in) first")
        if self.plan is None and (not arrays or arrays[0].ndim != 2):
            raise NotBuiltError("the first array must be the first layer's weights (inputs, units)")
        plan = self.plan or compile_layers(self.layers, arrays[0].shape[0])
        chosen = range(len(plan.stages)) if layer is None else sorted(self.layer_indices("set_parameters", [layer]))
        stages = [plan.stages[i] for i in chosen]
        shapes = [shape for s in stages for shape in s.layer.parameter_shapes(s.n_in).values()]
        if [a.shape for a in arrays] != shapes:
            where = "" if layer is None else f" for layer {layer}"
            raise ShapeError(
                f"set_parameters needs arrays of the shapes {shapes}{where}; got {[a.shape for a in arrays]}"
            )
        if not all(np.isfinite(a).all() for a in arrays):
            raise DataError(
                f"set_parameters: the arrays hold NaN, infinity or numbers too large for {self.dtype.name}; nothing "
                "was changed"
            )
        self.build(plan.n_in)
        own = [array for i in chosen for array in vars(self.built()[1].p[i]).values()]
        for target, array in zip(own, arrays, strict=True):
            target[...] = array

    def freeze(self, *layers: int) -> Network:
        """Leave these layers as they are in all fits to come, until `unfreeze`; the model file keeps it.

        Parameters
        ----------
        *layers : int
            From 0; negative ones count from the last.

        Examples
        --------
        >>> import layerwise as lw
        >>> net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(2)]).freeze(0)
        >>> sorted(net.frozen)
        [0]
        """
        self.frozen |= self.layer_indices("freeze", layers)
        return self

    def unfreeze(self, *layers: int) -> Network:
        """Let these layers learn again; without an argument, all."""
        self.frozen -= self.layer_indices("unfreeze", layers) if layers else self.frozen
        return self

    def layer_indices(self, owner: str, layers: Sequence[int]) -> frozenset[int]:
        """Layers by their numbers from 0, for numbers that may be negative.

        Raises
        ------
        ShapeError
            There is no such layer, or none of them has anything to learn.
        """
        last, found = len(self.layers) - 1, set()
        for index in layers:
            if not isinstance(index, (int, np.integer)) or isinstance(index, bool):
                raise TypeError(f"{owner}: layers are given by whole numbers; got {index!r}")
            if not -last - 1 <= index <= last:
                raise ShapeError(f"{owner}: there is no layer {index}; the network has layers 0 to {last}")
            found.add(int(index) % (last + 1))
        if not any(self.layers[index].parameter_shapes(1) for index in found):
            named = ", ".join(f"{index} ({self.layers[index]!r})" for index in sorted(found)) or "none"
            learns = [i for i, layer in enumerate(self.layers) if layer.parameter_shapes(1)]
            raise ShapeError(f"{owner}: nothing in these layers learns: {named}; those that do are {learns}")
        return frozenset(found)

    # ---------------------------------------------------------------- forward and backward

    def forward(self, X: ArrayLike, *, training: bool = False) -> Array:
        """The outputs for X (n, n_in), or for one sample (n_in,); kept for `backward`.

        With `training`, dropout takes part and batches are normalized by themselves: the first call as in the next
        training step, each further one with new masks. The spread of many such outputs says how sure the network is
        (Gal and Ghahramani 2016).
        """
        X, single = as_batch(X)
        rows = self._rows(X, size=None)
        plan, parameters = self.built()
        workspace = Workspace(plan, parameters, len(rows), training=training, gradients="inputs")
        batch, x = workspace.batch(len(rows)), rows.span(0, len(rows))
        if batch.masks:
            philox = Philox(self._key, max(mask.size for mask, _ in batch.masks))
            numpy_engine.draw(batch, philox, self.steps + self._draws)
            self._draws += 1
        with np.errstate(all="ignore"):
            y = numpy_engine.forward(batch, x)
        self._forward = (batch, x.copy() if np.may_share_memory(x, rows.X) else x)  # X may change before backward
        return y[0].copy() if single else y.copy()

    def backward(self, dy: ArrayLike) -> Array:
        """From the gradient by the outputs of the last `forward`, write `grad`; returns the gradient by X."""
        if self._forward is None:
            raise NotBuiltError("backward needs the activations of a forward: call forward(X) first")
        batch, x = self._forward
        assert batch.dx is not None
        gradient = read_array(dy, "dy").astype(self.dtype, copy=False)
        if gradient.shape not in (batch.y.shape, batch.y.shape[1:]) or gradient.size != batch.y.size:
            raise ShapeError(f"dy must have the outputs' shape {batch.y.shape}; got {gradient.shape}")
        batch.dy[...] = gradient
        with np.errstate(all="ignore"):
            numpy_engine.backward(batch, x)
        return np.array(batch.dx.reshape(*gradient.shape[:-1], -1))

    def activations(self, X: ArrayLike) -> list[Array]:
        """Every layer's output for X, first to last, as in prediction: arrays (n, outputs of the layer)."""
        rows = self._rows(X, size=None)
        plan, parameters = self.built()
        batch = Workspace(plan, parameters, len(rows), keep=True).batch(len(rows))
        x = rows.span(0, len(rows))
        with np.errstate(all="ignore"):
            numpy_engine.forward(batch, x)
        found, last = iter(batch.forward), x
        results = []
        for stage in plan.stages:
            last = last if stage.layer.draws else next(found).y
            results.append(last.copy())
        return results

    def read_rows(self, X: ArrayLike, name: str = "X") -> Array:
        """X as the engines read it: as many columns as there are inputs, called as in training where they have names.

        Raises
        ------
        ShapeError, DataError
            X is not for this network.
        """
        return check_rows(X, self.dtype, name, None if self.plan is None else self.plan.n_in, self.column_names)

    @property
    def column_names(self) -> list[str] | None:
        """What the columns of the training data were called, from `columns`; None if it is not known."""
        names = [column["name"] for column in self.columns or ()]
        return names if names and (self.plan is None or len(names) == self.plan.n_in) else None

    def _rows(self, X: ArrayLike, size: int | None = CHUNK, name: str = "X", stays_sparse: bool = False) -> Rows:
        """X checked and ready to be read, for a network that is built by it if need be."""
        array = self.read_rows(X, name)
        self.build(array.shape[1])
        scaler = self._scaler_for(array)
        check_units(scaler, self.input_range, array, name)
        if stays_sparse:
            return rows_for(self.built()[0], array, scaler, self.dtype, size or array.shape[0])
        return rows_of(array, scaler, self.dtype, size or array.shape[0])

    def _scaler_for(self, X: Array) -> Scaler | None:
        """The network's scaler; before its first training, what suits pixels where it has none."""
        return pixel_scaler(X) if self.scaling is None and self.task is None else self.scaling

    @property
    def _key(self) -> int:
        """The seed, in the 64 bits that masks and augmentation are keyed by."""
        return self.seed % 2**64

    @property
    def fingerprint(self) -> int:
        """A number made of the weights and of how many steps were made: networks that begin alike share it."""
        return zlib.crc32(str(self.steps).encode(), zlib.crc32(self.theta.tobytes()))

    # ---------------------------------------------------------------- training

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        task: str | None = None,
        classes: ArrayLike | None = None,
        loss: Loss | str | Callable[..., Any] | None = None,
        optimizer: Optimizer | str | None = None,
        penalty: Penalties = None,
        epochs: int = 10,
        batch_size: int = 32,
        shuffle: bool | Callable[[int], Array] = True,
        validation_data: Sequence[ArrayLike] | None = None,
        validation_split: float | None = None,
        sample_weight: ArrayLike | SampleWeights | None = None,
        class_weight: dict[Any, float] | str | None = None,
        metrics: Sequence[str | Metric] | str | Metric | None = None,
        train_metrics: bool = False,
        schedule: Schedule | Function | str | None = None,
        clip_norm: float | None = None,
        ema: float | None = None,
        patience: int | None = None,
        monitor: str = "val_loss",
        callbacks: Callback | Sequence[Callback] = (),
        engine: str = "auto",
        n_threads: int | None = None,
        augmentation: Augmentation | None = None,
        resume: bool | str | Sequence[str] = False,
        verbose: bool | int = True,
    ) -> History:
        """Train; a second call goes on from the present weights.

        Parameters
        ----------
        X : array (n, n_in)
            The samples: any real type; uint8 is scaled as it is read.
        y : array (n,) or (n, n_out)
            Labels, one a sample; or rows of n_out numbers. Rows of which each has a single 1 and else 0 are one-hot:
            the network then answers with labels. Several yes/no answers need binary cross-entropy. Names of several
            columns of a frame are kept in `task.columns`, and compared as those of X are.
        task : {"classification", "multilabel", "regression"}, optional
            What the network is to answer: one label a sample, several yes/no answers, or numbers. By default it
            follows from y and the loss, and once trained the network keeps it. Say it where y could be read in
            another way, such as several yes/no answers of which each row happens to have one, or numbers from 0 to 1.
        classes : array (n_out,), optional
            The labels, in the order of the outputs (of a single output: no, then yes). By default 0, 1, … for whole
            numbers, and the sorted labels of y for text. For a first chunk of the data that lacks some; for labels
            such as -1 and 1; and for the names of the columns of one-hot rows.
        loss : Loss, str or function f(y, t), optional
            By default what suits the last layer: cross-entropy after Softmax and Sigmoid, else squared error; and
            squared error for `task="regression"`.
        optimizer : Optimizer or str, optional
            The network keeps a copy of its own, without any state. By default Adam, or, in a second call, the one
            it has, whose state then goes on.
        penalty : Penalty or sequence of Penalty, optional
            For all layers that have none of their own. By default none, or, in a second call, the network's.
        epochs, batch_size : int
            How often all samples are seen, and how many a step.
        shuffle : bool or function
            A new order each epoch; or order(n), which gives the rows of the coming epoch as n integers from 0 to n - 1;
            it is not asked where one step takes all rows.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data, evaluated after each epoch. Loss, accuracy and metrics are weighted where weights are given.
        validation_split : float or int, optional
            In place of `validation_data`: a share of the rows, or how many, set aside for it and not learned from. They
            are drawn by the network's seed, so a further fit or a resumed one sets the same rows aside; of labels,
            each class in its share, as scikit-learn's estimators do. Their `sample_weight` weighs their evaluation.
        sample_weight : array (n,), optional
            How much each sample counts in the loss: multiplied by a constant, they do the same. They are brought to
            mean 1 over the training set, and the loss of a batch is divided by its rows, so that a batch's gradient
            is on average that of the whole set, whatever its size. The column "accuracy" counts all rows alike.
        class_weight : dict or "balanced", optional
            How much each class counts; "balanced": the rarer, the more. Multiplied with `sample_weight`.
        metrics : str, function or sequence of them, optional
            metric(y_true, y_pred) on the validation data, or, without any, on the training data. It is given their
            `sample_weight`, where they have one, and not the weights of classes. A function whose
            second parameter is ``y_score``, ``y_prob`` or ``y_proba`` is handed probabilities instead of answers.
        train_metrics : bool
            Measure the training data too, after each epoch's last step, without dropout and distortions: columns
            ``train_loss``, ``train_accuracy`` and one a metric. "loss" itself is the mean over the epoch's steps. It is
            done without being asked for where a callback monitors a column of the training data.
        schedule : Schedule, str or function, optional
            A factor of the optimizer's learning rate, step by step: ``"one_cycle"``, ``schedules.Cosine(warm_up=1)``,
            or schedule(t, total) of the epochs done and those of the fit. The optimizer's own rate is back afterwards.
        clip_norm : float, optional
            A gradient that is longer is shortened to this length.
        ema : float, optional
            The decay of a moving average of the weights, such as 0.999; validation looks at it, and the fit ends with
            it: short for the callback `ExponentialMovingAverage`.
        patience : int, optional
            Stop after so many epochs without a better `monitor`, with the weights of the best one: short for the
            callback `EarlyStopping`.
        monitor : str
            The column of the history that `patience` is about.
        callbacks : Callback or sequence of Callback
            What is done at fit, epoch and step.
        engine : {"auto", "numpy", "native"}
            What executes the plan: the native executor where it is installed and has a body for every part, or else
            NumPy; or one of the two. The network evaluates and predicts by the same from then on.
        n_threads : int, optional
            For the native executor; by default as many as the cores that the process may use. The same seed gives
            the same bits whatever their number.
        augmentation : Augmentation, optional
            Distort each image of X anew each epoch.
        resume : bool or sequence of str
            Go on from the newest whole file of the `Checkpoint` among `callbacks`, to the same bits as without the
            interruption; begin anew if there is none. Data, arguments and settings of callbacks must be those of the
            first call, but for `verbose`, `n_threads`, and `epochs` where no `schedule` counts them; functions are
            compared by name, code and the values they refer to. Names of settings,
            ``resume=["learning_rate", "patience"]``, may differ on purpose: they take effect from here on, and stand
            in ``history.changes``.
        verbose : bool or int
            A progress bar, or lines where the output is not a terminal; False is silent. A number n shows the line of
            every n-th epoch.

        Returns
        -------
        History
            A table with a row an epoch. Ctrl-C ends the training early: the weights stay, and
            ``history.stopped_by`` is ``"interrupt"``.

        Raises
        ------
        ShapeError, DataError
            Data that do not fit or cannot be learned from: nothing has been changed.
        DivergenceError
            NaN or infinity in training; the weights are those of the last good epoch.
        EngineError
            The native executor was asked for and cannot run the network.
        """
        given = dict(locals())
        epochs = whole_number("fit", "epochs", epochs, least=1)
        batch_size = whole_number("fit", "batch_size", batch_size, least=1)
        check_engine(engine, n_threads)
        check_shuffle(shuffle)
        schedule, own = as_schedule(schedule), as_callbacks(callbacks)
        validates = validation_data is not None or validation_split is not None
        short = _short_forms(clip_norm, ema, patience, monitor, validates)
        watchers, allowed = [*own, *short], as_allowed(resume)
        if verbose and not any(isinstance(watcher, Progress) for watcher in watchers):
            watchers.append(Progress(None if verbose is True else verbose))
        chosen, penalties = copy.deepcopy(self.choose_loss(loss, task)), as_penalties("penalty", penalty)
        penalties = self.penalties if penalties is None else penalties
        parts = (
            self.layers,
            chosen,
            optimizer,
            self.optimizer,
            penalties,
            self.scaling,
            schedule,
            augmentation,
            watchers,
        )
        checkpoint = None if allowed is None else newest_checkpoint(watchers, parts)
        learned = self.scaling is not None and self.scaling.learns and self.scaling.offset is not None
        data, aside = self.read_rows(X), None
        whole = data
        plan = self.plan or compile_layers(self.layers, data.shape[1])
        chosen = chosen.for_columns(target_names(y) or self._task.columns)
        check_loss(chosen, plan.n_out)
        check_training(plan, chosen)
        asked = asked_task(task, classes, self.task, plan.n_out)
        targets = encode(y, plan.n_out, chosen, self.dtype, self.task, asked=asked)
        check_lengths(data, targets)
        if validation_split is not None:
            validation_split = as_share(validation_split)
            if validation_data is not None:
                raise DataError("fit: give validation_data or validation_split, not both")
            data, targets, sample_weight, aside = hold_out(data, targets, sample_weight, validation_split, self.seed)
        data, scaler = self.scaled_rows(data)
        if self.task is None and classes is None:  # which says that there are others, in chunks to come
            check_two_classes(targets)
        weigh(targets, sample_weight, class_weight)
        extra = as_metrics(metrics)
        input_range = range_of(data, self.input_range)
        held_out = aside or self._held_out(
            validation_data, plan, chosen, targets.task, scaler, input_range, self.column_names or names_of(X)
        )
        shows = train_metrics or (bool(extra) and held_out is None)  # nothing asked for is left out
        measures = shows or watches_training(getattr(watcher, "monitor", None) for watcher in watchers)
        learned_from = of_evaluation(targets, sample_weight) if measures else None
        for evaluated in (learned_from if shows else None, None if held_out is None else held_out[1]):
            if evaluated is not None and evaluated.weights is not None:
                check_weighted(extra)
        optimizer = self._choose_optimizer(optimizer)
        last_fit = {
            "rows": data.shape[0],
            "batch_size": batch_size,
            "epochs": epochs,
            "shuffle": bool(shuffle),
            "task": task,
            "classes": None if asked is None or asked.classes is None else asked.classes.tolist(),
            "validation_split": validation_split,
            "schedule": schedule if isinstance(schedule, Schedule) else None,
            "clip_norm": next((w.norm for w in reversed(watchers) if isinstance(w, GradientClip)), None),
            "augmentation": augmentation,
            "metrics": list(extra),
            "others": _others(
                self, shuffle, schedule, sample_weight, class_weight, aside is not None, augmentation, learned, watchers
            ),
        }
        self.build(data.shape[1])
        last_fit |= {"first_step": self.steps, "start": self.fingerprint}
        settings, changes = {}, []
        if any(isinstance(watcher, Checkpoint) for watcher in own):
            effective = {"X": whole, "loss": chosen, "optimizer": optimizer, "penalty": penalties, "schedule": schedule}
            settings = describe_call(given | effective | self._own_settings(scaler), own)
        if checkpoint is not None:
            changes = checkpoint.check(self, settings, allowed or ())
            targets.task = checkpoint.keep_names(self, X, targets.task)
            checkpoint.change(changes, optimizer)
            optimizer = checkpoint.optimizer
        plan, parameters = self.built()
        plan = compile_training(plan, parameters, chosen, penalties, optimizer)
        native = is_native(engine, plan)
        if checkpoint is not None:
            checkpoint.check_engine(native)
            np.copyto(self.theta, checkpoint.model.parameters.theta)
            self._take_over(checkpoint.model)
            last_fit |= {name: self.last_fit[name] for name in ("first_step", "start")}
            scaler = self.scaling
        self.loss, self.optimizer, self.penalties = chosen, optimizer, penalties
        self.task, self.scaling, self.input_range = targets.task, scaler, input_range
        self.columns = self.columns or named_columns(names_of(X))
        self._forward, self._draws, self.last_fit = None, 0, last_fit
        self.choose_engine(engine)
        rows = rows_for(plan, data, scaler, self.dtype, batch_size)
        if augmentation is not None:
            rows = _augmented(rows, augmentation, self._key, engine)
        evaluations = {}
        for prefix, pair in ((TRAIN, None if learned_from is None else (data, learned_from)), (VALIDATION, held_out)):
            if pair is None:
                continue
            some, their = pair
            watched = rows_for(plan, some, scaler, self.dtype, CHUNK)
            made = evaluator(engine, n_threads, plan, parameters, watched, their, CHUNK)
            evaluations[prefix] = Evaluation(made, extra if prefix == VALIDATION or shows else {})
        order = CustomOrder(shuffle) if callable(shuffle) else partial(draw_order, self.seed) if shuffle else None
        run = Training(
            network=self,
            plan=plan,
            parameters=parameters,
            engine=executor(engine, n_threads, plan, parameters, rows, targets, batch_size, self._key),
            epochs=epochs,
            order=order,
            first_step=self.steps,
            evaluations=evaluations,
            callbacks=watchers,
            schedule=schedule,
        )
        if checkpoint is not None:
            checkpoint.record(changes, last_fit)
            checkpoint.replay(order, changes, data.shape[0])
            anew = begin_anew(changes, own, short)
            run.restore(*checkpoint.training, checkpoint.model.history, checkpoint.run, anew)
        run.settings = settings
        self.history = run.history
        return run.fit()

    def choose_engine(self, engine: str) -> None:
        """Evaluate and predict by the engine of the newest fit, from now on."""
        # Not "native": `evaluate` may be given a loss that runs on NumPy only.
        self.engine = "numpy" if engine == "numpy" else "auto"
        if self.engine == "numpy":
            self._predictor = None

    def _ending(self) -> Layer:
        """The last layer that takes part in prediction."""
        return next(layer for layer in reversed(self.layers) if not layer.draws)

    def choose_loss(self, loss: Loss | str | Callable[..., Any] | None = None, task: str | None = None) -> Loss:
        """The loss asked for, or the network's own, or the one that suits the last layer."""
        if loss is not None:
            return as_loss(loss)
        if self.loss is not None:
            return self.loss
        return loss_for(self._ending(), task)

    def _choose_optimizer(self, optimizer: Optimizer | str | None) -> Optimizer:
        if optimizer is None:
            return self.optimizer if self.optimizer is not None else Adam()
        if optimizer is self.optimizer:
            return self.optimizer
        own = copy.deepcopy(as_optimizer(optimizer))
        own.reset()
        return own

    def training_rows(self, X: ArrayLike) -> tuple[Array, Scaler | None]:
        """X checked, and the scaler for it: fitted at the first training, kept from then on."""
        return self.scaled_rows(self.read_rows(X))

    def scaled_rows(self, data: Any) -> tuple[Array, Scaler | None]:
        """Checked rows, and the scaler for them, as for `training_rows`."""
        scaler = self._scaler_for(data)
        if scaler is not None and scaler.offset is None and not isinstance(data, np.ndarray):
            raise DataError(
                f"{scaler!r} would make sparse X dense: give X.toarray(), or X divided by its columns' maxima"
            )
        if scaler is not None and scaler.offset is None:
            scaler = copy.deepcopy(scaler)
            scaler.fit(data)
        check_units(scaler, self.input_range, data)
        return data, scaler

    def _held_out(
        self,
        data: Sequence[ArrayLike] | None,
        plan: Plan,
        loss: Loss,
        task: Task,
        scaler: Scaler | None,
        known: Range,
        names: Sequence[str] | None,
    ) -> tuple[Array, Targets] | None:
        if data is None:
            return None
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ShapeError("validation_data must be (X, y) or (X, y, sample_weight)")
        X = check_rows(data[0], self.dtype, "X of validation_data", plan.n_in, names)
        check_units(scaler, known, X, "X of validation_data")
        targets = encode(data[1], plan.n_out, loss, self.dtype, task, "y of validation_data")
        check_lengths(X, targets, "X of validation_data", "y of validation_data")
        weigh_held_out(targets, data[2] if len(data) == 3 else None, "sample_weight of validation_data")
        return X, targets

    # ---------------------------------------------------------------- prediction

    def outputs(self, X: ArrayLike) -> Array:
        """The raw outputs (n, n_out) for any number of rows, in batches; `forward` without its memory."""
        y = self._outputs_at_once(X)
        if y is not None:
            return y
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
        scaler = self._scaler_for(X)
        check_units(scaler, self.input_range, X)
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
        return self._predictor(X, n, 1 if n == 1 else share())

    @property
    def threshold(self) -> float:
        """Above what an output is a yes, where the network answers yes or no: 0.5 until it is set.

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
        X: ArrayLike,
        *,
        threshold: float | None = None,
        min_confidence: float | None = None,
        refuse_unfamiliar: bool = False,
    ) -> Array:
        """The answers: labels (n,), yes/no answers (n, n_out), or numbers in the form of the training's y.

        Parameters
        ----------
        X : array (n, n_in)
            The samples.
        threshold : float, optional
            Of yes or no: above what an output is a yes; by default the network's own `threshold`. Of two classes with
            an output each: above what probability it is the second, by default 0.5.
        min_confidence : float, optional
            No answer where the probability of the answer is smaller.
        refuse_unfamiliar : bool
            No answer to rows that do not look like the training data; `lw.familiarize` must have learned them.

        Returns
        -------
        array
            With one of the two, a masked array: ``answers.mask`` is true where there is no answer, and
            ``answers.filled()`` has -1, NaN, "" or None there. ``(answers == y).mean()`` is the accuracy of those
            given.

        Raises
        ------
        DataError
            A confidence or a threshold is asked of numbers, or familiarity was never learned.
        """
        task = self._task if threshold is None else self._task.with_threshold(threshold, self.built()[0].n_out)
        if min_confidence is None and not refuse_unfamiliar:
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
        if refuse_unfamiliar:
            refused |= ~self.is_familiar(X).reshape(-1, *[1] * (refused.ndim - 1))
        return without(answers, refused, task.classes)

    def is_familiar(self, X: ArrayLike) -> Array:
        """Whether each row looks like the training data, (n,) of bool.

        Raises
        ------
        DataError
            What they look like was never learned.
        """
        if self.familiarity is None:
            raise DataError(
                "the network does not know what its training data look like: call "
                "lw.familiarize(network, X_train, X_held_out) once, and save it again"
            )
        rows = self._rows(X)
        parts = (rows.span(i, min(i + CHUNK, len(rows))) for i in range(0, len(rows), CHUNK))
        return np.concatenate([self.familiarity.is_familiar(part) for part in parts])

    def predict_proba(self, X: ArrayLike) -> Array:
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

    @property
    def ends_in_softmax(self) -> bool:
        """Whether the outputs are the probabilities of classes."""
        return isinstance(self._ending(), Softmax)

    def evaluate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        loss: Loss | str | Callable[..., Any] | None = None,
        metrics: Sequence[str | Metric] | str | Metric | None = None,
    ) -> dict[str, float]:
        """Loss, penalty, accuracy (for classes) and metrics on held-out data, by name.

        Parameters
        ----------
        X, y : array
            As for `fit`.
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
        chosen = self.choose_loss(loss).for_columns(target_names(y) or self._task.columns)
        rows = self._rows(X, stays_sparse=True)
        plan, parameters = self.built()
        check_outputs(plan, chosen)
        plan = compile_training(plan, parameters, chosen, self.penalties)
        targets = encode(y, plan.n_out, chosen, self.dtype, self.task)
        check_lengths(rows.X, targets)
        weigh_held_out(targets, sample_weight)
        made = evaluator(self.engine, None, plan, parameters, rows, targets, CHUNK)
        return Evaluation(made, as_metrics(metrics)).row()

    # ---------------------------------------------------------------- the network as an object

    def copy(self) -> Network:
        """Another network with the same weights, optimizer and seed, sharing nothing."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_forward": None, "_predictor": None}

    def summary(self) -> str:
        """A table: layer, output shape, parameters."""
        return summary.text(self.layers, self.plan, self.parameters, self.frozen)

    def __repr__(self) -> str:
        inside = ",\n".join(f"    {layer!r}" for layer in self.layers)
        seed = "" if self.random_state is None else f", random_state={self.random_state}"
        dtype = "" if self.dtype == np.float32 else f', dtype="{self.dtype}"'
        scaling = "" if self.scaling is None else f", scaling={self.scaling!r}"
        return f"Network([\n{inside},\n]{seed}{dtype}{scaling})"

    def _repr_html_(self) -> str:
        return summary.html(self.layers, self.plan, self.parameters, self.frozen)

    # ---------------------------------------------------------------- the model file

    def save(self, path: str | os.PathLike[str], *, optimizer: bool = False) -> None:
        """Write the network to one safetensors file: weights, layers, scaling, classes, loss, history.

        Parameters
        ----------
        path : path
            Written whole or not at all, and on the disk when the call ends.
        optimizer : bool
            Whether the optimizer's state goes with it, so that a further fit goes on as it would have here; with Adam
            the file is then three times as large.

        Raises
        ------
        OSError
            The path cannot be written to; a file that was there stays as it was.
        NotBuiltError
            The network has no weights yet.
        FormatError
            A weight is NaN or infinite, or a part of the network cannot be written down.
        """
        model = self.to_model()
        storage.write(path, self._head() | model.description(optimizer), model.arrays(optimizer))

    def checkpoint(
        self, training: dict[str, Any], arrays: Mapping[str, Array], identity: Mapping[str, Any] | None = None
    ) -> Callable[[str | os.PathLike[str]], None]:
        """Return a writer for a file of the network as it is now, with what its training needs to go on."""
        model = self.to_model()
        description = self._head() | model.description(True) | {"training": storage.encode(training)}
        if identity is not None:
            description["checkpoint"] = dict(identity)
        own = {name: array.copy() for name, array in model.arrays(True).items()}
        own |= {f"training.{name}": array for name, array in arrays.items()}
        return lambda path: storage.write(path, description, own)

    @staticmethod
    def _head() -> dict[str, Any]:
        return {"format_version": storage.FORMAT_VERSION, "library": layerwise.__version__}

    def to_model(self) -> storage.Model:
        """All of it as the model file has it."""
        plan, parameters = self.built()
        return storage.Model(
            layers=self.layers,
            n_in=plan.n_in,
            parameters=parameters,
            scaling=self.scaling,
            loss=self.loss,
            penalties=self.penalties,
            optimizer=self.optimizer,
            task=self.task,
            input_range=self.input_range,
            random_state=self.random_state,
            seed=self.seed,
            steps=self.steps,
            frozen=self.frozen,
            columns=self.columns,
            history=self.history,
            last_fit=self.last_fit,
            notes=self.notes,
            familiarity=self.familiarity,
        )

    @classmethod
    def from_model(cls, model: storage.Model) -> Network:
        """The network that `to_model` was called on."""
        dtype = model.parameters.theta.dtype
        network = cls(model.layers, random_state=model.seed, dtype=dtype, scaling=model.scaling)
        network.plan, network.parameters = compile_layers(model.layers, model.n_in), model.parameters
        network._take(model)
        return network

    def _own_settings(self, scaler: Scaler | None) -> dict[str, Any]:
        """What a fit depends on beside its arguments, for a checkpoint to compare."""
        names = {"layers": self.layers, "dtype": self.dtype.name, "random_state": self.seed}
        return names | {"scaling": scaler, "frozen": sorted(self.frozen)}

    def _take_over(self, model: storage.Model) -> None:
        """All of a checkpoint but its layers and weights; what somebody has set since the network was made stays."""
        frozen, columns, notes = self.frozen, self.columns, self.notes
        self._take(model)
        self.frozen, self.columns, self.notes = frozen, columns or self.columns, {**self.notes, **notes}

    def _take(self, model: storage.Model) -> None:
        """All of the model but its layers and weights."""
        self.seed, self.random_state = model.seed, model.random_state
        self.loss, self.penalties, self.optimizer = model.loss, model.penalties, model.optimizer
        self.scaling, self.task, self.steps, self.frozen = model.scaling, model.task, model.steps, model.frozen
        self.input_range = model.input_range
        self.columns, self.history, self.last_fit = model.columns, model.history, model.last_fit
        self.notes, self.familiarity = model.notes, model.familiarity


def _augmented(rows: Rows, augmentation: Augmentation, seed: int, engine: str) -> Rows:
    if not isinstance(augmentation, Augmentation):
        raise TypeError(f"fit: augmentation must be an Augmentation(...); got {augmentation!r}")
    if rows.made or rows.sparse:
        raise DataError("fit: augmentation needs images, in a dense array; X is sparse: give X.toarray()")
    augmentation.apply(rows.X, np.arange(1), seed, 0, engine=engine)  # refuses what does not suit the images
    return AugmentedRows(rows, augmentation, seed, engine)


def _short_forms(
    clip_norm: float | None, ema: float | None, patience: int | None, monitor: str, validates: bool
) -> list[Callback]:
    """The callbacks that arguments of `fit` stand for."""
    callbacks: list[Callback] = []
    if clip_norm is not None:
        callbacks.append(GradientClip(number("fit", "clip_norm", clip_norm, above=0)))
    if ema is not None:
        callbacks.append(ExponentialMovingAverage(number("fit", "ema", ema, least=0, below=1)))
    if patience is not None:
        callbacks.append(EarlyStopping(monitor, whole_number("fit", "patience", patience, least=1)))
        if monitor.startswith("val_") and not validates:
            raise DataError(
                f"fit: patience={patience} is about {monitor!r}, which needs validation_data=(X, y); "
                "or choose another column: monitor='loss'"
            )
    return callbacks


def _others(
    network: Network,
    shuffle: bool | Callable[[int], Array],
    schedule: Schedule | Function | None,
    sample_weight: ArrayLike | SampleWeights | None,
    class_weight: dict[Any, float] | str | None,
    split: bool,
    augmentation: Augmentation | None,
    learned: bool,
    callbacks: Sequence[Callback],
) -> list[str]:
    """What takes part in a fit besides layers, loss, penalties, optimizer and what `last_fit` has in numbers."""
    known = (Progress, Checkpoint, CSVLog, TensorBoard, EarlyStopping, GradientClip)
    parts = {
        "an order of your own": callable(shuffle),
        "a schedule of your own": schedule is not None and not isinstance(schedule, Schedule),
        "sample_weight": sample_weight is not None,
        "class_weight": class_weight is not None,
        "validation_split": split,
        "augmentation": augmentation is not None,
        "scaling that was fitted before": learned,
        "frozen layers": bool(network.frozen),
    }
    return [name for name, there in parts.items() if there] + [
        type(callback).__name__ for callback in callbacks if type(callback) not in known and not callback.only_looks
    ]
