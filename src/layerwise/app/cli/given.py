"""What the command line of `layerwise train` has, and which of its options do not fit the data."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from layerwise.app.cli.data import is_table
from layerwise.app.cli.folders import OF_FOLDERS, is_folder
from layerwise.app.recipes import Recipe
from layerwise.formula.quoting import shell

PASSING = (  # leave the network the same
    "threads", "output", "checkpoint", "resume", "change", "plot", "no_plot", "quiet", "json", "cv",
)  # fmt: skip
OF_ANY_NETWORK = ("--test", "--target", "--delimiter", "--task")
OF_TABLES = (
    "test", "target", "delimiter", "task", "class_weight", "time_column", "group", "cv", "search", "preset", "ensemble",
    "exclude", "id", "window", "kinds", "na", "dayfirst", "decimal", "encoding", "header", "sheet", "query", "skip",
)  # fmt: skip

OF_WHOLE_TABLES = ("time_column", "group", "cv", "search", "preset", "ensemble", "sheet", "query", "shards")


def check_of_any_network(asked: Sequence[str], chosen: Recipe | None) -> None:
    """Refuse options of tables that a network of the user's, or of a recipe, has no use for."""
    if more := [option for option in asked if option not in OF_ANY_NETWORK]:
        words = "a recipe" if chosen is not None else "options of the network"
        raise typer.BadParameter(
            f"{', '.join(more)}: not together with {words}, which take a table of numbers as it is; leave the one or "
            "the other out"
        )


def check_of_blocks(asked: Sequence[str]) -> None:
    """Refuse options that need all rows of a table at once."""
    if more := [option for option in asked if option.lstrip("-").replace("-", "_") in OF_WHOLE_TABLES]:
        raise typer.BadParameter(f"{', '.join(more)}: not for a table that is read in blocks, as large ones are")


def given(context: typer.Context, names: Sequence[str]) -> list[str]:
    """Return the options among these that the command line has."""
    given = []
    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if option.name in names and source is not None and source.name == "COMMANDLINE":
            given.append(option.opts[0])
    return given


def asked_of_table(context: typer.Context, name: str) -> list[str]:
    """Return the options of tables that the command line has; refuse those that the data have no use for."""
    asked = [option for option in given(context, OF_TABLES) if option != "--task" or context.params["task"] != "auto"]
    if is_folder(name):
        asked = [option for option in asked if option != "--test"]
    elif of_folders := given(context, OF_FOLDERS):
        raise typer.BadParameter(f"{', '.join(of_folders)}: these are for a FOLDER of pictures; {name} is none")
    if asked and not is_table(name):
        other = "a folder of pictures has no columns" if is_folder(name) else f"{name} has its own"
        raise typer.BadParameter(f"{', '.join(asked)}: these are for FILE.csv and other tables; {other}")
    return asked


def command(context: typer.Context, data: str) -> str:
    """Return the command as it was given, but for what does not change the network."""
    words = ["layerwise", "train", data]
    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if source is not None and source.name == "COMMANDLINE" and option.name not in ("data", *PASSING):
            value = context.params[str(option.name)]
            if isinstance(value, bool):
                words.append(option.opts[0] if value else option.secondary_opts[0])
            else:
                each = value if isinstance(value, (list, tuple)) else [value]
                words += [word for one in each for word in (option.opts[0], str(getattr(one, "value", one)))]
    return shell(*words)
