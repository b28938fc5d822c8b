"""`layerwise train --watch`: the panel at several widths, in ASCII, in a terminal, and where there is none."""

import io
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

import layerwise as lw
from layerwise.app.cli.curves import chart
from layerwise.app.cli.watch import View, Watch, _clock, _gauge

WIDTHS = [44, 60, 80, 120]


class Plain(io.StringIO):
    """A stream that knows ASCII alone."""

    encoding = "ascii"


def console(width=80, plain=False, **arguments):
    return Console(width=width, file=Plain() if plain else io.StringIO(), force_terminal=True, **arguments)


def shown(view, width=80, plain=False):
    screen = console(width, plain, color_system=None)
    screen.print(view)
    return screen.file.getvalue().rstrip("\n").split("\n")


class Kept(Watch):
    """Keeps all states that it shows."""

    def __init__(self, **arguments):
        super().__init__(console(**arguments))
        self.views = []

    def _view(self, run):
        self.views.append(super()._view(run))
        return self.views[-1]


@pytest.fixture(scope="module")
def views():
    """Of a training with validation data, ten epochs of three steps."""
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    watch = Kept()
    net.fit(X, y, validation_data=(X, y), batch_size=100, callbacks=watch, verbose=False)
    return watch.views


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_every_width(views, width, plain):
    for view in (views[0], views[len(views) // 2], views[-1]):
        lines = shown(view, width, plain)
        assert {cell_len(line) for line in lines} == {width}
        assert len(lines) < 30
        assert all(line.isascii() for line in lines) == plain
        text = "\n".join(lines)
        assert "epoch " in text
        assert "samples/s" in text or width < 60


@pytest.mark.parametrize("width", WIDTHS)
def test_what_it_shows(views, width):
    last = views[-1]
    text = "\n".join(shown(last, width))
    assert "epoch 10/10" in text
    assert "in all" in text
    assert f"{last.history['loss'][-1]:.4g}" in text
    assert f"{last.history['val_accuracy'][-1]:.2%}" in text
    assert ("0 Dense(32) ReLU" if width >= 60 else "0 Dense(") in text
    assert re.search(r"dead saturated update/weights", text)
    ratio = last.layers[0].update_ratio
    assert f"{ratio:.1e}" in text
    assert ("1e-6" in text) == (width >= 80)
    assert any("\u2800" < character < "\u2900" for character in text)  # Braille


def test_the_numbers_are_those_of_the_training(views):
    assert views[0].epoch == 0
    assert views[0].done == 0
    assert math.isnan(views[0].left)
    assert views[-1].done == 1
    assert views[-1].left == 0
    assert [view.done for view in views] == sorted(view.done for view in views)
    assert views[-1].ended_by == "epochs"
    assert len(views[-1].history["loss"]) == 10


def test_one_chart_for_numbers_to_be_predicted():
    X = np.linspace(0, 1, 50)[:, None]
    watch = Kept()
    lw.Network([lw.Dense(4), lw.Dense(1)], random_state=0).fit(X, X, callbacks=watch, verbose=False)
    text = "\n".join(shown(watch.views[-1], 60))
    assert "loss" in text
    assert "accuracy" not in text
    assert "dead" not in text


def test_many_layers_and_findings(views):
    last = views[-1]
    layer, finding = last.layers[0], lw.diagnose(*ill()).findings[0]
    view = View(3, 9, 0.3, 61.0, 3700.0, 1e6, {"loss": [2.0, 1.0]}, [layer] * 30, [finding] * 5)
    lines = shown(view, 60)
    assert sum("Dense(32)" in line for line in lines) == 8
    assert sum("and 22 more" in line for line in lines) == 1
    assert sum("unscaled inputs" in line for line in lines) == 2
    assert sum("and 3 more: layerwise diagnose" in line for line in lines) == 1
    assert "1:01:40 left" in lines[1]


def ill():
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(1000 * X, y, epochs=1, verbose=False)
    return net, 1000 * X, y


def test_its_last_state_stays_on_the_screen():
    X, y = lw.datasets.make_spiral()
    screen = console(60)
    net = lw.Network([lw.Dense(8), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=3, callbacks=Watch(screen), verbose=False)
    written = screen.file.getvalue()
    last = written[written.rindex("╭") :]
    assert "epoch 3/3" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1  # the cursor is back


def test_the_training_is_the_same_with_it(views):
    X, y = lw.datasets.make_spiral()
    nets = [lw.Network([lw.Dense(8), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0) for _ in range(2)]
    for net, callbacks in zip(nets, ((), Watch(console())), strict=True):
        net.fit(X, y, epochs=3, callbacks=callbacks, verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    assert nets[1].last_fit["others"] == []  # a script of the training has no need of it


class Stop(lw.Callback):
    def __init__(self, how):
        self.how = how

    def on_epoch_end(self, run):
        if run.epoch == 2:
            if self.how == "error":
                raise ZeroDivisionError
            run.stop("the loss is low enough")


def test_a_training_that_ends_early():
    X, y = lw.datasets.make_spiral()
    watch = Kept()
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=9, callbacks=[watch, Stop("stop")], verbose=False)
    assert "ended: the loss is low enough" in "\n".join(shown(watch.views[-1]))
    watch = Kept()
    with pytest.raises(ZeroDivisionError):
        net.fit(X, y, epochs=9, callbacks=[watch, Stop("error")], verbose=False)
    assert "ended: error" in "\n".join(shown(watch.views[-1]))
    assert watch._live is None


# ---------------------------------------------------------------- curves


def drawn(*curves, length=None, width=28, height=5, plain=True):
    text = chart(curves, length or len(curves[0]), width, height, plain).plain
    return [line[8:] for line in text.split("\n")], [line[:8].strip() for line in text.split("\n")]


def test_a_straight_line():
    lines, labels = drawn([5, 4, 3, 2, 1], width=13)
    assert lines == ["*    ", " *   ", "  *  ", "   * ", "    *"]
    assert labels == ["5", "", "", "", "1"]


def test_a_curve_goes_as_far_as_it_goes():
    lines, _ = drawn([2, 1], length=3, width=13)
    assert [line[3:] for line in lines] == ["  "] * 5
    assert all(line.strip() for line in lines)  # no gap


def test_two_curves_and_not_a_number():
    lines, labels = drawn([1, math.nan, 3], [3, 2, 1], width=13)
    assert lines[0][0] == "o"
    assert lines[0][-1] == "*"
    assert labels[0] == "3"
    assert drawn([math.nan, math.nan])[0] == [" " * 20] * 5
    assert drawn([2.0, 2.0, 2.0])[0][2] == "*" * 20  # a constant lies in the middle


def test_large_ranges_are_drawn_as_logarithms():
    lines, labels = drawn([1000, 100, 10, 1, 0.1], width=13)
    assert lines == ["*    ", " *   ", "  *  ", "   * ", "    *"]
    assert labels == ["1e+03", "", "", "", "0.1"]
    lines, _ = drawn([1000, 100, 10, 1, 0], width=13)  # there is no logarithm of 0
    assert lines == ["*    ", " *   ", " *   ", " *   ", " ****"]


def test_dots_of_braille():
    """From the upper left dot (1) down the right side (5, 6, 8): bits 0, 4, 5 and 7."""
    assert drawn([1, 0], width=9, height=1, plain=False)[0] == [chr(0x2800 + 0b10110001)]


def test_gauge_and_clock():
    assert [_gauge(r, True).index("*") for r in (1e-9, 1e-6, 1e-3, 1, 50)] == [0, 0, 6, 12, 12]
    assert [_clock(s) for s in (0, 61, 3661, math.nan)] == ["0:00", "1:01", "1:01:01", "-:--"]


# ---------------------------------------------------------------- the command


def test_without_a_terminal_there_are_lines_and_it_says_so(run):
    result = run("train", "iris", "--watch", "--no-plot", "-e", 3)
    assert result.exit_code == 0
    assert "--watch needs a terminal" in result.stderr
    assert "epoch 3/3" in result.stdout
    assert "╭" not in result.stdout


@pytest.mark.parametrize("other", ["--quiet", "--json"])
def test_nothing_to_watch(run, other):
    result = run("train", "iris", "--watch", other)
    assert result.exit_code == 2
    assert "nothing to watch" in " ".join(result.stderr.split())


@pytest.mark.sampled(3)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(("data", "score"), [("iris", "test: accuracy"), ("prices.csv", "test: R²")])
def test_in_a_terminal(tmp_path, prices, data, score):
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    words = ["train", data, "--watch", "--no-plot", "-e", "30"]
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "layerwise", *words], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how the end of it looks like on Linux
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    last = text[text.rindex("╭") :]
    assert "epoch 30/30" in last
    assert last.index("╰") < last.index("trained in") < last.index(score)
    assert (tmp_path / f"{data.partition('.')[0]}.safetensors").exists()


def test_diagnose_of_a_file(run, iris_model):
    result = run("diagnose", iris_model)
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing found\n")
    report = run("diagnose", iris_model, "--json").json()
    assert report["findings"] == []
    assert report["data"] == "iris"
    assert report["rows_in_all"] == 112
    assert report["epochs"] == 100


def test_diagnose_of_a_table(run, flowers):
    rows = flowers.read_text().splitlines()
    again = [row + ("," + row.split(",")[0] if number else ",copy") for number, row in enumerate(rows)]
    flowers.write_text("\n".join(again) + "\n")
    words = ["--target", "kind", "--layers", "8", "--no-plot", "-q", "-o", "m.safetensors"]
    assert run("train", flowers, *words).exit_code == 0
    result = run("diagnose", "m.safetensors", flowers)
    assert "note: duplicate columns, column 2 (copy)" in result.stdout
    missing = run("diagnose", "m.safetensors")
    assert missing.exit_code == 2
    assert "layerwise diagnose m.safetensors" in " ".join(missing.stderr.replace("│", "").split())
