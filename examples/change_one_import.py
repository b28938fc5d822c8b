"""
Change one import, and compare with scikit-learn
================================================

The same search runs first with scikit-learn's estimator and then with layerwise's. The same seed gives the same
network, so both find the same settings; layerwise is faster.
"""

# %%
# The program: a pipeline and a grid of settings. Only the package changes.
import time
import warnings

import matplotlib.pyplot as plt
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise

warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are few


def program(package):
    """Search with the estimator of a package; return the search and its time."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), package.MLPClassifier(max_iter=30, random_state=0)),
        {"mlpclassifier__hidden_layer_sizes": [(30,), (60,)], "mlpclassifier__alpha": [1e-4, 1e-1]},
        cv=2,
    )
    begin = time.perf_counter()
    search.fit(X_train, y_train)
    seconds = time.perf_counter() - begin
    print(f"{package.__name__}: {search.best_params_}, test accuracy {search.score(X_test, y_test):.4f}")
    return search, seconds


before, slow = program(sklearn.neural_network)
after, fast = program(layerwise)
print(f"{slow / fast:.1f} times as fast")

# %%
# The two losses fall along the same line.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(before.best_estimator_[-1].loss_curve_, linewidth=5, alpha=0.4, label="scikit-learn")
left.plot(after.best_estimator_[-1].loss_curve_, label="layerwise")
left.set(xlabel="epoch", ylabel="training loss")
left.legend()
right.barh(["layerwise", "scikit-learn"], [fast, slow], color=["C1", "C0"])
right.set(xlabel="seconds of the search")
plt.show()
