"""What a session answers about its network: outputs, scores, the numbers of a step, files, findings."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise import files as storage
from layerwise.app.play.described import field, rows_of, samples_of, saved, training_of
from layerwise.errors import DataError, ShapeError
from layerwise.exchange.export import TARGETS
from layerwise.explain.cures import Setup, apply
from layerwise.explain.diagnosis import diagnose
from layerwise.explain.trace import Trace, trace
from layerwise.explain.trace.html import page as as_page
from layerwise.network.network import Network
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.app.play.session import Session
    from layerwise.training.health import Finding

Given = dict[str, Any]


def theta(session: Session, given: Given) -> Array:
    """Return all parameters."""
    return session.network.theta.astype(np.float32)


def set_theta(session: Session, given: Given) -> None:
    """Set the parameters from `at` on."""
    values, at = field(given, "values", np.ndarray, "setTheta"), given.get("at") or 0
    whole = session.network.theta
    if type(at) is not int or not 0 <= at <= whole.size - values.size:
        raise ShapeError(f"setTheta: the network has {whole.size:,} parameters; got {values.size:,} from {at!r:.20} on")
    if not np.isfinite(values).all():
        raise DataError("setTheta: parameters must be finite numbers")
    whole[at : at + values.size] = values
    session.edited("parameters that were set")


def change(session: Session, given: Given) -> None:
    """Change what can be changed while it trains."""
    settings = field(given, "settings", dict, "change")
    if not settings.keys() <= {"learning_rate"}:
        raise DataError(f"change: only learning_rate can be changed while it trains; got {', '.join(settings)[:80]}")
    rate = settings.get("learning_rate")
    if rate is None:
        return
    optimizer = session.watch.run.optimizer
    checked = type(optimizer)(**{**optimizer.config(), "learning_rate": rate})
    optimizer.learning_rate = checked.learning_rate
    if session.watch.run.step:
        session.edited("a learning rate that was changed")
    session.settings.arguments["optimizer"] = checked  # of a network that begins anew, too


def outputs(session: Session, given: Given) -> Array:
    """Return the outputs of a layer for some rows."""
    X, layer = rows_of(field(given, "rows", dict, "outputs"), "outputs"), given.get("layer")
    stages = session.network.built()[0].stages
    if layer is None or layer == len(stages) - 1:
        found = session.network.outputs(X)
    elif type(layer) is int and 0 <= layer < len(stages):
        found = session.network.activations(X)[layer]
    else:
        raise ShapeError(f"outputs: the network has layers 0 to {len(stages) - 1}; got {layer!r:.20}")
    return found.astype(np.float32).ravel()


def evaluate(session: Session, given: Given) -> Given:
    """Return loss, accuracy and outputs on some data."""
    data = samples_of(field(given, "data", dict, "evaluate"), "evaluate")
    found = session.network.evaluate(data.X, data.y)
    score: Given = {name: found[name] for name in ("loss", "accuracy") if name in found}
    return {**score, "outputs": session.network.outputs(data.X).astype(np.float32).ravel()}


def _traced(session: Session, given: Given) -> Trace:
    rows = given.get("rows")
    if isinstance(rows, dict):
        data = samples_of(rows, "trace")
        return trace(session.network, data.X, data.y)
    n = len(session.data.X)
    if not isinstance(rows, list) or not rows or not all(type(i) is int and 0 <= i < n for i in rows):
        raise DataError(f"trace: rows must be numbers of rows, from 0 to {n - 1}, or data")
    assert session.data.y is not None
    return trace(session.network, session.data.X[rows], session.data.y[rows])


def step_numbers(session: Session, given: Given) -> Given:
    """Return the page's `StepNumbers`."""
    found, parameters = _traced(session, given), session.network.built()[1]
    step = found.step
    assert step is not None
    places = {
        part.names[name]: parameters.slices[part.index][name].start for part in found.layers for name in part.names
    }

    def flat(arrays: Callable[[Any], dict[str, Array]]) -> Array:
        vector = np.zeros(parameters.theta.size, np.float32)
        for part in found.layers:
            for name, array in arrays(part).items():
                vector[parameters.slices[part.index][name]] = np.ravel(array)
        return vector

    def states(kind: str, name: str) -> Array:
        return flat(lambda part: {key: held[name] for key, held in getattr(part, kind).items() if name in held})

    names = dict.fromkeys(
        name for part in found.layers for held in (*part.states.values(), *part.new_states.values()) for name in held
    )
    return {
        "n": len(found.x),
        "x": _float(found.x),
        "targets": _float(step.targets),
        "layers": [
            {
                "y": _float(part.y), "new_y": _float(part.new_y), "dy": _float(part.dy), "dx": _float(part.dx),
                "kept": {name: _float(array) for name, array in part.kept.items()},
            }
            for part in found.layers
        ],
        "terms": _float(step.terms),
        "losses": _float(step.losses),
        "cost": step.cost,
        "new_cost": step.new_cost,
        "penalty": sum(term.value for term in step.penalties),
        "penalties": [
            {
                "penalty": storage.encode(term.penalty), "begin": places[term.name], "factor": term.factor,
                "value": term.value,
            }
            for term in step.penalties
        ],
        "before": flat(lambda part: part.parameters),
        "gradient": flat(lambda part: part.gradients),
        "total": flat(lambda part: part.totals),
        "after": flat(lambda part: part.new),
        "states": [{"name": name, "before": states("states", name), "after": states("new_states", name)}
                   for name in names],
        "learning_rate": step.rate,
        "step": step.number,
    }  # fmt: skip


def _float(array: Array | None) -> Array | None:
    return None if array is None else np.asarray(array, np.float32).ravel()


def document(session: Session, given: Given) -> Given:
    """Return `lw.trace` of some rows as a file to be kept."""
    forms: dict[str, tuple[str, Callable[[Trace], str]]] = {
        "html": ("trace.html", lambda found: as_page(found.document())),
        "latex": ("trace.tex", Trace.latex),
        "markdown": ("trace.md", Trace.markdown),
        "text": ("trace.txt", Trace.text),
    }
    form = given.get("form")
    if form not in forms:
        raise DataError(f"document: form must be one of {', '.join(forms)}; got {form!r:.40}")
    name, write = forms[form]
    return {"name": name, "bytes": _bytes(write(_traced(session, given)).encode())}


def save(session: Session, given: Given) -> Array:
    """Return the bytes of the model file."""
    return saved(session.kept())


# Several forms end with .py, and the page has a network.py of its own.
_NAMES = {"numpy": "_numpy", "python": "_python", "training-script": "_training"}


def export(session: Session, given: Given) -> Given:
    """Return the network as a file that runs without layerwise; several files, as C's are, packed into one."""
    form = given.get("form")
    if form not in TARGETS:
        raise DataError(f"export: form must be one of {', '.join(TARGETS)}; got {form!r:.40}")
    target = TARGETS[form]
    made = target.make(session.kept(), "network", "float32")
    name = f"network{_NAMES.get(form, '')}"
    files = {
        f"{name}{end or target.suffixes[0]}": content.encode() if isinstance(content, str) else content
        for end, content in made.contents.items()
    }
    if len(files) == 1:
        (name, content), *_ = files.items()
        return {"name": name, "bytes": _bytes(content)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return {"name": f"network-{form}.zip", "bytes": _bytes(packed.getvalue())}


def _bytes(content: bytes) -> Array:
    return np.frombuffer(content, np.uint8)


def findings(session: Session, given: Given) -> list[Given]:
    """Return the page's `Finding`s: what keeps the network from learning, with settings that follow the advice."""
    assert session.data.y is not None
    network = session.kept()
    found = diagnose(network, session.data.X, session.data.y)
    return [
        {
            "name": finding.kind,
            "severity": finding.severity,
            "where": finding.where,
            "words": f"{finding.seen}; {finding.why}" if finding.why else finding.seen,
            "cure": finding.change,
            "tried": finding.tried,
            "call": finding.call,
            "change": cured(session, network, finding),
        }
        for finding in found.findings
    ]


_IN_THE_DATA = ("targets", "columns", "class_weight", "patience")  # which the page's settings do not have


def cured(session: Session, network: Network, finding: Finding) -> Given | None:
    """Return the settings that a finding's first cure and those of its causes change; None where they have no word."""
    remedies = (*finding.after, finding.remedies[0])
    if any(remedy.change in _IN_THE_DATA for remedy in remedies):
        return None
    before = training_of(network)
    last = network.last_fit
    arguments = {name: last.get(name) for name in ("batch_size", "clip_norm", "schedule")}
    arguments |= {"epochs": before["epochs"], "loss": network.choose_loss(), "optimizer": network.optimizer}
    setup = Setup(
        tuple(network.layers), session.data.X, np.asarray(session.data.y), {**arguments, "penalty": network.penalties},
        session.settings.scaling, network.seed, network.dtype.name,
    )  # fmt: skip
    for remedy in remedies:
        setup = apply(setup, remedy)
    after = {
        "layers": [storage.encode(layer) for layer in setup.layers],
        "scaling": storage.encode(setup.network().scaling),
        "loss": storage.encode(setup.arguments["loss"]),
        "optimizer": storage.encode(setup.arguments["optimizer"]),
        "penalties": [storage.encode(penalty) for penalty in setup.arguments["penalty"] or ()],
        **{name: storage.encode(setup.arguments[name]) for name in ("schedule", "epochs", "batch_size", "clip_norm")},
    }
    return {name: value for name, value in after.items() if value != before[name]}


def take_over(session: Session, given: Given) -> None:
    """Give the user's own network what this one has become."""
    if session.given is None:
        raise DataError("the page was opened without a network of yours: save a model file, and lw.load it")
    session.given(session.kept())


CALLS: dict[str, Callable[[Session, Given], Any]] = {
    "theta": theta,
    "setTheta": set_theta,
    "change": change,
    "outputs": outputs,
    "evaluate": evaluate,
    "trace": step_numbers,
    "document": document,
    "save": save,
    "export": export,
    "diagnose": findings,
    "take_over": take_over,
}
