"""The commands together, and how they end: every error on purpose becomes a line on stderr and an exit code."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from layerwise.app.cli import console
from layerwise.app.cli.bench import HELP, bench
from layerwise.app.cli.diagnose import diagnose
from layerwise.app.cli.evaluate import evaluate
from layerwise.app.cli.export import export
from layerwise.app.cli.info import info
from layerwise.app.cli.listing import list_datasets, list_recipes
from layerwise.app.cli.look import look
from layerwise.app.cli.play import play
from layerwise.app.cli.plot import HELP as PICTURES
from layerwise.app.cli.plot import plot
from layerwise.app.cli.predict import predict
from layerwise.app.cli.report import report
from layerwise.app.cli.trace import trace
from layerwise.app.cli.train import train
from layerwise.formula.quoting import visible
from layerwise.training.interrupts import InterruptWarning


class Commands(TyperGroup):
    """The group of commands, in which errors are shown without a traceback."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words after `layerwise`; Ctrl-C meanwhile ends as it does in a command."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            console.warn("interrupted")
            raise typer.Exit(console.INTERRUPTED) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what it raises on purpose ends as a message and an exit code."""
        try:
            with warnings.catch_warnings(), console.ending():
                warnings.filterwarnings("ignore", category=InterruptWarning)  # `train` has words of its own for it
                warnings.showwarning = console.warn_once()
                return super().invoke(ctx)
        except typer.BadParameter as error:  # typer shows it, and what a file or an argument says is in it
            error.message = visible(error.message, keep="\n")
            raise


app = typer.Typer(
    name="layerwise",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,  # what is no error on purpose is a bug, and shown in full
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=console.EXIT_CODES,
)


def _version(asked: bool) -> None:
    if asked:
        import layerwise

        console.show(f"layerwise {layerwise.__version__}")
        raise typer.Exit()


@app.callback()
def layerwise_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Neural networks you can read, layer by layer: train one, test it, and show it your own handwriting."""


app.command()(look)
app.command()(train)
app.command()(evaluate)
app.command()(predict)
app.command()(export)
app.command()(info)
app.command(help=PICTURES)(plot)
app.command()(play)
app.command()(report)
app.command()(trace)
app.command()(diagnose)
app.command(help=HELP)(bench)
app.command("datasets")(list_datasets)
app.command("recipes")(list_recipes)


def run(arguments: Sequence[str] | None = None, ranks: Any = None) -> int:
    """Run the command with its arguments, on one of several `ranks` if there are some, and return its exit code."""
    console.tolerate_any_encoding()
    with warnings.catch_warnings():
        warnings.showwarning = console.warn_once()
        try:
            app(args=None if arguments is None else list(arguments), prog_name="layerwise", obj=ranks)
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
    return console.OK
