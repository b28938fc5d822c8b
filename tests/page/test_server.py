"""The local server: who may ask, for what, and what becomes of pages and servers that go away."""

import contextlib
import http.client
import json
import threading
import time

import numpy as np
import pytest
from serving import TOKEN, served
from talking import TRAINING, Refused, Talk, data_of

import layerwise as lw
from layerwise.app.play import running
from layerwise.app.play.opening import Opening, opening_of

pytest.importorskip("uvicorn")
client = pytest.importorskip("websockets.sync.client")
exceptions = pytest.importorskip("websockets.exceptions")


@pytest.fixture
def small_site(tmp_path):
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>layerwise</title>")
    (folder / "assets" / "main.js").write_text("1")
    (folder / "engine.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def get(port, path, **headers):
    """The status, the headers and the body of a request; `Host` may be any."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest("GET", path, skip_host="Host" in named)
    for name, value in named.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.headers), body


@contextlib.contextmanager
def talking(port, **options):
    """A page at the server's WebSocket."""
    with client.connect(f"ws://127.0.0.1:{port}/{TOKEN}/engine", max_size=None, **options) as socket:
        talk = Talk(send=socket.send)

        class Frames:
            def get(self, timeout):
                return socket.recv(timeout)

        talk.frames, talk.socket = Frames(), socket
        yield talk


def test_files_and_their_headers(small_site):
    with served(small_site) as (port, _):
        status, headers, body = get(port, f"/{TOKEN}/")
        assert (status, body) == (200, (small_site / "index.html").read_bytes())
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{port}" in policy
        for name, kind in (("engine.wasm", "application/wasm"), ("assets/main.js", "text/javascript; charset=utf-8")):
            status, headers, body = get(port, f"/{TOKEN}/{name}")
            assert (status, headers["content-type"]) == (200, kind)
        start = json.loads(get(port, f"/{TOKEN}/start.json")[2])
        assert start["engine"] == "engine"
        assert start["open"] is None
        assert get(port, f"/{TOKEN}")[1]["location"].endswith(f"{TOKEN}/")


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/start.json", "/engine", "//", "/wrong/", "/wrong/start.json", f"/{TOKEN}x/", "/%00/"]
)
def test_without_the_token_there_is_nothing(small_site, path):
    with served(small_site) as (port, _):
        status, _, body = get(port, path)
        assert status == 403
        assert b"its token" in body
        assert TOKEN.encode() not in body


@pytest.mark.parametrize(
    "name",
    ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "assets/../../secret.txt", "/etc/passwd", "//etc/passwd",
     "assets", "assets/", "data/", "data/../start.json", "site/index.html", "..\\secret.txt", "none.js"],
)  # fmt: skip
def test_an_address_is_no_path(small_site, name):
    with served(small_site) as (port, _):
        status, _, body = get(port, f"/{TOKEN}/{name}")
        assert status in (403, 404)
        assert b"secret" not in body


def test_another_name_of_this_machine_is_refused(small_site):
    """DNS rebinding: a page of evil.example whose name has come to mean 127.0.0.1."""
    with served(small_site) as (port, _):
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1.evil.example",
            f"127.0.0.1@evil.example:{port}",
            "",
        ):
            assert get(port, f"/{TOKEN}/start.json", Host=host)[0] == 403
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
            assert get(port, f"/{TOKEN}/start.json", Host=host)[0] == 200


def test_other_pages_are_refused(small_site):
    with served(small_site) as (port, _):
        own = f"http://127.0.0.1:{port}"
        path = f"/{TOKEN}/start.json"
        assert get(port, path, Origin=own, Sec_Fetch_Site="same-origin")[0] == 200
        for origin in ("https://evil.example", "http://127.0.0.1:1", "null", f"http://localhost:{port}"):
            assert get(port, path, Origin=origin)[0] == 403
        assert get(port, path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
        assert get(port, path, Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors")[0] == 403
        assert get(port, f"/{TOKEN}/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200  # a link
        for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(exceptions.InvalidStatus, match="403"), talking(port, origin=origin):
                pass
        with talking(port, origin=own) as talk:
            assert talk.call("own") is None
        with pytest.raises(exceptions.InvalidStatus, match="403"):
            client.connect(f"ws://127.0.0.1:{port}/wrong/engine")


def test_behind_a_proxy_the_host_may_be_any(small_site):
    with served(small_site, behind_proxy=True) as (port, _):
        path = f"/{TOKEN}/start.json"
        assert get(port, path, Host="hub.example", Origin="https://hub.example")[0] == 200
        assert get(port, path, X_Forwarded_Host="hub.example", Origin="https://hub.example")[0] == 200
        assert get(port, path, Host="hub.example", Origin="https://evil.example")[0] == 403
        assert get(port, "/user/x/start.json", Host="hub.example")[0] == 403


def test_what_the_page_opens(small_site, tmp_path):
    (tmp_path / "flowers & <more>.csv").write_text("a,b\n1,2\n")
    with served(small_site, opening_of(tmp_path / "flowers & <more>.csv")) as (port, _):
        start = json.loads(get(port, f"/{TOKEN}/start.json")[2])
        assert start["view"] == "tables"
        assert start["open"] == {"kind": "table", "name": "flowers & <more>.csv", "url": "data/opened-table.csv"}
        assert get(port, f"/{TOKEN}/data/opened-table.csv")[2] == b"a,b\n1,2\n"


def test_two_pages_train_at_once(small_site):
    X, y = lw.datasets.make_spiral()
    with served(small_site) as (port, _), talking(port) as one, talking(port) as other:
        sessions = [talk.call("create", training=TRAINING, data=data_of(X, y))["session"] for talk in (one, other)]
        runs = [talk.ask("run", session, goal={"epochs": 40}) for talk, session in zip((one, other), sessions)]
        assert [talk.wait(run)["stopped_by"] for talk, run in zip((one, other), runs)] == ["epochs", "epochs"]
        assert np.array_equal(*(talk.call("theta", session) for talk, session in zip((one, other), sessions)))
        with pytest.raises(Refused, match="is gone"):
            other.call("theta", 7)


def page_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("layerwise page")]


def test_a_page_that_goes_away_ends_its_training(small_site):
    before = len(page_threads())
    with served(small_site) as (port, _):
        with talking(port) as talk:
            session = talk.call("create", training=TRAINING, data=data_of(*lw.datasets.make_spiral()))["session"]
            talk.ask("run", session, goal={})
            talk.frames.get(10)
            assert len(page_threads()) > before
        deadline = time.monotonic() + 5
        while len(page_threads()) > before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(page_threads()) == before
        with talking(port) as talk:
            assert talk.call("own") is None


def test_a_server_that_ends_closes_its_pages(small_site):
    with served(small_site) as (port, server), talking(port) as talk:
        session = talk.call("create", training=TRAINING, data=data_of(*lw.datasets.make_spiral()))["session"]
        talk.ask("run", session, goal={})
        server.should_exit = True
        with pytest.raises(exceptions.ConnectionClosed):
            talk.wait("what never comes", seconds=5)


def test_messages_have_a_most_size(small_site, monkeypatch):
    monkeypatch.setattr(running, "MOST_MESSAGE", 2**16)
    with served(small_site) as (port, _), talking(port) as talk:
        with pytest.raises(exceptions.ConnectionClosed) as error:
            talk.call("open", file=np.zeros(2**17, np.uint8))
        assert error.value.rcvd.code == 1009
    with served(small_site) as (port, _), talking(port) as talk:
        talk.socket.send("text is no frame")
        with pytest.raises(exceptions.ConnectionClosed):
            talk.call("own")


def test_a_port_that_is_taken_is_said():
    taken = running.bound(0)
    with taken, pytest.raises(lw.errors.DataError, match="cannot be used"):
        running.bound(taken.getsockname()[1])


@pytest.mark.parametrize("name", ["a.exe", "a", "a.py"])
def test_what_the_page_does_not_open(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(lw.errors.DataError, match="files that end with"):
        opening_of(tmp_path / name)
    (tmp_path / "m.safetensors").write_bytes(b"x")
    with pytest.raises(lw.errors.FormatError):
        opening_of(tmp_path / "m.safetensors")
    assert Opening("network", "mine").url is None
