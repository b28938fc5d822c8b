"""A resumed fit is the one that was cut off: every argument is compared, and what is changed on purpose is said."""

import functools
import inspect

import numpy as np
import pytest

import layerwise as lw
from layerwise import files as storage
from layerwise.network.settings import EXECUTION, describe, shown
from layerwise.parts import schedules
from layerwise.training.callbacks import CALLBACKS, Callback
from model_files import rewrite

RNG = np.random.default_rng(0)
X, Y = RNG.random((60, 4)).astype("f"), RNG.integers(0, 3, 60)
HELD_OUT = RNG.random((20, 4)).astype("f"), RNG.integers(0, 3, 20)


def network(**options):
    return lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=2, **options)


def forwards(n):
    return np.arange(n)


def backwards(n):
    return np.arange(n)[::-1]


def hits(y_true, y_pred):
    return float(np.mean(y_true == y_pred))


ARGUMENTS = {
    "X": X, "y": Y, "optimizer": lw.SGD(0.1), "epochs": 3, "batch_size": 20, "validation_data": HELD_OUT, "patience": 9,
    "verbose": False,
}  # fmt: skip


def fit(path, net=None, resume=False, callbacks=(), checkpoint=None, **changed):
    net = net or network()
    checkpoint = checkpoint or lw.Checkpoint(path)
    return net, net.fit(callbacks=[checkpoint, *callbacks], resume=resume, **{**ARGUMENTS, **changed})


class StopAt(Callback):
    """As if the process had been killed, at a step."""

    only_looks = True

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        if run.step == self.step:
            raise KeyboardInterrupt


def cut_off(path, step, **options):
    callbacks = [*options.pop("callbacks", ()), StopAt(step)]
    with pytest.raises(KeyboardInterrupt):
        fit(path, callbacks=callbacks, **options)


# ---------------------------------------------------------------- all that is compared

OTHERS = {  # of each argument, another value than that of ARGUMENTS or the default
    "X": X + 1,
    "y": (Y + 1) % 3,
    "task": "classification",
    "classes": [0, 1, 2],
    "loss": "mean_squared_error",
    "optimizer": lw.SGD(0.2),
    "penalty": lw.L2(1e-3),
    "epochs": 4,
    "batch_size": 30,
    "shuffle": False,
    "validation_data": (HELD_OUT[0], (HELD_OUT[1] + 1) % 3),
    "validation_split": 0.25,
    "sample_weight": np.linspace(0.5, 1.5, 60),
    "class_weight": {0: 2.0, 1: 1.0, 2: 1.0},
    "metrics": ["accuracy"],
    "train_metrics": True,
    "schedule": "one_cycle",
    "clip_norm": 0.5,
    "ema": 0.9,
    "patience": 8,
    "monitor": "val_accuracy",
    "callbacks": [lw.ReduceOnPlateau()],
    "augmentation": lw.Augmentation(noise=0.1, shape=(2, 2)),
}
SHOWN_AS = {"optimizer": "learning_rate: 0.1 then, 0.2 now", "callbacks": r"callbacks: \['Checkpoint'\] then"}
FREE = ("self", "resume", "verbose", "n_threads", "engine", "window")  # the last one is a part of a stream


@pytest.mark.parametrize("name", [name for name in inspect.signature(lw.Network.fit).parameters if name not in FREE])
def test_every_argument_of_fit_is_compared(tmp_path, name):
    """A new argument has no value in OTHERS, and fails here until somebody says how it differs."""
    beside = {
        "epochs": {"schedule": "cosine"},
        "validation_split": {"validation_data": None, "patience": None},
    }  # what goes with it
    base = beside.get(name, {})
    cut_off(tmp_path / "run", 4, **base)
    with pytest.raises(lw.DataError, match=SHOWN_AS.get(name, rf"[; ]{name}: .*")):
        fit(tmp_path / "run", resume=True, **{**base, name: OTHERS[name]})
    net, _ = fit(tmp_path / "run", resume=True, **base)
    whole, _ = fit(tmp_path / "whole", **base)
    np.testing.assert_array_equal(net.theta, whole.theta)


def test_what_changes_no_number_is_free(tmp_path, capsys):
    assert EXECUTION == FREE
    cut_off(tmp_path / "run", 4)
    _, history = fit(tmp_path / "run", resume=True, epochs=4, verbose=True, n_threads=1)
    assert history.epochs == 4
    assert history.changes == []
    assert "epoch 4/4" in capsys.readouterr().out


MADE = {  # of each callback's parameter: its arguments then, and another value
    "EarlyStopping": ({}, {"monitor": "loss", "patience": 3, "min_delta": 0.1, "mode": "max", "restore_best": False,
                           "start_from": 1}),
    "Checkpoint": ({}, {"every": "2 epochs", "keep": 1, "monitor": "val_loss", "mode": "min"}),
    "LearningRateFinder": ({}, {"lowest": 1e-6, "highest": 1.0, "steps": 100, "smoothing": 0.5}),
    "ReduceOnPlateau": ({}, {"monitor": "loss", "factor": 0.5, "patience": 2, "min_delta": 0.1, "mode": "max",
                             "cooldown": 1, "lowest": 1e-6}),
    "GradientClip": ({}, {"norm": 2.0}),
    "ExponentialMovingAverage": ({}, {"decay": 0.5, "steps": 2}),
    "Freeze": ({"layers": 0}, {"layers": 2, "from_epoch": 2, "to_epoch": 3}),
    "CSVLog": ({"path": "log.csv"}, {"path": "other.csv"}),
    "TensorBoard": ({"directory": "log"}, {"directory": "other", "histograms": True}),
    "Histograms": ({}, {"X": X[:5], "y": Y[:5], "every": 2}),
}  # fmt: skip


def callback_settings():
    for kind in CALLBACKS:
        if not kind.only_looks:
            for name in inspect.signature(kind).parameters:
                yield pytest.param(kind, name, id=f"{kind.__name__}.{name}")


@pytest.mark.parametrize(("kind", "name"), list(callback_settings()))
def test_every_setting_of_every_callback_is_compared(kind, name):
    from layerwise.network.settings import describe_call, differences

    base, others = MADE[kind.__name__]
    if (kind.__name__, name) == ("Checkpoint", "path"):
        return  # which says where the file is
    base = {**base, "path": "run"} if kind is lw.Checkpoint else base
    extra = {"X": X[:5]} if kind is lw.Histograms and name == "y" else {}
    then, now = kind(**base, **extra), kind(**{**base, **extra, name: others[name]})
    found = differences(describe_call({}, [then]), describe_call({}, [now]))
    assert [other.name for other in found] == [f"{kind.__name__}.{name}"]
    assert differences(describe_call({}, [then]), describe_call({}, [kind(**base, **extra)])) == []


def test_callbacks_of_a_fit_are_compared(tmp_path):
    cut_off(tmp_path / "run", 4, callbacks=[lw.ReduceOnPlateau(patience=3)])
    for now, message in (
        ([lw.ReduceOnPlateau(patience=4)], "ReduceOnPlateau.patience: 3 then, 4 now"),  # fit has a patience, too
        ([lw.ReduceOnPlateau(monitor="loss", patience=3)], "ReduceOnPlateau.monitor: 'val_loss' then, 'loss' now"),
        ([lw.ReduceOnPlateau(factor=0.5, patience=3)], " factor: 0.1 then, 0.5 now"),
        ([], r"callbacks: \['Checkpoint', 'ReduceOnPlateau'\] then, \['Checkpoint'\] now"),
    ):
        with pytest.raises(lw.DataError, match=message):
            fit(tmp_path / "run", resume=True, callbacks=now)
    with pytest.raises(lw.DataError, match="keep: 3 then, 1 now"):
        fit(None, resume=True, callbacks=[lw.ReduceOnPlateau(patience=3)],
            checkpoint=lw.Checkpoint(tmp_path / "run", keep=1))  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda net: net.freeze(0), r"frozen: \[\] then, \[0\] now"),
        (lambda net: setattr(net, "scaling", lw.StandardScaler()), r"scaling: None then, StandardScaler\(\) now"),
    ],
)
def test_what_is_set_on_the_network_is_compared(tmp_path, change, message):
    cut_off(tmp_path / "run", 4)
    net = network()
    change(net)
    with pytest.raises(lw.DataError, match=message):
        fit(tmp_path / "run", resume=True, net=net)


def test_given_weights_are_compared(tmp_path):
    def made(value):
        return lw.Network([lw.Dense(3, weights=np.full((4, 3), value)), lw.Softmax()], random_state=2)

    cut_off(tmp_path / "run", 4, net=made(0.1))
    with pytest.raises(lw.DataError, match="layers: "):
        fit(tmp_path / "run", resume=True, net=made(0.2))
    fit(tmp_path / "run", resume=True, net=made(0.1))


@pytest.mark.parametrize("where", [0, 30, 59])
def test_every_value_of_the_data_counts(tmp_path, where):
    """Of weights too, whatever their scale is made to be."""
    weights = np.ones(60)
    cut_off(tmp_path / "run", 4, sample_weight=weights)
    other, labels, weighed, held = X.copy(), Y.copy(), weights.copy(), HELD_OUT[0].copy()
    other[where, 3] += 1
    labels[where] = (labels[where] + 1) % 3
    weighed[where] = 2
    held[where // 3, 0] += 1
    for changed in (
        {"X": other}, {"y": labels}, {"sample_weight": weighed}, {"validation_data": (held, HELD_OUT[1])},
    ):  # fmt: skip
        (name,) = changed
        with pytest.raises(lw.DataError, match=name):
            fit(tmp_path / "run", resume=True, **{"sample_weight": weights, **changed})


def test_every_layout_of_the_same_data_is_the_same(tmp_path):
    cut_off(tmp_path / "run", 4)
    fit(tmp_path / "run", resume=True, X=np.asfortranarray(X))


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_the_same_values_in_a_list_are_the_same_data(tmp_path, engine):
    rows, weights, held = X.astype("d"), np.linspace(0.5, 1.5, 60), HELD_OUT[0].astype("d")
    given = {"engine": engine, "classes": np.arange(3)}
    cut_off(tmp_path / "run", 4, X=rows, sample_weight=weights, validation_data=(held, HELD_OUT[1]), **given)
    lists = {
        "X": rows.tolist(), "y": Y.tolist(), "sample_weight": weights.tolist(), "classes": [0, 1, 2],
        "validation_data": (held.tolist(), HELD_OUT[1].tolist()), "engine": engine,
    }  # fmt: skip
    net, _ = fit(tmp_path / "run", resume=True, **lists)
    whole, _ = fit(tmp_path / "whole", X=rows, sample_weight=weights, validation_data=(held, HELD_OUT[1]), **given)
    np.testing.assert_array_equal(net.theta, whole.theta)
    cut_off(tmp_path / "other", 4, **lists)
    with pytest.raises(lw.DataError, match="y: other values"):
        fit(tmp_path / "other", resume=True, **{**lists, "y": [*Y.tolist()[1:], Y[0]]})


def test_functions_are_compared_by_name(tmp_path):
    cut_off(tmp_path / "run", 4, shuffle=forwards, metrics=[hits])
    with pytest.raises(lw.DataError, match=r"shuffle: .*forwards then, .*backwards now"):
        fit(tmp_path / "run", resume=True, shuffle=backwards, metrics=[hits])
    fit(tmp_path / "run", resume=True, shuffle=forwards, metrics=[hits])


class Power(schedules.Schedule):
    """1 / (1 + t)^power."""

    def __init__(self, power=1.0):
        self.power = power

    def __call__(self, t, total):
        return (1 + t) ** -self.power


class Plain(lw.optimizers.Optimizer):
    """θ ← θ - η g."""

    def __init__(self, learning_rate=0.1, extra=0.0):
        super().__init__(learning_rate)
        self.extra = extra

    def update(self, theta, grad, *arrays):
        theta -= self.rate() * grad


class Half(lw.L2):
    """λ / 2 Σ w²."""

    def value(self, w, tmp):
        return super().value(w, tmp) / 2

    def gradient(self, w, out):
        np.copyto(out, w)


def test_custom_parts_go_on(tmp_path):
    options = {"optimizer": Plain(), "penalty": Half(1e-3), "schedule": Power()}
    whole, _ = fit(tmp_path / "whole", **options)
    cut_off(tmp_path / "run", 4, **options)
    for name, value, message in (
        ("optimizer", Plain(extra=1.0), "extra: 0.0 then, 1.0 now"),
        ("penalty", Half(2e-3), "penalty: "),
        ("schedule", Power(2.0), r"power: 1\.0 then, 2\.0 now"),
    ):
        with pytest.raises(lw.DataError, match=message):
            fit(tmp_path / "run", resume=True, **{**options, name: value})
    net, _ = fit(tmp_path / "run", resume=True, **options)
    np.testing.assert_array_equal(net.theta, whole.theta)


def test_a_rate_that_a_callback_has_changed_is_no_difference(tmp_path):
    class Halve(Callback):
        def on_epoch_end(self, run):
            run.optimizer.learning_rate /= 2

    whole, _ = fit(tmp_path / "whole", callbacks=[Halve()])
    cut_off(tmp_path / "run", 7, callbacks=[Halve()])
    net, history = fit(tmp_path / "run", resume=True, callbacks=[Halve()])
    np.testing.assert_array_equal(net.theta, whole.theta)
    assert history["learning_rate"] == whole.history["learning_rate"]


# ---------------------------------------------------------------- what is changed on purpose


def test_another_rate(tmp_path):
    """Two epochs with one rate and two with another are the same, cut off or not."""
    cut_off(tmp_path / "run", 7)
    net, history = fit(tmp_path / "run", resume=["learning_rate"], optimizer=lw.SGD(0.02), epochs=4)
    assert history["learning_rate"] == [0.1, 0.1, 0.02, 0.02]
    assert history.changes == [{"epoch": 3, "step": 6, "name": "learning_rate", "then": 0.1, "now": 0.02}]
    assert "from epoch 3 on: learning_rate 0.02, 0.1 before" in repr(history)
    two = network()
    options = {name: ARGUMENTS[name] for name in ("batch_size", "verbose")}
    two.fit(X, Y, optimizer=lw.SGD(0.1), epochs=2, **options)
    two.fit(X, Y, optimizer=lw.SGD(0.02), epochs=2, **options)
    np.testing.assert_array_equal(net.theta, two.theta)
    _, history = fit(tmp_path / "run", resume=["learning_rate"], optimizer=lw.SGD(0.02), epochs=5)
    assert len(history.changes) == 1  # the same call once more changes nothing


def test_within_an_epoch_too_and_momentum_keeps_its_velocity(tmp_path):
    cut_off(
        tmp_path / "run", 5, optimizer=lw.SGD(0.1, momentum=0.9), checkpoint=lw.Checkpoint(tmp_path / "run", every=1)
    )
    seen = {}

    class Look(Callback):
        only_looks = True

        def on_step_end(self, run):
            seen.setdefault(run.step, (run.optimizer.rate(), run.optimizer.momentum, run.optimizer.iterations))

    net, _ = fit(None, resume=["optimizer"], callbacks=[Look()], optimizer=lw.SGD(0.05, momentum=0.5),
                 checkpoint=lw.Checkpoint(tmp_path / "run", every=1))  # fmt: skip
    assert min(seen) == 5
    assert seen[5] == (0.05, 0.5, 5)
    assert {change["name"] for change in net.history.changes} == {"learning_rate", "momentum"}


def test_changes_are_in_the_file_and_shown(tmp_path, capsys):
    from layerwise.app.cli.app import run

    cut_off(tmp_path / "run", 7)
    net, history = fit(tmp_path / "run", resume=["learning_rate", "clip_norm"], optimizer=lw.SGD(0.02), clip_norm=1.0)
    net.save(tmp_path / "model.safetensors")
    assert lw.load(tmp_path / "model.safetensors").history.changes == history.changes
    assert {change["name"]: (change["then"], change["now"]) for change in history.changes} == {
        "learning_rate": (0.1, 0.02), "clip_norm": (None, 1.0),
    }  # fmt: skip
    if pytest.importorskip("typer"):
        assert run(["info", str(tmp_path / "model.safetensors")]) == 0
        assert "changed      from epoch 3 on: learning_rate 0.02, 0.1 before" in capsys.readouterr().out
    assert "settings that were changed on the way" in net.last_fit["others"]


@pytest.mark.parametrize(
    "changes",
    [
        [1],
        [{"epoch": 1}],
        {"type": "dict"},
        [{"type": "dict", "epoch": -1, "step": 0, "name": "a", "then": 1, "now": 2}],
        [{"type": "dict", "epoch": 1, "step": 0, "name": 3, "then": 1, "now": 2}],
        [{"type": "dict", "epoch": 1, "step": 0, "name": "a", "then": [1], "now": 2}],
    ],
)
def test_changes_in_a_file_are_checked(tmp_path, changes):
    net, _ = fit(tmp_path / "run", epochs=1)
    net.save(tmp_path / "m")
    description, arrays = storage.read(tmp_path / "m")
    description["history"]["changes"] = changes
    storage.write(tmp_path / "m", description, {name: array.copy() for name, array in arrays.items()})
    if changes == {"type": "dict"}:  # empty
        return
    with pytest.raises(lw.FormatError):
        lw.load(tmp_path / "m")


def test_more_patience_goes_on_after_the_stop(tmp_path):
    class Worse(Callback):
        def on_evaluate(self, run):
            run.record("val_made", float(run.epoch))

    call = {"monitor": "val_made_loss", "epochs": 9}

    class WorseLoss(Worse):
        def on_evaluate(self, run):
            run.record("val_made_loss", float(run.epoch))

    _, history = fit(tmp_path / "run", callbacks=[WorseLoss()], **call, patience=2)
    assert history.epochs == 3
    _, history = fit(tmp_path / "run", resume=True, callbacks=[WorseLoss()], **call, patience=2)
    assert history.epochs == 3  # it has ended
    _, history = fit(tmp_path / "run", resume=["patience"], callbacks=[WorseLoss()], **call, patience=5)
    assert history.epochs == 6
    assert history.stopped_by == "val_made_loss was no better for 5 epochs"


def test_another_column_begins_with_no_best(tmp_path):
    """Never does a best value of one column meet numbers of another."""
    stopping = lw.EarlyStopping("val_loss", patience=5)
    cut_off(tmp_path / "run", 7, callbacks=[stopping])
    other = lw.EarlyStopping("val_accuracy", patience=5)
    _, history = fit(tmp_path / "run", resume=["EarlyStopping.monitor"], callbacks=[other])
    assert other.best == history["val_accuracy"][-1]
    assert other.best_epoch == 3


def test_a_callback_more_and_one_less(tmp_path):
    cut_off(tmp_path / "run", 7, callbacks=[lw.CSVLog(tmp_path / "log.csv"), lw.ReduceOnPlateau()])
    _, history = fit(tmp_path / "run", resume="callbacks", callbacks=[lw.EarlyStopping(), lw.ReduceOnPlateau()])
    (change,) = history.changes
    assert change["now"] == "['Checkpoint', 'EarlyStopping', 'ReduceOnPlateau']"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("X", "history and best values so far are measured with it"),
        ("y", "history and best values so far are measured with it"),
        ("sample_weight", "history and best values so far are measured with it"),
        ("loss", "history and best values so far are measured with it"),
        ("batch_size", "the file is from within an epoch, 1 steps into it"),
        ("penalty", "the file is from within an epoch"),
        ("shuffle", "the file is from within an epoch"),
    ],
)
def test_what_cannot_be_changed_says_why(tmp_path, name, reason):
    checkpoint = lambda: lw.Checkpoint(tmp_path / "run", every=1)  # noqa: E731
    cut_off(None, 5, checkpoint=checkpoint())
    with pytest.raises(lw.DataError, match=rf"{name} cannot be changed: {reason}.*layerwise\.load"):
        fit(None, resume=[name], checkpoint=checkpoint(), **{name: OTHERS[name]})


@pytest.mark.parametrize(("name", "value"), [("batch_size", 30), ("penalty", lw.L2(0.01)), ("shuffle", False)])
def test_what_changes_between_epochs(tmp_path, name, value):
    cut_off(tmp_path / "run", 7)
    net, history = fit(tmp_path / "run", resume=[name], **{name: value})
    assert history.epochs == 3
    assert net.steps == (8 if name == "batch_size" else 9)
    assert history.changes[0]["name"] == name


def test_the_average_stays_while_its_weights_are_in_the_file(tmp_path):
    cut_off(tmp_path / "run", 7, ema=0.9)
    with pytest.raises(lw.DataError, match="ema cannot be changed: the weights in the file are the moving average"):
        fit(tmp_path / "run", resume=["ema"])
    fit(tmp_path / "run", resume=["ema"], ema=0.5)


def test_names_of_settings(tmp_path):
    cut_off(tmp_path / "run", 4, callbacks=[lw.ReduceOnPlateau(), lw.EarlyStopping()])
    callbacks = [lw.ReduceOnPlateau(), lw.EarlyStopping()]
    with pytest.raises(lw.UnknownNameError, match="no setting 'learning_rat'; did you mean 'learning_rate'"):
        fit(tmp_path / "run", resume=["learning_rat"], callbacks=callbacks)
    with pytest.raises(lw.UnknownNameError, match=r"'min_delta' can be ReduceOnPlateau.* or EarlyStopping"):
        fit(tmp_path / "run", resume=["min_delta"], callbacks=callbacks)
    for wrong in (3, [3], None, ["epochs", None]):
        with pytest.raises(TypeError, match="resume must be True, False or names"):
            fit(tmp_path / "run", resume=wrong, callbacks=callbacks)
    fit(tmp_path / "run", resume=["ReduceOnPlateau.min_delta", "epochs"], callbacks=callbacks)


def test_the_refusal_says_what_to_write(tmp_path):
    cut_off(tmp_path / "run", 4)
    with pytest.raises(lw.DataError) as refused:
        fit(tmp_path / "run", resume=True, optimizer=lw.SGD(0.2), batch_size=30, loss="mean_squared_error")
    assert "learning_rate: 0.1 then, 0.2 now" in str(refused.value)
    assert "resume=['learning_rate', 'batch_size']" in str(refused.value)  # the loss cannot be changed


# ---------------------------------------------------------------- the network that is gone on with


def test_notes_and_columns_that_were_set_stay(tmp_path):
    old = network()
    old.notes = {"author": "A", "place": "here"}
    cut_off(tmp_path / "run", 4, net=old)
    net = network()
    net.notes = {"author": "B"}
    net.columns = [{"name": name, "kind": "number"} for name in "abcd"]
    fit(tmp_path / "run", resume=True, net=net)
    assert net.notes == {"author": "B", "place": "here"}
    assert [column["name"] for column in net.columns] == list("abcd")


def test_the_same_object_goes_on(tmp_path):
    """As in a notebook, whose cell is run once more after Ctrl-C."""
    net = network(scaling="standard")
    whole, _ = fit(tmp_path / "whole", net=network(scaling="standard"))
    cut_off(tmp_path / "run", 4, net=net)
    fit(tmp_path / "run", resume=True, net=net)
    np.testing.assert_array_equal(net.theta, whole.theta)


def test_a_training_that_an_earlier_version_began_is_refused(tmp_path):
    """It drew other random numbers; the network in its file loads."""
    cut_off(tmp_path / "run", 4)
    (file,) = tmp_path.glob("run-*")
    rewrite(file, lambda d: d.update(format_version=2, shuffle={}))
    before = file.read_bytes()
    with pytest.raises(lw.DataError, match=r"by an earlier version of layerwise, which drew other random numbers"):
        fit(tmp_path / "run", resume=True)
    assert file.read_bytes() == before
    net = lw.load(file)
    assert net.steps > 0
    with pytest.raises(lw.ExportError, match="random numbers of an earlier version"):
        lw.export(net, tmp_path / "script.py", to="training-script")


# ---------------------------------------------------------------- descriptions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(4), np.arange(4.0)),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        (np.zeros(3), np.full(3, -0.0)),
        (np.array(["a", None], object), np.array(["a", ""], object)),
        (["a"] * 200, ["a"] * 199 + ["b"]),
        ({1: 2.0}, {1: 3.0}),
        ({1: 2.0}, {"1": 2.0}),
        (lw.SGD(), lw.Adam()),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (max, min),
        (float("nan"), None),
    ],
)
def test_descriptions_of_different_values_differ(one, other):
    import json

    assert describe(one) == describe(one)
    assert describe(one) != describe(other)
    for value in (one, other):
        json.dumps(describe(value), allow_nan=False)
        assert isinstance(shown(describe(value)), str)


def test_descriptions_do_not_depend_on_layout():
    sparse = pytest.importorskip("scipy.sparse")
    array = RNG.random((50, 7))
    assert describe(array) == describe(np.asfortranarray(array)) == describe(array[:, ::-1][:, ::-1])
    assert describe({1: 2, 3: 4}) == describe({3: 4, 1: 2})
    matrix = sparse.csr_matrix(np.eye(4))
    assert describe(matrix) == describe(matrix.copy())
    assert describe(matrix) != describe(sparse.csr_matrix(2 * np.eye(4)))
