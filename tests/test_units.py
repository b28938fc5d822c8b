"""The units of the inputs: pixels of every kind, to networks trained on every other, and what is left alone."""

import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.units import as_range, check_units, range_of

rng = np.random.default_rng(0)
PIXELS = np.where(rng.random((40, 64)) < 0.5, 0, rng.integers(1, 256, (40, 64)))
PIXELS[0, 0] = 255
LABELS = np.arange(40) % 2
KINDS = {
    "uint8": PIXELS.astype(np.uint8),
    "int64": PIXELS.astype(np.int64),
    "float 255": PIXELS.astype(np.float64),
    "float32 255": PIXELS.astype(np.float32),
    "float 1": PIXELS / 255,
    "float32 1": (PIXELS / 255).astype(np.float32),
    "bool": PIXELS > 127,
    "flags": (PIXELS > 127).astype(np.uint8),
    "-1 to 1": PIXELS / 127.5 - 1,
    "standardized": (PIXELS - PIXELS.mean()) / PIXELS.std(),
}
ENGINES = ["numpy", "auto"]


def trained(kind, engine="auto", **arguments):
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0, **arguments)
    net.fit(KINDS[kind], LABELS, epochs=1, engine=engine, verbose=False)
    return net


TO_255, TO_1 = ["uint8", "int64", "float 255", "float32 255"], ["float 1", "float32 1"]
REFUSED = {
    **{(kind, other): r"from 0 to 255.*all values here lie in 0 to 1" for kind in TO_255[2:] for other in TO_1},
    ("int64", "float 1"): r"from 0 to 255.*lie in 0 to 1\. .*255 \* X",
    ("int64", "float32 1"): "lie in 0 to 1",
    ("int64", "bool"): r"255 \* X",
    ("uint8", "float 1"): "which it scales itself; all values here lie in 0 to 1",
    ("uint8", "float32 1"): "which it scales itself",
    ("uint8", "bool"): r"True and False: give 255 \* X",
    ("uint8", "-1 to 1"): "many values here are negative",
    ("uint8", "standardized"): "many values here are negative",
    ("float 255", "bool"): r"255 \* X",
    ("float32 255", "bool"): r"255 \* X",
    **{(kind, "uint8"): r"X is uint8 with values up to 255.*from 0 to 1: .*X / 255$" for kind in [*TO_1, "bool"]},
    **{
        (kind, other): "whole numbers up to 255.*from 0 to 1: .*X / 255$"
        for kind in [*TO_1, "bool"]
        for other in TO_255[1:]
    },
    ("flags", "uint8"): "uint8 values 0 and 1; got values up to 255",
    ("flags", "int64"): "uint8 values 0 and 1; got values up to 255",
    ("flags", "float 255"): "whole numbers up to 255",
    ("flags", "float32 255"): "whole numbers up to 255",
    ("-1 to 1", "uint8"): r"X is uint8.*from -1 to 1: .*X / 127\.5 - 1$",
    **{("-1 to 1", other): r"X / 127\.5 - 1$" for other in TO_255[1:]},
    ("standardized", "uint8"): "X is uint8 with values up to 255, .*as the training data were",
}
WARNED = {
    ("uint8", "flags"): "all values here are 0 or 1",
    **{(a, b): "many values below 0" for a in TO_255[1:] for b in ("-1 to 1", "standardized")},
    **{(a, b): "many values below 0" for a in [*TO_1, "bool", "flags"] for b in ("-1 to 1", "standardized")},
    **{("standardized", b): "same units" for b in TO_255[1:]},
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_to_a_network_trained_on_every_other(kind, engine):
    net = trained(kind, engine)
    for _ in range(2):  # the second time by the shortest way
        for other, X in KINDS.items():
            case = kind, other
            if case in REFUSED:
                with pytest.raises(lw.DataError, match=REFUSED[case]):
                    net.predict(X)
            elif case in WARNED:
                with pytest.warns(UserWarning, match=WARNED[case]):
                    net.predict(X)
            else:
                net.predict(X)  # a warning would be an error here


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_is_judged_like_all(kind):
    """What a single row is refused for, all rows are; a blank one never is."""
    net = trained(kind)
    for other, X in KINDS.items():
        blank = np.zeros_like(X[:1])
        net.predict(blank)
        if (kind, other) not in REFUSED and (kind, other) not in WARNED:
            net.predict(X[:1])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["float 255", "int64", "float32 255"])
def test_uint8_to_a_network_trained_on_the_same_numbers_is_right(kind, engine):
    net = trained(kind, engine)
    np.testing.assert_array_equal(net.outputs(KINDS["uint8"]), net.outputs(KINDS[kind]))


def test_the_hint_leads_to_the_right_answers():
    for kind, hint in [("float 1", lambda X: X / 255), ("-1 to 1", lambda X: X / 127.5 - 1)]:
        net = trained(kind)
        np.testing.assert_allclose(net.outputs(hint(KINDS["uint8"])), net.outputs(KINDS[kind]), rtol=1e-6)


def test_an_unknown_range_names_both():
    net = lw.from_torch({"0.weight": np.ones((1, 2)), "0.bias": np.zeros(1)}, [lw.Dense(1)])
    assert net.input_range is None
    with pytest.raises(lw.DataError, match=r"X / 255 if they were from 0 to 1, or X\.astype\(float\) if from 0 to 255"):
        net.predict(np.array([[200, 55]], np.uint8))


@pytest.mark.parametrize("scaling", ["standard", "min_max"])
def test_scalers_that_learn_are_no_excuse(scaling):
    net = trained("float 1", scaling=scaling)
    with pytest.raises(lw.DataError, match=r"X / 255$"):
        net.predict(KINDS["uint8"])
    with pytest.raises(lw.DataError, match=r"X / 255$"):
        net.predict(KINDS["float 255"])


def test_numbers_in_a_table_are_left_alone():
    """A few columns may be anything: ages in whole years, what lies outside of the training data, flags."""
    X = rng.random((50, 1))
    net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(1)], random_state=0)
    net.fit(X, X[:, 0], epochs=1, verbose=False)
    net.predict([[-3.0], [40.0]])
    net.predict(np.array([[0], [1]], np.uint8))
    net.predict(np.full((3, 1), True))
    with pytest.warns(UserWarning, match="values about 255, but .* on values from 0.0"):
        net.predict([[255.0]])
    counts = rng.poisson(0.3, (50, 100)) * 100.0  # a long-tailed table of whole numbers
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(counts, counts[:, 0] > 0, epochs=1, verbose=False)
    net.predict((counts > 0).astype(float))
    net.predict(np.zeros((2, 100)))


def test_sparse_rows():
    sparse = pytest.importorskip("scipy.sparse")
    net = trained("float 1")
    for kind in ("float 255", "uint8"):
        with pytest.raises(lw.DataError, match=r"X / 255$"):
            net.predict(sparse.csr_matrix(KINDS[kind]))
    net.predict(sparse.csr_matrix(KINDS["float 1"]))
    net.predict(sparse.csr_matrix((2, 64)))


def test_the_range_grows_with_each_fit_and_is_saved(tmp_path):
    net = trained("float 1")
    assert net.input_range == (0, 1)
    net.fit(2 * KINDS["float 1"], LABELS, epochs=1, verbose=False)
    assert net.input_range == (0, 2)
    assert net.copy().input_range == (0, 2)
    net.save(tmp_path / "m.safetensors")
    assert lw.load(tmp_path / "m.safetensors").input_range == (0, 2)
    assert lw.Network([lw.Dense(2)]).input_range is None


def test_estimators_know_it_too():
    for solver in ("adam", "lbfgs"):
        clf = lw.MLPClassifier((4,), solver=solver, max_iter=2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clf.fit(KINDS["float 1"], LABELS)
        assert clf.network_.input_range == (0, 1)
        with pytest.raises(lw.DataError, match=r"X / 255$"):
            clf.predict(KINDS["float 255"])
    clf = lw.MLPClassifier((4,), random_state=0).partial_fit(KINDS["float 1"][:, :32], LABELS, classes=[0, 1])
    clf.partial_fit(1.5 * KINDS["float 1"][:, :32], LABELS)
    assert clf.network_.input_range[1] > 1.4


@pytest.mark.parametrize("value", [[0], [1, 0], "ab", [0, float("nan")], [0, "1"], {"low": 0}, [True, 1], 5])
def test_a_range_that_is_none(value):
    with pytest.raises(ValueError, match="input_range"):
        as_range(value)
    assert as_range([0, 1]) == (0, 1)
    assert as_range(None) is None


def test_a_range_is_that_of_all_rows():
    assert range_of(np.array([[3, -1], [2, 0]])) == (-1, 3)
    assert range_of(np.array([[True]]), (0, 0.5)) == (0, 1)
    check_units(None, (0.0, 0.0), np.array([[1.0, 2.0]]))  # trained on zeros: nothing can be said


def test_later_rows_that_are_right():
    """Blank pictures first, in a network that scales 0 to 255 itself."""
    X = np.concatenate([np.zeros((100, 64)), KINDS["float 255"]])
    trained("uint8").predict(X)
    with pytest.raises(lw.DataError, match="lie in 0 to 1"):
        trained("uint8").predict(X / 255)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_range_of_a_large_array_is_found_block_by_block(rng, threads):
    X = rng.standard_normal((3000, 101)).astype(np.float32)
    assert range_of(X, threads=threads) == (X.min(), X.max())
    X[2999, 100] = 9
    assert range_of(X, threads=threads)[1] == 9
    X[1234, 5] = np.nan
    assert np.isnan(range_of(X, threads=threads)).all()
