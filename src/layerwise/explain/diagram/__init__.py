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
    """A network drawn as units and weights; a notebook shows it by itself.

    A line is a weight: blue above 0, orange below, the thicker the larger beside the others of its layer. A ring is a
    bias in the same way. Of large layers the first and the last units are drawn, and dots between them.

    Parameters
    ----------
    network : Network or estimator
        Its sizes must be known: after `fit` or `build`.
    x : array (n_in,), optional
        A sample: each unit is filled with its output for it.
    most : int
        How many units of a layer are drawn, at least 2.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(3), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], random_state=1).build(2)
    >>> diagram = lw.Diagram(net, x=[0.5, -1.0])
    >>> diagram.svg().count("<circle"), diagram.svg().count("<line")
    (6, 9)
    >>> diagram.tikz().splitlines()[0]
    '\\\\documentclass{article}'
    """

    def __init__(self, network: Network | Any, x: ArrayLike | None = None, *, most: int = 12) -> None:
        found = network_of("Diagram", network)
        self._picture = lay_out(found, x, whole_number("Diagram", "most", most, least=2))

    def svg(self, *, inline: bool = False) -> str:
        """Return the diagram as SVG.

        Parameters
        ----------
        inline : bool
            For a page that it becomes a part of: text then has the page's colour. Else it is a file of its own, dark on
            light or light on dark as the reader's system is.
        """
        return svg.write(self._picture, inline)

    def tikz(self, *, document: bool = True) -> str:
        """Return the diagram as TikZ: a document that `pdflatex` compiles, or the picture alone, for another one.

        The picture alone needs ``\\usepackage{tikz}``.
        """
        return tikz.write(self._picture, document)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file: SVG, or LaTeX where the name ends with .tex.

        Raises
        ------
        OSError
            The path cannot be written to.
        UnknownNameError
            The name ends with neither.
        """
        kind = Path(path).suffix.lower()
        if kind not in (".svg", ".tex"):
            raise UnknownNameError(f"{os.fspath(path)}: a diagram is written as .svg or .tex; got {kind or 'nothing'}")
        write_whole(Path(path), (self.svg() if kind == ".svg" else self.tikz()).encode())

    def _repr_svg_(self) -> str:
        return self.svg(inline=True)

    def __repr__(self) -> str:
        return f"<Diagram of {self._picture.title}; save(path) writes it as .svg or .tex>"
