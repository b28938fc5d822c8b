"""`layerwise predict`: what a trained model says about a user's pictures or rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Delimiter, Json
from layerwise.app.cli.data import check_delimiter, encoded, read_table, rows_to_predict
from layerwise.app.cli.model import Trained, load_trained
from layerwise.app.cli.predicted import columns_of_answers, write_answers
from layerwise.app.measures import COVERAGE, usable_intervals
from layerwise.data.writing import check_writable
from layerwise.datasets.reading import read_raw
from layerwise.errors import DataError, LayerwiseError
from layerwise.formula.quoting import legible
from layerwise.typing import Array

PIXELS = 784
STRANGE = "this does not look like the training data"
TABLES = (".csv", ".tsv", ".txt")


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Pictures of a digit each (PNG, JPEG…), or tables (FILE.csv)."),
    ],
    model: Annotated[Path, typer.Option("--model", "-m", help="The model file.")] = Path("mnist.safetensors"),
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Below that, the answer is 'not sure' and the exit code 3.")
    ] = 0.0,
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
    """Recognise handwritten digits in pictures of any size, or predict the rows of a table.

    A picture may be dark on light or light on dark. It is brought to MNIST's form, and shown as the network sees it.
    One that cannot be read does not stop the others; the exit code is then 1. One that does not look like the training
    data is said to be so, where the model knows them (those of images do), and the exit code is then 3.
    """
    if not model.is_file() and str(model) == "mnist.safetensors":
        raise DataError("there is no mnist.safetensors here; make it with: layerwise train mnist")
    if output is not None:
        _check_output(output, files, model)
    trained = load_trained(model, in_units=False)
    if threshold is not None:
        trained.task.with_threshold(threshold, trained.network.built()[0].n_out)  # refuses it once, not file by file
    answers: list[dict[str, Any]] = []
    for file in files:
        try:
            found = (
                _table(trained, file, check_delimiter(delimiter), threshold, output)
                if trained.encoder is not None or file.suffix.lower() in TABLES or output is not None
                else [_picture(trained, file, not json, threshold)]
            )
        except (LayerwiseError, OSError) as error:
            console.warn(f"error: {error}")
            found = [{"file": str(file), "error": str(error)}]
        for answer in found:
            familiar = answer.get("familiar", True)
            answer["sure"] = "error" not in answer and familiar and answer.get("confidence", 1.0) >= min_confidence
            if not json and "error" not in answer and output is None:
                console.show(_line(answer), "bold" if answer["sure"] else "yellow")
        if output is not None and "error" not in found[0] and not json:
            novel = sum(not answer.get("familiar", True) for answer in found)
            unlike = f"; {novel:,} of them do not look like the training data" if novel else ""
            console.show(f"{output}: {len(found):,} rows of {file.name} with the answers{unlike}")
        answers += found
    if json:
        console.show_json(answers)
    if any("error" in answer for answer in answers):
        raise typer.Exit(console.ERROR)
    if not all(answer["sure"] if output is None else _is_confident(answer, min_confidence) for answer in answers):
        raise typer.Exit(console.NOT_SURE)


def _is_confident(answer: dict[str, Any], least: float) -> bool:
    """Return whether an answer is as sure as is asked for; a file of answers says itself what is unfamiliar."""
    return bool(answer.get("confidence", 1.0) >= least)


def _check_output(output: Path, files: list[Path], model: Path) -> None:
    """Find out before anything is computed whether the answers can be written."""
    if len(files) != 1:
        raise typer.BadParameter(f"it takes the answers for one table; got {len(files)} files", param_hint="--output")
    for path in (*files, model):
        if output.exists() and path.exists() and output.samefile(path):
            raise typer.BadParameter(f"{path} would be overwritten; give another name", param_hint="--output")
    if output.suffix.lower() != ".csv":
        raise typer.BadParameter(f"{output}: answers are written as CSV; give a name with .csv", param_hint="--output")
    check_writable(output)


def _picture(model: Trained, path: Path, shown: bool, threshold: float | None) -> dict[str, Any]:
    """Return the answer for one picture."""
    from layerwise.datasets.images import read_digit

    n_in = model.network.built()[0].n_in
    if n_in != PIXELS:
        raise DataError(f"{path}: the model takes {n_in} inputs, not a picture's {PIXELS}; give rows as FILE.csv")
    pixels = read_digit(path)
    if shown:
        console.show_image(pixels)
    return {"file": str(path), **_answers(model, pixels[np.newaxis], threshold)[0]}


def _table(
    model: Trained, path: Path, delimiter: str | None, threshold: float | None, output: Path | None
) -> list[dict[str, Any]]:
    """Return an answer for each row, and write them to `output`, if there is one."""
    if output is None:
        raw, X = None, rows_to_predict(str(path), model, delimiter)
    elif model.encoder is not None:
        raw = read_table(str(path), model, delimiter)
        X = encoded(raw, model)
    else:
        raw, X = read_raw(path, delimiter=delimiter), rows_to_predict(str(path), model, delimiter)
    answers = _answers(model, X, threshold)
    if output is not None and raw is not None:
        write_answers(output, raw, columns_of_answers(model, X, answers))
    return [{"file": str(path), "row": row, **answer} for row, answer in enumerate(answers, start=1)]


def _answers(model: Trained, X: Array, threshold: float | None) -> list[dict[str, Any]]:
    """Return the answer for each row, with its confidence and the runner-up where there are classes."""
    network, task = model.network, model.task
    answers = model.in_units(network.predict(X, threshold=threshold))
    known = (
        [{}] * len(X)
        if network.novelty is None
        else [{"familiar": not novel} for novel in network.is_novel(X).tolist()]
    )
    if task.kind != "classification" or task.classes is None:
        between = _intervals(model, X)
        return [
            {"answer": answer, **interval, **familiar}
            for answer, interval, familiar in zip(answers.tolist(), between, known, strict=True)
        ]
    probabilities = network.predict_proba(X)
    ranking = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    chosen = task.classes[ranking[:, 0]] == answers
    ranking = np.where(chosen[:, np.newaxis], ranking, ranking[:, ::-1])  # where a threshold chose the less likely one
    names = task.classes[ranking].tolist()
    shares = np.take_along_axis(probabilities, ranking, axis=1).tolist()
    return [
        {"answer": name[0], "confidence": share[0], "runner_up": name[1], "runner_up_confidence": share[1], **familiar}
        for name, share, familiar in zip(names, shares, known, strict=True)
    ]


def _intervals(model: Trained, X: Array) -> list[dict[str, Any]]:
    """Return the ends between which each number lies with a probability of 90%, where the network has learned them."""
    if usable_intervals(model.network) is None:
        return [{}] * len(X)
    ends = model.network.predict_interval(X, COVERAGE)
    low, high = (model.in_units(ends[..., i]).tolist() for i in (0, 1))
    return [{"low": a, "high": b, "coverage": COVERAGE} for a, b in zip(low, high, strict=True)]


def _line(answer: dict[str, Any]) -> str:
    where = answer["file"] + (f", row {answer['row']}" if "row" in answer else "")
    if "confidence" not in answer:
        value = answer["answer"]
        words = f"{where}: {value:.6g}" if isinstance(value, float) else f"{where}: {value}"
        if isinstance(answer.get("low"), float):
            words += f", {COVERAGE:.0%} between {answer['low']:.6g} and {answer['high']:.6g}"
        return words if answer["sure"] else f"{words}; {STRANGE}"
    found = f"{legible(answer['answer'])}, confidence {answer['confidence']:.1%}"
    rest = f"runner-up {legible(answer['runner_up'])}, {answer['runner_up_confidence']:.1%}"
    if not answer.get("familiar", True):
        return f"{where}: {STRANGE} (if it does, {found}; {rest})"
    return f"{where}: {found}; {rest}" if answer["sure"] else f"{where}: not sure (perhaps {found}; {rest})"
