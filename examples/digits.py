"""
Read handwritten digits
=======================

MNIST has 70,000 images of handwritten digits, 28 by 28 pixels each. It comes with layerwise. A network with one hidden
layer learns to read them in a few seconds.
"""

# %%
# Load the data. Each image is a row of 784 grey values from 0 to 255.
import matplotlib.pyplot as plt

import layerwise as lw

(X_train, y_train), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
lw.plots.images(X_train[:20], titles=[str(digit) for digit in y_train[:20]])
plt.show()

# %%
# Train for five epochs: five passes over the 50,000 training images. The validation images are not learned from; they
# show how well the network reads images that it has not seen.
net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
history = net.fit(X_train, y_train, epochs=5, validation_data=(X_val, y_val), verbose=False)
print(f"accuracy on the validation images: {history['val_accuracy'][-1]:.1%}")

# %%
# The test images are used once, at the end. The confusion matrix shows which digit is taken for which.
answers = net.predict(X_test)
print(f"accuracy on the test images: {lw.metrics.accuracy(y_test, answers):.1%}")
lw.plots.confusion_matrix(y_test, answers)
plt.show()

# %%
# The mistakes that the network was most sure of. Some of them are hard for people, too.

# sphinx_gallery_thumbnail_number = 3
lw.plots.mistakes(net, X_test, y_test, count=24)
plt.show()
