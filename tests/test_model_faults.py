"""Model files that are damaged, or made to do harm: each is a FormatError, soon and in little memory."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.files import container
from model_files import parts, put_together, rewrite

LIMIT = 64 * 2**20  # bytes that opening a small file may take, whatever it says


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network and its file's bytes."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 5)), np.array(["a", "b", "c"])[np.arange(40) % 3]
    layers = [lw.Dense(6), lw.BatchNorm(), lw.SELU(), lw.Dense(3), lw.Softmax()]
    net = lw.Network(layers, random_state=0, scaling="standard")
    net.fit(X, y, epochs=2, penalty=lw.L2(1e-3), verbose=False)
    path = tmp_path_factory.mktemp("saved") / "m"
    net.save(path, optimizer=True)
    return net, path.read_bytes()


def outcome(path, net):
    """How opening the file ended: refused, or the same network; anything else is an error."""
    tracemalloc.start()
    try:
        loaded = lw.load(path)
    except lw.FormatError as error:
        reason = str(error)
        return "FormatError" if str(path) in reason and len(reason) < 3000 else f"a bad reason: {reason}"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < LIMIT
    np.testing.assert_array_equal(loaded.theta, net.theta)
    assert loaded.description(True) == net.description(True)
    return "the same"


def header_length(raw):
    return 8 + int.from_bytes(raw[:8], "little")


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_cut_at_bytes_of_the_header_and_at_200_of_the_body(saved, tmp_path, every):
    net, raw = saved
    head, path = header_length(raw), tmp_path / "m"
    places = [*range(0, head, every), head, *np.linspace(head + 1, len(raw) - 1, 200).astype(int)]
    for length in places:
        path.write_bytes(raw[:length])
        assert outcome(path, net) == "FormatError"
    path.write_bytes(raw + b"\0")
    assert outcome(path, net) == "FormatError"


@pytest.mark.parametrize("flips", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_bits_that_flip(saved, tmp_path, flips):
    net, raw = saved
    rng, path, found = np.random.default_rng(0), tmp_path / "m", Counter()
    for _ in range(flips):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw) * 8, rng.integers(1, 4)):
            damaged[place // 8] ^= 1 << (place % 8)
        if damaged == raw:
            continue
        path.write_bytes(damaged)
        found[outcome(path, net)] += 1
    print(dict(found))
    assert found["FormatError"] >= 0.99 * flips  # the rest was within what no one reads, and changed nothing


@pytest.mark.parametrize("version", [1, 2])
def test_a_damaged_version_does_not_hide_damaged_weights(saved, tmp_path, version):
    """Files of version 1 had no checksum: one bit of a 3 makes it a 1."""
    net, raw = saved
    damaged = bytearray(raw.replace(b'format_version\\":3', b'format_version\\":%d' % version))
    assert damaged != raw
    damaged[-3] ^= 1
    (tmp_path / "m").write_bytes(damaged)
    assert outcome(tmp_path / "m", net) == "FormatError"


NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, -1, 2**31, 2**63, 10**30, 1e308, True, None])
)
LEAVES = st.one_of(NUMBERS, st.text(max_size=20), st.sampled_from(["Dense", "float", "array", "pairs", "RandomState"]))
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["type", "items", "units", "a"]), inner, max_size=4),
    ),
    max_leaves=12,
)


def places(value, path=()):
    """Every place in a description."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def put(description, path, value):
    for key in path[:-1]:
        description = description[key]
    if value is None:
        del description[path[-1]]
    else:
        description[path[-1]] = value


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_descriptions_that_somebody_made(saved, tmp_path, data):
    """With a checksum that is right: any value at any place, or nothing there."""
    _, raw = saved
    path = tmp_path / "m"
    path.write_bytes(raw)
    text, arrays = parts(path)
    description = json.loads(text)
    where = data.draw(st.sampled_from(list(places(description))[1:]))
    put(description, where, data.draw(JSON))
    put_together(path, json.dumps(description), arrays)
    try:
        loaded = lw.load(path)
    except lw.FormatError:
        return
    assert loaded.outputs(np.zeros((2, 5))).shape == (2, 3)  # a description of some other network that works
    loaded.predict(np.zeros((2, 5)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["layers.0.W", "layers.1.variance", "scaling.factor", "optimizer.m", "history.loss", "more"]),
    shape=st.lists(st.integers(0, 7), max_size=3),
    dtype=st.sampled_from(list(container.TYPES.values())),
    value=st.sampled_from([0.0, 1.0, np.nan, np.inf]),
)
def test_arrays_that_somebody_made(saved, tmp_path, name, shape, dtype, value):
    _, raw = saved
    path = tmp_path / "m"
    path.write_bytes(raw)
    with np.errstate(all="ignore"):
        new = np.full(shape, value).astype(dtype)
    rewrite(path, change_arrays=lambda arrays: arrays.update({name: new}))
    try:
        loaded = lw.load(path)
    except lw.FormatError:
        return
    assert np.isfinite(loaded.theta).all()


def raw_file(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


OFFSETS = st.integers(-(2**64), 2**65)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tensors=st.dictionaries(
        st.sampled_from(["layers.0.W", "b", "__metadata__"]),
        st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "F64", "BF16", "F8_E4M3", "I8", "X", 3]),
                "shape": st.lists(OFFSETS, max_size=3),
                "data_offsets": st.lists(OFFSETS, max_size=3),
            }
        ),
        max_size=3,
    ),
    body=st.binary(max_size=64),
)
@example({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
          "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12))  # fmt: skip
@example({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 2**64]}}, b"")
@example({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}}, b"")
def test_headers_that_somebody_made(saved, tmp_path, tensors, body):
    path = tmp_path / "m"
    path.write_bytes(raw_file({"__metadata__": {"layerwise": json.dumps({"format_version": 2})}, **tensors}, body))
    assert outcome(path, saved[0]) == "FormatError"


DEEP, LONG = 100_000, 3_000_000


@pytest.mark.parametrize(
    "content",
    [
        raw_file(b"[" * DEEP),
        raw_file(b'{"a":' * DEEP),
        raw_file({"__metadata__": {"layerwise": "[" * DEEP}}),
        raw_file({"__metadata__": {"layerwise": '{"format_version":2,"layers":' + "[" * 900 + "]" * 900 + "}"}}),
        raw_file({"__metadata__": {"layerwise": '{"format_version":2,"layers":[' + "1," * LONG + "1]}"}}),
        raw_file({"__metadata__": {"layerwise": '{"format_version":' + "9" * 10_000 + "}"}}),
        raw_file({"__metadata__": {"layerwise": '{"format_version":true}'}}),
        raw_file({"__metadata__": {"layerwise": "\ud800"}}),
        (2**63).to_bytes(8, "little") + b"{}",
        (2**40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        b"\x80\x04\x95" + b"cos\nsystem\n",
        b"PK\x03\x04" + bytes(100),
    ],
    ids=lambda content: repr(content[:40]),
)  # fmt: skip
def test_files_made_to_do_harm(saved, tmp_path, content):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(lw.FormatError):
        lw.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["layers"][0].update(units=10**12),
        lambda d: d["layers"][0].update(units=10**400),
        lambda d: d.update(n_in=10**15),
        lambda d: d["layers"].extend([{"type": "Dense", "units": 10**6}] * 1000),
        lambda d: d.update(notes={"type": "array", "dtype": "U1000000000", "shape": [1], "items": ["a"]}),
        lambda d: d.update(notes={"type": "array", "dtype": "float64", "shape": [10**12], "items": [1]}),
        lambda d: d.update(columns={"type": "array", "dtype": "object", "shape": [-5], "items": []}),
        lambda d: d["history"].update(columns=["loss", "none"]),
        lambda d: d.update(kind="oracle"),
        lambda d: d.update(kind=["network"]),
        lambda d: d["task"].update(classes=["a"]),
        lambda d: d["optimizer"].update(learning_rate="fast"),
        lambda d: d.update(frozen=[99]),
        lambda d: d["layers"].__setitem__(0, {"type": "subprocess.Popen", "args": "true"}),
    ],
)
def test_networks_that_cannot_be(saved, tmp_path, change):
    net, raw = saved
    path = tmp_path / "m"
    path.write_bytes(raw)
    rewrite(path, change)
    assert outcome(path, net) == "FormatError"


def test_estimators_and_ensembles_that_cannot_be(tmp_path):
    pytest.importorskip("sklearn")
    X, y = np.random.default_rng(0).random((30, 3)), np.arange(30) % 3
    estimator = lw.MLPClassifier((4,), max_iter=200, tol=1).fit(X, y)
    path = tmp_path / "m"
    for change in (
        lambda d: d.update(estimator="os.system"),
        lambda d: d["parameters"].update(solver="magic"),
        lambda d: d["parameters"].update(colour="red"),
        lambda d: d["attributes"].update(fit=3),
        lambda d: d["attributes"].update(coefs_=[]),
        lambda d: d["attributes"].update(__class__=3),
        lambda d: d.pop("network"),
        lambda d: d.update(encoder={"columns": 3}),
    ):
        estimator.save(path)
        rewrite(path, change)
        with pytest.raises(lw.FormatError):
            lw.load(path)
    ensemble = lw.Ensemble([lw.Dense(3), lw.Softmax()], 2)
    ensemble.fit(X, y, epochs=1, verbose=False)
    for change in (lambda d: d.update(networks=[]), lambda d: d["networks"].pop(), lambda d: d.update(networks=7)):
        ensemble.save(path)
        rewrite(path, change)
        with pytest.raises(lw.FormatError):
            lw.load(path)


# ---------------------------------------------------------------- writing


def run(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


SAVE_BIG = """
import resource, signal, sys
import layerwise as lw
net = lw.Network([lw.Dense(600)], random_state=0).build(1000)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    net.save(sys.argv[1])
except OSError as error:
    print(type(error).__name__, error)
"""


def test_a_file_that_may_not_be_so_large(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"before")
    assert "File too large" in run(SAVE_BIG, path, "limited").stdout
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["m"]


def test_a_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name != "posix" or os.getuid() or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    ).returncode:  # fmt: skip
        pytest.skip("a small disk can be made by root alone")
    try:
        (disk / "m").write_bytes(b"before")
        assert "No space left" in run(SAVE_BIG, disk / "m").stdout
        assert (disk / "m").read_bytes() == b"before"
        assert os.listdir(disk) == ["m"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_processes_that_save_to_one_path(tmp_path):
    code = """
import sys, layerwise as lw
path, seed = sys.argv[1], int(sys.argv[2])
net = lw.Network([lw.Dense(50)], random_state=seed).build(100)
for _ in range(60):
    net.save(path)
    assert lw.load(path).random_state in (1, 2)
"""
    path = tmp_path / "m"
    both = [subprocess.Popen([sys.executable, "-c", code, str(path), seed], stderr=subprocess.PIPE) for seed in "12"]
    for process in both:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    loaded = lw.load(path)
    expected = lw.Network([lw.Dense(50)], random_state=loaded.random_state).build(100)
    np.testing.assert_array_equal(loaded.theta, expected.theta)
    assert os.listdir(tmp_path) == ["m"]


def test_a_temporary_file_is_synced_and_renamed_and_so_is_its_directory(tmp_path, monkeypatch):
    calls = []

    def note(name):
        real = getattr(os, name)

        def wrapped(*arguments, **options):
            if name == "fsync":
                calls.append((name, os.readlink(f"/proc/self/fd/{arguments[0]}")))
            else:
                calls.append((name, *map(os.fspath, arguments)))
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, wrapped)

    if not os.path.exists("/proc/self/fd"):
        pytest.skip("there is no /proc to look up what is synced")
    for name in ("fsync", "replace"):
        note(name)
    path = tmp_path / "m"
    lw.Network([lw.Dense(3)], random_state=0).build(2).save(path)
    (sync, temporary), (replace, source, target), (sync_folder, folder) = calls
    assert (sync, replace, sync_folder) == ("fsync", "replace", "fsync")
    assert source == temporary != str(path)
    assert target == str(path)
    assert folder == str(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="no permission"):
        lw.Network([lw.Dense(3)]).build(2).save(tmp_path / "m")


def test_the_files_are_what_the_safetensors_library_writes(saved, tmp_path):
    from safetensors.numpy import save

    _, raw = saved
    path = tmp_path / "m"
    path.write_bytes(raw)
    text, arrays = parts(path)
    metadata = {container.KEY: text, container.CHECKSUM: container.checksum(text, arrays)}
    theirs = save(arrays, metadata=metadata)
    assert theirs[header_length(theirs) :] == raw[header_length(raw) :]
    mine, other = (json.loads(file[8 : header_length(file)]) for file in (raw, theirs))
    assert mine == other
