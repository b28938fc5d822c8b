"""`layerwise report`: a page on a trained model, for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layerwise.app.cli.arguments import Delimiter, Model, Rows, Target
from layerwise.app.cli.console import show
from layerwise.app.cli.data import check_delimiter, table_to_evaluate
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.cli.model import load_trained
from layerwise.app.cli.plot import rows_not_learned
from layerwise.app.reporting import Table
from layerwise.app.reporting import report as write_report


def report(
    model: Model,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The HTML file; by default MODEL.html.")
    ] = None,
    data: Rows = None,
    target: Target = None,
    delimiter: Delimiter = None,
) -> None:  # fmt: skip
    """Write a page on a trained model: figures, curves, worst mistakes, confidence, how to train it again.

    Of a table also what each column is worth and does, and the worst rows as the file has them: of the table that the
    model has learned from, the rows that were held out to test, of another one all rows.

    One HTML file with its pictures inside, which needs no network. A file that is there is replaced, unless it is the
    model or the table.
    """
    path = output or model.with_suffix(".html")
    for given in (model, None if data is None else Path(data)):
        if given is not None and path.exists() and given.exists() and path.samefile(given):
            raise typer.BadParameter(
                f"{path} is read, and would be overwritten; give another name", param_hint="--output"
            )
    trained = load_trained(model)
    network = trained.network
    table = None
    if trained.encoder is not None and data is not None and data not in DATA_SETS:
        rows, y = table_to_evaluate(data, trained, target, check_delimiter(delimiter))
        features, kept = rows.features, rows.kept
        if rows.tested is not None:
            show(f"on the {len(rows.tested):,} of {len(y):,} rows that were held out to test")
            features, kept, y = features.take(rows.tested), kept[rows.tested], y[rows.tested]
        table = Table(trained.encoder, features, rows.raw, kept, len(rows.kept))
        X = trained.encoder.transform(features)
    else:
        X, y = rows_not_learned(model, trained, data, target, delimiter)
    name = network.notes.get("data")
    title = f"{model.name}: {name if data is None else data}"
    show(f"report  {write_report(network, X, y, path, title=title, table=table)}")
