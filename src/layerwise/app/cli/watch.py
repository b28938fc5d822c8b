"""`layerwise train --watch`: a panel that moves while a network trains, with curves and the health of each layer."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from layerwise.app.cli.curves import COLOURS, MARKS, chart, scale
from layerwise.formula.quoting import visible
from layerwise.training.callbacks import Callback, Diagnose
from layerwise.training.health import Finding, LayerHealth

if TYPE_CHECKING:
    from layerwise.training.loop import Training

INTERVAL = 0.1  # seconds between two drawings, at least
HEIGHT = 7  # lines of a chart
MOST_LAYERS, MOST_FINDINGS = 8, 2
ROOMY = 70  # from so many columns on, the steps have a gauge
NARROW = 46  # so few columns have no room for two charts side by side
USUAL = 1e-4, 1e-2  # update/weights of trainings that go well; beyond, it is shown in yellow
_GAUGE = 1e-6, 1.0, 13  # from, to, characters


class Watch(Callback):
    """Shows the panel, and leaves its last state on the screen.

    Parameters
    ----------
    console : Console, optional
        Where; by default the standard output.
    """

    only_looks = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = Console() if console is None else console
        self._health = Diagnose(warn=False)
        self._live: Live | None = None

    def on_fit_begin(self, run: Training) -> None:
        """Show the panel."""
        self._began, self._first, self._drawn = time.monotonic(), run.step, 0.0
        self._health.on_fit_begin(run)
        self._live = Live(self._view(run), console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._live.start(refresh=True)

    def on_progress(self, run: Training) -> None:
        """Draw it anew, ten times a second at the most."""
        if self._live is not None and time.monotonic() - self._drawn >= INTERVAL:
            self._live.update(self._view(run), refresh=True)
            self._drawn = time.monotonic()

    def on_epoch_end(self, run: Training) -> None:
        """Look at the layers, and draw."""
        self._health.on_epoch_end(run)
        self.on_progress(run)

    def on_fit_end(self, run: Training) -> None:
        """Leave the last state."""
        live, self._live = self._live, None
        if live is None:
            return
        try:
            self._health.on_fit_end(run)
        finally:
            live.update(self._view(run), refresh=True)
            live.stop()

    def _view(self, run: Training) -> View:
        made, seconds = run.step - self._first, time.monotonic() - self._began
        done, total = run.step - run.first_step, run.epochs * run.steps_per_epoch
        return View(
            epoch=run.epoch,
            epochs=run.epochs,
            done=done / total,
            seconds=seconds,
            left=seconds / made * (total - done) if made else math.nan,
            speed=made * run.engine.batch_size / seconds if seconds else math.nan,
            history=run.history.to_dict(),
            layers=self._health.layers,
            findings=tuple(self._health.findings),
            ended_by=run.history.stopped_by,
        )


@dataclass(frozen=True)
class View:
    """One state of the panel; rich asks it what it looks like at the width that there is.

    Attributes
    ----------
    epoch, epochs : int
        The one at work, from 1, and how many there shall be.
    done : float
        The share of all steps that are made.
    seconds, left, speed : float
        Since the beginning, to the end, and samples a second.
    history : dict of list of float
        A column a name.
    layers, findings
        As `Diagnose` has them.
    ended_by : str
        Why the training ended; empty while it goes on.
    """

    epoch: int
    epochs: int
    done: float
    seconds: float
    left: float
    speed: float
    history: dict[str, list[float]]
    layers: Sequence[LayerHealth]
    findings: Sequence[Finding]
    ended_by: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plain = options.ascii_only
        width = min(options.max_width, 120) - 4  # the frame's
        parts: list[Any] = [self._progress(width, plain), self._charts(width, plain)]
        if self.layers:
            parts.append(self._table(width, plain))
        shown = list(self.findings)[:MOST_FINDINGS]
        parts += [Text(visible(f"{f.kind}, {f.where}: {f.seen}"), style="yellow", overflow="fold") for f in shown]
        if len(self.findings) > len(shown):
            parts.append(Text(f"and {len(self.findings) - len(shown)} more: layerwise diagnose", style="yellow"))
        yield Panel(Group(*parts), box=box.ASCII if plain else box.ROUNDED, width=width + 4)

    def _progress(self, width: int, plain: bool) -> Text:
        """Return the epoch, a bar, the speed and the time left."""
        ended = self.ended_by not in ("", "epochs") and f"ended: {visible(self.ended_by)}"
        first = f"epoch {max(1, self.epoch):,}/{self.epochs:,} "
        speed = f" {self.speed:,.0f} samples/s" if math.isfinite(self.speed) else ""
        clock = f"{_clock(self.seconds)} in all" if self.ended_by else f"{_clock(self.left)} left"
        last = f"{speed}  {clock}"
        if len(first) + len(last) > width:
            last = f" {clock}"
        room = width - len(first) - len(last)
        filled = round(max(0, room) * min(1.0, self.done))
        full, empty = ("=", "-") if plain else ("━", "─")
        text = Text(first, style="bold", no_wrap=True, overflow="crop")
        text.append(full * filled, style="green not bold")
        text.append(empty * (max(0, room) - filled), style="dim not bold")
        text.append(last, style="not bold")
        if ended:
            text.append(f"\n{ended}", style="yellow not bold")
        return text

    def _charts(self, width: int, plain: bool) -> Any:
        """Loss, and accuracy where there is one: side by side, or one above the other where there is no room."""
        names = [name for name in ("loss", "accuracy") if name in self.history] or ["loss"]
        is_narrow = len(names) > 1 and width < NARROW
        each = width if len(names) == 1 or is_narrow else (width - 2) // 2
        drawn = [self._chart(name, each, plain) for name in names]
        if is_narrow:
            return Group(*drawn)
        beside = Table.grid(padding=(0, 2, 0, 0))
        beside.add_row(*drawn)
        return beside

    def _chart(self, name: str, width: int, plain: bool) -> Text:
        columns = [self.history.get(name, []), self.history.get(f"val_{name}", [])]
        curves = [column for column in columns if column]
        is_log = scale(curves)[2]
        for words in (("train ", "val "), ("", "")):  # without words where there is no room for them
            title = Text(f"{name} (log)" if is_log else name, style="bold")
            for curve, colour, mark, word in zip(curves, COLOURS, MARKS, words, strict=False):
                value = f"{curve[-1]:.2%}" if name == "accuracy" else f"{curve[-1]:.4g}"
                title.append(f" {mark if plain else '━'} {word}{value}", style=f"{colour} not bold")
            if title.cell_len <= width:
                break
        title.truncate(width, overflow="crop")
        return Text.assemble(title, "\n", chart(curves, self.epochs, width, HEIGHT, plain), no_wrap=True)

    def _table(self, width: int, plain: bool) -> Table:
        """Layer by layer: the share of units that are dead or saturated, and how long the steps are."""
        rows = _by_weights(self.layers)
        columns = {"dead": [row[1] for row in rows], "saturated": [row[2] for row in rows]}
        shares = {title: column for title, column in columns.items() if any(share is not None for share in column)}
        table = Table(box=None, padding=(0, 1, 0, 0), width=width, show_edge=False, header_style="dim")
        table.add_column("layer", ratio=1, no_wrap=True, overflow="crop")
        for title in (*shares, "update/weights"):
            table.add_column(title, justify="right", no_wrap=True)
        if width >= ROOMY:
            table.add_column("1e-6" + " " * (_GAUGE[2] - 5) + "1", no_wrap=True)
        for i, (name, _, _, ratio) in enumerate(rows[:MOST_LAYERS]):
            usual = ratio is not None and USUAL[0] <= ratio <= USUAL[1]
            cells = ["" if ratio is None else f"{ratio:.1e}", "" if ratio is None else _gauge(ratio, plain)]
            styled = [Text(cell, style="green" if usual else "yellow") for cell in cells]
            found = [_share(column[i]) for column in shares.values()]
            table.add_row(Text(visible(name)), *found, *styled[: 2 if width >= ROOMY else 1])
        if len(rows) > MOST_LAYERS:
            table.add_row(Text(f"and {len(rows) - MOST_LAYERS} more", style="dim"))
        return table


Row = tuple[str, float | None, float | None, float | None]  # name, dead, saturated, update/weights


def _by_weights(layers: Sequence[LayerHealth]) -> list[Row]:
    """Return a row for each layer with weights, and in it what is known of the activation that follows."""
    rows: list[Row] = []
    for layer in layers:
        name = layer.name.removesuffix("()")
        if layer.weight_norm is not None:
            rows.append((f"{layer.index} {name}", layer.dead, layer.saturated, layer.update_ratio))
        elif rows:
            before, dead, saturated, ratio = rows[-1]
            dead = dead if layer.dead is None else layer.dead
            saturated = saturated if layer.saturated is None else layer.saturated
            rows[-1] = f"{before} {name}", dead, saturated, ratio
    return rows


def _share(value: float | None) -> Text:
    return Text("" if value is None else f"{value:.0%}", style="yellow" if value is not None and value > 0.5 else "")


def _gauge(ratio: float, plain: bool) -> str:
    """Return where a ratio lies between a millionth and 1."""
    low, high, width = _GAUGE
    place = math.log(max(ratio, low) / low) / math.log(high / low)
    mark, line = ("*", "-") if plain else ("●", "┄")
    at = round(min(1.0, place) * (width - 1))
    return line * at + mark + line * (width - 1 - at)


def _clock(seconds: float) -> str:
    """Return hours, minutes and seconds, as short as may be."""
    if not math.isfinite(seconds):
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
