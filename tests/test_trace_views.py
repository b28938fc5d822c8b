"""The views of a trace: text, HTML, LaTeX and Markdown say the same, and say what was published."""

import html.parser
import re
import shutil
import subprocess

import numpy as np
import pytest

import layerwise as lw
from layerwise.explain.trace.html import page
from layerwise.explain.trace.notation import Numbers, latex, plain
from layerwise.explain.trace.worked import WORKED, one_one_one, two_three_two

# Every figure of tests/worked_examples/test_backpropagation_1_1_1.py, and those of 2_3_2, as they were published.
PUBLISHED_1_1_1 = """
z₁ 1.124  a₁ 0.7547299213576082  z₂ 1.73908830732614  a₂ 0.850571226530534  C 0.011164479170294499
∂C/∂b₂ -0.018992369482903983  ∂C/∂w₂ -0.014334109526226761  ∂C/∂a₁ -0.04653130523311476
∂C/∂b₁ -0.008613534018377424  ∂C/∂w₁ -0.006890827214701939
b₂' -0.1081007630517096  w₂' 2.451433410952623  b₁' -0.13913864659816227  w₁' 1.5806890827214704
z₁' 1.125412619579014  a₁' 0.7549913210309638  z₂' 1.7427101863028525  a₂' 0.8510309824120517  C' 0.011095884100559231
"""
PUBLISHED_2_3_2 = """
a₁[0] 0.63156739  a₁[1] 0.58574577  a₁[2] 0.43001486  a₂[0] 0.27676805  a₂[1] 0.29440967
b₂'[0] -0.33337478  b₂'[1] 0.07526987
w₂'[0,0] 0.0072134  w₂'[1,0] -0.49464211  w₂'[2,0] -0.82013814
w₂'[0,1] -0.86530232  w₂'[1,1] -0.07493331  w₂'[2,1] -0.76904472
b₁'[0] 0.53701384  b₁'[1] 0.75994728  b₁'[2] 0.01702788
w₁'[0,0] -0.11738908  w₁'[1,0] 0.45404968  w₁'[0,1] -0.65772813  w₁'[1,1] 0.56625966
w₁'[0,2] -0.15820821  w₁'[1,2] -0.87532981
"""


def figures(published):
    words = published.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.fixture(scope="module")
def digit():
    """A step on an image of 28 x 28 pixels through 784-24-12-10, with folds in every layer."""
    return step_on_a_digit(24, 12)


def step_on_a_digit(first, second):
    layers = [lw.Dense(first), lw.ReLU(), lw.Dropout(0.2), lw.Dense(second), lw.BatchNorm(), lw.ReLU()]
    net = lw.Network([*layers, lw.Dense(10), lw.Softmax()], random_state=0).build(784)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 784)).astype(np.uint8)
    pixels[:, ::3] = 0
    return lw.trace(net, pixels, [7, 1], optimizer=lw.Adam(), penalty=lw.L2(1e-4))


@pytest.mark.parametrize(
    ("example", "published"), list(zip(WORKED, (PUBLISHED_1_1_1, PUBLISHED_2_3_2))), ids=["1-1-1", "2-3-2"]
)
def test_the_worked_examples_to_every_published_digit(example, published):
    make, digits = example
    lines = make().text(digits=digits).splitlines()
    for name, figure in figures(published).items():
        assert any(re.match(rf" +{re.escape(name)} .*= {re.escape(figure)}$", line) for line in lines), (name, figure)


def test_a_line_has_formula_numbers_and_value():
    text = two_three_two().text(digits=3)
    assert "    z₁[0] = 0.8·(-0.115) + 0.2·0.455 + 0.54 = 0.539\n" in text
    assert "  ∂C/∂z₂ = δ₂ = ∂C/∂a₂·a₂·(1 - a₂)\n" in text
    assert "    w₂'[1,1] = -0.0835 - 0.1·(-0.0859) = -0.0749\n" in text
    assert "The cost falls from 0.287 to 0.282." in text


def test_all_views_have_every_number(digit):
    for trace in (one_one_one(), two_three_two(), digit):
        text, markdown = trace.text(), trace.markdown().replace("\\", "")
        typeset, markup = trace.latex(), trace.html()
        for section in trace.document().sections:
            for block in section.blocks:
                for cell in [cell for row in block.rows for cell in row]:
                    assert re.search(rf"{re.escape(plain(cell.name))} += .*{re.escape(cell.value)}", text)
                    assert f"| {cell.value} |" in markdown
                    assert latex(cell.value) in typeset
                    assert f"</i>{cell.value}</span>" in markup


class Chips(html.parser.HTMLParser):
    """The numbers of a page, with what they say on hover; and all tags."""

    def __init__(self, text):
        super().__init__()
        self.found, self.tags, self._open = [], [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta",):
            self._open.append(tag)
        if tag == "span":
            self.found.append([dict(attributes).get("title"), ""])

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, text):
        if self._open and self._open[-1] == "span":
            self.found[-1][1] += text


def test_numbers_say_on_hover_how_they_came_about(digit):
    chips = Chips(two_three_two().html(digits=4)).found
    assert ["z₁[0] = 0.8·(-0.115) + 0.2·0.4546 + 0.54 = 0.5389", "0.5389"] in chips
    for title, value in Chips(digit.html()).found:
        assert title is None or title.endswith(f" = {value}")


def test_html_is_small_and_needs_nothing_from_elsewhere(digit):
    whole = page(digit.document())
    for word in ("<script", "http", "src=", "@import", "url("):
        assert word not in whole
    assert "prefers-color-scheme:dark" in whole
    found = Chips(whole)
    assert found.tags.count("details") > 20
    names = re.findall(r"<i>(z₁\[\d+\])</i>", whole)
    assert names == [f"z₁[{j}]" for j in range(24)]  # folded away, yet there
    assert digit._repr_html_() == digit.html()


@pytest.mark.slow
def test_the_page_of_a_wide_network_is_small():
    assert len(page(step_on_a_digit(128, 64).document()).encode()) < 1_000_000


def test_what_is_folded_is_counted(digit):
    text = digit.text()
    assert "    … and 21 more\n" in text
    assert re.search(r"z₁\[0\] = .* \+ … \(781 more: -?[\d.]+\) \+ 0 = ", text)
    assert "∂C/∂w₁[" in text
    assert f"… and {784 * 24 - 9:,} more" in text


def test_what_is_folded_can_be_expanded(digit):
    text = digit.text(expand=[(0, 17), 6])
    assert "z₁[17] = " in text
    assert "a₁[17] = " in text  # and what the activation makes of it
    assert "z₁[18] = " not in text
    live = np.count_nonzero(digit["a2"].any(axis=0))
    assert len(re.findall(r"^ +∂C/∂w₃\[", text, re.MULTILINE)) == 10 * live
    line = next(line for line in text.splitlines() if " z₁[17] " in line)
    used = np.count_nonzero(digit.x[0] * digit["W1"][:, 17])
    assert line.count("·") == used
    assert f"({784 - used} more: 0)" in line


def test_one_neuron_in_full(digit):
    document = digit.neuron("z1", 5)
    text = str(document)
    assert text.startswith("Neuron 5 of layer 0 (Dense(24))\n")
    used = np.flatnonzero(digit.x.any(axis=0))
    assert re.findall(r"∂C/∂w₁\[(\d+),5\]", text) == [str(i) for i in used]
    assert f"{784 - len(used)} inputs are 0 and left out." in text
    for name in ("z₁[5]", "a₁[5]", "h₁[5]", "∂C/∂h₁[5]", "∂C/∂a₁[5]", "∂C/∂z₁[5]", "∂C/∂b₁[5]", "b₁'[5]"):
        assert f"  {name} " in text, name
    assert document._repr_html_() == document.html()
    last = str(digit.neuron("z3", 7, sample=0))
    assert "∂C/∂z₃[7] = δ₃ = 1 / 2·(a₃ - y)" in last or "∂C/∂z₃[7] = δ₃ = (1 / 2)·(a₃ - y)" in last
    with_own_activation = str(digit.neuron("a1", 5))
    assert "∂C/∂z₁[5] = " in with_own_activation
    assert "z₁[5] = x" not in with_own_activation


def test_sums_of_a_batch_run_over_its_samples(digit):
    line = next(line for line in digit.text().splitlines() if line.startswith("    ∂C/∂b₃[0] "))
    assert line.count(" + ") + line.count(" - ") == 1
    assert "sample 1 of 2, counted from 0" in digit.text(sample=1)


def test_a_terminal_with_colours_shows_the_same(digit):
    console = pytest.importorskip("rich.console")
    shown = console.Console(width=100_000, color_system=None, highlight=False)
    with shown.capture() as captured:
        shown.print(digit, soft_wrap=True)
    assert [line.rstrip() for line in captured.get().rstrip().splitlines()] == str(digit).splitlines()


def test_markdown_is_tables(digit):
    rows = [line for line in digit.markdown().splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 4 for row in rows)
    assert "| z₁\\[0\\] | 0.8·(-0.114992) + 0.2·0.454649 + 0.54001 | 0.538947 |" in two_three_two().markdown()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_and_fits_its_page(digit, tmp_path):
    class Odd_Name(lw.Activation):
        def forward(self, p, x, out):
            out[:] = x

        def backward(self, p, x, y, dy, g, dx):
            dx[:] = dy

    layers = [
        lw.Dense(4, weight_rate=0.5),
        lw.LayerNorm(),
        lw.GELU(),
        lw.Scale(),
        lw.Softmax(),
        lw.Dense(2),
        Odd_Name(),
    ]
    other = lw.trace(
        lw.Network(layers, random_state=0), [1.0, 2e-9], [0.5, 3.0], optimizer=lw.AdamW(), penalty=lw.L1(0.1)
    )
    documents = {"digit": digit.document(), "other": other.document(), "neuron": digit.neuron(3, 2)}
    for name, document in documents.items():
        (tmp_path / f"{name}.tex").write_text(document.latex(), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert run.returncode == 0, run.stdout[-2000:]
        for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide", run.stdout):
            assert float(width) < 30, run.stdout[-3000:]  # the margins have more than that


def test_numbers():
    assert Numbers(None)(np.float32(0.1)) == "0.1"
    assert Numbers(None)(np.float64(1.0)) == "1"
    assert Numbers(4)(-0.0) == "0"
    assert Numbers(".8f")(0.0072134) == "0.0072134"
    assert Numbers(3).factor(-0.25) == "(-0.25)"
    assert Numbers(3).added(-0.25) == " - 0.25"


def test_a_formula_on_a_line_groups_as_it_is_typeset():
    assert plain(r"w - \frac{\eta \cdot g}{\sqrt{c} + \epsilon}") == "w - (η·g) / (√c + ε)"
    assert plain(r"\frac{1}{2} \cdot (a - y)") == "(1 / 2)·(a - y)"
    assert plain(r"\sqrt{\frac{v}{1 - 0.9^{12}}}") == "√(v / (1 - 0.9¹²))"
    assert plain(r"\dd{W_{1}}^{2}") == "(∂C/∂W₁)²"
    assert latex(r"\dd{W_{1}}^{2}") == r"\left(\frac{\partial C}{\partial W_{1}}\right)^{2}"
    assert latex(r"\dd{W_{1}}^{2}", on_a_line=True) == r"\left(\partial C/\partial W_{1}\right)^{2}"
    assert latex(r"1.5e-07^{2} \cdot \dd{w_{1}[0]}") == (
        r"(1.5\cdot 10^{-7})^{2} \cdot \frac{\partial C}{\partial w_{1}{[0]}}"
    )
