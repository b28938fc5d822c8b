"""`layerwise train FILE` without a recipe: a table as it is understood, and the estimators' settings for tables.

Understanding ─► rows to train, validate and test ─► MLPClassifier or MLPRegressor ─► calibrated, tested, saved
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.cli import console
from layerwise.app.cli.cross_validation import cross_validate
from layerwise.app.cli.held_out import remembered
from layerwise.app.cli.measures import main_columns
from layerwise.app.cli.search import Search
from layerwise.app.cli.table_fits import (
    Fitted,
    Settings,
    estimator,
    fit,
    learn_familiar,
    networks,
    standardized,
    tested,
)
from layerwise.app.cli.training import SayStopping, otherwise, told_where
from layerwise.app.measures import beside_no_model
from layerwise.data.tables.deciding import understand
from layerwise.data.tables.parsing import parsed, plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.splitting import Parts, split_folds, split_rows
from layerwise.data.tables.understanding import Understanding
from layerwise.errors import ChangedError, DataError, DivergenceError, UnknownNameError, WriteError, missing, nearest
from layerwise.training.callbacks import Checkpoint, History
from layerwise.typing import Array

SPLIT_SEED = 42  # rows are held out by this seed, whatever the seed of the training
FEWEST = 10  # rows with a target


def understood(
    raw: RawTable, target: str | None, task: str, settings: Settings, options: dict[str, Any]
) -> tuple[Understanding, Parts, list[Parts]]:
    """Return what a table that is to be learned from is, the rows of its parts, and those of each fold."""
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
    by = _ways(raw, found, settings)
    held: dict[str, Any] = {"validation": settings.validation, "seed": SPLIT_SEED}
    parts = split_rows(len(found.kept), test=settings.test, **held, **by)
    folds = [] if settings.cv is None else split_folds(len(found.kept), settings.cv, **held, **by)
    parts = _usable(parts, found, by["classes"])
    if settings.minutes is not None and not len(parts.validation):
        raise DataError("--search compares settings by the rows to validate, and there are none: see --validation")
    return found, parts, [_usable(fold, found, by["classes"], i) for i, fold in enumerate(folds, 1)]


def _ways(raw: RawTable, found: Understanding, settings: Settings) -> dict[str, Any]:
    """Return the classes, times and groups by which the rows are parted, None where they are not."""
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
    return {"classes": y if found.is_classification and y.ndim == 1 else None, "times": times, "groups": groups}


def _usable(parts: Parts, found: Understanding, classes: Array | None, fold: int = 0) -> Parts:
    """Return parts that can be learned from, or refuse them; `fold`: its number in a cross-validation."""
    y, title = found.answers(), f"fold {fold} of --cv: " if fold else ""
    if not found.is_classification and len(parts.validation) and (np.ptp(y[parts.validation], axis=0) == 0).any():
        if not fold:
            found.notes.append(
                "the rows to validate have one value of the target, which tells nothing: all are trained on"
            )
        return Parts(np.sort(np.concatenate([parts.train, parts.validation])), parts.validation[:0], parts.test)
    if classes is not None:
        known = np.unique(classes[parts.train])
        if len(known) < len(np.unique(classes)):
            lacking = [str(label) for label in np.unique(classes).tolist() if label not in known.tolist()]
            other = "give a smaller --cv" if fold else "hold out others"
            raise DataError(
                f"{found.source}: {title}some classes have too few rows: {', '.join(lacking[:5])} "
                f"{'is' if len(lacking) == 1 else 'are'} not among the {len(parts.train)} rows to train; give more "
                f"rows of the others, or {other}"
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
    found: Understanding,
    parts: Parts,
    folds: list[Parts],
    settings: Settings,
    output: Path,
    quiet: bool,
    json: bool,
) -> tuple[dict[str, Any], History]:
    """Train, calibrate, test and save; return what there is to report, and the history."""
    X, y = found.features(), found.answers()
    notes: dict[str, Any] = {**settings.notes, "table": found.to_dict(), "held_out": remembered(y, parts.test)}
    if folds:
        notes["cross_validation"] = cross_validate(found, folds, settings, json)
    work = Work(found, parts, settings, notes, output)
    model = estimator(found, parts, settings)
    began = time.perf_counter()
    fitted = work.fit(model, verbose=not (quiet or json))
    settings.leave()
    stopped_by = fitted.history.stopped_by
    if settings.minutes is not None and stopped_by != "interrupt":
        fitted, stopped_by = work.search(began, fitted, quiet, json)
    learn_familiar(fitted.model, found, parts)
    work.save(fitted.model)
    model, history = fitted.model, fitted.history
    with told_where(output):
        if stopped_by == "interrupt" and not json:
            where = f"in epoch {history.epochs}" if history.stopped_by == "interrupt" else "in the search"
            going_on = "; --resume goes on" if any(isinstance(each, Checkpoint) for each in settings.callbacks) else ""
            console.warn(f"interrupted {where}: the best weights so far are kept in {output}{going_on}", "yellow")
        if fitted.unwritten is not None:
            raise WriteError(f"{fitted.unwritten} The model is saved in {output}") from None
        measures = tested(model, X.take(parts.test), y[parts.test])
        several = "several" in measures
        report = {
            "data": Path(found.source).stem,
            "recipe": settings.preset,
            "networks": networks(model),
            "seed": settings.seed,
            "epochs": history.epochs,
            "kept_epoch": history.kept_epoch or history.epochs,
            "stopped_by": stopped_by,
            "seconds": sum(history["seconds"]),
            "rows": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
            "left_out": found.n_rows - len(found.kept),
            "columns": {c.name: {"kind": c.kind.name, "use": c.use, "reason": c.reason} for c in found.columns},
            "targets": found.to_dict()["targets"],
            "notes": [*found.notes, *fitted.notes],
            "history": history.to_dict(),
            "standardized_target": standardized(model),
            "temperature": fitted.temperature,
            "cross_validation": notes.get("cross_validation"),
            "search": notes.get("search"),
            "test": measures,
            "baseline": None if several else beside_no_model(measures, y[parts.test], y[parts.train]),
            "importance": main_columns(model, X.take(parts.test), y[parts.test]),
            "model": str(output),
        }
    return report, history


@dataclass
class Work:
    """The training of the model that is saved: what it has learned is kept, whatever ends it."""

    found: Understanding
    parts: Parts
    settings: Settings
    notes: dict[str, Any]
    output: Path

    def fit(self, model: Any, verbose: bool) -> Fitted:
        """Train; a second Ctrl-C and weights that are not finite any more end it, the best so far saved."""
        callbacks = [*self.settings.callbacks, *([SayStopping()] if verbose else [])]
        model._resume = self.settings.resume
        try:
            return fit(model, self.found, self.parts, callbacks, verbose)
        except ChangedError as error:
            raise otherwise(error) from None
        except DivergenceError as error:
            if not _epochs(model):
                raise  # in the first epoch: there is nothing worth keeping
            self.save(model)
            raise DivergenceError(f"{error}. They are saved in {self.output}", error.step, error.layer) from None
        except KeyboardInterrupt:
            if not _epochs(model):
                raise
            with told_where(self.output):
                self.save(model)
                raise

    def search(self, began: float, first: Fitted, quiet: bool, json: bool) -> tuple[Fitted, str]:
        """Look for better settings than the preset's, with which `first` was trained; return the best, and the end."""
        search = Search(self.found, self.parts, self.settings, began, first, told=not (quiet or json))
        try:
            search.run()
        except KeyboardInterrupt:
            with told_where(self.output):
                self.notes["search"] = search.to_dict()
                self.save(search.best.model)
                raise
        self.notes["search"] = search.to_dict()
        if not json:
            search.show()
        return search.best, "interrupt" if search.is_interrupted else search.best.history.stopped_by

    def save(self, model: Any) -> None:
        """Write the model file, with what was decided for the table."""
        model.network_.notes = self.notes
        model.save(self.output)


def _epochs(model: Any) -> int:
    """Return how many epochs a fit that was broken off has made."""
    history = model.network_.history if hasattr(model, "network_") else None
    return 0 if history is None else int(history.epochs)
