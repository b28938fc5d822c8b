"""A program written for scikit-learn's MLPClassifier, before and after one import is changed.

The same pipeline, grid and attributes, first with scikit-learn's estimator and then with layerwise's: the scores are
the same, since the same seed gives the same network; the time is not.
"""

import time
import warnings

import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise


def program(package):
    """What a user has: everything but the package is as it was."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), package.MLPClassifier(max_iter=40, random_state=0)),
        {"mlpclassifier__hidden_layer_sizes": [(30,), (60,)], "mlpclassifier__alpha": [1e-4, 1e-1]},
        cv=3,
    )
    begin = time.perf_counter()
    search.fit(X_train, y_train)
    seconds = time.perf_counter() - begin
    best = search.best_estimator_[-1]
    print(f"{package.__name__}: {search.best_params_}, test accuracy {search.score(X_test, y_test):.4f}")
    print(f"  weights {[w.shape for w in best.coefs_]}, last loss {best.loss_curve_[-1]:.6f}, {seconds:.1f} s")
    return search, seconds


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    before, slow = program(sklearn.neural_network)
    after, fast = program(layerwise)
    print(f"{slow / fast:.1f} times as fast")
    return before, after


if __name__ == "__main__":
    main()
