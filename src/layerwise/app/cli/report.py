"""`layerwise report`: a page on a trained model, for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layerwise.app.cli.console import show
from layerwise.app.cli.model import load_trained
from layerwise.app.cli.plot import rows_not_learned
from layerwise.app.reporting import report as write_report


def report(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file that `train` wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The HTML file; by default MODEL.html.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A data set (its test rows) or FILE.csv (all its rows). A model that was trained on a "
                          "table needs it; by default, the data set that the model was trained on."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column of FILE.csv to be predicted; by default the model's.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between two cells of FILE.csv; by default a comma, or as the header tells.")
    ] = None,
) -> None:  # fmt: skip
    """Write a page on a trained model: figures, curves, worst mistakes, confidence, how to train it again.

    One HTML file with its pictures inside, which needs no network. A file that is there is replaced, unless it is the
    model or the table.
    """
    path = output or model.with_suffix(".html")
    for given in (model, None if data is None else Path(data)):
        if given is not None and path.exists() and given.exists() and path.samefile(given):
            raise typer.BadParameter(
                f"{path} is read, and would be overwritten; give another name", param_hint="--output"
            )
    network, task = load_trained(model)
    X, y = rows_not_learned(model, network, task, data, target, delimiter)
    name = network.notes.get("data")
    title = f"{model.name}: {name if data is None else data}"
    show(f"report  {write_report(network, X, y, path, title=title)}")
