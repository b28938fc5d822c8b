"""`read_digits`: pages of digits whose answer and places are known, pictures of every kind, and what is no digit."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image, ImageDraw

import drawn_digits
import layerwise as lw
from handwriting.pages import clear_digits, larger, line, page
from layerwise.handwriting.shipped import shipped_network

PAGES = [["7"], ["05"], ["40196"], ["28", "375"], ["61", "9", "8042"], ["12345678", "90"]]


def assert_reads(reading, rows, places):
    """The answer is right, and each rectangle lies on the one where the digit was drawn."""
    assert reading.answer == "\n".join(rows)
    assert reading.reason is None
    assert [[digit.answer for digit in row] for row in reading.rows] == [list(row) for row in rows]
    for found, drawn in zip(reading.digits, [place for row in places for place in row], strict=True):
        edges = [np.array([x, y, x + w, y + h]) for x, y, w, h in (found.place, drawn)]
        assert abs(edges[0] - edges[1]).max() <= 9, (found, drawn)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rows", PAGES, ids=" ".join)
def test_pages_of_digits(rows):
    picture, places = page(rows, seed=1)
    reading = lw.read_digits(picture)
    assert_reads(reading, rows, places)
    assert reading.size == picture.shape[::-1]
    assert reading.confidence == pytest.approx(np.prod([digit.confidence for digit in reading.digits]))
    for digit in reading.digits:
        assert (digit.image.shape, digit.image.dtype) == ((784,), np.uint8)
        assert digit.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert digit.confidence == digit.probabilities.max()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_pages_drawn_by_chance(seed):
    rng = np.random.default_rng(seed)
    rows = ["".join(map(str, rng.integers(0, 10, rng.integers(1, 8)))) for _ in range(1 + seed % 3)]
    picture, places = page(rows, seed)
    assert_reads(lw.read_digits(picture), rows, places)


def on_paper(ink, paper=245, share=0.85):
    return np.clip(paper - share * np.pad(ink, 24).astype(float), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("text", ["4", "7238"])
def test_ruled_paper(text):
    paper = on_paper(line(text, seed=5)[0])
    for y in range(14, len(paper), 44):
        paper[y : y + 2] = np.minimum(paper[y : y + 2], 170)
    assert lw.read_digits(paper).answer == text


@pytest.mark.parametrize("text", ["83", "5027"])
def test_the_boxes_of_a_form(text):
    side, edge = 120, 6
    form = np.full((side + 2 * edge, side * len(text) + 2 * edge), 250.0)
    for i, digit in enumerate(text):
        ink = larger(clear_digits()[int(digit)][i].reshape(28, 28), 3)
        form[edge + 18 : edge + 102, edge + side * i + 18 : edge + side * i + 102] -= 0.9 * ink
    for at in range(len(text) + 1):
        form[edge : edge + side, edge + side * at - 1 : edge + side * at + 2] = 110
    for at in (edge, edge + side):
        form[at - 1 : at + 2, edge : len(form[0]) - edge] = 110
    assert lw.read_digits(np.clip(form, 0, 255).astype(np.uint8)).answer == text


def test_most_digits_that_touch_are_cut_apart():
    texts = ["".join(map(str, np.random.default_rng(seed).integers(0, 10, 2))) for seed in range(6)]
    readings = [lw.read_digits(on_paper(line(text, seed, gap=-1)[0])) for seed, text in enumerate(texts)]
    assert sum(reading.answer == text for reading, text in zip(readings, texts, strict=True)) >= 3


# ---------------------------------------------------------------- pictures of every kind


def as_light_on_dark(picture):
    return Image.fromarray(255 - picture)


def as_colour(picture):
    grey = picture.astype(float) / 255
    return Image.fromarray(np.stack([250 * grey, 240 * grey, 120 + 110 * grey], axis=-1).astype(np.uint8))


def as_transparent(picture):
    ink = np.zeros((*picture.shape, 4), np.uint8)
    ink[..., 3] = np.clip(245 - picture.astype(int), 0, 255)
    return Image.fromarray(ink)


def as_palette(picture):
    return Image.fromarray(picture).convert("P")


def as_bits(picture):
    return Image.fromarray(picture > 128)


def as_16_bits(picture):
    return Image.fromarray(picture.astype(np.uint16) * 257)


KINDS = [as_light_on_dark, as_colour, as_transparent, as_palette, as_bits, as_16_bits]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("change", KINDS, ids=[change.__name__ for change in KINDS])
def test_pictures_of_every_kind(change, tmp_path):
    picture, places = page(["304", "17"], seed=2)
    change(picture).save(tmp_path / "page.png")
    assert_reads(lw.read_digits(tmp_path / "page.png"), ["304", "17"], places)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_camera_that_was_turned(orientation, tmp_path):
    picture, places = page(["304", "17"], seed=2)
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture).transpose(turned).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    reading = lw.read_digits(str(tmp_path / "photo.jpg"))
    assert_reads(reading, ["304", "17"], places)
    assert reading.size == picture.shape[::-1]


def test_a_large_photo_has_its_places_in_its_own_pixels(tmp_path):
    picture, places = page(["52"], seed=3)
    Image.fromarray(picture).resize((picture.shape[1] * 9, picture.shape[0] * 9)).save(tmp_path / "large.jpg")
    reading = lw.read_digits(tmp_path / "large.jpg")
    assert reading.answer == "52"
    assert reading.size == (picture.shape[1] * 9, picture.shape[0] * 9)
    for found, drawn in zip(reading.digits, places[0], strict=True):
        assert abs(np.array(found.place) / 9 - np.array(drawn)).max() <= 10


def test_files_images_and_arrays_are_read_alike(tmp_path):
    picture = page(["6021"], seed=4)[0]
    Image.fromarray(picture).save(tmp_path / "page.png")
    first, *others = (
        lw.read_digits(given)
        for given in (
            tmp_path / "page.png", str(tmp_path / "page.png"), Image.fromarray(picture), picture, picture.tolist(),
            picture / 255, picture[..., None], np.repeat(picture[..., None], 3, axis=2),
        )
    )  # fmt: skip
    assert first.answer == "6021"
    for other in others:
        assert other.answer == first.answer
        assert [digit.place for digit in other.digits] == [digit.place for digit in first.digits]
        assert [digit.confidence for digit in other.digits] == pytest.approx(
            [d.confidence for d in first.digits], abs=0.01
        )


def test_an_image_of_mnist_is_read_as_the_network_reads_it():
    X, y = lw.datasets.load_mnist()[2]
    readings = [lw.read_digits(row.reshape(28, 28), least_confidence=0) for row in X[:12]]
    assert np.mean([reading.answer == str(label) for reading, label in zip(readings, y[:12], strict=True)]) >= 0.9


# ---------------------------------------------------------------- no answer


def scribble(points, width=12, side=200):
    picture = Image.new("L", (side, side), 255)
    ImageDraw.Draw(picture).line(points, fill=0, width=width, joint="curve")
    return np.asarray(picture)


def clouds(rng, side=240):
    """Light and shade as in a photo out of focus: waves whose strength falls with their number."""
    waves = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    values = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / np.maximum(waves, 1 / side) ** 1.5).real
    return (255 * (values - values.min()) / np.ptp(values)).astype(np.uint8)


RNG = np.random.default_rng(0)
NO_DIGITS = {
    "white": np.full((120, 160), 255, np.uint8),
    "black": np.zeros((120, 160), np.uint8),
    "slope": np.linspace(0, 255, 200 * 200).reshape(200, 200),
    "noise": RNG.integers(0, 256, (200, 200), dtype=np.uint8),
    "faint noise": RNG.integers(240, 250, (200, 200), dtype=np.uint8),
    "clouds": clouds(RNG),
    "triangle": scribble([(100, 20), (180, 160), (20, 160), (100, 20)]),
    "wave": scribble([(10 + i, 100 + 40 * np.sin(i / 12)) for i in range(180)]),
    "R": scribble([(50, 170), (50, 30), (120, 35), (140, 65), (120, 95), (50, 100), (140, 170)]),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_gets_no_answer_but_the_reason(name):
    reading = lw.read_digits(NO_DIGITS[name])
    assert reading.answer is None
    assert len(reading.reason) > 20
    assert reading.size == NO_DIGITS[name].shape[::-1]


def test_a_digit_that_is_not_sure_enough_is_refused_with_the_others_kept():
    picture, _ = page(["58"], seed=6)
    sure = lw.read_digits(picture)
    least = np.mean([*sorted(digit.confidence for digit in sure.digits)])
    reading = lw.read_digits(picture, least_confidence=least)
    assert sure.answer == "58"
    assert reading.answer is None
    assert [digit.guess for digit in reading.digits] == ["5", "8"]
    assert None in [digit.answer for digit in reading.digits]
    assert lw.read_digits(picture, least_confidence=0).answer == "58"


def test_all_ink_can_be_taken_for_one_digit():
    """A five whose bar stands apart."""
    five = np.asarray(drawn_digits.draw_digit(5, size=200)).copy()
    top = np.flatnonzero((five < 128).any(axis=1))[0]
    bar = np.flatnonzero(five[top + 12] < 128)
    five[top : top + 40, : bar[0] + 45] = 255
    reading = lw.read_digits(five, single=True)
    assert len(reading.digits) == 1
    assert reading.digits[0].guess == "5"


# ---------------------------------------------------------------- models, and what cannot be read


def test_a_network_or_its_file_reads(tmp_path):
    X, y = lw.datasets.load_mnist()[0]
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0, scaling="range")
    net.fit(X[:8000], y[:8000], epochs=4, verbose=False)
    net.save(tmp_path / "net.safetensors")
    three = np.asarray(drawn_digits.draw_digit(3))
    by_network, by_file = (
        lw.read_digits(three, model, least_confidence=0) for model in (net, tmp_path / "net.safetensors")
    )
    assert by_network.answer == by_file.answer == "3"
    assert by_network.confidence == by_file.confidence < lw.read_digits(three).confidence + 1e-9
    learned = lw.learn_novelty(net, X[:4000], X[8000:9000])
    triangle = lw.read_digits(NO_DIGITS["triangle"], learned, least_confidence=0)
    assert (triangle.answer, triangle.digits[0].answer) == (None, None)
    assert lw.read_digits(three, learned, least_confidence=0).answer == "3"


def test_a_model_of_something_else_is_refused(tmp_path):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    with pytest.raises(lw.DataError, match="expected a network trained to tell digits"):
        lw.read_digits(np.zeros((28, 28)), net)
    net.fit(np.eye(6, 4), [0, 1, 2] * 2, epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match=r"784 inputs.*got 4 inputs"):
        lw.read_digits(np.zeros((28, 28)), net)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 28, 28, 3)), "expected the shape"), (np.zeros(784), "expected the shape"),
        (np.zeros((28, 28, 2)), "expected the shape"), (np.zeros((4, 4)), "at least 3x8"),
        (np.full((28, 28), np.nan), "finite"), (np.full((28, 28), "7"), "finite"),
    ],
)  # fmt: skip
def test_arrays_that_are_no_picture(values, message):
    with pytest.raises((lw.DataError, lw.ShapeError), match=message):
        lw.read_digits(values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"), (b"", "empty file"), (b"a letter to a friend", "another kind"),
        (b"%PDF-1.7 and more", "another kind"), (b"\x89PNG\r\n\x1a\n" + bytes(40), "."),
    ],
)  # fmt: skip
def test_files_that_are_no_picture(content, message, tmp_path):
    path = tmp_path / "digits.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(lw.DataError, match=rf"digits\.png: expected .*{message}"):
        lw.read_digits(path)
    with pytest.raises(lw.DataError, match="is a directory"):
        lw.read_digits(tmp_path)


def test_a_reading_is_not_changed():
    reading = lw.read_digits(page(["1"])[0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading.answer = "2"


def test_the_network_that_comes_with_the_package_is_loaded_once():
    assert shipped_network() is shipped_network()
