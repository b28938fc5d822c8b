"""Python as the page's engine: its answers are those of the same calls of layerwise, bit by bit."""

import json
import re
import time
import zipfile
from io import BytesIO

import numpy as np
import pytest
from talking import TRAINING, Refused, Talk, data_of

import layerwise as lw


@pytest.fixture
def spiral():
    return lw.datasets.make_spiral()


@pytest.fixture
def talk():
    one = Talk()
    yield one
    one.connection.close(5)


def network(**more):
    return lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3, **more)


def created(talk, X, y, held_out=None, **changed):
    more = {} if held_out is None else {"heldOut": data_of(*held_out)}
    return talk.call("create", training={**TRAINING, **changed}, data=data_of(X, y), **more)


@pytest.mark.parametrize("batch_size", [32, 300])
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("schedule", [None, {"type": "Cosine"}])
def test_many_small_goals_are_one_fit(talk, spiral, batch_size, held, schedule):
    X, y = spiral
    held_out = (X[:50] + 0.1, y[:50]) if held else None
    session = created(talk, X, y, held_out, batch_size=batch_size, schedule=schedule)["session"]
    goals = ({"steps": 1}, {"steps": 2}, {"epochs": 1}, {"epochs": 3}, {"epochs": 30, "steps": 2})
    why = [talk.call("run", session, goal=goal)["stopped_by"] for goal in goals]
    assert why == ["steps", "steps", "epochs", "epochs", "steps"]
    now = talk.call("run", session, goal={"epochs": 1})["current"]
    done = now["epoch"]
    assert now["steps"] == done * -(-300 // batch_size)
    talk.call("run", session, goal={"epochs": 10 - done}) if done < 10 else None
    twin = network()
    history = twin.fit(
        X, y, optimizer=lw.Adam(0.01), epochs=10, batch_size=batch_size, validation_data=held_out, verbose=False,
        schedule=None if schedule is None else lw.schedules.Cosine(),
    )  # fmt: skip
    assert np.array_equal(talk.call("theta", session), twin.theta)
    for name in ("loss", "accuracy", "learning_rate", *(["val_loss", "val_accuracy"] if held else [])):
        assert np.array_equal(talk.rows(name), history[name])
    assert talk.rows("epoch").tolist() == list(range(1, 11))


def test_a_goal_of_the_loss_ends_at_the_first_epoch_that_reaches_it(talk, spiral):
    session = created(talk, *spiral, batch_size=300)["session"]
    report = talk.call("run", session, goal={"loss": 0.9})
    losses = talk.rows("loss")
    assert report["stopped_by"] == "loss"
    assert losses[-1] <= 0.9 < losses[:-1].min()
    twin = network()
    twin.fit(*spiral, optimizer=lw.Adam(0.01), epochs=len(losses), batch_size=300, verbose=False)
    assert np.array_equal(talk.call("theta", session), twin.theta)


def test_a_run_without_a_goal_goes_on_until_it_is_stopped(talk, spiral, monkeypatch):
    from layerwise.app.play import session as sessions

    monkeypatch.setattr(sessions, "CHUNK", 50)  # several fits, one after the other
    session = created(talk, *spiral, batch_size=300)["session"]
    run, begin = talk.ask("run", session, goal={}), time.monotonic()
    while time.monotonic() - begin < 0.7:
        talk.call("theta", session)
    talk.call("stop", session)
    report = talk.wait(run)
    seconds = time.monotonic() - begin
    assert report["stopped_by"] == "stopped"
    assert len(talk.reports) <= 30 * seconds + 2
    n = len(talk.rows("loss"))
    assert n > 100
    assert talk.rows("epoch").tolist() == list(range(1, n + 1))
    twin = network()
    twin.fit(*spiral, optimizer=lw.Adam(0.01), epochs=n, batch_size=300, verbose=False)
    assert np.array_equal(talk.call("theta", session), twin.theta)
    assert talk.call("stop", session) is None  # once more does nothing


def test_what_changes_while_it_trains(talk, spiral):
    """The rate is the new one from the next step on, as a callback's assignment makes it."""
    X, y = spiral
    session = created(talk, X, y)["session"]
    talk.call("run", session, goal={"epochs": 2})
    talk.call("change", session, settings={"learning_rate": 0.1})
    talk.call("run", session, goal={"epochs": 2})
    assert talk.rows("learning_rate").tolist() == [0.01, 0.01, 0.1, 0.1]
    first = talk.call("theta", session)
    talk.call("setTheta", session, values=np.zeros(2, np.float32), at=5)
    assert np.flatnonzero(talk.call("theta", session) != first).tolist() == [5, 6]
    talk.call("reset", session)
    assert np.array_equal(talk.call("theta", session), network().build(2).theta)
    assert talk.call("run", session, goal={"epochs": 1})["current"]["learning_rate"] == 0.1
    talk.call("reset", session, random_state=4)
    assert not np.array_equal(talk.call("theta", session), network().build(2).theta)


def test_numbers_of_the_network(talk, spiral):
    X, y = spiral
    made = created(talk, X, y, penalties=[{"type": "L2", "weights": 0.1}])
    session, plan = made["session"], made["plan"]
    talk.call("run", session, goal={"epochs": 3})
    twin = network()
    twin.fit(X, y, optimizer=lw.Adam(0.01), penalty=lw.L2(0.1), epochs=3, batch_size=32, verbose=False)
    rows = {"X": X.ravel(), "n": 300, "n_in": 2}
    assert np.array_equal(talk.call("outputs", session, rows=rows), twin.outputs(X).ravel())
    assert np.array_equal(talk.call("outputs", session, rows=rows, layer=1), twin.activations(X)[1].ravel())
    score, expected = talk.call("evaluate", session, data=data_of(X, y)), twin.evaluate(X, y)
    assert (score["loss"], score["accuracy"]) == (expected["loss"], expected["accuracy"])
    numbers, step = talk.call("trace", session, rows=[4, 0]), lw.trace(twin, X[[4, 0]], y[[4, 0]])
    assert numbers["cost"] == step.cost
    assert np.array_equal(numbers["layers"][0]["y"], step["z1"].ravel())
    W = plan["stages"][2]["arrays"][0]
    assert (W["name"], W["shape"]) == ("W", [16, 3])
    part = slice(W["begin"], W["begin"] + 48)
    assert np.array_equal(numbers["gradient"][part], step["dC/dW2"].ravel())
    assert np.array_equal(numbers["total"][part], step["gradient W2"].ravel())
    assert np.array_equal(numbers["after"][part], step["new W2"].ravel())
    assert {state["name"] for state in numbers["states"]} == set(twin.optimizer.state)
    assert numbers["penalty"] == pytest.approx(sum(p.value for p in step.step.penalties))
    assert (
        "One training step, 2-16-3"
        in bytes(talk.call("document", session, rows=[4], form="markdown")["bytes"]).decode()
    )


def test_files(talk, spiral, tmp_path):
    X, y = spiral
    session = created(talk, X, y)["session"]
    talk.call("run", session, goal={"steps": 5})
    with pytest.raises(Refused, match="an epoch that is not over"):
        talk.call("export", session, form="training-script")
    talk.call("run", session, goal={"epochs": 3})
    (tmp_path / "m.safetensors").write_bytes(bytes(talk.call("save", session)))
    loaded = lw.load(tmp_path / "m.safetensors")
    assert np.array_equal(loaded.theta, talk.call("theta", session))
    assert loaded.last_fit["epochs"] == 3
    model = talk.call("open", file=np.frombuffer((tmp_path / "m.safetensors").read_bytes(), np.uint8))
    assert model["training"]["optimizer"]["learning_rate"] == 0.01
    assert np.array_equal(model["theta"], loaded.theta)
    names = {
        "onnx": "network.onnx", "javascript": "network.mjs", "numpy": "network_numpy.py", "python": "network_python.py",
        "training-script": "network_training.py",
    }  # fmt: skip
    for form, name in names.items():
        made = talk.call("export", session, form=form)
        assert made["name"] == name
        assert len(made["bytes"]) > 1000
    archive = zipfile.ZipFile(BytesIO(bytes(talk.call("export", session, form="c")["bytes"])))
    assert archive.namelist() == ["network.c", "network.h"]
    script = bytes(talk.call("export", session, form="training-script")["bytes"]).decode()
    assert re.search(r"^EPOCHS, BATCH_SIZE = 3, 32$", script, re.M)
    assert json.dumps(model["training"])


def test_findings_bring_settings_that_cure_them(talk, spiral):
    X, y = spiral
    layers = [{"type": "Dense", "units": 64}, {"type": "ReLU"}, *TRAINING["layers"][2:]]
    session = created(talk, 1000 * X, y, layers=layers)["session"]
    talk.call("run", session, goal={"epochs": 3})
    found = talk.call("diagnose", session)
    assert found[0]["name"] == "unscaled inputs"
    assert found[0]["change"] == {"scaling": {"type": "StandardScaler"}}
    session = created(talk, 1000 * X, y, layers=layers, **found[0]["change"])["session"]
    talk.call("run", session, goal={"epochs": 3})
    assert "unscaled inputs" not in [finding["name"] for finding in talk.call("diagnose", session)]


def test_divergence_is_said_and_training_can_go_on(talk, spiral):
    X, y = spiral
    layers = [{"type": "Dense", "units": 16}, {"type": "ReLU"}, *TRAINING["layers"][2:]]
    session = created(talk, X, y, layers=layers, optimizer={"type": "SGD", "learning_rate": 1e30})["session"]
    report = talk.call("run", session, goal={"epochs": 50})
    assert report["stopped_by"] == "diverged"
    twin = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=3)
    with pytest.raises(lw.DivergenceError) as error:
        twin.fit(X, y, optimizer=lw.SGD(1e30), epochs=50, batch_size=32, verbose=False)
    assert report["words"] == str(error.value)
    talk.call("change", session, settings={"learning_rate": 0.1})
    assert talk.call("run", session, goal={"epochs": 1})["stopped_by"] == "epochs"


def test_regression_pixels_and_named_classes(talk, spiral):
    X, _ = spiral
    y = X[:, :1] * 2 + 1
    layers = [{"type": "Dense", "units": 1}]
    data = {"X": X.ravel(), "n": 300, "n_in": 2, "task": "regression", "targets": y.ravel(), "n_out": 1}
    training = {**TRAINING, "layers": layers, "loss": {"type": "MeanSquaredError"}}
    session = talk.call("create", training=training, data=data)["session"]
    assert "accuracy" not in talk.call("run", session, goal={"epochs": 2})["current"]
    twin = lw.Network([lw.Dense(1)], random_state=3)
    twin.fit(X, y[:, 0], task="regression", optimizer=lw.Adam(0.01), epochs=2, batch_size=32, verbose=False)
    assert np.array_equal(talk.call("theta", session), twin.theta)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 4), np.uint8)
    named = data_of(pixels, np.arange(60) % 3, classes=["a", "b", "c"])
    session = talk.call("create", training=TRAINING, data=named)["session"]
    talk.call("run", session, goal={"epochs": 1})
    twin = network()
    twin.fit(pixels, np.array(["a", "b", "c"])[np.arange(60) % 3], optimizer=lw.Adam(0.01), epochs=1, verbose=False)
    assert np.array_equal(talk.call("theta", session), twin.theta)
    assert talk.call("open", file=talk.call("save", session))["classes"] == ["a", "b", "c"]


def test_a_schedule_drawn(talk):
    found = talk.call("factors", schedule={"type": "OneCycle"}, epochs=10, points=101)
    schedule = lw.schedules.OneCycle()
    assert np.array_equal(found, [schedule(t, 10) for t in np.linspace(0, 10, 101)])
    for wrong in ({"points": 0}, {"epochs": 0}, {"schedule": None}, {"schedule": {"type": "Adam"}}):
        with pytest.raises(Refused):
            talk.call("factors", **{"schedule": {"type": "OneCycle"}, "epochs": 10, "points": 5, **wrong})


def test_a_picture_is_read(talk, tmp_path):
    pytest.importorskip("PIL")
    from PIL import Image

    X_test = lw.datasets.load_mnist()[2][0]
    Image.fromarray(np.hstack([row.reshape(28, 28) for row in X_test[:4]])).save(tmp_path / "p.png")
    found = talk.call("read", file=np.frombuffer((tmp_path / "p.png").read_bytes(), np.uint8))
    assert found["answer"] == "7210"
    assert len(found["rows"][0]) == 4
    with pytest.raises(Refused, match="the picture"):
        talk.call("read", file=np.zeros(100, np.uint8))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"layers": [{"type": "Dens", "units": 3}]}, "did you mean 'Dense'"),
        ({"layers": "Dense"}, "layers must be a list"),
        ({"layers": []}, "at least one layer"),
        ({"batch_size": 0}, "batch_size must be a whole number, at least 1; got 0"),
        ({"batch_size": "many"}, "batch_size must be a whole number"),
        ({"random_state": -1}, "random_state must be a whole number"),
        ({"optimizer": {"type": "Adam", "learning_rate": -1}}, "learning_rate must be above 0"),
        ({"optimizer": {"type": "Checkpoint", "path": "/tmp/x"}}, "takes a path|is no|must be"),
        ({"layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}]}, "2 outputs|outputs"),
        ({"clip_norm": 0}, "clip_norm must be above 0"),
    ],
)
def test_what_create_refuses(talk, spiral, changed, words):
    with pytest.raises(Refused, match=words):
        created(talk, *spiral, **changed)


def test_what_else_is_refused(talk, spiral):
    X, y = spiral
    made = created(talk, X, y)
    session, n = made["session"], made["plan"]["n_theta"]
    rows = {"X": np.zeros(4), "n": 2, "n_in": 2}
    for call, given, words in (
        ("run", {"goal": {"epochs": 1.5}}, "epochs must be a whole number"),
        ("run", {"goal": {"hours": 1}}, "nothing else"),
        ("run", {"goal": {"samples": 1}}, "batch_size to 1"),
        ("change", {"settings": {"momentum": 1}}, "only learning_rate"),
        ("setTheta", {"values": np.zeros(n + 1, np.float32)}, f"has {n} parameters"),
        ("setTheta", {"values": np.array([np.nan], np.float32)}, "finite"),
        ("outputs", {"rows": {**rows, "n": 3}}, "n·n_in"),
        ("outputs", {"rows": {"X": np.zeros(6), "n": 2, "n_in": 3}}, "3"),
        ("outputs", {"rows": rows, "layer": 9}, "layers 0 to 3"),
        ("trace", {"rows": [300]}, "from 0 to 299"),
        ("export", {"form": "cobol"}, "must be one of"),
        ("take_over", {}, "without a network of yours"),
        ("fly", {}, "does not know"),
    ):
        with pytest.raises(Refused, match=words):
            talk.call(call, session, **given)
    with pytest.raises(Refused, match="is gone"):
        talk.call("theta", 99)
    with pytest.raises(Refused, match="row 0, column 0 is nan"):
        created(talk, np.full_like(X, np.nan), y)
    with pytest.raises(Refused, match="300 whole numbers"):
        talk.call("create", training=TRAINING, data={**data_of(X, y), "labels": np.zeros(2, np.int32)})
    talk.call("run", session, goal={"steps": 1})  # after all of that


def test_a_network_that_is_given_and_given_back(spiral):
    X, y = spiral
    mine, came = network(), []
    mine.fit(X, y, epochs=2, verbose=False)
    talk = Talk(network=mine, take_over=came.append)
    model = talk.call("own")["model"]
    assert np.array_equal(model["theta"], mine.theta)
    session = talk.call("create", training=model["training"], data=data_of(X, y))["session"]
    talk.call("setTheta", session, values=model["theta"])
    talk.call("run", session, goal={"epochs": 1})
    talk.call("take_over", session)
    assert np.array_equal(came[0].theta, talk.call("theta", session))
    talk.connection.close(5)


def test_frames_that_are_none(talk):
    for frame in (b"", b"\xff\xff\xff\xff", b"\x02\0\0\0{}", b"\x04\0\0\0null", bytes(100)):
        talk.connection.receive(frame)
        with pytest.raises(Refused, match="cannot be read"):
            talk.wait(None)
