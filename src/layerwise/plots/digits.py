"""A picture with the digits that were found in it."""

from __future__ import annotations

import os
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from layerwise.datasets.images.reading import picture_of
from layerwise.formula.quoting import matplotlib_text
from layerwise.plots.style import colours_of, one_panel
from layerwise.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from layerwise.handwriting import Reading

LONG_SIDE = 6.4  # inches of a figure of our own
LARGEST, SMALLEST = 12.0, 5.0  # points


def digits(image: str | os.PathLike[str] | ArrayLike, reading: Reading, ax: Axes | None = None) -> Axes:
    """Draw an image with a rectangle around each digit found, the digit and its confidence.

    Digits for which the network abstains are orange, with the most likely digit and a question mark.

    Parameters
    ----------
    image : str, path-like, PIL image or array-like
        The image, as for `layerwise.read_digits`.
    reading : Reading
        The result of `layerwise.read_digits`.
    ax : Axes, optional
        The axes to draw on. By default those of a new pyplot figure.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    DataError
        The image cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> from matplotlib.figure import Figure
    >>> X_test = lw.datasets.load_mnist()[2][0]
    >>> page = np.hstack([row.reshape(28, 28) for row in X_test[:3]])
    >>> panel = lw.plots.digits(page, lw.read_digits(page), Figure().subplots())
    >>> [text.get_text()[0] for text in panel.texts]
    ['7', '2', '1']
    """
    picture = picture_of(image)
    width, height = picture.size
    inches = LONG_SIDE / max(width, height)
    lines = max(2, len(reading.rows))
    panel: Any = one_panel(ax, "digits", (max(3.2, inches * width), max(0.8, inches * height) + 0.2 * lines))
    colours = colours_of(panel)
    panel.imshow(picture.grey, extent=(0, width, height, 0), cmap="gray", vmin=0, vmax=255)
    box = panel.get_window_extent()
    scale = min(box.width / width, box.height / height) * 72 / panel.figure.dpi  # points a pixel
    for digit in reading.digits:
        left, top, wide, high = digit.place
        colour = colours.series[1] if digit.answer is None else colours.series[0]
        panel.add_patch(_rectangle(left, top, wide, high, colour))
        panel.text(
            left + wide / 2, top, f"{digit.guess} {_percent(digit.confidence)}{'?' if digit.answer is None else ''}",
            ha="center", va="bottom", color="white",
            fontsize=min(max(0.3 * scale * max(wide, high), SMALLEST), LARGEST),
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
    said = wrap(reading.reason or "no answer", 56) if reading.answer is None else reading.answer.split("\n")
    panel.set_title(matplotlib_text("\n".join(said), keep="\n", most=200))
    panel.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    panel.spines[:].set_color(colours.muted)
    axes: Axes = panel
    return axes


def _rectangle(left: int, top: int, width: int, height: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=1.4)


def _percent(share: float) -> str:
    return ">99%" if share > 0.99 else f"{share:.0%}"
