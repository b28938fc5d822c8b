"""`layerwise export`: a trained model as a file that runs without layerwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Json, Model
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.model import load_trained
from layerwise.errors import DataError
from layerwise.exchange.export import TARGETS, target_of
from layerwise.exchange.export import export as write
from layerwise.exchange.loading import load
from layerwise.network.network import Network


def _targets(incomplete: str) -> list[str]:
    return [name for name in TARGETS if name.startswith(incomplete)]


def export(
    model: Model,
    to: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(TARGETS)}; by default what the output's ending says.", autocompletion=_targets),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; by default the model's name with another ending.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="For c: a byte a weight, a quarter of the size.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    json: Json = False,
) -> None:
    """Write a trained model as a file that runs without layerwise: `layerwise export mnist.safetensors --to c`."""
    if output is None and to is None:
        raise typer.BadParameter(f"say what to write: {', '.join(TARGETS)}", param_hint="--to")
    with usage_error("--to"):
        to = target_of(output or model.with_suffix(TARGETS[to].suffixes[0] if to in TARGETS else ""), to)
    if int8 and to != "c":
        raise typer.BadParameter(f"it is for --to c; {to} keeps the weights as they are", param_hint="--int8")
    loaded = load(model)
    if isinstance(loaded, Network):
        loaded = load_trained(model).network  # refuses one that was never trained
    elif to == "training-script" and hasattr(loaded, "encoder_"):
        raise DataError(
            f"{model} is a model of a table, which its encoder turns into numbers first; a training script has none: "
            "train with --layers for one, or export the model itself to python, numpy, c, javascript or onnx"
        )
    output = output or model.with_suffix(TARGETS[to].suffixes[0])
    try:
        written = write(loaded, output, to, weights="int8" if int8 else "float32", force=force)
    except FileExistsError as error:
        raise FileExistsError(f"{error} (here: --force)") from None
    if json:
        files = [str(file) for file in written.files]
        console.show_json({"to": to, "files": files, "size": written.size, **written.facts})
        return
    for file in written.files:
        console.show(f"{file}  {file.stat().st_size:,} bytes")
    for name, fact in written.facts.items():
        console.show(f"{name:<9}  {fact:,} bytes" if isinstance(fact, int) else f"{name:<9}  {fact}")
