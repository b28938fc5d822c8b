"""Corrected digits: learned without forgetting others', kept in the file, and taken back to the bit."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.handwriting import correct, corrections_of, learn_digits, learning, undo
from model_files import rewrite


@pytest.fixture(scope="module")
def digits():
    """A network that has learned 6,000 of MNIST's digits, and the test images."""
    (X, y), held_out, test = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dropout(0.1), lw.Dense(10), lw.Softmax()], random_state=0)
    net.fit(X[:6000], y[:6000], epochs=5, batch_size=64, optimizer=lw.Adam(0.002), verbose=False)
    lw.calibrate(net, *held_out)
    net.notes = {"command": "layerwise train mnist", "least_confidence": 0.7, "temperature": 1.1}
    return net, test


@pytest.fixture
def quick(monkeypatch):
    """Fewer steps, of fewer rows: for all but what is learned."""
    for name, value in {"STEPS": 20, "IMAGES": 500, "PATHS": 100}.items():
        monkeypatch.setattr(learning, name, value)


@pytest.fixture(scope="module")
def sevens():
    """Crossed sevens and others of 14 writers whom the network does not know."""
    _, (paths, y) = lw.datasets.load_pendigits()
    of_sevens = np.flatnonzero(y == 7)[:200]
    return lw.datasets.draw_strokes(paths[of_sevens])


@pytest.mark.sampled(2)
def test_one_form_is_learned_and_the_others_are_not_forgotten(digits, sevens):
    net, (X, y) = digits
    before, theta = net.predict(sevens), net.theta.copy()
    (wrong,) = np.nonzero(before != 7)
    assert len(wrong) > 50
    shown, rest = wrong[:5], wrong[5:]
    learned = learn_digits(net, sevens[shown], np.full(5, 7))
    assert (learned.predict(sevens[shown]) == 7).all()
    assert (learned.predict(sevens[rest]) == 7).mean() > 0.4  # none of them before
    assert learned.evaluate(X, y)["accuracy"] > net.evaluate(X, y)["accuracy"] - 0.002
    assert lw.metrics.expected_calibration_error(y, learned.predict_proba(X)) < 0.05
    np.testing.assert_array_equal(net.theta, theta)
    assert learned.notes == {"least_confidence": 0.7}  # the command and its temperature made another network


def test_each_correction_rehearses_the_earlier_ones_and_undo_gives_the_same_file(digits, sevens, tmp_path, quick):
    net, (X, y) = digits
    path = tmp_path / "my-digits.safetensors"
    first = correct(path, net, sevens[:1], [7])
    before = path.read_bytes()
    np.testing.assert_array_equal(lw.load(path).theta, first.theta)
    second = correct(path, net, np.stack([X[0], sevens[1]]), [y[0], 7])
    held = corrections_of(lw.load(path))
    np.testing.assert_array_equal(held.X, np.stack([sevens[0], X[0], sevens[1]]))
    assert (held.y, held.sizes, len(held)) == ([7, 7, 7], [1, 2], 2)
    assert held.is_of(net)
    assert not held.is_of(second)
    np.testing.assert_array_equal(second.theta, learn_digits(net, held.X, held.y).theta)  # all of them, from the base
    np.testing.assert_array_equal(undo(path, net).theta, first.theta)
    assert path.read_bytes() == before
    assert undo(path, net) is None
    assert not path.exists()
    with pytest.raises(lw.DataError, match="nothing to undo"):
        undo(path, net)


def test_a_base_of_8_bits_and_labels_as_text(digits, sevens, tmp_path, quick):
    net, _ = digits
    net.save(tmp_path / "small", weights="int8")
    base = lw.load(tmp_path / "small")
    found = correct(tmp_path / "mine", base, sevens[:2], ["7", "7"])
    assert corrections_of(found).is_of(lw.load(tmp_path / "small"))
    assert not corrections_of(found).is_of(net)
    with pytest.raises(lw.DataError, match="was corrected from another network than this one"):
        correct(tmp_path / "mine", net, sevens[:1], [7])
    with pytest.raises(lw.DataError, match="was corrected from another network than this one"):
        undo(tmp_path / "mine", net)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.zeros((1, 784), np.uint8), [7], lw.DataError, "row 0 is blank"),
        (np.full((1, 784), 255, np.uint8) - np.eye(1, 784, dtype=np.uint8), [7], lw.DataError, "dark on light"),
        (np.eye(1, 784), [7], lw.ShapeError, r"expected images of uint8, shape \(n, 784\); got float64"),
        (np.eye(1, 256, dtype=np.uint8), [7], lw.ShapeError, r"got uint8 of shape \(1, 256\)"),
        (np.zeros((0, 784), np.uint8), [], lw.ShapeError, r"got uint8 of shape \(0, 784\)"),
        (np.eye(2, 784, dtype=np.uint8), [7], lw.ShapeError, r"a label for each of 2 images; got the shape \(1,\)"),
        (np.eye(1, 784, dtype=np.uint8), [10], lw.DataError, "row 0: the label must be one of .* 0 to 9; got 10"),
        (np.eye(1, 784, dtype=np.uint8), ["seven"], lw.DataError, "got 'seven'"),
    ],
)  # fmt: skip
def test_what_is_no_digit_is_refused_and_nothing_is_written(digits, tmp_path, X, y, error, message):
    with pytest.raises(error, match=message):
        correct(tmp_path / "mine", digits[0], X, y)
    assert list(tmp_path.iterdir()) == []


def test_other_models_are_refused(digits, sevens, tmp_path, quick):
    net, (X, y) = digits
    net.save(tmp_path / "plain")
    before = (tmp_path / "plain").read_bytes()
    for call in (lambda: correct(tmp_path / "plain", net, sevens[:1], [7]), lambda: undo(tmp_path / "plain", net)):
        with pytest.raises(lw.DataError, match="is a model without corrections; it is not written over"):
            call()
    assert (tmp_path / "plain").read_bytes() == before
    corrected = correct(tmp_path / "mine", net, sevens[:1], [7])
    with pytest.raises(lw.DataError, match="this network is a corrected one"):
        correct(tmp_path / "mine", corrected, sevens[:1], [7])
    flowers = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    flowers.fit(*lw.datasets.load_iris(), epochs=1, verbose=False)
    even = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0).build(784)
    even.fit(X[:100], y[:100] % 2, epochs=1, verbose=False)
    scores = lw.Network([lw.Dense(10), lw.Sigmoid()], random_state=0)
    scores.fit(X[:100], y[:100], epochs=1, verbose=False)
    for other, message in (
        (flowers, r"784 inputs\), got 4"), (even, "digits 0 to 9; its classes are 0, 1"),
        (scores, r"ends with Softmax"),
        (lw.Network([lw.Dense(10), lw.Softmax()]), "expected a network trained to tell digits"),
    ):  # fmt: skip
        with pytest.raises(lw.DataError, match=message):
            learn_digits(other, sevens[:1], [7])


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.pop("base"), lambda note: note.update(sizes=[2]), lambda note: note.update(y=[11]),
        lambda note: note.update(states=[]), lambda note: note.update(more=1), lambda note: note.update(X=[1]),
        lambda note: note["X"].update(dtype="int64"), lambda note: note.update(sizes=[True]),
    ],
)  # fmt: skip
def test_notes_that_are_damaged_are_refused(digits, sevens, tmp_path, quick, change):
    correct(tmp_path / "mine", digits[0], sevens[:1], [7])
    rewrite(tmp_path / "mine", lambda d: change(d["notes"]["corrections"]))
    with pytest.raises(lw.FormatError, match="corrections in the model's notes are damaged"):
        undo(tmp_path / "mine", digits[0])


def test_bits_that_another_machine_would_make_are_told(digits, sevens, tmp_path, quick):
    correct(tmp_path / "mine", digits[0], sevens[:1], [7])
    correct(tmp_path / "mine", digits[0], sevens[1:2], [7])
    rewrite(tmp_path / "mine", lambda d: d["notes"]["corrections"].update(states=["00", "11"]))
    with pytest.warns(UserWarning, match="not to the bit what they were before"):
        undo(tmp_path / "mine", digits[0])
