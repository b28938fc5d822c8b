"""
Iris with scikit-learn's tools
==============================

:class:`layerwise.MLPClassifier` has the parameters, attributes and methods of scikit-learn's class of the same name. It
works in pipelines, in cross-validation and in searches.
"""

# %%
# A program for scikit-learn needs one changed import.
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise as lw
from layerwise import MLPClassifier  # was: from sklearn.neural_network import MLPClassifier

iris = load_iris()
model = make_pipeline(StandardScaler(), MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=500, random_state=0))
scores = cross_val_score(model, iris.data, iris.target, cv=5)
print(f"accuracy {scores.mean():.3f} ± {scores.std():.3f}")

# %%
# To draw the classes in a plane, train on two of the four measurements alone: the length and width of the petals.
petals = iris.data[:, 2:]
model.fit(petals, iris.target)
panel = lw.plots.decision_regions(model, petals, iris.target, names=iris.feature_names[2:], labels=iris.target_names)
panel.set_title(f"{model.score(petals, iris.target):.0%} right")
plt.show()
