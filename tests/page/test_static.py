"""`layerwise play --static`: a folder of plain files, whole or not at all, and nothing of anybody else's is touched."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.play import static
from layerwise.app.play.opening import opening_of
from layerwise.app.play.static import LIST, write_site


@pytest.fixture
def built(tmp_path):
    """A stand-in for the built page."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "engine.wasm").write_bytes(b"\0asm")
    (folder / "assets" / "index.js").write_text("1")
    (folder / "widget.js").write_text("for notebooks")
    return folder


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_in_it(built, tmp_path):
    table = tmp_path / "flowers.csv"
    table.write_text("a,b\n1,2\n")
    write_site(tmp_path / "site", opening_of(table), data=False, site=built)
    names = ["assets/index.js", "data/opened-table.csv", "engine.wasm", "index.html", LIST, "start.json"]
    assert files(tmp_path / "site") == sorted(names)
    start = json.loads((tmp_path / "site" / "start.json").read_text())
    assert start == {
        "engine": None, "server": None, "view": "tables", "data": {},
        "open": {"kind": "table", "name": "flowers.csv", "url": "data/opened-table.csv"},
    }  # fmt: skip


def test_mnist_is_in_it_cut_as_python_cuts_it(built, tmp_path):
    write_site(tmp_path / "site", site=built)
    data = tmp_path / "site" / "data"
    sets = dict(zip(("train", "validation", "test"), lw.datasets.load_mnist()))
    parts = json.loads((data / "mnist.json").read_text())["parts"]
    assert sum(part["rows"] for part in parts) == 70_000
    for part in (parts[0], parts[4], parts[5], parts[6]):
        X, y = sets[part["set"]]
        rows = slice(part["begin"], part["begin"] + part["rows"])
        assert gzip.decompress((data / part["images"]).read_bytes()) == X[rows].tobytes()
        assert gzip.decompress((data / part["labels"]).read_bytes()) == y[rows].astype(np.uint8).tobytes()
    lw.load(data / "own-digits.safetensors")


def test_a_site_is_replaced(built, tmp_path):
    write_site(tmp_path / "site", data=False, site=built)
    (built / "new.js").write_text("2")
    (built / "assets" / "index.js").unlink()
    write_site(tmp_path / "site", data=False, site=built)
    assert files(tmp_path / "site") == ["engine.wasm", "index.html", LIST, "new.js", "start.json"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["CNAME", ".git/config", "assets/own.js"])
def test_what_is_not_of_the_site_is_refused(built, tmp_path, name):
    write_site(tmp_path / "site", data=False, site=built)
    (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "site" / name).write_text("mine")
    before = files(tmp_path / "site")
    with pytest.raises(lw.errors.DataError, match="no file of such a site"):
        write_site(tmp_path / "site", data=False, site=built)
    assert files(tmp_path / "site") == before


def test_what_was_changed_is_refused(built, tmp_path):
    write_site(tmp_path / "site", data=False, site=built)
    (tmp_path / "site" / "index.html").write_text("mine")
    with pytest.raises(lw.errors.DataError, match=r"index\.html in it was changed"):
        write_site(tmp_path / "site", data=False, site=built)
    assert (tmp_path / "site" / "index.html").read_text() == "mine"


def test_other_folders(built, tmp_path):
    (tmp_path / "empty").mkdir()
    write_site(tmp_path / "empty", data=False, site=built)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.png").write_bytes(b"x")
    (tmp_path / "file").write_text("x")
    for name, words in (("photos", "one.png"), ("file", "it is a file"), ("no/such", "no directory")):
        with pytest.raises(lw.errors.DataError, match=words):
            write_site(tmp_path / name, data=False, site=built)
    assert files(tmp_path / "photos") == ["one.png"]
    with pytest.raises(lw.errors.DataError, match="the page is not built"):
        write_site(tmp_path / "other", site=tmp_path / "photos")
    assert not (tmp_path / "other").exists()


def test_what_fails_half_way_leaves_what_was_there(built, tmp_path, monkeypatch):
    write_site(tmp_path / "site", data=False, site=built)
    before = {name: (tmp_path / "site" / name).read_bytes() for name in files(tmp_path / "site")}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(static, "_digest", full)
    monkeypatch.setattr(static, "_check", lambda target: None)
    with pytest.raises(OSError, match="No space"):
        write_site(tmp_path / "site", data=False, site=built)
    assert {name: (tmp_path / "site" / name).read_bytes() for name in files(tmp_path / "site")} == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_command_needs_no_extra(built, tmp_path):
    """Neither typer nor Starlette: a site of plain files is written by what NumPy and Python have."""
    code = f"""
import sys
from pathlib import Path
for name in ("typer", "rich", "starlette", "uvicorn", "websockets", "anywidget"):
    sys.modules[name] = None
from layerwise.app.play import static
static.SITE = Path({str(built)!r})
from layerwise.app.cli import main
raise SystemExit(main(["play", "--static", {str(tmp_path / "site")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "any web server can serve them" in done.stdout
    assert (tmp_path / "site" / "engine.wasm").exists()
    again = code.replace(str(tmp_path / "site"), str(built / "index.html"))
    done = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=False)
    assert (done.returncode, "it is a file" in done.stderr) == (1, True)
