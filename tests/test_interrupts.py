"""Ctrl-C, once and twice, in the middle of fits; and threads that are at work when the interpreter ends."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise.training import interrupts


class Press(lw.Callback):
    """Presses Ctrl-C in the second epoch of each fit, and then waits."""

    def __init__(self, times=1, wait=0.0):
        self.times, self.wait = times, wait

    def on_epoch_end(self, run):
        if run.epoch == 2:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(self.wait)


def fit(spiral, engine="auto", net=None, **arguments):
    net = net or lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    return net, net.fit(*spiral, epochs=5, engine=engine, verbose=False, **arguments)


def test_the_first_one_ends_the_fit_with_a_warning(engine, spiral, ctrl_c):
    with pytest.warns(lw.InterruptWarning, match=r"in epoch 2 of 5: the weights so far are kept") as seen:
        net, history = fit(spiral, engine, callbacks=Press())
    assert seen[0].filename == __file__  # it names the line that called fit
    assert (history.stopped_by, history.epochs, net.steps) == ("interrupt", 2, 20)
    twin, _ = fit(spiral, engine, callbacks=Stop())
    np.testing.assert_array_equal(net.theta, twin.theta)


class Stop(lw.Callback):
    def on_epoch_end(self, run):
        if run.epoch == 2:
            run.stop()


def test_a_second_one_in_the_same_fit(engine, spiral, ctrl_c):
    with pytest.raises(KeyboardInterrupt):
        fit(spiral, engine, callbacks=Press(2))


def test_a_second_one_in_the_next_fit_ends_a_loop_of_fits(engine, spiral, ctrl_c):
    with pytest.warns(lw.InterruptWarning):
        fit(spiral, engine, callbacks=Press())
    with pytest.raises(KeyboardInterrupt):
        fit(spiral, engine, callbacks=Press())


def test_a_late_one_is_a_first_one_again(spiral, ctrl_c, monkeypatch):
    monkeypatch.setattr(interrupts, "AGAIN", 0.05)
    for _ in range(3):
        with pytest.warns(lw.InterruptWarning):
            fit(spiral, callbacks=Press(wait=0.1))


def test_in_the_same_fit_a_late_one_is_a_second_one(spiral, ctrl_c, monkeypatch):
    monkeypatch.setattr(interrupts, "AGAIN", 0.05)
    with pytest.raises(KeyboardInterrupt):
        fit(spiral, callbacks=Press(2, wait=0.1))


def test_each_interrupt_is_said():
    """Python shows equal warnings from one line once; these come from one line, and are equal."""
    code = """
    import os, signal, time, layerwise as lw
    from layerwise.training import interrupts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    class Press(lw.Callback):
        def on_epoch_end(self, run):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
    interrupts.AGAIN = 0.001
    for _ in range(3):
        lw.Network([lw.Dense(1)]).fit([[0.0], [1.0]], [0.0, 1.0], verbose=False, callbacks=Press())
    """
    result = run(code)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("InterruptWarning: interrupted by Ctrl-C in epoch 1 of 10") == 3


def test_filters_of_the_user_come_first(spiral, ctrl_c):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fit(spiral, callbacks=Press())[1].stopped_by == "interrupt"


def test_a_handler_of_somebody_else_is_left_alone(spiral, ctrl_c):
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    _, history = fit(spiral, callbacks=Press())
    assert seen == [1]
    assert history.stopped_by == "epochs"


def test_a_second_one_ends_an_ensemble_too(spiral, ctrl_c, monkeypatch):
    monkeypatch.setattr(interrupts, "AGAIN", 60)

    def train():
        lw.Ensemble([lw.Dense(3), lw.Softmax()], size=2, random_state=0).fit(
            *spiral, epochs=10**6, verbose=False, callbacks=Press(), n_jobs=1
        )

    with pytest.warns(lw.InterruptWarning, match="when 1 of 2 networks had been begun"):
        train()
    with pytest.raises(KeyboardInterrupt):
        train()


def test_an_interrupted_ensemble_is_saved_and_answers(spiral, ctrl_c, tmp_path):
    ensemble = lw.Ensemble([lw.Dense(3), lw.Softmax()], size=3, random_state=0)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.warns(lw.InterruptWarning, match="when 1 of 3 networks had been begun"):
        histories = ensemble.fit(*spiral, epochs=10**7, verbose=False, n_jobs=1)
    assert len(histories) == 1
    ensemble.save(tmp_path / "ensemble.safetensors")
    loaded = lw.load(tmp_path / "ensemble.safetensors")
    assert len(loaded) == 1
    np.testing.assert_array_equal(loaded.predict(spiral[0]), ensemble.predict(spiral[0]))


def test_half_a_search_for_a_rate_gives_none(spiral, ctrl_c):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)

    class Finder(lw.LearningRateFinder):
        def on_step_end(self, run):
            super().on_step_end(run)
            if run.step == 5:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lw.find_learning_rate(net, *spiral, finder=Finder(steps=50))


class PressInFit(lw.losses.CategoricalCrossEntropy):
    """Presses Ctrl-C within a fit, which alone has a handler of its own."""

    def forward(self, y, t, losses, tmp):
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            os.kill(os.getpid(), signal.SIGINT)
        super().forward(y, t, losses, tmp)


@pytest.mark.parametrize("call", [lw.diagnose, lw.trace])
def test_half_a_trial_says_nothing_of_weights(call, spiral, ctrl_c):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyboardInterrupt):
            call(net, 1000 * spiral[0][::10], spiral[1][::10], loss=PressInFit())


# ---------------------------------------------------------------- at the interpreter's end

AT_WORK = """
import sys, threading, time
import numpy as np, layerwise as lw
X, y = np.random.default_rng(0).normal(size=(20000, 50)).astype("f"), np.arange(20000) % 2
net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
net.fit(X, y, epochs=1, verbose=False)
augmentation = lw.Augmentation(shift=1, shape=(5, 10))
work = {
    "fit": lambda: net.fit(X, y, epochs=10**6, verbose=False),
    "fit with a bar": lambda: net.fit(X, y, epochs=10**6),
    "fits": lambda: net.fit(X[:40], y[:40], epochs=3, verbose=False),
    "numpy": lambda: net.fit(X, y, epochs=10**6, verbose=False, engine="numpy"),
    "augmented": lambda: net.fit(X, y, epochs=10**6, verbose=False, augmentation=augmentation),
    "predict": lambda: net.predict(X),
    "evaluate": lambda: net.evaluate(X, y),
}[sys.argv[1]]
begun = threading.Event()

def for_ever():
    begun.set()
    while True:
        work()

threading.Thread(target=for_ever, daemon=True).start()
begun.wait()
time.sleep(0.3)
"""


def run(code, *words):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *words], capture_output=True, text=True, timeout=120, check=False
    )


AT_WORK_SLOW = [pytest.param(work, marks=pytest.mark.slow) for work in ("fit", "numpy", "augmented", "evaluate")]


@pytest.mark.parametrize("work", ["fit with a bar", "fits", "predict", *AT_WORK_SLOW])
def test_a_daemon_thread_at_work_lets_the_interpreter_end(work):
    result = run(AT_WORK, work)
    assert result.returncode == 0, result.stderr
    assert "layerwise" not in result.stderr  # nor is there a word of what it leaves
