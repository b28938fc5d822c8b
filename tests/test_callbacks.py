"""Callbacks: every one in every kind of fit, and what each promises."""

import csv
import math
import os
import signal
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine
from layerwise.parts import schedules
from layerwise.training import callbacks
from layerwise.training.callbacks import CALLBACKS

ENGINES = ["numpy", pytest.param("native", marks=pytest.mark.skipif(native_engine._native is None, reason="not there"))]


class Trial:
    """What OptunaPruning asks of Optuna's."""

    def report(self, value, step):
        pass

    def should_prune(self):
        return False


MAKE = {
    lw.EarlyStopping: lambda path: lw.EarlyStopping("loss", patience=2),
    lw.Checkpoint: lambda path: lw.Checkpoint(path / "net-{epoch}.safetensors", every="2 epochs"),
    lw.LearningRateFinder: lambda path: lw.LearningRateFinder(steps=30),
    lw.ReduceOnPlateau: lambda path: lw.ReduceOnPlateau("loss", patience=1),
    lw.GradientClip: lambda path: lw.GradientClip(0.5),
    lw.ExponentialMovingAverage: lambda path: lw.ExponentialMovingAverage(0.9, steps=2),
    lw.Freeze: lambda path: lw.Freeze(0, to_epoch=2),
    lw.CSVLog: lambda path: lw.CSVLog(path / "log.csv"),
    lw.TensorBoard: lambda path: lw.TensorBoard(path / "board", histograms=True),
    lw.Histograms: lambda path: lw.Histograms(np.eye(2), [0, 1], every=2),
    lw.Diagnose: lambda path: lw.Diagnose(every=2, rows=16, warn=False),
    lw.OptunaPruning: lambda path: lw.OptunaPruning(Trial(), "loss"),
    lw.Progress: lambda path: lw.Progress(),
}
NEEDS = {lw.TensorBoard: "tensorboardX"}
NO_BOARD = pytest.mark.skipif(not find_spec("tensorboardX"), reason="tensorboardX is not installed")
every_callback = pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[NO_BOARD] if kind is lw.TensorBoard else []) for kind in CALLBACKS],
    ids=lambda kind: kind.__name__,
)
within_a_fit = pytest.mark.parametrize(  # OptunaPruning ends it by exceptions of its own: test_pruning.py
    "kind",
    [p for p in every_callback.args[1] if p.values != (lw.OptunaPruning,)],
    ids=lambda kind: kind.__name__,
)
both_engines = pytest.mark.parametrize("engine", ENGINES)


def network(**arguments):
    return lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, **arguments)


def fitted(spiral, net=None, **arguments):
    net = network() if net is None else net
    history = net.fit(*spiral, **{"verbose": False, "epochs": 4, "batch_size": 100, **arguments})
    return net, history


class Interrupt(lw.Callback):
    """Ctrl-C in the second epoch, after its first step."""

    def on_step_end(self, run):
        if run.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)


class Blow(lw.Callback):
    """A rate that makes all weights infinite, from the third epoch on."""

    def on_epoch_begin(self, run):
        if run.epoch == 3:
            run.optimizer.learning_rate = 1e38


class Oops(lw.Callback):
    """A user's mistake, at any of the hooks."""

    def __init__(self, hook="on_step_end", epoch=2):
        def fail(run):
            if run.epoch >= epoch or hook == "on_fit_begin":
                raise ZeroDivisionError(hook)

        setattr(self, hook, fail)


class Ended(lw.Callback):
    def __init__(self):
        self.times = 0

    def on_fit_end(self, run):
        self.times += 1
        self.theta = run.parameters.theta.copy()
        self.stopped_by = run.history.stopped_by


class Scripted(lw.Callback):
    """Puts numbers that are known into a column, and notes the weights that were in the network with them."""

    def __init__(self, *values, name="score"):
        self.values, self.name, self.thetas = values, name, []

    def on_evaluate(self, run):
        self.thetas.append(run.parameters.theta.copy())
        run.record(self.name, self.values[run.epoch - 1])


# ---------------------------------------------------------------- all of them


def test_every_callback_is_made_here():
    assert set(MAKE) == set(CALLBACKS)
    for kind in CALLBACKS:
        assert getattr(lw, kind.__name__) is getattr(callbacks, kind.__name__) is kind
        assert kind.__name__ in lw.__all__


@every_callback
def test_its_repr_is_its_constructor(kind, tmp_path):
    assert repr(MAKE[kind](tmp_path)).startswith(f"{kind.__name__}(")


@every_callback
@both_engines
@pytest.mark.parametrize("batch_size", [100, 1000])
def test_it_runs_twice_and_with_the_others(kind, engine, batch_size, spiral, tmp_path):
    callback, net = MAKE[kind](tmp_path), network()
    ended = Ended()
    for _ in range(2):
        fitted(spiral, net, callbacks=[ended, callback], engine=engine, batch_size=batch_size)
        assert np.isfinite(net.theta).all()
    assert ended.times == 2
    assert net.optimizer.learning_rate == 0.001


@within_a_fit
@both_engines
def test_ctrl_c(kind, engine, spiral, tmp_path, ctrl_c):
    with pytest.warns(lw.InterruptWarning, match=r"in epoch 2 of"):
        net, history = fitted(spiral, callbacks=[MAKE[kind](tmp_path), Interrupt()], engine=engine)
    if kind is not lw.LearningRateFinder:
        assert history.stopped_by == "interrupt"
        assert history.epochs == 2
        assert net.steps == 4
    assert np.isfinite(net.theta).all()


@within_a_fit
@both_engines
def test_divergence(kind, engine, spiral, tmp_path):
    net, ended = network(), Ended()
    X, y = spiral[0], np.eye(3)[spiral[1]]
    arguments = {"epochs": 5, "batch_size": 50, "loss": "mean_squared_error", "engine": engine, "verbose": False}
    linear = lw.Network([lw.Dense(8), lw.Dense(3)], random_state=0)
    callbacks = [MAKE[kind](tmp_path), Blow(), ended]
    if kind is lw.LearningRateFinder:
        linear.fit(X, y, callbacks=callbacks, optimizer=lw.SGD(0.01), **arguments)
        assert ended.stopped_by
    else:
        with pytest.raises(lw.DivergenceError, match="The weights are those of "):
            linear.fit(X, y, callbacks=callbacks, optimizer=lw.SGD(0.01), **arguments)
        assert ended.stopped_by == "divergence"
    assert ended.times == 1
    assert np.isfinite(linear.theta).all()
    assert linear.optimizer.learning_rate in (0.01, 1e38)  # what the user's callback assigned stays
    linear.fit(X, y, optimizer=lw.SGD(0.01), **arguments)
    assert net.plan is None


@every_callback
@pytest.mark.parametrize(
    "hook", ["on_fit_begin", "on_epoch_begin", "on_step_end", "on_evaluate", "on_epoch_end", "on_fit_end"]
)
def test_an_error_of_another_callback_reaches_the_user(kind, hook, spiral, tmp_path):
    ended, net = Ended(), network()
    with pytest.raises(ZeroDivisionError, match=hook):
        fitted(spiral, net, callbacks=[Oops(hook), MAKE[kind](tmp_path), ended])
    assert ended.times == 1
    assert ended.stopped_by == "error" or hook == "on_fit_end" or kind is lw.LearningRateFinder
    assert np.isfinite(net.theta).all()
    assert net.optimizer.learning_rate == 0.001
    fitted(spiral, net)


# ---------------------------------------------------------------- the hooks


def test_the_order_of_the_hooks(spiral):
    calls = []

    class All(lw.Callback):
        def __getattribute__(self, name):
            if name.startswith("on_"):
                return lambda run: calls.append((name, run.epoch, run.history.epochs))
            return super().__getattribute__(name)

    fitted(spiral, epochs=1, batch_size=150, callbacks=All())
    assert [call for call in calls if call[0] not in ("on_progress", "on_pause")] == [
        ("on_fit_begin", 0, 0), ("on_epoch_begin", 1, 0), ("on_step_end", 1, 0), ("on_step_end", 1, 0),
        ("on_evaluate", 1, 0), ("on_epoch_end", 1, 1), ("on_fit_end", 1, 1),
    ]  # fmt: skip


@both_engines
def test_steps_between_two_calls(engine, spiral):
    """300 samples, 50 a batch: 6 steps an epoch; every 4th of the fit, across epochs, also of a further fit."""

    class Every(lw.Callback):
        every_steps = 4

        def __init__(self):
            self.seen = []

        def on_step_end(self, run):
            self.seen.append((run.epoch, run.step))

    every, net = Every(), network()
    fitted(spiral, net, batch_size=50, epochs=3, callbacks=every, engine=engine)
    assert every.seen == [(1, 4), (2, 8), (2, 12), (3, 16)]
    fitted(spiral, net, batch_size=50, epochs=1, callbacks=every, engine=engine)
    assert every.seen[4:] == [(1, 22)]
    without, _ = fitted(spiral, batch_size=50, epochs=3, engine=engine)
    fitted(spiral, without, batch_size=50, epochs=1, engine=engine)
    np.testing.assert_array_equal(net.theta, without.theta)


def test_two_rhythms_at_once(spiral):
    seen = []

    class Every(lw.Callback):
        def __init__(self, n):
            self.every_steps = n

        def on_step_end(self, run):
            seen.append((self.every_steps, run.step))

    fitted(spiral, batch_size=50, epochs=2, callbacks=[Every(2), Every(5)])
    assert seen == [(2, 2), (2, 4), (5, 5), (2, 6), (2, 8), (2, 10), (5, 10), (2, 12)]
    with pytest.raises(ValueError, match="Every: every_steps must be a whole number, at least 1; got 0"):
        fitted(spiral, callbacks=Every(0))


def test_what_is_recorded_stands_in_its_epoch(spiral):
    class Some(lw.Callback):
        def on_epoch_begin(self, run):
            if run.epoch == 1:
                run.record("begin", 1)

        def on_step_end(self, run):
            if run.epoch == 2:
                run.record("step", run.step)

        def on_evaluate(self, run):
            if run.epoch >= 3:
                run.record("evaluate", run.epoch)

        def on_epoch_end(self, run):
            if run.epoch in (2, 4):
                run.record("end", np.float32(0.5))

    _, history = fitted(spiral, callbacks=Some())
    nan = math.nan
    np.testing.assert_array_equal(history["begin"], [1, nan, nan, nan])
    np.testing.assert_array_equal(history["step"], [nan, 6, nan, nan])  # the last of three
    np.testing.assert_array_equal(history["evaluate"], [nan, nan, 3, 4])
    np.testing.assert_array_equal(history["end"], [nan, 0.5, nan, 0.5])
    assert all(len(history[name]) == 4 for name in history)


@pytest.mark.parametrize("hook", ["on_step_end", "on_epoch_end"])
def test_a_column_of_fit_is_not_overwritten(hook, spiral):
    callback = lw.Callback()
    setattr(callback, hook, lambda run: run.record("loss", 0))
    with pytest.raises(ValueError, match="own column 'loss'; choose another name"):
        fitted(spiral, callbacks=callback)


def test_a_divergence_that_a_callback_deals_with(spiral):
    class Quietly(lw.Callback):
        def on_divergence(self, run):
            self.message = str(run.divergence)
            return True

    quietly, ended, net = Quietly(), Ended(), lw.Network([lw.Dense(8), lw.Dense(3)], random_state=0)
    history = net.fit(
        spiral[0], np.eye(3)[spiral[1]], loss="mean_squared_error", optimizer=lw.SGD(0.01), epochs=5,
        callbacks=[Blow(), quietly, ended], verbose=False,
    )  # fmt: skip
    assert history.stopped_by == ended.stopped_by == "divergence"
    assert history.epochs == 2
    assert "the end of epoch 2" in quietly.message
    assert np.isfinite(net.theta).all()


def test_an_error_at_the_end_stops_no_other_end(spiral):
    first, last = Ended(), Ended()
    with pytest.raises(ZeroDivisionError):
        fitted(spiral, callbacks=[first, Oops("on_fit_end", 0), Oops("on_fit_end", 0), last])
    assert first.times == last.times == 1


def test_the_class_is_no_callback(spiral):
    with pytest.raises(TypeError, match=r"give an instance: EarlyStopping\(\.\.\.\)"):
        fitted(spiral, callbacks=[lw.EarlyStopping])


def test_the_last_epoch_is_shown_whoever_ended_the_training(spiral, capsys):
    network().fit(*spiral, epochs=99, callbacks=lw.EarlyStopping("loss", patience=1, min_delta=9))
    assert "epoch  2/99" in capsys.readouterr().out


def test_progress_by_hand_is_shown_once(spiral, capsys):
    for verbose in (True, False):
        network().fit(*spiral, epochs=1, callbacks=lw.Progress(), verbose=verbose)
        assert capsys.readouterr().out.count("epoch 1/1") == 1


# ---------------------------------------------------------------- schedules in training


@both_engines
def test_a_schedule_is_that_rate_step_by_step(engine, spiral):
    """Against a callback that sets the rate by hand: 3 steps an epoch, so t = 0, 1/3, 2/3, 1, …"""

    class ByHand(lw.Callback):
        def on_step_end(self, run):
            done = run.step - run.first_step
            run.optimizer.learning_rate = 0.1 / (1 + done / run.steps_per_epoch)

    schedule = schedules.InverseTime(1.0)
    scheduled, history = fitted(spiral, schedule=schedule, optimizer=lw.SGD(0.1), engine=engine)
    by_hand, _ = fitted(spiral, callbacks=ByHand(), optimizer=lw.SGD(0.1), engine=engine)
    np.testing.assert_allclose(scheduled.theta, by_hand.theta, rtol=1e-6, atol=1e-7)
    # the rate of each epoch's last step, at t = e - 1/3
    np.testing.assert_allclose(history["learning_rate"], [0.1 / (1 + e - 1 / 3) for e in (1, 2, 3, 4)], rtol=1e-12)
    assert scheduled.optimizer.learning_rate == 0.1


@both_engines
@pytest.mark.parametrize("name", [kind.__name__ for kind in schedules.SCHEDULES])
@pytest.mark.parametrize("batch_size", [70, 300])
def test_every_schedule_as_a_function_and_with_callbacks_in_between(engine, name, batch_size, spiral):
    ours, arguments = schedules.as_schedule(name), {"engine": engine, "batch_size": batch_size, "optimizer": "adam"}
    steps = -(-300 // batch_size)
    # A function is asked at the beginning of each step; where the schedule is read elsewhere, it moves t there.
    at = {
        "start": lambda t, total: t,
        "middle": lambda t, total: t + 0.5 / steps,
        "ends": lambda t, total: t * steps * total / (steps * total - 1),
    }[ours.read_at]
    nets = [
        fitted(spiral, schedule=schedule, callbacks=watchers, **arguments)[0]
        for schedule, watchers in [
            (name, []),
            (lambda t, total: ours(at(t, total), total), []),
            (name, [Ended(), Interrupted()]),
        ]
    ]
    np.testing.assert_allclose(nets[1].theta, nets[0].theta, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(nets[2].theta, nets[0].theta)


@both_engines
@pytest.mark.parametrize("batch_size", [100, 300])
@pytest.mark.parametrize("optimizer", [lw.SGD(0.1, decay=0.5), lw.Adam(0.01, decay=0.5)])
@pytest.mark.parametrize("watch", [True, False])
def test_the_history_has_the_rate_of_the_last_step_under_decay(engine, batch_size, optimizer, watch, spiral):
    """Step s has the rate η / (1 + ½ s), s from 0; an epoch of 3 steps ends with s = 2, 5, 8, 11."""
    watchers = [Interrupted()] if watch else []
    _, history = fitted(spiral, optimizer=optimizer, batch_size=batch_size, engine=engine, callbacks=watchers)
    per_epoch = 300 // batch_size
    last = per_epoch * np.arange(1, 5) - 1
    np.testing.assert_allclose(history["learning_rate"], optimizer.learning_rate / (1 + 0.5 * last), rtol=1e-12)


@both_engines
@pytest.mark.parametrize("schedule", [schedules.Cosine(warm_up=2), schedules.CosLog(), schedules.OneCycle()])
@pytest.mark.parametrize("batch_size", [70, 300])
def test_no_step_has_the_rate_0(engine, schedule, batch_size, spiral):
    """Adam's steps are as long as the rate, whatever the gradient: each of them moves the weights."""

    class Look(lw.Callback):
        def on_fit_begin(self, run):
            self.thetas, self.rates = [run.parameters.theta.copy()], []

        def on_step_end(self, run):
            self.thetas.append(run.parameters.theta.copy())
            self.rates.append(run.optimizer.learning_rate)

    look = Look()
    fitted(spiral, schedule=schedule, batch_size=batch_size, engine=engine, callbacks=look, optimizer=lw.Adam(0.1))
    assert min(look.rates) > 0
    assert all((a != b).any() for a, b in zip(look.thetas, look.thetas[1:]))


@both_engines
def test_one_cycle_begins_and_ends_with_its_own_values(engine, spiral):
    rates = []

    class Look(lw.Callback):
        def on_step_end(self, run):
            rates.append(run.optimizer.learning_rate)

    schedule = schedules.OneCycle(start=0.1, end=0.01)
    _, history = fitted(spiral, schedule=schedule, batch_size=70, engine=engine, callbacks=Look(), optimizer="sgd")
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == history["learning_rate"][-1] == pytest.approx(0.01)


class Interrupted(lw.Callback):
    """A return to Python after each step."""

    def on_step_end(self, run):
        assert run.loss > 0


@pytest.mark.skipif(native_engine._native is None, reason="not there")
@pytest.mark.parametrize("optimizer", [lw.SGD(0.5, momentum=0.9), lw.Adam(0.01, decay=0.01), lw.AdamW(0.01)])
@pytest.mark.parametrize("schedule", ["one_cycle", "cos_log", lambda t, total: 0.5 if t < 2 else 0])
def test_a_schedule_by_both_executors(schedule, optimizer, spiral):
    nets = [
        fitted(spiral, network(dtype="float64"), schedule=schedule, optimizer=optimizer, engine=engine)
        for engine in ("numpy", "native")
    ]
    np.testing.assert_allclose(nets[0][0].theta, nets[1][0].theta, rtol=1e-9, atol=1e-12)
    assert nets[0][1]["learning_rate"] == nets[1][1]["learning_rate"]


@both_engines
def test_a_factor_of_0_moves_nothing(engine, spiral):
    net = network()
    net.build(2)
    before = net.theta.copy()
    _, history = fitted(spiral, net, schedule=schedules.Constant(0), optimizer=lw.SGD(1.0, momentum=0.9), engine=engine)
    np.testing.assert_array_equal(net.theta, before)
    assert history["learning_rate"] == [0, 0, 0, 0]
    assert net.optimizer.learning_rate == 1


def test_a_second_fit_begins_with_the_optimizer_s_own_rate(spiral):
    net = network()
    for _ in range(2):
        _, history = fitted(spiral, net, schedule=schedules.StepDecay(0.5, every=2), **SGD)
        assert history["learning_rate"] == [0.4, 0.4, 0.2, 0.2]
        assert net.optimizer.learning_rate == 0.4


SGD = {"optimizer": lw.SGD(0.4)}


def test_the_rate_that_a_callback_sees(spiral):
    seen = []

    class Look(lw.Callback):
        def on_epoch_begin(self, run):
            seen.append(run.optimizer.rate())

        on_step_end = on_epoch_end = on_epoch_begin

    fitted(spiral, schedule=lambda t, total: 1 / (1 + round(3 * t)), epochs=2, callbacks=Look(), **SGD)
    rates = [0.4 / (1 + step) for step in range(6)]
    expected = [rates[0], *rates[:3], rates[2], rates[3], *rates[3:], rates[5]]
    np.testing.assert_allclose(seen, expected, rtol=1e-12)


def test_a_rate_assigned_under_a_schedule_is_a_share_and_stays(spiral):
    class Halve(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                run.optimizer.learning_rate /= 2

    net, history = fitted(spiral, schedule=schedules.StepDecay(0.1, every=1), callbacks=Halve(), **SGD)
    np.testing.assert_allclose(history["learning_rate"], [0.4, 0.04, 0.002, 0.0002])
    assert net.optimizer.learning_rate == pytest.approx(0.2)


def test_a_schedule_of_nonsense_is_named_and_harms_nothing(spiral):
    def odd(t, total):
        return -1 if t >= 2 else 1

    net, ended = network(), Ended()
    with pytest.raises(ValueError, match="schedule odd gave -1 at t=2 of 4 epochs"):
        fitted(spiral, net, schedule=odd, callbacks=ended)
    assert net.steps == 6
    assert ended.times == 1
    assert net.optimizer.learning_rate == 0.001


def test_a_schedule_of_ones_own_in_a_fit(spiral):
    def down(t, total):
        return 1 - t / total

    _, history = fitted(spiral, schedule=down, **SGD)
    np.testing.assert_allclose(history["learning_rate"], [0.4 * (1 - (e - 1 / 3) / 4) for e in (1, 2, 3, 4)])


def test_short_epochs_with_a_schedule_need_few_calls_of_it(spiral):
    """Ours are asked for thousands of steps at once; the numbers are the same as one by one."""
    _, history = fitted(spiral, schedule="cosine", epochs=5000, batch_size=300, engine="auto", **SGD)
    t = np.arange(5000) + 0.5
    np.testing.assert_allclose(history["learning_rate"], 0.2 * (1 + np.cos(np.pi * t / 5000)), rtol=1e-12, atol=1e-17)


# ---------------------------------------------------------------- early stopping


@pytest.mark.parametrize(
    ("values", "arguments", "best", "stopped"),
    [
        ([3, 2, 2, 1.5, 1.6, 1.7], {"patience": 2, "mode": "min"}, (1.5, 4), 6),
        ([3, 2, 2, 2, 1, 1], {"patience": 2, "mode": "min"}, (2, 2), 4),
        ([1, 2, 3, 2.5, 2.9, 4], {"patience": 3}, (4, 6), 0),
        ([1, 2, 3, 2.5, 2.9, 3], {"patience": 3}, (3, 3), 6),
        ([5, 4.95, 4.9, 4.8, 4.7, 4.7], {"patience": 3, "mode": "min", "min_delta": 0.15}, (4.8, 4), 0),
        ([9, 1, 5, 4, 6, 7], {"patience": 2, "mode": "min", "start_from": 2}, (4, 4), 6),
        ([math.nan, 2, math.nan, math.nan, 9, 9], {"patience": 2}, (2, 2), 4),
        ([math.nan] * 6, {"patience": 3}, (math.nan, 0), 3),
    ],
)
def test_early_stopping_on_known_numbers(values, arguments, best, stopped, spiral):
    scripted, stopping = Scripted(*values), lw.EarlyStopping("score", **arguments)
    net, history = fitted(spiral, epochs=6, callbacks=[scripted, stopping])
    np.testing.assert_equal((stopping.best, stopping.best_epoch, stopping.stopped_epoch), (*best, stopped))
    assert history.epochs == (stopped or 6)
    assert history.stopped_by == (f"score was no better for {stopping.patience} epochs" if stopped else "epochs")
    np.testing.assert_array_equal(net.theta, scripted.thetas[best[1] - 1 if best[1] else history.epochs - 1])


def test_the_best_weights_are_optional(spiral):
    scripted, stopping = Scripted(1, 2, 3, 4), lw.EarlyStopping("score", mode="min", restore_best=False, patience=2)
    net, _ = fitted(spiral, callbacks=[scripted, stopping])
    np.testing.assert_array_equal(net.theta, scripted.thetas[2])


@pytest.mark.parametrize(
    ("name", "smaller"),
    [("loss", True), ("val_loss", True), ("val_penalty", True), ("val_worst_error", True), ("val_accuracy", False),
     ("val_r2_score", False), ("samples_per_second", False)],
)  # fmt: skip
def test_which_way_is_better(name, smaller, spiral):
    assert lw.EarlyStopping(name)._watched.smaller is smaller
    assert lw.EarlyStopping(name, mode="max")._watched.smaller is False


@pytest.mark.parametrize("leave", [Oops("on_step_end", 4), Oops("on_epoch_end", 4), Oops("on_epoch_begin", 4)])
@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_best_weights_come_back_after_an_error(leave, ema, spiral):
    scripted, net = Scripted(1, 3, 2, 0, 0), network()
    with pytest.raises(ZeroDivisionError):
        fitted(spiral, net, ema=ema, callbacks=[lw.EarlyStopping("score"), scripted, leave], epochs=5)
    np.testing.assert_array_equal(net.theta, scripted.thetas[1])


@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_best_weights_come_back_after_ctrl_c(ema, spiral, ctrl_c):
    scripted, ended = Scripted(3, 1), Ended()
    with pytest.warns(lw.InterruptWarning):
        net, history = fitted(spiral, ema=ema, callbacks=[ended, lw.EarlyStopping("score"), scripted, Interrupt()])
    assert history.stopped_by == "interrupt"
    np.testing.assert_array_equal(net.theta, scripted.thetas[0])
    np.testing.assert_array_equal(ended.theta, net.theta)  # already there when the others' last hooks are called


@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_best_weights_come_back_after_divergence(ema, spiral):
    scripted, net = Scripted(3, 1, 0), lw.Network([lw.Dense(8), lw.Dense(3)], random_state=0)
    with pytest.raises(lw.DivergenceError, match="those of epoch 1, the best by score"):
        net.fit(
            spiral[0], np.eye(3)[spiral[1]], loss="mean_squared_error", optimizer=lw.SGD(0.01), epochs=5, ema=ema,
            callbacks=[lw.EarlyStopping("score"), scripted, Blow()], verbose=False,
        )  # fmt: skip
    np.testing.assert_array_equal(net.theta, scripted.thetas[0])


def test_the_short_form(spiral):
    net, history = fitted(spiral, patience=2, monitor="val_loss", validation_data=spiral, epochs=500, **SGD)
    assert net.evaluate(*spiral)["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-6)
    _, history = fitted(spiral, patience=1, monitor="seconds_", callbacks=Scripted(2, 3, 4, 3, 3, name="seconds_"))
    assert history.epochs == 4


def test_a_column_that_is_not_there(spiral):
    with pytest.raises(lw.UnknownNameError, match=r"no column 'val_loss' \(val_ columns need.*there are loss, penalty"):
        fitted(spiral, callbacks=lw.EarlyStopping())
    net = network()
    with pytest.raises(lw.DataError, match=r"patience=3 is about 'val_loss', which needs validation_data=\(X, y\)"):
        fitted(spiral, net, patience=3)
    assert net.plan is None
    with pytest.raises(lw.UnknownNameError, match="EarlyStopping: mode='mim' is not known; did you mean 'min'"):
        lw.EarlyStopping(mode="mim")
    with pytest.raises(TypeError, match="monitor must be a column's name"):
        lw.EarlyStopping(5)


# ---------------------------------------------------------------- plateaus


def test_reduce_on_plateau_on_known_numbers(spiral):
    """Worse in 2, 3 → halved for 4; 4 is a rest, 5 and 6 worse → halved for 7; 7 rests, 8 is best, 9."""
    scripted = Scripted(1, 2, 2, 2, 2, 2, 2, 0.5, 2)
    reduce = lw.ReduceOnPlateau("score", mode="min", factor=0.5, patience=2, cooldown=1)
    net, history = fitted(spiral, epochs=9, callbacks=[scripted, reduce], **SGD)
    assert history["learning_rate"] == [0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1]
    assert net.optimizer.learning_rate == 0.4


def test_reduce_on_plateau_has_a_lowest_rate(spiral):
    reduce = lw.ReduceOnPlateau("score", factor=0.1, patience=1, lowest=0.01)
    _, history = fitted(spiral, callbacks=[Scripted(1, 1, 1, 1), reduce], **SGD)
    np.testing.assert_allclose(history["learning_rate"], [0.4, 0.4, 0.04, 0.01])
    reduce = lw.ReduceOnPlateau("score", patience=1, lowest=9)
    assert fitted(spiral, callbacks=[Scripted(1, 1, 1, 1), reduce], **SGD)[1]["learning_rate"] == [0.4] * 4


def test_reduce_on_plateau_is_a_factor_on_a_schedule(spiral):
    reduce = lw.ReduceOnPlateau("score", factor=0.5, patience=2)
    net, history = fitted(
        spiral, callbacks=[reduce, Scripted(1, 1, 1, 1)], schedule=schedules.StepDecay(0.1, every=2), **SGD
    )
    np.testing.assert_allclose(history["learning_rate"], [0.4, 0.4, 0.04, 0.02])
    assert net.optimizer.learning_rate == 0.4


# ---------------------------------------------------------------- averages


class Steps(lw.Callback):
    """The raw weights after every step."""

    def __init__(self):
        self.thetas = []

    def on_step_end(self, run):
        self.thetas.append(run.parameters.theta.copy())


@both_engines
@pytest.mark.parametrize("steps", [1, 2])
def test_the_average_against_a_loop(engine, steps, spiral):
    net, raw, seen, recorded = network(dtype="float64"), Steps(), Scripted(*range(4)), Steps()
    net.build(2)
    average = net.theta.copy()
    fitted(spiral, network(dtype="float64"), callbacks=raw, engine=engine)
    ema = lw.ExponentialMovingAverage(0.6, steps)
    fitted(spiral, net, callbacks=[seen, recorded, ema], engine=engine)
    np.testing.assert_array_equal(recorded.thetas, raw.thetas)  # training itself is not touched
    averages = []
    for t, theta in enumerate(raw.thetas[steps - 1 :: steps]):
        d = min(0.6**steps, (1 + t) / (10 + t))
        average = d * average + (1 - d) * theta
        averages.append(average)
    np.testing.assert_allclose(net.theta, averages[-1], rtol=1e-12)
    for epoch in range(4):  # 3 steps each
        np.testing.assert_allclose(seen.thetas[epoch], averages[3 * (epoch + 1) // steps - 1], rtol=1e-12)


def test_validation_sees_the_average(spiral):
    net, history = fitted(spiral, ema=0.99, validation_data=spiral)
    assert net.evaluate(*spiral)["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-6)
    raw, other = fitted(spiral, validation_data=spiral)
    assert history["val_loss"] != other["val_loss"]
    assert history["loss"] == other["loss"]
    assert not np.array_equal(raw.theta, net.theta)


def test_a_memory_of_nothing_is_the_raw_weights(spiral):
    np.testing.assert_array_equal(fitted(spiral, ema=0.0)[0].theta, fitted(spiral)[0].theta)


@pytest.mark.parametrize("order", [1, -1])
def test_early_stopping_keeps_the_averaged_best_in_any_order(order, spiral, tmp_path):
    scripted = Scripted(1, 3, 2, 0)
    watchers = [
        scripted,
        lw.EarlyStopping("score"),
        lw.ExponentialMovingAverage(0.9),
        lw.Checkpoint(tmp_path / "m", keep=1),
    ]
    net, _ = fitted(spiral, callbacks=watchers[::order])
    np.testing.assert_array_equal(net.theta, scripted.thetas[1])
    averaged, _ = fitted(spiral, ema=0.9, epochs=2)
    np.testing.assert_array_equal(net.theta, averaged.theta)
    np.testing.assert_array_equal(lw.load(tmp_path / "m").theta, scripted.thetas[3])


def test_an_average_that_an_error_ends(spiral):
    net, steps = network(), Steps()
    net.build(2)
    average = net.theta.astype(float)
    with pytest.raises(ZeroDivisionError):
        fitted(spiral, net, callbacks=[lw.ExponentialMovingAverage(0.9), steps, Oops("on_step_end", 2)])
    for t, theta in enumerate(steps.thetas):
        d = min(0.9, (1 + t) / (10 + t))
        average = d * average + (1 - d) * theta
    assert len(steps.thetas) == 4
    np.testing.assert_allclose(net.theta, average, rtol=1e-5, atol=1e-7)


def test_an_average_of_a_training_that_diverges(spiral):
    scripted, net = Scripted(0, 0, 0), lw.Network([lw.Dense(8), lw.Dense(3)], random_state=0)
    with pytest.raises(lw.DivergenceError, match="those of the moving average, as it was then"):
        net.fit(
            spiral[0], np.eye(3)[spiral[1]], loss="mean_squared_error", optimizer=lw.SGD(0.01), epochs=5, ema=0.9,
            callbacks=[scripted, Blow()], verbose=False,
        )  # fmt: skip
    np.testing.assert_array_equal(net.theta, scripted.thetas[1])


# ---------------------------------------------------------------- clipping and freezing


def test_clipped_steps_are_short(spiral):
    """SGD with rate 1 and gradients of at most 0.01 moves theta by at most 0.01 a step."""
    for arguments in ({"callbacks": lw.GradientClip(0.01)}, {"clip_norm": 0.01}):
        steps, net = Steps(), network(dtype="float64")
        arguments = {"callbacks": [], **arguments}
        arguments["callbacks"] = [steps, *np.atleast_1d(arguments["callbacks"])]
        fitted(spiral, net, optimizer=lw.SGD(1.0), engine="numpy", **arguments)
        lengths = np.linalg.norm(np.diff(steps.thetas, axis=0), axis=1)
        np.testing.assert_allclose(lengths, 0.01, rtol=1e-9)
    with pytest.raises(ValueError, match=r"fit: clip_norm must be above 0; got 0"):
        fitted(spiral, clip_norm=0)


class Layers(lw.Callback):
    """Which layers have changed, epoch by epoch."""

    def __init__(self):
        self.changed = []

    def on_epoch_begin(self, run):
        self.before = run.parameters.theta.copy()

    def on_epoch_end(self, run):
        moved = run.parameters.theta != self.before
        self.changed.append(
            [i for i, slices in enumerate(run.parameters.slices) if any(moved[part].any() for part in slices.values())]
        )


def test_layers_that_are_frozen_for_some_epochs(spiral):
    layers = Layers()
    watchers = [lw.Freeze(0, to_epoch=2), lw.Freeze([0, -2], from_epoch=2, to_epoch=3), lw.Freeze(2, from_epoch=5)]
    for order in (1, -1):
        layers = Layers()
        fitted(spiral, epochs=5, callbacks=[*watchers[::order], layers], engine="numpy")
        assert layers.changed == [[2], [], [], [0, 2], [0]]


def test_a_network_s_frozen_layers(spiral):
    net, layers = network(), Layers()
    assert net.freeze(0) is net
    assert "Dense(16) (frozen)" in net.summary()
    assert "(frozen)" in net._repr_html_()
    fitted(spiral, net, epochs=1, callbacks=layers, engine="numpy")
    assert net.copy().frozen == {0}
    net.freeze(-2)
    assert net.frozen == {0, 2}
    fitted(spiral, net, epochs=1, callbacks=layers, engine="numpy")
    net.unfreeze(0)
    fitted(spiral, net, epochs=1, callbacks=layers, engine="numpy")
    net.unfreeze()
    assert "(frozen)" not in net.summary()
    fitted(spiral, net, epochs=1, callbacks=layers, engine="numpy")
    assert layers.changed == [[2], [], [0], [0, 2]]


def test_layers_that_cannot_be_frozen(spiral):
    net = network()
    with pytest.raises(lw.ShapeError, match="freeze: there is no layer 4; the network has layers 0 to 3"):
        net.freeze(4)
    with pytest.raises(
        lw.ShapeError, match=r"nothing in these layers learns: 3 \(Softmax\(\)\); those that do are \[0"
    ):
        net.freeze(-1)
    with pytest.raises(TypeError, match="whole numbers; got 'first'"):
        net.freeze("first")
    with pytest.raises(lw.ShapeError, match="Freeze: there is no layer -5"):
        fitted(spiral, callbacks=lw.Freeze(-5))
    assert net.freeze(0, 1).frozen == {0, 1}


# ---------------------------------------------------------------- checkpoints and logs


def test_checkpoints(spiral, tmp_path):
    thetas = Scripted(3, 1, 2, 0.5, 4, 0)
    each = lw.Checkpoint(tmp_path / "{epoch:02d}.safetensors", every="2 epochs", keep=None)
    best = lw.Checkpoint(tmp_path / "best", monitor="score", mode="min", keep=1)
    fitted(spiral, epochs=5, callbacks=[thetas, each, best])
    assert [os.path.basename(path) for path in each.saved] == ["02.safetensors", "04.safetensors", "05.safetensors"]
    np.testing.assert_array_equal(lw.load(each.saved[0]).theta, thetas.thetas[1])
    np.testing.assert_array_equal(lw.load(tmp_path / "best").theta, thetas.thetas[3])
    assert best.saved == [str(tmp_path / "best")]
    assert {path.name for path in tmp_path.iterdir()} == {"02.safetensors", "04.safetensors", "05.safetensors", "best"}


def test_a_checkpoint_has_the_optimizer_s_own_rate(spiral, tmp_path):
    rates = Steps()
    rates.on_epoch_end = lambda run: rates.thetas.append(run.optimizer.learning_rate)
    fitted(spiral, callbacks=[lw.Checkpoint(tmp_path / "m", keep=1), rates], schedule=schedules.Constant(0.5), **SGD)
    assert lw.load(tmp_path / "m").optimizer.learning_rate == 0.4
    assert rates.thetas[-1] == 0.2


def test_a_path_that_cannot_be_written_to_is_told_before_the_training(spiral, tmp_path):
    for callback in (lw.Checkpoint(tmp_path / "no" / "m"), lw.CSVLog(tmp_path / "no" / "m")):
        net = network()
        with pytest.raises(FileNotFoundError, match="there is no directory"):
            fitted(spiral, net, callbacks=callback)
        assert net.steps == 0


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_says_what_the_history_says(spiral, tmp_path):
    path, net = tmp_path / "log.csv", network()
    _, first = fitted(spiral, net, callbacks=lw.CSVLog(path))
    _, second = fitted(spiral, net, callbacks=lw.CSVLog(path), epochs=2)
    rows = rows_of(path)
    assert list(rows[0]) == ["epoch", *first]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    for name in first:
        assert [float(row[name]) for row in rows] == first[name] + second[name]


def test_the_csv_has_columns_that_come_and_go(spiral, tmp_path):
    class Late(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch == 3:
                run.record("late", 7)

    path, net = tmp_path / "log.csv", network()
    fitted(spiral, net, callbacks=[Late(), lw.CSVLog(path)])
    fitted(spiral, net, callbacks=lw.CSVLog(path), validation_data=spiral, epochs=1)
    assert [row["late"] for row in rows_of(path)] == ["", "", "7.0", "nan", ""]
    assert [bool(row["val_loss"]) for row in rows_of(path)] == [False] * 4 + [True]


def test_the_csv_is_on_the_disk_after_each_epoch_and_goes_on_after_a_torn_line(spiral, tmp_path):
    path, lengths = tmp_path / "log.csv", []

    class Look(lw.Callback):
        def on_epoch_end(self, run):
            lengths.append(len(path.read_text().splitlines()))

    fitted(spiral, callbacks=[lw.CSVLog(path), Look()])
    assert lengths == [2, 3, 4, 5]
    path.write_text(path.read_text() + "5,0.1")
    fitted(spiral, callbacks=lw.CSVLog(path), epochs=1)
    assert [row["epoch"] for row in rows_of(path)] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("content", [b"name,price\na,1\n", b"\x00\xff\xfe", b"\n\n"])
def test_another_file_is_left_alone(content, spiral, tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    with pytest.raises(lw.DataError, match="is no log of a training; give another path"):
        fitted(spiral, callbacks=lw.CSVLog(path))
    assert path.read_bytes() == content


def events_of(directory):
    """The scalars in TensorBoard's files: records of a length (8 bytes), its sum (4), an event, its sum (4)."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in sorted(directory.iterdir()):
        content = path.read_bytes()
        while content:
            size = int.from_bytes(content[:8], "little")
            event = Event.FromString(content[12 : 12 + size])
            content = content[16 + size :]
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                found.setdefault(value.tag, []).append((event.step, getattr(value, kind)))
    return found


def test_tensorboard_has_what_the_history_has(spiral, tmp_path):
    pytest.importorskip("tensorboardX")
    board, net = lw.TensorBoard(tmp_path / "a", histograms=True), network()
    _, first = fitted(spiral, net, callbacks=board, validation_data=spiral)
    _, second = fitted(spiral, net, callbacks=board, validation_data=spiral, epochs=1)
    events = events_of(tmp_path / "a")
    for name in ("loss", "val_loss", "val_accuracy", "learning_rate"):
        steps, values = zip(*events[name], strict=True)
        assert steps == (1, 2, 3, 4, 5)
        np.testing.assert_allclose(values, first[name] + second[name], rtol=1e-6)
    assert [value.num for _, value in events["0_Dense/W"]] == [32] * 5
    assert "2_Dense/b" in events


def test_tensorboard_without_its_package(spiral, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'layerwise\[tensorboard\]'"):
        fitted(spiral, callbacks=lw.TensorBoard(tmp_path))


# ---------------------------------------------------------------- the search for a learning rate


@both_engines
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("batch_size", [30, 300])
def test_the_search_leaves_everything_as_it_was(engine, trained, batch_size, spiral):
    arguments = {"optimizer": lw.Adam(0.02), "engine": engine, "batch_size": batch_size}
    nets = [network(), network()]
    if trained:
        for net in nets:
            fitted(spiral, net, **arguments)
        arguments["optimizer"] = None
    finder = lw.LearningRateFinder()
    _, history = fitted(spiral, nets[0], callbacks=finder, **arguments)
    assert history.epochs == 0
    assert nets[0].steps == nets[1].steps
    if not trained:
        assert nets[0].optimizer.iterations == 0
        assert nets[0].optimizer.state == {}
    assert nets[0].optimizer.learning_rate == 0.02
    arguments["optimizer"] = None if trained else nets[0].optimizer
    for net in nets:
        fitted(spiral, net, **arguments)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


@both_engines
def test_the_search_in_one_call(engine, spiral):
    net = network()
    finder = lw.find_learning_rate(
        net, *spiral, optimizer="sgd", batch_size=30, epochs=99, schedule="cosine", patience=3, engine=engine
    )
    assert net.plan is None
    assert net.optimizer is None
    assert len(finder.rates) == len(finder.losses) == len(finder.smoothed) > 100
    np.testing.assert_allclose(finder.rates, np.geomspace(1e-7, 10, 200)[: len(finder.rates)])
    assert np.isfinite(finder.losses).all()
    before, after = net.copy(), net.copy()
    fitted(spiral, after, optimizer=lw.SGD(finder.suggestion), batch_size=30, epochs=20)
    fitted(spiral, before, optimizer=lw.SGD(finder.suggestion / 100), batch_size=30, epochs=20)
    assert after.evaluate(*spiral)["loss"] < before.evaluate(*spiral)["loss"]


def test_the_search_is_never_an_error(spiral):
    """From a rate that blows everything up at once, on numbers that any rate blows up."""
    X, y = np.random.default_rng(0).standard_normal((100, 4)) * 1e15, np.full((100, 1), 1e15)
    linear = lw.Network([lw.Dense(8), lw.Dense(1)], random_state=0)
    finder = lw.find_learning_rate(linear, X, y, finder=lw.LearningRateFinder(1, 1e30, steps=20), optimizer=lw.SGD())
    assert math.isnan(finder.suggestion) or finder.suggestion > 0
    assert math.isnan(lw.LearningRateFinder().suggestion)
    with pytest.raises(ValueError, match="highest must be above"):
        lw.LearningRateFinder(1, 0.1)


def test_the_suggestion_by_hand():
    """Nine rates, one a power of ten: the loss falls most from 1e-3 to 1e-2 … and 1e-1, whose middle is 1e-2."""
    finder = lw.LearningRateFinder(1e-6, 1e2, steps=9)
    finder._losses = finder._smoothed = [5, 5, 5, 4.9, 3, 1, 0.9, 1.5, 4]
    # falls over two powers of ten, middles 1e-5, …: 0, 0.1, 2, 3.9, 2.1; the minimum is at 1e0
    assert finder.suggestion == pytest.approx(1e-2)
    finder._losses = finder._smoothed = [1, 2, 3]
    assert finder.suggestion == pytest.approx(1e-7)


def test_the_picture_of_the_search(spiral):
    from matplotlib.figure import Figure

    finder = lw.find_learning_rate(network(), *spiral, optimizer="adam")
    panel = finder.plot(Figure().subplots())
    assert panel.get_xscale() == "log"
    assert [text.get_text() for text in panel.get_legend().get_texts()][2] == f"suggestion: {finder.suggestion:.2g}"


@pytest.mark.parametrize(
    ("column", "smaller"),
    [("val_loss", True), ("val_log_loss", True), ("val_mean_squared_error", True), ("val_d2_log_loss_score", False),
     ("val_d2_absolute_error_score", False), ("val_accuracy", False), ("train_hamming_loss", True)],
)  # fmt: skip
def test_which_numbers_are_better(column, smaller):
    assert callbacks.monitor.Monitor(lw.EarlyStopping(), column, "auto").smaller == smaller
