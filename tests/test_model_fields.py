"""Every field of a model file has a type and a range, and one that is wrong is a FormatError that names it.

The schema is the table of them. It is held to the `jsonschema` package here, and the files to the schema; then any
field of real files is changed to anything, and what loads nevertheless is used in every way.
"""

import datetime
import json
import random
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise import files as storage
from layerwise.files import schema
from layerwise.parts.description import Description
from model_files import parts, rewrite

pytest.importorskip("sklearn")
SCHEMA = json.loads(Path(schema.__file__).with_name("model-3.schema.json").read_text("utf-8"))
X = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
Y = np.arange(40) % 3
TABLE = np.array([[a, b] for a, b in zip(X[:, 0], np.array(["u", "v", "w"])[Y])], dtype=object)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each kind, with as many of the fields as there are."""
    folder = tmp_path_factory.mktemp("files")
    layers = [lw.Dense(4, penalty=lw.L2(0.01)), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()]
    net = lw.Network(layers, random_state=1, scaling="standard").freeze(1)
    net.fit(X, Y, epochs=2, verbose=False, schedule="one_cycle", clip_norm=1.0, penalty=lw.L1(1e-3),
            callbacks=[lw.Checkpoint(folder / "checkpoint", every=3, keep=1), lw.EarlyStopping("loss", 3)])  # fmt: skip
    net.columns = [{"name": f"x{i}", "kind": "number"} for i in range(3)]
    net.notes = {"data": "iris", "a": (1, 2, np.arange(3)), "b": np.nan, 3: 4}
    net.save(folder / "network", optimizer=True)
    net.save(folder / "int8", weights="int8")
    ensemble = lw.Ensemble([lw.Dense(3), lw.Softmax()], 2, random_state=0)
    ensemble.fit(X, Y, epochs=1, verbose=False)
    ensemble.save(folder / "ensemble")
    random_state = np.random.RandomState(3)
    classifier = lw.MLPClassifier((4,), dropout=0.1, random_state=random_state, callbacks=[lw.ReduceOnPlateau("loss")],
                                  schedule="cosine", max_iter=3).fit(X, Y)  # fmt: skip
    classifier.save(folder / "classifier", optimizer=True)
    lw.MLPRegressor(preset="tabular", hidden_layer_sizes=(4,), max_iter=2).fit(TABLE, X[:, 1]).save(
        folder / "regressor"
    )
    dated = [[f"city {i % 9}", datetime.datetime(2024, 1, 1 + i % 28, i % 24), i] for i in range(40)]
    options = {"kinds": {0: "text"}, "exclude": [2]}
    lw.MLPRegressor(preset="tabular", hidden_layer_sizes=(4,), max_iter=2, **options).fit(
        dated, np.arange(40) / 4
    ).save(folder / "dated")
    return {path.name: path for path in sorted(folder.iterdir())}


def kind_of(description):
    return f"{description['kind']}File"


def places(value, path=()):
    """The place of every field."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def test_all_fields_are_in_the_schema(files):
    """Whoever adds a field says its type there."""
    for path in files.values():
        description = json.loads(parts(path)[0])
        schema.check(description, kind_of(description))
        networks = [description, *description.get("networks", ()), description.get("network", {})]
        for network in networks:
            for name, definition in (("last_fit", "lastFit"), ("training", "training"), ("attributes", "attributes")):
                if name in network:
                    unknown = network[name].keys() - SCHEMA["$defs"][definition]["properties"].keys()
                    assert not unknown, f"{name} has fields without a type in the schema: {unknown}"
        known = {
            name
            for definition in ("head", "network", "networkFile", "ensembleFile", "estimatorFile")
            for name in SCHEMA["$defs"][definition].get("properties", {})
        }
        assert not {name for network in networks for name in network} - known


SPECIAL = [
    None, True, False, 0, -1, 1, -0.0, 0.5, 625, 100_000, 2**32, 2**63, 10**400, -(10**400), 1e308, "", "x", "nan",
    "../x", "\ud800", "\x1b[31m", "Dense", "Checkpoint", "os.system", [], [1], [[]], {},
    {"type": "float", "value": "nan"},
    {"type": "tuple", "items": [1]}, {"type": "dict"}, {"type": "pairs", "items": [[[1], 2]]},
    {"type": "array", "dtype": "int8", "shape": [1], "items": [300]}, {"type": "RandomState", "state": {}},
    {"type": "Dense", "units": 3}, {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9}, {"type": "Poisson"},
]  # fmt: skip


def mutated(description, rng):
    """The description with one field, rarely two, that is another, gone, or there once more."""
    description = json.loads(json.dumps(description))
    found = [p for p in places(description) if p and not ("items" in p and isinstance(p[-1], int) and p[-1] > 2)]
    for _ in range(rng.choice([1, 1, 1, 2])):
        *path, last = rng.choice(found)
        try:
            inner = description
            for key in path:
                inner = inner[key]
            if rng.random() < 0.1:
                del inner[last]
            elif rng.random() < 0.1 and isinstance(inner, list):
                inner.insert(last, inner[last])
            elif rng.random() < 0.2 and type(inner[last]) in (int, float):
                inner[last] = rng.choice([-inner[last], inner[last] * 1000 + 1, inner[last] + 0.5])
            else:
                inner[last] = rng.choice(SPECIAL)
        except (KeyError, IndexError, TypeError):
            continue  # the first of two has changed what was there
    return description


def test_the_schema_is_read_as_jsonschema_reads_it(files):
    """The same fields are right and wrong; but a whole number is no 1.0, and a number one of float64."""
    jsonschema = pytest.importorskip("jsonschema")
    rng, counts = random.Random(0), {True: 0, False: 0}
    for path in files.values():
        original = json.loads(parts(path)[0])
        kind = kind_of(original)
        original.get("parameters", {})["random_state"] = None  # 624 numbers, which the package takes its time for
        original.get("attributes", {})["_random_state"] = None
        validator = jsonschema.Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{kind}"}]})
        for _ in range(10):
            description = mutated(original, rng)
            try:
                schema.check(description, kind)
            except lw.FormatError as error:
                problem = str(error)
            else:
                problem = ""
            counts[not problem] += 1
            assert validator.is_valid(description) is not bool(problem) or "number" in problem, problem
    assert min(counts.values()) > 5


def use(name, model):
    """All that can be done with what was loaded; errors are those that the package documents."""
    repr(model)
    attempts = [lambda: model.predict(TABLE if name == "regressor" else X)]
    if isinstance(model, lw.Network):
        from layerwise.exchange.export.script import to_training_script

        attempts += [model.summary, model._repr_html_, lambda: to_training_script(model), lambda: model.evaluate(X, Y),
                     lambda: model.fit(X, Y, epochs=1, verbose=False)]  # fmt: skip
    elif name == "regressor" and hasattr(model, "partial_fit"):  # lbfgs has none
        attempts.append(lambda: model.partial_fit(TABLE, X[:, 1]))
    elif name == "classifier" and hasattr(model, "partial_fit"):
        attempts.append(lambda: model.partial_fit(X, Y))
    for attempt in attempts:
        try:
            attempt()
        except (lw.LayerwiseError, ValueError, TypeError):
            continue


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["network", "checkpoint", "ensemble", "classifier", "regressor"])
@pytest.mark.parametrize("count", [12, pytest.param(3000, marks=pytest.mark.slow)])
def test_any_field_may_be_anything(files, tmp_path, kind, count):
    text = parts(files[kind])[0]
    rng, path = random.Random(count), tmp_path / "m"
    for _ in range(count):
        path.write_bytes(files[kind].read_bytes())
        new = mutated(json.loads(text), rng)
        try:
            rewrite(path, lambda d, new=new: (d.clear(), d.update(new)))
        except UnicodeEncodeError:
            continue  # what no file holds
        try:
            model = lw.load(path)
        except lw.FormatError as error:
            problem = str(error)
        else:
            problem = ""
            use(kind, model)
        assert not problem or (str(path) in problem and len(problem) < 3000)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("network", lambda d: d.update(seed=True), r"seed must be a whole number; got True"),
        ("network", lambda d: d.update(steps=2.0), r"steps must be a whole number; got 2\.0"),
        ("network", lambda d: d.update(steps=2**63), r"steps must be at most"),
        ("network", lambda d: d.update(stored=["layers.0.W"]), r"stored must be an object; got \['layers.0.W'\]"),
        ("network", lambda d: d.update(stored={"layers.0.W": "float8"}), r"must be one of 'float16', "),
        ("network", lambda d: d.update(stored={"layers.0.W": "int8"}), r"must be an array of int8; it is of "),
        ("network", lambda d: d.update(run=3), r"run must be text; got 3"),
        ("network", lambda d: d["last_fit"].update(clip_norm="1; import os"), r"clip_norm must be a finite number"),
        ("network", lambda d: d["last_fit"].update(clip_norm=-1), r"last_fit\.clip_norm must be above 0; got -1"),
        ("network", lambda d: d["last_fit"].update(others=[3]), r"last_fit\.others\[0\] must be text; got 3"),
        ("network", lambda d: d["last_fit"].update(schedule={"type": "ReLU"}), r"schedule must be a Schedule; got"),
        ("network", lambda d: d["last_fit"].update(batch_size=10**400), r"last_fit\.batch_size must be at most"),
        ("network", lambda d: d["optimizer"].update(epsilon_hat="no"), r"epsilon_hat must be true or false"),
        ("network", lambda d: d["optimizer"].update(learning_rate=10**400), r"learning_rate must fit into 64"),
        ("network", lambda d: d["layers"].__setitem__(2, {"type": "Adam"}), r"layers\[2\] must be a Layer; got Adam"),
        ("network", lambda d: d["penalties"].append({"type": "ReLU"}), r"penalties\[1\] must be a Penalty; got ReLU"),
        ("network", lambda d: d["task"].update(classes=[0, 1, 1]), r"task: classes must be different labels"),
        ("network", lambda d: d["task"].update(classes=[0, "a", 2]), r"task: classes must be different labels of one"),
        ("network", lambda d: d["task"].update(flat=1), r"task\.flat must be true or false; got 1"),
        ("network", lambda d: d["columns"][0].update(kind="path"), r"columns\[0\]\.kind must be one of 'num"),
        ("network", lambda d: d["history"]["columns"].append("x"), r"there is no array history\.x"),
        ("network", lambda d: d.update(notes=[]), r"notes must be an object; got \[\]"),
        ("checkpoint", lambda d: d["training"].update(epoch=-1), r"training\.epoch must be at least 0"),
        ("checkpoint", lambda d: d["training"].pop("rate"), r"there is no field training\.rate"),
        ("ensemble", lambda d: d.update(random_state="0"), r"random_state must be a whole number or null; got '0'"),
        ("ensemble", lambda d: d["networks"][1].update(n_in=0), r"networks\[1\]\.n_in must be at least 1; got 0"),
        ("classifier", lambda d: d["attributes"].update(n_iter_=-1), r"attributes\.n_iter_ must be at least 0"),
        ("classifier", lambda d: d["attributes"].update(n_outputs_=4), r"n_outputs_ must be 3"),
        ("classifier", lambda d: d["attributes"].pop("classes_"), r"classes_ and _multilabel"),
        ("classifier", lambda d: d["parameters"].update(dropout=7), r"parameters: Dropout: rate must be below 1"),
        ("classifier", lambda d: d["parameters"].update(colour=7), r"MLPClassifier has no parameter 'colour'"),
        ("classifier", lambda d: d["parameters"].update(augmentation={"type": "ReLU"}), r"augmentation must be an"),
        ("regressor", lambda d: d["encoder"]["columns"][0].update(factor=None), r"factor must be a finite number"),
        ("regressor", lambda d: d["encoder"]["columns"].pop(), r"the inputs must be 4, as the network has"),
        ("regressor", lambda d: d.update(encoder=None), r"encoder must be there for the preset"),
    ],
)  # fmt: skip
def test_errors_name_the_field(files, tmp_path, kind, change, message):
    path = tmp_path / "m"
    path.write_bytes(files[kind].read_bytes())
    rewrite(path, change)
    with pytest.raises(lw.FormatError, match=message):
        lw.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["state"].update(pos=100_000),
        lambda s: s["state"].update(pos=-1),
        lambda s: s["state"]["key"]["items"].pop(),
        lambda s: s["state"]["key"].update(shape=[3], items=[1, 2, 3]),
        lambda s: s["state"]["key"].update(dtype="float64"),
        lambda s: s["state"]["key"]["items"].__setitem__(0, -1),
        lambda s: s["state"]["key"]["items"].__setitem__(0, 2**32),
        lambda s: s.update(bit_generator="PCG64"),
        lambda s: s.update(has_gauss=7),
        lambda s: s.update(gauss="much"),
        lambda s: s.pop("state"),
    ],
)
@pytest.mark.parametrize("where", ["parameters", "attributes", "notes"])
def test_the_state_of_a_random_state(files, tmp_path, where, change):
    """NumPy reads at `pos` without a look: 100,000 ended the process."""
    path = tmp_path / "m"
    path.write_bytes(files["classifier"].read_bytes())

    def changed(d):
        state = d["attributes"]["_random_state"]["state"]
        change(state)
        place = {"parameters": (d["parameters"], "random_state"), "attributes": (d["attributes"], "_random_state"),
                 "notes": (d["network"]["notes"], "random")}[where]  # fmt: skip
        d["attributes"]["_random_state"] = None
        place[0][place[1]] = {"type": "RandomState", "state": state}

    rewrite(path, changed)
    with pytest.raises(lw.FormatError):
        lw.load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("layers.1.var", -1.0), ("optimizer.v", -1.0), ("scaling.factor", np.nan), ("layers.0.W", np.inf)],
)
def test_numbers_that_an_array_cannot_have(files, tmp_path, name, value):
    path = tmp_path / "m"
    path.write_bytes(files["network"].read_bytes())
    rewrite(path, change_arrays=lambda arrays: arrays[name].reshape(-1).__setitem__(0, value))
    with pytest.raises(lw.FormatError, match=name):
        lw.load(path)


class StopAfter(lw.Callback):
    every_steps = 3

    def on_step_end(self, run):
        run.stop("enough")


def cut_off(path, **options):
    """A fit that ends within its first epoch, or goes on from there."""
    net = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    callbacks = [lw.Checkpoint(path, every=1000, keep=1), lw.EarlyStopping("loss", 3)]
    if not options:
        callbacks.append(StopAfter())
    net.fit(X, Y, epochs=2, batch_size=8, shuffle=lambda n: np.arange(n)[::-1], callbacks=callbacks, verbose=False,
            **options)  # fmt: skip
    return net


@pytest.mark.parametrize(
    ("change", "change_arrays", "message"),
    [
        (None, lambda a: a["training.order"].__setitem__(0, 10**12), r"training\.order must name rows from 0 to 39"),
        (None, lambda a: a["training.order"].__setitem__(7, -1), r"training\.order must name rows from 0 to 39"),
        (None, lambda a: a.update({"training.order": a["training.order"][:9]}), r"training\.order must be 40 rows"),
        (None, lambda a: a.update({"training.good": np.zeros(3, np.float32)}), r"training\.good must be weights"),
        (None, lambda a: a.update({"training.callbacks.1._weights": np.zeros(3)}), r"_weights must be weights"),
        (lambda t: t.update(done=6), None, r"training\.done must be at most 5, the steps of an epoch; got 6"),
        (lambda t: t.update(frozen=[9]), None, r"training\.frozen must be layers below 4; got \[9\]"),
        (lambda t: t.pop("elapsed"), None, r"no field training\.elapsed"),
        (lambda t: t.update(rate=-1), None, r"training\.rate must be at least 0; got -1"),
        (lambda t: t.update(callbacks=[7]), None, r"training\.callbacks\[0\] must be a callback's type and state"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*enough")
def test_a_checkpoint_that_leads_outside_of_the_data(tmp_path, change, change_arrays, message):
    """The native executor reads the rows that the order names; a checkpoint that is wrong is passed over, and named."""
    path = tmp_path / "c"
    cut_off(path)
    assert "training.order" in parts(path)[1]
    rewrite(path, None if change is None else lambda d: change(d["training"]), change_arrays)
    with pytest.warns(RuntimeWarning, match=message):
        cut_off(path, resume=True)


# ---------------------------------------------------------------- paths


class Hook(lw.Callback, Description):
    """A callback of somebody's own."""

    def __init__(self, target=None, every=1):
        self.target, self.every = target, every


class Writer(lw.Callback, Description):
    def __init__(self, log_file=None):
        self.log_file = log_file


WITH_PATHS = [lw.Checkpoint, lw.callbacks.CSVLog, lw.callbacks.TensorBoard, Hook, Writer]


@pytest.mark.parametrize("as_given", [list, tuple, lambda callbacks: callbacks[0]])
@pytest.mark.parametrize(
    "callback",
    [lw.Checkpoint, lw.callbacks.CSVLog, lw.callbacks.TensorBoard, Hook, Writer],
    ids=lambda kind: kind.__name__,
)
def test_no_path_of_a_file_is_written_to(tmp_path, callback, as_given):
    """An estimator comes back without callbacks that are told a path; a warning names them."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    estimator = lw.MLPClassifier((3,), max_iter=1).partial_fit(X, Y, classes=[0, 1, 2])
    estimator.set_params(callbacks=as_given([callback(str(victim)), lw.ReduceOnPlateau("loss")]))
    estimator.save(tmp_path / "m", optimizer=True)
    with pytest.warns(UserWarning, match=callback.__name__):
        loaded = lw.load(tmp_path / "m", custom=[Hook, Writer])
    kept = [] if loaded.callbacks is None else list(loaded.callbacks)
    assert [type(c).__name__ for c in kept] == (["ReduceOnPlateau"] if as_given in (list, tuple) else [])
    loaded.partial_fit(X, Y)
    assert victim.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "victim"]


def test_callbacks_without_paths_come_back(tmp_path):
    estimator = lw.MLPClassifier((3,)).partial_fit(X, Y, classes=[0, 1, 2])
    estimator.set_params(callbacks=[lw.EarlyStopping("loss", 3), Hook(every=2)])
    estimator.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m", custom=[Hook])
    assert repr(loaded.callbacks[0]) == repr(lw.EarlyStopping("loss", 3))
    assert loaded.callbacks[1].every == 2


@pytest.mark.parametrize("where", ["notes", "last_fit", "scaling"])
def test_a_callback_with_a_path_is_nowhere_made_from_a_file(files, tmp_path, where):
    path = tmp_path / "m"
    path.write_bytes(files["network"].read_bytes())
    callback = {"type": "Checkpoint", "path": str(tmp_path / "x")}
    fit = {"type": "dict", "rows": 1, "batch_size": 1, "epochs": 1, "shuffle": True, "first_step": 0}
    new = {"notes": {"type": "dict", "a": callback}, "last_fit": {**fit, "schedule": callback}, "scaling": callback}
    rewrite(path, lambda d: d.update({where: new[where]}))
    with pytest.raises(lw.FormatError, match=r"Checkpoint takes a path, and none that a file names is used"):
        lw.load(path)


def test_a_random_state_of_another_kind_is_not_written():
    with pytest.raises(lw.FormatError, match="RandomState cannot be written"):
        storage.encode(np.random.RandomState(np.random.PCG64(0)))
