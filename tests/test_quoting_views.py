"""Names in pages, formulas, drawings, pictures and terminals: shown as they are, and nothing else comes of them."""

import csv
import inspect
import re
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.exchange.export import TARGETS
from layerwise.explain.trace.document import Block, Cell, Document, Section
from layerwise.explain.trace.html import page
from layerwise.explain.trace.notation import plain, words
from layerwise.formula import quoting
from layerwise.formula.quoting.shown import UNSEEN as UNSEEN_LETTERS
from nasty_names import CANARY, PLAIN, UNSEEN

ALL = PLAIN + UNSEEN
SHORT = [name for name in ALL if len(name) < 100]
LATEX = re.compile(
    r"(?:[^\\{}$&#%_^~\x00-\x1f]|\\[&%$#_{}]|\\(?:text(?:backslash|asciitilde|asciicircum|less|greater|bar)|char34|ldots)\{\}"
    r"|\$\\(?:to|cdot)\$|\$_\{\d\}\$|\\texttt\{U\+[0-9A-F]{4,6}\}|\{\}|~)*"
)
texts = st.text(st.characters() | st.sampled_from("\"'\\`*/?#%${}<>&|_~^[]\n\0\ud800\u202e-"), max_size=20)


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.rglob(CANARY))


class Parsed(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], [""]
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.texts.append("")

    def handle_endtag(self, tag):
        self.texts.append("")

    def handle_data(self, data):
        self.texts[-1] += data


def document(name):
    """A trace in which everything has that name."""
    formula = words(name)
    cell = Cell(formula, formula, "0.5")
    return Document(name, name, [Section(name, name, [Block(formula, formula, [[cell, cell]], [cell])])])


# ---------------------------------------------------------------- a document's views


def test_formulas_keep_text_apart():
    for name in ALL:
        assert plain(words(name)) == name
        assert plain(rf"\frac{{{words(name)}}}{{2}}").startswith((name, f"({name}"))


def test_html_gives_the_text_back_and_has_no_other_tags():
    harmless = Parsed(page(document("a")))
    for name in filter(None, ALL):
        found = Parsed(page(document(name)))
        assert found.tags == harmless.tags
        assert [key for key, _ in found.attributes if key != "title"] == [
            key for key, _ in harmless.attributes if key != "title"
        ]
        shown = quoting.visible(name, keep="\n\t")
        assert found.texts.count(shown) >= 4, name


def test_markdown_gives_the_text_back():
    markdown_it = pytest.importorskip("markdown_it")
    reader = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for name in SHORT:
        tokens = reader.parse(document(name).markdown())
        inline = [token for token in tokens if token.type == "inline"]
        assert {child.type for token in inline for child in token.children} <= {"text", "text_special"}, name
        expected = " ".join(quoting.visible(name).split())
        found = [" ".join("".join(child.content for child in token.children).split()) for token in inline]
        assert found.count(expected) >= (3 if expected else 0), name
        kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
        assert kinds <= {"heading", "inline", "paragraph", "table", "thead", "tbody", "tr", "th", "td"}, name


@given(texts)
def test_latex_is_made_of_letters_and_known_commands(text):
    assert LATEX.fullmatch(quoting.latex(text))


def test_latex_documents_are_balanced():
    for name in ALL:
        found = re.sub(r"\\[\\{}]", "", document(name).latex())
        assert found.count("{") == found.count("}")
        assert found.count(r"\end{document}") == 1
        assert re.sub(r"\\\$", "", found).count("$") % 2 == 0


def test_text_has_a_line_a_line():
    lines = len(document("a").text().split("\n"))
    for name in filter(None, ALL):
        text = document(name).text()
        assert len(text.split("\n")) == lines
        assert not UNSEEN_LETTERS.search(text.replace("\n", ""))


def test_a_trace_of_a_class_of_any_name():
    net = lw.Network([lw.Dense(len(SHORT)), lw.Softmax()], random_state=0)
    X = np.eye(len(SHORT), dtype=np.float32)
    net.fit(X, np.array(sorted(SHORT)), epochs=1, verbose=False)
    trace = lw.trace(net, X)
    answers = net.predict(X)
    for sample in range(0, len(X), 7):
        assert quoting.visible(str(answers[sample])) in trace.text(sample=sample)
        assert quoting.latex(answers[sample]) in trace.latex(sample=sample)


# ---------------------------------------------------------------- custom parts


def custom(name):
    """A layer, loss, penalty and optimizer whose classes have that name."""
    layer = type(name, (lw.Tanh,), {})()
    return (
        layer,
        type(name, (lw.MeanSquaredError,), {})(),
        type(name, (lw.L2,), {})(0.1),
        type(name, (lw.SGD,), {})(0.1),
    )


@pytest.mark.parametrize(
    "name", ["$x_{", "a\\b", "</td><script>", "[bold]", "two\nlines\x1b[31m", "*/ %", "_x", "数据"]
)
def test_custom_parts_of_any_name(name):
    layer, loss, penalty, optimizer = custom(name)
    net = lw.Network([lw.Dense(3), layer, lw.Dense(2)], random_state=0)
    X, y = np.eye(4, 3), np.eye(4, 2)
    net.fit(X, y, loss=loss, optimizer=optimizer, penalty=penalty, epochs=1, verbose=False)
    assert not UNSEEN_LETTERS.search(net.summary().replace("\n", ""))
    assert "script" not in Parsed(net._repr_html_()).tags
    diagnosis = lw.diagnose(net, X, y)
    assert not UNSEEN_LETTERS.search(str(diagnosis).replace("\n", ""))
    assert "script" not in Parsed(diagnosis._repr_html_()).tags
    trace = lw.trace(net, X, y, loss=loss, optimizer=optimizer)
    assert not UNSEEN_LETTERS.search(str(trace).replace("\n", ""))
    assert "script" not in Parsed(trace.html()).tags
    found = re.sub(r"\\[\\{}]", "", trace.latex())
    assert found.count("{") == found.count("}")
    diagram = lw.Diagram(net)
    assert quoting.visible(name) in "".join(ElementTree.fromstring(diagram.svg()).itertext())
    assert quoting.latex(name) in diagram.tikz()
    panel = lw.plots.activation(layer)
    assert quoting.matplotlib_text(repr(layer)) in panel.get_title()


@pytest.mark.parametrize("name", ["<script>", "two\nlines", "\x1b[31m", "[bold]", "half \udfff of a pair"])
def test_columns_of_a_history_of_any_name(name, tmp_path, capsys):
    class Record(lw.Callback):
        def on_epoch_end(self, run):
            run.record(name, 1.0)

    net = lw.Network([lw.Dense(1)], random_state=0)
    log = lw.callbacks.CSVLog(tmp_path / "log.csv")
    history = net.fit(np.eye(2), np.ones(2), epochs=2, callbacks=[Record(), log])
    printed = capsys.readouterr().out + repr(history)
    assert quoting.visible(name) in printed
    assert not UNSEEN_LETTERS.search(printed.replace("\n", ""))
    found = Parsed(history._repr_html_())
    assert "script" not in found.tags
    assert quoting.visible(name, keep="\n") in found.texts
    with open(tmp_path / "log.csv", newline="", encoding="utf-8") as file:
        assert [len(row) for row in csv.reader(file)] == 3 * [len(history) + 1]


# ---------------------------------------------------------------- drawings and pictures


@pytest.fixture(scope="module")
def nasty():
    net = lw.Network([lw.Dense(len(SHORT)), lw.Softmax()], random_state=0)
    X = np.random.default_rng(0).normal(size=(len(SHORT), 16)).astype(np.float32)
    net.fit(X, np.array(sorted(SHORT)), epochs=1, verbose=False)
    return net


def test_a_diagram_names_its_outputs(nasty):
    diagram = lw.Diagram(nasty, most=len(SHORT))
    expected = [quoting.shortened(quoting.visible(quoting.legible(name))) for name in sorted(SHORT)]
    drawing = ElementTree.fromstring(diagram.svg())
    shown = ["".join(text.itertext()) for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert set(filter(None, expected)) <= set(shown)
    assert not [tag for tag in drawing.iter() if tag.tag.endswith("script")]
    *nodes, _ = re.findall(r"base west.*? at \(.*?\) \{(.*)\};", diagram.tikz())  # the last one is the key
    assert nodes == list(map(quoting.latex, expected))


def test_blank_names_are_quoted(tmp_path, light):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    X, y = np.eye(6, 4), np.array([" ", "cat", "\xa0 "] * 2)
    net.fit(X, y, epochs=1, verbose=False)
    net.columns = [{"name": name, "kind": "number"} for name in ("", "a", "b", "c")]
    pytest.importorskip("matplotlib")
    text = lw.report(net, X, y, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "classification, &#x27; &#x27;, cat, &#x27;\\xa0 &#x27;" in text
    assert "&#x27;&#x27;, a, b, c" in text
    assert [quoting.matplotlib_text(name) for name in ("", "  ", "a b")] == ["''", "'  '", "a b"]
    with pytest.raises(lw.DataError, match=r"stand for ' ', cat, '\\xa0 '"):
        net.evaluate(X, ["dog"] * 6)
    assert "&#x27; &#x27;" in lw.Diagram(net).svg()


DRAWN = [
    "$5 - $10", r"$\frac{$", "$x$", "a\\$b", "_hidden", "__x__", "{}", "%s", "</text>", "two\nlines", "\x1b[31m",
    "a" * 999,
]  # fmt: skip


def classifier(n_in):
    net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(len(DRAWN)), lw.Softmax()], random_state=0)
    X = np.random.default_rng(0).normal(size=(4 * len(DRAWN), n_in))
    y = np.array(sorted(DRAWN) * 4)
    net.fit(X, y, epochs=1, verbose=False)
    return net, X, y


def line():
    X = np.linspace(-1, 1, 20)[:, None]
    return lw.Network([lw.Dense(1)], random_state=0).build(1), X, X[:, 0]


PICTURES = {
    "confusion_matrix": lambda: lw.plots.confusion_matrix(classifier(2)[2], classifier(2)[2][::-1]),
    "decision_regions": lambda: lw.plots.decision_regions(*classifier(2), names=("$x_{", "_y"), resolution=20),
    "images": lambda: lw.plots.images(np.ones((len(DRAWN), 9)), titles=DRAWN),
    "layer_maps": lambda: lw.plots.layer_maps(*classifier(2)),
    "mistakes": lambda: lw.plots.mistakes(*classifier(9)),
    "predictions": lambda: lw.plots.predictions(*classifier(9)),
    "regression_curve": lambda: lw.plots.regression_curve(*line(), names=("$x_{", "_y")),
}


def test_every_picture_with_names_is_tried_here():
    named = {
        name
        for name in lw.plots.__all__
        if {"labels", "names", "titles"} & set(inspect.signature(getattr(lw.plots, name)).parameters)
    }
    assert named == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_show_names_as_they_are(name, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        axes = PICTURES[name]()
        lw.plots.save(axes, tmp_path / "picture.svg")
    root = ElementTree.parse(tmp_path / "picture.svg").getroot()
    written = {"".join(text.itertext()).strip("\u200b") for text in root.iter("{http://www.w3.org/2000/svg}text")}
    expected = {quoting.shortened(quoting.visible(one)) for one in ("$x_{", "_y")}
    if name in ("decision_regions", "layer_maps"):
        expected |= {quoting.shortened(quoting.visible(one), 24) for one in DRAWN}
    if name == "confusion_matrix":
        expected = {quoting.shortened(quoting.visible(one), 24) for one in DRAWN}
    if name in ("layer_maps",):
        expected -= {"$x_{", "_y"}
    if name not in ("images", "mistakes", "predictions"):  # whose words are cut into lines
        assert expected <= written
    else:
        assert any("$5 - $10" in text for text in written)


# ---------------------------------------------------------------- the report and the command

CLASSES = [
    f'{{y!r:.1}}, __import__("pathlib").Path("{CANARY}").touch(), {{y!r:.1}}', "</script><script>alert(1)</script>",
    "$5 - $10", "_hidden", "[bold red]", "[/]", "\x1b[31mred", "two\nlines", "\u202eright", "{}",
]  # fmt: skip
COLUMNS = [r"$\frac{$", "</b><script>", "\x1b[2J[/]", "two\nlines"]
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "div", "b", "span", "nav", "a", "section",
    "p", "pre", "table", "tr", "th", "td", "thead", "tbody", "tfoot", "figure", "picture", "source", "img", "svg", "g",
    "line", "circle", "ellipse", "text", "br", "code", "i",
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of a table of nasty names, as the command makes it, and the table."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "[bold]$y$\x1b[1m"])
        for i in range(8 * len(CLASSES)):
            writer.writerow([*rng.normal(i % len(CLASSES), 1, len(COLUMNS)), CLASSES[i % len(CLASSES)]])
    from layerwise.app.cli.app import run

    path = folder / "model.safetensors"
    assert (
        run(["train", str(folder / "table.csv"), "-o", str(path), "--epochs", "2", "--layers", "8", "-q", "--no-plot"])
        == 0
    )
    return path, folder / "table.csv"


COMMANDS = {
    "evaluate": ["MODEL", "TABLE"],
    "predict": ["TABLE", "-m", "MODEL"],
    "info": ["MODEL"],
    "diagnose": ["MODEL", "TABLE"],
    "trace": ["MODEL", "TABLE", "--label", "[/]"],
    "trace --markdown": ["MODEL", "TABLE"],
    "trace --html a.html": ["MODEL", "TABLE"],
    "trace --latex a.tex": ["MODEL", "TABLE"],
    "plot diagram": ["MODEL", "-o", "a.svg"],
    **{
        f"export --to {to} -o a{target.suffixes[0]} --force": ["MODEL"]
        for to, target in TARGETS.items()
        if to != "onnx"
    },
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_show_names_and_obey_none(command, model, capfd):
    from layerwise.app.cli.app import run

    places = {"MODEL": str(model[0]), "TABLE": str(model[1])}
    code = run([*command.split(), *(places.get(word, word) for word in COMMANDS[command])])
    printed = "".join(capfd.readouterr())
    assert code == 0, printed
    assert not UNSEEN_LETTERS.search(printed.replace("\n", ""))
    assert "\nlines" not in printed


def test_a_report_has_no_tags_but_its_own(light, model, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from layerwise.app.reporting import pictures

    encoded = pictures._encoded
    monkeypatch.setattr(
        pictures, "_encoded", lambda *given: "" if given[-1] else encoded(*given)
    )  # the light ones only
    net = lw.load(model[0])
    X = np.random.default_rng(0).normal(5, 3, size=(40, len(COLUMNS)))
    y = np.resize(np.array(CLASSES), 40)
    found = Parsed(lw.report(net, X, y, tmp_path / "page.html", title="<script>'\x1b").read_text())
    assert set(found.tags) <= TAGS
    assert not [key for key, _ in found.attributes if key.startswith("on")]
    for name in CLASSES:
        assert quoting.visible(name, keep="\n") in found.texts
    assert not UNSEEN_LETTERS.search("".join(found.texts).replace("\n", ""))
