"""Augmentation against SciPy's interpolation, theory, and itself: in any order, on any threads, by either body."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from layerwise.data import augmentation
from layerwise.data.augmentation import Augmentation, sample, smoothing
from layerwise.errors import DataError, ShapeError

needs_native = pytest.mark.skipif(augmentation._native is None, reason="the native executor is not built")
EVERYTHING = {"shift": 2, "rotation": 15, "scale": 0.15, "shear": 10, "elastic_alpha": 34, "noise": 0.1, "fill": 0.25}
SMALL = {"shape": (7, 5), "shift": 1.5, "rotation": 30, "elastic_alpha": 5, "elastic_sigma": 2}


@pytest.fixture(params=["native", "numpy"])
def body(request, monkeypatch):
    """One body after the other."""
    if request.param == "numpy":
        monkeypatch.setattr(augmentation, "_native", None)
    elif augmentation._native is None:
        pytest.skip("the native executor is not built")
    return request.param


@pytest.fixture
def images(rng):
    """Smooth images of 28x28 on 0...1, brightest in the middle."""
    noise = scipy.ndimage.gaussian_filter(rng.random((40, 28, 28)), (0, 1, 1))
    return (noise / noise.max()).reshape(40, -1).astype(np.float32)


def as_bytes(images):
    return np.rint(255 * images).astype(np.uint8)


def by_numpy(change, *arguments):
    native, augmentation._native = augmentation._native, None
    try:
        return change.apply(*arguments)
    finally:
        augmentation._native = native


# ---------------------------------------------------------------- nothing, and what can be told exactly


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_nothing_changes_when_all_is_off(images, body, dtype):
    X = (100 * images).astype(dtype)
    changed = Augmentation().apply(X, np.arange(40)[::-1], 0, 0)
    np.testing.assert_array_equal(changed, X[::-1])
    assert changed.dtype == dtype
    assert not np.may_share_memory(changed, X)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_whole_shifts_move_and_fill(body, rng, dtype):
    X = rng.integers(1, 200, (300, 30)).astype(dtype)
    changed = Augmentation(shape=(5, 6), shift=1, whole_shift=True, fill=7)(X).reshape(-1, 5, 6)
    padded = np.pad(X.reshape(-1, 5, 6), ((0, 0), (1, 1), (1, 1)), constant_values=7)
    counts = dict.fromkeys([(i, j) for i in range(3) for j in range(3)], 0)
    for image, around in zip(changed, padded, strict=True):
        found = [at for at in counts if np.array_equal(image, around[at[0] : at[0] + 5, at[1] : at[1] + 6])]
        assert len(found) == 1
        counts[found[0]] += 1
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-4


def test_turns_are_to_the_left(images):
    change = Augmentation(rotation=90)
    maps = change._maps(np.array([[1, 0.5, 0.5, 0.5, 0.5, 0.5], [0.5] * 6]))
    turned = sample(images[:2].reshape(2, 28, 28, 1), *augmentation._places(maps, 28, 28), 0.0)[..., 0]
    np.testing.assert_allclose(turned[0], np.rot90(images[0].reshape(28, 28)), atol=1e-5)
    np.testing.assert_array_equal(turned[1], images[1].reshape(28, 28))


def test_maps_undo_scale_shear_turn_and_shift_about_the_centre():
    change = Augmentation(shape=(21, 11), rotation=20, scale=0.3, shear=15, shift=3)
    m = change._maps(np.array([[1.0] * 6]))[0]
    a, k = np.radians(20), np.tan(np.radians(15))
    forward = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ [[1, 0], [k, 1]] @ np.diag([1.3, 1.3])
    centre = np.array([10, 5])
    for old in (centre, [0, 0], [20, 3]):
        new = forward @ (old - centre) + centre + 3
        np.testing.assert_allclose(m[:, :2] @ new + m[:, 2], old, atol=1e-5)


def test_affine_maps_against_scipy(images, body):
    change = Augmentation(shift=3, rotation=40, scale=0.3, shear=20, fill=0.5)
    rows = np.arange(40)
    u = augmentation._uniform(augmentation.words_of(7, rows.astype(np.uint64) + np.uint64(3 << 32), 2**31, 6))
    changed = change.apply(images, rows, 7, 3).reshape(-1, 28, 28)
    for image, m, found in zip(images.reshape(-1, 28, 28), change._maps(u).astype(float), changed, strict=True):
        expected = scipy.ndimage.affine_transform(
            image, m[:, :2], m[:, 2], order=1, mode="grid-constant", cval=0.5, output=np.float64
        )
        np.testing.assert_allclose(found, expected, atol=2e-5)


def test_places_anywhere_against_scipy(images, rng):
    y, x = rng.uniform(-40, 70, (2, 5, 28, 28)).astype(np.float32)
    y[0, 0], x[0, 1] = -1, 28
    found = sample(images[:5].reshape(5, 28, 28, 1), y, x, 0.75)[..., 0]
    for i in range(5):
        image = images[i].reshape(28, 28)
        expected = scipy.ndimage.map_coordinates(image, [y[i], x[i]], order=1, mode="grid-constant", cval=0.75)
        np.testing.assert_allclose(found[i], expected, atol=2e-5)


def test_channels_move_together(images, body):
    settings = dict(EVERYTHING, noise=0)
    three = np.stack([images, 1 - images, images**2], axis=2).reshape(40, -1)
    change = Augmentation(shape=(28, 28, 3), **settings)
    found = change(three).reshape(40, -1, 3)
    for channel, X in enumerate((images, 1 - images, images**2)):
        np.testing.assert_allclose(found[..., channel], Augmentation(**settings)(X), atol=1e-6)
    one = Augmentation(shape=(28, 28, 1), **EVERYTHING)(images)
    np.testing.assert_array_equal(one, Augmentation(**EVERYTHING)(images))


# ---------------------------------------------------------------- the elastic field, and noise


@pytest.mark.parametrize(("size", "sigma"), [(1, 1), (9, 0.5), (28, 4), (29, 10)])
def test_smoothing_is_scipys(size, sigma, rng):
    line = rng.random(size)
    expected = scipy.ndimage.gaussian_filter1d(line, sigma, mode="constant", radius=int(8 * sigma) + size)
    np.testing.assert_allclose(smoothing(size, sigma) @ line, expected, rtol=1e-9)
    np.testing.assert_array_equal(smoothing(size, sigma), smoothing(size, sigma).T)


@pytest.mark.parametrize(("shape", "alpha", "sigma"), [((28, 28), 34, 4), ((12, 20), 10, 2)])
def test_the_elastic_field_is_as_strong_as_theory_says(shape, alpha, sigma):
    change = Augmentation(shape=shape, elastic_alpha=alpha, elastic_sigma=sigma)
    fields = np.array(change._field(0, np.arange(4000, dtype=np.uint64)))
    # Uniform numbers on [-1, 1] have variance 1/3; a weighted sum of them that times the squares of the weights.
    of_rows, of_columns = ((smoothing(n, sigma) ** 2).sum(axis=1) for n in shape)
    expected = alpha * np.sqrt(np.outer(of_rows, of_columns) / 3)
    assert np.abs(fields.mean(axis=1) / expected).max() < 5 / np.sqrt(4000)
    assert np.abs(fields.std(axis=1) / expected - 1).max() < 5 / np.sqrt(2 * 4000)
    middle = tuple(n // 2 for n in shape)
    if shape == (28, 28):
        assert expected[middle] == pytest.approx(34 / np.sqrt(3) / (8 * np.sqrt(np.pi)), rel=1e-3)
    down, right = fields[:, :, middle[0], middle[1]]
    assert abs(np.corrcoef(down, right)[0, 1]) < 5 / np.sqrt(4000)


def test_the_field_moves_pixels(images, body):
    """Where the field says, on an image whose value tells where it was."""
    ramp = np.arange(28.0)[:, None] + np.zeros(28)
    X = np.array([ramp, ramp.T]).reshape(2, -1)
    change = Augmentation(elastic_alpha=34)
    down, right = change._field(5, np.arange(2, dtype=np.uint64) + np.uint64(1 << 32))
    changed = change.apply(X, np.arange(2), 5, 1).reshape(2, 28, 28)
    inside = (slice(5, 23), slice(5, 23))
    np.testing.assert_allclose(changed[0][inside], (ramp + down[0])[inside], atol=1e-4)
    np.testing.assert_allclose(changed[1][inside], (ramp.T + right[1])[inside], atol=1e-4)


def test_noise_is_normal(body):
    X = np.full((400, 101), 0.5)
    noise = (Augmentation(shape=(1, 101), noise=0.25)(X) - 0.5).ravel() / 0.25
    assert scipy.stats.kstest(noise, "norm").pvalue > 1e-4
    pairs = np.corrcoef(noise.reshape(400, 101).T)[np.triu_indices(101, 1)]
    assert np.abs(pairs).max() < 5.5 / np.sqrt(400)
    of_bytes = Augmentation(shape=(1, 101), noise=0.1)(np.full((400, 101), 128, np.uint8)).astype(float)
    assert of_bytes.std() == pytest.approx(25.5, rel=0.02)
    assert of_bytes.mean() == pytest.approx(128, abs=0.6)


def test_bytes_are_rounded_and_clipped(images, body):
    change, X = Augmentation(**dict(EVERYTHING, fill=64)), as_bytes(images)
    found = change(X).astype(float)
    expected = Augmentation(**dict(EVERYTHING, fill=64, noise=25.5))(X.astype(np.float32))
    assert expected.min() < -1
    assert expected.max() > 256
    assert np.abs(found - np.clip(expected, 0, 255)).max() <= 0.501


# ---------------------------------------------------------------- what a row's draws depend on


def test_a_row_comes_out_the_same_in_any_company_and_on_any_threads(images, body, rng):
    change = Augmentation(**EVERYTHING)
    whole = change.apply(images, np.arange(40), 3, 5)
    order = rng.permutation(40)
    np.testing.assert_array_equal(change.apply(images, order, 3, 5), whole[order])
    for batch in (1, 7, 33):
        parts = [change.apply(images, order[i : i + batch], 3, 5) for i in range(0, 40, batch)]
        np.testing.assert_array_equal(np.concatenate(parts), whole[order])
    np.testing.assert_array_equal(change.apply(images, [4, 4], 3, 5), whole[[4, 4]])
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(change.apply(images, order, 3, 5, n_threads=threads), whole[order])


@pytest.mark.parametrize("settings", [{name: EVERYTHING[name]} for name in EVERYTHING if name != "fill"], ids=str)
def test_each_change_differs_by_row_epoch_and_seed(images, body, settings):
    X = np.repeat(images[:1], 3, axis=0)
    change = Augmentation(**settings)
    found = [change.apply(X, [row], *key)[0] for row in range(3) for key in [(0, 0), (0, 1), (1, 0), (2**32, 0)]]
    found.append(X[0])
    for i, one in enumerate(found):
        for other in found[:i]:
            assert np.abs(one - other).max() > 1e-3


def test_layers_draw_other_numbers():
    words = [
        augmentation.words_of(0, np.zeros(1, np.uint64), layer, 8) for layer in (0, 1, 2, *range(2**31, 2**31 + 3))
    ]
    assert len({word for row in words for word in row.ravel().tolist()}) == 8 * 6


def test_calling_it_is_the_first_epoch(images, body):
    change = Augmentation(**EVERYTHING)
    np.testing.assert_array_equal(change(images), change.apply(images, np.arange(40), 0, 0))
    np.testing.assert_array_equal(change(images, 9), change.apply(images, np.arange(40), 9, 0))
    np.testing.assert_array_equal(change(list(images)), change(images))


def test_out_is_written_and_the_rest_left_alone(images, body):
    change, before = Augmentation(**EVERYTHING), images.copy()
    out = np.full((5, 784), np.nan, np.float32)
    rows = np.array([3, 0, 39, 8], np.uint32)
    assert change.apply(images, rows, 0, 0, out[:4]).base is out
    np.testing.assert_array_equal(out[:4], change.apply(images, rows, 0, 0))
    assert np.isnan(out[4]).all()
    np.testing.assert_array_equal(images, before)


def test_any_layout_in_memory(images, body):
    change = Augmentation(**EVERYTHING)
    expected = change(images)
    for X in (np.asfortranarray(images), np.repeat(images, 2, axis=0)[::2]):
        np.testing.assert_array_equal(change(X), expected)
    readonly = images.copy()
    readonly.flags.writeable = False
    np.testing.assert_array_equal(change(readonly), expected)
    assert change.apply(images, np.array([], np.int64), 0, 0).shape == (0, 784)
    assert change.apply(images[:0], [], 0, 0).shape == (0, 784)


# ---------------------------------------------------------------- the two bodies


@st.composite
def settings_of_any_kind(draw):
    def some(least, most):
        return draw(st.just(0.0) | st.floats(least, most, width=16))

    shape = tuple(draw(st.lists(st.integers(1, 37), min_size=2, max_size=2)) + draw(st.sampled_from([[], [1], [3]])))
    whole = draw(st.booleans())
    shift = min(some(0, 5), max(shape[:2]))
    return {
        "shape": shape,
        "shift": float(int(shift)) if whole else shift,
        "whole_shift": whole,
        "rotation": some(0, 180),
        "scale": some(0, 0.5),
        "shear": some(0, 45),
        "elastic_alpha": some(0, 50),
        "elastic_sigma": draw(st.floats(0.5, 12, width=16)),
        "noise": some(0, 0.5),
        "fill": some(0, 1),
    }


@needs_native
@given(settings_of_any_kind(), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_native_is_numpy_to_rounding(settings, seed, epoch, n):
    change = Augmentation(**settings)
    rng = np.random.default_rng(epoch)
    rows = rng.integers(0, 25, n)
    for X in (rng.random((25, change.n_in), np.float32), rng.random((25, change.n_in))):
        found, expected = change.apply(X, rows, seed, epoch, None, 2), by_numpy(change, X, rows, seed, epoch)
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-5)
    X = rng.integers(0, 256, (25, change.n_in), np.uint8)
    found, expected = (
        f.astype(int) for f in (change.apply(X, rows, seed, epoch), by_numpy(change, X, rows, seed, epoch))
    )
    assert np.abs(found - expected).max() <= 1


@needs_native
def test_native_bytes_seldom_differ_from_numpys(images):
    change, X = Augmentation(**EVERYTHING), as_bytes(images)
    found, expected = change(X).astype(int), by_numpy(change, X, np.arange(40), 0, 0)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 1e-3  # at ties


@needs_native
def test_native_keeps_within_its_memory_whatever_the_values():
    """NaN goes where its pixel goes, and nowhere else; huge values do no harm."""
    X = np.full((2, 35), 1e30, np.float32)
    X[0, 17] = np.nan
    found, expected = Augmentation(**SMALL)(X), by_numpy(Augmentation(**SMALL), X, np.arange(2), 0, 0)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert np.isfinite(found[1]).all()


@needs_native
def test_native_refuses_what_does_not_fit(images):
    change, native = Augmentation(**SMALL), augmentation._native
    X, out, rows = np.zeros((2, 35), np.float32), np.zeros((1, 35), np.float32), np.zeros(1, np.int64)
    given = change._settings(X.dtype)

    def call(X=X, rows=rows, out=out, settings=given, smoothing=change._smoothing, threads=1):
        native.augment(X, rows, seed=0, epoch=0, out=out, settings=settings, smoothing=smoothing, threads=threads)

    call()
    for wrong in (
        {"rows": np.full(1, 2)},
        {"rows": np.full(1, -1)},
        {"X": X[:, :34].copy()},
        {"out": out[:, :34].copy()},
        {"out": np.zeros((2, 35), np.float32)},
        {"out": out.astype(np.float64)},
        {"settings": {**given, "height": 0}},
        {"settings": {**given, "width": 2**40}},
        {"settings": {**given, "height": 2**24, "width": 2**24, "channels": 2**24}},
        {"settings": {**given, "channels": float("nan")}},
        {"settings": {"height": 7}},
        {"smoothing": change._smoothing[::-1]},
        {"threads": 0},
    ):
        with pytest.raises(ValueError, match=r"."):
            call(**wrong)


OTHERS = set(augmentation._native.isas) - {augmentation._native.isa()} if augmentation._native else ()


@pytest.mark.slow
@pytest.mark.parametrize("isa", sorted(OTHERS))
def test_the_other_instruction_sets_of_this_machine(isa):
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "native", __file__],
        env={**os.environ, "LAYERWISE_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]


# ---------------------------------------------------------------- a description, and its errors


def test_it_is_described_by_its_arguments():
    change = Augmentation(shape=[8, 8], shift=1, whole_shift=True, elastic_alpha=34)
    assert repr(change) == "Augmentation(shape=(8, 8), shift=1.0, whole_shift=True, elastic_alpha=34.0)"
    assert repr(Augmentation(**change.config())) == repr(change)
    assert Augmentation(shape=(4, 5, 3)).n_in == 60


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": 28}, r"shape must be \(height, width\) or \(height, width, channels\); got 28"),
        ({"shape": (28,)}, "shape must be"),
        ({"shape": "28"}, "shape must be"),
        ({"shape": (28, 0)}, "width must be a whole number, at least 1; got 0"),
        ({"shape": (5000, 5000)}, "at most 2\\^24 numbers"),
        ({"shift": -1}, "shift must be at least 0; got -1"),
        ({"shift": 29}, "shift must be at most 28; got 29"),
        ({"shift": 0.5, "whole_shift": True}, "shift must be a whole number with whole_shift=True; got 0.5"),
        ({"whole_shift": 2}, "whole_shift must be True or False; got 2"),
        ({"rotation": 181}, "rotation must be at most 180"),
        ({"scale": 1}, "scale must be below 1; got 1"),
        ({"shear": 90}, "shear must be below 90"),
        ({"elastic_alpha": np.inf}, "elastic_alpha must be a finite number"),
        ({"elastic_sigma": 0}, "elastic_sigma must be above 0; got 0"),
        ({"noise": "0.1"}, "noise must be a finite number; got '0.1'"),
        ({"fill": np.nan}, "fill must be a finite number"),
    ],
)
def test_settings_that_make_no_sense(arguments, words):
    with pytest.raises(ValueError, match=words):
        Augmentation(**arguments)


@pytest.mark.parametrize(
    ("X", "kind", "words"),
    [
        (np.zeros((2, 784), np.int64), DataError, r"must be uint8, float32 or float64; got int64: give X.astype"),
        (
            np.zeros((2, 783)),
            ShapeError,
            r"28 x 28 = 784 numbers a row; its shape is \(2, 783\): give the images' shape=",
        ),
        (np.zeros((2, 28, 28)), ShapeError, r"its shape is \(2, 28, 28\): give X.reshape\(len\(X\), -1\)"),
        (np.zeros(784), ShapeError, r"its shape is \(784,\)"),
        (np.array(1.0), ShapeError, r"its shape is \(\)"),
    ],
)
def test_data_that_are_no_such_images(X, kind, words):
    with pytest.raises(kind, match=words):
        Augmentation(shift=1)(X)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"rows": [0, 3]}, DataError, "rows must be from 0 to 2, as X has 3 rows; got 3"),
        ({"rows": [-1]}, DataError, "got -1"),
        ({"rows": [0.5]}, ShapeError, "one-dimensional array of row numbers; got float64"),
        ({"rows": [[0]]}, ShapeError, r"of shape \(1, 1\)"),
        ({"seed": -1}, ValueError, "seed must be a whole number, at least 0; got -1"),
        ({"seed": 2**64}, ValueError, r"seed must be below 2\^64"),
        ({"epoch": 2**32}, ValueError, r"epoch must be below 2\^32"),
        ({"epoch": 1.5}, ValueError, "epoch must be a whole number"),
        ({"n_threads": 0}, ValueError, "n_threads must be a whole number, at least 1; got 0"),
        ({"out": np.zeros((2, 784), np.uint8)}, ShapeError, r"out must be an array \(1, 784\); got \(2, 784\)"),
        ({"out": np.zeros((1, 784))}, DataError, "out must have X's type, uint8; got float64"),
        ({"out": np.zeros((1, 1568), np.uint8)[:, ::2]}, DataError, "out must be C-contiguous"),
    ],
)
def test_calls_that_do_not_fit(arguments, kind, words):
    X = np.zeros((3, 784), np.uint8)
    with pytest.raises(kind, match=words):
        Augmentation(shift=1).apply(X, **{"rows": [0], "seed": 0, "epoch": 0} | arguments)


def test_out_within_X_and_a_fill_that_is_no_byte():
    X = np.zeros((3, 784), np.uint8)
    with pytest.raises(DataError, match="apart from X"):
        Augmentation(shift=1).apply(X, [0], 0, 0, X[1:2])
    with pytest.raises(DataError, match="fill must be from 0 to 255 for uint8 images; it is -1"):
        Augmentation(shift=1, fill=-1)(X)
