"""One fit of a table: an estimator by the settings for tables, calibrated on the rows to validate, and tested.

The model that is saved, each fold of a cross-validation and each candidate of a search are trained by this one way.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.app.measures import COVERAGE, covered, of_classes, of_numbers, usable_intervals
from layerwise.data.tables.splitting import Parts
from layerwise.data.tables.understanding import Understanding
from layerwise.errors import DataError, WriteError
from layerwise.network.network import Network
from layerwise.training.callbacks import Callback, History
from layerwise.trust.calibration import LEAST_ROWS, calibrate
from layerwise.trust.novelty import learn_novelty
from layerwise.typing import Array


@dataclass
class Settings:
    """What the command was asked for, besides how the table is to be read."""

    seed: int = 0
    epochs: int | None = None
    test: float = 0.2
    validation: float = 0.2
    class_weight: str | None = None
    time_column: str | None = None
    group: str | None = None
    engine: str = "auto"
    threads: int | None = None
    cv: int | None = None
    minutes: float | None = None
    preset: str = "tabular"
    ensemble: int | None = None
    callbacks: list[Callback] = field(default_factory=list)
    resume: bool | list[str] = False
    notes: dict[str, Any] = field(default_factory=dict)
    fit: Callable[..., History] = Network.fit
    leave: Callable[[], None] = lambda: None  # once the last training is over


@dataclass
class Fitted:
    """A trained estimator, the temperature of its probabilities, and what there is to say of these."""

    model: Any
    temperature: float | None
    notes: list[str]
    unwritten: WriteError | None = None  # of a checkpoint

    @property
    def history(self) -> History:
        """The epochs of its training."""
        history: History = self.model.history_
        return history


def estimator(found: Understanding, parts: Parts, settings: Settings, **changed: Any) -> Any:
    """Return an estimator by the settings for tables, some of which may be changed; not yet trained."""
    from layerwise.estimators import MLPClassifier, MLPRegressor

    weight = {} if settings.class_weight is None else {"class_weight": settings.class_weight}
    kind: Any = MLPClassifier if found.is_classification else MLPRegressor
    given = {
        "preset": settings.preset,
        "ensemble": "auto" if settings.ensemble is None else settings.ensemble,
        "random_state": settings.seed,
        "max_iter": "auto" if settings.epochs is None else settings.epochs,
        "early_stopping": "auto" if len(parts.validation) else False,
        "engine": settings.engine,
        "n_threads": settings.threads,
        **weight,
        **found.encoder_arguments(),
    }
    model = kind(**given | changed)
    model._train_by = settings.fit
    return model


def fit(model: Any, found: Understanding, parts: Parts, callbacks: Sequence[Callback], verbose: bool) -> Fitted:
    """Train the estimator on the rows to train, and calibrate it on those to validate."""
    X, y = found.features(), found.answers()
    held = (X.take(parts.validation), y[parts.validation]) if len(parts.validation) else None
    model.set_params(callbacks=list(callbacks), verbose=verbose)
    unwritten = None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "R\\^2 score is not well-defined")
            model.fit(X.take(parts.train), y[parts.train], validation_data=held)
    except WriteError as error:  # of a checkpoint; the network is trained
        unwritten = error
    finally:
        model.set_params(callbacks=None, verbose=False)  # which are the command's, and not for the file
    return Fitted(model, *((None, []) if held is None else _calibrated(model, *held)), unwritten)


def _calibrated(model: Any, X: Any, y: Array) -> tuple[float | None, list[str]]:
    """Fit the temperature of the probabilities to the rows to validate, where they are enough to tell one."""
    if not hasattr(model, "classes_") or y.ndim > 1 or len(y) < LEAST_ROWS:
        return None, []
    try:
        return calibrate(model.network_, model._check_X(X), model._encode(y, False)).temperature, []
    except DataError as error:
        return None, [f"the probabilities are not calibrated: {error}"]


def learn_familiar(model: Any, found: Understanding, parts: Parts) -> None:
    """Let the model learn what the rows to train look like, where there are enough to validate."""
    if len(parts.validation) < LEAST_ROWS:
        return
    X = found.features()
    train, held = (model._check_X(X.take(rows)) for rows in (parts.train, parts.validation))
    with contextlib.suppress(DataError):  # more inputs than a covariance can be kept of
        learn_novelty(model.network_, train, held)


def tested(model: Any, X: Any, y: Array) -> dict[str, Any]:
    """Return the measures of a model on rows that it has not seen; ready for JSON."""
    answers = model.predict(X)
    if hasattr(model, "classes_"):
        if y.ndim > 1:
            right = (answers == y).mean(axis=0)
            return {"samples": len(y), "several": True, "accuracy": float((answers == y).all(axis=1).mean()),
                    "accuracies": right.tolist()}  # fmt: skip
        return of_classes(y, model.predict_proba(X), answers, model.classes_)
    result = of_numbers(y, answers)
    if usable_intervals(model.network_) is not None:
        result["coverage"] = covered(y, model.predict_interval(X, COVERAGE))
    return result


def standardized(model: Any) -> dict[str, Any] | None:
    """Return by what the targets were brought to mean 0 and standard deviation 1, if they were."""
    scale, mean = getattr(model, "target_scale_", None), getattr(model, "target_mean_", None)
    return None if scale is None or mean is None else {"mean": np.asarray(mean).tolist(), "std": scale.tolist()}


def networks(model: Any) -> int:
    """Return how many networks lie side by side in a fitted estimator's."""
    found: int = model.n_members_
    return found
