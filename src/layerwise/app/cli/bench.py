"""`layerwise bench`: layerwise timed beside its peers that are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from layerwise.app.bench import growth as growths
from layerwise.app.bench import measure, peers, report, works
from layerwise.app.bench.predictors import PREDICTIONS, Prediction
from layerwise.app.bench.results import Comparison, Report, cores, machine
from layerwise.app.cli import console
from layerwise.app.cli.choices import usage_error
from layerwise.data.writing import check_writable, write_whole
from layerwise.errors import missing
from layerwise.plots import picture_format

_WORKS = "\n\n".join(f"**{work.name}**  {work.description}" for work in works.WORKS.values())
HELP = f"""Time layerwise beside its peers: training steps, and on demand predictions and how the cost grows.

Every round runs each peer once, in a process of its own; the fastest round counts. The machine's limit is measured in
the same rounds. All six works take some ten minutes; `layerwise bench A --rounds 1` is a quick look. The works:

{_WORKS}

A custom work is written as sizes,activation,optimizer,rate,batch: `784-100-10,relu,adam,0.001,64`.

The peers: {", ".join(peers.PEERS)}.
"""


def bench(
    work: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORK...", help="A to E, S, or a custom one; by default all; none: no training."),
    ] = None,
    peer: Annotated[
        str | None, typer.Option("--peers", help="With commas between; by default all that are installed.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each peer runs on each work.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="How many epochs each run times, after one that is not.")] = 2,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many each peer may use; by default as many as it takes.")
    ] = None,
    predict: Annotated[bool, typer.Option("--predict", help="Time predictions, too.")] = False,
    growth: Annotated[
        bool, typer.Option("--growth", help="Measure growth with rows, width, depth, batch and threads, too.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Growth at the two smallest sizes of each only.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON only, for programs.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the JSON to this file.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the times; the growth goes beside it, with -growth in its name.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page in Markdown, with pictures beside it under its name.")
    ] = None,
) -> None:  # fmt: skip
    """Time layerwise beside its peers; HELP is what the command shows."""
    chosen = _works(work)
    runners = _peers(peer)
    if threads is not None and threads > cores():
        raise typer.BadParameter(f"there are {cores()} cores, fewer than {threads}", param_hint="--threads")
    _check_files(output, plot, page)
    subjects: list[works.Work | Prediction] = [*chosen, *(PREDICTIONS if predict else ())]
    words = [one.name for one in chosen] or ["none"]
    words += [f"--peers {peer}"] if peer else []
    words += [f"--rounds {rounds} --epochs {epochs}", *([f"--threads {threads}"] if threads else [])]
    words += [flag for flag, on in (("--predict", predict), ("--growth", growth), ("--quick", quick)) if on]
    packages = [package for runner in runners for package in runner.packages]
    found = Report(
        date.today().isoformat(), f"layerwise bench {' '.join(words)}", machine(packages),
        {"rounds": rounds, "epochs": epochs, "threads": threads},
    )  # fmt: skip
    for subject in subjects:
        with _watch() as watch:
            found.comparisons.append(measure.compare(subject, runners, rounds, epochs, threads, watch))
        if not json:
            _show_comparison(found.comparisons[-1])
    with _watch() as watch:
        found.growth = growths.measure(quick, watch) if growth else []
        found.import_ms = measure.import_time(watch)
    _finish(found, json, output, plot, page)


def _works(names: Sequence[str] | None) -> list[works.Work]:
    if names is None or not names:
        return list(works.WORKS.values())
    with usage_error("WORK"):
        return [] if list(names) == ["none"] else [works.find(name) for name in names]


def _peers(names: str | None) -> list[peers.Peer]:
    """Return the peers asked for, layerwise first and always."""
    if names is None:
        return peers.installed()
    with usage_error("--peers"):
        asked = [name.strip() for name in names.split(",")]
        return [peers.find(name) for name in dict.fromkeys(["layerwise", *asked])]


def _check_files(output: Path | None, plot: Path | None, page: Path | None) -> None:
    """Find out before the rounds whether what comes after them will work."""
    if plot is not None:
        with usage_error("--plot"):
            picture_format(plot)
    for path in (output, plot, page):
        if path is not None:
            check_writable(path)
    if (plot is not None or page is not None) and find_spec("matplotlib") is None:
        raise missing("matplotlib", "plot", "drawing a benchmark")


@contextmanager
def _watch() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is measured now, on stderr if that is a terminal."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield lambda doing: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("")
        yield lambda doing: progress.update(task, description=doing)


def _show_comparison(comparison: Comparison) -> None:
    _show_table(report.title(comparison), report.table(comparison))
    for note in report.notes(comparison):
        console.warn(note, "yellow")


def _show_table(title: str, table: Table) -> None:
    console.show(title, "bold")
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = 200  # a pipe has no edge to wrap at
    out.print(table)


def _finish(found: Report, json: bool, output: Path | None, plot: Path | None, page: Path | None) -> None:
    """Do what comes after the rounds: growth, import, files, and the exit code."""
    if json:
        console.show_json(found.to_dict())
    else:
        for growth in found.growth:
            _show_table(report.growth_title(growth), report.growth_table(growth))
        console.show(f"import layerwise, once NumPy is there: {found.import_ms:.0f} ms")
    written: list[Path] = []
    if output is not None:
        write_whole(output, found.to_json().encode())
        written.append(output)
    if plot is not None:
        written += report.draw(found, plot)
    if page is not None:
        written += report.write_page(found, page)
    if not json:
        for path in written:
            console.show(f"written  {path}")
    if any(one.error is not None for comparison in found.comparisons for one in comparison.measured):
        raise typer.Exit(console.ERROR)
