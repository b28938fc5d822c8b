"""What is drawn is what is so: numbers found in the Axes, beside those computed by other means."""

import math

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tasks import Task
from layerwise.parts.layers import ACTIVATIONS

pytest.importorskip("matplotlib")
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from layerwise import plots
from layerwise.plots.functions import value_and_slope
from layerwise.plots.maps import plane
from layerwise.plots.robustness import moved, noisy, turned
from layerwise.plots.style import LIGHT
from layerwise.training.callbacks.histograms import gradients


def axes(count=None):
    figure = Figure(figsize=(6, 6), facecolor="white")
    return figure.subplots() if count is None else figure.subplots(1, count)


def luminance(colour):
    """Relative luminance (WCAG)."""
    rgb = np.array(to_rgb(colour))
    return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))


def lines(panel):
    return {line.get_label(): np.array(line.get_xydata()) for line in panel.get_lines()}


def words(panel):
    return [text.get_text() for text in panel.texts]


@pytest.fixture(scope="module")
def spiral_net(spiral):
    net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(*spiral, optimizer=lw.Adam(0.05), epochs=60, batch_size=300, verbose=False)
    return net


# ---------------------------------------------------------------- functions


@pytest.mark.parametrize("kind", [k for k in ACTIVATIONS if k().gives != "distribution"], ids=lambda k: k.__name__)
def test_an_activation_and_its_slope(kind):
    panel = plots.activation(kind(), axes(), low=-3, high=3)
    found = lines(panel)
    x, y = found["f(x)"].T
    assert (x[0], x[-1]) == (-3, 3)
    there = np.isfinite(y)
    np.testing.assert_allclose(y[there], kind()(x[:, None])[there, 0], rtol=1e-12)
    h = 1e-6
    smooth = np.abs(x) > 1e-3  # away from the kink at 0
    slope = (kind()((x + h)[:, None]) - kind()((x - h)[:, None]))[:, 0] / (2 * h)
    drawn = found["f'(x)"][:, 1]
    there = np.isfinite(drawn) & smooth
    assert there.sum() > 1000
    np.testing.assert_allclose(drawn[there], slope[there], atol=1e-7)


def test_a_step_is_no_slope():
    y = lines(plots.activation("step", axes()))["f(x)"][:, 1]
    assert np.isnan(y).sum() == 1
    assert set(y[np.isfinite(y)]) == {0.0, 1.0}


def test_an_activation_of_ones_own_is_drawn():
    class Square(lw.Activation):
        def forward(self, p, x, out):
            out[:] = x**2

        def backward(self, p, x, y, dy, g, dx):
            dx[:] = dy * 2 * x

    np.testing.assert_allclose(value_and_slope(Square(), np.array([3.0])), [[9], [6]])
    assert plots.activation(Square(), axes()).get_title() == "Square() and its derivative"


@pytest.mark.parametrize(
    ("w", "b", "word"), [(2, -1, "activated from x = 0.5 on"), (-4, 1, "deactivated from x = 0.25")]
)
def test_a_neuron_is_activated_where_its_sum_is_0(w, b, word):
    panel = plots.neuron(lw.Neuron([w], bias=b, activation=lw.ReLU()), axes())
    found = lines(panel)
    x, y = found["ReLU(w x + b)"].T
    np.testing.assert_allclose(y, np.maximum(w * x + b, 0), atol=1e-12)
    [mark] = [points for label, points in found.items() if label.startswith(word)]
    np.testing.assert_allclose(mark, [[-b / w, 0]], atol=1e-12)
    assert x[0] < -b / w < x[-1]


def test_a_neuron_whose_weight_is_0_is_drawn():
    assert "ReLU(w x + b)" in lines(plots.neuron(lw.Neuron([0.0], bias=1.0, activation=lw.ReLU()), axes()))


def test_a_pair_follows_its_input_between_its_two_points():
    """1st: h = ReLU(x + 0.5), 2nd: ReLU(1 - h): 1 up to -0.5, then down to 0 at 0.5, where h = 1."""
    first = lw.Neuron([1.0], bias=0.5, activation=lw.ReLU())
    second = lw.Neuron([-1.0], bias=1.0, activation=lw.ReLU())
    found = lines(plots.neuron_pair(first, second, axes()))
    x, y = found["2nd: ReLU(-1 h + 1)"].T
    np.testing.assert_allclose(y, np.clip(0.5 - x, 0, 1), atol=1e-12)
    np.testing.assert_allclose(found["1st: activated from x = -0.5 on"], [[-0.5, 1]], atol=1e-9)
    np.testing.assert_allclose(found["2nd: deactivated from x = 0.5 on"], [[0.5, 0]], atol=1e-9)


def test_pieces_sum_to_the_output():
    """Two ReLUs by hand: 3 ReLU(x) - 4 ReLU(x - 1/2) + 1/4."""
    net = lw.Network([lw.Dense(2, [[1, 1]], [0, -0.5]), lw.ReLU(), lw.Dense(1, [[3], [-4]], [0.25])], dtype="float64")
    found = lines(plots.pieces(net, ax=axes(), low=-1, high=1))
    one, two = found["pieces: 2 of 2 neurons"], found["_neuron 1"]
    total = found["their sum: the output"]
    x = total[:, 0]
    np.testing.assert_allclose(one[:, 1], 3 * np.maximum(x, 0), atol=1e-12)
    np.testing.assert_allclose(two[:, 1], -4 * np.maximum(x - 0.5, 0), atol=1e-12)
    np.testing.assert_allclose(total[:, 1], one[:, 1] + two[:, 1] + 0.25, atol=1e-12)
    np.testing.assert_allclose(found["_points of neuron 0"][:, 0], [0], atol=1e-9)
    np.testing.assert_allclose(found["_points of neuron 1"][:, 0], [0.5], atol=1e-9)


def test_a_neuron_that_does_nothing_is_no_piece():
    net = lw.Network([lw.Dense(2, [[1, 1]], [0, -50]), lw.ReLU(), lw.Dense(1, [[3], [-4]])], dtype="float64")
    assert "pieces: 1 of 2 neurons" in lines(plots.pieces(net, ax=axes()))


# ---------------------------------------------------------------- regions


def test_each_point_has_the_colour_of_its_answer(spiral, spiral_net):
    panel = plots.decision_regions(spiral_net, *spiral, axes(), resolution=40)
    image = panel.get_images()[0]
    shown, (x0, x1, y0, y1) = np.asarray(image.get_array()), image.get_extent()
    grid = np.stack(np.meshgrid(np.linspace(x0, x1, 40), np.linspace(y0, y1, 40)), axis=-1).reshape(-1, 2)
    palette = np.array([to_rgb(colour) for colour in LIGHT.of_classes(3)])
    tint = 1 - shown.reshape(-1, 1, 3)  # on white: a share of (1 - colour)
    full = 1 - palette[None]
    shares = (tint * full).sum(-1) / (full**2).sum(-1)
    nearest = np.abs(tint - shares[..., None] * full).sum(-1).argmin(1)
    assert image.origin == "lower"
    np.testing.assert_array_equal(nearest, spiral_net.predict(grid))
    confidence = spiral_net.predict_proba(grid).max(1)
    np.testing.assert_allclose(shares.max(1)[confidence > 0.99], 0.5, atol=0.01)
    accuracy = spiral_net.evaluate(*spiral)["accuracy"]
    assert f"{accuracy:.1%} of 300 right" in panel.get_title()
    wrong = next(dots for dots in panel.collections if str(dots.get_label()).startswith("wrong"))
    np.testing.assert_allclose(wrong.get_offsets(), spiral[0][spiral_net.predict(spiral[0]) != spiral[1]])


def test_regions_of_classes_with_names_and_of_other_models():
    from sklearn.linear_model import LogisticRegression

    X, y = lw.datasets.make_vertical(30)
    names = np.array(["left", "middle", "right"])[y]
    for model in (
        lw.MLPClassifier(max_iter=60, tol=0.1, random_state=0).fit(X, names), LogisticRegression().fit(X, names)
    ):  # fmt: skip
        panel = plots.decision_regions(model, X, names, axes(), resolution=10)
        assert {text.get_text() for text in panel.get_legend().get_texts()} >= set(names)
    ensemble = lw.Ensemble([lw.Dense(3), lw.Softmax()], size=2, random_state=0)
    ensemble.fit(X, names, epochs=2, verbose=False)
    plots.decision_regions(ensemble, X, names, axes(), resolution=10)


def test_regions_of_a_yes_or_no():
    X, y = lw.datasets.make_vertical(30, 2)
    net = lw.Network([lw.Dense(1), lw.Sigmoid()], random_state=0)
    net.fit(X, y, epochs=2, verbose=False)
    assert (
        f"{net.evaluate(X, y)['accuracy']:.1%}" in plots.decision_regions(net, X, y, axes(), resolution=9).get_title()
    )


def test_the_curve_of_a_regression():
    net = lw.Network([lw.Dense(1, [[2.0]], [1.0])], dtype="float64")
    X = np.array([[0.0], [1.0], [3.0]])
    found = lines(plots.regression_curve(net, X, [1.0, 3.0, 6.0], axes()))
    np.testing.assert_allclose(found["data"], [[0, 1], [1, 3], [3, 6]])
    x, y = found["answer"].T
    np.testing.assert_allclose(y, 2 * x + 1)
    assert x[0] < 0
    assert x[-1] > 3


# ---------------------------------------------------------------- confusions


def test_the_counts_and_shares_of_confusions():
    true, said = [0] * 200 + [1] * 100, [0] * 150 + [1] * 50 + [1] * 99 + [0]
    panel = plots.confusion_matrix(true, said, axes(), labels=["cat", "dog"])
    assert words(panel) == ["150\n75%", "50\n25%", "1\n1.0%", "99\n99%"]
    assert panel.get_title() == "83.00% right: 249 of 300"
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["cat", "dog"]
    assert (panel.get_ylabel(), panel.get_xlabel()) == ("true class", "answer")


@pytest.mark.parametrize("classes", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (10, 20))])
def test_the_numbers_are_readable_and_fit_their_fields(classes):
    rng = np.random.default_rng(0)
    true = rng.integers(0, classes, 10_000)
    said = np.where(rng.random(10_000) < 0.9, true, rng.integers(0, classes, 10_000))
    with plots.style():
        panel = plots.confusion_matrix(true, said)
    panel.figure.canvas.draw()
    field = panel.get_window_extent().width / classes
    shown = np.asarray(panel.get_images()[0].get_array()).reshape(-1, 3)
    for text, behind in zip(panel.texts, shown, strict=True):
        ink, paper = luminance(text.get_color()), luminance(behind)
        assert not text.get_text() or (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 3.9
    for text in panel.texts:
        box = text.get_window_extent()
        assert box.width < field
        assert box.height < field
        assert text.get_fontsize() >= 4.5
    from matplotlib import pyplot

    pyplot.close(panel.figure)


def test_labels_that_are_names_keep_the_order_given():
    panel = plots.confusion_matrix(["b", "a"], ["b", "b"], axes(), labels=["b", "a", "c"])
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["b", "a", "c"]
    assert words(panel) == ["1\n100%", "", "", "1\n100%", "", "", "", "", ""]


# ---------------------------------------------------------------- images


@pytest.fixture(scope="module")
def shades():
    """A network by hand that tells bright 2x2 images from dark ones: the surer, the farther from the middle."""
    W = np.array([[-5.0, 5.0]] * 4) / 4
    net = lw.Network([lw.Dense(2, W, [2.5, -2.5]), lw.Softmax()], dtype="float64")
    net.task = Task("classification", np.array([0, 1]))
    return net


def test_the_worst_mistakes_come_first(shades):
    X = np.repeat([[0.1], [0.45], [0.9], [0.6], [1.0]], 4, axis=1)
    y = [1, 1, 0, 0, 1]  # the first four are wrong, the last is right
    # sure of it: 1 / (1 + e^-|10 v - 5|) for the brightness v
    share = {v: 1 / (1 + math.exp(-abs(10 * v - 5))) for v in (0.1, 0.45, 0.9, 0.6)}
    panel = plots.mistakes(shades, X, y, axes(), count=3)
    assert panel.get_title() == "The 3 worst of 4 mistakes among 5 images"
    assert words(panel) == [f"0 {share[0.1]:.0%}\nis 1", f"1 {share[0.9]:.0%}\nis 0", f"1 {share[0.6]:.0%}\nis 0"]
    np.testing.assert_allclose([image.get_array()[0, 0] for image in panel.get_images()], [0.1, 0.9, 0.6])


def test_answers_stand_above_their_images(shades):
    X = np.repeat([[0.0], [0.7]], 4, axis=1)
    panel = plots.predictions(shades, X, [0, 0], axes(), labels=["dark", "bright"])
    assert words(panel) == ["dark 99%", "bright 88%\nis dark"]
    assert [text.get_color() for text in panel.texts] == [LIGHT.ink, LIGHT.series[1]]
    assert "1 of 2 right" in panel.get_title()
    assert words(plots.predictions(shades, X, ax=axes(), count=1)) == ["0 99%"]


def test_images_stand_upright_and_in_order():
    X = np.arange(24.0).reshape(4, 6)
    panel = plots.images(X, axes(), shape=(2, 3), columns=2)
    shown = panel.get_images()
    np.testing.assert_array_equal(shown[1].get_array(), [[6, 7, 8], [9, 10, 11]])
    places = [image.get_extent() for image in shown]
    assert places[0][1] < places[1][0]  # the second stands to the right of the first
    assert places[0][2] < places[2][3]  # the third below it; y runs downwards
    assert panel.yaxis_inverted()


def test_weights_are_shown_by_size_about_0(rng):
    W = rng.normal(size=(6, 4)) * [1, 4, 2, 3]
    net = lw.Network([lw.Dense(4, W), lw.ReLU(), lw.Dense(2)], dtype="float64")
    panel = plots.weights(net, axes(), shape=(2, 3), count=3)
    order = np.argsort(-np.linalg.norm(W, axis=0))[:3]
    assert words(panel) == [f"neuron {i}" for i in order]
    for image, i in zip(panel.get_images(), order, strict=True):
        np.testing.assert_allclose(image.get_array(), W[:, i].reshape(2, 3))
        low, high = image.get_clim()
        assert low == -high


# ---------------------------------------------------------------- distributions


def test_histograms_hold_all_weights_outputs_and_gradients(spiral, spiral_net):
    panels = plots.histograms(spiral_net, *spiral, axes(6))
    for panel in panels:
        assert panel.patches[0].get_data().values.sum() == pytest.approx(1)
    outputs = spiral_net.activations(spiral[0])
    assert f"σ = {spiral_net.get_parameters()[0].std():.2g}" in words(panels[0])[0]
    assert f"{(outputs[1] == 0).mean():.0%} are 0" in words(panels[2])[0]
    assert f"σ = {outputs[3].std():.2g}" in words(panels[3])[0]


def test_the_gradients_are_those_of_back_propagation(spiral, spiral_net):
    before = spiral_net.theta.copy(), spiral_net.grad.copy()
    found = np.concatenate([array.ravel() for g in gradients(spiral_net, *spiral) for array in vars(g).values()])
    expected = lw.gradcheck(spiral_net, *spiral).gradients[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(before, (spiral_net.theta, spiral_net.grad))


def test_records_over_a_training(spiral):
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0).build(2)
    first = net.get_parameters()[0]
    recorder = lw.Histograms(*spiral, every=2)
    net.fit(*spiral, epochs=5, callbacks=recorder, verbose=False)
    assert recorder.epochs == [0, 2, 4]
    assert recorder.layers("outputs") == [0, 1, 2, 3]
    assert recorder.layers("gradients") == recorder.layers("weights") == [0, 2]
    quantiles = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    np.testing.assert_allclose(recorder.quantiles("weights", 0)[0], np.quantile(first, quantiles), rtol=1e-6)
    panels = plots.histograms_over_training(recorder, axes(6))
    np.testing.assert_allclose(
        lines(panels[0])["median"], np.stack([[0, 2, 4], recorder.quantiles("weights", 0)[:, 3]], axis=1)
    )
    assert panels[2].get_title() == "outputs of layer 1, ReLU"
    with pytest.raises(lw.DataError, match="no weights of layer 1; recorded: weights of layer 0"):
        recorder.quantiles("weights", 1)


def test_recording_changes_no_bit_of_the_training(spiral):
    thetas = []
    for callbacks in ((), lw.Histograms(*spiral)):
        net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dropout(0.3), lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(*spiral, epochs=3, callbacks=callbacks, verbose=False)
        thetas.append(net.theta)
    np.testing.assert_array_equal(*thetas)


# ---------------------------------------------------------------- units and maps


def test_dead_and_busy_units():
    """Of four units one is dead, one is always on, one is on for x > 0.5, one for x > 0."""
    net = lw.Network([lw.Dense(4, [[1, 1, 1, 1]], [-9, 9, -0.5, 0]), lw.ReLU(), lw.Dense(1)], random_state=0)
    panel = plots.unit_activity(net, np.array([[-1.0], [0.25], [0.75], [1.0]]), axes())
    assert panel.get_title() == "How often each unit is active: 1 of 4 is dead"
    assert words(panel) == ["1 dead\n1 always on"]
    strip = np.asarray(panel.get_images()[0].get_array())[0]
    np.testing.assert_allclose(strip[3], to_rgb(LIGHT.series[1]))
    from matplotlib import colormaps

    np.testing.assert_allclose(strip[:3], colormaps["cividis"]([1.0, 0.75, 0.5])[:, :3])


def test_a_sigmoid_is_active_above_a_half():
    net = lw.Network([lw.Dense(1, [[1.0]]), lw.Sigmoid(), lw.Dense(1)], random_state=0)
    panel = plots.unit_activity(net, np.array([[-1.0], [-2.0], [3.0], [-1.0]]), axes())
    assert words(panel) == ["mean 25%"]


def test_the_plane_is_that_of_principal_components(rng):
    from sklearn.decomposition import PCA

    values = rng.normal(size=(60, 8)) @ rng.normal(size=(8, 8))
    places, kept = plane(values)
    pca = PCA(2, svd_solver="full").fit(values)
    np.testing.assert_allclose(np.abs(places), np.abs(pca.transform(values)), atol=1e-8)
    assert kept == pytest.approx(pca.explained_variance_ratio_.sum())
    for flat in (np.ones((5, 3)), np.arange(5.0)[:, None]):
        places, kept = plane(flat)
        assert kept == 1
        assert np.isfinite(places).all()


def test_maps_show_every_sample_once(spiral, spiral_net):
    panels = plots.layer_maps(spiral_net, *spiral, axes(3))
    assert [panel.get_title().split("\n")[0] for panel in panels] == [
        "inputs", "Dense 32, ReLU", "Dense 3, before Softmax"
    ]  # fmt: skip
    for panel in panels:
        assert [len(dots.get_offsets()) for dots in panel.collections] == [100, 100, 100]
        assert words(panel) == ["0", "1", "2"]
    drawn = np.concatenate([dots.get_offsets() for dots in panels[1].collections])
    np.testing.assert_allclose(drawn, plane(spiral_net.activations(spiral[0])[1])[0])


# ---------------------------------------------------------------- confidence


def test_reliability_by_hand():
    """Confidences 0.6 (right, wrong), 0.9 (right), 0.95 (right): |0.6 - 0.5| · 2/4 + |0.925 - 1| · 2/4 = 0.0875."""
    shares = np.array([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.05, 0.95]])
    y = [0, 1, 1, 1]
    assert lw.metrics.expected_calibration_error(y, shares, bins=5) == pytest.approx(0.0875)
    panel = plots.reliability(y, shares, axes(), bins=5)
    np.testing.assert_allclose(lines(panel)["right"], [[60, 50], [92.5, 100]])
    bars = panel.patches[0].get_data()
    np.testing.assert_allclose(bars.values, [0, 0, 50, 0, 50])
    np.testing.assert_allclose(bars.edges, [0, 20, 40, 60, 80, 100])
    assert "8.8%" in panel.get_title() or "8.7%" in panel.get_title()


def test_a_calibrated_model_has_no_error(rng):
    p = rng.uniform(0.5, 1, 200_000)
    y = (rng.random(len(p)) > p).astype(int)  # class 0 with the probability that is said
    shares = np.stack([p, 1 - p], axis=1)
    assert lw.metrics.expected_calibration_error(y, shares) < 0.005
    sharper = shares**3 / (shares**3).sum(axis=1, keepdims=True)
    assert lw.metrics.expected_calibration_error(y, sharper) > 0.05


def test_coverage_by_hand():
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55]])
    panel = plots.coverage([0, 1, 1, 1], shares, axes())  # surest first: right, right, wrong, right
    found = lines(panel)["accuracy of what is answered"]
    np.testing.assert_allclose(found, [[25, 100], [50, 100], [75, 200 / 3], [100, 75]])


# ---------------------------------------------------------------- robustness


def test_a_quarter_turn_and_whole_pixels(rng):
    images = rng.integers(0, 256, (3, 25), dtype=np.uint8)
    pictures = images.reshape(3, 5, 5)
    np.testing.assert_array_equal(turned(images, (5, 5), 0), images)
    for degrees, k in ((90, 1), (-90, -1), (180, 2)):
        np.testing.assert_array_equal(turned(images, (5, 5), degrees).reshape(3, 5, 5), np.rot90(pictures, k, (1, 2)))
    expected = np.zeros_like(pictures)
    expected[:, 1:, :-2] = pictures[:, :-1, 2:]
    np.testing.assert_array_equal(moved(images, (5, 5), 1, -2).reshape(3, 5, 5), expected)
    assert moved(images, (5, 5), 1, 0).dtype == np.uint8


def test_noise_has_its_deviation():
    grey = np.full((50, 400), 0.5)
    assert noisy(grey, 0.1, 0).std() == pytest.approx(0.1, rel=0.02)
    np.testing.assert_array_equal(noisy(grey, 0.1, 0), noisy(grey, 0.1, 0))


def test_the_accuracy_of_disturbed_images():
    """A network that looks at the middle pixel alone: it is blind to turns, and lost when the pixel has moved away."""
    W = np.zeros((9, 2))
    W[4] = [-8, 8]
    net = lw.Network([lw.Dense(2, W, [4, -4]), lw.Softmax()], dtype="float64")
    X = np.zeros((20, 9))
    X[10:, 4] = 1.0
    y = np.repeat([0, 1], 10)
    panels = plots.robustness(net, X, y, axes(3), noise=(0, 0.01), rotation=(0, 45, 90), shift=(0, 1))
    drawn = [panel.get_lines()[0].get_xydata() for panel in panels]
    np.testing.assert_allclose(drawn[0], [[0, 100], [1, 100]])
    np.testing.assert_allclose(drawn[1], [[0, 100], [45, 100], [90, 100]])
    np.testing.assert_allclose(drawn[2], [[0, 100], [1, 50]])
    assert panels[2].get_title() == "Shift: 100.0% to 50.0%"
