"""`layerwise train FILE --search MINUTES`: settings for this table, found by successive halving.

the preset's own, whole ─► 15 others, of few epochs ─► the best 5, of more ─► the best 2, whole ─► the best of all

Each training has the whole schedule of its epochs, so a short one may win too: epochs are one of the settings. What is
compared is the log loss, or the root mean squared error, of the rows to validate (Jamieson, Talwalkar 2016,
"Non-stochastic best arm identification and hyperparameter optimization").
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from numbers import Real
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.table_fits import Fitted, Settings, estimator, fit
from layerwise.data.tables.splitting import Parts
from layerwise.data.tables.understanding import Understanding
from layerwise.errors import DivergenceError
from layerwise.training.callbacks import Callback
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.training.loop import Training

ROUNDS = ((15, 1 / 16), (5, 1 / 4), (2, 1.0))  # so many candidates, and their share of all epochs
CHANGED = 0.5  # how likely a candidate has another value of a setting than the preset
FEW = 100  # rows to validate
SPACE: dict[str, tuple[float, ...]] = {
    "learning_rate_init": (0.25, 0.5, 2.0),  # these four are factors of the preset's
    "width": (0.25, 0.5, 2.0),
    "depth": (1 / 3, 2 / 3, 4 / 3),
    "batch_size": (0.25, 0.5, 2.0),
    "dropout": (0.05, 0.1, 0.2, 0.4),
    "alpha": (1e-5, 1e-4, 1e-3),
    "label_smoothing": (0.0, 0.05, 0.2),
}


@dataclass
class Trial:
    """One training of a search.

    Attributes
    ----------
    settings : dict
        What is not as in the preset.
    epochs : int
        How many it was to have.
    score : float
        Of the rows to validate, the smaller the better; infinity where there is none.
    seconds : float
        How long it took.
    outcome : str
        ``"whole"``, ``"out of time"``, ``"interrupted"`` or ``"diverged"``; whole ones are chosen from.
    """

    settings: dict[str, Any]
    epochs: int
    score: float
    seconds: float
    outcome: str


class Deadline(Callback):
    """Ends a training at a point in time, that of `time.perf_counter`; one that ends before is as without it."""

    only_looks = True

    def __init__(self, end: float) -> None:
        self._end = end

    def on_progress(self, run: Training) -> None:
        """End it within an epoch, if it is time."""
        if time.perf_counter() >= self._end:
            run.stop("time")

    def on_epoch_end(self, run: Training) -> None:
        """End it after an epoch that is not the last, if it is time."""
        if run.epoch < run.epochs:
            self.on_progress(run)


class Search:
    """A search at work.

    Parameters
    ----------
    found, parts, settings
        The table, its rows, and what the command was asked for.
    began : float
        When its time began.
    first : Fitted
        What was trained with the preset's own settings since then.
    told : bool
        Whether to print a line a training.

    Attributes
    ----------
    trials : list of Trial
        All trainings, in order.
    best : Fitted
        The best of those that are whole.
    winner : int
        Its place among the trials.
    """

    def __init__(
        self, found: Understanding, parts: Parts, settings: Settings, began: float, first: Fitted, told: bool
    ) -> None:
        assert settings.minutes is not None
        self.found, self.parts, self.settings, self.told = found, parts, settings, told
        self.own = estimator(found, parts, settings)._settings(False)
        self.trials: list[Trial] = []
        self.winner, self.best = 0, first
        self._began, self._end = began, began + 60 * settings.minutes
        self._note({}, self.own.max_iter, time.perf_counter() - began, first)

    @property
    def title(self) -> str:
        """What the score is called."""
        several = len(self.found.targets) > 1
        title = "log loss" if self.found.is_classification else "root mean squared error"
        return title + (" of the standardized targets" if several and not self.found.is_classification else "")

    def run(self) -> None:
        """Search until all rounds are made, the time is over or Ctrl-C comes."""
        pool = candidates(self.settings.seed, self.own, len(self.parts.train), ROUNDS[0][0])
        whole = sum(count * share for count, share in ROUNDS) * self.trials[0].seconds
        share_made = min(1.0, max(0.0, self._end - time.perf_counter()) / max(whole, 1e-9))
        epochs = 0
        for count, share in ROUNDS:
            pool = pool[: max(1, math.ceil(count * share_made))]
            if epochs == (epochs := max(1, round(share * self.own.max_iter))):
                continue  # so few that the round before had as many
            scores = []
            for changed in pool:
                if time.perf_counter() >= self._end:
                    return
                trial = self._train(changed, epochs)
                if trial.outcome in ("out of time", "interrupted"):
                    return
                scores.append(trial.score)
            pool = [pool[i] for i in np.argsort(scores, kind="stable") if math.isfinite(scores[i])]

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C has ended it."""
        return self.trials[-1].outcome == "interrupted"

    def _train(self, changed: dict[str, Any], epochs: int) -> Trial:
        model = estimator(self.found, self.parts, self.settings, **changed, max_iter=epochs)
        began, fitted = time.perf_counter(), None
        with suppress(DivergenceError):
            fitted = fit(model, self.found, self.parts, [Deadline(self._end)], verbose=False)
        return self._note(changed, epochs, time.perf_counter() - began, fitted)

    def _note(self, changed: dict[str, Any], epochs: int, seconds: float, fitted: Fitted | None) -> Trial:
        """Add a training to the list; keep its model if it is the best so far."""
        ended = "diverged" if fitted is None else fitted.history.stopped_by
        outcome = {"time": "out of time", "interrupt": "interrupted", "diverged": "diverged"}.get(ended, "whole")
        score = math.inf if fitted is None else _score(fitted.model, self.found, self.parts, self.settings)
        trial = Trial(changed, epochs, score if math.isfinite(score) else math.inf, seconds, outcome)
        self.trials.append(trial)
        if fitted is not None and outcome == "whole" and score < self.trials[self.winner].score:
            self.winner, self.best = len(self.trials) - 1, fitted
        if self.told:
            ending = "" if outcome == "whole" else f", {outcome}"
            what = f"{self.title} {score:.4g}, {epochs} epochs, {seconds:.1f} s{ending}"
            console.show(f"search {len(self.trials)}: {what}: {_written(changed)}")
        return trial

    def to_dict(self) -> dict[str, Any]:
        """What was tried, as JSON can hold it."""
        tried = [asdict(trial) | {"score": trial.score if math.isfinite(trial.score) else None}
                 for trial in self.trials]  # fmt: skip
        for trial in tried:
            trial["settings"] = {name: list(v) if isinstance(v, tuple) else v for name, v in trial["settings"].items()}
        return {
            "minutes": self.settings.minutes,
            "seconds": time.perf_counter() - self._began,
            "measure": self.title,
            "rows": len(self.parts.validation),
            "winner": self.winner,
            "tried": tried,
        }

    def show(self) -> None:
        """Print the candidates, each with its longest training, the best first."""
        newest = {_written(trial.settings): i for i, trial in enumerate(self.trials) if trial.outcome == "whole"}
        newest[_written(self.trials[self.winner].settings)] = self.winner
        count, rows, seconds = len(self.trials), len(self.parts.validation), time.perf_counter() - self._began
        shown = (
            f"{count} training{'' if count == 1 else 's'} in {seconds:.1f} s ({self.settings.minutes:g} minutes given)"
        )
        console.show(f"search: {shown}, compared by the {self.title} of {rows:,} rows to validate", "bold")
        console.show("     score  epochs  seconds  settings")
        for i in sorted(newest.values(), key=lambda i: (i != self.winner, self.trials[i].score)):
            trial = self.trials[i]
            mark = "*" if i == self.winner else " "
            console.show(
                f"{mark} {trial.score:8.4g}  {trial.epochs:6}  {trial.seconds:7.1f}  {_written(trial.settings)}"
            )
        if len(self.trials) == 1:
            console.warn("note: the preset's own settings have taken all of the time: nothing else was tried", "yellow")
        elif rows < FEW:
            console.warn(
                f"note: {rows} rows to validate are few to choose by; what the best is may be chance", "yellow"
            )
        console.show()


def check_search(minutes: float | None, cv: int | None, watch: bool, checkpoints: Sequence[str]) -> None:
    """Refuse a search that has no time, or that does not go with what else is asked for."""
    if minutes is None:
        return
    hint = "--search"
    if not 0 < minutes < math.inf:
        raise typer.BadParameter(
            f"it takes the minutes that it may last, a number above 0; got {minutes:g}", param_hint=hint
        )
    if cv is not None:
        raise typer.BadParameter(
            "not together with --cv, which tests the settings that --search changes: give one of them", param_hint=hint
        )
    if checkpoints:
        raise typer.BadParameter(
            f"not together with {', '.join(checkpoints)}: a search is made in one go, without checkpoints",
            param_hint=hint,
        )
    if watch:
        raise typer.BadParameter("not together with --watch, which shows a single training", param_hint=hint)


def candidates(seed: int, own: SimpleNamespace, rows: int, count: int) -> list[dict[str, Any]]:
    """Return so many different settings beside the preset's own, by name; the same ones for the same seed.

    Parameters
    ----------
    seed : int
        Of the draw.
    own : namespace
        The settings that are changed.
    rows : int
        To train: of batches that are larger, one is as another.
    count : int
        How many.
    """
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    while len(found) < count:
        drawn = {name: values[rng.integers(len(values))] for name, values in SPACE.items() if rng.random() < CHANGED}
        changed = _changed(drawn, own, rows)
        if changed and changed not in found:
            found.append(changed)
    return found


def _changed(drawn: dict[str, float], own: SimpleNamespace, rows: int) -> dict[str, Any]:
    """Return what is drawn as parameters of an estimator, without what leaves it as it is."""
    from layerwise.estimators.building import hidden_sizes

    changed: dict[str, Any] = {}
    sizes = hidden_sizes(own.hidden_layer_sizes)
    width = max(1, round(sizes[0] * drawn.pop("width", 1)))
    depth = max(1, round(len(sizes) * drawn.pop("depth", 1)))
    if [width] * depth != sizes:
        changed["hidden_layer_sizes"] = (width,) * depth
    for name, value in drawn.items():
        before: Any = getattr(own, name, None)
        if not isinstance(before, Real):
            continue  # an estimator without it, or one that finds it by itself
        if name == "learning_rate_init":
            value *= float(before)
        elif name == "batch_size":
            value, before = min(rows, max(1, round(value * float(before)))), min(rows, before)
        if value != before:
            changed[name] = value
    return changed


def _score(model: Any, found: Understanding, parts: Parts, settings: Settings) -> float:
    """Return the log loss or the root mean squared error of the rows to validate."""
    X, y = found.features().take(parts.validation), found.answers()
    known, y = y[parts.train], y[parts.validation]
    if not found.is_classification:
        scale = known.std(axis=0) if y.ndim > 1 else 1.0
        return float(np.sqrt(np.mean(((model.predict(X) - y) / scale) ** 2)))
    shares = model.predict_proba(X).astype(np.float64)
    if y.ndim > 1:
        return float(-np.log(np.maximum(np.where(y == 1, shares, 1 - shares), np.finfo(float).tiny)).mean())
    places = np.searchsorted(model.classes_, y)
    losses: Array = -np.log(np.maximum(shares[np.arange(len(y)), places], np.finfo(float).tiny))
    counts = np.bincount(np.searchsorted(model.classes_, known))
    return float(np.average(losses, weights=None if settings.class_weight is None else 1 / counts[places]))


def _written(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in settings.items()) or "the preset's own"


def _value(value: Any) -> str:
    if isinstance(value, Sequence):
        return f"({', '.join(map(str, value))}{',' if len(value) == 1 else ''})"
    return f"{value:g}"
