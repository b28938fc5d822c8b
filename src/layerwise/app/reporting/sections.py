"""The sections of a report, each from the subject; one that makes no sense for it is left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from layerwise import plots
from layerwise.app.reporting import again, table_sections, trials
from layerwise.app.reporting.page import Section, code, paragraph, side_by_side, table
from layerwise.app.reporting.pictures import against, picture, residuals
from layerwise.app.reporting.subject import Subject
from layerwise.errors import LayerwiseError
from layerwise.explain.diagram import Diagram
from layerwise.formula.quoting import legible
from layerwise.parts.metrics import coverage_curve, expected_calibration_error
from layerwise.typing import Array

MOST_CLASSES = 20  # in pictures and tables of classes
MOST_COLUMNS = 8  # of a table's rows
IMAGES, ROWS = 24, 12  # the worst that are shown
MUCH = 0.02  # calibration error, from which on there is something to be done
HALF = (5.2, 4.2)  # inches, of a picture beside another


def facts(subject: Subject) -> list[tuple[str, str]]:
    """Return the facts to look at first: (name, value)."""
    network, figures, n = subject.network, subject.figures, len(subject.X)
    found = []
    if "accuracy" in figures:
        found.append(("right", f"{figures['accuracy']:.2%}"))
    if subject.task.kind == "classification":
        found.append(("mistakes", f"{int((subject.said != subject.y).sum()):,} of {n:,}"))
    if "r2_score" in figures:
        error = np.asarray(subject.said, np.float64) - subject.y
        found += [("R²", f"{figures['r2_score']:.4f}"), ("rows", f"{n:,}")]
        found.append(("root of the mean squared error", f"{math.sqrt(float(np.square(error).mean())):.4g}"))
    found.append(("loss", f"{figures['loss']:.4g}"))
    if subject.shares is not None and subject.labels is not None:
        found.append(("calibration error", f"{expected_calibration_error(subject.labels, subject.shares):.1%}"))
    found.append(("weights and biases", f"{network.theta.size:,}"))
    if network.history is not None and len(network.history):
        seconds = sum(network.history.get("seconds", ()))
        found.append(("epochs", f"{network.history.epochs}" + (f" in {seconds:.1f} s" if seconds else "")))
    return found


def all_of(subject: Subject) -> list[Section]:
    """Return every section that has something to say."""
    makers: dict[str, Callable[[Subject], str]] = {
        "Network": _network,
        "Training": _training,
        "Answers": _numbers if subject.task.kind == "regression" else _answers,
        "Cross-validation": trials.cross_validation,
        **_worst(subject),
        "Columns": table_sections.importance,
        "What the columns do": table_sections.dependence,
        "Confidence": table_sections.intervals if subject.task.kind == "regression" else _confidence,
        "Search": trials.search,
        "Diagnosis": _diagnosis,
        "The same again": _again,
    }
    made = [Section(title, make(subject)) for title, make in makers.items()]
    return [section for section in made if section.body]


def _worst(subject: Subject) -> dict[str, Callable[[Subject], str]]:
    if subject.table is not None:
        return {"Worst rows": table_sections.worst_rows}
    return {"Worst mistakes": _far_off if subject.task.kind == "regression" else _mistakes}


def _network(subject: Subject) -> str:
    network = subject.network
    rows = [("inputs", f"{network.built()[0].n_in:,}"), ("computes in", network.dtype.name)]
    if network.columns:
        names = [legible(column["name"]) for column in network.columns]
        more = f" and {len(names) - MOST_CLASSES} more" if len(names) > MOST_CLASSES else ""
        rows.append(("columns", ", ".join(names[:MOST_CLASSES]) + more))
    if network.scaling is not None:
        rows.append(("scaling of inputs", repr(network.scaling)))
    rows.append(("answers", ", ".join([subject.task.kind, *subject.names[:MOST_CLASSES]])))
    if network.frozen:
        rows.append(("frozen layers", ", ".join(map(str, sorted(network.frozen)))))
    left = f'<div class="scroll">{network._repr_html_()}</div>{table(rows)}'
    return side_by_side(left, Diagram(network, most=8).svg(inline=True))


def _training(subject: Subject) -> str:
    network, history = subject.network, subject.network.history
    fit = network.last_fit
    rows = [("loss", repr(network.loss)), ("optimizer", repr(network.optimizer))]
    rows += [("penalty", repr(penalty)) for penalty in network.penalties]
    for name, words in (("rows", "rows"), ("batch_size", "rows a step"), ("schedule", "schedule"),
                        ("clip_norm", "longest gradient"), ("augmentation", "augmentation")):  # fmt: skip
        if fit.get(name) is not None:
            rows.append((words, f"{fit[name]:,}" if isinstance(fit[name], int) else repr(fit[name])))
    rows += [("steps", f"{network.steps:,}"), ("seed", str(network.seed))]
    settings = table(rows)
    if history is None or not len(history.get("loss", ())):
        return settings + paragraph("There is no history of the training in this network.", quiet=True)
    rows.append(("ended by", history.stopped_by or "a crash"))
    rows += [("changed", line) for line in history.change_lines()]
    count = sum(1 for name in ("loss", "accuracy") if len(history.get(name, ())))
    curves = picture(
        "loss and accuracy by epoch", lambda axes: plots.learning_curves(history, axes), (5.0, 3.6), panels=count
    )
    return curves + table(rows)


def _answers(subject: Subject) -> str:
    if subject.task.kind == "multilabel":
        said, true = np.asarray(subject.said), np.asarray(subject.y)
        rows = [
            (str(i), f"{true[:, i].mean():.1%}", f"{said[:, i].mean():.1%}", f"{(said == true)[:, i].mean():.2%}")
            for i in range(true.shape[1])
        ]
        return table(rows, ("output", "is yes", "says yes", "right"), 3)
    names, places = subject.names, {name: i for i, name in enumerate(subject.task.classes.tolist())}  # type: ignore[union-attr]
    t, s = (np.array([places[v] for v in values.tolist()]) for values in (subject.y, subject.said))
    wrong = Counter(zip(t[t != s].tolist(), s[t != s].tolist(), strict=True))
    most = [(names[i], names[j], f"{times:,}") for (i, j), times in sorted(wrong.items(), key=lambda x: (-x[1], x[0]))]
    measured = table_sections.measures(subject)
    confused = table(most[:8], ("is", "was taken for", "times"), 1) if most else paragraph("No row was mistaken.")
    if len(names) > MOST_CLASSES:
        return measured + confused
    rows = []
    for i, name in enumerate(names):
        there, answered, both = (t == i).sum(), (s == i).sum(), ((t == i) & (s == i)).sum()
        rows.append((name, f"{there:,}", _share(both, there), _share(both, answered)))
    per_class = table(rows, ("class", "rows", "of them found (recall)", "of such answers right (precision)"), 3)
    side = float(np.clip(0.55 * len(names) + 1.6, 3.8, 8.0))
    drawn = picture(
        "confusion matrix: what was taken for what",
        lambda panel: plots.confusion_matrix(t, s, panel, labels=names), (side, side),
    )  # fmt: skip
    return measured + side_by_side(drawn, per_class + "<p><b>Confused most often</b></p>" + confused)


def _share(part: Any, whole: Any) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _mistakes(subject: Subject) -> str:
    if subject.shares is None or not len(subject.wrong):
        return ""
    worst = subject.wrong
    if subject.is_of_images:
        lines = -(-min(len(worst), IMAGES) // 8)
        return picture(
            "the worst mistakes", lambda panel: plots.mistakes(
                subject.network, subject.X, subject.y, panel, count=IMAGES, labels=subject.names, columns=8
            ), (9.6, 1.75 * lines + 0.6), kind="png",
        )  # fmt: skip
    rows = [
        (*_cells(subject, i), str(subject.y[i]), str(subject.said[i]), f"{subject.shares[i].max():.1%}")
        for i in worst[:ROWS].tolist()
    ]
    return table(rows, (*_columns(subject), "is", "was taken for", "confidence"), 3)


def _numbers(subject: Subject) -> str:
    y, said = (np.asarray(a, np.float64).reshape(len(subject.X), -1) for a in (subject.y, subject.said))
    name = str(subject.network.notes.get("target", "y"))
    measured = table_sections.measures(subject)
    if y.shape[1] == 1:
        both = (y[:, 0], said[:, 0])
        band = None if subject.ends is None else float(np.ptp(subject.ends, axis=-1).max() / 2)
        scatter = picture("answers over what is so", lambda panel: against(*both, panel, name, band), HALF)
        spread = picture("histogram of the errors", lambda panel: residuals(*both, panel, name), HALF)
        return measured + side_by_side(scatter, spread) + table(_errors(*both), numbers=1)
    rows = [[str(i), *(value for _, value in _errors(y[:, i], said[:, i]))] for i in range(y.shape[1])]
    return measured + table(rows, ["output", *(words for words, _ in _errors(y[:, 0], said[:, 0]))], 5)


def _errors(y: Array, said: Array) -> list[tuple[str, str]]:
    off = np.abs(said - y)
    return [
        ("mean of |error|", f"{off.mean():.4g}"),
        ("median of |error|", f"{np.median(off):.4g}"),
        ("90 % are within", f"{np.quantile(off, 0.9):.4g}"),
        ("largest", f"{off.max():.4g}"),
        ("standard deviation of the target", f"{y.std():.4g}"),
    ]


def _far_off(subject: Subject) -> str:
    y, said = (np.asarray(a, np.float64).reshape(len(subject.X), -1) for a in (subject.y, subject.said))
    if y.shape[1] > 1 or not np.abs(said - y).any():
        return ""
    order = np.argsort(-np.abs(said - y)[:, 0], kind="stable")[:ROWS].tolist()
    rows = [(*_cells(subject, i), f"{y[i, 0]:.6g}", f"{said[i, 0]:.6g}", f"{said[i, 0] - y[i, 0]:+.4g}") for i in order]
    return table(rows, (*_columns(subject), "is", "answer", "error"), 3)


def _columns(subject: Subject) -> list[str]:
    """Return the head of a table's rows: their number, and their columns if they are few."""
    count = subject.X.shape[1]
    if count > MOST_COLUMNS:
        return ["row"]
    columns = subject.network.columns
    named = columns is not None and len(columns) == count
    return (
        ["row", *(legible(c["name"]) for c in columns)]
        if columns and named
        else ["row", *(f"x{i}" for i in range(count))]
    )


def _cells(subject: Subject, row: int) -> list[str]:
    values: list[Any] = subject.X[row].tolist() if isinstance(subject.X, np.ndarray) else []
    return [str(row + 1), *(f"{v:.6g}" for v in values)] if 0 < len(values) <= MOST_COLUMNS else [str(row + 1)]


def _confidence(subject: Subject) -> str:
    labels, shares = subject.labels, subject.shares
    body = ""
    if labels is not None and shares is not None:
        reliability = picture(
            "reliability: accuracy by confidence", lambda panel: plots.reliability(labels, shares, panel), HALF
        )
        covered = picture(
            "coverage: accuracy if only the surest are answered",
            lambda panel: plots.coverage(labels, shares, panel),
            HALF,
        )
        coverage, accuracy, least = coverage_curve(labels, shares)
        rows = []
        for confidence in (0.5, 0.8, 0.9, 0.95, 0.99):
            answered = int((least >= confidence).sum())
            if answered:
                right = accuracy[answered - 1]
                rows.append((f"{confidence:g}", f"{coverage[answered - 1]:.1%}", f"{right:.2%}"))
        error = expected_calibration_error(labels, shares)
        hint = "lw.calibrate(network, X_val, y_val) makes the network as sure as it is right, and changes no answer."
        body = side_by_side(reliability, covered) + (paragraph(hint) if error > MUCH else "")
        if temperatures := subject.network.last_fit.get("temperatures"):
            numbers = ", then ".join(f"{number:.3g}" for number in temperatures)
            body += paragraph(f"The scores are divided by the temperature {numbers}, learned on held-out rows.")
        body += table(rows, ("min_confidence", "answered", "of them right"), 2)
    if subject.network.novelty is not None:
        share = 1 - subject.network.is_novel(subject.X).mean()
        body += paragraph(
            f"{share:.1%} of these rows look like the training data; reject_novel=True refuses the others."
        )
    return body


def _diagnosis(subject: Subject) -> str:
    try:
        diagnose = import_module("layerwise.explain.diagnosis").diagnose
    except ImportError:
        return ""
    try:
        return f'<div class="scroll">{diagnose(subject.network, subject.X, subject.y)._repr_html_()}</div>'
    except LayerwiseError as error:  # such as layers that have no gradient
        return paragraph(f"Not possible: {error}")


def _again(subject: Subject) -> str:
    return code(again.lines(subject.network)) + table(again.environment())
