"""
What hidden units see
=====================

Each neuron of the first hidden layer has one weight for each pixel. Drawn as an image, the weights show which strokes
increase its sum (blue) and which decrease it (orange).
"""

# %%
# Train a network with 30 hidden neurons on MNIST. The penalty keeps weights small that are of little use, so that
# the images are smooth.
import matplotlib.pyplot as plt

import layerwise as lw

(X_train, y_train), _, (X_test, y_test) = lw.datasets.load_mnist()
net = lw.Network([lw.Dense(30), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
net.fit(X_train[:20_000], y_train[:20_000], penalty=lw.L2(2e-3), epochs=6, verbose=False)
print(f"accuracy on the test images: {net.evaluate(X_test, y_test)['accuracy']:.1%}")

# %%
# The weights of the hidden neurons.
lw.plots.weights(net, count=30, columns=10)
plt.show()

# %%
# Where the images lie: the numbers of each layer, projected onto the plane in which they vary most. The digits are
# better separated from layer to layer.
lw.plots.layer_maps(net, X_test, y_test, samples=600)
plt.show()
