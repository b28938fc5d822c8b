"""The doors of the page in Chromium: Python's server, plain files, and a server that goes away."""

import json
import os
import signal

import numpy as np
import pytest
from serving import TOKEN, served
from training_page import create, theta_of, twin


@pytest.mark.flow
def test_python_trains_the_page(page, play_server):
    """To the bits of the same call of `fit`; nothing of the address leaks into a request's Referer."""
    referers = []
    page.on("request", lambda request: referers.append(request.headers.get("referer")))
    page.goto(play_server)
    assert create(page) == "server"
    last = page.evaluate("session.run({ epochs: 5 })")
    assert last["stopped_by"] == "epochs"
    assert [row["epoch"] for row in last["rows"]][-1] == 5
    assert np.array_equal(theta_of(page), twin(5).theta)
    assert not any(referers)
    made = page.evaluate("session.export('onnx').then(({ name, bytes }) => [name, bytes.length])")
    assert made[0] == "network.onnx"
    assert page.evaluate("session.run({ epochs: 0 }).catch((error) => [error.name, error.message])") == [
        "Refusal", "run: epochs must be a whole number, at least 1; got 0",
    ]  # fmt: skip


def test_without_a_server_the_browser_trains(page, static_server):
    page.goto(static_server)
    assert create(page) == "browser"
    page.evaluate("session.run({ epochs: 2 })")
    assert np.allclose(theta_of(page), twin(2).theta, atol=1e-5)
    assert not [url for url in page.requests if "start.json" not in url and "/engine" in url and "wasm" not in url]


@pytest.mark.flow
def test_a_server_that_ends_leaves_its_networks_to_the_browser(page, play, site):
    """While one trains: it goes on from parameters that are at most some seconds old, and its epochs count on."""
    server = play()
    page.goto(server.address)
    assert create(page) == "server"
    page.evaluate("globalThis.run = session.run({}), undefined")
    page.until("reports.length > 30")
    for file in ("engine.wasm", "Out.js", "Tables.js"):
        page.until(f"performance.getEntriesByType('resource').some(({{ name }}) => name.endsWith('{file}'))")
    page.wait_for_timeout(1000)
    epochs = page.evaluate("reports.at(-1).current.epoch")
    os.kill(server.process.pid, signal.SIGKILL)
    page.until("reports.some(({ words }) => words)")
    assert "goes on in this browser" in page.evaluate("reports.find(({ words }) => words).words")
    page.until(f"reports.at(-1).current.epoch > {epochs} + 20")
    assert page.evaluate("reports.at(-1).current.loss") < 1.0986
    page.evaluate("session.stop()")
    assert page.evaluate("run.then(({ stopped_by }) => stopped_by)") == "stopped"
    numbers = page.evaluate("reports.flatMap(({ rows }) => rows.map(({ epoch }) => epoch))")
    assert numbers == list(range(1, len(numbers) + 1))
    assert "needs Python" in page.evaluate("session.export('c').catch((error) => error.message)")
    assert create(page, random_state=4) == "browser"
    for view in ("Digits", "Tables", "Inside", "Take it away"):
        page.get_by_role("link", name=view).click()
        page.get_by_role("heading", name=view, level=1).wait_for()
    page.problems.clear()  # Chromium writes a line for each connection that was refused


def test_the_page_says_which_engine_it_has_and_when_python_ends(page, play, site):
    """Visibly, and also when no network is at work; what only the browser's engine does is offered by it alone."""
    server = play()
    page.goto(server.address)
    page.get_by_role("button", name="One step").wait_for()
    assert page.get_by_text("Trains in Python on this machine").is_visible()
    assert page.get_by_role("button", name="One sample").count() == 0
    page.get_by_role("button", name="Train", exact=False).first.click()
    page.until("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('engine.wasm'))")
    page.wait_for_timeout(1000)
    os.kill(server.process.pid, signal.SIGKILL)
    said = page.get_by_role("status").filter(has_text="Python has ended")
    said.wait_for(timeout=10000)
    page.wait_for_timeout(1500)
    assert said.is_visible()  # it stays, while the training goes on
    assert page.get_by_text("Trains in this browser").is_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="One sample").click()
    page.get_by_role("button", name="One sample").and_(page.locator(":enabled")).wait_for()
    page.problems.clear()  # Chromium writes a line for each connection that was refused


def test_a_server_that_is_there_again_goes_on(page, site):
    with served(site) as (port, _):
        page.goto(f"http://127.0.0.1:{port}/{TOKEN}/")
        create(page)
        page.evaluate("session.run({ epochs: 3 })")
        before = theta_of(page)
    with served(site, port=port):
        page.until("reports.some(({ words }) => words)")
        assert "is there again" in page.evaluate("reports.find(({ words }) => words).words")
        assert np.array_equal(theta_of(page), before)
        assert page.evaluate("session.run({ epochs: 1 }).then(({ current }) => current.epoch)") == 4
        page.problems.clear()
        page.goto("about:blank")


def test_two_pages_of_one_server(open_page, play_server):
    pages = [open_page(), open_page()]
    for page in pages:
        page.goto(play_server)
        create(page)
        page.evaluate("globalThis.run = session.run({ epochs: 30 }), undefined")
    for page in pages:
        page.evaluate("run")
    assert np.array_equal(*map(theta_of, pages))


def test_ctrl_c_ends_the_server_at_once(page, play, site):
    server = play()
    page.goto(server.address)
    create(page)
    page.evaluate("globalThis.run = session.run({}), undefined")
    page.until("reports.length > 3")
    began = os.times().elapsed
    assert server.interrupt() == 0
    assert os.times().elapsed - began < 2.5
    errors = server.process.stderr.read()
    assert "Traceback" not in errors
    page.problems.clear()


@pytest.mark.flow
def test_what_is_opened(page, play, site, tmp_path):
    twin(3).save(tmp_path / "mine.safetensors")
    page.goto(play(tmp_path / "mine.safetensors").address)
    start = page.evaluate("fetch('start.json').then((response) => response.json())")
    assert start["open"] == {"kind": "model", "name": "mine.safetensors", "url": "data/opened-model.safetensors"}
    size = page.evaluate(
        "fetch('data/opened-model.safetensors').then((r) => r.arrayBuffer()).then((b) => b.byteLength)"
    )
    assert size == (tmp_path / "mine.safetensors").stat().st_size
    assert json.dumps(start)
