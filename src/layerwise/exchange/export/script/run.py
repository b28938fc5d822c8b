"""What a training script repeats: the facts of the network's last fit, and whether a script can have them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layerwise.data.targets import Task
from layerwise.engine.plan import Plan, compile_training
from layerwise.errors import ExportError
from layerwise.exchange.export.script import beginning, layers
from layerwise.exchange.export.script.custom import apart, class_name
from layerwise.exchange.export.script.losses import PenaltyText, penalty_text
from layerwise.formula.quoting import whole
from layerwise.network.network import Network
from layerwise.parts.description import Description
from layerwise.parts.layers import LAYERS, Activation, Dense, Layer
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.parts.schedules import Schedule
from layerwise.trust.calibration import last_dense

KNOWN: dict[type[Any], Any] = {
    **layers.LAYERS,
    **beginning.EXPRESSIONS,
    **beginning.FITS,
}
GROUPED = "dense layers in groups"


def _is_known(part: Description) -> bool:
    return type(part) in KNOWN or (
        isinstance(part, (Activation, Loss, Optimizer, Penalty, Schedule)) and part.has_formula
    )


def _class_names(stack: Sequence[Layer]) -> list[str]:
    """Return what the script calls the class of each layer: custom ones are told apart by class and formula."""
    own = {kind.__name__ for kind in LAYERS}
    names: dict[Any, str] = {}
    for layer in stack:
        kind = type(layer)
        key = _class_key(layer)
        if key not in names:
            taken = {"Layer", *names.values(), *(own if kind not in LAYERS else ())}
            base = kind.__name__ if kind in LAYERS else apart(kind.__name__)
            base = "GroupedDense" if key == GROUPED else base
            numbered = (f"{base}{i}" for i in range(2, len(stack) + 3))
            names[key] = next(name for name in (base, *numbered) if name not in taken)
    return [names[_class_key(layer)] for layer in stack]


def _class_key(layer: Layer) -> Any:
    """Return what the layers have in common that are of one class in the script."""
    kind = type(layer)
    if type(layer) is Dense and layer.groups > 1:
        return GROUPED
    return kind if kind in LAYERS or not isinstance(layer, Activation) else (kind, layer.formulas())


class Run:
    """A training that begins with the seed's weights and is one fit.

    Attributes
    ----------
    network, fit, loss, optimizer, task, plan
        The network and its parts; `fit` is its `last_fit`.
    names : list of str
        What the script calls the class of each layer.
    optimizer_name : str
        What the script calls the optimizer's class.
    fused : Layer, optional
        The last layer, where its derivative is part of the loss's gradient.
    arrays : list of (Stage, str)
        What is learned, in the order in which the script lists it.
    counts : bool
        Answers are right or wrong.
    numbered : set of type
        The activations of which there are some with other numbers than others: these are arguments in the script.
    shares : list of float
        How much of the optimizer's steps each of the arrays makes; empty where all make the whole.
    calibrated : int or None
        The layer whose weights are divided by temperatures after the training.
    predicts_otherwise : bool
        Some layer's prediction is not its forward in training.
    clips_beside_statistics : bool
        The gradient's length is summed over running means too, which have none.
    """

    def __init__(self, network: Network) -> None:
        fit = network.last_fit
        if not fit or network.loss is None or network.optimizer is None or network.task is None:
            raise ExportError(
                "training script: the network has not been trained, and the script repeats a training: call fit first"
            )
        for name in ("rows", "batch_size", "epochs"):  # as a file may have them
            whole(fit[name])
        plan, parameters = network.built()
        self.network, self.fit = network, fit
        self.loss: Loss = network.loss
        self.optimizer: Optimizer = network.optimizer
        self.task: Task = network.task
        self.plan: Plan = compile_training(plan, parameters, network.loss, network.penalties)
        self.fused = self.plan.stages[-1].layer if self.plan.fused else None
        self._check()
        self.names = _class_names([stage.layer for stage in plan.stages])
        self.optimizer_name = class_name(self.optimizer, {"Layer", *self.names})
        self.arrays = [
            (stage, name)
            for stage in plan.stages
            for name in stage.layer.parameter_shapes(stage.n_in)
            if name not in stage.layer.statistics
        ]
        self.numbered = {type(stage.layer) for stage in plan.stages if self._numbers_differ(type(stage.layer))}
        self.counts = self.task.kind != "regression"
        self.calibrated = last_dense(network) if fit.get("temperatures") else None
        self._slices = parameters.slices
        rates = [stage.layer.rates(stage.n_in).get(name, 1.0) for stage, name in self.arrays]
        self.shares = rates if any(rate != 1 for rate in rates) else []
        statistics = any(stage.layer.statistics for stage in plan.stages)
        self.predicts_otherwise = statistics or any(stage.layer.draws for stage in plan.stages)
        self.clips_beside_statistics = statistics and fit["clip_norm"] is not None

    def _numbers_differ(self, kind: type[Any]) -> bool:
        alike = [stage.layer for stage in self.plan.stages if type(stage.layer) is kind]
        return (
            len({repr(layer.numbers()) for layer in alike if isinstance(layer, Activation) and layer.has_formula}) > 1
        )

    # ---------------------------------------------------------------- what can be written

    def _check(self) -> None:
        fit = self.fit
        problems = [f"{where} is no part of layerwise" for where, part in self._parts() if not _is_known(part)]
        problems += [f"it was trained with {name}" for name in fit["others"]]
        if fit["schedule"] is not None and self._reads_learning_rate():
            problems.append("its optimizer's formula reads learning_rate, which a schedule moves: read rate")
        if fit["first_step"]:
            problems.append(f"its last fit went on from step {fit['first_step']}")
        elif not problems and self._begins_otherwise():
            problems.append("its last fit began with other weights than its seed draws, or after another fit")
        if problems:
            raise ExportError(
                f"training script: {'; '.join(problems)}. The script can repeat one whole fit of layerwise's own "
                "parts and custom formulas that begins with the seed's weights: make such a network with "
                "Network(layers, random_state=...), and train it with a single fit, without these"
            )

    def _reads_learning_rate(self) -> bool:
        if not self.optimizer.has_formula:
            return False
        rule = self.optimizer.formulas()
        return any("learning_rate" in tree.symbols for tree in (rule.w, *rule.states.values()))

    def _parts(self) -> list[tuple[str, Description]]:
        """Return every part that needs a text, and what to call it."""
        network, schedule = self.network, self.fit["schedule"]
        found: list[tuple[str, Description | None]] = []
        for stage in self.plan.stages:
            found.append((str(stage), stage.layer))
            for name in ("weights", "biases"):
                found.append((f"{stage}: {name}", getattr(stage.layer, name, None)))
        found += [(f"the penalty {term.penalty!r}", term.penalty) for term in self.plan.penalties]
        for kind, part in (("loss", self.loss), ("optimizer", self.optimizer), ("schedule", schedule)):
            found.append((f"the {kind} {part!r}", part))
        found.append((f"the scaler {network.scaling!r}", network.scaling))
        return [(where, part) for where, part in found if part is not None]

    def _begins_otherwise(self) -> bool:
        network = self.network
        fresh = Network(network.layers, random_state=network.seed, dtype=network.dtype).build(self.plan.n_in)
        return bool(fresh.fingerprint != self.fit["start"])

    # ---------------------------------------------------------------- penalties

    def penalties(self) -> dict[tuple[tuple[PenaltyText, float, bool], ...], list[int]]:
        """Return the arrays, by their places among the parameters, that have the same penalties."""
        found: dict[tuple[tuple[PenaltyText, float, bool], ...], list[int]] = {}
        for i, (stage, name) in enumerate(self.arrays):
            part = self._slices[stage.index][name]
            terms = [term for term in self.plan.penalties if term.part == part]
            if terms:
                key = tuple((penalty_text(term.penalty), term.strength, term.penalty.per_batch) for term in terms)
                found.setdefault(key, []).append(i)
        return found
