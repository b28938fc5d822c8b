"""`solver="lbfgs"`: what it reports where the forward pass overflows, and what it does with what it cannot use."""

import numpy as np
import pytest

import layerwise as lw
from layerwise import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3))
ENGINES = ["numpy", "native"]


class Barrier(lw.Loss):
    """√(1 + (y - 4)²), and infinite above 5: a line search from far below steps over the edge."""

    def __init__(self):
        self.over = 0

    def config(self):
        return {}

    def forward(self, y, t, out, tmp):
        self.over += bool((y > 5).any())
        out[:] = np.where(y > 5, np.inf, np.sqrt(1 + (y - 4) ** 2)).sum(axis=1)

    def backward(self, y, t, dy, tmp):
        dy[:] = (y - 4) / np.sqrt(1 + (y - 4) ** 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e30), (np.float64, 1e200)])
def test_a_start_that_overflows_is_an_error_and_no_loss_of_0(engine, dtype, scale):
    regr = MLPRegressor(solver="lbfgs", engine=engine, random_state=0)
    with pytest.raises(lw.DivergenceError, match=r"lbfgs cannot begin: the loss .* scale them") as caught:
        regr.fit((X * scale).astype(dtype), X[:, 0])
    assert "Linear" in caught.value.layer
    assert not hasattr(regr, "loss_")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_loss_is_that_of_the_weights_kept(engine):
    large = (X * 1e19).astype(np.float32)
    regr = MLPRegressor(solver="lbfgs", engine=engine, random_state=0, alpha=0, max_iter=30).fit(large, X[:, 0])
    residuals = regr.predict(large).astype(np.float64) - X[:, 0]
    assert regr.loss_ == pytest.approx(np.mean(residuals**2) / 2, rel=1e-5)
    assert regr.loss_ > 1e30


def test_the_line_search_steps_back_from_infinity():
    regr = MLPRegressor(
        Barrier(), layers=[lw.Dense(1, [[1.0]], [-20.0])], solver="lbfgs", alpha=0, random_state=0, tol=1e-9
    )
    inputs = np.zeros((4, 1))
    regr.fit(inputs, np.zeros(4))
    assert regr.network_.loss.over > 0
    answer = regr.predict(inputs)[0]
    assert answer <= 5
    assert regr.loss_ == pytest.approx(np.sqrt(1 + (answer - 4) ** 2))


def test_a_gradient_that_is_not_finite_is_not_checked():
    net = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(1)], random_state=0, dtype="float64").build(3)
    net.theta[:] = 1e200
    with pytest.raises(lw.DivergenceError, match=r"gradcheck: .* gives NaN or infinity"):
        lw.gradcheck(net, X, X[:, 0], "mean_squared_error")


def test_scores_that_are_not_finite_are_not_calibrated():
    net = lw.Network([lw.Dense(4), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, (X[:, 0] > 0).astype(int), epochs=1, verbose=False)
    net.theta[:] = 1e30
    with pytest.raises(lw.DataError, match="NaN or infinity for row 0; scale the inputs"):
        lw.calibrate(net, np.abs(X), (X[:, 0] > 0).astype(int))
