"""Images with colours, and models of a folder's pictures: drawn as they are, in their own shape."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.datasets.pictures import PictureForm
from layerwise.errors import ShapeError

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from layerwise import plots
from layerwise.plots.robustness import moved, turned


def axes(count=None):
    figure = Figure(figsize=(6, 6), facecolor="white")
    return figure.subplots() if count is None else figure.subplots(1, count)


def model_of(form, X, y):
    """A network trained on rows of this form, which knows it."""
    net = lw.Network([lw.Dense(len(set(y))), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=2, verbose=False)
    net.notes = {"pictures": form.to_dict()}
    return net


def pictures(rng, form, n=12):
    return rng.integers(0, 256, (n, form.n_in), np.uint8), np.repeat(["a", "b"], n // 2)


def test_colours_are_drawn_as_they_are(rng):
    X = rng.integers(0, 256, (2, 3, 4, 3), np.uint8)
    for panel in (plots.images(X, axes()), plots.images(X.reshape(2, -1), axes(), shape=(3, 4, 3))):
        for image, drawn in zip(X, panel.get_images(), strict=True):
            np.testing.assert_allclose(drawn.get_array(), image / 255)
    panel = plots.images(np.array([[[[-1.0, 0, 1]]], [[[3.0, 1, 1]]]]), axes())  # others from the least to the largest
    np.testing.assert_allclose(
        [drawn.get_array().ravel() for drawn in panel.get_images()], [[0, 0.25, 0.5], [1, 0.5, 0.5]]
    )


@pytest.mark.parametrize("shape", [(3, 4, 2), (3, 4), (36,), (3, 3, 4)])
def test_shapes_that_are_no_image(rng, shape):
    with pytest.raises(ShapeError, match="does not fit"):
        plots.images(rng.random((2, 36)), axes(), shape=shape)
    with pytest.raises(ShapeError, match=r"or \(height, width, 3\) with colours"):
        plots.images(rng.random((2, 37)), axes())


def test_model_of_colours_is_drawn_in_its_own_shape(rng):
    form = PictureForm(3, 4, color=True)  # 36 numbers, which would make a grey square too
    X, y = pictures(rng, form)
    model = model_of(form, X, y)
    for drawn in (plots.predictions(model, X, y, axes()), plots.mistakes(model, X, np.roll(y, 6), axes())):
        assert {image.get_array().shape for image in drawn.get_images()} == {(3, 4, 3)}
    np.testing.assert_allclose(
        plots.predictions(model, X, y, axes()).get_images()[5].get_array(), X[5].reshape(3, 4, 3) / 255
    )
    panel = plots.weights(model, axes())
    W = np.asarray(model.get_parameters()[0], float)
    limit = np.quantile(abs(W), 0.998)
    for image, words in zip(panel.get_images(), panel.texts, strict=True):
        w = W[:, int(words.get_text().removeprefix("neuron "))].reshape(3, 4, 3)
        np.testing.assert_allclose(image.get_array(), np.clip(0.5 + w / (2 * limit), 0, 1), atol=1e-6)
    assert len(plots.robustness(model, X, y, axes(3), noise=(0,), rotation=(0, 9), shift=(0,))) == 3


def test_grey_photographs_are_light_where_they_are_and_drawings_are_ink(rng):
    for drawing in (False, True):
        form = PictureForm(4, 5, drawing=drawing)
        X, y = pictures(rng, form)
        drawn = plots.predictions(model_of(form, X, y), X, y, axes()).get_images()[0]
        if drawing:
            np.testing.assert_array_equal(drawn.get_array(), X[0].reshape(4, 5))
            assert drawn.get_cmap().name == "gray_r"
        else:
            np.testing.assert_allclose(drawn.get_array(), np.repeat(X[0].reshape(4, 5, 1) / 255, 3, axis=2))


def test_channels_are_turned_and_moved_together(rng):
    X = rng.integers(0, 256, (2, 5, 6, 3), np.uint8)
    for change in (lambda rows, shape: turned(rows, shape, 30), lambda rows, shape: moved(rows, shape, 1, -2)):
        whole = change(X.reshape(2, -1), (5, 6, 3)).reshape(X.shape)
        for channel in range(3):
            alone = change(X[..., channel].reshape(2, -1), (5, 6)).reshape(2, 5, 6)
            np.testing.assert_array_equal(whole[..., channel], alone)
