"""A network watched for what keeps it from learning, while it learns: the rules of `training/health` on some rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from layerwise.data.rows import rows_of
from layerwise.engine.threads import quiet_blas
from layerwise.errors import warn
from layerwise.parts.description import Description, flag, whole_number
from layerwise.training.callbacks.base import Callback
from layerwise.training.health import (
    Finding,
    LayerHealth,
    Look,
    Probe,
    of_batches,
    of_classes,
    of_columns,
    of_history,
    of_inputs,
    of_layers,
    of_targets,
    of_weights,
    some_rows,
)

if TYPE_CHECKING:
    from layerwise.training.loop import Training

DATA_ROWS = 256  # columns are looked at once, through so many rows; what they suggest is looked up in all
AWAKE = 0.03  # seconds that NumPy's threads spin after a look, where nothing holds them to one
SHARE = 0.01  # of the time since the fit began: more of it does not go into looking


class DiagnosisWarning(UserWarning):
    """Issued by `Diagnose` during training for something that keeps the network from learning."""


class Diagnose(Description, Callback):
    """Examine the network during training, and warn once of each problem found.

    The data and the first weights are examined before the first epoch; the layers and the history after the first
    epoch, every `every` epochs, and at the end. If epochs are short, some examinations are left out, so that they take
    at most 1% of the time. The training is the same with and without this callback. Its suggestions are not tried;
    those of `diagnose` are.

    Parameters
    ----------
    every : int, default=1
        The number of epochs between two examinations.
    rows : int, default=128
        The number of samples to examine.
    warn : bool, default=True
        Issue a `DiagnosisWarning` for each finding. They are in `findings` in any case.

    Attributes
    ----------
    findings : list of Finding
        The findings, each once, in the order in which they occurred.
    layers : tuple of LayerHealth
        The numbers of the last examination.

    See Also
    --------
    diagnose : Examine a network, and try the suggestions.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> watcher = lw.Diagnose(warn=False)
    >>> history = net.fit(1000 * X, y, epochs=2, callbacks=watcher, verbose=False)
    >>> watcher.findings[0].kind
    'unscaled inputs'
    """

    only_looks = True

    def __init__(self, every: int = 1, rows: int = 128, warn: bool = True) -> None:
        self.every = whole_number(self, "every", every, least=1)
        self.rows = whole_number(self, "rows", rows, least=1)
        self.warn = flag(self, "warn", warn)
        self.findings: list[Finding] = []
        self.layers: tuple[LayerHealth, ...] = ()
        self._probe: Probe | None = None

    def on_fit_begin(self, run: Training) -> None:
        """Look at the data, and get ready."""
        self.findings, self.layers = [], ()
        self._began = time.perf_counter()
        self._spent, self._looks = 0.0, 0
        some = some_rows(run.engine.rows.X.shape[0], DATA_ROWS)  # of a stream, those at hand
        rows = rows_of(run.engine.rows.X[some], run.engine.rows.scaler, run.parameters.theta.dtype, len(some))
        names = [f"column {j}" for j in range(run.plan.n_in)]
        found = [*of_inputs(rows.span(0, len(rows)), names)]
        found += of_columns(run.engine.rows.X, rows.raw(np.arange(len(rows))), names)
        found += of_batches(run.network.layers, len(run.engine.rows), run.engine.batch_size)
        found += of_weights(run.plan, run.parameters, run.engine.frozen)
        self._note([*found, *of_classes(run.engine.targets)])
        few = some[some_rows(len(some), self.rows)]
        self._probe = Probe(
            run.plan,
            run.parameters,
            rows_of(run.engine.rows.X[few], run.engine.rows.scaler, run.parameters.theta.dtype, len(few)),
            replace(run.engine.targets.part(few), weights=None),
            run.network.seed,
        )

    def on_epoch_end(self, run: Training) -> None:
        """Look, if it is this epoch's turn and there is time."""
        in_time = self._spent <= SHARE * (time.perf_counter() - self._began)
        if not self._looks or (run.epoch % self.every == 0 and in_time):
            self._look(run)

    def on_fit_end(self, run: Training) -> None:
        """Look at what the training ends with."""
        if self._probe is not None and run.epoch and run.history.stopped_by != "error":
            self._look(run)
        self._probe = None

    def _look(self, run: Training) -> None:
        assert self._probe is not None
        start = time.perf_counter()
        with quiet_blas() as quiet:
            look = self._probe.look(run.step, run.optimizer, run.engine.frozen, run.engine.clip_norm)
        self.layers, self._looks = look.layers, self._looks + 1
        self._note(self._found(run, look))
        self._spent += time.perf_counter() - start + (0 if quiet else AWAKE)

    @staticmethod
    def _found(run: Training, look: Look) -> Iterable[Finding]:
        yield from of_targets(look)
        yield from of_layers(look)
        history = of_history(run.history, run.history.stopped_by, look, run.history.kept_epoch)
        yield from (
            finding for finding in history if finding.kind != "underfitting"
        )  # it may be noise: a trial can tell

    def _note(self, findings: Iterable[Finding]) -> None:
        """Keep what is new, and warn of what is new in kind."""
        for finding in findings:
            known = {(old.kind, old.where) for old in self.findings}
            if (finding.kind, finding.where) in known:
                continue
            is_new = finding.kind not in {kind for kind, _ in known}
            self.findings.append(finding)
            if self.warn and is_new:
                warn(finding.line, DiagnosisWarning)
