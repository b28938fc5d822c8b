"""Every form of X, y and weights × every entry point × both engines: the bits are those of the plain copy."""

import array as buffers
import functools
import importlib.util
import tempfile
import warnings
import zlib

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine

ENGINES = ("numpy", "native") if native_engine._native is not None else ("numpy",)
N, INPUTS, OUTPUTS = 12, 3, 2
RNG = np.random.default_rng(7)
REALS = RNG.integers(-8, 9, (N, INPUTS)) / 4  # float16 holds them exactly
WHOLE = RNG.integers(0, 100, (N, INPUTS)).astype(float)
FLAGS = RNG.integers(0, 2, (N, INPUTS)).astype(float)
LABELS = np.arange(N) % OUTPUTS
SHORT = {"max_iter": 2, "batch_size": 5, "random_state": 0, "tol": 0.0}
NUMBERS = RNG.integers(-8, 9, (N, OUTPUTS)) / 4
WEIGHTS = RNG.integers(1, 9, N) / 4

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
sparse = pytest.importorskip("scipy.sparse")
pytest.importorskip("sklearn")


class Tensor:
    """What can only be asked for its array, as a tensor of another library."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values if dtype is None else self.values.astype(dtype)


class Capsule:
    """What can only be asked for its memory."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


def unaligned(A):
    memory = np.zeros(A.nbytes + 1, np.uint8)[1:]
    view = memory.view(A.dtype).reshape(A.shape)
    view[...] = A
    assert not view.flags.aligned
    return view


def field(A):
    table = np.zeros(len(A), [("id", "u1"), ("values", A.dtype, A.shape[1:])])
    table["values"] = A
    return table["values"]


def read_only(A):
    A = A.copy()
    A.flags.writeable = False
    return A


def memmap(A):
    with tempfile.TemporaryFile() as file:
        made = np.memmap(file, A.dtype, "w+", shape=A.shape)
        made[...] = A
        return made


def strided(A):
    wide = np.repeat(A, 2, axis=0)
    return np.repeat(wide, 3, axis=-1)[::2, ::3] if A.ndim == 2 else wide[::2]


def backwards(A):
    return np.ascontiguousarray(A[::-1])[::-1]


def of_type(dtype):
    return lambda A: A.astype(dtype)


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": strided,
    "backwards": backwards,
    "all axes backwards": lambda A: np.ascontiguousarray(np.flip(A))[(slice(None, None, -1),) * A.ndim],
    "unaligned": unaligned,
    "unaligned float32": lambda A: unaligned(A.astype(np.float32)),
    "field of a structure": field,
    "read-only": read_only,
    "memmap": memmap,
    "big-endian": of_type(">f8"),
    "big-endian Fortran float32": lambda A: np.asfortranarray(A.astype(">f4")),
    "big-endian int": of_type(">i4"),
    "masked, nothing masked": np.ma.array,
    "float16": of_type(np.float16),
    "float32": of_type(np.float32),
    "longdouble": of_type(np.longdouble),
    "objects": of_type(object),
    "lists": lambda A: A.tolist(),
    "list of arrays": list,
    "tuple": lambda A: tuple(A.tolist()),
    "memoryview": memoryview,
    "__array__": Tensor,
    "__array__ in Fortran order": lambda A: Tensor(np.asfortranarray(A)),
    "__dlpack__": lambda A: Capsule(A.copy()),
} | {name: of_type(name) for name in ("int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool")}

TABLES = {
    "transposed": lambda A: np.ascontiguousarray(A.T).T,
    "columns backwards": lambda A: np.ascontiguousarray(A[:, ::-1])[:, ::-1],
    "matrix": np.matrix,
    "pandas": pandas.DataFrame,
    "pandas of two types": lambda A: pandas.DataFrame(A).astype({0: np.float32}),
    "pandas of numbers and booleans": lambda A: pandas.DataFrame(A).astype({0: bool}),
    "pandas nullable": lambda A: pandas.DataFrame(A).astype("Float64"),
    "pandas nullable integers": lambda A: pandas.DataFrame(A).astype("Int64"),
    "pandas nullable booleans": lambda A: pandas.DataFrame(A).astype("boolean"),
    "pandas objects": lambda A: pandas.DataFrame(A).astype(object),
    "Polars": lambda A: polars.DataFrame(A),
    "Polars of several types": lambda A: polars.DataFrame(A).with_columns(polars.col("column_0").cast(polars.Float32)),
    "Polars booleans": lambda A: polars.DataFrame(A.astype(bool)),
}
COLUMNS = {
    "array.array": lambda a: buffers.array("d", a),
    "column": lambda a: a[:, None],
    "column of a Fortran table": lambda a: np.asfortranarray(np.stack([a, a], 1))[:, :1],
    "pandas": pandas.Series,
    "pandas index": pandas.Index,
    "pandas nullable": lambda a: pandas.Series(a).astype("Float64"),
    "pandas nullable integers": lambda a: pandas.Series(a).astype("Int64"),
    "pandas frame of one column": lambda a: pandas.DataFrame({"a": a}),
    "pandas nullable frame": lambda a: pandas.DataFrame({"a": a}).astype("Float64"),
    "Polars": lambda a: polars.Series(a),
    "Polars frame": lambda a: polars.DataFrame({"a": a}),
}
if importlib.util.find_spec("pyarrow"):
    TABLES["Arrow"] = lambda A: pandas.DataFrame(A).astype("float64[pyarrow]")
    COLUMNS["Arrow"] = lambda a: pandas.Series(a).astype("float64[pyarrow]")
SPARSE = {
    **{name: getattr(sparse, f"{name}_matrix") for name in ("csr", "csc", "coo", "bsr", "dok", "lil", "dia")},
    **{f"{name} array": getattr(sparse, f"{name}_array") for name in ("csr", "csc", "coo", "bsr", "dok", "lil", "dia")},
    "pandas frame": lambda A: pandas.DataFrame(A).astype(pandas.SparseDtype(float, 0.0)),
    "int64 indices": lambda A: with_indices(sparse.csr_array(A), np.int64),
    "unsorted indices": lambda A: sparse.csr_array(A)[:, ::-1][:, ::-1],
    "duplicates": lambda A: twice(sparse.csr_array(A)),
    "zeros that are stored": lambda A: sparse.csr_array(A + (A == 0)).multiply(A != 0).tocsr(),
    "float32": lambda A: sparse.csc_array(A.astype(np.float32)),
    "int8": lambda A: sparse.coo_array(A.astype(np.int8)),
    "bool": lambda A: sparse.lil_array(A.astype(bool)),
}
WHOLE_TYPES = ("int", "uint", "Int")


def with_indices(rows, dtype):
    return type(rows)((rows.data, rows.indices.astype(dtype), rows.indptr.astype(dtype)), shape=rows.shape)


def twice(rows):
    """Each entry as two halves."""
    data, indices = np.repeat(rows.data / 2, 2), np.repeat(rows.indices, 2)
    return type(rows)((data, indices, rows.indptr * 2), shape=rows.shape)


def suiting(name, reals, whole, flags):
    """The numbers that a form can hold."""
    if "bool" in name:
        return flags
    return whole if any(kind in name for kind in WHOLE_TYPES) or name == "pandas nullable integers" else reals


def network(task="classes"):
    ending = [lw.Dense(OUTPUTS), lw.Softmax()] if task == "classes" else [lw.Dense(OUTPUTS)]
    return lw.Network([lw.Dense(4), lw.Tanh(), *ending], random_state=0)


def fitted(engine, X=REALS, y=LABELS, task="classes", **options):
    net = network(task)
    history = net.fit(X, y, epochs=2, batch_size=5, engine=engine, verbose=False, **options)
    return [net.theta, *(history[name] for name in sorted(history.columns) if "second" not in name)]


@functools.cache
def _trained(engine, task):
    net = network(task)
    net.fit(REALS, LABELS if task == "classes" else NUMBERS, epochs=2, batch_size=5, engine=engine, verbose=False)
    return net


def trained(engine, task="classes"):
    return _trained(engine, task).copy()


@functools.cache
def ensemble(engine):
    members = lw.Ensemble([lw.Dense(4), lw.Tanh(), lw.Dense(OUTPUTS), lw.Softmax()], size=2, random_state=0)
    members.fit(REALS, LABELS, epochs=1, engine=engine, verbose=False, n_jobs=1)
    return members


def classifier(engine, **options):
    return lw.MLPClassifier((4,), **SHORT, engine=engine, **options)


def regressor(engine, **options):
    return lw.MLPRegressor(hidden_layer_sizes=(4,), **SHORT, engine=engine, **options)


@functools.cache
def fitted_classifier(engine):
    return classifier(engine).fit(REALS, LABELS)


@functools.cache
def fitted_regressor(engine):
    return regressor(engine).fit(REALS, NUMBERS)


def partial(engine, X):
    model = classifier(engine)
    model.partial_fit(X, LABELS, classes=[0, 1])
    model.partial_fit(X, LABELS)
    return [*model.coefs_, model.loss_]


def stopping(engine, X, **options):
    model = classifier(engine, early_stopping=True, **options).fit(X, LABELS)
    return [*model.coefs_, model.validation_scores_]


def novel(engine, X, dense=True):
    net = lw.learn_novelty(trained(engine), X, X)
    return [net.is_novel(X)]


def calibrated(engine, X):
    net = trained(engine)
    wrong = net.predict(X)
    wrong[:1] = 1 - wrong[:1]  # a network that is always right cannot be calibrated
    found = lw.calibrate(net, X, wrong)
    return [net.theta, found.temperature, found.loss_after]


def diagnosed(engine, X):
    found = lw.diagnose(trained(engine), X, LABELS)
    return [found.loss, [str(finding.seen) for finding in found.findings], [layer.mean for layer in found.layers]]


OF_X = {
    "Network.fit": lambda e, X: fitted(e, X),
    "validation_data": lambda e, X: fitted(e, validation_data=(X, LABELS)),
    "Network.predict": lambda e, X: [trained(e).predict(X), trained(e, "numbers").predict(X)],
    "Network.predict_proba": lambda e, X: [trained(e).predict_proba(X)],
    "Network.outputs": lambda e, X: [trained(e).outputs(X)],
    "Network.activations": lambda e, X: trained(e).activations(X),
    "Network.forward": lambda e, X: [trained(e).forward(X)],
    "Network.evaluate": lambda e, X: list(trained(e).evaluate(X, LABELS).values()),
    "Ensemble": lambda e, X: [ensemble(e).predict(X), *ensemble(e).evaluate(X, LABELS).values()],
    "MLPClassifier.fit": lambda e, X: classifier(e).fit(X, LABELS).coefs_,
    "MLPClassifier, lbfgs": lambda e, X: classifier(e, solver="lbfgs").fit(X, LABELS).coefs_,
    "MLPClassifier, early stopping": stopping,
    "MLPClassifier, scoring": lambda e, X: stopping(e, X, scoring="accuracy"),
    "MLPClassifier, validation_data": lambda e, X: (
        classifier(e, scoring="accuracy").fit(REALS, LABELS, validation_data=(X, LABELS)).history_["val_score"]
    ),
    "MLPClassifier.partial_fit": partial,
    "MLPClassifier.predict": lambda e, X: [fitted_classifier(e).predict(X), fitted_classifier(e).predict_proba(X)],
    "MLPClassifier.score": lambda e, X: [fitted_classifier(e).score(X, LABELS)],
    "MLPRegressor.fit": lambda e, X: regressor(e).fit(X, NUMBERS).coefs_,
    "MLPRegressor.predict": lambda e, X: [fitted_regressor(e).predict(X)],
    "diagnose": diagnosed,
    "learn_novelty": novel,
    "calibrate": calibrated,
    "gradcheck": lambda e, X: [lw.gradcheck(trained(e), X, LABELS).gradients],
    "trace": lambda e, X: [lw.trace(trained(e), X, LABELS)["new W1"], lw.trace(trained(e), X)["x"]],
}
OF_Y = {
    "Network.fit": lambda e, y: fitted(e, y=y, task="numbers"),
    "validation_data": lambda e, y: fitted(e, y=NUMBERS, task="numbers", validation_data=(REALS, y)),
    "Network.evaluate": lambda e, y: list(trained(e, "numbers").evaluate(REALS, y).values()),
    "MLPRegressor.fit": lambda e, y: regressor(e).fit(REALS, y).coefs_,
    "MLPRegressor, lbfgs": lambda e, y: regressor(e, solver="lbfgs").fit(REALS, y).coefs_,
    "MLPRegressor.partial_fit": lambda e, y: regressor(e).partial_fit(REALS, y).coefs_,
    "MLPRegressor, validation_data": lambda e, y: (
        regressor(e).fit(REALS, NUMBERS, validation_data=(REALS, y)).history_["val_loss"]
    ),
    "diagnose": lambda e, y: [lw.diagnose(trained(e, "numbers"), REALS, y).loss],
    "gradcheck": lambda e, y: [lw.gradcheck(trained(e, "numbers"), REALS, y).gradients],
    "trace": lambda e, y: [lw.trace(trained(e, "numbers"), REALS, y)["new W1"]],
}
OF_LABELS = {
    "Network.fit": lambda e, y: fitted(e, y=y),
    "validation_data": lambda e, y: fitted(e, validation_data=(REALS, y)),
    "Network.evaluate": lambda e, y: list(trained(e).evaluate(REALS, y).values()),
    "Ensemble": lambda e, y: list(ensemble(e).evaluate(REALS, y).values()),
    "MLPClassifier.fit": lambda e, y: classifier(e).fit(REALS, y).coefs_,
    "MLPClassifier.partial_fit": lambda e, y: classifier(e).partial_fit(REALS, y, classes=[0, 1]).coefs_,
    "MLPClassifier.score": lambda e, y: [fitted_classifier(e).score(REALS, y)],
    "diagnose": lambda e, y: [lw.diagnose(trained(e), REALS, y).loss],
    "gradcheck": lambda e, y: [lw.gradcheck(trained(e), REALS, y).gradients],
    "trace": lambda e, y: [lw.trace(trained(e), REALS, y)["new W1"]],
}
OF_WEIGHTS = {
    "Network.fit": lambda e, w: fitted(e, sample_weight=w),
    "MLPClassifier.fit": lambda e, w: classifier(e).fit(REALS, LABELS, sample_weight=w).coefs_,
    "MLPRegressor, lbfgs": lambda e, w: regressor(e, solver="lbfgs").fit(REALS, NUMBERS, sample_weight=w).coefs_,
    "gradcheck": lambda e, w: [lw.gradcheck(trained(e), REALS, LABELS, sample_weight=w).gradients],
}
REFUSED = {  # by scikit-learn's own checks, which the estimators share
    id(OF_X): {"matrix", "__dlpack__"},
    id(OF_Y): {"matrix", "__dlpack__"},
    id(OF_LABELS): {"matrix", "__dlpack__", "objects", "memoryview"},
    id(OF_WEIGHTS): {
        "__dlpack__", "column", "column of a Fortran table", "pandas frame of one column", "pandas nullable frame",
        "Polars frame",
    },
}  # fmt: skip


def bits(parts):
    found = []
    for part in parts:
        values = np.asarray(part) if not isinstance(part, list) else part
        found.append(str(values) if isinstance(values, list) else (values.dtype.str, values.shape, values.tobytes()))
    return found


def check(entries, form_name, form, plain, whole):
    """How many cases there were: entry points × engines, or a share of them that turns from form to form."""
    cases = 0
    for number, (name, use) in enumerate(entries.items()):
        if name.startswith("MLP") and form_name in REFUSED[id(entries)]:
            continue
        for engine in ENGINES:
            turn = (zlib.crc32(form_name.encode()) + number + len(engine)) % 8
            if whole or not number or not turn:
                assert bits(use(engine, form)) == expected(entries, name, engine, plain), f"{name}, {engine}"
                cases += 1
    return cases


_expected = {}


def expected(entries, name, engine, plain):
    known = plain.toarray() if sparse.issparse(plain) else plain
    key = (id(entries), name, engine, known.dtype.str, known.tobytes(), known is plain)
    if key not in _expected:
        _expected[key] = bits(entries[name](engine, plain))
    return _expected[key]


SAID = ["adam made", "lbfgs stopped", "A column-vector", "X does not have", "X has feature", "the matrix"]


@pytest.fixture(autouse=True)
def quiet():
    """What scikit-learn says of short trainings, of columns as y and of names is not the matter here."""
    with warnings.catch_warnings():
        for words in (
            "Stochastic",
            "adam made",
            "lbfgs stopped",
            "A column-vector",
            "X does not have",
            "X has feature",
            "the matrix",
        ):
            warnings.filterwarnings("ignore", words)
        yield


def plain_of(name, numbers):
    return numbers.astype(np.float32 if name in ("float32", "unaligned float32") else np.float64)


def of_X(name, whole):
    numbers = suiting(name.lower(), REALS, WHOLE, FLAGS)
    if name == "pandas of numbers and booleans":
        numbers = np.column_stack([FLAGS[:, 0], REALS[:, 1:]])
    return check(OF_X, name, (LAYOUTS | TABLES)[name](numbers.copy()), plain_of(name, numbers), whole)


def of_y(name, whole):
    numbers = suiting(name.lower(), NUMBERS, WHOLE[:, :OUTPUTS], FLAGS[:, :OUTPUTS])
    if name == "pandas of numbers and booleans":
        numbers = np.column_stack([FLAGS[:, 0], NUMBERS[:, 1:]])
    return check(OF_Y, name, (LAYOUTS | TABLES)[name](numbers.copy()), plain_of(name, numbers), whole)


def of_labels(name, whole):
    return check(OF_LABELS, name, (LAYOUTS | COLUMNS)[name](LABELS.astype(float)), LABELS.astype(float), whole)


def of_weights(name, whole):
    weights = suiting(name.lower(), WEIGHTS, WHOLE[:, 0] + 1, FLAGS[:, 0])
    return check(OF_WEIGHTS, name, (LAYOUTS | COLUMNS)[name](weights.copy()), plain_of(name, weights), whole)


def of_sparse(name, whole):
    numbers = FLAGS if name in ("int8", "bool") else FLAGS * REALS
    plain = sparse.csr_array(numbers.astype(np.float32 if name == "float32" else np.float64))
    return check(OF_X, name, SPARSE[name](numbers), plain, whole)


FORMS = [
    *((of_X, name) for name in LAYOUTS | TABLES),
    *((of_y, name) for name in LAYOUTS | TABLES),
    *((of_labels, name) for name in LAYOUTS | COLUMNS),
    *((of_weights, name) for name in LAYOUTS | COLUMNS),
    *((of_sparse, name) for name in SPARSE),
]
REPORTED = {"Fortran", "unaligned", "pandas", "pandas nullable integers", "Arrow", "coo array", "big-endian"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("of", "name"), FORMS, ids=lambda value: getattr(value, "__name__", value))
def test_forms(of, name):
    assert of(name, whole=name in REPORTED)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("entry", [name for name in OF_X if name not in ("diagnose", "MLPClassifier.score")])
def test_sparse_is_dense_to_rounding(entry, engine):
    dense = FLAGS * REALS
    for a, b in zip(OF_X[entry](engine, sparse.csr_array(dense)), OF_X[entry](engine, dense), strict=True):
        np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=2e-5, atol=1e-6)


@pytest.mark.slow
def test_all_forms():
    """Every case, and how many they are: none is left out unseen."""
    cases = sum(of(name, whole=True) for of, name in FORMS)
    arrow = 96 if importlib.util.find_spec("pyarrow") else 0
    assert cases == (5222 + arrow) // 2 * len(ENGINES)
