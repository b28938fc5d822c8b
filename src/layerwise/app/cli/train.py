"""`layerwise train`: data + recipe + choices → a trained network, its model file and its learning curves."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Delimiter
from layerwise.app.cli.choices import Choices, usage_error
from layerwise.app.cli.data import STDIN, check_delimiter, check_name, is_table, load
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.cli.folders import Augment, Color, Drawing, Size, is_folder, load_folder
from layerwise.app.cli.given import asked_of_table, check_of_any_network, command, given
from layerwise.app.cli.long_training import train_in_blocks
from layerwise.app.cli.outputs import check_output, checkpoints, remove, show_report
from layerwise.app.cli.ranks import Ranks
from layerwise.app.cli.search import check_search
from layerwise.app.cli.table_fits import Settings
from layerwise.app.cli.table_training import show_understood, train_table, understood
from layerwise.app.cli.tables import (
    DayFirst,
    Decimal,
    Encoding,
    Exclude,
    Header,
    Id,
    Kinds,
    Na,
    Query,
    Sheet,
    Skip,
    read_as_asked,
)
from layerwise.app.cli.training import train_and_save
from layerwise.app.cli.watch import Watch
from layerwise.app.recipes import RECIPES, Recipe, find
from layerwise.data.writing import check_writable
from layerwise.datasets.reading.blocks import is_in_blocks
from layerwise.training.callbacks import Callback


class Task(StrEnum):
    """What a table's target is."""

    auto, classes, numbers = "auto", "classes", "numbers"

    @property
    def regression(self) -> bool | None:
        """Whether it is a number; None where its values tell."""
        return None if self is Task.auto else self is Task.numbers


class ClassWeight(StrEnum):
    """How classes are weighted."""

    balanced = "balanced"


class Preset(StrEnum):
    """Settings for a table."""

    quick, best = "tabular", "tabular-best"


class Engine(StrEnum):
    """What executes the plan."""

    auto, numpy, native = "auto", "numpy", "native"


class Dtype(StrEnum):
    """What the network computes in."""

    float32, float64 = "float32", "float64"


def _data_names(incomplete: str) -> list[str]:
    return [name for name in DATA_SETS if name.startswith(incomplete)]


def _recipe_names(incomplete: str) -> list[str]:
    return [recipe.name for recipe in RECIPES if recipe.name.startswith(incomplete)]


def train(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A data set, such as mnist, a table: FILE, or pictures: FOLDER.",
                       autocompletion=_data_names),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="A whole training by name, such as nielsen-30; `layerwise recipes` lists them.",
                     autocompletion=_recipe_names, rich_help_panel="Network"),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(help="Hidden layers: units (512,256), with their own activation (tanh:64), dropout:0.2, none.",
                     rich_help_panel="Network"),
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="Of the hidden layers: relu, sigmoid, tanh…", rich_help_panel="Network")
    ] = None,
    scaling: Annotated[
        str | None, typer.Option(help="Of the inputs: standard, min_max, range, none.", rich_help_panel="Network")
    ] = None,
    dtype: Annotated[
        Dtype | None, typer.Option(help="What the network computes in.", rich_help_panel="Network")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="categorical_cross_entropy, quadratic_cost, mean_squared_error, huber…",
                     rich_help_panel="Training"),
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="sgd, adagrad, rmsprop, adam, adamw.", rich_help_panel="Training")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--lr", help="The size of a step.", rich_help_panel="Training")
    ] = None,
    momentum: Annotated[float | None, typer.Option(help="Of sgd.", rich_help_panel="Training")] = None,
    decay: Annotated[
        float | None,
        typer.Option(help="Step t has the rate learning_rate / (1 + decay t).", rich_help_panel="Training"),
    ] = None,
    l1: Annotated[float | None, typer.Option("--l1", help="λ of λ Σ |w|.", rich_help_panel="Training")] = None,
    l2: Annotated[float | None, typer.Option("--l2", help="λ of λ Σ w².", rich_help_panel="Training")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", "-b", min=1, help="Rows a step.", rich_help_panel="Training")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", "-e", min=1, help="How often all rows are seen.",
                                 rich_help_panel="Training")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of all that is random: the same seed, the same network.",
                          rich_help_panel="Training")
    ] = 0,
    engine: Annotated[
        Engine, typer.Option(help="What trains: C++, NumPy, or what can.", rich_help_panel="Training")
    ] = Engine.auto,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Of the native engine, at most; by default a thread a core.",
                     rich_help_panel="Training"),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(min=1, help="Into how many parts a batch is cut, as on several ranks of mpiexec; there by default "
                     "8.", rich_help_panel="Training"),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(min=0, max=0.99, help="Share of the rows to train that is held out to watch; 0 for none.",
                     rich_help_panel="Data"),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(min=0.01, max=0.99, help="Share of the rows of FILE that is held out to test.",
                     rich_help_panel="Data"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="The column of FILE to be predicted, a,b for two; by default the last one.",
                     rich_help_panel="Data"),
    ] = None,
    task: Annotated[
        Task, typer.Option(help="What the target of FILE is; auto: its values tell.", rich_help_panel="Data")
    ] = Task.auto,
    class_weight: Annotated[
        ClassWeight | None,
        typer.Option(help="balanced: each class of FILE counts the same, however rare.", rich_help_panel="Data"),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The newest rows of FILE by this column test.", rich_help_panel="Data"),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Rows of FILE of one group are held out together; not learned from.",
                     rich_help_panel="Data"),
    ] = None,
    cv: Annotated[
        int | None,
        typer.Option(metavar="K", min=2, help="First train and test on FILE K times, each time on other rows.",
                     rich_help_panel="Data"),
    ] = None,
    search: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", help="Look for better settings for FILE within this time.",
                     rich_help_panel="Training"),
    ] = None,
    preset: Annotated[
        Preset, typer.Option(help="Settings for FILE: quick ones, or the most accurate ones, which take a while.",
                             rich_help_panel="Training")
    ] = Preset.quick,
    ensemble: Annotated[
        int | None,
        typer.Option(metavar="K", min=1, help="Networks for FILE, which answer together; by default the preset's.",
                     rich_help_panel="Training"),
    ] = None,
    size: Size = None,
    color: Color = None,
    drawing: Drawing = None,
    augment: Augment = None,
    exclude: Exclude = None,
    id: Id = None,
    kinds: Kinds = None,
    na: Na = None,
    dayfirst: DayFirst = None,
    decimal: Decimal = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    sheet: Sheet = None,
    query: Query = None,
    skip: Skip = None,
    window: Annotated[
        int | None,
        typer.Option(metavar="ROWS", min=1, help="Read FILE in blocks, so many rows in memory; by default where it is "
                     "larger than 512 MB. Several Parquet files (FOLDER, 'data/*.parquet') always are.",
                     rich_help_panel="Data"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The model file; by default DATA.safetensors.",
                                  rich_help_panel="Output")
    ] = None,
    checkpoint: Annotated[
        str, typer.Option(help="How often the run is written down: epoch, 500 steps, 10 minutes, never.",
                          rich_help_panel="Output")
    ] = "1 minute",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted or killed run of the same call was.",
                           rich_help_panel="Output")
    ] = False,
    change: Annotated[
        list[str] | None,
        typer.Option(help="With --resume: a setting that may differ from then, such as learning_rate; may be repeated.",
                     rich_help_panel="Output"),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="The picture of the learning curves; by default the model's name with .png.",
                                  rich_help_panel="Output")
    ] = None,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Draw no picture.", rich_help_panel="Output")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No line an epoch.", rich_help_panel="Output")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="A panel that moves: curves, the health of each layer, the time left.",
                     rich_help_panel="Output"),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON only, for programs.", rich_help_panel="Output")
    ] = False,
) -> None:  # fmt: skip
    """Train a network, test it, and write a model file and a picture of its learning curves.

    `layerwise train mnist` is a good start. Every data set has a recipe; each option replaces a part of it. Ctrl-C
    ends the training early: the weights so far are saved and tested; a second one leaves out the test. The same call
    with `--resume` goes on from there, or from the newest checkpoint of a run that was killed, as if nothing had been.
    A table is learned by several networks, each of which is written down and goes on; with `--watch` by one.
    """
    name, chosen = _find(data, recipe)
    asked = asked_of_table(context, name)
    if watch:
        _check_watch(quiet or json, ensemble)
    check_search(search, cv, watch, [] if checkpoint == "never" else given(context, ("checkpoint", "resume", "change")))
    choices = Choices(
        layers, activation, loss, optimizer, learning_rate, momentum, decay, l1, l2, batch_size, epochs, scaling,
        dtype and dtype.value,
    )  # fmt: skip
    ranks: Ranks = context.obj or Ranks()
    ranks.check({"--search": search is not None, "--watch": watch, "DATA from standard input": name == STDIN})
    output = output or Path(f"{_stem(name)}.safetensors")
    picture = _check_outputs(output, no_plot, plot, name) if ranks.is_first else None
    if watch and not console.is_terminal():
        console.warn("--watch needs a terminal, and the output goes elsewhere: a line an epoch instead", "yellow")
        watch = False
    watching: list[Callback] = [Watch()] if watch else []
    if chosen is None and is_in_blocks(name, window is not None):
        train_in_blocks(context, name, asked, choices, watching, output, picture)
        return
    if is_table(name) and chosen is None and choices.leave_the_network():
        raw, options = read_as_asked(
            name, exclude, id, kinds, na, dayfirst, decimal, delimiter, encoding, header, sheet, query, skip
        )
        settings = Settings(
            seed, epochs, 0.2 if test is None else test, 0.2 if validation is None else validation,
            class_weight and class_weight.value, time_column, group, engine.value, threads, cv, search,
            preset.value, ensemble, fit=ranks.fit_by(shards), leave=ranks.leave_to_first,
        )  # fmt: skip
        found, parts, folds = understood(raw, target, task.value, settings, options)
        file = name if Path(name).name in DATA_SETS else Path(name).name  # a file that is called iris is not iris
        settings.notes = {
            "data": file, "target": ",".join(t.name for t in found.targets), "command": command(context, file),
        }  # fmt: skip
        del raw
        if watch and ensemble != 1:
            settings.ensemble = 1
            found.notes.append("with --watch one network is trained; several without")
        watcher = None if search is not None else checkpoints(output, checkpoint, resume, change, json)
        settings.callbacks, settings.resume = [*([] if watcher is None else [watcher]), *watching], change or resume
        if not json:
            show_understood(found, parts)
        report, history = train_table(found, parts, folds, settings, output, quiet or watch, json)
    else:
        check_of_any_network(asked, chosen)
        if is_folder(name):
            pictures = {"size": size, "color": color, "drawing": drawing, "augment": augment}
            loaded, chosen = load_folder(name, chosen, pictures, validation, test)
        else:
            loaded = load(name, validation, test, target, task.regression, check_delimiter(delimiter))
        watcher = checkpoints(output, checkpoint, resume, change, json)
        execution: dict[str, Any] = {
            "engine": engine.value, "n_threads": threads, "resume": change or resume,
            "callbacks": [*([] if watcher is None else [watcher]), *watching], "fit": ranks.fit_by(shards, last=True),
        }  # fmt: skip
        loaded.notes["command"] = command(context, loaded.notes["data"])
        report, history = train_and_save(loaded, chosen, choices, seed, execution, output, quiet or watch, json)
        del loaded  # before matplotlib comes: the two together would need more memory
    show_report(report, history, output, picture, json, name)
    remove(watcher)


def _check_watch(silent: bool, ensemble: int | None) -> None:
    """Refuse options that leave --watch nothing to show, or too much."""
    if silent:
        raise typer.BadParameter("there is nothing to watch with --quiet or --json", param_hint="--watch")
    if (ensemble or 1) > 1:
        raise typer.BadParameter("not together with --watch, which shows one network", param_hint="--ensemble")


def _check_outputs(output: Path, no_plot: bool, plot: Path | None, name: str) -> Path | None:
    """Find out whether the files can be written, and return the picture's."""
    check_writable(output)  # it has a name, then, that another ending can be given to
    picture = None if no_plot else plot or output.with_suffix(".png")
    check_output(output, picture, Path(name) if is_table(name) else None)
    return picture


def _stem(name: str) -> str:
    """Return the name of the model's file, without an ending."""
    if name == STDIN:
        return "stdin"
    path = Path(name).resolve() if Path(name).is_dir() else Path(name)
    if any(mark in path.name for mark in "*?["):  # a pattern
        return path.resolve().parent.name or "table"
    return path.name.split(".")[0] or path.stem


def _find(data: str | None, recipe: str | None) -> tuple[str, Recipe | None]:
    """Return the name of the data and the recipe asked for; each may follow from the other."""
    chosen = None
    if recipe is not None:
        with usage_error("--recipe"):
            chosen = find(recipe)
    if data is None:
        if chosen is None:
            raise typer.BadParameter(
                f"name a data set ({', '.join(DATA_SETS)}), a table: FILE.csv, or a FOLDER of pictures",
                param_hint="DATA",
            )
        data = chosen.data[0]
    with usage_error("DATA"):
        check_name(data)
    if chosen is not None and data in DATA_SETS and data not in chosen.data:
        raise typer.BadParameter(
            f"{chosen.name!r} is for {' and '.join(chosen.data)}, not for {data}", param_hint="--recipe"
        )
    return data, chosen
