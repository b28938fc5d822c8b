"""A network looked at as a doctor would: its layers, its data and its newest training.

diagnose ─► at most 1,024 rows ─► a Probe's look, and the rules of `training/health` ─► findings ─► Trials ─► Diagnosis
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from layerwise.data.arrays import read_array
from layerwise.data.names import names_of
from layerwise.data.rows import Rows, rows_of
from layerwise.data.targets import Targets, check_lengths, encode
from layerwise.engine.choice import evaluator
from layerwise.engine.plan import check_training, compile_training
from layerwise.explain.cures import Setup, class_losses
from layerwise.explain.shortening import ROWS as TRIED
from layerwise.explain.shortening import folds, shortened
from layerwise.explain.trials import SUSPECT, SUSPECT_UNSTEADY, Reached, Trials
from layerwise.formula.quoting import visible
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Adam, Optimizer, as_optimizer
from layerwise.parts.scaling import Scaler
from layerwise.training.evaluation import Evaluation
from layerwise.training.health import (
    Diagnosis,
    Finding,
    Look,
    Probe,
    of_batches,
    of_classes,
    of_columns,
    of_history,
    of_inputs,
    of_layers,
    of_settings,
    of_targets,
    of_weighting,
    of_weights,
    some_rows,
    worst_first,
)
from layerwise.training.health.learning import NOTHING_LEARNED, RESTART, above, is_unsteady
from layerwise.training.health.settings import KINDS as SETTINGS
from layerwise.typing import Array, ArrayLike

UNEXPLAINED_WHERE_TRIED = 0.05  # of the targets' deviation
CAUSES = (
    "unscaled inputs",
    "unscaled targets",
    "large first weights",
    *SETTINGS,
)  # of losses that look as if the rate were wrong
ROWS = 1024  # enough for shares within two or three percent, and a moment's work


def diagnose(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    optimizer: Optimizer | str | None = None,
) -> Diagnosis:
    """Find what keeps a network from learning: in its layers, its data and its training.

    One training step is made on copies of the weights and of the optimizer, with at most 1,024 rows. The network is not
    changed. An untrained network is examined with the weights that `fit` would start with.

    Every suggested change is tried before it is reported. New networks with the same layers and arguments are trained
    on at most 512 rows for at most a few hundred steps, with and without the change, and once more with held-out rows.
    A finding is reported only if the change lowers the training loss and does not raise the held-out loss; a change
    that fits any data more closely, such as a larger network, must lower the held-out loss too. This takes up to two
    seconds for small networks, and some seconds for large ones. Findings about overfitting, rare classes and columns
    are not tried, and say so. Sample and class weights are not taken into account.

    Parameters
    ----------
    network : Network
        The network, trained or not.
    X : array-like of shape (n, n_in)
        The training data.
    y : array-like of shape (n,) or (n, n_out)
        Their labels or targets.
    loss : Loss or str, optional
        By default the network's loss.
    optimizer : Optimizer or str, optional
        By default the network's optimizer.

    Returns
    -------
    Diagnosis
        Its `findings` tell what was seen, why it matters and what to change. Its `layers` have the numbers.

    Raises
    ------
    ShapeError, DataError, GradientError
        As from `Network.fit`.

    See Also
    --------
    Diagnose : A callback that examines a network while it trains.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(1000 * X, y, epochs=2, verbose=False)
    >>> lw.diagnose(net, 1000 * X, y).findings[0].kind
    'unscaled inputs'
    """
    check_network("diagnose", network)
    data = network.read_rows(X, "diagnose: X")
    names = _names(network, X, data.shape[1])
    twin = network.copy()
    twin.build(data.shape[1])
    plan, parameters = twin.built()
    chosen = twin.choose_loss(loss)
    check_training(plan, chosen)
    targets = encode(y, plan.n_out, chosen, twin.dtype, twin.task)
    check_lengths(data, targets)
    data, scaler = twin.training_rows(data)
    stepping = (twin.optimizer or Adam()) if optimizer is None else as_optimizer(optimizer)
    plan = compile_training(plan, parameters, chosen, twin.penalties, stepping)
    places = some_rows(data.shape[0], ROWS)
    few = some_rows(data.shape[0], TRIED)
    rows = rows_of(data[places], scaler, twin.dtype, len(places))
    probe = Probe(plan, parameters, rows, targets.part(places), twin.seed)
    look = probe.look(twin.steps, stepping, twin.frozen, twin.last_fit.get("clip_norm"))
    setup = _setup(twin, data[few], _plain(targets, y, few), scaler, stepping, chosen)
    apart = _apart(setup, data, targets, y)
    few_rows = rows_of(data[few], scaler, twin.dtype, len(few))
    with np.errstate(all="ignore"):
        made = evaluator("numpy", None, plan, parameters, few_rows, targets.part(few), len(few))
        reached = float(Evaluation(made, {}).row()["loss"])
    least = Probe(plan, parameters, few_rows, targets.part(few), twin.seed).least_loss()
    findings = _found(network, data, rows, names, probe, targets, setup, apart, reached, least)
    return Diagnosis(
        worst_first(findings),
        look.layers,
        look.loss,
        look.constant_loss,
        len(rows),
        data.shape[0],
        0 if network.history is None else network.history.epochs,
    )


def _found(
    network: Network,
    data: Array,
    rows: Rows,
    names: Sequence[str],
    probe: Probe,
    targets: Targets,
    setup: Setup,
    apart: Sequence[Setup],
    reached: float,
    least: float,
) -> list[Finding]:
    """Return what the rules see; what can be tried is there only if the trial was better."""
    look, fit, n, history = probe.newest, network.last_fit, data.shape[0], network.history
    weighs = bool({"class_weight", "sample_weight"} & set(fit.get("others", ())))  # which the trials do not have
    constant = look.constant_loss - look.least_loss
    seen = [*of_inputs(rows.span(0, len(rows)), names)]  # causes come before what follows from them
    seen += of_batches(network.layers, n, setup.arguments["batch_size"]) if fit else ()
    if network.plan is not None and not reached - least <= SUSPECT_UNSTEADY * constant:
        steps = setup.arguments["epochs"] * math.ceil(n / setup.arguments["batch_size"])
        seen += of_settings(network.layers, setup.arguments, steps)
    first: list[Finding] = []
    seen += [*of_targets(look, UNEXPLAINED_WHERE_TRIED), *of_layers(look)]
    if network.plan is None:
        weights = of_weights(probe.plan, probe.parameters)
        seen += [f for f in weights if not look.bad_layer or f.kind != "large first weights"]
    else:
        known = {finding.kind for finding in seen}
        first = _of_the_beginning(setup, probe)
        if any(finding.kind == "not finite" for finding in (*seen, *first)):
            first = [finding for finding in first if finding.kind != "large first weights"]
        seen += [replace(f, seen=f"when the training began, {f.seen}") for f in first if f.kind not in known]
    begun = {(finding.kind, finding.where) for finding in first}
    training = [] if history is None else [*of_history(history, history.stopped_by, look, history.kept_epoch)]
    kept = [*of_columns(data, rows.raw(np.arange(len(rows))), names)]
    kept += () if weighs else of_classes(targets)
    kept += [finding for finding in training if finding.kind == "overfitting"]
    training = [finding for finding in training if finding.kind != "overfitting"]
    whole = history is not None and history.stopped_by in ("epochs", "interrupt", "divergence")  # by no callback
    suspicious = SUSPECT_UNSTEADY if history is not None and is_unsteady(history.columns.get("loss", ())) else SUSPECT
    judged = training or (whole and look.level > suspicious)
    drowned = _drowned(network, setup)
    if not seen and not judged and not drowned:
        return kept
    diverged = bool(look.bad_layer) or (history is not None and history.stopped_by == "divergence")
    shorts = shortened([setup, *apart], n, probe.parameters.theta.size)
    trials = Trials(shorts[0], setup.arguments["epochs"], constant, diverged, least, shorts[1:])
    losses = None if history is None else above(history.columns.get("loss", ()), look.least_loss)
    own = None
    if network.plan is not None and not weighs:
        own = Reached(math.inf if diverged else reached - least, losses, n <= setup.X.shape[0])
    findings = [cured for finding in seen if (cured := trials.of_layer(finding, look, own, begun)) is not None]
    weighed = [cured for finding in drowned if (cured := trials.of_weighting(finding, network)) is not None]
    if weighed:
        return [*weighed, *findings, *kept]
    if judged and not any(finding.remedies[0] == RESTART for finding in findings):
        causes = [finding for finding in findings if finding.kind in CAUSES]
        follows = trials.beyond(causes, look) if causes else trials.of_training(look, training, own)
        findings = _causes_first(findings, causes, look, follows)
        kept += follows
    return [*findings, *kept]


def _drowned(network: Network, setup: Setup) -> list[Finding]:
    """Return what is suspected of the weights of samples and classes."""
    if network.task is None or network.task.kind == "regression" or not network.last_fit:
        return []
    losses = class_losses(network, setup.X, setup.y)
    return [*of_weighting(losses, network.last_fit.get("others", ()), setup.arguments["loss"])]


def _causes_first(
    findings: Sequence[Finding], causes: Sequence[Finding], look: Look, follows: Sequence[Finding]
) -> list[Finding]:
    """Return causes, as serious as what follows from them; without what they cure as well."""
    serious = not look.level <= NOTHING_LEARNED or any(finding.severity == "serious" for finding in follows)
    first = [replace(finding, severity="serious") if serious else finding for finding in causes]
    cures = [finding.remedies[0] for finding in causes]
    return [*first, *(f for f in findings if f.kind not in CAUSES and f.remedies[0] not in cures)]


def _of_the_beginning(setup: Setup, probe: Probe) -> list[Finding]:
    """Return findings about the weights that the training began with."""
    network = setup.network().build(probe.plan.n_in)
    plan, parameters = network.built()
    optimizer = copy.deepcopy(setup.arguments["optimizer"])
    optimizer.reset()
    plan = compile_training(plan, parameters, setup.arguments["loss"], setup.arguments["penalty"], optimizer)
    look = Probe(plan, parameters, probe.rows, probe.targets, network.seed).look(0, optimizer)
    found = [*of_weights(plan, parameters), *of_layers(look)]
    deltas = [layer.delta for layer in look.layers if layer.mixes]
    at_first = deltas and deltas[0]  # 0 where the last layer's weights begin as 0, and soon are not
    return [finding for finding in found if finding.kind != "vanishing gradients" or at_first]


def _setup(twin: Network, X: Array, y: Array, scaler: Scaler | None, optimizer: Optimizer, loss: Loss) -> Setup:
    """Return the training that the network had, or would have, on some rows."""
    fit = twin.last_fit
    arguments = {
        "loss": loss,
        "optimizer": optimizer,
        "penalty": list(twin.penalties),
        "epochs": int(fit.get("epochs", 10)),
        "batch_size": int(fit.get("batch_size", 32)),
        "clip_norm": fit.get("clip_norm"),
        "schedule": fit.get("schedule"),
    }
    return Setup(twin.layers, X, y, arguments, scaler, twin.seed, twin.dtype.name)


def _apart(setup: Setup, data: Any, targets: Targets, y: ArrayLike) -> list[Setup]:
    """Return the same training with rows held out, each part of them once."""
    found = []
    for train, rest in folds(data.shape[0], setup.arguments["batch_size"]):
        arguments = {**setup.arguments, "validation_data": (data[rest], _plain(targets, y, rest))}
        found.append(replace(setup, X=data[train], y=_plain(targets, y, train), arguments=arguments))
    return found


def _plain(targets: Targets, y: ArrayLike, places: Array) -> Array:
    """Return the targets of some rows: classes as whole numbers, all else as it is."""
    return read_array(y, "y", text=True)[places] if targets.labels is None else targets.labels[places]


def _names(network: Network, X: Any, width: int) -> Sequence[str]:
    """Return what the columns are called: by the network, by the frame, or by their numbers."""
    columns = [column["name"] for column in network.columns or ()] or names_of(X) or ()
    known = [f"column {j} ({visible(str(name))})" for j, name in enumerate(columns)]
    return known if len(known) == width else [f"column {j}" for j in range(width)]
