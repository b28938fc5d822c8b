"""Diagrams: every unit and weight is there, as strong as it is, in SVG and in LaTeX."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import layerwise as lw
from layerwise.explain.diagram.svg import COLOURS

SVG = "{http://www.w3.org/2000/svg}"


def by_hand(**arguments):
    """2 → 2 → 1; the second layer's weights are 4 and -2."""
    return lw.Network(
        [lw.Dense(2, [[1.0, 0.0], [-0.5, 2.0]], [0.0, -3.0]), lw.ReLU(), lw.Dense(1, [[4.0], [-2.0]], [1.0])],
        dtype="float64", **arguments,
    )  # fmt: skip


def parts(diagram, tag, **options):
    return list(ET.fromstring(diagram.svg(**options)).iter(SVG + tag))


def written(diagram):
    return [element.text for element in parts(diagram, "text")]


def test_lines_are_the_weights():
    lines = parts(lw.Diagram(by_hand()), "line")
    found = {line.find(SVG + "title").text: line for line in lines}
    assert set(found) == {"from 0 to 0: 1", "from 1 to 0: -0.5", "from 1 to 1: 2", "from 0 to 0: 4", "from 1 to 0: -2"}
    assert len(lines) == 5  # a weight of 0 is none
    for words, sign, strength in (("from 0 to 0: 4", 1, 1.0), ("from 1 to 0: -2", -1, 0.5), ("from 1 to 1: 2", 1, 1.0)):
        assert found[words].get("stroke") == COLOURS[sign]
        assert float(found[words].get("stroke-width")) == pytest.approx(0.5 + 2.5 * strength)


def test_rings_are_the_biases_and_fillings_the_outputs():
    circles = parts(lw.Diagram(by_hand(), x=[3.0, 1.0]), "circle")
    titles = [circle.find(SVG + "title").text for circle in circles]
    # hidden: ReLU(3 - 0.5, 0 + 2 - 3) = 2.5, 0; output: 4 · 2.5 + 1 = 11
    assert titles == [
        "unit 0, output 3", "unit 1, output 1", "unit 0, bias 0, output 2.5", "unit 1, bias -3, output 0",
        "unit 0, bias 1, output 11",
    ]  # fmt: skip
    rings = [circle.get("stroke") for circle in circles]
    assert rings == [COLOURS[0], COLOURS[0], COLOURS[0], COLOURS[-1], COLOURS[1]]
    assert [float(circle.get("fill-opacity")) for circle in circles] == pytest.approx([0.95, 0.32, 0.95, 0, 0.95])
    assert [circle.get("fill") for circle in parts(lw.Diagram(by_hand()), "circle")] == ["none"] * 5


def test_layers_have_names_and_sizes():
    net = lw.Network([lw.Dropout(0.1), lw.Dense(5), lw.BatchNorm(), lw.Tanh(), lw.Dense(3), lw.Softmax()])
    names = written(lw.Diagram(net.build(1200)))
    assert names[:7] == ["1,200 inputs", "Dropout", "Dense 5", "BatchNorm", "Tanh", "Dense 3", "Softmax"]


def test_classes_stand_beside_the_outputs():
    X, y = lw.datasets.make_vertical(20)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, np.array(["left", "middle", "<right>"])[y], epochs=1, verbose=False)
    assert {"left", "middle", "<right>"} <= set(written(lw.Diagram(net)))
    shares = {"  ".join((c, f"{p:.1%}")) for c, p in zip(net.task.classes, net.predict_proba(X[:1])[0], strict=True)}
    assert shares <= set(written(lw.Diagram(net, X[0])))


@pytest.mark.parametrize(("units", "circles", "dots"), [(12, 12, 0), (13, 12, 3), (784, 12, 3)])
def test_large_layers_are_folded(units, circles, dots):
    diagram = lw.Diagram(lw.Network([lw.Dense(1)], random_state=0).build(units))
    assert len(parts(diagram, "circle")) == circles + 1
    assert len(parts(diagram, "ellipse")) == dots
    titles = [circle.find(SVG + "title").text for circle in parts(diagram, "circle")]
    assert titles[0] == "unit 0"
    assert titles[circles - 1] == f"unit {units - 1}"


@pytest.mark.parametrize("most", [2, 3, 7, 100])
def test_most_says_how_many_units_are_drawn(most):
    diagram = lw.Diagram(lw.Network([lw.Dense(9)], random_state=0).build(20), most=most)
    assert len(parts(diagram, "circle")) == min(most, 20) + min(most, 9)


def test_nothing_lies_outside_or_upon_another():
    diagram = lw.Diagram(lw.Network([lw.Dense(30), lw.ReLU(), lw.Dense(2)], random_state=0).build(50))
    root = ET.fromstring(diagram.svg())
    _, _, width, height = map(float, root.get("viewBox").split())
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(SVG + "circle")]
    assert all(10 < x < width - 10 and 10 < y < height - 10 for x, y in places)
    gaps = [np.hypot(a - c, b - d) for i, (a, b) in enumerate(places) for c, d in places[:i]]
    assert min(gaps) > 21
    lowest = max(y for _, y in places)
    assert all(float(t.get("y")) > lowest + 10 for t in root.iter(SVG + "text"))


def test_a_file_adapts_to_dark_and_a_notebook_gives_its_colour():
    diagram = lw.Diagram(by_hand())
    assert "prefers-color-scheme:dark" in diagram.svg()
    assert "<style>" not in diagram._repr_svg_()  # a style would change the page around it
    assert 'fill="currentColor"' in diagram._repr_svg_()
    assert "<script" not in diagram.svg()


def test_a_layer_of_ones_own_that_mixes_without_a_matrix():
    class Sum(lw.Layer):
        def n_out(self, n_in):
            return 1

        def forward(self, p, x, out):
            out[:] = x.sum(axis=1, keepdims=True)

        def backward(self, p, x, y, dy, g, dx):
            if dx is not None:
                dx[:] = dy

    diagram = lw.Diagram(lw.Network([Sum()]).build(3), x=[1, 2, 3])
    assert len(parts(diagram, "line")) == 3
    assert parts(diagram, "circle")[-1].find(SVG + "title").text == "unit 0, output 6"


def test_estimators_and_neurons_are_drawn():
    X, y = lw.datasets.make_vertical(20, 2)
    estimator = lw.MLPClassifier((4,), max_iter=60, tol=0.1, random_state=0).fit(X, y)
    assert len(parts(lw.Diagram(estimator), "circle")) == 2 + 4 + 1
    assert len(parts(lw.Diagram(lw.Neuron([1, 2, 3])), "circle")) == 4


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: lw.Diagram(lw.Network([lw.Dense(2)])), lw.NotBuiltError, "call fit or forward"),
        (lambda: lw.Diagram(lw.Dense(2)), TypeError, "Diagram needs a Network"),
        (lambda: lw.Diagram(by_hand(), x=[1.0]), lw.ShapeError, r"one sample, \(2,\)"),
        (lambda: lw.Diagram(by_hand(), x=["a", "b"]), lw.DataError, "numbers of one sample"),
        (lambda: lw.Diagram(by_hand(), x=[1.0, np.nan]), lw.DataError, "NaN or infinity"),
        (lambda: lw.Diagram(by_hand(), most=1), ValueError, "at least 2"),
        (lambda: lw.Diagram(by_hand()).save("a.png"), lw.UnknownNameError, r"as .svg or .tex; got .png"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_files(tmp_path):
    diagram = lw.Diagram(by_hand())
    diagram.save(tmp_path / "a.svg")
    diagram.save(tmp_path / "a.TEX")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == diagram.svg()
    assert (tmp_path / "a.TEX").read_text(encoding="utf-8") == diagram.tikz()
    assert "save(path)" in repr(diagram)


def test_latex_has_what_svg_has():
    diagram = lw.Diagram(by_hand(), x=[3.0, 1.0])
    text = diagram.tikz(document=False)
    assert text.count("circle[radius=7.5pt]") == 5
    assert text.count("--") == 5
    assert len(re.findall(r"\\node", text)) == len(written(diagram))
    assert "documentclass" not in text


HAS_LATEX = shutil.which("pdflatex") and shutil.which("kpsewhich")
if HAS_LATEX:
    found = subprocess.run(["kpsewhich", "tikz.sty", "geometry.sty"], capture_output=True, text=True, check=False)
    HAS_LATEX = found.stdout.count("\n") == 2


@pytest.mark.skipif(not HAS_LATEX, reason="there is no pdflatex with TikZ")
def test_latex_compiles_to_one_page_of_the_pictures_size(tmp_path):
    X, y = lw.datasets.make_vertical(20)
    names = np.array(["50 % & more_", r"\{é}^~#$", "日本"])[y]
    net = lw.Network([lw.Dense(20), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, names, epochs=1, verbose=False)
    diagram = lw.Diagram(net, X[0])
    diagram.save(tmp_path / "net.tex")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "net.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "(1 page" in done.stdout
    assert "Overfull" not in done.stdout
    if shutil.which("pdfinfo"):
        shown = subprocess.run(["pdfinfo", "net.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        width, height = map(float, re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", shown).groups())
        _, _, wide, high = map(float, ET.fromstring(diagram.svg()).get("viewBox").split())
        assert width == pytest.approx(0.75 * wide, rel=0.02)
        assert height == pytest.approx(0.75 * high, rel=0.03)


def test_groups_are_joined_within_themselves_and_intervals_with_their_input():
    layers = [lw.PiecewiseLinear([[0, 1], [], [0, 1]]), lw.Dense(4, weights=np.arange(1.0, 13).reshape(3, 4), groups=2)]
    names = re.findall(r"from (\d+) to (\d+): ([-\d.e]+)", lw.Diagram(lw.Network(layers).build(4)).svg())
    assert sorted(names[:6]) == [(*ends.split(), "1") for ends in ("0 0", "0 4", "1 1", "2 2", "2 5", "3 3")]
    # units 0 and 1 read the numbers 0 to 2, units 2 and 3 the numbers 3 to 5
    weights = {(i, j): 4 * i + j + 1 for i in range(3) for j in range(4)}
    expected = {(str(i + 3 * (j > 1)), str(j), str(w)) for (i, j), w in weights.items()}
    assert set(names[6:]) == expected
