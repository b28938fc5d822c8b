"""Draw the pictures of those examples that the site does not run: docs/images/gallery.

python tools/draw_gallery.py
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from PIL import Image

import layerwise as lw

FOLDER = Path(__file__).parent.parent / "docs" / "images" / "gallery"
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


def canvas():
    """Return a figure without axes of 10 by 6 units."""
    figure, panel = plt.subplots(figsize=(6, 3.6))
    figure.subplots_adjust(0, 0, 1, 1)
    panel.set(xlim=(0, 10), ylim=(0, 6))
    panel.set_axis_off()
    return figure, panel


def box(panel, x, y, width, height, text, colour):
    """Draw a box with text, its middle at (x, y)."""
    corner = x - width / 2, y - height / 2
    style = {"boxstyle": "round,pad=0.02,rounding_size=0.12", "linewidth": 1.4}
    panel.add_patch(FancyBboxPatch(corner, width, height, facecolor=f"{colour}22", edgecolor=colour, **style))
    panel.text(x, y, text, ha="center", va="center", fontsize=11)


def arrow(panel, start, end):
    panel.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color=GREY, linewidth=1.2))


def write(figure, name):
    """Write a picture of few colours, which is small."""
    path = FOLDER / name
    figure.savefig(path, dpi=100, facecolor="white")
    plt.close(figure)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64).save(path, optimize=True)


def ranks(name, worker, data):
    """Each worker's gradient, their sum, and the same update everywhere."""
    figure, panel = canvas()
    heights = (4.9, 3.0, 1.1)
    for i, y in enumerate(heights):
        box(panel, 1.4, y, 2.1, 1.1, f"{data} {i + 1}", ORANGE)
        box(panel, 4.6, y, 2.3, 1.1, f"{worker} {i + 1}:\ngradient", BLUE)
        arrow(panel, (2.5, y), (3.4, y))
        arrow(panel, (5.8, y), (6.9, 3.0 + 0.3 * (y - 3.0) / 1.9))
    box(panel, 8.3, 3.0, 2.6, 1.5, "sum, then the\nsame update\non each", GREEN)
    write(figure, name)


def parquet():
    """Files, a window of rows, and a network."""
    figure, panel = canvas()
    for i, y in enumerate((4.9, 3.6, 2.3, 1.0)):
        box(panel, 1.6, y, 2.4, 0.9, f"part-{i:03}.parquet", ORANGE)
        arrow(panel, (2.9, y), (4.0, 2.95 + 0.3 * (y - 2.95)))
    box(panel, 5.3, 2.95, 2.5, 2.2, "a window of\nrows in memory,\nshuffled", BLUE)
    arrow(panel, (6.65, 2.95), (7.5, 2.95))
    box(panel, 8.6, 2.95, 2.0, 1.3, "network", GREEN)
    write(figure, "parquet.png")


def search():
    """A grid of settings, shared out to workers."""
    figure, panel = canvas()
    scores = np.array([[0.931, 0.944], [0.938, 0.950], [0.925, 0.941]])
    for i in range(3):
        for j in range(2):
            y = 4.6 - 1.6 * i
            best = scores[i, j] == scores.max()
            box(panel, 1.5 + 2.1 * j, y, 1.9, 1.2, f"settings\n{2 * i + j + 1}", GREEN if best else ORANGE)
    for k, y in enumerate((4.2, 1.8)):
        arrow(panel, (4.7, 3.0), (5.6, y))
        box(panel, 6.7, y, 1.9, 1.2, f"worker {k + 1}", BLUE)
        arrow(panel, (7.7, y), (8.3, 3.0 + 0.2 * (y - 3.0)))
    box(panel, 9.1, 3.0, 1.5, 1.3, "best\nsettings", GREEN)
    write(figure, "search.png")


def optuna():
    """Trials of a search in which those above the median end early; trained here, without Optuna."""
    (X, y), (X_val, y_val), _ = lw.datasets.load_mnist()
    curves = []
    rng = np.random.default_rng(3)
    for _ in range(12):
        units, rate = int(2 ** rng.uniform(4, 7)), 10 ** rng.uniform(-4, -1)
        net = lw.Network([lw.Dense(units), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
        validation = X_val[:2000], y_val[:2000]
        curve = []
        for epoch in range(8):
            history = net.fit(
                X[:5000], y[:5000], optimizer=lw.Adam(rate) if epoch == 0 else None, epochs=1, verbose=False,
                validation_data=validation,
            )  # fmt: skip
            curve.append(history["val_loss"][-1])
            others = [min(other[: epoch + 1]) for other in curves if len(other) > epoch]
            if len(curves) >= 4 and epoch >= 1 and others and min(curve) > np.median(others):
                break
        curves.append(curve)
    figure, panel = plt.subplots(figsize=(6, 3.6), layout="constrained")
    least = min(range(12), key=lambda i: min(curves[i]))
    for i, curve in enumerate(curves):
        ended = len(curve) < 8
        colour = GREEN if i == least else ORANGE if ended else BLUE
        panel.plot(range(1, len(curve) + 1), curve, color=colour, marker="x" if ended else None, markevery=[-1])
    for colour, label in ((GREEN, "best"), (BLUE, "complete"), (ORANGE, "ended early")):
        panel.plot([], [], color=colour, label=label)
    panel.set(xlabel="epoch", ylabel="validation loss", ylim=(0, 1.5))
    panel.legend()
    write(figure, "optuna.png")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    ranks("ranks-dask.png", "worker", "partition")
    ranks("ranks-ray.png", "actor", "block")
    ranks("ranks-mpi.png", "rank", "rows of part")
    parquet()
    search()
    optuna()


if __name__ == "__main__":
    main()
