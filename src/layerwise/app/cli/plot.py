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
from layerwise.app.cli.arguments import Delimiter, Model, Rows, Target
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.console import show
from layerwise.app.cli.data import check_delimiter, check_name, columns_of, load, rows_to_evaluate
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.cli.evaluate import own_data
from layerwise.app.cli.folders import is_folder, pictures_to_evaluate
from layerwise.app.cli.model import Trained, load_trained
from layerwise.data.targets import Task
from layerwise.data.writing import check_writable
from layerwise.errors import DataError, ShapeError, UnknownNameError, missing, nearest
from layerwise.explain.diagram import Diagram
from layerwise.network.network import Network
from layerwise.typing import Array


@dataclass(frozen=True)
class Subject:
    """What is drawn: a trained network, and rows that it has not learned from, where the picture needs them."""

    network: Network
    task: Task
    X: Array
    y: Array

    @property
    def classes(self) -> list[Any]:
        """What the network's outputs stand for.

        Raises
        ------
        DataError
            It answers with numbers, or with several answers at once.
        """
        if self.task.kind != "classification" or self.task.classes is None:
            raise DataError(f"this picture needs classes; the network was trained for {self.task.kind}: plot regions")
        return list(self.task.classes.tolist())

    @property
    def labels(self) -> Array:
        """The targets as the columns of the network's probabilities.

        Raises
        ------
        DataError
            A label that the network does not know.
        """
        places = {label: place for place, label in enumerate(self.classes)}
        unknown = set(self.y.tolist()) - set(places)
        if unknown:
            raise DataError(
                f"the data have the class {min(unknown)!r}, which the network does not know: {list(places)}"
            )
        return np.array([places[label] for label in self.y.tolist()])


@dataclass(frozen=True)
class What:
    """A picture by name: how it is drawn, whether it needs data, and what one sees."""

    draw: Callable[[Subject], Any]
    needs_data: bool
    description: str


def _curves(subject: Subject) -> Any:
    history = getattr(subject.network, "history", None)
    if not history:
        raise DataError("the model file holds no history of a training; `layerwise train --plot FILE` draws the curves")
    return plots.learning_curves(history)


def _regions(subject: Subject) -> Any:
    names = columns_of(subject.network)
    if subject.task.kind == "regression":
        target = subject.network.notes.get("target", "y")
        return plots.regression_curve(
            subject.network, subject.X, subject.y, names=(names[0] if names else "x", str(target))
        )
    return plots.decision_regions(subject.network, subject.X, subject.y, names=names or ("x₁", "x₂"))


def _confusion(subject: Subject) -> Any:
    true, names = subject.labels, subject.classes
    said = np.array([names.index(answer) for answer in subject.network.predict(subject.X).tolist()])
    return plots.confusion_matrix(true, said, labels=names)


def _dead(subject: Subject) -> Any:
    return plots.unit_activity(subject.network, subject.X)


def _on_rows(draw: Callable[..., Any], of_images: bool = False) -> Callable[[Subject], Any]:
    """Return a picture of network, X and y; one of images refuses the rows of a table."""

    def of_subject(subject: Subject) -> Any:
        if of_images:
            _check_images(subject)
        return draw(subject.network, subject.X, subject.y)

    return of_subject


def _on_shares(draw: Callable[..., Any]) -> Callable[[Subject], Any]:
    """Return a picture of labels and probabilities."""
    return lambda subject: draw(subject.labels, subject.network.predict_proba(subject.X))


def _weights(subject: Subject) -> Any:
    _check_images(subject)
    return plots.weights(subject.network)


def _check_images(subject: Subject) -> None:
    columns = columns_of(subject.network)
    if columns is not None:
        raise DataError(
            f"this picture needs images, and the model takes a table's columns ({columns[0]!r}, …): "
            "plot confusion, map, dead, histograms or diagram"
        )


PICTURES: dict[str, What] = {
    "curves": What(_curves, False, "loss and accuracy by epoch"),
    "confusion": What(_confusion, True, "what was taken for what"),
    "images": What(_on_rows(plots.predictions, True), True, "images, the answers, and how sure they are"),
    "mistakes": What(_on_rows(plots.mistakes, True), True, "the wrong answers that the model is surest of"),
    "weights": What(_weights, False, "what hidden neurons look for, as images"),
    "histograms": What(_on_rows(plots.histograms), True, "weights, outputs and gradients by layer"),
    "dead": What(_dead, True, "how often each unit is active, and which are dead"),
    "map": What(_on_rows(plots.layer_maps), True, "how the classes come apart, layer by layer"),
    "regions": What(_regions, True, "the answer everywhere: of two inputs, or of one number"),
    "pieces": What(_on_rows(plots.pieces), True, "a network of one input as a sum of pieces"),
    "reliability": What(_on_shares(plots.reliability), True, "whether confidence can be believed"),
    "coverage": What(_on_shares(plots.coverage), True, "the accuracy if only sure answers are given"),
    "robustness": What(_on_rows(plots.robustness, True), True, "accuracy on noisy, turned and moved images"),
    "diagram": What(lambda subject: Diagram(subject.network), False, "units and weights; .svg, or .tex for LaTeX"),
}
_LISTED = "\n\n".join(f"**{name}**  {what.description}" for name, what in PICTURES.items())
HELP = f"""Draw a picture of a trained model into a file.

{_LISTED}
"""


def _names(incomplete: str) -> list[str]:
    return [name for name in PICTURES if name.startswith(incomplete)]


def plot(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="One of those above.", autocompletion=_names)],
    model: Model,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="PNG, SVG, PDF or JPEG; of a diagram .svg or .tex; by default MODEL-WHAT."),
    ] = None,
    data: Rows = None,
    target: Target = None,
    delimiter: Delimiter = None,
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
    trained = load_trained(model)
    X, y = np.empty(0), np.empty(0)
    if chosen.needs_data:
        X, y = rows_not_learned(model, trained, data, target, delimiter)
    subject = Subject(trained.network, trained.task, X, y)
    if is_diagram:
        chosen.draw(subject).save(path)
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
    """Refuse a file's name that asks for a format that there is not."""
    if not is_diagram:
        plots.picture_format(path)
    elif path.suffix.lower() not in (".svg", ".tex"):
        raise UnknownNameError(f"{path}: a diagram is written as .svg or .tex")


def rows_not_learned(
    model: Path, trained: Trained, data: str | None, target: str | None, delimiter: str | None
) -> tuple[Array, Array]:
    """Return rows that the network has not learned from: a data set's to test, a folder's, or all of a table."""
    network = trained.network
    name = own_data(model, network, "--data FILE.csv") if data is None else data
    with usage_error("--data"):
        check_name(name)
    if name in DATA_SETS:
        X, y = load(name).test
        n_in = network.built()[0].n_in
        if X.shape[1] != n_in:
            raise ShapeError(f"{name} has {X.shape[1]} inputs, and the model takes {n_in}: name its own data by --data")
        return X, y
    if is_folder(name):
        return pictures_to_evaluate(name, trained, unseen=True)
    return rows_to_evaluate(name, trained, target, check_delimiter(delimiter))


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
