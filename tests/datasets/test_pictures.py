"""Single pictures of any mode, brought to one form; the folders that they lie in; memory that stays bounded."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from layerwise.datasets import read_csv, read_folder, read_idx
from layerwise.datasets.pictures import PictureForm, files_in, form_of
from layerwise.datasets.pictures.listing import list_classes, parts_of
from layerwise.datasets.pictures.rows import read_rows
from layerwise.datasets.reading import read_raw
from layerwise.errors import DataError

SIDE = 12
RAMP = np.linspace(0, 255, SIDE).round().astype(np.uint8)
GREY = np.tile(RAMP, (SIDE, 1))  # dark to the left


def save(path, array, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = array if isinstance(array, Image.Image) else Image.fromarray(np.asarray(array))
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def read(path, color=False, height=SIDE, width=SIDE):
    form = PictureForm(height, width, color=color)
    return form.read(path).reshape(form.shape)


# ---------------------------------------------------------------- one picture


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.png", "L"),
        ("a.png", "RGB"),
        ("a.png", "RGBA"),
        ("a.png", "P"),
        ("a.bmp", "L"),
        ("a.gif", "P"),
        ("a.png", "LA"),
    ],
)
def test_grey_pictures_of_every_mode_keep_their_values(tmp_path, name, mode):
    np.testing.assert_array_equal(read(save(tmp_path / name, GREY, mode)), GREY)


def test_jpeg_keeps_its_values_but_for_its_noise(tmp_path):
    for name, mode in (("a.jpg", "L"), ("b.jpg", "RGB"), ("c.jpg", "CMYK")):
        found = read(save(tmp_path / name, GREY, mode, quality=98)).astype(int)
        assert abs(found - GREY).max() < 8


def test_sixteen_bits_become_eight(tmp_path):
    np.testing.assert_array_equal(read(save(tmp_path / "a.png", GREY.astype(np.uint16) * 257)), GREY)


def test_one_bit_becomes_black_and_white(tmp_path):
    found = read(save(tmp_path / "a.png", Image.fromarray(GREY).point(lambda v: 255 * (v > 127)).convert("1")))
    np.testing.assert_array_equal(found, np.where(GREY > 127, 255, 0))


def test_colours_lie_side_by_side(tmp_path):
    colours = np.stack([GREY, 255 - GREY, np.full_like(GREY, 7)], axis=2)
    path = save(tmp_path / "a.png", colours)
    np.testing.assert_array_equal(read(path, color=True), colours)
    row = PictureForm(SIDE, SIDE, color=True).read(path)
    assert row[:6].tolist() == [0, 255, 7, 23, 232, 7]
    np.testing.assert_array_equal(read(path), np.asarray(Image.fromarray(colours).convert("L")))  # ITU-R 601's luma


def test_what_is_transparent_is_white_unless_the_ink_is(tmp_path):
    alpha = np.where(GREY > 127, 255, 0).astype(np.uint8)
    for shade, paper in ((30, 255), (250, 0)):
        layers = np.dstack([np.full((SIDE, SIDE, 3), shade, np.uint8), alpha])
        np.testing.assert_array_equal(read(save(tmp_path / "a.png", layers, "RGBA")), np.where(alpha > 0, shade, paper))


def test_picture_that_the_camera_noted_as_turned_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right edge of what is stored
    stored = np.rot90(GREY)  # turned to the left; upright again by a turn to the right
    np.testing.assert_array_equal(read(save(tmp_path / "a.png", stored, exif=exif)), GREY)
    tall = save(tmp_path / "b.jpg", np.zeros((20, 40), np.uint8) + np.arange(40, dtype=np.uint8)[None], exif=exif)
    assert read(tall, height=40, width=20).shape == (40, 20)
    down = read(tall, height=40, width=20).mean(axis=1)
    assert down[-5:].mean() > down[:5].mean() + 20  # the columns have become rows, from the top


def test_proportions_are_kept_and_the_frame_goes_on(tmp_path):
    wide = np.full((10, 40, 3), (10, 200, 90), np.uint8)
    wide[:, 15:25] = (255, 0, 0)
    found = read(save(tmp_path / "a.png", wide), color=True, height=20, width=20)
    # 40 wide becomes 20, 10 high becomes 5: rows 7 to 11; above and below is the frame's median.
    assert (found[:7] == (10, 200, 90)).all()
    assert (found[12:] == (10, 200, 90)).all()
    assert (found[8, 9:11] == (255, 0, 0)).all()
    np.testing.assert_array_equal(found[9, :6], np.full((6, 3), (10, 200, 90)))


def test_shrinking_averages(tmp_path):
    board = (np.indices((120, 120)).sum(axis=0) % 2 * 255).astype(np.uint8)  # single pixels, black and white
    found = read(save(tmp_path / "a.png", board))
    assert abs(found.astype(int) - 127).max() < 12


def test_large_jpeg_is_like_the_same_as_png(tmp_path):
    y, x = np.mgrid[:900, :1200]
    smooth = (127 + 60 * np.sin(x / 200) + 60 * np.cos(y / 150)).astype(np.uint8)
    jpeg, png = (read(save(tmp_path / name, smooth)).astype(int) for name in ("a.jpg", "a.png"))
    assert abs(jpeg - png).max() < 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"a\.png: expected a picture, got an empty file"),
        (b"not a picture", r"a\.png: expected a picture .*got a file of another kind"),
        ("cut", r"a\.png: expected a whole picture, but it cannot be read"),
    ],
)
def test_errors_of_a_file_name_it(tmp_path, content, words):
    path = save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (60, 60), np.uint8))
    path.write_bytes(path.read_bytes()[:1500] if content == "cut" else content)
    for drawing in (False, True):
        with pytest.raises(DataError, match=words):
            PictureForm(28, 28, drawing=drawing).read(path)
    with pytest.raises(DataError, match="does not exist"):
        PictureForm(28, 28).read(tmp_path / "b.png")


def test_picture_with_too_many_pixels_is_an_error(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", np.zeros((40, 40), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DataError, match="at most 1,000 pixels"):
        PictureForm(28, 28).read(path)


def test_form_comes_back_from_notes():
    form = PictureForm(32, 24, color=True)
    assert form_of({"pictures": form.to_dict()}) == form
    assert form_of({"data": "mnist"}) is None
    kept = form.to_dict()
    for damaged in ({}, None, [1], kept | {"height": -1}, kept | {"height": 10**9}, kept | {"color": "yes"},
                    kept | {"width": 2.5}, kept | {"drawing": True}):  # fmt: skip
        if damaged is not None:
            with pytest.raises(DataError):
                form_of({"pictures": damaged})


# ---------------------------------------------------------------- a folder


@pytest.fixture
def zoo(tmp_path):
    """Three classes of grey noise of several sizes, files that do not count, and some that cannot be read."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog", "ox"):
        for i in range(5):
            save(tmp_path / name / f"{i}.{'jpg' if i % 2 else 'PNG'}", rng.integers(0, 255, (40 + i, 50), np.uint8))
    for litter in (".DS_Store", "cat/Thumbs.db", "cat/.hidden.png", "__MACOSX/cat/0.png", ".git/x.png"):
        (tmp_path / litter).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / litter).write_bytes(b"?")
    return tmp_path


def test_classes_are_the_folders(zoo):
    pictures = read_folder(zoo)
    X, y = pictures
    assert X.shape == (15, 784)
    assert X.dtype == np.uint8
    assert pictures.class_names == ("cat", "dog", "ox")
    assert y.tolist() == ["cat"] * 5 + ["dog"] * 5 + ["ox"] * 5
    assert pictures.files[:2] == ("cat/0.PNG", "cat/1.jpg")
    assert pictures.form == PictureForm(28, 28)
    assert pictures.notes == ()
    for row, file in zip(X, pictures.files):
        np.testing.assert_array_equal(row, pictures.form.read(zoo / file))


def test_unreadable_and_other_files_are_named_and_left_out(zoo):
    (zoo / "cat" / "0.PNG").write_bytes(b"")
    whole = (zoo / "dog" / "1.jpg").read_bytes()
    (zoo / "dog" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (zoo / "ox" / "list.txt").write_text("an ox")
    save(zoo / "loose.png", GREY)
    pictures = read_folder(zoo)
    assert len(pictures.X) == len(pictures.y) == len(pictures.files) == 13
    assert "cat/0.PNG" not in pictures.files
    others, unread = pictures.notes
    assert others == "2 files are left out, no picture in the folder of a class: loose.png, ox/list.txt"
    assert unread.startswith("2 of 15 files could not be read, and are left out: cat/0.PNG, dog/1.jpg (the first: ")
    assert "empty file" in unread


def test_class_without_a_picture_that_can_be_read_is_an_error(zoo):
    for file in (zoo / "ox").iterdir():
        file.write_bytes(b"GIF89a")
    with pytest.raises(DataError, match=r"none of the 5 pictures of the class 'ox' can be read; .*ox/0\.PNG: expected"):
        read_folder(zoo)
    for file in sorted((zoo / "ox").iterdir())[1:]:
        file.unlink()
    with pytest.raises(DataError, match="the only picture of the class 'ox' cannot be read"):
        read_folder(zoo)


def test_nothing_that_can_be_read(zoo):
    for file in zoo.glob("[a-z]*/[0-9]*"):
        file.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"none of the pictures can be read, such as: .*0\.PNG: expected a picture, got"
    ):
        read_folder(zoo)


def test_form_of_the_training_pictures_serves_the_others(zoo, tmp_path):
    form = PictureForm(10, 16)
    pictures = read_folder(zoo, form=form)
    assert pictures.X.shape == (15, 160)
    assert read_folder(zoo, size=(10, 16)).form == form
    with pytest.raises(DataError, match="leave these out"):
        read_folder(zoo, form=form, size=10)
    for size, words in (
        ((1, 2, 3), "number of pixels or"),
        (0, "at least 1"),
        ("28", "whole number"),
        (5000, "smaller"),
    ):
        with pytest.raises(DataError, match=words):
            read_folder(zoo, size=size)


def test_names_of_classes_are_composed_as_on_every_system(tmp_path):
    save(tmp_path / "a\u0308" / "1.png", GREY)  # as macOS writes it
    save(tmp_path / "b" / "1.png", GREY)
    assert set(read_folder(tmp_path).class_names) == {"\u00e4", "b"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["1.png", "2.png"], r"holds 2 loose pictures: put the pictures of each class into a folder of its name"),
        ([], "holds no folders and no pictures"),
        (["zoo/a/1.png", "zoo/b/1.png"], r"one folder alone, zoo, whose folders have pictures: a, b; give .*zoo$"),
        (["a/1.png", "b/old/1.png"], r"b holds folders with pictures: old; the folder of a class holds its pictures"),
        (["a/1.png", "b/1.heic"], r"b holds no pictures, but 1 files of other kinds \(1\.heic\): save them as \.bmp"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], r"holds test, train: read .*train by itself"),
        (["train/a/1.png", "train/b/1.png", "c/1.png"], r"holds train, and beside them c; move these"),
        (["test/a/1.png", "test/b/1.png"], "holds test, but no folder train"),
        (["train/a/1.png", "Training/a/1.png"], "holds both"),
    ],
)
def test_folders_laid_out_in_another_way(tmp_path, files, words):
    for file in files:
        save(tmp_path / Path(file).with_suffix(".png"), GREY).rename(tmp_path / file)
    with pytest.raises(DataError, match=words):
        read_folder(tmp_path)


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="nowhere cannot be read"):
        read_folder(tmp_path / "nowhere")


def test_parts_are_known_by_their_folders(tmp_path):
    for file in ("Training/a/1.png", "val/a/1.png", "testing/a/1.png"):
        save(tmp_path / file, GREY)
    assert {part: path.name for part, path in parts_of(tmp_path).items()} == {
        "train": "Training", "validation": "val", "test": "testing",
    }  # fmt: skip
    for file in ("train/1.png", "car/1.png"):  # pictures of trains
        save(tmp_path / "vehicles" / file, GREY)
    assert parts_of(tmp_path / "vehicles") == {}
    assert list_classes(tmp_path / "vehicles").class_names == ("car", "train")


def test_files_in_a_folder_and_below(zoo):
    found = files_in(zoo)
    assert [file.relative_to(zoo).as_posix() for file in found][:2] == ["cat/0.PNG", "cat/1.jpg"]
    assert len(found) == 15
    (zoo / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no pictures"):
        files_in(zoo / "empty")


# ---------------------------------------------------------------- what form suits


def test_small_pictures_of_one_size_stay_as_they_are(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        for i in range(3):
            save(tmp_path / name / f"{i}.png", rng.integers(0, 255, (9, 7), np.uint8))
    pictures = read_folder(tmp_path)
    assert pictures.form == PictureForm(9, 7)
    save(tmp_path / "b" / "more.png", rng.integers(0, 255, (9, 8), np.uint8))
    assert read_folder(tmp_path).form == PictureForm(28, 28)


def test_pictures_are_grey_if_all_are(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        for i in range(3):
            save(tmp_path / name / f"{i}.png", rng.integers(0, 255, (100, 80), np.uint8), "RGB")
    assert read_folder(tmp_path).form == PictureForm(28, 28)
    colours = rng.integers(0, 255, (90, 90, 3), np.uint8)
    save(tmp_path / "b" / "more.png", colours)
    assert read_folder(tmp_path).form == PictureForm(32, 32, color=True)
    assert read_folder(tmp_path, color=False).form == PictureForm(28, 28)
    assert read_folder(tmp_path, size=16).form == PictureForm(16, 16, color=True)


# ---------------------------------------------------------------- memory


def test_rows_beyond_the_bound_lie_in_a_file_that_goes_with_them(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    files = [save(tmp_path / f"{i}.png", rng.integers(0, 255, (64, 64), np.uint8)) for i in range(300)]
    form = PictureForm(64, 64)
    files[7].write_bytes(b"")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    form.read(files[0])  # loads what Pillow loads once
    tracemalloc.start()
    X, kept, problems = read_rows(files, form, memory=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X.shape == (299, 4096)  # 1.2 MB
    assert peak < 300_000
    assert isinstance(X, np.memmap)
    assert len(list(temporary.rglob("pictures"))) == 1
    inside, again, _ = read_rows(files, form, memory=2**30)
    assert not isinstance(inside, np.memmap)
    np.testing.assert_array_equal(X, inside)
    np.testing.assert_array_equal(kept, again)
    assert [file for file, _ in problems] == [files[7]]
    part = X[5:9]
    del X
    assert len(list(temporary.rglob("pictures"))) == 1  # a part of it is still there
    np.testing.assert_array_equal(part, inside[5:9])
    del part
    assert list(temporary.iterdir()) == []


def test_memory_of_read_folder_bounds_it(zoo):
    X, _ = read_folder(zoo, memory=0)
    assert isinstance(X, np.memmap)
    np.testing.assert_array_equal(X, read_folder(zoo).X)


def test_full_disk_is_an_error_that_says_what_to_do(zoo, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("layerwise.datasets.pictures.rows._write", full)
    with pytest.raises(DataError, match=r"do not fit into .*No space left on device.*TMPDIR"):
        read_folder(zoo, memory=0)


def test_folder_in_place_of_a_file_says_what_reads_it(zoo):
    for read_file in (read_csv, read_idx, read_raw):
        with pytest.raises(DataError, match=r"cannot be read, for it is a folder; .*read_folder"):
            read_file(str(zoo))
