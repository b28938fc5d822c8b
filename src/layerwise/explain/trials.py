"""Advice that was tried: what a finding would change is changed in short trainings of new networks, and compared.

    finding with remedies ─► a trial of each, from first weights on, beside one without ─► the finding with the remedy
    that lowers the loss most; no finding if none does

The network that is diagnosed takes no part: trials have its layers, seed, arguments and some of its rows.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from layerwise.errors import LayerwiseError
from layerwise.explain.cures import Setup, apply, class_losses
from layerwise.network.network import Network
from layerwise.training.health import Finding, Look, Remedy
from layerwise.training.health.layers import NEARLY_ALL_DEAD
from layerwise.training.health.learning import RESTART, rate_finding, stuck_finding
from layerwise.training.health.settings import KINDS as SETTINGS

# A change that lowers the loss of the rows that are trained on may do so by learning their noise. So it is tried again,
# with rows held out: what makes a network learn more of any rows (MORE) has to take a tenth off their loss, at its
# least on the way; other changes have to do no harm there.
HELD_GAIN, NO_HARM, MORE = 0.9, 1.05, ("underfitting", "learning rate too low", *SETTINGS)
# A remedy is advised if it takes a fifth off the loss, another learning rate if it takes a third: less is within what
# another seed would do. Of several remedies, the first whose loss is within a tenth of the best.
GAIN, RATE_GAIN, LONGER_GAIN, NEAR = 0.8, 0.67, 0.95, 1.1
MATTERS = 0.02  # and so much of the best constant answer's loss, below which nothing is to be won
# Other learning rates are tried where the loss is half of the best constant answer's, or a tenth and unsteady.
SUSPECT, SUSPECT_UNSTEADY = 0.5, 0.1
PLATEAU = 1.05  # a loss up to so many times the network's own is no worse: the better rates may lie behind
DOWN, UP = (0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4), (3.0, 10.0, 30.0, 100.0, 1e3, 1e4)


@dataclass(frozen=True)
class Reached:
    """What the network itself has come to, which may be no product of the training that the trials repeat.

    Attributes
    ----------
    loss : float
        On the rows of the trials, above the least loss there.
    history : sequence of float, optional
        The losses of its newest fit, above the least.
    same_rows : bool
        The trials have all rows of the training.
    """

    loss: float
    history: Sequence[float] | None
    same_rows: bool

    @property
    def best(self) -> float:
        """The least loss on the way here."""
        return min([self.loss, *(self.history or ())])


class Trials:
    """Short trainings, each made once.

    Parameters
    ----------
    setup : Setup
        The training as it is, `shortened`.
    epochs : int
        How many epochs the whole training has.
    constant : float
        The loss of the best constant answer.
    diverged : bool
        The training itself is known to have ended in infinity or NaN.
    least : float
        The least loss that there can be on the trials' rows; all losses and the constant's are held as what lies above.
    apart : sequence of Setup
        The same training, `shortened`, on other rows than its `validation_data`; empty where there are too few.
    """

    def __init__(
        self,
        setup: Setup,
        epochs: int,
        constant: float,
        diverged: bool = False,
        least: float = 0.0,
        apart: Sequence[Setup] = (),
    ) -> None:
        self.setup, self.epochs, self.floor, self.apart = setup, epochs, least, apart
        self._least = MATTERS * constant if constant > 0 else 0.0
        self._losses: dict[str, float] = {}
        self.base = math.inf if diverged else self._loss(setup)
        self._base_apart: float | None = None

    def _loss(self, setup: Setup) -> float:
        try:
            network = setup.train()
            loss = setup.loss(network)
            return max(loss - self.floor, 0.0) if self.floor else loss
        except (LayerwiseError, ValueError, TypeError):  # a change that the data or the layers do not allow
            return math.inf

    def loss(self, remedy: Remedy) -> float:
        """Return the loss with that change."""
        key = repr(remedy)
        if key not in self._losses:
            changed = self._changed(self.setup, remedy)
            self._losses[key] = math.inf if changed is None else self._loss(changed)
        return self._losses[key]

    def _changed(self, setup: Setup, remedy: Remedy) -> Setup | None:
        """Return a trial with that change; None where the data or the layers do not allow it."""
        if remedy.change == "epochs":
            share = setup.arguments["epochs"] / max(1, self.epochs)
            remedy = Remedy("epochs", max(1, round(remedy.value * share)))
        try:
            return apply(setup, remedy)
        except (LayerwiseError, ValueError, TypeError):
            return None

    def _best_apart(self, setups: Sequence[Setup | None]) -> float:
        """Return the least loss of the rows held out, after any epoch."""
        try:
            curves = [setup.held_out(setup.train()) for setup in setups if setup is not None]
        except (LayerwiseError, ValueError, TypeError):
            return math.inf
        if len(curves) < len(setups) or len({len(curve) for curve in curves}) > 1:  # one ended early: it diverged
            return math.inf
        return max(float(np.min(np.mean(curves, axis=0), initial=math.inf)) - self.floor, 0.0)

    def held_out(self, remedy: Remedy) -> tuple[float, float] | None:
        """Return the least loss of the rows held out, with that change and without; None where none are."""
        if not self.apart:
            return None
        if self._base_apart is None:
            self._base_apart = self._best_apart(self.apart) if self.base < math.inf else math.inf
        return self._best_apart([self._changed(setup, remedy) for setup in self.apart]), self._base_apart

    def cured(self, finding: Finding, gain: float = GAIN) -> Finding | None:
        """Return the finding with its best remedy first and what that did, or None where none helps."""
        losses = [self.loss(remedy) for remedy in finding.remedies]
        best, most = min(losses, default=math.inf), self._most(gain)
        if not best < math.inf or best > most:
            return None
        first = next(i for i, loss in enumerate(losses) if loss <= min(max(NEAR * best, best + self._least / 2), most))
        held_out = self.held_out(finding.remedies[first])
        most = HELD_GAIN if finding.kind in MORE else NO_HARM
        if held_out is not None and not held_out[0] <= most * held_out[1]:
            return None
        others = (*finding.remedies[:first], *finding.remedies[first + 1 :])
        rows, epochs = self.setup.X.shape[0], self.setup.arguments["epochs"]
        base = f"{self.base + self.floor:.3g}" if self.base < math.inf else "no number"
        return replace(
            finding,
            remedies=(finding.remedies[first], *others),
            tried=f"from first weights on {rows:,} rows for {epochs} epochs: a loss of "
            f"{losses[first] + self.floor:.3g} with it, {base} without{self._apart_words(held_out)}",
            numbers={
                **finding.numbers,
                **({"loss": self.base + self.floor} if self.base < math.inf else {}),
                "cured": losses[first] + self.floor,
            },
        )

    def _apart_words(self, held_out: tuple[float, float] | None) -> str:
        if held_out is None or not max(held_out) < math.inf:
            return ""
        cured, base = (loss + self.floor for loss in held_out)
        return f"; of rows held out, {cured:.3g} and {base:.3g} at best"

    def _most(self, gain: float, base: float | None = None) -> float:
        """Return the loss that a remedy must come to."""
        base = self.base if base is None else base
        return min(gain * base, base - self._least) if base < math.inf else math.inf

    def of_weighting(self, finding: Finding, network: Network) -> Finding | None:
        """Return the finding if a remedy takes a fifth off the mean of the classes' losses, beside the network's own.

        Of rows held out, it has to lower the loss of the class that the network has learned least.

        Parameters
        ----------
        finding : Finding
            That weights of samples or classes do harm; the network's own are not known to the trials.
        network : Network
            As it is.
        """
        setup = self.setup
        own = class_losses(network, setup.X, setup.y)
        for remedy in finding.remedies:
            changed = self._changed(setup, remedy)
            if changed is None:
                continue
            cured = class_losses(changed.train(), setup.X, setup.y)
            if cured.mean() < GAIN * own.mean() and self._learns_of_others(remedy, network, int(own.argmax())):
                rows, epochs = setup.X.shape[0], setup.arguments["epochs"]
                return replace(
                    finding,
                    remedies=(remedy, *(other for other in finding.remedies if other != remedy)),
                    tried=f"from first weights on {rows:,} rows for {epochs} epochs: a mean of the classes' losses of "
                    f"{cured.mean():.3g}; the network's is {own.mean():.3g}",
                    numbers={**finding.numbers, "loss": float(own.mean()), "cured": float(cured.mean())},
                )
        return None

    def _learns_of_others(self, remedy: Remedy, network: Network, worst: int) -> bool:
        """Return whether the loss of that class is lower on rows held out, on which the network was trained."""
        differences = []
        for setup in self.apart:
            changed, held_out = self._changed(setup, remedy), setup.arguments["validation_data"]
            own = class_losses(network, *held_out)
            if changed is not None and worst < len(own):
                differences.append(class_losses(changed.train(), *held_out)[worst] - own[worst])
        return not differences or float(np.mean(differences)) < 0

    def of_layer(
        self, finding: Finding, look: Look, own: Reached | None, begun: Set[tuple[str, str]]
    ) -> Finding | None:
        """Return the finding with its cure, or None where none helps.

        Units that have died since the training began, or were set so, are none of new networks: where these learn more
        than the network did, it is to begin anew. A layer without living units is told of in any case.
        """
        if finding.kind != "dead units" or own is None or not look.level > SUSPECT:
            return self.cured(finding)
        all_dead = finding.numbers["share"] >= NEARLY_ALL_DEAD
        less = own.loss - self._least if all_dead else own.loss / NEAR
        untrained = all_dead and own.history is None and self.base < math.inf
        if (finding.kind, finding.where) not in begun and (untrained or self.base < less):
            return self._anew(finding, own)
        return self.cured(finding) or (finding if all_dead else None)

    def _anew(self, finding: Finding, own: Reached) -> Finding:
        rows, epochs = self.setup.X.shape[0], self.setup.arguments["epochs"]
        return replace(
            finding,
            remedies=(RESTART, *(remedy for remedy in finding.remedies if remedy != RESTART)),
            tried=f"from first weights on {rows:,} rows for {epochs} epochs: a loss of "
            f"{self.base + self.floor:.3g}; the network's is {own.loss + self.floor:.3g}",
            numbers={**finding.numbers, "loss": own.loss + self.floor, "cured": self.base + self.floor},
        )

    def of_training(self, look: Look, seen: Sequence[Finding], own: Reached | None = None) -> list[Finding]:
        """Judge the learning rate in both directions, and whether more epochs or units help.

        Parameters
        ----------
        look : Look
            The network now.
        seen : sequence of Finding
            What the history suggests.
        own : Reached, optional
            What the network has come to: where the trial without a change is far below, it says nothing about it.
        """
        if own is not None and self.base < self._most(GAIN, own.best) and look.level > SUSPECT:
            return [self._anew(stuck_finding(look), own)] if own.same_rows else []
        found = self._of_training(look, seen)
        return [] if any(layer.frozen and layer.weight_norm for layer in look.layers) else found

    def beyond(self, causes: Sequence[Finding], look: Look) -> list[Finding]:
        """Judge the learning rate with the cures of causes followed: what is then left to find.

        Parameters
        ----------
        causes : sequence of Finding
            As `cured` gives them.
        look : Look
            The network now.
        """
        cures = [finding.remedies[0] for finding in causes]
        setup = functools.reduce(apply, cures, self.setup)
        apart = [functools.reduce(apply, cures, part) for part in self.apart]
        constant = look.constant_loss - look.least_loss
        trials = Trials(setup, self.epochs, constant, least=self.floor, apart=apart)
        if not math.inf > trials.base > SUSPECT * constant:
            return []
        cured = replace(look, loss=trials.base + look.least_loss)
        found = trials.of_training(cured, ())
        names = " and ".join(finding.kind.removeprefix("un") for finding in causes)
        return [
            replace(
                finding,
                seen=f"with {names}, the loss of a trial is {cured.level:.3g} times that of the best constant answer",
                tried=f"with {names}, {finding.tried}",
                after=tuple(cause.remedies[0] for cause in causes),
            )
            for finding in found
        ]

    def _of_training(self, look: Look, seen: Sequence[Finding]) -> list[Finding]:
        suggested = {finding.kind: finding for finding in seen}
        down = None if set(suggested) == {"learning rate too low"} else self._best(look, DOWN)
        slow = (suggested or look.level > SUSPECT) and "learning rate too high" not in suggested
        up = self._best(look, UP) if slow else None
        found = min((c for c in (down, up) if c is not None), key=lambda c: c.numbers["cured"], default=None)
        if found is not None:
            own = suggested.get(found.kind)
            return [found if own is None else replace(found, seen=own.seen, numbers={**own.numbers, **found.numbers})]
        underfit = suggested.get("underfitting")
        cured = None if underfit is None else self.cured(underfit, LONGER_GAIN)
        return [] if cured is None else [cured]

    def _best(self, look: Look, factors: Sequence[float]) -> Finding | None:
        """Return the rates in that direction, as far as none is worse than the network's own: no luck beyond."""
        finding = rate_finding(look, factors)
        far = PLATEAU * self.base
        worse = next((i for i, remedy in enumerate(finding.remedies) if not self.loss(remedy) < far), None)
        better = finding.remedies[:worse] if self.base < math.inf else finding.remedies
        return self.cured(replace(finding, remedies=better), RATE_GAIN) if better else None
