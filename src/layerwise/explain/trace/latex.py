r"""The trace in LaTeX: the equations with their numbers set in, a document that needs amsmath alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from layerwise.explain.trace.document import Block, Cell, Document
from layerwise.explain.trace.notation import latex as typeset
from layerwise.explain.trace.notation import plain
from layerwise.formula.quoting import latex as quoted

WIDTH = 84  # letters of a formula's plain form that fit on a line
_HEAD = r"""\documentclass[fleqn]{article}
\usepackage{amsmath}
\setlength{\textwidth}{165mm}
\setlength{\oddsidemargin}{-3mm}
\setlength{\textheight}{235mm}
\setlength{\topmargin}{-12mm}
\setlength{\parindent}{0pt}
\setlength{\jot}{5pt}
\setlength{\mathindent}{12pt}
\setlength{\parskip}{4pt}
\allowdisplaybreaks
\begin{document}
\setlength{\abovedisplayskip}{3pt}
\setlength{\belowdisplayskip}{3pt}
"""


def latex(document: Document) -> str:
    """Return the document as LaTeX, from its class to its end."""
    return _HEAD + "\n".join(_lines(document)) + "\n\\end{document}\n"


def _lines(document: Document) -> Iterator[str]:
    yield rf"\section*{{{quoted(document.title)}}}"
    yield quoted(document.note)
    for section in document.sections:
        yield rf"\subsection*{{{quoted(section.title)}}}"
        yield quoted(section.note)
        for block in section.blocks:
            yield from _equations(block)


def _equations(block: Block) -> Iterator[str]:
    lines = []
    cells = [cell for row in block.rows for cell in row]
    if block.formula:
        lines.append(f"{typeset(block.name, on_a_line=True)} &= {_broken(block.formula)}")
    single = len(cells) == 1 and bool(block.formula)
    for cell in cells:
        lines += _of_cell(cell, "" if single and cell.name == block.name else typeset(cell.name, on_a_line=True))
    if block.count:
        lines.append(rf"&\quad \ldots\text{{ and {block.count:,} more}}")
    yield "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _of_cell(cell: Cell, name: str) -> Iterator[str]:
    if cell.numbers is None or plain(cell.numbers) == cell.value:
        yield f"{name} &= {typeset(cell.value)}"
    elif len(plain(cell.numbers)) + len(cell.value) < WIDTH:
        yield f"{name} &= {typeset(cell.numbers)} = {typeset(cell.value)}"
    else:
        yield f"{name} &= {_broken(cell.numbers)}"
        yield f"&= {typeset(cell.value)}"


def _broken(formula: str) -> str:
    """Return a formula that is too long for a line, on several: broken outside all brackets, or else in parentheses."""
    lines = [formula]
    for deepest in (0, 9):
        lines = [shorter for line in lines for shorter in _cut(line, deepest)]
    if len(lines) == 1 and len(plain(formula)) > WIDTH:
        return rf"\text{{\footnotesize$\displaystyle {typeset(formula)}$}}"
    return " \\\\\n&\\quad ".join(typeset(line) for line in lines)


def _cut(formula: str, deepest: int) -> list[str]:
    """Return its lines, cut before an operator that stands in so many parentheses at most, and in no braces."""
    places, braces, parentheses = [], 0, 0
    for found in re.finditer(r"[{}()]| [+-] | \\cdot ", formula):
        braces += {"{": 1, "}": -1}.get(found[0], 0)
        parentheses += {"(": 1, ")": -1}.get(found[0], 0)
        is_sum = found[0] in (" + ", " - ")
        if not braces and parentheses <= deepest and (is_sum or (deepest and found[0] == r" \cdot ")):
            places.append(found.start())
    lines, start = [], 0
    for place, following in zip(places, [*places[1:], len(formula)]):
        if len(plain(formula[start:following])) > WIDTH:
            lines.append(formula[start:place].strip())
            start = place
    return [*lines, formula[start:].strip()]
