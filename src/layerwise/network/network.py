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
    """A neural network: a sequence of layers that is trained and evaluated as one model.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last. The number of inputs of each is inferred from the data.
    random_state : int, optional
        The seed of the first weights, the shuffling and dropout. By default a random seed is drawn.
    dtype : {"float32", "float64"}, default="float32"
        The type in which the network computes.
    scaling : Scaler or str, optional
        ``"standard"``, ``"min_max"``, ``"range"`` or a scaler. It is fitted on the training data and then is a part of
        the network. By default uint8 pixels are divided by 255, and other data are used unchanged.

    Attributes
    ----------
    loss, optimizer, penalties : Loss, Optimizer, tuple of Penalty
        The loss, the optimizer and the penalties of the last `fit`.
    frozen : frozenset of int
        The indices of the layers that `freeze` keeps unchanged.
    task : Task, optional
        The task of the last `fit`: classification, several yes-or-no labels, or regression.
    input_range : (float, float), optional
        The smallest and the largest value of X in training, before scaling.
    steps : int
        The number of training steps made so far.
    engine : {"auto", "numpy"}
        The engine of evaluation and prediction: NumPy if the last fit asked for it. It is not saved in model files.
    history : History, optional
        The history of the last fit.
    last_fit : dict
        The arguments of the last fit, as numbers and names. Empty before the first fit.
    columns : list of dict, optional
        ``{"name": …, "kind": "number"}`` for each column of X, if X had column names in `fit`. Data frames passed later
        must have the same names in the same order; arrays are not checked. Set it to None to drop the names.
    notes : dict
        Custom data to save in the model file with the network.
    intervals : Intervals, optional
        The errors on held-out rows, once ``layerwise.trust.intervals.learn_intervals`` has measured them.
    novelty : Novelty, optional
        A model of the training data, once `layerwise.learn_novelty` has fitted it.

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
        """Train the network. A second call continues from the present weights.

        Parameters
        ----------
        X : array-like of shape (n, n_in), or stream
            The samples, of any real type; uint8 is scaled as it is read. A stream gives blocks of rows and need not fit
            into memory: a function that returns an iterator over blocks ``(X, y)`` or ``(X, y, weights)``, a sequence
            or other repeatable iterable of such blocks, a path of Parquet files, a ``pyarrow.dataset.Dataset``, a
            ``np.memmap``, a Zarr or Dask array, a Dask DataFrame or a Polars LazyFrame.
        y : array-like of shape (n,) or (n, n_out), str or list of str, optional
            Labels, or n_out numbers for each sample. One-hot rows are taken as classes, and the network then predicts
            labels. Several yes-or-no labels for each sample need binary cross-entropy. Column names of a data frame are
            kept in `task.columns` and checked as those of X are. For Parquet files, Dask DataFrames and LazyFrames, the
            name of the target column, or a list of names. None if the blocks of a stream contain y.
        task : {"classification", "multilabel", "regression"}, optional
            The task: one label for each sample, several yes-or-no labels, or numbers. By default it follows from y and
            the loss, and the network keeps it. Give it if y could be read in another way, such as several
            yes-or-no labels of which each row has exactly one, or numbers from 0 to 1.
        classes : array-like of shape (n_out,), optional
            The labels in the order of the outputs; for a single output, no, then yes. By default 0, 1, … for whole
            numbers, and the sorted labels of y for text. Needed if the first data lack some of the classes, for labels
            such as -1 and 1, and to name the columns of one-hot rows.
        loss : Loss, str or function f(y, t), optional
            By default it follows from the last layer: cross-entropy after `Softmax` and `Sigmoid`, else the mean
            squared error. For ``task="regression"`` always the mean squared error.
        optimizer : Optimizer or str, optional
            It is copied without its state. By default `Adam`; in a second call, the network's optimizer with its state.
        penalty : Penalty or sequence of Penalty, optional
            The penalty of all layers that have none of their own. By default none; in a second call, the network's.
        epochs : int, default=10
            The number of passes over the samples.
        batch_size : int, default=32
            The number of samples in a step.
        shuffle : bool or callable, default=True
            Shuffle the samples in each epoch. Or a function ``order(n)`` that returns the row numbers of the next
            epoch, n integers from 0 to n - 1. It is not called if one step takes all samples.
        validation_data : (X, y), (X, y, sample_weight) or stream, optional
            Held-out data to evaluate after each epoch, weighted if weights are given.
        validation_split : float or int, optional
            The fraction or the number of rows to hold out instead of `validation_data`. The choice depends on the
            network's seed, so a second or a resumed fit holds out the same rows. Classes keep their proportions.
        sample_weight : array-like of shape (n,), optional
            The weight of each sample in the loss. The weights are divided by their mean over the training set, so a
            common factor has no effect, and the loss of a batch is divided by its number of rows. The column "accuracy"
            ignores weights.
        class_weight : dict or "balanced", optional
            The weight of each class, multiplied by `sample_weight`. "balanced" gives each class the same total weight.
        metrics : str, callable or sequence of them, optional
            Functions ``metric(y_true, y_pred)``, computed on the validation data, or on the training data if there are
            none. They get the data's `sample_weight`, but not the class weights. A function whose second parameter is
            named ``y_score``, ``y_prob`` or ``y_proba`` gets probabilities instead of predictions.
        train_metrics : bool, default=False
            Also evaluate the training data after each epoch, without dropout and augmentation, as ``train_loss``,
            ``train_accuracy`` and a column for each metric. "loss" is the mean over the steps of the epoch. It is
            always done if a callback monitors a column of the training data.
        schedule : Schedule, str or callable, optional
            A factor of the optimizer's learning rate in each step: ``"one_cycle"``, ``schedules.Cosine(warm_up=1)``, or
            a function ``schedule(t, total)`` of the epochs done and the epochs of the fit. The learning rate is
            restored afterwards.
        clip_norm : float, optional
            The maximum norm of the gradient of all parameters. A larger gradient is scaled down to it.
        ema : float, optional
            The decay of an `ExponentialMovingAverage` of the weights, such as 0.999.
        patience : int, optional
            The patience of `EarlyStopping`: stop after this many epochs without improvement, with the best weights.
        monitor : str, default="val_loss"
            The column of the history that `patience` applies to.
        callbacks : Callback or sequence of Callback, default=()
            Objects that are called during training.
        engine : {"auto", "numpy", "native"}, default="auto"
            The engine of the training, and from then on of prediction. "auto" is the native engine if it is installed
            and supports all parts of the network, else NumPy.
        n_threads : int, optional
            The number of threads of the native engine, by default one for each available core. It does not change
            results.
        augmentation : Augmentation, optional
            Random changes of the images X in each epoch.
        resume : bool, str or sequence of str, default=False
            Continue from the last complete file of the `Checkpoint` in `callbacks`, with the same result as without the
            interruption; start from the beginning if there is none. Data, arguments and callbacks must be those of the
            first call, except `verbose`, `n_threads` and, without a schedule, `epochs`. Functions are compared by name,
            code and the values they refer to. Settings named here, such as ``resume=["learning_rate", "patience"]``,
            may differ; they are recorded in ``history.changes``.
        window : int, optional
            For a stream, or a memory map with more rows: the maximum number of rows in memory, by default 256 MB of
            rows and at least two batches. Half of it is trained on, in random order, while a thread reads the other
            half. If it holds all rows, the result is the same as for an array.
        verbose : bool or int, default=True
            Show a progress bar, or lines if the output is not a terminal. A number n shows every n-th epoch.

        Returns
        -------
        History
            The recorded columns, with an entry for each epoch. Ctrl-C ends the training and keeps the weights; then
            ``history.stopped_by`` is ``"interrupt"``.

        Raises
        ------
        ShapeError, DataError
            The data do not fit or cannot be used; the network is unchanged.
        DivergenceError
            NaN or infinity occurred; the weights are those of the last epoch without.
        EngineError
            The native engine was asked for and is not installed or cannot run the network.
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
        """The former name of `novelty`."""
        warn("Network.familiarity is now novelty", FutureWarning)
        return self.novelty

    def play(
        self, X: ArrayLike | None = None, y: ArrayLike | None = None, *, height: int = 760, browser: bool = True,
        block: bool | None = None,
    ) -> Any:  # fmt: skip
        """Open the interactive page with this network, to edit and train it.

        In Jupyter, VS Code, Colab and marimo the page is a widget and needs no port. Elsewhere it opens in the browser,
        served to this machine only. The page works on a copy; its button 'Take over' copies the changes to this
        network.

        Parameters
        ----------
        X, y : array-like, optional
            The data to train on.
        height : int, default=760
            The height of the widget in pixels.
        browser : bool, default=True
            Open a browser tab. If False, open the `address` of the result yourself.
        block : bool, optional
            Wait for Ctrl-C. By default only in a script, which then also prints the address.

        Returns
        -------
        widget, or Tab
            A notebook shows the widget if it is the last line of a cell. A tab has `address` and `close()`.

        Raises
        ------
        MissingDependencyError
            The extra `play` is not installed.
        NotBuiltError
            The network has no weights yet, and X is not given.
        """
        return import_module("layerwise.app.play.playing").play(self, X, y, height=height, browser=browser, block=block)

    def copy(self) -> Network:
        """Return an independent copy with the same weights, optimizer and seed."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_forward": None, "_predictor": None}

    def summary(self) -> str:
        """Return a table of the layers: name, output shape and number of parameters."""
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
        """Save the network to a safetensors file: weights, layers, scaling, classes, loss and history.

        Parameters
        ----------
        path : str or path-like
            The file. It is written completely or not at all, and is on the disk when the call returns.
        optimizer : bool, default=False
            Also save the optimizer's state, so that a later fit continues as it would have here. With `Adam` the file
            is then three times as large.
        weights : {"float32", "int8"}, default="float32"
            Save the weights of dense layers as they are (float64 for a float64 network), or rounded to 8 bits with a
            scale for each unit, a quarter of the size; the arrays of `novelty` are rounded too. int8 cannot be combined
            with the optimizer's state.

        Raises
        ------
        OSError
            The path cannot be written. An existing file is left unchanged.
        ValueError
            int8 is asked for with the optimizer's state, or `weights` has another value.
        NotBuiltError
            The network has no weights yet.
        FormatError
            A weight is NaN or infinite, or a part of the network cannot be saved.
        """
        description, arrays = self.written(optimizer, weights)
        storage.write(path, self._head() | description, arrays)

    def checkpoint(
        self, training: dict[str, Any], arrays: Mapping[str, Array], identity: Mapping[str, Any] | None = None
    ) -> Callable[[str | os.PathLike[str], bool], None]:
        """Return a function that writes the network as it is now, with the state of its training, to a file.

        The function takes a path, and whether an existing file may be replaced.
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
