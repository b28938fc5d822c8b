"""`layerwise train FILE` without a recipe: a table as it is understood, and the estimators' settings for tables.

Understanding ─► rows to train, validate and test ─► MLPClassifier or MLPRegressor ─► calibrated, tested, saved
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.cli import console
from layerwise.app.cli.measures import beside_no_model, of_classes, of_numbers
from layerwise.app.cli.training import SayStopping
from layerwise.data.tables.deciding import understand
from layerwise.data.tables.parsing import parsed, plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.splitting import Parts, split_rows
from layerwise.data.tables.understanding import Understanding
from layerwise.errors import DataError, UnknownNameError, missing, nearest
from layerwise.training.callbacks import Callback, History
from layerwise.trust.calibration import calibrate
from layerwise.typing import Array

SPLIT_SEED = 42  # rows are held out by this seed, whatever the seed of the training
FEWEST = 10  # rows with a target
LEAST_TO_CALIBRATE, LEAST_OF_INTERVALS = 30, 9  # rows to validate
COVERAGE = 0.9


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
    callbacks: list[Callback] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


def understood(raw: RawTable, target: str | None, task: str, settings: Settings, options: dict[str, Any]) -> Any:
    """Return the Understanding of a table that is to be learned from, and the rows of its parts."""
    if find_spec("sklearn") is None:
        raise missing("scikit-learn", "cli", "training on a table")
    if settings.time_column is not None and settings.group is not None:
        raise DataError("--time-column and --group part the rows in two ways: give one of them")
    for name, option in ((settings.time_column, "--time-column"), (settings.group, "--group")):
        if name is not None and name not in raw.names:
            raise UnknownNameError(f"{option}: {raw.source} has no column {name!r}; {nearest(name, raw.names)}")
    if settings.group is not None:
        options = options | {"id": [*options["id"], settings.group]}
    if task != "auto":
        kind = "category" if task == "classes" else "number"
        names = [target] if target in raw.names else [] if target is None else target.split(",")
        names = names or [found.name for found in understand(raw, target, **options).targets]
        raw.notes.clear()
        options = options | {"kinds": {**options["kinds"], **dict.fromkeys(names, kind)}}
    found = understand(raw, target, **options)
    if len(found.kept) < FEWEST:
        raise DataError(
            f"{raw.source} has {len(found.kept)} rows with a target; at least {FEWEST} are needed, some of them to test"
        )
    if settings.class_weight is not None and not found.is_classification:
        raise DataError(f"--class-weight is for classes; {found.targets[0].sentence}")
    return found, _parts(raw, found, settings)


def _parts(raw: RawTable, found: Understanding, settings: Settings) -> Parts:
    y, times, groups = found.answers(), None, None
    if settings.time_column is not None:
        j = raw.names.index(settings.time_column)
        column = found.columns[j]
        if column.kind.name not in ("date", "number"):
            raise DataError(f"--time-column {column.name}: it must hold dates or numbers, but is {column.kind.name}")
        times = parsed(plain_column(raw.columns[j]), column.kind, found.missing)[0][found.kept]
    if settings.group is not None:
        cells = plain_column(raw.columns[raw.names.index(settings.group)])
        groups = np.array([str(cell) for cell in cells])[found.kept]
    classes = y if found.is_classification and y.ndim == 1 else None
    parts = split_rows(
        len(y), test=settings.test, validation=settings.validation, seed=SPLIT_SEED, classes=classes, times=times,
        groups=groups,
    )  # fmt: skip
    if not found.is_classification and len(parts.validation) and (np.ptp(y[parts.validation], axis=0) == 0).any():
        found.notes.append("the rows to validate have one value of the target, which tells nothing: all are trained on")
        return Parts(np.sort(np.concatenate([parts.train, parts.validation])), parts.validation[:0], parts.test)
    if classes is not None:
        known = np.unique(classes[parts.train])
        if len(known) < len(np.unique(classes)):
            lacking = [str(label) for label in np.unique(classes).tolist() if label not in known.tolist()]
            raise DataError(
                f"{raw.source}: some classes have too few rows: {', '.join(lacking[:5])} "
                f"{'is' if len(lacking) == 1 else 'are'} not among the {len(parts.train)} rows to train; give more "
                "rows of the others, or hold out others"
            )
    return parts


def show_understood(found: Understanding, parts: Parts) -> None:
    """Print what was found and what is done with it."""
    kept = f", {len(found.kept):,} with a target" if len(found.kept) < found.n_rows else ""
    inputs, columns = len(found.inputs), len(found.columns)
    console.show(f"{found.source}: {found.n_rows:,} rows{kept}; learns from {inputs} of {columns} columns")
    for note in found.notes:
        console.show(f"note: {note}")
    console.show(f"target: {found.sentence}")
    validated = f", {len(parts.validation):,} to validate" if len(parts.validation) else ""
    console.show(f"{len(parts.train):,} rows to train{validated}, {len(parts.test):,} to test")


def train_table(
    found: Understanding, parts: Parts, settings: Settings, output: Path, quiet: bool, json: bool
) -> tuple[dict[str, Any], History]:
    """Train, calibrate, test and save; return what there is to report, and the history."""
    X, y = found.features(), found.answers()
    model = _estimator(found, parts, settings, not (quiet or json))
    held = (X.take(parts.validation), y[parts.validation])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "R\\^2 score is not well-defined")
        model.fit(X.take(parts.train), y[parts.train], validation_data=held if len(parts.validation) else None)
    model.callbacks = None  # which are the command's, and not for the file
    history: History = model.history_
    temperature, notes = _calibrated(model, *held)
    model.network_.notes = {**settings.notes, "table": found.to_dict()}
    model.save(output)
    if history.stopped_by == "interrupt" and not json:
        console.warn(f"interrupted in epoch {history.epochs}: the best weights so far are kept in {output}", "yellow")
    tested = _tested(model, X.take(parts.test), y[parts.test])
    report = {
        "data": Path(found.source).stem,
        "recipe": "tabular",
        "seed": settings.seed,
        "epochs": history.epochs,
        "kept_epoch": history.kept_epoch or history.epochs,
        "stopped_by": history.stopped_by,
        "seconds": sum(history["seconds"]),
        "rows": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "left_out": found.n_rows - len(found.kept),
        "columns": {c.name: {"kind": c.kind.name, "use": c.use, "reason": c.reason} for c in found.columns},
        "targets": found.to_dict()["targets"],
        "notes": [*found.notes, *notes],
        "history": history.to_dict(),
        "standardized_target": _standardized(model),
        "temperature": temperature,
        "test": tested,
        "baseline": beside_no_model(tested, y[parts.test], y[parts.train]) if "several" not in tested else None,
        "model": str(output),
    }
    return report, history


def _estimator(found: Understanding, parts: Parts, settings: Settings, verbose: bool) -> Any:
    from layerwise.estimators import MLPClassifier, MLPRegressor

    weight = {} if settings.class_weight is None else {"class_weight": settings.class_weight}
    kind: Any = MLPClassifier if found.is_classification else MLPRegressor
    return kind(
        preset="tabular",
        random_state=settings.seed,
        max_iter="auto" if settings.epochs is None else settings.epochs,
        early_stopping="auto" if len(parts.validation) else False,
        engine=settings.engine,
        n_threads=settings.threads,
        callbacks=[*settings.callbacks, *([SayStopping()] if verbose else [])],
        verbose=verbose,
        **weight,
        **found.encoder_arguments(),
    )


def _calibrated(model: Any, X: Any, y: Array) -> tuple[float | None, list[str]]:
    """Fit the temperature of the probabilities to the rows to validate, where they are enough to tell one."""
    if not hasattr(model, "classes_") or y.ndim > 1 or len(y) < LEAST_TO_CALIBRATE:
        return None, []
    try:
        return calibrate(model.network_, model._check_X(X), model._encode(y, False)).temperature, []
    except DataError as error:
        return None, [f"the probabilities are not calibrated: {error}"]


def _tested(model: Any, X: Any, y: Array) -> dict[str, Any]:
    answers = model.predict(X)
    if hasattr(model, "classes_"):
        if y.ndim > 1:
            right = (answers == y).mean(axis=0)
            return {"samples": len(y), "several": True, "accuracy": float((answers == y).all(axis=1).mean()),
                    "accuracies": right.tolist()}  # fmt: skip
        return of_classes(y, model.predict_proba(X), answers, model.classes_)
    result = of_numbers(y, answers)
    learned = model.network_.intervals
    if learned is not None and learned.rows >= LEAST_OF_INTERVALS:
        ends = model.predict_interval(X, COVERAGE)
        result["coverage"] = float(((ends[..., 0] <= y) & (y <= ends[..., 1])).mean())
    return result


def _standardized(model: Any) -> dict[str, Any] | None:
    scale, mean = getattr(model, "target_scale_", None), getattr(model, "target_mean_", None)
    return None if scale is None or mean is None else {"mean": np.asarray(mean).tolist(), "std": scale.tolist()}
