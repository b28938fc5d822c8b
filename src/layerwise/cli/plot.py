"""`layerwise plot`: a picture of a trained model, by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from layerwise import plots
from layerwise.cli.choices import usage_error
from layerwise.cli.console import show
from layerwise.cli.data import DATA_SETS, check_delimiter, check_name, columns_of, load, rows_to_evaluate
from layerwise.cli.evaluate import own_data
from layerwise.cli.model import load_trained
from layerwise.diagram import Diagram
from layerwise.errors import DataError, UnknownNameError, missing, nearest
from layerwise.files import check_writable
from layerwise.network import Network
from layerwise.targets import Task
from layerwise.typing import Array


@dataclass(frozen=True)
class Subject:
    """What is drawn: a trained network, and rows that it has not learned from, where the picture needs them."""

    network: Network
    task: Task
    X: Array
    y: Array

    @property
    def labels(self) -> Array:
        """The targets as the columns of the network's probabilities."""
        classes = self.task.classes
        if self.task.kind != "classification" or classes is None:
            raise DataError(f"this picture needs classes; the network was trained for {self.task.kind}")
        return np.array([classes.tolist().index(label) for label in self.y.tolist()])


@dataclass(frozen=True)
class What:
    """A picture by name: how it is drawn, whether it needs data, and what one sees."""

    draw: Callable[[Subject], Any]
    needs_data: bool
    description: str


def _curves(subject: Subject) -> Any:
    history = getattr(subject.network, "history", None)
    if not history:
        raise DataError(
            "the model file does not hold the history of its training; "
            "`layerwise train` draws the learning curves, and --plot says where"
        )
    return plots.learning_curves(history)


def _regions(subject: Subject) -> Any:
    names = columns_of(subject.network)
    if subject.task.kind == "regression":
        target = subject.network.notes.get("target", "y")
        return plots.regression_curve(
            subject.network, subject.X, subject.y, names=(names[0] if names else "x", str(target))
        )
    return plots.decision_regions(subject.network, subject.X, subject.y, **({"names": names} if names else {}))


def _confusion(subject: Subject) -> Any:
    if subject.task.kind != "classification":
        raise DataError(
            f"a confusion matrix needs classes; the network was trained for {subject.task.kind}: plot regions"
        )
    return plots.confusion_matrix(subject.y, subject.network.predict(subject.X))


PICTURES: dict[str, What] = {
    "curves": What(_curves, False, "loss and accuracy by epoch"),
    "confusion": What(_confusion, True, "what was taken for what"),
    "images": What(lambda s: plots.predictions(s.network, s.X, s.y), True, "images, with the answers and how sure they are"),
    "mistakes": What(lambda s: plots.mistakes(s.network, s.X, s.y), True, "the wrong answers that the model is surest of"),
    "weights": What(lambda s: plots.weights(s.network), False, "what hidden neurons look for, as images"),
    "histograms": What(lambda s: plots.histograms(s.network, s.X, s.y), True, "weights, outputs and gradients by layer"),
    "dead": What(lambda s: plots.unit_activity(s.network, s.X), True, "how often each unit is active, and which are dead"),
    "map": What(lambda s: plots.layer_maps(s.network, s.X, s.y), True, "how the classes come apart, layer by layer"),
    "regions": What(_regions, True, "the answer everywhere: of two inputs, or of one number"),
    "pieces": What(lambda s: plots.pieces(s.network, s.X, s.y), True, "a network of one input as a sum of pieces"),
    "reliability": What(
        lambda s: plots.reliability(s.labels, s.network.predict_proba(s.X)), True, "whether confidence can be believed"),
    "coverage": What(
        lambda s: plots.coverage(s.labels, s.network.predict_proba(s.X)), True, "the accuracy if only sure answers are given"),
    "robustness": What(
        lambda s: plots.robustness(s.network, s.X, s.y), True, "accuracy under noise, rotation and shift, for images"),
    "diagram": What(lambda s: Diagram(s.network), False, "units and weights; .svg, or .tex for LaTeX"),
}  # fmt: skip
_LISTED = "\n\n".join(f"**{name}**  {what.description}" for name, what in PICTURES.items())
HELP = f"""Draw a picture of a trained model into a file.

{_LISTED}
"""


def _names(incomplete: str) -> list[str]:
    return [name for name in PICTURES if name.startswith(incomplete)]


def plot(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="One of those above.", autocompletion=_names)],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file that `train` wrote.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file, .png .svg .pdf .jpg (diagram: .svg .tex); MODEL-WHAT by default."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A data set (its test rows) or FILE.csv; by default what the model was trained on."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column of FILE.csv to be predicted; by default the model's.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between two cells of FILE.csv; by default a comma, or as the header tells.")
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
) -> None:  # fmt: skip
    """Draw a picture of a trained model; HELP is what the command shows."""
    with usage_error("WHAT"):
        chosen = _find(what)
    is_diagram = what == "diagram"
    path = output or Path(f"{model.stem}-{what}.{'svg' if is_diagram else 'png'}")
    with usage_error("--output"):
        _check_kind(path, is_diagram)
    check_writable(path)
    if not is_diagram and find_spec("matplotlib") is None:
        raise missing("matplotlib", "plot", f"drawing {what}")
    network, task = load_trained(model)
    X, y = _rows(model, network, task, data, target, delimiter) if chosen.needs_data else (np.empty(0), np.empty(0))
    subject = Subject(network, task, X, y)
    if is_diagram:
        Diagram(network).save(path)
    else:
        _draw(chosen, subject, path, dark)
    show(f"{what}  {path}")


def _find(what: str) -> What:
    if what not in PICTURES:
        listed = "; ".join(f"{name}: {one.description}" for name, one in PICTURES.items())
        close = nearest(what, PICTURES)
        hint = f" {close}" if close.startswith("did") else ""
        raise UnknownNameError(f"there is no picture {what!r};{hint} There are {listed}")
    return PICTURES[what]


def _check_kind(path: Path, is_diagram: bool) -> None:
    """Whether the file's name asks for a format that there is."""
    if not is_diagram:
        plots.picture_format(path)
    elif path.suffix.lower() not in (".svg", ".tex"):
        raise UnknownNameError(f"{path}: a diagram is written as .svg or .tex")


def _rows(
    model: Path, network: Network, task: Task, data: str | None, target: str | None, delimiter: str | None
) -> tuple[Array, Array]:
    """Rows that the network has not learned from: a data set's to test, or all of a table."""
    name = own_data(model, network, "--data FILE.csv") if data is None else data
    with usage_error("--data"):
        check_name(name)
    if name in DATA_SETS:
        return load(name).test
    return rows_to_evaluate(name, network, target, task.kind == "regression", check_delimiter(delimiter))


def _draw(chosen: What, subject: Subject, path: Path, dark: bool) -> None:
    """Draw without a display, whatever pyplot would take."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with plots.style(dark):
        try:
            plots.save(chosen.draw(subject), path)
        finally:
            pyplot.close("all")
