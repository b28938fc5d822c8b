"""What MLPClassifier and MLPRegressor have in common: scikit-learn's interface over a `Network`.

    fit:  check X and y ─► build the network (first time) ─► hold out validation data ─► solve ─► attributes

First weights, the split and the shuffles come from `random_state` in scikit-learn's order, so that the same seed gives
the network, and epoch by epoch the losses, that scikit-learn's own estimator has.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.metrics import check_scoring, get_scorer
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    check_array,
    check_is_fitted,
    check_X_y,
    validate_data,
)

from layerwise.data.arrays import check_one_kind, native_indices
from layerwise.data.frames import check_names_of_frame
from layerwise.data.names import named_columns, target_names
from layerwise.data.streams.scan import in_memory
from layerwise.data.tabular import TableEncoder
from layerwise.data.targets import Task
from layerwise.estimators import building, continuing, held_out, members, options, presets, saving
from layerwise.estimators.attributes import OptimizerView, Threshold, views
from layerwise.estimators.labels import check_form, refuse_sparse_vector
from layerwise.estimators.solvers import solve_lbfgs, solve_stochastic
from layerwise.estimators.unchanged import Settled, is_plain_column, is_plain_rows, settle
from layerwise.network.network import Network
from layerwise.parts.endings import ending
from layerwise.parts.layers import Dense, Layer
from layerwise.parts.losses import Loss
from layerwise.parts.masked import refuse_masked
from layerwise.parts.schedules import as_schedule
from layerwise.training.callbacks import as_callbacks
from layerwise.typing import Array

STOCHASTIC = ("sgd", "adam")


@cache
def _parameter_names(kind: Any) -> tuple[str, ...]:
    return tuple(BaseEstimator._get_param_names.__func__(kind))


class BaseMLP(BaseEstimator):  # type: ignore[misc]
    """Base of the two estimators; it has their parameters, their fit and what both can be asked."""

    network_: Network
    n_outputs_: int
    threshold = Threshold()
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = options.CONSTRAINTS

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Return the names that scikit-learn finds, but once for a class: each ``partial_fit`` asks twice."""
        return list(_parameter_names(cls))  # type: ignore[arg-type]  # a class has a hash

    # ---------------------------------------------------------------- what the two define

    def _encode(self, y: Any, define: bool) -> Array:
        """Return the targets as the network takes them; `define`: what they stand for is new, and kept."""
        raise NotImplementedError

    def _task(self) -> Task:
        """Return what the network answers."""
        raise NotImplementedError

    def _loss_of(self, settings: SimpleNamespace, dtype: np.dtype[Any]) -> Loss:
        raise NotImplementedError

    def _stratify(self, y: Array) -> Array | None:
        """Return the labels whose proportions a split keeps."""
        raise NotImplementedError

    def _loss_value(self, loss: float) -> float:
        """Return the mean loss as scikit-learn reports it."""
        return loss

    # ---------------------------------------------------------------- fit

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation_data: tuple[Any, ...] | None, incremental: bool = False
    ) -> Any:
        settings, first = self._settle(incremental, validation_data is not None)
        given, given_y, sample_weight = in_memory(X, y, sample_weight, type(self).__name__)
        X, y = self._check_X_y(given, given_y, first)
        refuse_masked(sample_weight, "sample_weight")
        y = self._encode(y, first and not (incremental and hasattr(self, "classes_")))
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        self._class_weights()  # refuses what does not fit
        self.__dict__.pop("_random_state", None)
        dtype = self._dtype(X)
        loss = self._loss_of(settings, dtype).for_columns(target_names(given_y))
        if first:
            self._begin(X, y, loss, settings, dtype)
        self.network_.task = self._named_task(given_y)
        held = held_out.given(self, validation_data)
        if self.solver == "lbfgs":
            if held is not None:
                raise ValueError("validation_data is looked at after each epoch; solver='lbfgs' has none: use 'adam'")
            solve_lbfgs(self, settings, X, y, sample_weight, loss)
            return self
        if members.are_trained(self, settings, X):
            members.train(self, settings, X, y, sample_weight, loss, held)
        else:
            if settings.early_stopping and held is None:
                X, y, sample_weight, held = held_out.split(self, given, X, y, sample_weight, settings)
            held_out.check_scorer(self._scorer(), self.scoring, held)
            solve_stochastic(self, settings, X, y, sample_weight, loss, held, incremental)
        if held is not None:
            self._learn_from_held_out(held)
        return self

    def _learn_from_held_out(self, held: held_out.HeldOut) -> None:
        """Learn what only rows can tell that were not fitted to."""

    def _settle(self, incremental: bool, validates: bool) -> tuple[SimpleNamespace, bool]:
        """Return the settings, from parameters found good, and whether the network is new.

        A fit that goes on takes up the parameters that have changed; what is known to be unchanged is not looked at.
        """
        known: Settled | None = vars(self).get("_settled")
        if incremental and known is not None and known.holds(self):
            return known.settings, False
        self._settled = None
        self._validate_params()
        settings = self._settings(incremental)
        options.check(settings, incremental=incremental, validates=validates)
        building.hidden_layers(settings)  # refuses what is wrong before anything is changed
        as_schedule(settings.schedule)
        as_callbacks(settings.callbacks)
        self._scorer()
        first = not hasattr(self, "network_") or not (self.warm_start or incremental)
        if not first:
            self._go_on(settings)
            self._settled = settle(self, settings) if incremental else None
        return settings, first

    @cached_property
    def _random_state(self) -> Any:
        """The stream that first weights, split and shuffles of one fit are drawn from; made when it is needed."""
        if not hasattr(self, "n_features_in_"):  # known before the first draw
            self._fitted("_random_state")
        return check_random_state(self.random_state)

    def _go_on(self, settings: SimpleNamespace) -> None:
        """Let parameters that have changed since the weights were learned take effect, or refuse them."""
        layers = self._layers(settings, self._loss_of(settings, self.network_.dtype))
        self.network_ = continuing.go_on(self.network_, settings, layers, hasattr(self, "encoder_"))
        self.out_activation_ = building.name_of(self.network_.layers[-1])

    def _layers(self, settings: SimpleNamespace, loss: Loss) -> list[Layer]:
        """Return all layers of the network: the hidden ones, the outputs', and what the loss needs at the end."""
        last = Dense(self.n_outputs_) if settings.preset is None else presets.last_layer(self.n_outputs_)
        return [*building.hidden_layers(settings), last, ending(loss, self._task().kind, self.n_outputs_)]

    def _settings(self, incremental: bool) -> SimpleNamespace:
        """Return the parameters, with values for those that are 'auto', and the estimator's name for errors."""
        settings = SimpleNamespace(**self.get_params(deep=False), name=type(self).__name__)
        options.check_alone(settings)
        presets.resolve(settings, incremental)
        return settings

    def _dtype(self, X: Any) -> np.dtype[Any]:
        """Return what is computed in: as asked for, else in what X came, else float32."""
        if self.dtype is not None:
            return np.dtype(self.dtype)
        return np.dtype(X.dtype if X.dtype.kind == "f" else np.float32)

    def _accepted(self) -> Any:
        """Return the types of X that are taken as they are: of pixels, only where they are to be scaled."""
        floats = [np.float64, np.float32] if self.dtype is None else [np.dtype(self.dtype), np.float32, np.float64]
        return [*floats, np.uint8] if self.scaling is not None else floats

    def _check_X_y(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:
        if not first and self._is_plain(X) and is_plain_column(y, len(X)):
            return X, y
        refuse_masked(X, "X")
        refuse_masked(y, "y")
        check_names_of_frame(X, "X")
        check_form(y, X)
        X, y = native_indices(X), native_indices(y)
        refuse_sparse_vector(y)
        if self.preset is not None:
            table = self._encode_table(X, first, y)
            return check_X_y(  # type: ignore[no-any-return]
                table, y, multi_output=True, y_numeric=self._y_numeric, dtype=self._accepted(), estimator=self
            )
        return validate_data(  # type: ignore[no-any-return]
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=self._y_numeric,
            dtype=self._accepted(), reset=first,
        )  # fmt: skip

    def _is_plain(self, X: object) -> bool:
        """Return whether X is an array that scikit-learn's checks would hand back as it is."""
        plain = self.preset is None and not hasattr(self, "feature_names_in_")
        return plain and is_plain_rows(X, self._accepted(), self.n_features_in_)

    _y_numeric: ClassVar[bool] = False

    def _encode_table(self, X: Any, first: bool, y: Any = None) -> Array:
        """Return a table with categories and gaps as numbers."""
        if isinstance(X, (np.ndarray, list, tuple)):
            X = np.array(X, dtype=object) if not isinstance(X, np.ndarray) and np.asarray(X).dtype.kind == "U" else X
            X = check_array(X, dtype=None, ensure_all_finite=False, estimator=self)
        _check_feature_names(self, X, reset=first)
        _check_n_features(self, X, reset=first)
        if first:
            self.encoder_ = TableEncoder(**{name: getattr(self, name) for name in options.OF_TABLES})
            return self.encoder_.fit_transform(X, y)
        return self.encoder_.transform(X)

    def _check_X(self, X: Any) -> Any:
        if self._is_plain(X):
            return X
        X = native_indices(in_memory(X, None, None, type(self).__name__, needs_y=False)[0])
        refuse_masked(X, "X")
        check_names_of_frame(X, "X")
        if self.preset is not None:
            return self._encode_table(X, False)
        return validate_data(self, X, accept_sparse=["csr", "csc"], dtype=self._accepted(), reset=False)

    def _check_scored(self, y: Any, sample_weight: Any) -> None:
        """Refuse what `fit` refuses and scikit-learn's metrics would take: masked values, columns of other names."""
        if hasattr(self, "network_"):
            self._named_task(y)
        refuse_masked(y, "y")
        check_one_kind(y, "y")
        refuse_masked(sample_weight, "sample_weight")

    def _named_task(self, y: Any, title: str = "y") -> Task:
        """Return the network's task, with the names of y's columns, which must be those of `fit` where that had any."""
        task = self.network_.task
        assert task is not None
        return task.named(target_names(y), title)

    def _begin(self, X: Any, y: Array, loss: Loss, settings: SimpleNamespace, dtype: np.dtype[Any]) -> None:
        """Make a new network, with first weights as scikit-learn draws them where the layers are those of the sizes."""
        layers = self._layers(settings, loss)
        self.network_ = Network(layers, random_state=self._seed(), dtype=dtype, scaling=self.scaling)
        self.network_.build(X.shape[1])
        if self.preset is None:
            last = len(layers) - 2
            self._draw(range(last if settings.layers is not None else 0, last + 1), settings.activation)
        self.network_.task = self._task()
        if self.preset is not None:
            presets.set_first_answer(self.network_, y, loss)
        else:  # X is what the names are of
            self.network_.columns = named_columns(getattr(self, "feature_names_in_", None))
        self.network_.loss = loss
        self.out_activation_ = building.name_of(self.network_.layers[-1])
        self.n_layers_, self.n_members_ = len(self.coefs_) + 1, 1
        self.n_iter_, self.t_ = 0, 0
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        self.best_loss_: float | None = None

    def _draw(self, indices: range, activation: object) -> None:
        """Draw weights (Glorot, Bengio 2010), uniform on ±√(6 / (n_in + n_out)); ±√(2 / …) for the logistic one."""
        for i in indices:
            p = vars(self.network_.built()[1].p[i])
            if "W" not in p:
                continue
            inputs, units = p["W"].shape
            units //= getattr(self.network_.layers[i], "groups", 1)
            bound = np.sqrt((2.0 if activation == "logistic" else 6.0) / (inputs + units))
            p["W"][...] = self._random_state.uniform(-bound, bound, p["W"].shape)
            p["b"][...] = self._random_state.uniform(-bound, bound, p["b"].shape)

    def _seed(self) -> int:
        """Return a seed for masks and distortions, which takes nothing out of the stream of `random_state`."""
        peek = np.random.RandomState()
        peek.set_state(self._random_state.get_state())
        return int(peek.randint(2**31 - 1))

    def _decode(self, y: Array) -> Array:
        """Return targets as the user knows them."""
        return y

    # ---------------------------------------------------------------- the model file

    def save(self, path: str | os.PathLike[str], *, optimizer: bool = False, weights: str = "float32") -> None:
        """Save the fitted estimator to a file, which `layerwise.load` reads. No code in the file is run.

        Parameters
        ----------
        path : str or path-like
            The file. It is written completely or not at all.
        optimizer : bool, default=False
            Also save the optimizer's state, so that `partial_fit` continues as it would have here. With Adam the file
            is then three times as large. Without it, `partial_fit` starts a new optimizer and warns.
        weights : {"float32", "int8"}, default="float32"
            As for `Network.save`.

        Raises
        ------
        OSError, ValueError
            As from `Network.save`.
        FormatError
            A parameter is a function or cannot be saved for another reason; use pickle.
        """
        check_is_fitted(self)
        saving.write(self, path, optimizer, weights)

    # ---------------------------------------------------------------- what it can be asked

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        return self.network_.outputs(self._check_X(X))

    @property
    def coefs_(self) -> list[Array]:
        """The weights (n_in, n_out) of each dense layer. Writing to them changes the network."""
        return views(self._fitted("coefs_").built()[1], "W")

    @coefs_.setter
    def coefs_(self, values: list[Array]) -> None:
        self.coefs_[:] = values

    @property
    def intercepts_(self) -> list[Array]:
        """The biases (n_out,) of each dense layer. Writing to them changes the network."""
        return views(self._fitted("intercepts_").built()[1], "b")

    @intercepts_.setter
    def intercepts_(self, values: list[Array]) -> None:
        self.intercepts_[:] = values

    @property
    def _optimizer(self) -> OptimizerView:
        """What scikit-learn's estimators have under this name, once they were trained step by step."""
        network = self._fitted("_optimizer")
        if network.optimizer is None:
            raise AttributeError(f"{type(self).__name__} has no '_optimizer': solver={self.solver!r} has none")
        return OptimizerView(network.optimizer, network.built()[1], self._settings(False).learning_rate_init)

    def _fitted(self, name: str) -> Network:
        """Return the network.

        Raises
        ------
        NotFittedError
            There is none yet; it is an AttributeError, so that hasattr is False.
        """
        network = vars(self).get("network_")
        if network is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet, and has no {name!r}. Call 'fit' first."
            )
        return network  # type: ignore[no-any-return]

    def _scorer(self) -> Any:
        """Return the scorer that stops early, if another than `score` was asked for."""
        if self.scoring is None:
            return None
        return get_scorer(self.scoring) if isinstance(self.scoring, str) else check_scoring(self, self.scoring)

    def _with_class_weights(self, y: Array, weight: Array | None) -> Array | None:
        """Return the samples' weights, with those of their classes where the network cannot see to them."""
        return weight

    def _class_weights(self) -> dict[Any, float] | str | None:
        """Return the weights of classes as the network takes them."""
        return None

    def _score_metric(self) -> Callable[..., float]:
        """Return what `score` computes, as a metric of encoded targets and answers."""
        raise NotImplementedError

    def _check_solver(self) -> bool:
        if self.solver not in STOCHASTIC:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        options.check_incremental(self)
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.preset is None and self.scaling is None
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = self.preset is not None
        return tags
