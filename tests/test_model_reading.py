"""Reading a model file: in one pass, into memory of its own, whatever happens to the file meanwhile."""

import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise import files as storage
from layerwise.files.safetensors import SafetensorsFile, read_json


@pytest.fixture
def saved(tmp_path):
    net = lw.Network([lw.Dense(300), lw.ReLU(), lw.Dense(2)], random_state=0).build(200)
    net.save(tmp_path / "m")
    return tmp_path / "m", net


@pytest.mark.parametrize("kept", ["nothing", "half"])
def test_a_file_that_is_cut_while_it_is_read(saved, monkeypatch, kept):
    """Its arrays are read, not mapped: a page that is gone would be a SIGBUS, and the end of the process."""
    path, _ = saved
    size, read = os.path.getsize(path), SafetensorsFile.read

    def cut_then_read(self, name):
        os.truncate(path, 0 if kept == "nothing" else size // 2)
        return read(self, name)

    monkeypatch.setattr(SafetensorsFile, "read", cut_then_read)
    with pytest.raises(lw.FormatError, match=r"m is not a whole safetensors file: it ended while it was read"):
        lw.load(path)


def test_a_file_that_changes_while_it_is_read(saved, monkeypatch):
    path, _ = saved
    read = SafetensorsFile.read

    def change_then_read(self, name):
        with open(path, "r+b") as file:
            file.seek(-8, os.SEEK_END)
            file.write(b"\1" * 8)
        return read(self, name)

    monkeypatch.setattr(SafetensorsFile, "read", change_then_read)
    with pytest.raises(lw.FormatError, match="checksum"):
        lw.load(path)


def test_what_was_loaded_does_not_depend_on_the_file(saved):
    path, net = saved
    loaded = lw.load(path)
    os.truncate(path, 0)
    np.testing.assert_array_equal(loaded.theta, net.theta)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_nothing_is_mapped(saved, monkeypatch):
    path, _ = saved
    maps, read = [], SafetensorsFile.read

    def look_then_read(self, name):
        with open("/proc/self/maps") as file:
            maps.append(file.read())
        return read(self, name)

    monkeypatch.setattr(SafetensorsFile, "read", look_then_read)
    lw.load(path)
    assert maps
    assert not any(str(path) in text for text in maps)


def test_the_header_alone_is_read_for_a_look(saved, monkeypatch):
    path, _ = saved
    monkeypatch.setattr(SafetensorsFile, "read", lambda self, name: pytest.fail(f"{name} was read"))
    _, _, shapes = storage.read_header(path)
    assert shapes["layers.0.W"] == ("float32", (200, 300))


def test_places_that_are_no_files(saved, tmp_path):
    with pytest.raises(lw.FormatError, match="is a directory"):
        lw.load(tmp_path)
    with pytest.raises(lw.FormatError, match="cannot be read"):
        lw.load("a\0b")
    with pytest.raises(FileNotFoundError, match="no model file"):
        lw.load(tmp_path / "nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(lw.FormatError, match="no regular file"):
            lw.load(tmp_path / "pipe")
    if os.path.exists("/dev/zero"):
        with pytest.raises(lw.FormatError, match="no regular file"):
            lw.load("/dev/zero")


def test_arrays_are_let_go_once_they_are_used(saved):
    """The weights are not there twice when the network is."""
    path, _ = saved
    description, arrays = storage.read(path)
    storage.State.read(description, arrays, {})
    assert not arrays


ARRAYS = st.dictionaries(
    st.text(max_size=5).filter(lambda name: name != "__metadata__" and name.isprintable()),
    st.tuples(
        st.sampled_from(["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]),
        st.lists(st.integers(0, 4), max_size=3),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(named=ARRAYS, metadata=st.dictionaries(st.text(max_size=4), st.text(max_size=9), max_size=3))
def test_what_the_safetensors_library_writes_is_read(named, metadata, tmp_path_factory):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    rng, path = np.random.default_rng(0), tmp_path_factory.getbasetemp() / "theirs"
    arrays = {name: np.asarray(rng.random(shape) * 100, dtype) for name, (dtype, shape) in named.items()}
    save_file(arrays, path, metadata=metadata)
    with SafetensorsFile(path) as file:
        assert file.metadata == metadata
        found = {name: file.read(name) for name in file.entries}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ('{"a": {"b": 1, "b": 1}}', "'b' is there twice"),
        ('{"a": NaN}', "NaN is no number in JSON"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": 1e999}', "too large for float64"),
        ("[" * 100_000, "nested too deeply"),
        ("", "Expecting value"),
    ],
)
def test_json_is_read_strictly(text, message):
    with pytest.raises(ValueError, match=message):
        read_json(text)
