"""Every number of one training step, or of a prediction: listened to while the engine computes it.

step.py       trace() → Trace: a step of `fit` on a copy of the network, and the listener that notes its numbers
notation.py   formulas are written once, in a little of LaTeX, and read in Unicode too
sums.py  layer_formulas.py  step_formulas.py     how a number comes about, with the numbers set in
document.py   sections of blocks of cells, and writer.py, which chooses what is shown and what is folded away
text.py  html.py  latex.py  markdown.py     the four views of a document
worked.py     two networks of the tutorials, small enough to be followed by hand
"""

from layerwise.explain.trace.record import LayerTrace, PenaltyTrace, StepTrace, Trace
from layerwise.explain.trace.step import trace

__all__ = ["LayerTrace", "PenaltyTrace", "StepTrace", "Trace", "trace"]
