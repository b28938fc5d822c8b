"""`layerwise trace`: every number of a prediction, or of one training step, of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Delimiter
from layerwise.app.cli.data import check_delimiter, rows_to_predict
from layerwise.app.cli.model import Trained, load_trained
from layerwise.app.cli.predict_rows import PIXELS
from layerwise.app.cli.quick import TABLES
from layerwise.data.writing import write_whole
from layerwise.errors import DataError
from layerwise.explain.trace import Trace
from layerwise.explain.trace import trace as trace_step
from layerwise.explain.trace.document import Document
from layerwise.explain.trace.html import page
from layerwise.explain.trace.worked import WORKED
from layerwise.formula.quoting import legible
from layerwise.typing import Array

WORKED_EXAMPLE = "worked-example"


def trace(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=f"A model file, or: {WORKED_EXAMPLE}.")],
    sample: Annotated[
        str | None,
        typer.Argument(metavar="IMAGE", help="A picture of a digit, a table (FILE.csv), or numbers: 5.1,3.5,1.4,0.2"),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="The right answer: makes it a training step, with the model's loss and optimizer."),
    ] = None,
    row: Annotated[int, typer.Option(min=1, help="Which row of FILE.csv, from 1.")] = 1,
    neuron: Annotated[
        str | None, typer.Option(metavar="LAYER,NEURON", help="One neuron in full, such as 0,5, counted from 0.")
    ] = None,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits.")] = 6,
    html: Annotated[Path | None, typer.Option(help="Write it as a page, where numbers tell on hover.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Write it as a LaTeX document.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON, for programs.")] = False,
    delimiter: Delimiter = None,
) -> None:
    """Show every number of a prediction or of a training step; the model's file stays as it is.

    `layerwise trace worked-example` shows two back-propagations that can be followed by hand.
    """
    if model == WORKED_EXAMPLE and not Path(model).exists():
        made: list[tuple[Trace, int | str | None]] = [(make(), shown) for make, shown in WORKED]
    elif sample is None:
        raise typer.BadParameter("name a picture, a table or numbers to be traced", param_hint="IMAGE")
    else:
        trained = load_trained(Path(model), in_units=False)  # each number as it was in training
        x = _sample(trained, sample, row, check_delimiter(delimiter))
        made = [(trace_step(trained.network, x, None if label is None else _label(trained, label)), digits)]
        if trained.units is not None:
            scale, mean = (np.array2string(np.asarray(v), precision=digits) for v in trained.units)
            console.warn(f"an output y stands for y · {scale} + {mean}: the targets were standardized", "yellow")
    if json:
        console.show_json([found.to_dict() for found, _ in made] if len(made) > 1 else made[0][0].to_dict())
        return
    place = None if neuron is None else _place(neuron)
    documents = [
        found.document(digits=shown) if place is None else found.neuron(*place, digits=shown) for found, shown in made
    ]
    _show(documents, html, latex, markdown)


def _show(documents: list[Document], html: Path | None, latex: Path | None, markdown: bool) -> None:
    """Write what was asked for, or print it."""
    for path, form in ((html, page), (latex, Document.latex)):
        if path is not None:
            for number, document in enumerate(documents, start=1):
                name = path if len(documents) == 1 else path.with_stem(f"{path.stem}-{number}")
                content = form(document).encode()
                write_whole(name, content)
                console.show(f"wrote {name} ({len(content) / 1024:,.0f} KB)")
    if html is not None or latex is not None:
        return
    for number, document in enumerate(documents):
        if number:
            console.show()
        if markdown:
            for line in document.markdown().rstrip().split("\n"):
                console.show(line)
        else:
            console.show_rich(document)


def _sample(model: Trained, sample: str, row: int, delimiter: str | None) -> Array:
    """Return one row of inputs, from a picture, a table or numbers."""
    n_in = model.network.built()[0].n_in
    path = Path(sample)
    if path.suffix.lower() in TABLES or (model.encoder is not None and path.exists()):
        X = rows_to_predict(sample, model, delimiter)
        if row > len(X):
            raise DataError(f"{sample} has {len(X)} rows; got --row {row}")
        found: Array = X[row - 1]
        return found
    if model.encoder is not None:
        raise DataError(f"{sample}: the model takes rows of a table; give FILE.csv, and --row")
    numbers = _numbers(sample)
    if numbers is not None and not path.exists():
        if len(numbers) != n_in:
            raise DataError(f"the model takes {n_in} inputs; got {len(numbers)} numbers: {sample}")
        return np.array(numbers)
    if n_in != PIXELS:
        raise DataError(f"{sample}: the model takes {n_in} inputs, not a picture's {PIXELS}; give numbers or FILE.csv")
    from layerwise.datasets.images import read_digit

    pixels: Array = read_digit(path)
    return pixels


def _numbers(text: str) -> list[float] | None:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        return None


def _label(model: Trained, label: str) -> Any:
    """Return the target as the network was trained on it."""
    task = model.task
    if task.kind == "classification" and task.classes is not None:
        known = task.classes.tolist()
        for value in known:
            if str(value) == label:
                return value
        raise DataError(f"--label {label!r} is none of the model's classes: {', '.join(map(legible, known[:12]))}")
    numbers = _numbers(label)
    if numbers is None:
        raise DataError(f"--label must be a number, or several with commas between; got {label!r}")
    found = model.standardized(np.array(numbers)).tolist()
    return found if len(numbers) > 1 else found[0]


def _place(neuron: str) -> tuple[int, int]:
    try:
        layer, j = (int(word) for word in neuron.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"must be a layer and a neuron, such as 0,5; got {neuron!r}", param_hint="--neuron"
        ) from None
    return layer, j
