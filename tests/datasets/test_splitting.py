import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from layerwise.datasets import batches, load_iris, one_hot, train_validation_split
from layerwise.errors import DataError, ShapeError

labels = npst.arrays(np.int64, st.integers(2, 80), elements=st.integers(-3, 6))
sizes = st.floats(0.01, 0.99)


def split_rows(y, **arguments):
    """Split with the row numbers as features, and return the rows of each part."""
    rows = np.arange(len(y))
    (X_train, y_train), (X_validation, y_validation) = train_validation_split(rows, y, **arguments)
    np.testing.assert_array_equal(y_train, y[X_train])
    np.testing.assert_array_equal(y_validation, y[X_validation])
    np.testing.assert_array_equal(np.sort(np.concatenate([X_train, X_validation])), rows)
    return X_train, X_validation


@settings(deadline=None)
@given(y=labels, data=st.data(), stratify=st.sampled_from([None, True, False]))
def test_every_row_is_on_one_side_and_their_number_is_right(y, data, stratify):
    n_validation = data.draw(st.integers(1, len(y) - 1))
    _, validation = split_rows(y, validation_size=n_validation, stratify=stratify, random_state=0)
    assert len(validation) == n_validation


@settings(deadline=None)
@given(y=labels, data=st.data())
def test_stratified_shares_are_kept_within_one_row(y, data):
    n_validation = data.draw(st.integers(1, len(y) - 1))
    train, validation = split_rows(y, validation_size=n_validation, random_state=1)
    for label in np.unique(y):
        n = np.sum(y == label)
        assert abs(np.sum(y[validation] == label) - n * n_validation / len(y)) <= 1
        assert abs(np.sum(y[train] == label) - n * (len(y) - n_validation) / len(y)) <= 1


@settings(deadline=None)
@given(counts=st.lists(st.integers(4, 30), min_size=1, max_size=6), size=st.floats(0.25, 0.75))
def test_classes_that_are_large_enough_are_on_both_sides(counts, size):
    y = np.repeat(np.arange(len(counts)), counts)
    train, validation = split_rows(y, validation_size=size, random_state=2)
    assert set(y[train]) == set(y[validation]) == set(y)


def test_a_pair_is_put_on_both_sides_before_remainders_count():
    # Shares of 25 rows: 15, 9.5 and 0.5: the odd row goes to the pair, though 38 and 2 have equal remainders.
    y = np.repeat([0, 1, 2], [60, 38, 2])
    train, validation = split_rows(y, validation_size=25, random_state=0)
    assert np.bincount(y[validation]).tolist() == [15, 9, 1]
    assert np.bincount(y[train]).tolist() == [45, 29, 1]


def test_single_rows_stay_in_training():
    y = np.repeat([0, 1, 2], [10, 1, 1])
    train, validation = split_rows(y, validation_size=6, random_state=0)
    assert np.bincount(y[validation], minlength=3).tolist() == [6, 0, 0]
    assert set(y[train]) == {0, 1, 2}


def test_largest_remainders_are_rounded_up():
    # Shares of 10 of 100 rows: 3.3, 3.3 and 3.4.
    y = np.repeat([0, 1, 2], [33, 33, 34])
    _, validation = split_rows(y, validation_size=10, random_state=0)
    assert np.bincount(y[validation]).tolist() == [3, 3, 4]


def test_iris_is_split_evenly():
    X, y = load_iris()
    (X_train, y_train), (X_validation, y_validation) = train_validation_split(X, y, random_state=42)
    assert (len(X_train), len(X_validation)) == (112, 38)
    assert sorted(np.bincount(y_train)) == [37, 37, 38]
    assert sorted(np.bincount(y_validation)) == [12, 13, 13]


@pytest.mark.parametrize(
    ("size", "rows"), [(0.2, 20), (0.07, 7), (0.125, 13), (np.float32(0.5), 50), (30, 30), (np.int8(3), 3)]
)
def test_a_fraction_is_rounded_and_a_count_is_kept(size, rows):
    _, validation = split_rows(np.zeros(100, int), validation_size=size)
    assert len(validation) == rows


@pytest.mark.parametrize("size", [0.0, 1.0, 1.5, -0.1, float("nan"), 0.001, 0.999, 10, 11, 0, -1, "half", True, None])
def test_both_sides_need_rows(size):
    with pytest.raises(DataError, match="validation_size must"):
        train_validation_split(np.zeros((10, 2)), np.zeros(10, int), validation_size=size)


def test_types_and_further_dimensions_are_kept():
    X = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)
    y = np.array([0, 1] * 5, np.uint8)
    (X_train, y_train), (X_validation, _) = train_validation_split(X, y, validation_size=0.2, random_state=0)
    assert X_train.shape == (8, 4, 4)
    assert X_validation.shape == (2, 4, 4)
    assert X_train.dtype == y_train.dtype == np.uint8
    assert not np.shares_memory(X_train, X)


@pytest.mark.parametrize(
    "y",
    [
        np.repeat(["cat", "dog"], [12, 4]),
        np.repeat(np.array(["cat", "dog"], object), [12, 4]),
        np.repeat(np.array(["cat", "dog"], np.dtypes.StringDType()), [12, 4]),
        np.repeat([True, False], [12, 4]),
        np.repeat(np.array([7, 9], np.uint8), [12, 4]),
        ["cat"] * 12 + ["dog"] * 4,
    ],
)
def test_labels_of_every_kind_are_stratified_unasked(y):
    _, validation = split_rows(np.asarray(y), validation_size=0.25)
    assert sorted(np.unique(np.asarray(y)[validation], return_counts=True)[1].tolist()) == [1, 3]


def test_targets_that_are_no_labels_are_not():
    y = np.linspace(0, 1, 12)
    split_rows(y, random_state=0)
    split_rows(one_hot(np.arange(12) % 3), random_state=0)
    for wrong in (y, one_hot(np.arange(12) % 3)):
        with pytest.raises(DataError, match="stratify=True needs labels, but y is float"):
            train_validation_split(y, wrong, stratify=True)


def test_labels_that_cannot_be_sorted_are_refused():
    with pytest.raises(DataError, match="mixes labels that cannot be sorted"):
        train_validation_split(np.zeros(4), np.array(["a", None, "b", 1], object))


def test_seeds():
    y = np.arange(40) % 4
    same = [split_rows(y, random_state=3)[1].tolist() for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != split_rows(y, random_state=4)[1].tolist()
    generator = np.random.default_rng(3)
    assert split_rows(y, random_state=generator)[1].tolist() == same[0]
    assert split_rows(y, random_state=generator)[1].tolist() != same[0]
    with pytest.raises(DataError, match="random_state must be a whole number"):
        split_rows(y, random_state="seed")


@pytest.mark.parametrize("use", [train_validation_split, lambda X, y: batches(X, y, 2)])
def test_rows_must_belong_together(use):
    with pytest.raises(ShapeError, match="X has 3 rows and y has 2"):
        use(np.zeros((3, 2)), np.zeros(2))
    with pytest.raises(ShapeError, match="X must be an array with a row a sample, but is int"):
        use(3, np.zeros(2))
    with pytest.raises(ShapeError, match="y must have rows of equal length"):
        use(np.zeros((2, 2)), [[1, 2], [3]])


@settings(deadline=None)
@given(y=npst.arrays(np.uint8, st.integers(1, 30), elements=st.integers(0, 255)))
def test_one_hot_rows_have_one_one_where_the_label_is(y):
    encoded = one_hot(y)
    assert encoded.shape == (len(y), int(y.max()) + 1)
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded.argmax(axis=1), y)
    np.testing.assert_array_equal(encoded.sum(axis=1), 1)


def test_one_hot_by_hand():
    assert one_hot([2, 0], classes=4, dtype=int).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert one_hot(np.array([True, False])).tolist() == [[0, 1], [1, 0]]
    assert one_hot([], classes=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("y", "classes", "message"),
    [
        ([0, 1, 3, 5], 3, "labels 0 to 2, but row 2 holds 3"),
        ([0, 1, -1], None, "labels 0 to 1, but row 2 holds -1"),
        (np.array([0, 200], np.uint8), 10, "row 1 holds 200"),
        ([0.0, 1.0], None, r"whole numbers of shape \(samples,\), but is float64 of shape \(2,\)"),
        (["a", "b"], None, "return_inverse"),
        ([[0], [1]], None, r"of shape \(2, 1\)"),
        (3, None, r"of shape \(\)"),
        ([], None, "pass classes"),
        ([0], 0, "classes must be a whole number of at least 1"),
    ],
)
def test_one_hot_refuses(y, classes, message):
    with pytest.raises(DataError, match=message):
        one_hot(y, classes)


@settings(deadline=None)
@given(n=st.integers(0, 30), batch_size=st.integers(1, 35), shuffle=st.booleans())
def test_batches_go_once_through_all_rows(n, batch_size, shuffle):
    X, y = np.arange(2 * n).reshape(n, 2), np.arange(n)
    came = list(batches(X, y, batch_size, shuffle=shuffle, random_state=0))
    assert [len(X_batch) for X_batch, _ in came[:-1]] == [batch_size] * (len(came) - 1)
    assert sum(len(X_batch) for X_batch, _ in came) == n
    for X_batch, y_batch in came:
        np.testing.assert_array_equal(X_batch[:, 0], 2 * y_batch)
    order = [row for _, y_batch in came for row in y_batch]
    assert (sorted(order) if shuffle else order) == list(range(n))


def test_batches_shuffle_by_seed_and_a_generator_goes_on():
    y = np.arange(20)

    def order(random_state):
        return np.concatenate([y_batch for _, y_batch in batches(y, y, 6, random_state=random_state)]).tolist()

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) != list(range(20))
    generator = np.random.default_rng(0)
    assert order(generator) != order(generator)


def test_batches_without_shuffling_are_views():
    X = np.zeros((5, 2), np.uint8)
    for X_batch, _ in batches(X, np.zeros(5), 2, shuffle=False):
        assert np.shares_memory(X_batch, X)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, None])
def test_batches_complain_at_once(wrong):
    with pytest.raises(DataError, match="batch_size must be a whole number of at least 1"):
        batches(np.zeros(4), np.zeros(4), wrong)


@pytest.mark.parametrize("shuffle", ["no", 0, 1, None, np.arange(3), lambda n: np.arange(n)])
def test_batches_are_shuffled_or_not(shuffle):
    with pytest.raises(TypeError, match="batches: shuffle must be True or False"):
        batches(np.zeros((3, 1)), np.zeros(3), 2, shuffle=shuffle)
    assert len(list(batches(np.zeros((3, 1)), np.zeros(3), 2, shuffle=np.True_))) == 2


@pytest.mark.parametrize("stratify", ["no", 0, np.arange(3)])
def test_a_split_is_stratified_or_not(stratify):
    with pytest.raises(TypeError, match="train_validation_split: stratify must be True, False or None"):
        train_validation_split(np.zeros((3, 1)), np.zeros(3), stratify=stratify)
