"""scikit-learn's estimators by the same names, parameters and results, and the training that people asked for."""

from layerwise.errors import missing

try:
    import sklearn
except ImportError:
    raise missing("scikit-learn", "sklearn", "MLPClassifier or MLPRegressor") from None

from layerwise.estimators.classifier import MLPClassifier
from layerwise.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
