"""`layerwise train`: data + recipe + choices → a trained network, its model file and its learning curves."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from layerwise.app.cli import console
from layerwise.app.cli.choices import Choices, usage_error
from layerwise.app.cli.data import DATA_SETS, check_delimiter, check_name, is_table, load
from layerwise.app.cli.score import show_score
from layerwise.app.cli.training import told_where, train_and_save
from layerwise.app.cli.watch import Watch
from layerwise.app.recipes import RECIPES, Recipe, find
from layerwise.data.writing import check_writable
from layerwise.errors import missing
from layerwise.formula.quoting import shell
from layerwise.plots import picture_format, save_learning_curves
from layerwise.training.callbacks import Callback, Checkpoint

CHECKPOINT = ".checkpoint.safetensors"  # how the file of a run that goes on ends
PASSING = (
    "threads",
    "output",
    "checkpoint",
    "resume",
    "change",
    "plot",
    "no_plot",
    "quiet",
    "json",
)  # leave the network the same


class Task(StrEnum):
    """What a table's target is."""

    auto, classes, numbers = "auto", "classes", "numbers"


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
        typer.Argument(metavar="DATA", help="mnist, fashion, iris, spiral, vertical, sine or FILE.csv.",
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
    validation: Annotated[
        float | None,
        typer.Option(min=0, max=0.99, help="Share of the rows to train that is held out to watch; 0 for none.",
                     rich_help_panel="Data"),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(min=0.01, max=0.99, help="Share of the rows of FILE.csv that is held out to test.",
                     rich_help_panel="Data"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="The column of FILE.csv to be predicted; by default the last one.", rich_help_panel="Data"),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(help="Between two cells of FILE.csv; by default a comma, or as the header tells.",
                     rich_help_panel="Data"),
    ] = None,
    task: Annotated[
        Task, typer.Option(help="What the target of FILE.csv is; auto: its values tell.", rich_help_panel="Data")
    ] = Task.auto,
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
    """
    name, chosen = _find(data, recipe)
    if any(option is not None for option in (test, target, delimiter)) or task is not Task.auto:
        _check_is_table(name)
    if watch and (quiet or json):
        raise typer.BadParameter("there is nothing to watch with --quiet or --json", param_hint="--watch")
    choices = Choices(
        layers, activation, loss, optimizer, learning_rate, momentum, decay, l1, l2, batch_size, epochs, scaling,
        dtype and dtype.value,
    )  # fmt: skip
    output = output or Path(f"{Path(name).stem}.safetensors")
    check_writable(output)  # it has a name, then, that another ending can be given to
    picture = None if no_plot else plot or output.with_suffix(".png")
    _check_output(output, picture, Path(name) if is_table(name) else None)
    regression = None if task is Task.auto else task is Task.numbers
    loaded = load(name, validation, test, target, regression, check_delimiter(delimiter))
    with usage_error("--checkpoint"):
        watcher = None if checkpoint == "never" else Checkpoint(output.with_suffix(CHECKPOINT), checkpoint, keep=1)
    if watcher is not None and watcher.is_taken():
        raise typer.BadParameter(
            f"{watcher.path} is there, and is no checkpoint, or a damaged one: move it, or train with "
            "--checkpoint never",
            param_hint="--checkpoint",
        )
    if change and not resume:
        raise typer.BadParameter("what has changed is asked for by --resume alone", param_hint="--change")
    if resume and watcher is None:
        raise typer.BadParameter("there is nothing to resume from without checkpoints", param_hint="--resume")
    if resume and not json and watcher is not None and not watcher.files():
        console.warn(f"there is no {watcher.path}: the training begins", "yellow")
    callbacks: list[Callback] = [] if watcher is None else [watcher]
    if watch and not console.is_terminal():
        console.warn("--watch needs a terminal, and the output goes elsewhere: a line an epoch instead", "yellow")
        watch = False
    if watch:
        callbacks.append(Watch())
    execution = {"engine": engine.value, "n_threads": threads, "resume": change or resume, "callbacks": callbacks}
    loaded.notes["command"] = _command(context, loaded.notes["data"])
    report, history = train_and_save(loaded, chosen, choices, seed, execution, output, quiet or watch, json)
    del loaded  # before matplotlib comes: the two together would need more memory
    with told_where(output):
        if not json:
            console.show(f"trained in {report['seconds']:.1f} s")
            console.show()
            show_score(report["test"], "test")
        if picture is not None:
            save_learning_curves(history, picture)
        _show_files(report | {"plot": picture and str(picture)}, json, is_digits=name == "mnist")
    if history.stopped_by == "interrupt":
        raise typer.Exit(console.INTERRUPTED)
    if watcher is not None:
        watcher.remove()


def _command(context: typer.Context, data: str) -> str:
    """Return the command as it was given, but for what does not change the network."""
    words = ["layerwise", "train", data]
    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if source is not None and source.name == "COMMANDLINE" and option.name not in ("data", *PASSING):
            value = context.params[str(option.name)]
            words += [option.opts[0], str(getattr(value, "value", value))]
    return shell(*words)


def _find(data: str | None, recipe: str | None) -> tuple[str, Recipe | None]:
    """Return the name of the data and the recipe asked for; each may follow from the other."""
    chosen = None
    if recipe is not None:
        with usage_error("--recipe"):
            chosen = find(recipe)
    if data is None:
        if chosen is None:
            raise typer.BadParameter(f"name a data set ({', '.join(DATA_SETS)}) or FILE.csv", param_hint="DATA")
        data = chosen.data[0]
    with usage_error("DATA"):
        check_name(data)
    if chosen is not None and not is_table(data) and data not in chosen.data:
        raise typer.BadParameter(
            f"{chosen.name!r} is for {' and '.join(chosen.data)}, not for {data}", param_hint="--recipe"
        )
    return data, chosen


def _check_is_table(name: str) -> None:
    if not is_table(name):
        raise typer.BadParameter(f"--test, --target, --delimiter and --task are for FILE.csv; {name} has its own")


def _check_output(output: Path, picture: Path | None, source: Path | None) -> None:
    """Find out before the training whether what comes after it will work."""
    needed = []
    for path, option in ((output, "--output"), (picture, "--plot")):
        if path is not None and source is not None and path.exists() and source.exists() and path.samefile(source):
            raise typer.BadParameter(
                f"{path} is the table to learn from, and would be overwritten; give another name", param_hint=option
            )
    if picture is not None:
        if picture.resolve() == output.resolve():
            raise typer.BadParameter(f"the model and the picture cannot both be {output}", param_hint="--output")
        with usage_error("--plot"):
            picture_format(picture)
        check_writable(picture)
        needed.append(("matplotlib", "plot", "drawing learning curves"))
    for package, extra, purpose in needed:
        if find_spec(package) is None:
            raise missing(package, extra, purpose)


def _show_files(report: dict[str, Any], json: bool, is_digits: bool) -> None:
    if json:
        console.show_json(report)
        return
    console.show()
    console.show(f"model            {report['model']}")
    if report["plot"]:
        console.show(f"learning curves  {report['plot']}")
    if is_digits:
        option = "" if report["model"] == "mnist.safetensors" else f"{shell('--model', report['model'])} "
        console.show(f"now try          layerwise predict {option}IMAGE", "dim")
