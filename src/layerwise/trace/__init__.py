"""Every number of one training step, or of a prediction: listened to while the engine computes it.

    step.py       trace() → Trace: a step of `fit` on a copy of the network, and the listener that notes its numbers
    formulas.py   how a number of each layer, loss and optimizer comes about, with the numbers set in
    document.py   what is shown, in which order, and what is folded away: sections, blocks, cells
    notation.py   formulas are written once, in a little of LaTeX, and read in Unicode too
    text.py  html.py  latex.py  markdown.py     the four views of a document
    worked.py     two networks of the tutorials, small enough to be followed by hand
"""

from layerwise.trace.step import LayerTrace, PenaltyTrace, StepTrace, Trace, trace

__all__ = ["LayerTrace", "PenaltyTrace", "StepTrace", "Trace", "trace"]
