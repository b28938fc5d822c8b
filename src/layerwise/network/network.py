"""Network: what a user holds. A thin face over the plan, the training, the executor and the model file."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

import layerwise
from layerwise import files as storage
from layerwise.data.augmentation import Augmentation
from layerwise.data.novelty import Novelty
from layerwise.data.sample_weights import SampleWeights
from layerwise.engine.native_engine import NativePredictor
from layerwise.engine.plan import (
    Plan,
    check_dtype,
    check_layers,
    compile_layers,
    inputs_of,
)
from layerwise.errors import warn
from layerwise.network import summary
from layerwise.network.answers import Answers
from layerwise.parts.description import Attribute, whole_number
from layerwise.parts.layers import Layer
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.metrics import Metric
from layerwise.parts.optimizers import Optimizer, as_optimizer
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.parts.scaling import Scaler, as_scaler
from layerwise.parts.schedules import Function, Schedule
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.history import History
from layerwise.typing import Array, ArrayLike


class Network(Answers):
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
    intervals : Intervals, optional
        How far off its numbers are, once ``layerwise.trust.intervals.learn_intervals`` has learned it.
    novelty : Novelty, optional
        What the training data look like, once `lw.learn_novelty` has learned it.

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
        drawn = int.from_bytes(os.urandom(8)) >> 1 if random_state is None else random_state
        seed = whole_number("Network", "random_state", drawn, least=0)
        super().__init__(
            layers=layers,  # type: ignore[arg-type]  # checked as it is assigned, as dtype is
            dtype=dtype,  # type: ignore[arg-type]
            seed=seed,
            random_state=None if random_state is None else seed,
            scaling=copy.deepcopy(as_scaler(scaling)),
        )
        self.plan: Plan | None = None
        self.engine = "auto"
        self._predictor: NativePredictor | None = None
        self.forget_passes()
        given = getattr(getattr(self.layers[0], "weights", None), "values", None)
        if given is not None and given.ndim == 2:
            self.build(inputs_of(self.layers, given.shape[0]))

    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        task: str | None = None,
        classes: ArrayLike | None = None,
        loss: Loss | str | Callable[..., Any] | None = None,
        optimizer: Optimizer | str | None = None,
        penalty: Penalties = None,
        epochs: int = 10,
        batch_size: int = 32,
        shuffle: bool | Callable[[int], Array] = True,
        validation_data: Any = None,
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
        window: int | None = None,
        verbose: bool | int = True,
    ) -> History:
        """Train; a second call goes on from the present weights.

        Parameters
        ----------
        X : array (n, n_in), or stream
            The samples: any real type; uint8 is scaled as it is read. A stream gives blocks of rows, and need not fit
            into memory: a function that yields blocks ``(X, y)`` or ``(X, y, weights)``, anything that can be iterated
            again or indexed for them, a path of Parquet files, a ``pyarrow.dataset.Dataset``, a ``np.memmap``, a Zarr
            or Dask array, a Dask DataFrame or a Polars LazyFrame.
        y : array (n,) or (n, n_out)
            Labels, one a sample; or rows of n_out numbers. Rows of which each has a single 1 and else 0 are one-hot:
            the network then answers with labels. Several yes/no answers need binary cross-entropy. Names of several
            columns of a frame are kept in `task.columns`, and compared as those of X are. For Parquet, Dask DataFrames
            and LazyFrames the name of the column, or a list of names; None where blocks have it.
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
        validation_data : (X, y) or (X, y, sample_weight), or stream, optional
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
            Functions metric(y_true, y_pred) of the validation data, or, without any, of the training data, given their
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
        window : int, optional
            Of a stream, or a memory map that has more rows: how many rows may be in memory; by default as many as are
            256 MB, and at least two batches. Half of them is learned from, in random order, while a thread reads the
            other half. Where it holds all rows, the fit is that of the array, to the same bits.
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
        arguments = dict(locals())
        from layerwise.network.fitting import fit

        return fit(self, arguments)

    def choose_engine(self, engine: str) -> None:
        """Evaluate and predict by the engine of the newest fit, from now on."""
        # Not "native": `evaluate` may be given a loss that runs on NumPy only.
        self.engine = "numpy" if engine == "numpy" else "auto"
        if self.engine == "numpy":
            self._predictor = None

    @property
    def familiarity(self) -> Novelty | None:
        """The earlier name of `novelty`."""
        warn("Network.familiarity is now novelty", FutureWarning)
        return self.novelty

    def play(
        self, X: ArrayLike | None = None, y: ArrayLike | None = None, *, height: int = 760, browser: bool = True,
        block: bool | None = None,
    ) -> Any:  # fmt: skip
        """Show the page with this network in it: every number of it, edited and trained.

        In Jupyter, VS Code, Colab and marimo the page is a widget, which needs no port; elsewhere a tab of the browser,
        served to this machine alone. What becomes of the network in the page is another one's until the button
        'Take over' there gives it back to this one. A script prints the address and stays until Ctrl-C.

        Parameters
        ----------
        X, y : array, optional
            What it learns from there.
        height : int
            Of the widget, in pixels.
        browser : bool
            Whether the tab is opened; if not, the `address` of what is returned is for it.
        block : bool, optional
            Whether a tab stays until Ctrl-C; by default in a script, while an interactive Python goes on at once.

        Returns
        -------
        widget, or Tab
            A widget is shown where it is the last line of a cell. The tab has `address` and `close()`.

        Raises
        ------
        MissingDependencyError, NotBuiltError
            The extra `play` is not installed; the network has no weights yet, and there is no X.
        """
        return import_module("layerwise.app.play.playing").play(self, X, y, height=height, browser=browser, block=block)

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

    def save(self, path: str | os.PathLike[str], *, optimizer: bool = False, weights: str = "float32") -> None:
        """Write the network to one safetensors file: weights, layers, scaling, classes, loss, history.

        Parameters
        ----------
        path : path
            Written whole or not at all, and on the disk when the call ends.
        optimizer : bool
            Whether the optimizer's state goes with it, so that a further fit goes on as it would have here; with Adam
            the file is then three times as large.
        weights : {"float32", "int8"}
            How the weights of dense layers are kept: as they are (float64 in a float64 network), or rounded to 8 bits
            with a scale for each unit, in a quarter of the size; what was learned of novelty is rounded alike.
            ``layerwise.load`` gives a network of the rounded weights. int8 is without the optimizer's state: training
            goes on with a new optimizer.

        Raises
        ------
        OSError
            The path cannot be written to; a file that was there stays as it was.
        ValueError
            The optimizer's state is asked for with int8, or weights in another type.
        NotBuiltError
            The network has no weights yet.
        FormatError
            A weight is NaN or infinite, or a part of the network cannot be written down.
        """
        description, arrays = self.written(optimizer, weights)
        storage.write(path, self._head() | description, arrays)

    def checkpoint(
        self, training: dict[str, Any], arrays: Mapping[str, Array], identity: Mapping[str, Any] | None = None
    ) -> Callable[[str | os.PathLike[str], bool], None]:
        """Return a writer for a file of the network as it is now, with what its training needs to go on.

        It takes a path, and whether a file that is there is replaced.
        """
        description = self._head() | self.description(True) | {"training": storage.encode(training)}
        if identity is not None:
            description["checkpoint"] = dict(identity)
        own = {name: array.copy() for name, array in self.arrays(True).items()}
        own |= {f"training.{name}": array for name, array in arrays.items()}
        return lambda path, replace: storage.write(path, description, own, replace)

    @staticmethod
    def _head() -> dict[str, Any]:
        return {"format_version": storage.FORMAT_VERSION, "library": layerwise.__version__}

    @classmethod
    def from_state(cls, state: storage.State) -> Network:
        """Return a network of what a model file says of one."""
        network = cls(state.layers, random_state=state.seed, dtype=state.dtype)
        vars(network).update(state.kept())
        network.plan = None if state.n_in is None else compile_layers(state.layers, state.n_in)
        return network

    def take_over(self, state: storage.State) -> None:
        """Take all of a checkpoint but layers and weights; what somebody has set since the network was made stays."""
        own = {name: getattr(self, name) for name in ("layers", "parameters", "frozen")}
        own |= {"columns": self.columns or state.columns, "notes": {**state.notes, **self.notes}}
        vars(self).update(state.kept() | own)
