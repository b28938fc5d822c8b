"""Learning curves: what is drawn is what was recorded, and no global state is touched to save them."""

import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise.plots import learning_curves, save_learning_curves

figure = pytest.importorskip("matplotlib.figure")

HISTORY = {
    "loss": [0.9, 0.5, 0.3],
    "val_loss": [0.8, 0.6, 0.7],
    "accuracy": [0.5, 0.7, 0.9],
    "val_accuracy": [0.55, 0.75, 0.65],
}


def lines(panel):
    return {line.get_label(): line.get_xydata() for line in panel.get_lines()}


def test_panels_show_the_history():
    loss, accuracy = learning_curves(HISTORY, figure.Figure().subplots(1, 2))
    np.testing.assert_allclose(lines(loss)["training"], [[1, 0.9], [2, 0.5], [3, 0.3]])
    np.testing.assert_allclose(lines(loss)["validation"], [[1, 0.8], [2, 0.6], [3, 0.7]])
    np.testing.assert_allclose(lines(accuracy)["training"], [[1, 50], [2, 70], [3, 90]])
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "loss")
    assert accuracy.get_ylabel() == "accuracy, %"


def test_best_epoch_is_that_of_the_validation_data():
    loss, accuracy = learning_curves(HISTORY, figure.Figure().subplots(1, 2))
    np.testing.assert_allclose(lines(loss)["best: 0.6, epoch 2"], [[2, 0.6]])
    np.testing.assert_allclose(lines(accuracy)["best: 75.00%, epoch 2"], [[2, 75]])


def test_without_validation_the_best_is_that_of_the_training():
    [loss] = learning_curves({"loss": [0.9, 0.5, 0.3]}, figure.Figure().subplots())
    assert "best: 0.3, epoch 3" in lines(loss)
    assert "validation" not in lines(loss)


def test_axes_given_are_used_and_returned():
    axes = figure.Figure().subplots(1, 2)
    assert learning_curves(HISTORY, axes).tolist() == axes.tolist()


def test_without_axes_a_figure_of_pyplot_is_made():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = learning_curves(HISTORY)
    assert plt.gcf() is panels[0].figure
    plt.close(panels[0].figure)


@pytest.mark.parametrize("history", [{}, {"loss": []}, lw.History()])
def test_empty_history_is_refused(history):
    with pytest.raises(lw.ShapeError, match="at least one epoch"):
        learning_curves(history, figure.Figure().subplots())


def test_wrong_number_of_axes_is_refused():
    with pytest.raises(lw.ShapeError, match="takes 2 Axes, one a panel; got 1"):
        learning_curves(HISTORY, figure.Figure().subplots())


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("plain", b"\x89PNG")])
def test_the_file_is_a_picture(tmp_path, name, magic):
    save_learning_curves(HISTORY, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(lw.UnknownNameError, match="no format for pictures"):
        save_learning_curves(HISTORY, tmp_path / "a.xyz")


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no directory"):
        save_learning_curves(HISTORY, tmp_path / "absent" / "a.png")


def test_saving_does_not_touch_pyplot(tmp_path):
    code = (
        "import sys; from layerwise.plots import save_learning_curves; assert 'matplotlib' not in sys.modules;"
        f"save_learning_curves({HISTORY!r}, {str(tmp_path / 'a.png')!r}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_several_by_name_are_compared():
    one = {"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]}
    short = {"loss": [1.2, np.nan]}
    [panel] = learning_curves({"$5 - $10": one, "_hidden": short}, figure.Figure().subplots())
    texts = [text.get_text() for text in panel.get_legend().get_texts()]
    assert [text.endswith(end) for text, end in zip(texts, ["0.6, epoch 2", "1.2, epoch 1"], strict=True)] == [True] * 2
    thin, watched, *_ = panel.get_lines()
    assert list(thin.get_ydata()) == one["loss"]
    assert list(watched.get_ydata()) == one["val_loss"]
    panel.figure.canvas.draw()
    with pytest.raises(TypeError, match="several by name"):
        learning_curves([one, short])
