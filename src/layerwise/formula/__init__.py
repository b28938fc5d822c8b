"""Formulas: traced from plain NumPy into trees, derived, and written in every language.

function ──► trace ──► Tree ─┬─► derivative ──► Tree
├─► steps ──► bind          NumPy's calls, without allocation; in_place: of several results over what they are made from
├─► NUMPY, PYTHON, JAVASCRIPT, C, CPP: text of a language
├─► latex                   with symbols or numbers
└─► as_data ◄─► from_data   lists, as a file keeps them
"""

from __future__ import annotations

from layerwise.formula.calls import Steps, bind, factors, scaled, steps
from layerwise.formula.data import as_data, from_data
from layerwise.formula.derivative import at_zero, derivative
from layerwise.formula.languages import CPP, JAVASCRIPT, NUMPY, PYTHON, WORDS, C, Language, shown
from layerwise.formula.latex import latex
from layerwise.formula.tracing import Traced, TracedNumber, trace, trace_all
from layerwise.formula.tree import Tree, compute, number, operation, rebuilt, replace, symbol, with_parts
from layerwise.formula.updates import Scalars, in_place, split

__all__ = [
    "CPP",
    "JAVASCRIPT",
    "NUMPY",
    "PYTHON",
    "WORDS",
    "C",
    "Language",
    "Scalars",
    "Steps",
    "Traced",
    "TracedNumber",
    "Tree",
    "as_data",
    "at_zero",
    "bind",
    "compute",
    "derivative",
    "factors",
    "from_data",
    "in_place",
    "latex",
    "number",
    "operation",
    "rebuilt",
    "replace",
    "scaled",
    "shown",
    "split",
    "steps",
    "symbol",
    "trace",
    "trace_all",
    "with_parts",
]
