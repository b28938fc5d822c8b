"""
Make confidence reliable
========================

A network that says "90% sure" should be right in 9 of 10 such cases. Networks that have learned their training data by
heart are too sure. ``lw.calibrate`` corrects that with one number, the temperature, found on rows that were held out.
"""

# %%
# Few images and many epochs make an overconfident network.
import matplotlib.pyplot as plt

import layerwise as lw

(X, y), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
net.fit(X[:3000], y[:3000], epochs=40, verbose=False)
before = net.predict_proba(X_test)

found = lw.calibrate(net, X_val, y_val)
after = net.predict_proba(X_test)
print(found)

# %%
# Reliability diagrams: how often answers of a given confidence are right. The closer to the diagonal, the better.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
lw.plots.reliability(y_test, before, left)
lw.plots.reliability(y_test, after, right)
plt.show()

# %%
# How accurate the answers are if the least confident ones are left out.
lw.plots.coverage(y_test, after)
plt.show()
