import numpy as np
import pytest

from layerwise.datasets import make_sine, make_spiral, make_vertical
from layerwise.errors import DataError

SPIRAL_ROWS = [
    [0, 0],
    [0.00299556, 0.00964661],
    [0.01288097, 0.01556285],
    [0.02997479, 0.0044481],
    [0.03931246, 0.00932828],
]


def test_spiral_gives_the_published_rows():
    X, y = make_spiral(samples=100, classes=3, random_state=0)
    np.testing.assert_allclose(X[:5], SPIRAL_ROWS, rtol=0, atol=1e-8)  # one unit of their last decimal
    assert X.shape == (300, 2)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert y.tolist() == [0] * 100 + [1] * 100 + [2] * 100


def test_spiral_is_the_default():
    for array, same in zip(make_spiral(), make_spiral(100, 3, 0)):
        np.testing.assert_array_equal(array, same)


def test_spiral_radius_goes_evenly_from_the_centre_to_the_circle():
    X, _ = make_spiral(samples=11, classes=4, random_state=7)
    np.testing.assert_allclose(np.hypot(*X.T), np.tile(np.linspace(0, 1, 11), 4), atol=1e-12)


def test_vertical_follows_its_published_definition():
    X, y = make_vertical(samples=50, classes=4, random_state=3)
    legacy = np.random.RandomState(3)
    for c in range(4):
        np.testing.assert_array_equal(X[y == c, 0], legacy.randn(50) * 0.1 + c / 3)
        np.testing.assert_array_equal(X[y == c, 1], legacy.randn(50) * 0.1 + 0.5)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)


def test_sine_is_one_period():
    X, y = make_sine()
    assert X.shape == y.shape == (1000, 1)
    assert X[[0, 250, 999], 0].tolist() == [0, 0.25, 0.999]
    np.testing.assert_allclose(y[[0, 250, 500, 750], 0], [0, 1, 0, -1], atol=1e-15)
    np.testing.assert_array_equal(y, np.sin(2 * np.pi * X))


@pytest.mark.parametrize("make", [make_spiral, make_vertical])
def test_seeds(make):
    assert np.array_equal(make(random_state=1)[0], make(random_state=np.int64(1))[0])
    assert not np.array_equal(make(random_state=1)[0], make(random_state=2)[0])
    assert not np.array_equal(make(random_state=None)[0], make(random_state=None)[0])


@pytest.mark.parametrize("make", [make_spiral, make_vertical])
def test_the_global_generator_is_left_alone(make):
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random_sample()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    make()
    assert np.random.random_sample() == expected  # noqa: NPY002


@pytest.mark.parametrize("make", [make_spiral, make_vertical])
def test_one_point_and_one_class_will_do(make):
    X, y = make(samples=1, classes=1)
    assert X.shape == (1, 2)
    assert y.tolist() == [0]


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "3", None, True])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_spiral, "samples"),
        (make_spiral, "classes"),
        (make_vertical, "samples"),
        (make_vertical, "classes"),
        (make_sine, "samples"),
    ],
)
def test_counts_must_be_positive_whole_numbers(make, name, wrong):
    with pytest.raises(DataError, match=f"{name} must be a whole number of at least 1, but is {wrong!r}"):
        make(**{name: wrong})


@pytest.mark.parametrize("wrong", [-1, 2**32, 0.5, "seed"])
@pytest.mark.parametrize("make", [make_spiral, make_vertical])
def test_a_wrong_seed_is_named(make, wrong):
    with pytest.raises(DataError, match="random_state must be"):
        make(random_state=wrong)
