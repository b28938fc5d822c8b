"""What all pictures have in common: colours that suit a light or a dark background, panels, and files.

A picture looks at the background of the Axes that it is drawn on, so it is right in any figure, in a
notebook's theme and under matplotlib's own styles. `style` makes the backgrounds:

    with lw.plots.style(dark=True):
        lw.plots.confusion_matrix(y, network.predict(X))

Colours are Okabe and Ito's, told apart by every eye; shades are cividis, or run from orange through the background to
blue where there are two sides.
"""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.writing import write_whole
from layerwise.errors import ShapeError, UnknownNameError, missing
from layerwise.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
SKY, AMBER, YELLOW = "#56B4E9", "#E69F00", "#F0E442"
FORMATS = ("png", "pdf", "svg", "jpg", "jpeg")


@dataclass(frozen=True)
class Colours:
    """The colours of a picture on one background.

    Attributes
    ----------
    paper, ink, muted : str
        The background, text, and what stands back.
    series : tuple of str
        Lines and classes, in order.
    more : tuple of str
        Those of further classes: less easily told apart, so the classes' names stand beside them.
    """

    paper: str
    ink: str
    muted: str
    series: tuple[str, ...]
    more: tuple[str, ...]

    def of_classes(self, count: int) -> list[str]:
        """Return a colour for each class."""
        known = [*self.series, *self.more]
        if count <= len(known):
            return known[:count]
        from matplotlib import colormaps
        from matplotlib.colors import to_hex

        return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0.05, 0.95, count))]

    def diverging(self) -> Colormap:
        """Orange below 0, the background at 0, blue above."""
        return self._shades("diverging", self.series[1], self.paper, self.series[0])

    def towards(self, colour: str) -> Colormap:
        """From the background to the colour."""
        return self._shades("towards", self.paper, colour)

    def _shades(self, name: str, *colours: str) -> Colormap:
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list(name, colours)


LIGHT = Colours(
    "#FFFFFF", "#1A1A1A", GREY,
    (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER), ("#1A1A1A", "#882255", "#999933", "#A08060"),
)  # fmt: skip
DARK = Colours(
    "#16181D", "#E8E8E8", "#9AA0A6",
    (SKY, AMBER, "#1FBF8F", PURPLE, YELLOW, "#F0763A"), ("#E8E8E8", "#8FA8FF", "#B8D65C", "#C8A98A"),
)  # fmt: skip


def style(dark: bool = False) -> AbstractContextManager[None]:
    """Return a context in which new figures have the style of layerwise, on a light or a dark background.

    Parameters
    ----------
    dark : bool, default=False
        Use a dark background.

    Returns
    -------
    context manager
        The context.

    Examples
    --------
    >>> import layerwise as lw
    >>> with lw.plots.style(dark=True):
    ...     panel = lw.plots.activation("relu")
    >>> panel.get_facecolor()[:3] < (0.2, 0.2, 0.2)
    True
    """
    matplotlib = need("drawing")
    colours = DARK if dark else LIGHT
    return matplotlib.rc_context(  # type: ignore[no-any-return]
        {
            **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), colours.paper),
            **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), colours.ink),
            "axes.titlecolor": colours.ink,
            "axes.edgecolor": colours.muted,
            "grid.color": colours.muted,
            "font.size": 9.0,
            "axes.titlesize": 10.0,
            "figure.dpi": 110.0,
        }
    )


def colours_of(ax: Axes) -> Colours:
    """Return the colours that suit an Axes: by its background, its figure's if it has none, or else by that of text."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    panel: Any = ax
    for face in (panel.get_facecolor(), panel.figure.get_facecolor()):
        if face[3] > 0.5:
            return DARK if _brightness(face[:3]) < 0.4 else LIGHT
    return DARK if _brightness(to_rgb(rcParams["text.color"])) > 0.6 else LIGHT


def _brightness(rgb: Any) -> float:
    return float(np.dot(rgb, (0.299, 0.587, 0.114)))


def need(purpose: str) -> Any:
    """Return the package matplotlib.

    Raises
    ------
    MissingDependencyError
        It is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise missing("matplotlib", "plot", purpose) from None
    return matplotlib


def one_panel(ax: Axes | None, purpose: str, size: tuple[float, float] = (5.2, 3.8)) -> Any:
    """Return the Axes given, or the one of a new figure of pyplot."""
    return panels(ax, 1, purpose, size)[0]


def panels(
    ax: Any, count: int, purpose: str, size: tuple[float, float] = (5.2, 3.8), columns: int | None = None
) -> Array:
    """So many Axes, as an array (count,): those given, or new ones of pyplot, each of that size in inches.

    Raises
    ------
    ShapeError
        Another number of Axes was given.
    """
    need(purpose)
    if ax is None:
        import matplotlib.pyplot as plt

        columns = min(count, columns or count)
        lines = -(-count // columns)
        made = plt.subplots(
            lines, columns, figsize=(size[0] * columns, size[1] * lines), layout="constrained", squeeze=False
        )[1]
        for spare in made.flat[count:]:
            spare.set_axis_off()
        return np.array(made.flat[:count])
    given = np.ravel(np.array(ax, dtype=object))
    if len(given) != count:
        raise ShapeError(f"{purpose} takes {count} Axes, one a panel; got {len(given)}")
    return given


def tidy(panel: Any, grid: str | None = None) -> None:
    """No frame above and to the right, and faint lines along one axis, both or none."""
    panel.spines[["top", "right"]].set_visible(False)
    if grid is not None:
        panel.grid(axis=grid, alpha=0.25, linewidth=0.7)
        panel.set_axisbelow(True)


def legend(panel: Any, **options: Any) -> None:
    """Add a legend without a frame, in the background's colours."""
    colours = colours_of(panel)
    if panel.get_legend_handles_labels()[0]:
        shown = panel.legend(**{"frameon": False, "labelcolor": colours.ink, "fontsize": 8, **options})
        shown.get_title().set_color(colours.ink)


def save(axes: Any, path: str | os.PathLike[str], dpi: float = 150) -> None:
    """Save a figure to an image file.

    Parameters
    ----------
    axes : Axes, array of Axes, or Figure
        The result of a function of `layerwise.plots`.
    path : str or path-like
        A PNG, PDF, SVG or JPEG file. It is written completely or not at all.
    dpi : float, default=150
        The resolution of PNG and JPEG, in dots per inch.

    Raises
    ------
    OSError
        The path cannot be written.
    UnknownNameError
        The suffix is not that of an image format.

    Examples
    --------
    >>> import tempfile
    >>> from matplotlib.figure import Figure
    >>> import layerwise as lw
    >>> panel = lw.plots.activation("relu", Figure().subplots())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lw.plots.save(panel, f"{folder}/relu.svg")
    """
    kind = picture_format(path)
    figure = axes if hasattr(axes, "savefig") else np.ravel(np.array(axes, dtype=object))[0].figure
    while not hasattr(figure, "savefig"):  # a part of a figure
        figure = figure.figure
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=dpi)
    write_whole(Path(path), content.getvalue())


def picture_format(path: str | os.PathLike[str]) -> str:
    """Return the format of an image file by its suffix.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    str
        The format, such as ``"svg"``; ``"png"`` for a path without a suffix.

    Raises
    ------
    UnknownNameError
        The suffix is not that of a known format.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.plots.picture_format("curves.svg")
    'svg'
    """
    kind = Path(path).suffix.lstrip(".").lower() or "png"
    if kind not in FORMATS:
        raise UnknownNameError(f"{os.fspath(path)}: .{kind} is no format for pictures; known: {', '.join(FORMATS)}")
    return kind
