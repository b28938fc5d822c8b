"""`layerwise evaluate`: how good a trained model is on a test set or on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from layerwise.app.cli.arguments import Delimiter, Json, Model, Target
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.console import show_json
from layerwise.app.cli.data import check_delimiter, check_name, load, rows_to_evaluate
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.cli.long_training import in_blocks, measured_blocks, rows_of_blocks
from layerwise.app.cli.measures import show_measures
from layerwise.app.cli.model import Trained, load_trained
from layerwise.app.cli.score import score, show_score
from layerwise.app.measures import COVERAGE, beside_no_model, covered, of_classes, of_numbers, usable_intervals
from layerwise.network.network import Network
from layerwise.typing import Array


def evaluate(
    model: Model,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="A data set (its test rows), FILE.csv (all its rows) or a FOLDER of pictures."
        ),
    ] = None,
    target: Target = None,
    delimiter: Delimiter = None,
    json: Json = False,
) -> None:
    """Test a trained model: accuracy and the confusions made most often, or loss and R².

    Without DATA, the data set that the model was trained on.
    """
    trained = load_trained(model)
    network, task = trained.network, trained.task
    name = own_data(model, network, f"layerwise evaluate {model} FILE.csv") if data is None else data
    with usage_error("DATA"):
        check_name(name)
    if name in DATA_SETS:
        X, y = load(name).test
    elif in_blocks(name, trained):
        result = measured_blocks(trained, rows_of_blocks(name, trained))
        if json:
            show_json({"model": str(model), "data": name, **result})
        else:
            show_score(result, name)
        return
    else:
        X, y = rows_to_evaluate(name, trained, target, check_delimiter(delimiter))
    told = trained.encoder is not None and name not in DATA_SETS and (y.ndim == 1 or task.kind == "regression")
    result = measured(trained, X, y) if told else score(network, task, X, y)
    if json:
        show_json({"model": str(model), "data": name, **result})
    elif told:
        show_measures(result, name, result["baseline"])
    else:
        show_score(result, name)


def measured(model: Trained, X: Array, y: Array) -> dict[str, Any]:
    """Return the measures of a model for tables on rows of its inputs, beside the same answer for each row."""
    network, task = model.network, model.task
    answers = network.predict(X)
    if task.kind != "classification" or task.classes is None:
        result = of_numbers(y, answers)
        if usable_intervals(network) is not None:
            result["coverage"] = covered(y, network.predict_interval(X, COVERAGE))
    else:
        result = of_classes(y, network.predict_proba(X), answers, task.classes)
    return {**result, "baseline": beside_no_model(result, y, y)}


def own_data(model: Path, network: Network, words: str) -> str:
    """Return the data set that the model was trained on, as its file says; `words` would name another.

    Raises
    ------
    BadParameter
        It was trained on none of them, or does not say on which.
    """
    name = network.notes.get("data")
    if isinstance(name, str) and name in DATA_SETS:
        return name
    words = words.replace("FILE.csv", "FOLDER") if "pictures" in network.notes else words
    known = f"was trained on {name}" if isinstance(name, str) else "does not say what it was trained on"
    raise typer.BadParameter(
        f"{model} {known}; name the data to test it on: {words}, or a data set ({', '.join(DATA_SETS)})",
        param_hint="--data" if words.startswith("--data") else "DATA",
    )
