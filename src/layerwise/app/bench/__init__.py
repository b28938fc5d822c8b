"""layerwise timed beside its peers, on the same work and in the same run.

works.py       the works: sizes, data, FLOPs a step
peers.py       how each library trains a work; plain.py: the loop in plain NumPy
predictors.py  how each library predicts
child.py       what one process measures
measure.py     the rounds: every peer once in each, in a process of its own
growth.py      how the cost grows with rows, width, depth, batch and threads
results.py     what comes out, and as JSON
report.py      the tables, and the page in Markdown
"""
