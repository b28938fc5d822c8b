"""Which files a Checkpoint goes on from, removes and replaces; disks that are full; two trainings on one path."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.header import read_description
from layerwise.errors import WriteError
from layerwise.training.callbacks import Callback
from test_checkpoint import Crash, CrashAt, data, network

posix = pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")
ARGUMENTS = {"epochs": 4, "batch_size": 40, "verbose": False}  # 4 steps an epoch


def fit(path, *callbacks, resume=False, net=None, checkpoint=None, **changed):
    net = net or network()
    checkpoint = checkpoint or lw.Checkpoint(path, every=2)
    net.fit(*data(), callbacks=[checkpoint, *callbacks], resume=resume, **{**ARGUMENTS, **changed})
    return net


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- what is removed


def decoys(folder):
    """Files that have names of checkpoints, and are none of this path and run."""
    trained = network()
    trained.fit(*data(), epochs=1, verbose=False)
    trained.save(folder / "run-2024.safetensors")  # a finished model
    with pytest.raises(Crash):
        fit(folder / "other.safetensors", CrashAt(3), epochs=1)
    (other,) = folder.glob("other-*")
    other.rename(folder / "run-000000001.safetensors")  # a checkpoint of another path
    (folder / "elsewhere").mkdir()
    fit(folder / "elsewhere" / "run.safetensors", epochs=1)
    copied = folder / "elsewhere" / "run-000000004.safetensors"
    copied.rename(folder / "run-000000000.safetensors")  # of this path, and of another run
    shutil.rmtree(folder / "elsewhere")
    (folder / "run-7.safetensors").symlink_to("run-2024.safetensors")
    (folder / "run-8.safetensors").mkdir()
    (folder / "run-000000003.safetensors.bak").write_bytes(b"kept")
    return {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("resume", [False, True])
def test_only_files_of_the_run_are_removed(tmp_path, resume):
    before = decoys(tmp_path)
    if resume:
        (tmp_path / "run-000000000.safetensors").unlink()  # it would be gone on from, and is told apart below
        before = {path: content for path, content in before.items() if path.exists()}
        with pytest.raises(Crash):
            fit(tmp_path / "run.safetensors", CrashAt(6))
    net = fit(tmp_path / "run.safetensors", resume=resume)
    assert net.steps == 16
    for path, content in before.items():
        assert path.read_bytes() == content
    ours = {f"run-{step:09d}.safetensors" for step in (12, 14, 16)}
    assert ours <= set(names(tmp_path))
    assert set(names(tmp_path)) - ours == {path.name for path in before} | {"run-8.safetensors"}


def test_a_finished_model_is_not_gone_on_from(tmp_path):
    decoys(tmp_path)
    (tmp_path / "run-000000000.safetensors").unlink()
    assert [path.name for path in lw.Checkpoint(tmp_path / "run.safetensors").files()] == []
    assert fit(tmp_path / "run.safetensors", resume=True).history.epochs == 4


def test_a_list_of_files_in_a_checkpoint_is_not_believed(tmp_path):
    """A file that names others, as those of an earlier format do, has nothing removed."""
    from layerwise import files as storage

    with pytest.raises(Crash):
        fit(tmp_path / "run", CrashAt(6))
    (tmp_path / "precious").write_bytes(b"mine")
    (link := tmp_path / "run-000000001").symlink_to("precious")
    file = tmp_path / "run-000000004"
    (tmp_path / "run-000000002").unlink()
    description, arrays = storage.read(file)
    arrays = {name: array.copy() for name, array in arrays.items()}
    (entry,) = description["training"]["callbacks"]
    state = dict(entry["items"])["state"]
    state["saved"] = [str(tmp_path / "precious"), str(link), str(file)]
    storage.write(file, description, arrays)
    fit(tmp_path / "run", resume=True, checkpoint=lw.Checkpoint(tmp_path / "run", every=2))
    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert link.is_symlink()


def test_saved_is_what_is_there(tmp_path):
    with pytest.raises(Crash):
        fit(tmp_path / "run", CrashAt(9))
    (tmp_path / "run-000000006").unlink()
    checkpoint, seen = lw.Checkpoint(tmp_path / "run", every=2), []

    class Look(Callback):
        only_looks = True

        def on_epoch_end(self, run):
            seen.append([os.path.basename(path) for path in checkpoint.saved])

    fit(tmp_path / "run", Look(), resume=True, checkpoint=checkpoint)
    assert seen[0] == ["run-000000004", "run-000000008"]
    assert [os.path.basename(path) for path in checkpoint.saved] == [f"run-{i:09d}" for i in (12, 14, 16)]


def test_files_are_found_where_they_were_moved_to(tmp_path, monkeypatch):
    whole = fit(tmp_path / "whole")
    (tmp_path / "here").mkdir()
    with pytest.raises(Crash):
        fit(tmp_path / "here" / "run", CrashAt(9))
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    for path in ("run", "./run", "../there/run"):
        net = network()
        with pytest.raises(Crash):
            fit(path, CrashAt(10), resume=True, net=net)
        assert net.steps == 10
    np.testing.assert_array_equal(fit("run", resume=True).theta, whole.theta)
    assert names(tmp_path / "there") == [f"run-{i:09d}" for i in (12, 14, 16)]


def test_the_run_s_farthest_file_is_gone_on_from_whatever_the_clock_says(tmp_path):
    with pytest.raises(Crash):
        fit(tmp_path / "run", CrashAt(9))
    for i, path in enumerate(sorted(tmp_path.iterdir(), reverse=True)):  # as a copy without its times has it
        os.utime(path, (1000 + i, 1000 + i))
    net = network()
    with pytest.raises(Crash):
        fit(tmp_path / "run", CrashAt(9), resume=True, net=net)
    assert net.steps == 9


def test_a_file_of_the_name_of_the_next_checkpoint_stays(tmp_path):
    network_file = tmp_path / "run-000000006"
    network_file.write_bytes(b"not a checkpoint")
    net = network()
    with pytest.warns(RuntimeWarning, match=r"another file of that name.*run-000000004 is there"):
        fit(tmp_path / "run", net=net)
    assert network_file.read_bytes() == b"not a checkpoint"
    assert net.steps == 16


def test_a_folder_cannot_have_the_step_in_it(tmp_path):
    with pytest.raises(ValueError, match=r"only the file's name can have \{epoch\}"):
        lw.Checkpoint(tmp_path / "{epoch}" / "run")


def test_the_header_alone_is_read(tmp_path):
    fit(tmp_path / "run")
    file = tmp_path / "run-000000016"
    whole = read_description(file)
    assert whole["checkpoint"].keys() >= {"path", "run", "attempt"}
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    file.write_bytes(content[: 8 + length])
    assert read_description(file) == whole
    for damaged in (b"", content[:7], content[:100], b"\xff" * 100, b"\x02\0\0\0\0\0\0\0[]", bytes(8)):
        file.write_bytes(damaged)
        with pytest.raises(lw.FormatError, match="not a whole safetensors file"):
            read_description(file)


# ---------------------------------------------------------------- copies, formats and damage


@pytest.mark.parametrize("keep", [1, 2])
@pytest.mark.parametrize("pattern", ["run.safetensors", "run-{epoch}-{step:04}.safetensors"])
def test_copies_that_the_user_made_stay(tmp_path, keep, pattern):
    """Their contents are those of the run, their names are none that was written."""
    path = tmp_path / pattern
    with pytest.raises(Crash):
        fit(None, CrashAt(9), checkpoint=lw.Checkpoint(path, every=2, keep=keep))
    newest = max(tmp_path.iterdir(), key=lambda file: read_description(file)["steps"])
    copies = ["run-20240131.safetensors", "run-1-20240131.safetensors", "run-3-00000008.safetensors"]
    copies += ["run.safetensors"] if keep == 2 else ["run-8.safetensors", "run-000000012.safetensors"]
    for name in copies:
        shutil.copy(newest, tmp_path / name)
    content = newest.read_bytes()
    whole, checkpoint = fit(tmp_path / "whole"), lw.Checkpoint(path, every=2, keep=keep)
    for resume in (True, True, False):
        net = fit(None, resume=resume, checkpoint=checkpoint)
        np.testing.assert_array_equal(net.theta, whole.theta)
        assert len(checkpoint.saved) == keep
        assert all((tmp_path / name).read_bytes() == content for name in copies)
    checkpoint.remove()
    assert {name for name in names(tmp_path) if not name.startswith("whole")} == set(copies)


def test_a_copy_under_the_name_of_a_later_checkpoint_is_not_replaced(tmp_path):
    with pytest.raises(Crash):
        fit(tmp_path / "run", CrashAt(9))
    content = (tmp_path / "run-000000008").read_bytes()
    shutil.copy(tmp_path / "run-000000008", tmp_path / "run-000000012")
    with pytest.warns(
        RuntimeWarning, match=r"run-000000012 could not be written.*a copy of a checkpoint of step 8: move"
    ):
        fit(tmp_path / "run", resume=True)
    assert (tmp_path / "run-000000012").read_bytes() == content


@pytest.mark.parametrize("every", [1, 3, "epoch"])
def test_every_file_has_the_name_that_its_contents_give(tmp_path, ctrl_c, every):
    """Within an epoch, at its end, after Ctrl-C and after going on."""

    class Interrupt(Callback):
        only_looks = True

        def on_epoch_begin(self, run):
            if run.epoch == 3:
                signal.raise_signal(signal.SIGINT)

    path = tmp_path / "run-{epoch}-{step:05d}"
    with pytest.warns(lw.InterruptWarning):
        fit(None, Interrupt(), checkpoint=lw.Checkpoint(path, every, keep=None))
    net = fit(None, resume=True, checkpoint=lw.Checkpoint(path, every, keep=None))
    assert net.steps == 16
    checkpoint = lw.Checkpoint(path, every, keep=None)
    fit(None, resume=True, checkpoint=checkpoint)  # it has ended, and writes nothing
    assert sorted(map(os.path.basename, checkpoint.saved)) == names(tmp_path)


@pytest.mark.parametrize(
    "place", ["{epoch:3d}", "{epoch:3}", "{epoch:x}", "{step:e}", "{step:_}", "{step:c}", "{step:>9}", "{step:,}",
              "{step:+d}", "{step:09.1f}", "{step!r}", "{step:b}", "{steps}", "{epoch:_09d}", "{epoch: d}"],
)  # fmt: skip
def test_formats_whose_files_would_not_be_found_are_refused(place):
    with pytest.raises(ValueError, match="must be digits with zeros before them or nothing") as refused:
        lw.Checkpoint(f"run-{place}.safetensors")
    assert place in str(refused.value)


@pytest.mark.parametrize(
    "place", ["{epoch}", "{step}", "{epoch:d}", "{epoch:}", "{step:09d}", "{step:03}", "{step:0d}"]
)
def test_formats_of_digits_are_found(tmp_path, place):
    with pytest.raises(Crash):
        fit(None, CrashAt(6), checkpoint=lw.Checkpoint(tmp_path / f"run-{place}", every=2))
    net = network()
    with pytest.raises(Crash):
        fit(None, CrashAt(5), resume=True, net=net, checkpoint=lw.Checkpoint(tmp_path / f"run-{place}", every=2))
    assert net.steps == 5  # it went on from step 4


@pytest.mark.parametrize("cut", [8, 9, 100, 2000, "zeros"])
@pytest.mark.parametrize("keep", [1, 3])
def test_a_checkpoint_that_was_cut_off_is_replaced(tmp_path, keep, cut):
    """The fit that passes it over writes it anew, without a false word at the end; so does the next one."""
    made = lambda: lw.Checkpoint(tmp_path / "run", every=2, keep=keep)  # noqa: E731
    whole = fit(None, checkpoint=made())
    newest = tmp_path / ("run" if keep == 1 else "run-000000016")
    for _ in range(2):
        if cut == "zeros":
            newest.write_bytes(bytes(5000))
        else:
            os.truncate(newest, cut)
        with pytest.warns(RuntimeWarning) as warned:
            net = fit(None, resume=True, checkpoint=made())
        assert [str(one.message)[:7] for one in warned] == ["resume:"]
        np.testing.assert_array_equal(net.theta, whole.theta)
        assert lw.load(newest).steps == 16


def test_what_may_hold_something_is_not_replaced(tmp_path):
    """A header that has been overwritten: the weights may still be there."""
    fit(tmp_path / "run")
    file = tmp_path / "run-000000016"
    with open(file, "r+b") as opened:
        opened.seek(8)
        opened.write(b"\xff" * 50)
    content = file.read_bytes()
    for _ in range(2):
        with (
            pytest.warns(RuntimeWarning, match="an older checkpoint|damaged or no model file"),
            pytest.raises(WriteError, match=r"run-000000016 could not be .*damaged or no model file: move it away"),
        ):
            fit(tmp_path / "run", resume=True)
        assert file.read_bytes() == content
    file.unlink()
    fit(tmp_path / "run", resume=True)
    assert lw.load(file).steps == 16


# ---------------------------------------------------------------- two trainings on one path


class During(Callback):
    """Another training, while this one is at a step."""

    only_looks = True

    def __init__(self, step, what):
        self.step, self.what = step, what

    def on_step_end(self, run):
        if run.step == self.step:
            self.what()


@pytest.mark.parametrize("keep", [1, 3])
def test_two_trainings_on_one_path_are_told(tmp_path, keep):
    """The other's newest file stays, and whoever cannot write says so."""
    one, other = network(), network()
    first = lw.Checkpoint(tmp_path / "run", every=2, keep=keep)
    advice = "There is no checkpoint of this training yet" if keep == 1 else "run-0000000[0-9]+ is there"

    def begin():
        first._wait()  # until what it has begun is written
        fit(None, net=other, checkpoint=lw.Checkpoint(tmp_path / "run", every=2, keep=keep))

    with (
        pytest.warns(RuntimeWarning, match="another training, .* writes there at the same time"),
        pytest.raises(WriteError, match=f"another training.*{advice}"),
    ):
        fit(None, During(5, begin), net=one, checkpoint=first)
    np.testing.assert_array_equal(one.theta, other.theta)
    newest = lw.load(tmp_path / ("run" if keep == 1 else "run-000000016"))
    assert newest.steps == 16


PROCESS = """
import sys, time
import numpy as np, layerwise as lw
class Slow(lw.Callback):
    only_looks = True
    def on_step_end(self, run):
        time.sleep(0.01)
        if run.step == 5:
            print("writes", flush=True)
rng = np.random.default_rng(0)
X, y = rng.random((60, 4)).astype("f"), rng.integers(0, 3, 60)
net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=int(sys.argv[2]))
net.fit(X, y, epochs=10, batch_size=3, verbose=False, callbacks=[lw.Checkpoint(sys.argv[1], every=1, keep=2), Slow()])
"""


def run_of(path):
    return read_description(path)["checkpoint"]["run"]


@posix
def test_two_processes_on_one_path_and_one_is_killed(tmp_path):
    """Files of both are whole; none removes the other's; the one that stays says what it could not write."""
    start = lambda seed: subprocess.Popen(  # noqa: E731
        [sys.executable, "-W", "default", "-c", PROCESS, str(tmp_path / "run"), seed],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    one, other = start("1"), start("2")
    assert one.stdout.readline() == other.stdout.readline() == "writes\n"
    time.sleep(0.2)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    survivors = {path: path.read_bytes() for path in tmp_path.glob("run-*")}
    _, errors = one.communicate(timeout=60)
    final = {path.name: run_of(path) for path in tmp_path.glob("run-*")}
    runs = set(final.values())
    assert 1 <= len(runs) <= 2
    mine = run_of(tmp_path / "run-000000200")
    foreign = {name: run for name, run in final.items() if run != mine}
    for name in foreign:
        assert (tmp_path / name).read_bytes() == survivors[tmp_path / name]
    assert one.returncode == 0 or "WriteError" in errors
    for path in tmp_path.glob("run-*"):
        lw.load(path)


TWIN = """
import json, sys, time
import numpy as np, layerwise as lw
class Slow(lw.Callback):
    only_looks = True
    def on_fit_begin(self, run):
        print("begins", flush=True)
        sys.stdin.readline()
    def on_epoch_end(self, run):
        time.sleep(float(sys.argv[3]))
rng = np.random.default_rng(0)
X, y = rng.random((60, 4)).astype("f"), rng.integers(0, 3, 60)
net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
checkpoint, error = lw.Checkpoint(sys.argv[1], every=int(sys.argv[2]), keep=2), ""
try:
    net.fit(X, y, epochs=20, batch_size=15, verbose=False, callbacks=[checkpoint, Slow()], resume=True)
except lw.errors.WriteError as raised:
    error = str(raised)
print(json.dumps([checkpoint.saved, net.steps, net.theta.tolist(), error]))
"""


@posix
@pytest.mark.parametrize("every", ["1", "3"])
def test_two_processes_that_go_on_from_one_path_keep_their_own_files(tmp_path, every):
    """Neither removes what the other has written; what could not be written names a file that is there."""
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 4)).astype("f"), rng.integers(0, 3, 60)
    begun = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    checkpoint = lw.Checkpoint(tmp_path / "run", every=int(every), keep=2)
    with pytest.raises(Crash):
        begun.fit(X, y, epochs=20, batch_size=15, verbose=False, callbacks=[checkpoint, CrashAt(6)])
    checkpoint._wait()
    command = [sys.executable, "-W", "ignore", "-c", TWIN, str(tmp_path / "run")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    twins = [subprocess.Popen([*command, every, pause], **pipes) for pause in ("0.01", "0.011")]
    for twin in twins:
        assert twin.stdout.readline() == "begins\n"
    outcomes = []
    for twin in twins:
        twin.stdin.write("go\n")
        twin.stdin.flush()
    for twin in twins:
        out, errors = twin.communicate(timeout=60)
        assert twin.returncode == 0, errors
        outcomes.append(json.loads(out))
    assert {steps for _, steps, _, _ in outcomes} == {80}
    assert outcomes[0][2] == outcomes[1][2] == lw.load(tmp_path / "run-000000080").theta.tolist()
    kept = {Path(path).name for saved, _, _, _ in outcomes for path in saved}
    assert set(names(tmp_path)) == kept
    assert len(kept) <= 4
    (told,) = [error for *_, error in outcomes if error]  # whoever came to the end as the second
    assert "another process goes on with this training at the same time" in told
    assert f"{tmp_path}/run-000000080 is there: resume=True" in told
    for name in names(tmp_path):
        lw.load(tmp_path / name)
    again = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    last = lw.Checkpoint(tmp_path / "run", every=int(every), keep=2)
    again.fit(X, y, epochs=21, batch_size=15, verbose=False, callbacks=last, resume=["epochs"])
    assert names(tmp_path) == [Path(path).name for path in last.saved]  # as many as one training keeps
    assert last.saved[-1].endswith("run-000000084")
    assert len(last.saved) == 2


# ---------------------------------------------------------------- disks that are full

FULL = """
import json, resource, sys, warnings
import numpy as np, layerwise as lw
folder = sys.argv[1]
class Fill(lw.Callback):
    only_looks = True
    def on_epoch_begin(self, run):
        size = {2: 0, 4: resource.RLIM_INFINITY}.get(run.epoch) if mends else {2: 0}.get(run.epoch)
        if size is not None:
            getattr(watcher, "_wait", lambda: None)()  # until what was begun is written
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
mends = sys.argv[2] == "mends"
rng = np.random.default_rng(0)
X, y = rng.random((60, 4)).astype("f"), rng.integers(0, 3, 60)
def make():
    return lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
arguments = dict(epochs=6, batch_size=20, verbose=False)
whole = make()
whole.fit(X, y, **arguments)
net, error = make(), None
made = {"Checkpoint": lambda: lw.Checkpoint(folder + "/run", keep=1), "CSVLog": lambda: lw.CSVLog(folder + "/log.csv")}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        watcher = made[sys.argv[3]]()
        net.fit(X, y, callbacks=[watcher, Fill()], **arguments)
    except lw.errors.WriteError as raised:
        error = str(raised)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps({
    "same": bool((net.theta == whole.theta).all()), "epochs": net.history.epochs, "ended": net.history.stopped_by,
    "error": error, "warnings": [[w.category.__name__, str(w.message)] for w in caught],
}))
"""


def on_a_full_disk(folder, mends, callback):
    command = [sys.executable, "-c", FULL, str(folder), "mends" if mends else "stays", callback]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@posix
@pytest.mark.parametrize("callback", ["Checkpoint", "CSVLog"])
@pytest.mark.parametrize("mends", [False, True])
def test_a_full_disk_ends_no_training(tmp_path, mends, callback):
    found = on_a_full_disk(tmp_path, mends, callback)
    assert found["same"]
    assert (found["epochs"], found["ended"]) == (6, "epochs")
    ((category, message),) = found["warnings"]
    path = tmp_path / ("run" if callback == "Checkpoint" else "log.csv")
    assert category == "RuntimeWarning"
    assert f"{path} could not be written: [Errno 27] File too large" in message
    assert "it is tried again" in message
    if callback == "Checkpoint":
        assert f"{path} is there: resume=True, or --resume, goes on from it" in message
        assert lw.load(path).steps == (18 if mends else 3)
    else:
        rows = path.read_text().splitlines()
        assert [row.split(",")[0] for row in rows] == ["epoch", *("123456" if mends else "1")]
        assert len({row.count(",") for row in rows}) == 1
    if mends:
        assert found["error"] is None
    else:
        assert f"{path} could not be written" in found["error"]
        assert "the network holds its weights and its history" in found["error"]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


class Elsewhere(Callback):
    """The folder is not there in the third epoch."""

    only_looks = True

    def __init__(self, checkpoint, folder):
        self.checkpoint, self.folder = checkpoint, folder

    def on_epoch_begin(self, run):
        self.checkpoint.path = str(self.folder / ("none/run" if run.epoch > 2 else "run"))


def test_what_cannot_be_written_is_said_at_once_and_raised_at_the_end(tmp_path):
    checkpoint, net = lw.Checkpoint(tmp_path / "run", keep=1), network()
    with (
        pytest.warns(RuntimeWarning, match=r"there is no directory.*The training goes on.*run is there: resume=True"),
        pytest.raises(WriteError, match="the network holds its weights and its history") as raised,
    ):
        fit(None, Elsewhere(checkpoint, tmp_path), net=net, checkpoint=checkpoint)
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    assert isinstance(raised.value, OSError)
    assert (net.steps, net.history.stopped_by) == (16, "epochs")
    assert lw.load(tmp_path / "run").steps == 8
    net.predict(data()[0])


def test_an_ensemble_is_trained_to_its_end(tmp_path):
    ensemble = lw.Ensemble(network().layers, 2, random_state=0)
    blocked = tmp_path / "run-network1-000000008"
    blocked.write_bytes(b"in the way")
    (tmp_path / "run-network1-000000016").write_bytes(b"in the way")
    with pytest.warns(RuntimeWarning, match="another file of that name"), pytest.raises(WriteError):
        ensemble.fit(*data(), callbacks=lw.Checkpoint(tmp_path / "run"), **ARGUMENTS)
    assert [net.history.epochs for net in ensemble.networks] == [4, 4]


def test_an_estimator_is_fitted(tmp_path):
    pytest.importorskip("sklearn")
    checkpoint = lw.Checkpoint(tmp_path / "run", keep=1)
    model = lw.MLPClassifier((4,), max_iter=4, random_state=0, callbacks=[checkpoint, Elsewhere(checkpoint, tmp_path)])
    with pytest.warns(RuntimeWarning, match="could not be written"), pytest.raises(WriteError):
        model.fit(*data())
    assert model.n_iter_ == model.history_.epochs == 4
    model.predict(data()[0])
    model.network_.save(tmp_path / "model")


def test_parts_that_no_file_can_name_are_refused_before_the_first_epoch(tmp_path):
    net = network()
    net.notes["made by"] = object()
    with pytest.raises(lw.FormatError, match="cannot be written to a model file"):
        fit(tmp_path / "run", net=net)
    assert net.steps == 0


@pytest.mark.parametrize("step", [4, 5])
def test_weights_that_are_not_finite_are_a_divergence_not_a_file_s_fault(tmp_path, step):
    class Blow(Callback):
        only_looks = True

        def on_step_end(self, run):
            if run.step == step:
                run.parameters.theta[0] = np.nan

    checkpoint = lw.Checkpoint(tmp_path / "run", every=1, keep=1)
    with (
        pytest.warns(RuntimeWarning, match="holds NaN or infinity"),
        pytest.raises(lw.DivergenceError, match="diverged"),
    ):
        fit(None, Blow(), checkpoint=checkpoint)
    assert lw.load(tmp_path / "run").steps == step - 1


def test_tensorboard_on_a_full_disk(tmp_path, monkeypatch):
    pytest.importorskip("tensorboardX")
    callback, net = lw.TensorBoard(tmp_path / "log"), network()

    class Fill(Callback):
        only_looks = True

        def on_epoch_begin(self, run):
            if run.epoch == 2:
                monkeypatch.setattr(callback._writer.file_writer.event_writer._ev_writer, "flush", self.full)

        def full(self):
            raise OSError(28, "No space left on device")

    with pytest.warns(RuntimeWarning, match="No space left on device"), pytest.raises(WriteError, match="TensorBoard"):
        net.fit(*data(), callbacks=[callback, Fill()], **ARGUMENTS)
    assert net.history.epochs == 4


def test_output_that_goes_nowhere_ends_no_training(monkeypatch):
    class Full:
        encoding = "utf-8"

        def isatty(self):
            return False

        def write(self, text):
            raise OSError(28, "No space left on device")

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Full())
    net = network()
    with pytest.warns(RuntimeWarning, match="cannot be shown any more"):
        net.fit(*data(), **{**ARGUMENTS, "verbose": True})
    assert net.history.epochs == 4


def test_a_log_that_was_taken_away_is_begun_anew(tmp_path):
    log = tmp_path / "log.csv"

    class Away(Callback):
        only_looks = True

        def on_epoch_begin(self, run):
            if run.epoch == 3:
                Path(log).unlink()

    network().fit(*data(), callbacks=[lw.CSVLog(log), Away()], **ARGUMENTS)
    assert [row.split(",")[0] for row in log.read_text().splitlines()] == ["epoch", "3", "4"]


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_of_the_very_name_that_is_no_checkpoint_stays(tmp_path, resume, spiral):
    path = tmp_path / "best.safetensors"
    saved = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=5)
    saved.fit(*spiral, epochs=1, verbose=False)
    for write in (saved.save, *([] if resume else [lambda path: path.write_text("precious")])):
        write(path)
        before = path.read_bytes()
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
        with pytest.raises(FileExistsError, match=r"best\.safetensors is there, and is no checkpoint"):
            net.fit(*spiral, epochs=1, resume=resume, callbacks=lw.Checkpoint(path, keep=1), verbose=False)
        assert path.read_bytes() == before
