"""`layerwise train` on a table that is read in blocks: one network, its encoder in the model file beside it."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.choices import Choices, usage_error
from layerwise.app.cli.given import check_of_blocks, command
from layerwise.app.cli.long_tables import LongTable, blocks_of, labelled, look
from layerwise.app.cli.model import Trained, fold_units
from layerwise.app.cli.outputs import checkpoints, remove, show_report
from layerwise.app.cli.predicted import columns_of_answers, text_of_answers
from layerwise.app.cli.score import MOST
from layerwise.app.cli.tables import options_of
from layerwise.app.cli.training import SayStopping, otherwise
from layerwise.app.recipes import for_table
from layerwise.data.names import named_columns
from layerwise.data.writing import write_whole
from layerwise.datasets.reading.blocks import Blocks, is_in_blocks
from layerwise.errors import ChangedError
from layerwise.network.summary import brief
from layerwise.parts.optimizers import Adam
from layerwise.training.callbacks import Callback, EarlyStopping, History
from layerwise.typing import Array

EPOCHS, BATCH = 10, 128

Answered = Callable[[Array], list[dict[str, Any]]]


def train_in_blocks(
    context: typer.Context, name: str, asked_of_table: list[str], choices: Choices, watching: list[Callback],
    output: Path, picture: Path | None,
) -> None:  # fmt: skip
    """Train on a table as the command line says, save the network, and report."""
    given = context.params
    check_of_blocks([*asked_of_table, *([] if given["shards"] is None else ["--shards"])])
    if context.obj is not None:  # the processes of a launcher
        context.obj.check({"DATA in blocks": True})
    watcher = checkpoints(output, given["checkpoint"], given["resume"], given["change"], given["json"])
    blocks = blocks_of(name, *(given[each] for each in ("delimiter", "encoding", "header", "decimal", "na", "skip")))
    asked = (given[each] for each in ("exclude", "id", "kinds", "na", "dayfirst", "decimal"))
    with usage_error("--kinds"):
        options = options_of([], *asked)
    table = look(blocks, given["target"], str(given["task"]), options, given["test"], given["validation"])
    own = Path(name).name
    table.notes = {"data": own, "target": given["target"], "command": command(context, own)}
    how = {
        "engine": str(given["engine"]),
        "n_threads": given["threads"],
        "resume": given["change"] or given["resume"],
        "callbacks": [*([] if watcher is None else [watcher]), *watching],
    }
    quiet, json = given["quiet"] or given["watch"], given["json"]
    weight = given["class_weight"]
    report, history = train_long(table, choices, how, given["seed"], weight, given["window"], output, quiet, json)
    show_report(report, history, output, picture, json, name)
    remove(watcher)


def train_long(
    table: LongTable, choices: Choices, execution: dict[str, Any], seed: int, class_weight: str | None,
    window: int | None, output: Path, quiet: bool, json: bool,
) -> tuple[dict[str, Any], History]:  # fmt: skip
    """Train, test and save; return what there is to report, and the history."""
    found = table.found
    classes = len(found.targets[0].classes) if found.is_classification else None
    base = dataclasses.replace(for_table(classes), scaling=None, epochs=EPOCHS, batch_size=BATCH, optimizer=Adam(0.001))
    recipe = choices.apply(base, classes)
    network = recipe.network(seed)
    validation = table.held("validation") if table.shares[1] else None
    if not json:
        _show(table, network.layers)
    labels = None
    if classes is not None:
        labels = np.unique(found.answers())
    began = time.perf_counter()
    watchers = [*execution.pop("callbacks"), *([] if quiet or json else [SayStopping()])]
    if validation is not None:
        watchers.append(EarlyStopping("val_loss", patience=2))
    try:
        history = network.fit(
            lambda: table.rows("train"),
            classes=labels,
            task="regression" if classes is None else None,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            penalty=recipe.penalty,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            validation_data=validation,
            class_weight=None if class_weight is None else str(class_weight),
            callbacks=watchers,
            window=window,
            verbose=not (quiet or json),
            **execution,
        )
    except ChangedError as error:
        raise otherwise(error) from None
    if classes is None:
        fold_units(network, np.array(table.scale), np.array(table.mean))
        table.scale, table.mean = 1.0, 0.0
    network.columns = named_columns(table.encoder.output_names)
    network.notes = {**table.notes, "table": found.to_dict(), "encoder": table.encoder.to_dict()}
    network.save(output)
    assert network.task is not None
    trained = Trained(network, network.task, table.encoder, None, found)
    report = {
        "data": Path(found.source).stem,
        "recipe": "table in blocks",
        "seed": seed,
        "epochs": history.epochs,
        "stopped_by": history.stopped_by,
        "seconds": time.perf_counter() - began,
        "rows": found.n_rows,
        "notes": found.notes,
        "history": history.to_dict(),
        "test": measured_blocks(trained, iter([table.held("test")])),
        "model": str(output),
    }
    return report, history


def _show(table: LongTable, layers: Any) -> None:
    found = table.found
    console.show(f"{found.source}: {found.n_rows:,} rows, read in blocks; learns from {len(found.inputs)} columns")
    for note in found.notes:
        console.show(f"note: {note}")
    console.show(f"target: {found.sentence}")
    test, validation = (f"{share:.2%}" for share in table.shares)
    console.show(f"{validation} of the rows to validate, {test} to test, by chance")
    console.show(" > ".join(map(brief, layers)))


def measured_blocks(model: Trained, blocks: Any) -> dict[str, Any]:
    """Return samples, loss, and accuracy with the confusions made most often, or R², of blocks of X and y."""
    network, n, loss = model.network, 0, 0.0
    wrong: Counter[tuple[str, str]] = Counter()
    sums = np.zeros(3)  # Σ y, Σ y², Σ (y - answer)²
    for X, y in blocks:
        n += len(y)
        loss += network.evaluate(X, y)["loss"] * len(y)
        answers: Array = network.predict(X)
        if model.task.kind == "regression":
            sums += [y.sum(), (y * y).sum(), ((y - answers) ** 2).sum()]
            continue
        different = answers != y
        wrong.update(zip(map(str, y[different].tolist()), map(str, answers[different].tolist()), strict=True))
    result: dict[str, Any] = {"samples": n, "loss": loss / max(n, 1)}
    if model.task.kind == "regression":
        spread = float(sums[1] - sums[0] ** 2 / max(n, 1))
        return result | {"r2": 1 - float(sums[2]) / spread if spread > 0 else 0.0}
    ordered = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    confusions = [{"true": true, "answer": answer, "times": times} for (true, answer), times in ordered]
    return result | {"accuracy": 1 - wrong.total() / max(n, 1), "errors": wrong.total(), "confusions": confusions}


def in_blocks(source: str, model: Trained) -> bool:
    """Return whether a table is read in blocks for a model."""
    return model.rules is not None and len(model.rules.targets) == 1 and is_in_blocks(source)


def answers_in_blocks(source: str, model: Trained, answered: Answered, output: Path) -> int:
    """Write a CSV file with the columns of a table and the answers, block by block; return how many rows it has.

    Parameters
    ----------
    source : str
        The table.
    model : Trained
        With the rules for its cells.
    answered : function
        Returns what there is to say of some rows of inputs, as `columns_of_answers` takes it.
    output : path
        Written whole or not at all.
    """
    assert model.rules is not None
    assert model.encoder is not None
    n = 0

    def written() -> Iterator[bytes]:
        nonlocal n
        for raw in Blocks(source, how=dict(model.rules.how), **_NOTHING):  # type: ignore[union-attr]
            X = model.encoder.transform(model.rules.rows(raw))  # type: ignore[union-attr]
            yield text_of_answers(raw, columns_of_answers(model, X, answered(X)), header=not n)
            n += raw.n_rows

    write_whole(output, written())
    return n


def rows_of_blocks(source: str, model: Trained) -> Any:
    """Yield inputs and targets of a table for a model, block by block; rows without a target are left out."""
    assert model.rules is not None
    assert model.encoder is not None
    for raw in Blocks(source, how=dict(model.rules.how), **_NOTHING):
        X, y, kept = labelled(model.rules, raw)
        if len(kept):
            yield model.encoder.transform(X), model.standardized(y)


_NOTHING: dict[str, Any] = {
    "delimiter": None, "encoding": None, "header": None, "decimal": None, "na": (), "skip": None,
}  # fmt: skip
