import gzip
import hashlib
import http.server
import threading
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from layerwise.datasets import fashion, load_fashion_mnist, load_mnist
from layerwise.datasets.download import RemoteFile, cache_folder, cached_files
from layerwise.errors import DataError

CONTENT = gzip.compress(b"an image or two", mtime=0)
FILE = RemoteFile("images.gz", hashlib.md5(CONTENT).hexdigest())


class Server:
    """A server on this machine, with what it has been asked for; `served` maps paths to content."""

    def __init__(self):
        self.served = {}
        self.missing_bytes = 0
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append(self.path)
                content = server.served.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) - server.missing_bytes])

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.close()


@pytest.fixture
def refused_url():
    """The address of a server that is no longer there."""
    server = Server()
    server.close()
    return server.url


def test_a_download_is_kept_and_not_repeated(server, tmp_path):
    server.served["/data/images.gz"] = CONTENT
    folder = tmp_path / "new" / "cache"
    for _ in range(2):
        [path] = cached_files([FILE], folder, [server.url + "/data/"])
        assert path == folder / "images.gz"
        assert path.read_bytes() == CONTENT
    assert server.requests == ["/data/images.gz"]
    assert list(folder.iterdir()) == [path]


def test_a_damaged_file_is_downloaded_anew(server, tmp_path):
    server.served["/images.gz"] = CONTENT
    (tmp_path / "images.gz").write_bytes(CONTENT[:-1])
    [path] = cached_files([FILE], tmp_path, [server.url])
    assert path.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_second_source_helps_out(server, refused_url, tmp_path):
    server.served["/wrong/images.gz"] = b"an error page"
    server.served["/images.gz"] = CONTENT
    sources = [refused_url, server.url + "/missing", server.url + "/wrong", server.url]
    [path] = cached_files([FILE], tmp_path, sources)
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_behind(server, tmp_path):
    server.served["/images.gz"] = b"an error page"
    with pytest.raises(DataError, match=f"checksum should be {FILE.md5}, but is"):
        cached_files([FILE], tmp_path, [server.url])
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing_behind(server, tmp_path):
    server.served["/images.gz"] = CONTENT
    server.missing_bytes = 5
    with pytest.raises(DataError, match=r"images\.gz could not be downloaded"):
        cached_files([FILE], tmp_path, [server.url])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_spares_the_file_that_was_there(server, tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(b"something of the user's")
    with pytest.raises(DataError, match="404"):
        cached_files([FILE], tmp_path, [server.url])
    assert path.read_bytes() == b"something of the user's"


def test_the_error_names_address_folder_and_remedy(server, refused_url, tmp_path):
    with pytest.raises(DataError) as caught:
        cached_files([FILE], tmp_path, [server.url, refused_url])
    message = str(caught.value)
    for part in (f"{server.url}/images.gz: HTTPError: HTTP Error 404", f"{refused_url}/images.gz: URLError"):
        assert part in message
    assert f"put the file (MD5 {FILE.md5}) there yourself" in message
    assert str(tmp_path) in message


@pytest.mark.parametrize("source", ["not a URL", "http:///nowhere", "gopher://127.0.0.1", "http://127.0.0.1:port"])
def test_an_impossible_source_is_named(source, tmp_path):
    with pytest.raises(DataError, match=source):
        cached_files([FILE], tmp_path, [source])


def test_a_cache_that_is_no_folder_is_named(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    with pytest.raises(DataError, match=r"blocked cannot be used.*LAYERWISE_CACHE"):
        cached_files([FILE], blocked, [])


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"LAYERWISE_CACHE": "/somewhere"}, "/somewhere"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/layerwise"),
        ("linux", {}, "/home/me/.cache/layerwise"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "/home/me/Library/Caches/layerwise"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/layerwise"),
        ("win32", {}, "/home/me/AppData/Local/layerwise"),
        ("win32", {"LAYERWISE_CACHE": "~/mine"}, "/home/me/mine"),
    ],
)
def test_each_platform_has_its_folder_for_caches(platform, environment, folder, monkeypatch):
    for name in ("LAYERWISE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, "/home/me")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder() == Path(folder)


def test_four_files_become_three_splits(server, tmp_path, monkeypatch):
    # MNIST has the same form, so its files stand in for those that a test does not download.
    folder = files("layerwise.datasets") / "files"
    stand_ins = []
    for name, _ in fashion.FILES:
        content = (folder / name).read_bytes()
        server.served[f"/{name}"] = content
        stand_ins.append(RemoteFile(name, hashlib.md5(content).hexdigest()))
    monkeypatch.setattr(fashion, "FILES", stand_ins)
    monkeypatch.setattr(fashion, "SOURCES", ["http://127.0.0.1:9"])
    monkeypatch.setenv("LAYERWISE_CACHE", str(tmp_path))
    loaded = load_fashion_mnist(source=server.url)
    again = load_fashion_mnist(cache=str(tmp_path))
    assert len(server.requests) == 4
    assert {path.name for path in (tmp_path / "fashion-mnist").iterdir()} == {file.name for file in stand_ins}
    for (X, y), (X_again, y_again), (X_mnist, y_mnist) in zip(loaded, again, load_mnist()):
        assert np.array_equal(X, X_mnist)
        assert np.array_equal(y, y_mnist)
        assert np.array_equal(X_again, X_mnist)
        assert np.array_equal(y_again, y_mnist)


def test_what_is_published_about_fashion_mnist():
    assert dict(fashion.FILES) == {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    assert fashion.CLASS_NAMES[0] == "T-shirt/top"
    assert fashion.CLASS_NAMES[9] == "Ankle boot"
    assert len(fashion.CLASS_NAMES) == 10
