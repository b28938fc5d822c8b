"""
One neuron, two neurons
=======================

A neuron with ReLU computes a bent line. Two neurons in a row, each with one input, compute a ramp: the output rises
between two points, and is constant on both sides.
"""

# %%
# One neuron with weight -1 and bias 0.5. It is active where its sum, 0.5 - x, is above 0: to the left of 0.5.
import matplotlib.pyplot as plt

import layerwise as lw

first = lw.Neuron([-1.0], bias=0.5, activation=lw.ReLU())
print(first([0.0]), first([0.25]), first([1.0]))
lw.plots.neuron(first)
plt.show()

# %%
# Its output is the input of a second neuron, with weight -2 and bias 1. Between 0 and 0.5 the output of the pair rises
# from 0 to 1.

# sphinx_gallery_thumbnail_number = 2
second = lw.Neuron([-2.0], bias=1.0, activation=lw.ReLU())
lw.plots.neuron_pair(first, second)
plt.show()
