"""The diagram of a network: its units, weights, biases and, for a sample, outputs; as SVG, and as TikZ for LaTeX.

network, x ─► layout.py: where everything is, and how strong ─► svg.py or tikz.py: text
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from layerwise.data.writing import write_whole
from layerwise.errors import UnknownNameError
from layerwise.explain.diagram import svg, tikz
from layerwise.explain.diagram.layout import lay_out
from layerwise.network.models import network_of
from layerwise.network.network import Network
from layerwise.parts.description import whole_number
from layerwise.typing import ArrayLike


class Diagram:
    r"""A drawing of a network with its units and weights. Notebooks display it.

    A line is a weight: blue if positive, orange if negative, and the thicker the larger it is relative to the others of
    its layer. A ring is a bias, in the same colours. Of a large layer the first and the last units are drawn, with dots
    between them.

    Parameters
    ----------
    network : Network or estimator
        A network that is built or trained.
    x : array-like of shape (n_in,), optional
        A sample. Each unit is filled according to its output for it.
    most : int, default=12
        The maximum number of units drawn in a layer, at least 2.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(3), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], random_state=1).build(2)
    >>> diagram = lw.Diagram(net, x=[0.5, -1.0])
    >>> diagram.svg().count("<circle"), diagram.svg().count("<line")
    (6, 9)
    >>> diagram.tikz().splitlines()[0]
    '\\documentclass{article}'
    """

    def __init__(self, network: Network | Any, x: ArrayLike | None = None, *, most: int = 12) -> None:
        found = network_of("Diagram", network)
        self._picture = lay_out(found, x, whole_number("Diagram", "most", most, least=2))

    def svg(self, *, inline: bool = False) -> str:
        """Return the diagram as SVG.

        Parameters
        ----------
        inline : bool, default=False
            Return SVG for insertion into a page, whose text colour it uses. If False, the SVG is a file of its own with
            a light and a dark theme.

        Returns
        -------
        str
            The SVG.
        """
        return svg.write(self._picture, inline)

    def tikz(self, *, document: bool = True) -> str:
        r"""Return the diagram as TikZ code.

        Parameters
        ----------
        document : bool, default=True
            Return a whole LaTeX document. If False, only the picture, for a document with ``\usepackage{tikz}``.

        Returns
        -------
        str
            The code.
        """
        return tikz.write(self._picture, document)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the diagram as an SVG file, or as a LaTeX file if the name ends with .tex.

        Parameters
        ----------
        path : str or path-like
            The file.

        Raises
        ------
        OSError
            The path cannot be written.
        UnknownNameError
            The name ends with neither .svg nor .tex.
        """
        kind = Path(path).suffix.lower()
        if kind not in (".svg", ".tex"):
            raise UnknownNameError(f"{os.fspath(path)}: a diagram is written as .svg or .tex; got {kind or 'nothing'}")
        write_whole(Path(path), (self.svg() if kind == ".svg" else self.tikz()).encode())

    def _repr_svg_(self) -> str:
        return self.svg(inline=True)

    def __repr__(self) -> str:
        return f"<Diagram of {self._picture.title}; save(path) writes it as .svg or .tex>"
