"""For every picture: it takes Axes and returns them, suits light and dark, and refuses what it cannot draw."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from layerwise import plots  # noqa: E402
from layerwise.data.tables.deciding import understand  # noqa: E402
from layerwise.data.tables.raw import RawTable  # noqa: E402
from layerwise.explain.dependence import partial_dependence  # noqa: E402
from layerwise.explain.importance import permutation_importance  # noqa: E402
from layerwise.plots.style import DARK, LIGHT, colours_of  # noqa: E402

NO_PICTURES = {"picture_format", "save", "save_learning_curves", "style"}
PICTURES = sorted(set(plots.__all__) - NO_PICTURES)
rng = np.random.default_rng(0)
IMAGES, LABELS = rng.integers(0, 256, (40, 36), dtype=np.uint8), np.arange(40) % 3
POINTS, ARMS = lw.datasets.make_spiral(20)
X, SINE = lw.datasets.make_sine(50)


def trained(data, *layers, **arguments):
    net = lw.Network(list(layers), random_state=0)
    return net, net.fit(*data, epochs=3, verbose=False, **arguments)


RECORDER = lw.Histograms(POINTS, ARMS)
SPIRAL, HISTORY = trained(
    (POINTS, ARMS),
    lw.Dense(8),
    lw.ReLU(),
    lw.Dense(3),
    lw.Softmax(),
    callbacks=RECORDER,
    validation_data=(POINTS, ARMS),
)
DIGITS, _ = trained((IMAGES, LABELS), lw.Dense(9), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax())
CURVE, _ = trained((X, SINE), lw.Dense(8), lw.ReLU(), lw.Dense(1))
FINDER = lw.find_learning_rate(SPIRAL, POINTS, ARMS)
SHARES = SPIRAL.predict_proba(POINTS)
DIVERGED = lw.Network([lw.Dense(3), lw.Exp(), lw.Dense(2)], random_state=0).build(2)
DIVERGED.theta = np.full(DIVERGED.theta.size, 1e30)
NEURON = lw.Neuron([2.0], bias=-1.0, activation=lw.ReLU())
TABLE = understand(RawTable("t.csv", ("size", "day", "town $x_1$", "member", "price"), [
    [str(0.5 * i) if i % 7 else "" for i in range(60)], [f"2024-01-{1 + i % 28:02}" for i in range(60)],
    [f"town {i % 12}" for i in range(60)], ["yes", "no", "no"] * 20, [f"${i}.5" for i in range(60)],
]))  # fmt: skip
SHUFFLED = permutation_importance(SPIRAL, POINTS, ARMS)
PAGE = np.pad(IMAGES[0].reshape(6, 6) // 8, 20, constant_values=250)
READING = lw.Reading(
    "4\n7",
    0.9,
    None,
    (
        (lw.Digit("4", 0.9, (18, 18, 9, 9), "4", IMAGES[0], np.ones(10)),),
        (lw.Digit(None, 0.4, (30, 30, 8, 8), "7", IMAGES[0], np.ones(10)),),
    ),
    (46, 46),
)
BY_COLUMN = partial_dependence(SPIRAL, POINTS, 0)

CALLS = {  # how many panels, and the arguments
    "activation": (1, ("tanh",)),
    "confusion_matrix": (1, (ARMS, SPIRAL.predict(POINTS))),
    "coverage": (1, (ARMS, SHARES)),
    "decision_regions": (1, (SPIRAL, POINTS, ARMS)),
    "digits": (1, (PAGE, READING)),
    "histograms": (6, (SPIRAL, POINTS, ARMS)),
    "histograms_over_training": (6, (RECORDER,)),
    "images": (1, (IMAGES,)),
    "importance": (1, (SHUFFLED,)),
    "layer_maps": (3, (SPIRAL, POINTS, ARMS)),
    "learning_curves": (2, (HISTORY,)),
    "learning_rate": (1, (FINDER,)),
    "mistakes": (1, (DIGITS, IMAGES, LABELS)),
    "neuron": (1, (NEURON,)),
    "neuron_pair": (1, (NEURON, NEURON)),
    "partial_dependence": (1, (BY_COLUMN,)),
    "pieces": (1, (CURVE, X, SINE)),
    "predictions": (1, (DIGITS, IMAGES, LABELS)),
    "regression_curve": (1, (CURVE, X, SINE)),
    "reliability": (1, (ARMS, SHARES)),
    "robustness": (3, (DIGITS, IMAGES, LABELS)),
    "table": (5, (TABLE,)),
    "unit_activity": (1, (SPIRAL, POINTS)),
    "weights": (1, (DIGITS,)),
}
every_picture = pytest.mark.parametrize("name", PICTURES)


def draw(name, axes=None):
    return getattr(plots, name)(*CALLS[name][1], **({} if axes is None else {"ax": axes}))


def texts(panels):
    """All that is written: titles, labels, ticks, legends and notes."""
    for panel in panels:
        legend = panel.get_legend()
        yield from [panel.title, panel.xaxis.label, panel.yaxis.label, *([] if legend is None else legend.get_texts())]
        if panel.axison:
            yield from [*panel.get_xticklabels(), *panel.get_yticklabels()]


def test_every_picture_is_tried_here():
    assert set(CALLS) == set(PICTURES)
    for name in PICTURES:
        assert "ax" in inspect.signature(getattr(plots, name)).parameters


@every_picture
def test_axes_are_taken_and_returned(name):
    count = CALLS[name][0]
    given = Figure().subplots(1, count, squeeze=False)[0]
    found = draw(name, given[0] if count == 1 else given)
    assert np.ravel(np.array(found, dtype=object)).tolist() == given.tolist()
    assert isinstance(found, np.ndarray) == (count > 1)
    assert all(panel.has_data() for panel in given)


@every_picture
def test_a_wrong_number_of_axes_is_refused(name):
    given = Figure().subplots(1, CALLS[name][0] + 1)
    with pytest.raises(lw.ShapeError, match=f"takes {CALLS[name][0]} Axes"):
        draw(name, given)


@pytest.mark.sampled(3)
@every_picture
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_figure_of_its_own_is_readable_on_its_background(name, dark, tmp_path):
    before = dict(matplotlib.rcParams)
    with plots.style(dark=dark):
        panels = np.ravel(np.array(draw(name), dtype=object))
        plots.save(panels, tmp_path / "picture.png", dpi=matplotlib.rcParams["figure.dpi"])
    assert_nothing_is_cut_off(panels)
    assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    first = panels[0]
    assert colours_of(first) is (DARK if dark else LIGHT)
    paper = contrast_of(first.figure.get_facecolor())
    for text in texts(panels):
        if text.get_text() and text.get_bbox_patch() is None:
            ink = contrast_of(text.get_color())
            assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 4.5, text.get_text()  # WCAG 2.2, 1.4.3
    pyplot.close(first.figure)


def assert_nothing_is_cut_off(panels):
    """Titles and labels lie within their figure."""
    figure = panels[0].figure
    width, height = figure.canvas.get_width_height()
    for text in [text for panel in panels for text in (panel.title, panel.xaxis.label, panel.yaxis.label)]:
        if text.get_text():
            box = text.get_window_extent()
            assert min(box.x0, box.y0) >= -1, text.get_text()
            assert box.x1 <= width + 1, text.get_text()
            assert box.y1 <= height + 1, text.get_text()


def contrast_of(colour):
    """Relative luminance (WCAG)."""
    rgb = np.array(to_rgb(colour))
    return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_colours_of_classes_differ_and_are_seen(colours):
    palette = colours.of_classes(10)
    assert len(set(palette)) == 10
    paper = contrast_of(colours.paper)
    for colour in palette[:4]:
        ink = contrast_of(colour)
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 2.5, colour
    assert len(set(colours.of_classes(30))) == 30


def test_the_background_of_ones_own_figure_decides():
    figure = Figure(facecolor="black")
    panel = figure.subplots()
    panel.set_facecolor("none")
    assert colours_of(panel) is DARK
    panel.set_facecolor("ivory")
    assert colours_of(panel) is LIGHT
    with matplotlib.rc_context({"text.color": "white"}):
        clear = Figure(facecolor="none").subplots()
        clear.set_facecolor("none")
        assert colours_of(clear) is DARK
    part = Figure(facecolor="white").subfigures(1, 2)[0]
    assert colours_of(part.subplots()) is LIGHT


def test_a_part_of_a_figure_is_saved_whole(tmp_path):
    part = Figure().subfigures(1, 2)[0]
    plots.save(plots.activation("relu", part.subplots()), tmp_path / "a.svg")
    assert "<svg" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: plots.decision_regions(DIGITS, IMAGES), lw.ShapeError, "2 inputs; this one takes 36: use plots.layer"),
        (lambda: plots.decision_regions(CURVE, X), lw.ShapeError, "2 inputs; this one takes 1"),
        (lambda: plots.regression_curve(DIGITS, IMAGES), lw.ShapeError, "1 input; this one takes 36"),
        (lambda: plots.regression_curve(CURVE, X, np.ones((50, 2))), lw.ShapeError, "1 columns"),
        (lambda: plots.pieces(SPIRAL), lw.ShapeError, "1 input; this one takes 2"),
        (lambda: plots.pieces(lw.Network([lw.Dense(1)]).build(1)), lw.ShapeError, "needs hidden units"),
        (lambda: plots.weights(SPIRAL), lw.ShapeError, r"2 numbers, and they make no square: say shape="),
        (lambda: plots.weights(DIGITS, shape=(5, 5)), lw.ShapeError, r"shape=\(5, 5\) does not fit"),
        (lambda: plots.weights(DIGITS, layer=1), lw.ShapeError, r"the layers that have one: \[0, 3\]"),
        (lambda: plots.weights(lw.Network([lw.Dense(2)])), lw.NotBuiltError, "call fit or forward"),
        (lambda: plots.weights(lw.MLPClassifier()), lw.NotBuiltError, "MLPClassifier has no network yet"),
        (lambda: plots.weights("mnist.safetensors"), TypeError, "needs a Network"),
        (lambda: plots.weights(lw.Ensemble([lw.Dense(2)])), TypeError, r"ensemble.networks\[0\]"),
        (lambda: plots.unit_activity(lw.Network([lw.Dense(2)]).build(2), POINTS), lw.ShapeError, "has none"),
        (lambda: plots.mistakes(DIGITS, IMAGES, LABELS[:5]), lw.ShapeError, "one label a sample"),
        (lambda: plots.mistakes(DIGITS, IMAGES, DIGITS.predict(IMAGES)), lw.DataError, "all 40 answers are right"),
        (lambda: plots.predictions(CURVE, X), lw.DataError, "needs one class a sample; .* regression"),
        (lambda: plots.predictions(DIGITS, IMAGES, labels=["a"]), lw.ShapeError, "must name 3 classes; got 1"),
        (lambda: plots.predictions(DIGITS, IMAGES, count=0), ValueError, "count must be a whole number"),
        (lambda: plots.images(np.ones(9)), lw.ShapeError, "a row each"),
        (lambda: plots.images(IMAGES, titles=["one"]), lw.ShapeError, "40 images need as many titles"),
        (lambda: plots.confusion_matrix([0, 1], [0]), lw.ShapeError, "one label a sample"),
        (lambda: plots.confusion_matrix([], []), lw.ShapeError, "at least one"),
        (lambda: plots.confusion_matrix([0, 5], [0, 5], labels=["a", "b"]), lw.DataError, "got 5"),
        (lambda: plots.reliability([0, 3], np.full((2, 3), 1 / 3)), lw.ShapeError, "from 0 to 2"),
        (lambda: plots.reliability(["a"], [[1.0, 0.0]]), lw.ShapeError, "searchsorted"),
        (lambda: plots.reliability([0], [[np.nan, 1]]), lw.DataError, "must be from 0 to 1"),
        (lambda: plots.confusion_matrix([0, 1], ["a", "b"]), lw.DataError, "must be of one kind"),
        (lambda: plots.decision_regions(SPIRAL, POINTS, ARMS, labels=["a"]), lw.ShapeError, "must name 3 classes"),
        (lambda: plots.layer_maps(SPIRAL, POINTS, ARMS, labels=["a"]), lw.ShapeError, "must name 3 classes"),
        (lambda: plots.layer_maps(CURVE, X, SINE), lw.DataError, "was trained for regression: use plots.histograms"),
        (lambda: plots.histograms(DIVERGED, POINTS), lw.DataError, "has diverged"),
        (lambda: plots.coverage([0], [0.5]), lw.ShapeError, r"probabilities \(n, classes\)"),
        (lambda: plots.histograms(SPIRAL, y=ARMS), lw.DataError, "got no X"),
        (lambda: plots.histograms_over_training(lw.Histograms()), lw.DataError, "nothing was recorded"),
        (lambda: plots.histograms_over_training(HISTORY), TypeError, "draws the callback"),
        (lambda: plots.layer_maps(SPIRAL, POINTS[:2], ARMS[:2]), lw.ShapeError, "at least 3 samples"),
        (lambda: plots.learning_rate(lw.LearningRateFinder()), lw.DataError, "has tried some rates"),
        (lambda: plots.activation("softmax"), lw.DataError, "no curve"),
        (lambda: plots.activation(lw.Dense(3)), lw.DataError, "without weights"),
        (lambda: plots.activation("rleu"), lw.UnknownNameError, "did you mean 'ReLU'"),
        (lambda: plots.activation("relu", low=1, high=0), ValueError, "high must be above 1"),
        (lambda: plots.neuron(lw.Neuron([1, 2])), lw.ShapeError, "has 2"),
        (lambda: plots.neuron(1), TypeError, "draws a Neuron"),
        (lambda: plots.importance(BY_COLUMN), TypeError, "draws what permutation_importance returns; got Dependence"),
        (lambda: plots.partial_dependence(SHUFFLED), TypeError, "got Importance"),
        (lambda: plots.robustness(DIGITS, IMAGES, LABELS, noise=(0, -1)), ValueError, "noise must be at least 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, kind, message):
    opened = pyplot.get_fignums()
    with pytest.raises(kind, match=message):
        call()
    assert pyplot.get_fignums() == opened, "an empty figure was left behind"


def test_pictures_are_imported_when_asked_for():
    code = (
        "import sys, layerwise as lw; assert 'layerwise.plots' not in sys.modules; lw.plots;"
        "assert 'matplotlib' not in sys.modules; assert 'plots' in dir(lw)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_it_says_how_to_get_it():
    code = """
import sys
sys.modules["matplotlib"] = None
import layerwise as lw
for call in (lambda: lw.plots.activation("relu"), lambda: lw.plots.style(), lambda: lw.plots.images([[1.0]])):
    try:
        call()
    except ImportError as error:
        assert "pip install 'layerwise[plot]'" in str(error), error
    else:
        raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
