"""What training shows while it runs: a bar in terminals (with rich) and in notebooks, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from layerwise.errors import warn
from layerwise.formula.quoting import markup, visible
from layerwise.parts.description import Description, whole_number
from layerwise.training.callbacks.base import Callback

if TYPE_CHECKING:
    from layerwise.training.loop import Training

LINES_APART = 0.5  # seconds between plain lines, so that 10,000 short epochs do not print 10,000 of them


def summary_line(row: Mapping[str, float]) -> str:
    """An epoch's numbers in a line."""
    parts = []
    for name, value in row.items():
        if name in ("learning_rate", "seconds", "samples_per_second") or (name.endswith("penalty") and not value):
            continue
        if math.isnan(value):  # not recorded in this epoch
            continue
        text = f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}"
        parts.append(f"{visible(name).replace('_', ' ')} {text}")
    return f"{'  '.join(parts)}  {row['seconds']:.2f} s"


class Progress(Description, Callback):
    """Show the progress of a training: a bar in a terminal or notebook, otherwise lines.

    ``fit(verbose=True)`` uses it.

    Parameters
    ----------
    every : int, optional
        The number of epochs between two lines, as for ``fit(verbose=10)``; the last epoch has one too. By default there
        is a line for each epoch, or for a few epochs a second if they are short.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=2, callbacks=lw.Progress(every=2), verbose=False)  # doctest: +SKIP
    epoch 2/2  loss 1.112  accuracy 30.33%  0.00 s
    """

    only_looks = True

    def __init__(self, every: int | None = None) -> None:
        self.every = None if every is None else whole_number(self, "every", every, least=1)
        self._shown: Callback = Callback()

    def on_fit_begin(self, run: Training) -> None:
        """Choose, and begin."""
        self._shown = _suitable(0.0 if self.every is not None else LINES_APART)
        self._show("on_fit_begin", run)

    def on_progress(self, run: Training) -> None:
        """Move the bar."""
        self._show("on_progress", run)

    def on_epoch_end(self, run: Training) -> None:
        """Show the epoch, if it is its turn."""
        if self.every is None or run.epoch % self.every == 0 or run.epoch == run.epochs or run.stopping:
            self._show("on_epoch_end", run)

    def on_fit_end(self, run: Training) -> None:
        """Leave what is to stay."""
        self._show("on_fit_end", run)
        self._shown = Callback()

    def _show(self, hook: str, run: Training) -> None:
        """Show something, and nothing more once it cannot be shown: a full disk, a reader that has gone away."""
        try:
            getattr(self._shown, hook)(run)
        except OSError as error:
            self._shown = Callback()
            warn(f"Progress: the training cannot be shown any more ({error}); it goes on", RuntimeWarning)


def _suitable(interval: float) -> Callback:
    """What suits where the output goes; its lines are at least `interval` seconds apart."""
    if _in_notebook():
        return NotebookProgress()
    if sys.stdout.isatty():
        try:
            import rich  # noqa: F401
        except ImportError:
            return PlainProgress(interval)
        return RichProgress(interval / 5)
    return PlainProgress(interval)


@contextmanager
def scan_progress(shown: bool) -> Iterator[Callable[[int, int, int | None], None] | None]:
    """Show how far the first pass over a stream is, on a line that moves in terminals; and one when it is done.

    What is yielded is called with the blocks and rows so far, and how many rows there are, where that is known.
    """
    if not shown:
        yield None
        return
    began = time.monotonic()
    newest, reached, moves = began, (0, 0), sys.stdout.isatty()

    def seen(blocks: int, rows: int, total: int | None) -> None:
        nonlocal newest, reached
        reached = blocks, rows
        if moves and time.monotonic() - newest > LINES_APART:
            newest = time.monotonic()
            of = "" if total is None else f" of {total:,}"
            print(f"\rfirst pass: {rows:,}{of} rows", end="", flush=True)

    yield seen
    words = f"first pass: {reached[1]:,} rows in {reached[0]:,} blocks  {time.monotonic() - began:.2f} s"
    print(f"\r{words}" if moves else words, flush=True)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


class PlainProgress(Callback):
    """A line an epoch, for logs and pipes.

    Parameters
    ----------
    interval : float
        Seconds between two of them, at least.
    tell : function, optional
        Given each line; by default it is printed.
    """

    def __init__(self, interval: float = LINES_APART, tell: Callable[[str], None] | None = None) -> None:
        self._interval, self._printed = interval, 0.0
        self._tell = tell or partial(print, flush=True)

    def on_epoch_end(self, run: Training) -> None:
        """Print the epoch, unless one was printed just before."""
        now = time.monotonic()
        if now - self._printed >= self._interval or run.epoch == run.epochs or run.stopping:
            width = len(str(run.epochs))
            self._tell(f"epoch {run.epoch:{width}d}/{run.epochs}  {summary_line(run.history.last())}")
            self._printed = now


class NotebookProgress(Callback):
    """A bar and the newest epochs in a notebook's output, redrawn in place; IPython alone is needed."""

    def __init__(self) -> None:
        self._display: Any = None
        self._drawn = 0.0
        self._lines: list[str] = []

    def on_fit_begin(self, run: Training) -> None:
        """Show the bar."""
        from IPython.display import HTML, display

        self._display = display(HTML(self._html(run)), display_id=True)

    def on_progress(self, run: Training) -> None:
        """Move the bar, a few times a second at the most."""
        now = time.monotonic()
        if now - self._drawn >= LINES_APART / 2:
            self._drawn = now
            self._draw(run)

    def on_epoch_end(self, run: Training) -> None:
        """Add the epoch's line."""
        self._lines = [*self._lines, f"epoch {run.epoch}/{run.epochs}  {summary_line(run.history.last())}"][-10:]
        self.on_progress(run)

    def on_fit_end(self, run: Training) -> None:
        """Leave the last state."""
        self._draw(run)

    def _draw(self, run: Training) -> None:
        from IPython.display import HTML

        self._display.update(HTML(self._html(run)))

    def _html(self, run: Training) -> str:
        done, total = run.step - run.first_step, run.epochs * run.steps_per_epoch
        lines = "\n".join(self._lines)
        return f'<progress value="{done}" max="{total}" style="width:24em"></progress><pre>{markup(lines)}</pre>'


class RichProgress(Callback):
    """A bar that moves with the steps of the epoch, and a line for each epoch done."""

    def __init__(self, interval: float = LINES_APART / 5) -> None:
        self._interval = interval
        self._bar: Any = None
        self._task: Any = None
        self._printed = 0.0

    def on_fit_begin(self, run: Training) -> None:
        """Show the bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"),
            TimeRemainingColumn(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=run.epochs * run.steps_per_epoch)
        self._bar.start()

    def on_progress(self, run: Training) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=run.step - run.first_step, description=f"epoch {run.epoch}/{run.epochs}")

    def on_epoch_end(self, run: Training) -> None:
        """Move the bar, and print the epoch above it."""
        from rich.text import Text

        now = time.monotonic()
        if now - self._printed < self._interval and run.epoch != run.epochs and not run.stopping:
            return
        self._printed = now
        self.on_progress(run)
        row = run.history.last()
        width = len(str(run.epochs))
        line = Text.assemble(
            (f"epoch {run.epoch:{width}d}/{run.epochs}", "bold"),
            f"  {summary_line(row)}  ",
            (f"{row['samples_per_second']:,.0f} samples/s", "dim"),
        )
        self._bar.console.print(line, no_wrap=True, overflow="ellipsis")

    def on_fit_end(self, run: Training) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
