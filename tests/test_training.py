"""The loop: what an epoch does, what callbacks see, how it ends."""

import signal
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.training.callbacks import progress

pytestmark = pytest.mark.usefixtures("each_engine")


def network(**arguments):
    return lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, **arguments)


class Recorder(lw.Callback):
    def __init__(self):
        self.calls = []

    def on_fit_begin(self, run):
        self.calls.append("fit begin")

    def on_epoch_begin(self, run):
        self.calls.append(f"epoch {run.epoch} begin")

    def on_step_end(self, run):
        self.calls.append(f"step {run.step}")

    def on_epoch_end(self, run):
        self.calls.append(f"epoch {run.epoch} end")

    def on_fit_end(self, run):
        self.calls.append("fit end")


def test_hooks_are_called_in_order(spiral):
    recorder = Recorder()
    network().fit(*spiral, epochs=2, batch_size=150, callbacks=[recorder], verbose=False)
    assert recorder.calls == [
        "fit begin",
        "epoch 1 begin", "step 1", "step 2", "epoch 1 end",
        "epoch 2 begin", "step 3", "step 4", "epoch 2 end",
        "fit end",
    ]  # fmt: skip


def test_history_is_a_table_with_a_row_an_epoch(spiral):
    history = network().fit(*spiral, epochs=3, penalty=lw.L2(0.001), validation_data=spiral, verbose=False)
    columns = ["loss", "penalty", "accuracy", "val_loss", "val_penalty", "val_accuracy"]
    assert list(history) == [*columns, "learning_rate", "seconds", "samples_per_second"]
    assert all(len(history[name]) == 3 for name in history)
    assert history.epochs == 3
    assert history["loss"][2] < history["loss"][0]
    assert min(history["penalty"]) > 0
    assert history.stopped_by == "epochs"
    assert history.to_dict()["loss"] == history["loss"]
    assert repr(history).splitlines()[0].split() == ["epoch", *history]
    assert history._repr_html_().count("<tr>") == 4
    with pytest.raises(KeyError, match="no column 'los'"):
        history["los"]


def test_the_last_row_is_what_evaluate_says(spiral):
    net = network()
    history = net.fit(*spiral, epochs=3, penalty=lw.L1(0.001), validation_data=spiral, verbose=False)
    numbers = net.evaluate(*spiral)
    assert numbers["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-6)
    assert numbers["penalty"] == pytest.approx(history["val_penalty"][-1], rel=1e-6)
    assert numbers["accuracy"] == history["val_accuracy"][-1] == np.mean(net.predict(spiral[0]) == spiral[1])


def test_the_loss_of_an_epoch_is_the_mean_over_samples(spiral):
    """With a rate too small to move float64 weights, every batch sees the same network, short last one included."""
    net = network(dtype="float64")
    history = net.fit(*spiral, epochs=1, batch_size=64, optimizer=lw.SGD(1e-300), verbose=False)
    assert history["loss"][0] == pytest.approx(net.evaluate(*spiral)["loss"], rel=1e-12)
    assert history["accuracy"][0] == net.evaluate(*spiral)["accuracy"]


def test_metrics_of_ones_own(spiral):
    def share_of_class_0(y_true, y_pred):
        return np.mean(y_pred[y_true == 0] == 0)

    history = network().fit(
        *spiral, epochs=2, validation_data=spiral, metrics=[share_of_class_0, "accuracy"], verbose=False
    )
    assert 0 <= history["val_share_of_class_0"][1] <= 1
    with pytest.raises(lw.UnknownNameError, match="did you mean 'accuracy'"):
        network().fit(*spiral, metrics="acuracy", verbose=False)


def test_a_callback_changes_the_learning_rate_and_stops(spiral):
    class Halve(lw.Callback):
        def on_epoch_end(self, run):
            run.optimizer.learning_rate /= 2
            if run.epoch == 3:
                run.stop("three are enough")

    history = network().fit(*spiral, epochs=9, optimizer=lw.SGD(0.4), callbacks=[Halve()], verbose=False)
    assert history["learning_rate"] == [0.4, 0.2, 0.1]
    assert history.stopped_by == "three are enough"


def test_a_callback_stops_between_two_steps(spiral):
    class Stop(lw.Callback):
        def on_step_end(self, run):
            if run.step == 4:
                run.stop()

    net = network()
    history = net.fit(*spiral, epochs=5, batch_size=100, callbacks=[Stop()], verbose=False)
    assert net.steps == 4
    assert history.epochs == 2  # the epoch that was cut short has its row too
    assert np.isfinite(history["loss"]).all()


def test_a_callback_stops_before_the_first_step(spiral):
    class Stop(lw.Callback):
        def on_epoch_begin(self, run):
            run.stop("not now")

    net = network()
    history = net.fit(*spiral, callbacks=[Stop()], verbose=False)
    assert net.steps == history.epochs == 0
    assert history.stopped_by == "not now"


def test_step_callbacks_change_no_bit(spiral):
    nets = [network(), network()]
    nets[0].fit(*spiral, epochs=3, verbose=False)
    nets[1].fit(*spiral, epochs=3, callbacks=[Recorder()], verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


def test_the_user_s_optimizer_is_left_alone(spiral):
    optimizer = lw.Adam(0.01)
    net = network()
    net.fit(*spiral, optimizer=optimizer, epochs=1, verbose=False)
    assert optimizer.iterations == 0
    assert not optimizer.state
    assert net.optimizer.iterations == 10


def test_an_optimizer_of_another_network_starts_afresh(spiral):
    first = network()
    first.fit(*spiral, optimizer="adam", epochs=1, verbose=False)
    second = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
    second.fit(*spiral, optimizer=first.optimizer, epochs=1, verbose=False)
    assert second.optimizer.iterations == first.optimizer.iterations == 10
    assert second.optimizer.state["m"].dtype == np.float64


def test_two_fits_are_one_longer_fit(spiral):
    once, twice = network(), network()
    once.fit(*spiral, optimizer="adam", epochs=5, verbose=False)
    twice.fit(*spiral, optimizer="adam", epochs=2, verbose=False)
    twice.fit(*spiral, epochs=3, verbose=False)
    np.testing.assert_array_equal(once.theta, twice.theta)
    assert once.steps == twice.steps == 50


@given(seed=st.integers(0, 2**63 - 1))
@settings(max_examples=20)
def test_same_seed_same_bits(seed):
    X, y = lw.datasets.make_spiral(20)
    nets = [lw.Network([lw.Dense(4), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()], random_state=seed) for _ in "ab"]
    for net in nets:
        np.random.seed(int(np.random.default_rng().integers(1000)))  # NumPy's global state has no say  # noqa: NPY002
        net.fit(X, y, epochs=2, batch_size=7, verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


def test_another_seed_another_network(spiral):
    nets = [lw.Network([lw.Dense(3), lw.Softmax()], random_state=seed).build(2) for seed in (0, 1, None, None)]
    assert len({net.theta.tobytes() for net in nets}) == 4


# ---------------------------------------------------------------- divergence


def test_divergence_is_stopped_named_and_undone(rng):
    X, y = rng.standard_normal((100, 4)), rng.standard_normal((100, 1)) * 100
    net = lw.Network([lw.Dense(8), lw.Dense(1)], random_state=0)
    with pytest.raises(lw.DivergenceError, match=r"layer 1 \(Dense\(1\)\) gave NaN or infinity") as caught:
        net.fit(X, y, optimizer=lw.SGD(5.0), epochs=50, batch_size=10, verbose=False)
    assert "smaller learning rate than 5" in str(caught.value)
    assert f"step {caught.value.step} " in str(caught.value)
    assert 0 < caught.value.step < 500
    assert caught.value.layer == "layer 1 (Dense(1))"
    assert np.isfinite(net.theta).all()
    net.optimizer.learning_rate = 0.001
    history = net.fit(X, y, epochs=20, verbose=False)  # its optimizer can go on
    assert history["loss"][-1] < history["loss"][0]


def test_the_last_good_weights_are_those_of_the_last_good_epoch(spiral):
    class Blow(lw.Callback):
        def on_epoch_begin(self, run):
            if run.epoch == 3:
                self.good = run.parameters.theta.copy()
                run.optimizer.learning_rate = 1e30

    blow, net = Blow(), lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3)], random_state=0)
    with pytest.raises(lw.DivergenceError, match="the end of epoch 2"):
        net.fit(spiral[0], np.eye(3)[spiral[1]], loss="mean_squared_error", epochs=5, callbacks=[blow], verbose=False)
    np.testing.assert_array_equal(net.theta, blow.good)


def test_divergence_in_the_very_last_step_is_seen(spiral):
    """The last update gives infinite weights, which no loss looks at any more."""
    net = lw.Network([lw.Dense(3)], random_state=0)
    with pytest.raises(lw.DivergenceError, match="start of this fit"):
        net.fit(
            spiral[0], np.eye(3)[spiral[1]] * 1e18, loss="quadratic_cost", optimizer=lw.SGD(1e38), epochs=1,
            batch_size=300, verbose=False,
        )  # fmt: skip
    assert np.isfinite(net.theta).all()


def test_large_losses_are_not_taken_for_divergence(rng):
    """Losses whose squares overflow float32 are still finite."""
    X, y = rng.standard_normal((20, 2)), np.full((20, 1), 1e12)
    history = lw.Network([lw.Dense(1)], random_state=0).fit(X, y, optimizer=lw.SGD(1e-9), epochs=2, verbose=False)
    assert history["loss"][0] == pytest.approx(1e24, rel=1e-3)


# ---------------------------------------------------------------- Ctrl-C

INTERRUPTED = """
import signal, numpy as np, layerwise as lw
signal.signal(signal.SIGINT, signal.default_int_handler)
X, y = np.random.default_rng(0).random((20000, 50)), np.random.default_rng(1).integers(0, 3, 20000)
net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)

class Ready(lw.Callback):
    def on_epoch_end(self, run):
        print("epoch", run.epoch, flush=True)

history = net.fit(X, y, epochs=100000, callbacks=[Ready()], verbose=False)
print("stopped by", history.stopped_by, "after", net.steps, np.isfinite(net.theta).all(), net.optimizer.iterations)
net.fit(X, y, epochs=1, verbose=False)
print("goes on", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_keeps_whole_steps():
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True, stderr=-1)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("epoch")
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, warned = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "InterruptWarning: interrupted by Ctrl-C in epoch " in warned
    words = next(line for line in output.splitlines() if line.startswith("stopped")).split()
    assert words[:4] == ["stopped", "by", "interrupt", "after"]
    assert words[4] == words[6]  # as many steps as updates of the optimizer: none was cut
    assert words[5] == "True"
    assert "goes on" in output
    assert time.monotonic() - begin < 30


def test_training_in_a_thread(spiral):
    """No signal handler can be set there; training works all the same, and gives the same bits."""
    nets = [network(), network()]
    nets[0].fit(*spiral, epochs=2, verbose=False)
    thread = threading.Thread(target=lambda: nets[1].fit(*spiral, epochs=2, verbose=False))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


# ---------------------------------------------------------------- what is shown


def test_plain_lines_where_output_is_not_a_terminal(spiral, capsys):
    network().fit(*spiral, epochs=1, validation_data=spiral)
    out = capsys.readouterr().out
    assert out.startswith("epoch 1/1  loss ")
    assert "val accuracy" in out
    assert "%" in out
    assert out.count("\n") == 1


def test_many_short_epochs_print_few_lines(spiral, capsys):
    network().fit(*spiral, epochs=300, batch_size=300)
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) < 100
    assert lines[-1].startswith("epoch 300/300")


def test_silence_on_request(spiral, capsys):
    network().fit(*spiral, epochs=1, verbose=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_a_bar_in_a_terminal():
    import os
    import pty

    code = (
        "import layerwise as lw; X, y = lw.datasets.make_spiral(2000);"
        "lw.Network([lw.Dense(3), lw.Softmax()], random_state=0).fit(X, y, epochs=3, batch_size=2)"
    )
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=side, stderr=side, env=environment)
    os.close(side)
    output = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        output += part
    assert process.wait() == 0
    text = output.decode()
    assert "epoch 3/3" in text
    assert "samples/s" in text
    assert "━" in text
    assert "\x1b[" in text


def test_a_bar_in_a_notebook(spiral, monkeypatch):
    """With a stand-in for IPython's display: one output, redrawn in place, ending with a full bar and every epoch."""
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html)

    def display(html, display_id):
        assert display_id
        shown.append(html)
        return Handle()

    stand_in = types.ModuleType("IPython.display")
    stand_in.HTML, stand_in.display = str, display
    monkeypatch.setitem(sys.modules, "IPython.display", stand_in)
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    network().fit(*spiral, epochs=3, batch_size=30)
    assert '<progress value="0" max="30"' in shown[0]
    assert '<progress value="30" max="30"' in shown[-1]
    assert all(f"epoch {i}/3  loss" in shown[-1] for i in (1, 2, 3))


# ---------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number, at least 1; got 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number"),
        ({"engine": "cuda"}, 'engine must be "auto", "numpy" or "native"'),
        ({"loss": "crossentropy"}, "did you mean 'BinaryCrossEntropy'"),
        ({"optimizer": "adamm"}, "did you mean 'Adam'"),
        ({"optimizer": lw.Adam}, "give an instance: Adam"),
        ({"penalty": "l3"}, r"such as L2\(0\.001\); got 'l3'"),
        ({"callbacks": [print]}, "must be instances of Callback"),
        ({"validation_data": np.zeros((3, 2))}, r"must be \(X, y\) or \(X, y, sample_weight\)"),
        ({"validation_data": (np.zeros((3, 5)), [0, 1, 2])}, "X of validation_data has 5 columns"),
        ({"validation_data": (np.zeros((3, 2)), [0, 1, 7])}, "y of validation_data: row 2"),
        ({"sample_weight": [1, 2]}, "one a sample"),
        ({"sample_weight": np.full(300, -1.0)}, "at least 0"),
        ({"class_weight": {0: 1.0, 1: 1.0}}, r"no weight for \[2\]"),
        ({"class_weight": {0: 1.0, 1: 1.0, 2: 1, 3: 1}}, r"names \[3\]"),
    ],
)
def test_bad_arguments_are_named_and_change_nothing(spiral, arguments, message):
    net = network()
    with pytest.raises((ValueError, TypeError), match=message):
        net.fit(*spiral, verbose=False, **arguments)
    assert net.plan is None
    assert net.steps == 0


def test_a_second_fit_keeps_loss_optimizer_and_penalty(spiral):
    net = network()
    net.fit(*spiral, loss=lw.CategoricalCrossEntropy(0.1), penalty=lw.L2(0.01), epochs=1, verbose=False)
    assert net.fit(*spiral, epochs=1, verbose=False)["penalty"][0] > 0
    assert net.loss.label_smoothing == 0.1
    assert net.fit(*spiral, penalty=[], epochs=1, verbose=False)["penalty"][0] == 0


def test_saved_in_the_middle_of_a_fit_it_goes_on_exactly(spiral, tmp_path):
    class Save(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                run.network.save(tmp_path / "m", optimizer=True)

    net = lw.Network([lw.Dense(8), lw.Dropout(0.4), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(*spiral, callbacks=Save(), epochs=4, batch_size=70, verbose=False)
    resumed = lw.load(tmp_path / "m")
    resumed.fit(*spiral, epochs=2, batch_size=70, verbose=False)
    np.testing.assert_array_equal(resumed.theta, net.theta)


def test_momentum_that_a_callback_switches_on(spiral):
    class On(lw.Callback):
        def on_fit_begin(self, run):
            run.optimizer.momentum = 0.9

    nets = [network(), network()]
    nets[0].fit(*spiral, optimizer=lw.SGD(0.1), callbacks=[On()], epochs=2, verbose=False)
    nets[1].fit(*spiral, optimizer=lw.SGD(0.1, momentum=0.9), epochs=2, verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


@pytest.mark.parametrize("last", [1, 5, 16, 17, 40])
def test_short_epochs_made_at_once_end_where_a_callback_stops(last):
    class StopAt(lw.Callback):
        reads_history_only = True

        def on_epoch_end(self, run):
            if run.epoch == last:
                assert run.history.epochs == last
                run.stop("enough")

    X, y = lw.datasets.make_spiral()

    def trained(epochs, callbacks):
        net = lw.Network([lw.Dense(9), lw.Tanh(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()], random_state=0)
        history = net.fit(X, y, epochs=epochs, batch_size=300, callbacks=callbacks, verbose=False)
        return net, history

    stopped, history = trained(60, [StopAt()])
    short, expected = trained(last, [])
    assert history["loss"] == expected["loss"]
    assert history.stopped_by == "enough"
    assert stopped.steps == short.steps == stopped.optimizer.iterations == last
    np.testing.assert_array_equal(stopped.theta, short.theta)
    for name, state in short.optimizer.state.items():
        np.testing.assert_array_equal(stopped.optimizer.state[name], state)
