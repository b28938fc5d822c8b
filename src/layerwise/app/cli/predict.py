"""`layerwise predict`: what a model says about a user's pictures or rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layerwise.app.cli import console
from layerwise.app.cli.answering import Answer, answer_files
from layerwise.app.cli.arguments import Delimiter, Json
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.data import check_delimiter
from layerwise.app.cli.default_model import SHIPPED, default_model
from layerwise.app.cli.given import given
from layerwise.app.cli.model import Trained, load_trained
from layerwise.app.cli.predict_digits import DigitReader, reads_digits
from layerwise.app.cli.predict_rows import Predictor
from layerwise.app.cli.quick import TABLES
from layerwise.data.writing import check_writable
from layerwise.handwriting.shipped import shipped_network
from layerwise.plots.style import picture_format


def predict(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE...", help="Pictures (PNG, JPEG…), folders of them, or tables (FILE.csv)."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            help="The model file. By default my-digits.safetensors or mnist.safetensors of this folder, or else the "
            "network that comes with layerwise, for digits that people draw.",
        ),
    ] = None,
    single: Annotated[bool, typer.Option("--single", help="All ink of a picture is one digit.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show each digit as the network saw it, and say where it is.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="DIGITS",
            help="What the pictures show, such as 7 or 05221859: a copy of the model learns it, my-digits.safetensors.",
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the newest --label back.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.png", help="Draw the picture with a rectangle around each digit, its answer and confidence."
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Below that, the answer is 'not sure' and the exit code 3. By default digits have the limit that is "
            "in the model's file, or 0.6, and all else has none.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Of yes or no, or two classes: above what probability it is a yes, or the second class; "
            "by default the model's own."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT.csv",
            help="Write a table's columns and the answers, with their probabilities or intervals, to a CSV file.",
        ),
    ] = None,
    delimiter: Delimiter = None,
    json: Json = False,
) -> None:
    """Read handwritten digits in pictures, or predict the rows of a table.

    A picture may show one digit, a number or several rows, at any size, dark on light or light on dark. Nothing has to
    be trained before: a network for digits comes with layerwise. A file that cannot be read does not stop the others;
    the exit code is then 1. A picture that shows no digits, or is unlike the training data, gets no answer but the
    reason; the exit code is then 3.
    """
    files = files or []
    if label is not None or undo:
        raise typer.Exit(_correct(context, files, model, label, single, json))
    if not files:
        raise typer.BadParameter("name a picture, a folder of pictures or a table", param_hint="IMAGE...")
    path = default_model() if model is None else model
    if output is not None:
        _check_output(output, files, path)
    if plot is not None:
        _check_plot(plot, files, path)
    trained = _trained(path)
    if threshold is not None:
        trained.task.with_threshold(threshold, trained.network.built()[0].n_out)  # refuses it once, not file by file
    rows = Predictor(trained, threshold, min_confidence or 0.0, check_delimiter(delimiter), output, show, json)

    def is_table(file: Path) -> bool:
        return trained.encoder is not None or output is not None or file.suffix.lower() in TABLES

    answer_picture = rows.answer_image
    if reads_digits(trained.network) and threshold is None:
        name = SHIPPED if path is None else str(path)
        reader = DigitReader(trained.network, name, single, show, json, min_confidence, plot)
        answer_picture = reader.answer
        if not all(map(is_table, files)):
            reader.introduce()
    elif single or plot is not None:
        option = "--single" if single else "--plot"
        raise typer.BadParameter(f"{path} does not read digits, which this is for", param_hint=option)

    def answer(file: Path) -> list[Answer]:
        return rows.answer_table(file) if is_table(file) else answer_picture(file)

    if code := answer_files(files, answer, json, rows.is_enough):
        raise typer.Exit(code)


def _correct(
    context: typer.Context, files: list[Path], model: Path | None, label: str | None, single: bool, json: bool
) -> int:
    """Learn what the pictures show, or take that back; return the exit code."""
    from layerwise.app.cli.correcting import copy_of, label_pictures, take_back

    alone = "--undo" if label is None else "--label"
    others = ["plot", "show", "output", "threshold", "min_confidence", "delimiter"]
    if more := given(context, [*others, "single" if label is None else "undo"]):
        raise typer.BadParameter(f"{', '.join(more)}: not together with {alone}", param_hint=alone)
    if label is None:
        if files:
            raise typer.BadParameter("it takes no pictures: it takes the newest --label back", param_hint=alone)
        take_back(copy_of(model), json)
        return console.OK
    digits = "".join(label.split())
    if not digits or not set(digits) <= set("0123456789"):
        raise typer.BadParameter(f"expected digits, such as 7 or 05221859, got {label!r}", param_hint=alone)
    if not files or any(file.suffix.lower() in TABLES for file in files):
        raise typer.BadParameter("it needs the pictures that show it", param_hint=alone)
    return label_pictures(copy_of(model), files, digits, single, json)


def _trained(path: Path | None) -> Trained:
    """Return the model in a file, or the one that comes with the package."""
    if path is not None:
        return load_trained(path, in_units=False)
    network = shipped_network()
    assert network.task is not None
    return Trained(network, network.task)


def _check_output(output: Path, files: list[Path], model: Path | None) -> None:
    """Find out before anything is computed whether the answers can be written."""
    if len(files) != 1:
        raise typer.BadParameter(f"it takes the answers for one table; got {len(files)} files", param_hint="--output")
    _check_overwriting(output, files, model, "--output")
    if output.suffix.lower() != ".csv":
        raise typer.BadParameter(f"{output}: answers are written as CSV; give a name with .csv", param_hint="--output")
    check_writable(output)


def _check_plot(plot: Path, files: list[Path], model: Path | None) -> None:
    """Find out before anything is computed whether the digits can be drawn."""
    if len(files) != 1 or files[0].is_dir():
        got = f"{len(files)} files" if len(files) != 1 else f"the folder {files[0]}"
        raise typer.BadParameter(f"it draws one picture; got {got}", param_hint="--plot")
    _check_overwriting(plot, files, model, "--plot")
    with usage_error("--plot"):
        picture_format(plot)
    check_writable(plot)


def _check_overwriting(written: Path, files: list[Path], model: Path | None, option: str) -> None:
    for path in (*files, model):
        if path is not None and written.exists() and path.exists() and written.samefile(path):
            raise typer.BadParameter(f"{path} would be overwritten; give another name", param_hint=option)
