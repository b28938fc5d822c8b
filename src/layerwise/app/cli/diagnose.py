"""`layerwise diagnose`: what keeps a trained model from being better, or what does not."""

from __future__ import annotations

from typing import Annotated

import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Delimiter, Json, Model, Target
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.data import check_delimiter, check_name, load, rows_to_evaluate
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.cli.evaluate import own_data
from layerwise.app.cli.model import load_trained
from layerwise.explain.diagnosis import diagnose as look_at
from layerwise.training.health import Diagnosis

STYLES = {"serious": "bold red", "warning": "bold yellow", "note": "bold"}


def diagnose(
    model: Model,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="A data set (its rows to train), FILE.csv (all its rows) or a FOLDER of pictures."
        ),
    ] = None,
    target: Target = None,
    delimiter: Delimiter = None,
    json: Json = False,
) -> None:
    """Look at a trained model's layers, its data and its training, and say what is wrong and what to change.

    Without DATA, the data set that the model was trained on. The model's file stays as it is.
    """
    trained = load_trained(model, in_units=False)  # looked at as it was trained
    network = trained.network
    name = own_data(model, network, f"layerwise diagnose {model} FILE.csv") if data is None else data
    with usage_error("DATA"):
        check_name(name)
    if name in DATA_SETS:
        X, y = load(name).train
    else:
        X, y = rows_to_evaluate(name, trained, target, check_delimiter(delimiter))
    found = look_at(network, X, y)
    if json:
        console.show_json({"model": str(model), "data": name, **found.to_dict()})
    else:
        _show(found)


def _show(found: Diagnosis) -> None:
    """Print it, each finding's first line in the colour of its severity."""
    for number, line in enumerate(str(found).splitlines()):
        console.show(line, "bold" if not number else STYLES.get(line.partition(":")[0], ""))
