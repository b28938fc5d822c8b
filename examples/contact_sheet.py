"""Every picture there is, of a small network trained on MNIST and of smaller ones, on one sheet: light and dark.

python examples/contact_sheet.py [FOLDER]           each picture by itself goes into FOLDER, too, if one is given
python examples/contact_sheet.py FOLDER NAME...     only these pictures and the diagram; docs/images is made by it
"""

import sys
from pathlib import Path

import numpy as np

import layerwise as lw


def networks():
    """What is drawn: a classifier of digits, one of a spiral, one of noisy points, and a sine."""
    (X, y), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
    recorder = lw.Histograms(X_val[:200], y_val[:200])
    digits = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(32), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    history = digits.fit(
        X, y, optimizer=lw.Adam(0.002), penalty=lw.L2(1e-4), batch_size=64, epochs=6,
        validation_data=(X_val, y_val), callbacks=recorder, verbose=False,
    )  # fmt: skip
    untrained = lw.Network(digits.layers, random_state=1)
    finder = lw.find_learning_rate(untrained, X, y, optimizer="adam", batch_size=64)
    points, arms = lw.datasets.make_spiral()
    spiral = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    spiral.fit(points, arms, optimizer=lw.Adam(0.05), epochs=400, batch_size=300, verbose=False)
    x, wave = lw.datasets.make_sine(200)
    sine = lw.Network([lw.Dense(24, biases="uniform"), lw.ReLU(), lw.Dense(1)], random_state=1, scaling="standard")
    sine.fit(x, wave, optimizer=lw.Adam(0.02), epochs=2000, batch_size=200, verbose=False)
    return digits, history, recorder, finder, (X_test, y_test), spiral, (points, arms), sine, (x, wave)


def pictures():
    """A name, and a function that draws it, for every picture; and the diagram."""
    digits, history, recorder, finder, (X, y), spiral, (points, arms), sine, (x, wave) = networks()
    answers, shares = digits.predict(X), digits.predict_proba(X)
    first = lw.Neuron([1.0], bias=0.5, activation=lw.ReLU())
    second = lw.Neuron([-1.0], bias=1.0, activation=lw.ReLU())
    plots = lw.plots
    drawn = {
        "learning_curves": lambda: plots.learning_curves(history),
        "learning_rate": lambda: plots.learning_rate(finder),
        "activation": lambda: plots.activation("gelu"),
        "neuron": lambda: plots.neuron(lw.Neuron([2.0], bias=-1.0, activation=lw.ReLU())),
        "neuron_pair": lambda: plots.neuron_pair(first, second),
        "pieces": lambda: plots.pieces(sine, x, wave),
        "decision_regions": lambda: plots.decision_regions(spiral, points, arms),
        "regression_curve": lambda: plots.regression_curve(sine, x, wave),
        "confusion_matrix": lambda: plots.confusion_matrix(y, answers),
        "confusion_of_two": lambda: plots.confusion_matrix(y == 8, answers == 8, labels=["another digit", "an eight"]),
        "images": lambda: plots.images(X[:20], titles=[str(label) for label in y[:20]]),
        "predictions": lambda: plots.predictions(digits, X, y, count=40),
        "mistakes": lambda: plots.mistakes(digits, X, y),
        "weights": lambda: plots.weights(digits),
        "histograms": lambda: plots.histograms(digits, X, y),
        "histograms_over_training": lambda: plots.histograms_over_training(recorder),
        "unit_activity": lambda: plots.unit_activity(digits, X),
        "layer_maps": lambda: plots.layer_maps(digits, X, y),
        "reliability": lambda: plots.reliability(y, shares),
        "coverage": lambda: plots.coverage(y, shares),
        "robustness": lambda: plots.robustness(digits, X, y),
    }
    small = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    small.fit(X, y, epochs=3, verbose=False)
    return drawn, lw.Diagram(small, X[0])


def write(figure, path):
    """As PNG with few colours, which is small."""
    from PIL import Image

    lw.plots.save(figure, path, dpi=80)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(128).save(path, optimize=True)


def draw_sheet(drawn, dark, folder):
    """Draw all pictures, side by side on a sheet; and, in a folder, each by itself."""
    from matplotlib import pyplot

    ending = "-dark.png" if dark else ".png"
    with lw.plots.style(dark):
        shown = {}
        for name, draw in drawn.items():
            figure = np.ravel(draw())[0].figure
            figure.canvas.draw()
            shown[name] = np.asarray(figure.canvas.buffer_rgba()).copy()
            if folder is not None:
                write(figure, Path(folder) / f"{name}{ending}")
            pyplot.close(figure)
        columns = min(4, len(shown))
        lines = -(-len(shown) // columns)
        sheet, axes = pyplot.subplots(lines, columns, figsize=(6 * columns, 4.6 * lines), layout="constrained")
        for panel in np.ravel(axes):
            panel.set_axis_off()
        for (name, image), panel in zip(shown.items(), np.ravel(axes)):
            panel.imshow(image)
            panel.set_title(name, fontsize=14)
        write(sheet, Path(folder or ".") / f"contact-sheet{ending}")
        pyplot.close(sheet)


def main(folder=None, *names):
    import matplotlib

    matplotlib.use("Agg")
    drawn, diagram = pictures()
    with lw.plots.style():
        for name in names:
            write(np.ravel(drawn[name]())[0].figure, Path(folder) / f"{name}.png")
    for dark in () if names else (False, True):
        draw_sheet(drawn, dark, folder)
    if folder is not None:
        diagram.save(Path(folder) / "diagram.svg")


if __name__ == "__main__":
    main(*sys.argv[1:])
