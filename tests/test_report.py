"""The page on a trained network: whole in one file, with every section that makes sense, and right figures."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest

import layerwise as lw

pytest.importorskip("matplotlib")

VOID = {"meta", "img", "source", "br"}


class Outline(HTMLParser):
    """The text of the page; tags must be closed in order, outside of SVG."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.links, self.pictures = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src", "srcset", "data", "action")]
        if tag == "img":
            self.pictures.append(given["alt"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def outline(path):
    return Outline(path.read_text(encoding="utf-8"))


def headings(path):
    return re.findall(r"<h2>(.*?)</h2>", path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A network on a thousand digits, rows that it has not seen, and the page on it."""
    (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(30), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    net.fit(X[:1000], y[:1000], validation_data=(X[1000:1200], y[1000:1200]), epochs=5, verbose=False)
    lw.learn_novelty(net, X[:1000])
    path = tmp_path_factory.mktemp("report") / "digits.html"
    assert lw.report(net, X_test[:500], y_test[:500], path) == path
    return net, X_test[:500], y_test[:500], path


def test_every_section_is_there_for_digits(digits):
    page = outline(digits[3])
    wanted = ["Network", "Training", "Answers", "Worst mistakes", "Confidence", "The same again"]
    assert [title for title in headings(digits[3]) if title != "Diagnosis"] == wanted
    assert len(page.pictures) == 5
    assert all(page.pictures)


def test_it_needs_nothing_else(digits):
    """No address but that of its own sections, no script, and pictures that are pictures."""
    page, raw = outline(digits[3]), digits[3].read_text(encoding="utf-8")
    inside = [link for link in page.links if link.startswith("data:")]
    assert all(link[0] == "#" and f'id="{link[1:]}"' in raw for link in page.links if link not in inside)
    assert not re.search(r"<script|<link|@import|url\(", raw)
    assert len(inside) == 2 * len(page.pictures)  # light and dark
    assert len(set(inside)) == len(inside)
    for link in inside:
        kind, content = link.removeprefix("data:").split(";base64,")
        content = base64.b64decode(content)
        if kind == "image/png":
            assert content.startswith(b"\x89PNG")
        else:
            ElementTree.fromstring(content)


def test_the_figures_are_the_networks(digits):
    net, X, y, path = digits
    text = "\n".join(outline(path).text)
    said, shares = net.predict(X), net.predict_proba(X)
    assert f"{(said == y).mean():.2%}" in text
    assert f"{(said != y).sum()} of 500" in text
    assert f"{net.evaluate(X, y)['loss']:.4g}" in text
    assert f"{lw.metrics.expected_calibration_error(y, shares):.1%}" in text
    assert f"{(said[y == 3] == 3).mean():.1%}" in text
    assert f"{(y[said == 3] == 3).mean():.1%}" in text
    sure = shares.max(axis=1) >= 0.9
    row = re.search(r"<tr><td>0.9</td><td class=n>(.*?)</td><td class=n>(.*?)</td>", path.read_text(encoding="utf-8"))
    assert row.groups() == (f"{sure.mean():.1%}", f"{(said == y)[sure].mean():.2%}")
    assert f"{1 - net.is_novel(X).mean():.1%} of these rows look like" in text


@pytest.mark.slow
def test_the_same_network_makes_the_same_page(digits, tmp_path):
    net, X, y, path = digits
    lw.report(net, X, y, tmp_path / "digits.html")
    assert (tmp_path / "digits.html").read_bytes() == path.read_bytes()


def test_the_python_on_the_page_comes_to_the_same_weights(digits):
    net, _, _, path = digits
    [block] = [text for text in outline(path).text if "network.fit(" in text]
    (X, y), _, _ = lw.datasets.load_mnist()
    namespace = {"X": X[:1000], "y": y[:1000]}
    exec(block, namespace)
    np.testing.assert_array_equal(namespace["network"].theta, net.theta)


QUICK, SLOW = ["table"], ["several labels", "no history", "numbers", "several numbers", "own names"]


@pytest.mark.parametrize("kind", [*QUICK, *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOW)])
def test_other_tasks_have_what_makes_sense(kind, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    y = {
        "table": np.array(["a<b", "b&c"])[(X[:, 0] + rng.normal(size=80) > 0).astype(int)], "numbers": X[:, 0] ** 2,
        "several numbers": X[:, :2] ** 2, "several labels": (X[:, :2] > 0).astype(float), "no history": X[:, 0] ** 2,
    }.get(kind, np.arange(80) % 2)  # fmt: skip
    last = {"several numbers": [lw.Dense(2)], "several labels": [lw.Dense(2), lw.Sigmoid()]}.get(
        kind, [lw.Dense(1)] if kind in ("numbers", "no history") else [lw.Dense(2), lw.Softmax()]
    )
    net = lw.Network([lw.Dense(5), lw.Tanh(), *last], random_state=0, scaling="standard")
    net.fit(X, y, epochs=3, verbose=False, loss="binary_cross_entropy" if kind == "several labels" else None)
    net.columns = [{"name": f"<{i}>", "kind": "number"} for i in range(4)] if kind == "own names" else None
    if kind == "no history":
        net.history = None
    path = lw.report(net, X, y, tmp_path / "page.html", title="A <title> & more")
    text, titles = "\n".join(outline(path).text), headings(path)
    assert "A <title> & more" in text
    assert ("Confidence" in titles) == (kind in ("table", "own names"))
    assert ("Worst mistakes" in titles) == (kind not in ("several numbers", "several labels"))
    assert ("a<b" in text) == (kind == "table")
    assert ("<3>" in text) == (kind == "own names")
    if kind == "numbers":
        assert f"{lw.metrics.r2_score(y, net.predict(X)):.4f}" in text


def test_what_cannot_be_reported_says_why(digits, tmp_path):
    net, X, y, _ = digits
    with pytest.raises(TypeError, match="Network"):
        lw.report(lw.Ensemble([lw.Dense(1)]), X, y, tmp_path / "page.html")
    with pytest.raises(lw.DataError, match="never trained"):
        lw.report(lw.Network([lw.Dense(1)]), X, y, tmp_path / "page.html")
    with pytest.raises(FileNotFoundError):
        lw.report(net, X, y, tmp_path / "absent" / "page.html")
    with pytest.raises(lw.ShapeError):
        lw.report(net, X[:, :5], y, tmp_path / "page.html")
    with pytest.raises(lw.ShapeError):
        lw.report(net, X, y[:5], tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
