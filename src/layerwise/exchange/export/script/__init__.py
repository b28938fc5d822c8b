"""A trained network as the program that trains it: from scratch, in plain NumPy.

run.py            what is repeated: the facts of a fit, and whether a script can have them all
program.py        the script, put together: only what this network uses
layers.py  rules.py  beginning.py    the texts of all parts
loop.py           the text of the loop over epochs and batches
"""

from layerwise.exchange.export.script.program import to_training_script

__all__ = ["to_training_script"]
