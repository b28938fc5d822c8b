"""What the page was opened with is what it shows, without a click: `net.play()`, `layerwise play FILE`."""

import numpy as np
import pytest

import layerwise as lw

DRAWN = "The network came without data"


def spiral_network():
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(6), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
    net.fit(X, y, epochs=5, verbose=False)
    return net, X, y


def regression_network():
    X = np.random.default_rng(0).normal(size=(80, 4))
    y = X @ [1, 2, 3, 4]
    net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(1)], random_state=3)
    net.fit(X, y, epochs=5, verbose=False)
    return net, X, y


CASES = [(spiral_network, "2-6-3", "#playground"), (regression_network, "4-5-1", "#inside")]


def is_shown(page, shape, view, drawn):
    page.until(f"location.hash === '{view}'")
    page.get_by_text("Trains in Python on this machine").wait_for()
    assert page.get_by_role("alert").count() == 0
    assert page.get_by_role("status").filter(has_text=DRAWN).count() == drawn
    if view == "#playground":
        page.get_by_role("button", name="Train", exact=False).first.wait_for()
        assert page.get_by_label("Units").first.input_value() == "6"
    page.get_by_role("link", name="Inside").click()
    page.get_by_text(f"One training step, {shape}.").first.wait_for()


@pytest.mark.parametrize(("make", "shape", "view"), CASES)
@pytest.mark.parametrize("drawn", [False, True])
def test_the_network_of_python_is_shown_and_given_back(page, site, make, shape, view, drawn):
    net, X, y = make()
    before = net.theta.copy()
    with net.play(*(() if drawn else (X, y)), browser=False, block=False) as tab:
        page.goto(tab.address)
        is_shown(page, shape, view, drawn)
        page.get_by_role("link", name="Take it away").click()
        page.get_by_text(f"lw.Dense({shape[2]}").first.wait_for()
        page.get_by_role("button", name="Take over").click()
        page.get_by_text("has taken over").wait_for()
        assert np.array_equal(net.theta, before)  # nothing was trained
        page.get_by_role("link", name="Inside").click()
        page.get_by_role("button", name="One epoch").click()
        page.get_by_role("button", name="One epoch").and_(page.locator(":enabled")).wait_for()
        page.get_by_role("link", name="Take it away").click()
        page.get_by_role("button", name="Take over").click()
        page.get_by_text("has taken over").wait_for()
        page.goto("about:blank")
    assert tab.taken == 2
    if not (drawn and make is regression_network):  # which answers its own answers without an error
        assert not np.array_equal(net.theta, before)


@pytest.mark.parametrize(("make", "shape", "view"), CASES)
def test_a_model_file_is_shown(page, play, site, tmp_path, make, shape, view):
    make()[0].save(tmp_path / "model.safetensors")
    page.goto(play(tmp_path / "model.safetensors").address)
    is_shown(page, shape, view, True)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", bytes(range(256)) * 20, "none.csv is neither text nor"),
        ("none.png", b"no picture", "none.png cannot be read"),
    ],
)
def test_a_file_that_is_none_is_said_at_once(page, play, site, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    page.goto(play(tmp_path / name).address)
    page.get_by_role("alert").filter(has_text=words).wait_for(timeout=5000)


def test_a_table_is_shown(page, play, site, tmp_path):
    (tmp_path / "tab.csv").write_text("a,b,c\n" + "".join(f"{i},{i * 2},{'xy'[i % 2]}\n" for i in range(60)))
    page.goto(play(tmp_path / "tab.csv").address)
    page.get_by_text("60 rows, 3 columns").wait_for(timeout=10000)


def test_a_picture_is_read(page, play, site, tmp_path):
    image = pytest.importorskip("PIL.Image")
    X_test = lw.datasets.load_mnist()[2][0]
    image.fromarray(255 - np.hstack([row.reshape(28, 28) for row in X_test[:4]])).save(tmp_path / "digits ü.png")
    page.goto(play(tmp_path / "digits ü.png").address)
    page.get_by_text('layerwise predict "digits ü.png"').wait_for(timeout=10000)
    page.get_by_text("7210").first.wait_for(timeout=10000)
