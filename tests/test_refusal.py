"""No answer where the network is not sure, or where a row does not look like the training data."""

import tracemalloc
import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise import MLPClassifier
from layerwise.data.novelty import COMPONENTS, NAMES, Novelty
from layerwise.network.refusal import without
from layerwise.trust import novelty
from model_files import rewrite


@pytest.fixture(scope="module")
def clouds():
    """Three clouds in ten dimensions, of which the last four do not vary; the network tells them apart."""
    rng = np.random.default_rng(0)
    y = np.arange(1500) % 3
    X = np.zeros((1500, 10))
    X[:, :6] = rng.normal(size=(1500, 6)) + 4 * np.eye(6)[y]
    net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=5, verbose=False)
    return lw.learn_novelty(net, X[:1000], X[1000:]), X, y


# ---------------------------------------------------------------- what stands in the place of an answer


@pytest.mark.parametrize(
    ("answers", "nothing"),
    [
        (np.array([3, 1]), -1), (np.array([-1, 1]), -2), (np.array(["a", "bc"]), ""), (np.array([1.5, 2.0]), np.nan),
        (np.array([True, False]), None), (np.array([1, 2], np.uint8), None),
    ],
)  # fmt: skip
def test_under_the_mask_is_nothing_that_could_be_an_answer(answers, nothing):
    given = without(answers, np.array([False, True]), answers)
    assert given.tolist() == [answers[0], None]
    for bare in (given.filled(), np.asarray(given), given.data):
        assert bare[0] == answers[0]
        assert bare[1] == nothing or (nothing is not None and np.isnan(bare[1]))


# ---------------------------------------------------------------- confidence


def test_answers_below_the_confidence_are_masked(clouds):
    net, X, y = clouds
    confidence = net.predict_proba(X).max(axis=1)
    answers = net.predict(X, min_confidence=0.9)
    np.testing.assert_array_equal(answers.mask, confidence < 0.9)
    assert 0 < answers.mask.sum() < len(X)
    np.testing.assert_array_equal(answers.compressed(), net.predict(X)[confidence >= 0.9])
    assert (answers == y).mean() > (net.predict(X) == y).mean()
    assert not net.predict(X, min_confidence=0).mask.any()


def test_without_a_wish_the_answers_are_a_plain_array(clouds):
    net, X, _ = clouds
    assert type(net.predict(X)) is np.ndarray


def test_yes_and_no_are_each_refused_by_themselves():
    net = lw.Network([lw.Dense(2), lw.Sigmoid()], random_state=0, dtype="float64")
    X = np.array([[0.0, 3.0], [-3.0, 0.1]])
    net.fit(X, np.array([[0, 1], [1, 1.0]]), loss="binary_cross_entropy", epochs=1, verbose=False)
    net.set_parameters([np.eye(2), np.zeros(2)])  # probabilities: 0.5 and 0.95, 0.05 and 0.52
    assert net.predict(X, min_confidence=0.9).tolist() == [[None, 1], [0, None]]


def test_what_cannot_be_asked_says_why(clouds):
    net, X, _ = clouds
    for wrong in (1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match="min_confidence"):
            net.predict(X, min_confidence=wrong)
    numbers = lw.Network([lw.Dense(1)], random_state=0)
    numbers.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="min_confidence needs classes"):
        numbers.predict(X, min_confidence=0.5)
    with pytest.raises(lw.DataError, match=r"call lw\.learn_novelty"):
        numbers.predict(X, reject_novel=True)
    with pytest.raises(lw.NotBuiltError, match="never trained"):
        lw.learn_novelty(lw.Network([lw.Dense(1)]), X)
    for answered in (0, 1.01):
        with pytest.raises(ValueError, match="coverage"):
            lw.learn_novelty(numbers, X, coverage=answered)
    wide = OnePart(np.ones((3, 5000), np.float32))
    with pytest.raises(lw.DataError, match="4,096"):
        Novelty.learn(wide, wide, 0.9, np.random.default_rng(0))


@pytest.mark.parametrize(("rows", "held_out", "words"), [
    (0, None, "X is empty"), (1, None, "X has 1 row; at least 4"), (2, None, "X has 2 rows; at least 4"),
    (3, None, "X has 3 rows; at least 4"), (1, 2, "2 rows and 2 held out; got 1 and 2"),
    (2, 1, "2 rows and 2 held out; got 2 and 1"), (2, 0, "held_out is empty"),
])  # fmt: skip
def test_too_few_rows_to_learn_from_are_refused(clouds, rows, held_out, words):
    net, X, _ = clouds
    twin = net.copy()
    twin.novelty = None
    with pytest.raises(lw.DataError, match=f"learn_novelty.*{words}"):
        lw.learn_novelty(twin, X[:rows], None if held_out is None else X[:held_out])
    assert twin.novelty is None
    for enough in ((X[:4], None), (X[:2], X[2:4])):
        assert not lw.learn_novelty(twin, *enough, coverage=1).is_novel(enough[0][:2]).any()


# ---------------------------------------------------------------- novelty


class OnePart:
    """Rows that are read at once."""

    def __init__(self, X):
        self.X, self.shape = X, X.shape

    def __iter__(self):
        yield self.X


@pytest.mark.sampled(2)
def test_memory_does_not_grow_with_the_rows(monkeypatch):
    """What is learned from a part at a time is the same, and takes far less than the rows themselves."""
    X = np.random.default_rng(0).integers(0, 255, (20_000, 300)).astype(np.uint8)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X[:500], np.arange(500) % 3, epochs=1, verbose=False)
    whole, small = net.copy(), net.copy()
    monkeypatch.setattr(novelty, "PART", len(X))
    lw.learn_novelty(whole, X)
    monkeypatch.undo()
    tracemalloc.start()
    lw.learn_novelty(small, X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.size * 4, f"{peak / 1e6:.1f} MB"  # one copy of the rows as they are scaled
    for name, array in small.novelty.arrays().items():
        if name.endswith("limits"):
            np.testing.assert_allclose(array, whole.novelty.arrays()[name], rtol=5e-3)
    assert (small.is_novel(X) == whole.is_novel(X)).mean() > 0.995  # their limits differ in the fourth digit


@pytest.mark.parametrize("answered", [0.9, 0.99])
def test_as_many_are_answered_as_was_asked_for(clouds, answered):
    net, X, _ = clouds
    rng = np.random.default_rng(1)
    fresh = np.zeros((3000, 10))
    fresh[:, :6] = rng.normal(size=(3000, 6)) + 4 * np.eye(6)[np.arange(3000) % 3]
    other = lw.learn_novelty(net.copy(), X[:1000], X[1000:], coverage=answered)
    assert other.is_novel(X[1000:]).mean() == pytest.approx(1 - answered, abs=0.005)
    assert other.is_novel(fresh).mean() == pytest.approx(1 - answered, abs=0.03)


def test_strangers_are_refused_however_sure_the_network_is(clouds):
    net, X, _ = clouds
    far, between, outside = X[:300] * 5, np.zeros((300, 10)), X[:300].copy()
    between[:, 5] = -6
    outside[:, 8] = 0.5  # a column that never varied
    for strangers in (far, between, outside):
        assert net.is_novel(strangers).mean() > 0.98
    sure = net.predict_proba(far).max(axis=1) > 0.99
    assert sure.mean() > 0.8  # which its confidence would not have told
    assert net.predict(far, min_confidence=0.99, reject_novel=True).mask.mean() > 0.98


def test_distances_are_those_of_the_formulas():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5))).astype(np.float32)
    found = Novelty.learn(OnePart(X), OnePart(X), 0.975, rng)
    d, x = found.directions.shape[1], X[:20].astype(np.float64)
    assert d == 5 <= COMPONENTS
    z = (x - found.mean) @ found.directions
    lower = np.tril_indices(d)
    expected = []
    for centre, packed in zip(found.centres, found.factors):
        L = np.zeros((d, d))
        L[lower] = packed
        offset = z - np.linalg.solve(L.T, centre)
        expected.append(np.einsum("ni,ij,nj->n", offset, L @ L.T, offset))
    np.testing.assert_allclose(found.distances(X[:20])[:, 1], np.min(expected, axis=0), rtol=1e-3, atol=1e-3)
    assert found.distances(X)[:, 0].max() < 1e-4 * np.square(X).sum(axis=1).mean()  # nothing is outside five of five


def test_it_looks_at_scaled_pixels_and_at_sparse_rows_and_at_numbers(clouds):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (300, 16)) * rng.integers(100, 255, (300, 16))
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X.astype(np.uint8), X[:, 0] / 255.0, epochs=1, verbose=False)
    lw.learn_novelty(net, X.astype(np.uint8))
    answers = net.predict(X.astype(np.uint8), reject_novel=True)
    assert 0 < answers.mask.mean() < 0.1
    assert np.isnan(answers.filled()[answers.mask]).all()
    sparse = pytest.importorskip("scipy.sparse")
    net, X, _ = clouds
    np.testing.assert_array_equal(net.is_novel(sparse.csr_matrix(X)), net.is_novel(X))
    other = lw.learn_novelty(net.copy(), sparse.csr_matrix(X[:1000]), sparse.csr_matrix(X[1000:]))
    np.testing.assert_array_equal(other.is_novel(X), net.is_novel(X))


@pytest.mark.parametrize("X", [np.ones((5, 3)), np.repeat(np.eye(3), 4, axis=0), np.full((9, 2), 1e6)])
def test_rows_that_hardly_vary_are_not_novel(X):
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X, np.arange(len(X)) / len(X), epochs=1, optimizer=lw.SGD(1e-15), verbose=False)
    lw.learn_novelty(net, X, X, coverage=1)
    assert not net.is_novel(X).any()
    assert net.is_novel(-X - 1).all()


def test_the_same_seed_learns_the_same(clouds):
    net, X, _ = clouds
    again = lw.learn_novelty(net.copy(), X[:1000], X[1000:])
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again.novelty, name), getattr(net.novelty, name))


# ---------------------------------------------------------------- the model file


def test_the_model_file_keeps_it(clouds, tmp_path):
    net, X, _ = clouds
    net.save(tmp_path / "m")
    np.testing.assert_array_equal(lw.load(tmp_path / "m").is_novel(X), net.is_novel(X))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.pop("novelty.limits"),
        lambda a: a.update({"novelty.more": np.ones(2, np.float32)}),
        lambda a: a.update({"novelty.mean": a["novelty.mean"][:-1]}),
        lambda a: a.update({"novelty.mean": a["novelty.mean"].astype(np.float64)}),
        lambda a: a["novelty.factors"].fill(np.nan),
        lambda a: a.update({"novelty.factors": a["novelty.factors"][:, :-1].copy()}),
        lambda a: a.update({"novelty.directions": a["novelty.directions"][:, 0].copy()}),
        lambda a: a.update({f"novelty.{n}": a[f"novelty.{n}"][:0] for n in ("centres", "factors")}),
    ],
)
def test_one_that_does_not_fit_is_refused(clouds, tmp_path, change):
    net, _, _ = clouds
    net.save(tmp_path / "m")
    rewrite(tmp_path / "m", change_arrays=change)
    with pytest.raises(lw.FormatError, match=f"{tmp_path / 'm'}: .*novelty"):
        lw.load(tmp_path / "m")


# ---------------------------------------------------------------- digits


@pytest.fixture(scope="module")
def unlike_digits():
    pytest.importorskip("PIL")
    pytest.importorskip("matplotlib")
    return pytest.importorskip("unlike_digits")


def test_a_network_that_reads_digits_refuses_what_is_none(unlike_digits):
    """The bars of docs/how-to/confidence.md, with fewer images; benchmarks/results has all of them."""
    (X, y), (X_held_out, _), (X_test, y_test) = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    net.fit(X[:20000], y[:20000], epochs=3, batch_size=64, optimizer=lw.Adam(0.003), verbose=False)
    lw.learn_novelty(net, X[:20000], X_held_out[:5000])
    assert sum(array.nbytes for array in net.novelty.arrays().values()) < 2**20
    answers = net.predict(X_test, reject_novel=True)
    assert 1 - answers.mask.mean() >= 0.965  # of ten thousand images of other writers
    assert (answers == y_test).mean() > (net.predict(X_test) == y_test).mean()
    rng = np.random.default_rng(0)
    fonts, every = unlike_digits.FONTS[::3], "aACEFhHkKmMnNRTvVwWxX"
    refused = {
        "noise": unlike_digits.noise(300, rng),
        "shuffled": unlike_digits.shuffled(X_test[:300], rng),
        "inverted": unlike_digits.inverted(X_test[:300]),
        "textures": unlike_digits.textures(300, rng),
        "letters": np.stack([unlike_digits.letter(c, font) for c in every for font in fonts]),
    }
    shares = {name: net.is_novel(rows).mean() for name, rows in refused.items()}
    assert min(shares[name] for name in ("noise", "shuffled", "inverted", "textures")) >= 0.98, shares
    assert shares["letters"] >= 0.8, shares


def test_the_earlier_names_work_and_warn(clouds):
    net, X, y = clouds
    with pytest.warns(FutureWarning, match="is now lw.learn_novelty"):
        old = lw.familiarize(net.copy(), X[:1000], X[1000:], answered=0.9)
    new = lw.learn_novelty(net.copy(), X[:1000], X[1000:], coverage=0.9)
    np.testing.assert_array_equal(old.novelty.limits, new.novelty.limits)
    clf = MLPClassifier(max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence
        clf.fit(X, y)
    lw.learn_novelty(clf.network_, X)
    for model in (old, clf):
        with pytest.warns(FutureWarning, match="refuse_unfamiliar is now reject_novel") as warned:
            refused = model.predict(X, refuse_unfamiliar=True).mask
        assert warned[0].filename == __file__
        np.testing.assert_array_equal(refused, (new if model is old else clf).predict(X, reject_novel=True).mask)
    with pytest.warns(FutureWarning, match="is now is_novel"):
        np.testing.assert_array_equal(old.is_familiar(X), ~new.is_novel(X))
    with pytest.warns(FutureWarning, match="is now novelty"):
        assert old.familiarity is old.novelty


def test_files_with_the_earlier_names_are_read(clouds, tmp_path):
    net, X, _ = clouds
    lw.learn_novelty(net.copy(), X).save(tmp_path / "m")

    def rename(arrays):
        for name in [name for name in arrays if name.startswith("novelty.")]:
            arrays[name.replace("novelty", "familiarity")] = arrays.pop(name)

    expected = lw.load(tmp_path / "m").is_novel(X)
    rewrite(tmp_path / "m", lambda d: d.update(format_version=2), rename)
    np.testing.assert_array_equal(lw.load(tmp_path / "m").is_novel(X), expected)


@pytest.mark.filterwarnings("ignore:X has values about:UserWarning")
def test_rows_too_far_away_to_square_are_novel():
    """Without a warning of overflow, which would fail the test."""
    X, y = lw.datasets.make_vertical(samples=200)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, verbose=False)
    lw.learn_novelty(net, X)
    assert net.predict([[1e30, 1e30], X[0]], reject_novel=True).mask.tolist() == [True, False]
