"""A picture of one's own handwritten digit, in the form that MNIST's digits have.

A picture flows through in seven steps: grey values; paper and its shadows subtracted; noise cut off, so that only
ink is left; specks dropped; a pen too thin or too fat brought to MNIST's width; the ink scaled to 20x20; the
centre of its mass put at the centre of 28x28. The last two are how MNIST was made [1]_: "size-normalized" into a
20x20 box with its proportions kept, grey where edges are antialiased, then centred by mass in 28x28.

References
----------
.. [1] Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""
