"""What `layerwise train` writes: whether it can be written, checkpoints meanwhile, and what is shown at the end."""

from __future__ import annotations

import glob
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from layerwise.app.cli import console
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.data import STDIN
from layerwise.app.cli.measures import show_main_columns, show_measures
from layerwise.app.cli.score import show_score
from layerwise.app.cli.training import told_where
from layerwise.data.writing import check_writable
from layerwise.errors import missing
from layerwise.formula.quoting import shell
from layerwise.plots import picture_format, save_learning_curves
from layerwise.training.callbacks import Checkpoint, History

CHECKPOINT = ".checkpoint.safetensors"  # how the file of a run that goes on ends


def checkpoints(output: Path, checkpoint: str, resume: bool, change: list[str] | None, json: bool) -> Checkpoint | None:
    """Return what writes the run down, None for never; options that do not fit together are refused."""
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
    if resume and not json and watcher is not None and not (watcher.files() or _of_members(watcher)):
        console.warn(f"there is no {watcher.path}: the training begins", "yellow")
    return watcher


def _of_members(watcher: Checkpoint) -> list[Path]:
    """Return the files of the networks of an ensemble, which have their numbers in their names."""
    path = Path(watcher.path)
    stem, suffix = os.path.splitext(path.name)
    found = path.parent.glob(f"{glob.escape(stem)}-network*{glob.escape(suffix)}")
    return [file for each in sorted(found) for file in Checkpoint(each, keep=1).files()]


def remove(watcher: Checkpoint | None) -> None:
    """Remove what a training that has come to its end wrote down on the way, if anything."""
    if watcher is None:
        return
    watcher.remove()
    for file in _of_members(watcher):
        file.unlink(missing_ok=True)


def show_report(
    report: dict[str, Any], history: History, output: Path, picture: Path | None, json: bool, data: str
) -> None:
    """Print the report of a training on `data`, draw the curves; end with an interrupt's exit code if it was one."""
    with told_where(output):
        if not json:
            kept = (
                f"; the best epoch was {report['kept_epoch']} of {report['epochs']}" if "kept_epoch" in report else ""
            )
            several = report.get("networks", 1)
            what = "" if several == 1 else f" {several} networks"
            kept = kept if several == 1 else "; each has kept its best epoch" if report["rows"]["validation"] else ""
            console.show(f"trained{what} in {report['seconds']:.1f} s{kept}")
            console.show()
            if "baseline" in report:
                show_measures(report["test"], "test", report["baseline"])
                show_main_columns(report["importance"], "R²" if "r2" in report["test"] else "accuracy")
            else:
                show_score(report["test"], "test")
        if picture is not None:
            save_learning_curves(history, picture)
        _show_files(report | {"plot": picture and str(picture)}, json, data)
    if report["stopped_by"] == "interrupt":
        raise typer.Exit(console.INTERRUPTED)


def check_output(output: Path, picture: Path | None, source: Path | None) -> None:
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


def _show_files(report: dict[str, Any], json: bool, data: str) -> None:
    if json:
        console.show_json(report)
        return
    console.show()
    console.show(f"model            {report['model']}")
    if report["plot"]:
        console.show(f"learning curves  {report['plot']}")
    if "importance" in report and data != STDIN:
        console.show(f"now try          {shell('layerwise', 'report', report['model'], '--data', data)}", "dim")
    if data == "mnist":
        option = "" if report["model"] == "mnist.safetensors" else f"{shell('--model', report['model'])} "
        console.show(f"now try          layerwise predict {option}IMAGE", "dim")
