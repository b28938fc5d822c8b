"""Every picture there is, of a small network trained on MNIST and of smaller ones, on one sheet: light and dark.

python examples/contact_sheet.py [FOLDER]      each picture by itself goes into FOLDER, too, if one is given
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
        X, y, optimizer=lw.Adam(0.002), penalty=lw.L2(1e-4), batch_size=64, epochs=6, validation_data=(X_val, y_val), callbacks=recorder,
        verbose=False,
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
    """A name, and a function that draws it, for every picture."""
    digits, history, recorder, finder, (X, y), spiral, (points, arms), sine, (x, wave) = networks()
    answers, shares = digits.predict(X), digits.predict_proba(X)
    first = lw.Neuron([1.0], bias=0.5, activation=lw.ReLU())
    second = lw.Neuron([-1.0], bias=1.0, activation=lw.ReLU())
    plots = lw.plots
    return {
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


def main(folder=None):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = pictures()
    for dark in (False, True):
        sheet = []
        with lw.plots.style(dark):
            for name, draw in drawn.items():
                figure = np.ravel(draw())[0].figure
                figure.canvas.draw()
                sheet.append((name, np.asarray(figure.canvas.buffer_rgba()).copy()))
                if folder is not None:
                    lw.plots.save(figure, Path(folder) / f"{name}{'-dark' if dark else ''}.png", dpi=80)
                pyplot.close(figure)
            columns = 4
            lines = -(-len(sheet) // columns)
            whole, axes = pyplot.subplots(lines, columns, figsize=(6 * columns, 4.6 * lines), layout="constrained")
            for panel in axes.flat:
                panel.set_axis_off()
            for (name, image), panel in zip(sheet, axes.flat):
                panel.imshow(image)
                panel.set_title(name, fontsize=14)
            lw.plots.save(whole, Path(folder or ".") / f"contact-sheet{'-dark' if dark else ''}.png", dpi=80)
            pyplot.close(whole)


if __name__ == "__main__":
    main(*sys.argv[1:])
