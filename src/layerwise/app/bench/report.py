"""A report for readers: a table for each work, and the page in Markdown with its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerwise.app.bench.results import POINTS, Comparison, Growth, Measured, Report
from layerwise.data.writing import write_whole
from layerwise.formula.quoting import markdown
from layerwise.plots.benchmarks import save_comparisons, save_growth

if TYPE_CHECKING:
    from rich.table import Table

_HEAD = """# Benchmarks

How fast layerwise trains and predicts, beside other libraries on the same machine. Measured on {date} by

    {command}

on {processor} ({cores} cores), {system}, {versions}.

**How it was measured.** Every library ("peer") ran {rounds} times on each work, in turn, each time in a new
process. *Fastest* and *slowest* are over these rounds; *layerwise is faster* is the ratio of the fastest times. On
a machine that others use, too, times vary: compare only figures within one table.

**What is compared.** All train with float32, softmax and cross-entropy, from Glorot's uniform weights, with the
rows in a new order in each epoch; gathering the rows of each batch is included in the time. The fastest epoch of
{epochs} counts, after one that is not timed, in which some libraries compile. PyTorch runs eagerly with its fused
Adam, JAX compiles a whole epoch, Keras up to 32 steps; *plain NumPy* is a simple loop that allocates its buffers
once.

**The columns.** *Accuracy* is that on the test rows after all epochs, in per cent. *% of limit* compares the
operations per second with the machine's limit: NumPy's product of two 2,048 × 2,048 matrices, measured in the same
rounds (on one core for what runs on one thread). *Memory* is the peak memory of the process, in MB, with the data.
"""


def header(comparison: Comparison) -> list[str]:
    """Return the columns of a work's table; the first is text, the others are numbers."""
    columns = ["peer", f"{_unit(comparison)} a {comparison.per}, fastest", "slowest", "layerwise is faster"]
    accuracy = ["accuracy"] if _has_accuracy(comparison) else []
    return [*columns, *accuracy, "% of limit", "memory"]


def rows(comparison: Comparison) -> list[list[str]]:
    """Return the cells of a work's table: a row for each peer."""
    scale = 1000 if _unit(comparison) == "ms" else 1
    return [_row(comparison, one, scale) for one in comparison.measured]


def _row(comparison: Comparison, one: Measured, scale: float) -> list[str]:
    times = comparison.times_faster(one)
    accuracy = "" if one.accuracy is None else f"{100 * one.accuracy:.2f}{' !' if one.flagged else ''}"
    return [
        one.label,
        "failed" if one.microseconds is None else number(one.microseconds / scale),
        "" if one.slowest is None else number(one.slowest / scale),
        "" if times is None or one.peer == "layerwise" else f"{times:.2f} x",
        *([accuracy] if _has_accuracy(comparison) else []),
        "" if one.share is None else f"{100 * one.share:.1f}",
        "" if one.memory_mb is None else f"{one.memory_mb:.0f}",
    ]


def number(value: float) -> str:
    """Return a time in three or four digits.

    Examples
    --------
    >>> [number(value) for value in (0.01234, 7.654, 76.54, 765.4, 7654.3)]
    ['0.0123', '7.65', '76.5', '765', '7,654']
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _unit(comparison: Comparison) -> str:
    known = [one.microseconds for one in comparison.measured if one.microseconds is not None]
    return "ms" if known and min(known) >= 1000 else "µs"


def _has_accuracy(comparison: Comparison) -> bool:
    return comparison.per == "step"


def title(comparison: Comparison) -> str:
    """Return the work, its operations and the machine's limit."""
    return (
        f"{comparison.heading}; {comparison.flops:,} FLOPs a {comparison.per}; "
        f"limit {comparison.one_core:.0f} GFLOP/s on one core, {comparison.all_cores:.0f} on all"
    )


def growth_title(growth: Growth) -> str:
    """Return what grows, of which network, and the unit."""
    return f"With {growth.name}: {growth.network}, {growth.unit}"


def notes(comparison: Comparison) -> list[str]:
    """Return what went wrong: peers that failed, and accuracies that are not like the others'."""
    failed = [f"{one.label} failed: {one.error}" for one in comparison.measured if one.error is not None]
    return failed + [
        f"! the accuracy of {one.label} differs by more than {POINTS:g} points from the median: "
        "it may not have done the same work"
        for one in comparison.measured
        if one.flagged
    ]


def table(comparison: Comparison) -> Table:
    """Return the table of a work for a terminal."""
    return _table(header(comparison), rows(comparison))


def growth_table(growth: Growth) -> Table:
    """Return the table of a size that grows, for a terminal."""
    return _table(*_growth_cells(growth))


def _table(columns: Sequence[str], body: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        shown.add_column(name, justify="right" if place else "left")
    for cells in body:
        shown.add_row(*map(Text, cells), style="bold" if cells[0].startswith("layerwise") else "")
    return shown


def markdown_table(columns: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, the first column to the left, all others to the right."""
    cells = [list(map(markdown, line)) for line in (columns, *body)]
    lines = [cells[0], ["---", *["---:"] * (len(columns) - 1)], *cells[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page(report: Report, pictures: Sequence[str] = ()) -> str:
    """Return the whole page; `pictures` are the names of the files that it shows."""
    machine = report.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    filled = machine | report.settings | {"versions": versions, "date": report.date, "command": report.command}
    parts = [_HEAD.format(**filled)]
    if report.settings.get("threads"):
        parts.append(f"Every peer had {report.settings['threads']} thread(s).\n")
    shown = {kind: [c for c in report.comparisons if c.per == kind] for kind in ("step", "call")}
    if report.comparisons:
        parts += ["## In short\n\nHow many times faster layerwise is:\n", _overview(report.comparisons)]
        parts += [f"![Times of layerwise and its peers]({name})\n" for name in pictures[:1]]
    for kind, heading in (("step", "Training"), ("call", "Prediction")):
        if shown[kind]:
            parts.append(f"## {heading}\n")
        if kind == "call" and shown[kind]:
            parts.append("From float32 rows to probabilities; outputs agreed to 1e-5 before anything was timed.\n")
        parts += [_section(comparison) for comparison in shown[kind]]
    if report.growth:
        parts.append("## How the cost grows\n\nOne size changes, all else stays; the best of two runs.\n")
        parts += [f"![Growth with rows, width, depth, batch and threads]({name})\n" for name in pictures[-1:]]
        parts += [_growth(growth) for growth in report.growth]
    if report.import_ms is not None:
        parts.append(f"## Import\n\n`import layerwise` takes {report.import_ms:.0f} ms once NumPy is imported.\n")
    return "\n".join(parts)


def _overview(comparisons: Sequence[Comparison]) -> str:
    """Return a row for each work, a column for each peer."""
    labels = {one.peer: one.label for c in comparisons for one in c.measured if one.peer != "layerwise"}
    body = []
    for comparison in comparisons:
        times = {one.peer: comparison.times_faster(one) for one in comparison.measured}
        cells = ["" if (found := times.get(peer)) is None else f"{found:.2f}" for peer in labels]
        body.append([comparison.heading, *cells])
    return markdown_table(["work", *(f"than {label}" for label in labels.values())], body)


def _section(comparison: Comparison) -> str:
    own = next((one.share for one in comparison.measured if one.peer == "layerwise"), None)
    share = "" if own is None else f" layerwise reaches {own:.1%} of the limit of all cores."
    lines = [f"### {comparison.heading}\n"]
    lines.append(
        f"{comparison.flops:,} FLOPs a {comparison.per}; the machine's limit was {comparison.one_core:.0f} GFLOP/s on "
        f"one core and {comparison.all_cores:.0f} on all.{share}\n"
    )
    lines.append(markdown_table(header(comparison), rows(comparison)))
    lines += [f"- {note}" for note in notes(comparison)] + ([""] if notes(comparison) else [])
    return "\n".join(lines)


def _growth(growth: Growth) -> str:
    return f"### {growth_title(growth)}\n\n" + markdown_table(*_growth_cells(growth))


def _growth_cells(growth: Growth) -> tuple[list[str], list[list[str]]]:
    """Return the columns, one for each size, and the rows, one for each peer."""
    columns = [growth.name, *(f"{size:,}" for size in growth.sizes)]
    times = [["failed" if value is None else number(value) for value in values] for values in growth.series.values()]
    return columns, [[label, *cells] for label, cells in zip(growth.series, times)]


def draw(report: Report, path: Path) -> list[Path]:
    """Draw what there is: the comparisons to `path`, the growth beside it with -growth in its name."""
    drawn = []
    if report.comparisons:
        save_comparisons(report.comparisons, path)
        drawn.append(path)
    if report.growth:
        beside = path.with_name(f"{path.stem}-growth{path.suffix}")
        save_growth(report.growth, beside)
        drawn.append(beside)
    return drawn


def write_page(report: Report, path: Path) -> list[Path]:
    """Write the page, and beside it its pictures under its name; what was written."""
    pictures = draw(report, path.with_suffix(".png"))
    write_whole(path, page(report, [picture.name for picture in pictures]).encode())
    return [path, *pictures]
