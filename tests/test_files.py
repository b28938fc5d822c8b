"""Files are written whole or not at all, keep their mode, and what a killed process left can be told."""

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time

import pytest

import layerwise as lw
from layerwise.data import writing as files
from layerwise.data.writing import leftovers, write_whole

posix = pytest.mark.skipif(os.name != "posix", reason="modes and signals of POSIX")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


# ---------------------------------------------------------------- modes

WRITERS = {
    "a model": lambda net, path: net.save(path.with_suffix(".safetensors")),
    "an ensemble": lambda net, path: ensemble().save(path.with_suffix(".safetensors")),
    "an export": lambda net, path: lw.export(net, path.with_suffix(".py"), to="numpy", force=True),
    "a picture": lambda net, path: lw.Diagram(net).save(path.with_suffix(".svg")),
    "a log": lambda net, path: net.copy().fit(
        *lw.datasets.make_spiral(), epochs=1, callbacks=lw.CSVLog(path.with_suffix(".csv")), verbose=False
    ),
    "a checkpoint": lambda net, path: net.copy().fit(
        *lw.datasets.make_spiral(), epochs=1, callbacks=lw.Checkpoint(path.with_suffix(".ck"), keep=1), verbose=False
    ),
}


def network():
    return lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)


def ensemble():
    made = lw.Ensemble(network().layers, 1, random_state=0)
    made.fit(*lw.datasets.make_spiral(), epochs=1, verbose=False)
    return made


@posix
@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_keeps_its_mode_and_a_new_one_has_the_umask_s(writer, tmp_path, umask):
    net = network()
    net.fit(*lw.datasets.make_spiral(), epochs=1, verbose=False)
    WRITERS[writer](net, tmp_path / "m")
    (path,) = tmp_path.iterdir()
    assert mode(path) == 0o640
    for kept in (0o600, 0o664, 0o604):
        path.chmod(kept)
        inode = path.stat().st_ino
        WRITERS[writer](net, tmp_path / "m")
        assert mode(path) == kept
        assert writer == "a log" or path.stat().st_ino != inode
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_nobody_else_reads_it_while_it_is_written(tmp_path):
    path, seen = tmp_path / "m", []
    write_whole(path, b"old")
    path.chmod(0o600)

    def pieces():
        seen.extend(mode(other) for other in tmp_path.iterdir())
        yield b"new"

    write_whole(path, pieces())
    assert seen == [0o600, 0o600]
    assert path.read_bytes() == b"new"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_stay(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)
    path.chmod(0o640)
    write_whole(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 4321, 0o640)


@posix
def test_what_one_group_was_allowed_is_not_for_another(tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    path.chmod(0o664)
    real = os.fstat

    def of_another_group(handle):
        return os.stat_result([*real(handle)[:5], 4321, *real(handle)[6:]])

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fstat", of_another_group)
    monkeypatch.setattr(os, "fchown", refuse)
    write_whole(path, b"new")
    assert mode(path) == 0o604


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="access lists of Linux")
def test_the_access_list_stays_and_none_is_inherited(tmp_path):
    def acl(*entries):
        return b"\x02\0\0\0" + b"".join(
            tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + who.to_bytes(4, "little")
            for tag, bits, who in entries
        )

    nobody = 2**32 - 1
    given = acl((1, 6, nobody), (2, 4, 1234), (4, 0, nobody), (16, 4, nobody), (32, 0, nobody))
    path, plain = tmp_path / "m", tmp_path / "plain"
    path.write_bytes(b"old")
    plain.write_bytes(b"old")
    plain.chmod(0o640)
    try:
        os.setxattr(path, "system.posix_acl_access", given)
        os.setxattr(tmp_path, "system.posix_acl_default", given)
    except OSError:
        pytest.skip("no access lists on this file system")
    write_whole(path, b"new")
    assert os.getxattr(path, "system.posix_acl_access") == given
    write_whole(plain, b"new")
    assert "system.posix_acl_access" not in os.listxattr(plain)
    assert mode(plain) == 0o640


@posix
def test_the_umask_of_the_process_is_never_touched(tmp_path, monkeypatch):
    """It belongs to all threads: for a moment of 0, another one's files would be open to everybody."""
    monkeypatch.setattr(os, "umask", None)
    write_whole(tmp_path / "m", b"new")
    write_whole(tmp_path / "m", b"newer")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_may_replace_none_replaces_none(tmp_path, monkeypatch, has_links):
    """Be there another at the beginning, or only once the content is written."""
    path = tmp_path / "m"

    def pieces():
        yield b"new"
        if has_links:
            path.write_bytes(b"other")

    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no hard links here")))
        write_whole(path, pieces(), replace=False)
        assert path.read_bytes() == b"new"
    else:
        for _ in range(2):
            with pytest.raises(FileExistsError, match="it has been written meanwhile"):
                write_whole(path, pieces(), replace=False)
            assert path.read_bytes() == b"other"
        path.unlink()
        write_whole(path, b"new", replace=False)
        assert (path.read_bytes(), path.stat().st_nlink) == (b"new", 1)
    assert list(tmp_path.iterdir()) == [path]


# ---------------------------------------------------------------- full disks

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from pathlib import Path
from layerwise.data.writing import write_whole
try:
    write_whole(Path(sys.argv[1]), [b"x" * 3000] * 3)
except OSError as error:
    print(error.strerror)
"""


@posix
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_file_that_grows_beyond_what_is_allowed(tmp_path, old):
    path = tmp_path / "m"
    if old is not None:
        path.write_bytes(old)
    result = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    assert result.stdout == "File too large\n"
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == ([] if old is None else [old])


# ---------------------------------------------------------------- what a killed process left

WRITER = """
import sys, time
from pathlib import Path
from layerwise.data.writing import write_whole

def pieces():
    yield b"half"
    print("writing", flush=True)
    time.sleep(60)

write_whole(Path(sys.argv[1]), pieces())
"""


def names(folder):
    return {name for _, name in leftovers(folder)}


@posix
def test_only_what_nobody_will_finish_is_left_over(tmp_path):
    command = [sys.executable, "-c", WRITER]
    works = subprocess.Popen([*command, tmp_path / "works"], stdout=subprocess.PIPE)
    killed = subprocess.Popen([*command, tmp_path / "killed"], stdout=subprocess.PIPE)
    assert works.stdout.readline() == killed.stdout.readline() == b"writing\n"
    killed.kill()
    killed.wait()
    assert len(list(tmp_path.iterdir())) == 2
    assert names(tmp_path) == {"killed"}
    works.kill()
    works.communicate()
    killed.communicate()
    assert names(tmp_path) == {"killed", "works"}


def test_other_machines_and_other_names(tmp_path):
    here, other, mine = files._machine(), "0" * 16, os.getpid()
    day = time.time() - 86500

    def put(name, old=False):
        (tmp_path / name).write_bytes(b"half")
        if old:
            os.utime(tmp_path / name, (day, day))

    put(f".of this number before.{here}-{mine}-00000000.tmp")  # a process that had this one's number, and is gone
    put(f".elsewhere.{other}-999999999-00000000.tmp")
    put(f".elsewhere, long ago.{other}-999999999-00000000.tmp", old=True)
    put(".something else.tmp", old=True)
    put(f".no random part.{here}-{mine}.tmp", old=True)
    put(f"visible.{here}-{mine}-00000000.tmp", old=True)
    (tmp_path / f".a folder.{here}-{mine}-00000000.tmp").mkdir()
    (tmp_path / f".a link.{here}-{mine}-00000000.tmp").symlink_to("visible")
    assert names(tmp_path) == {"of this number before", "elsewhere, long ago"}


def test_what_another_thread_writes_is_not_left_over(tmp_path):
    found, go = [], threading.Event()

    def pieces():
        go.set()
        time.sleep(0.05)
        yield b"whole"

    thread = threading.Thread(target=write_whole, args=(tmp_path / "m", pieces()))
    thread.start()
    go.wait()
    found.append(names(tmp_path))
    thread.join()
    assert found == [set()]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def _write_often(path, content):
    for _ in range(30):
        write_whole(path, content)


@posix
def test_two_processes_write_the_same_file(tmp_path):
    """Each time it is one of the two, whole."""
    context = multiprocessing.get_context("spawn")
    contents = [bytes([i]) * 100_000 for i in (1, 2)]
    writers = [context.Process(target=_write_often, args=(tmp_path / "m", content)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if (tmp_path / "m").exists():
            assert (tmp_path / "m").read_bytes() in contents
        assert names(tmp_path) == set()
        time.sleep(0.01)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@posix
def test_an_interrupt_leaves_nothing(tmp_path):
    def pieces():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "m", pieces())
    assert list(tmp_path.iterdir()) == []


def test_names_as_long_as_they_may_be(tmp_path):
    for name in ("x" * 255, "ä" * 127):
        write_whole(tmp_path / name, b"whole")
    assert len(list(tmp_path.iterdir())) == 2
