"""`layerwise evaluate`: how good a trained model is on a test set or on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layerwise.cli.choices import usage_error
from layerwise.cli.console import show_json
from layerwise.cli.data import DATA_SETS, check_name, load, read_table
from layerwise.cli.model import load_trained
from layerwise.cli.score import score, show_score
from layerwise.network import Network
from layerwise.targets import Task


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file that `train` wrote.")],
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A data set (its test rows) or FILE.csv (all its rows)."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column of FILE.csv to be predicted; by default the last one.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Test a trained model: accuracy and the confusions made most often, or loss and R².

    Without DATA, the data set that has the model's inputs and classes.
    """
    network, task = load_trained(model)
    name = _fitting_data(network, task) if data is None else data
    with usage_error("DATA"):
        check_name(name)
    if name in DATA_SETS:
        X, y = load(name).test
    else:
        X, y = read_table(name, target, task.kind == "regression")
    result = score(network, task, X, y)
    if json:
        show_json({"model": str(model), "data": name, **result})
    else:
        show_score(result, name)


def _fitting_data(network: Network, task: Task) -> str:
    n_in = network.built()[0].n_in
    for entry in DATA_SETS.values():
        if entry.suits(n_in, task):
            return entry.name
    raise typer.BadParameter(
        f"no data set has the model's {n_in} inputs and its classes; give FILE.csv", param_hint="DATA"
    )
