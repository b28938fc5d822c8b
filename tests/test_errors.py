import builtins
import inspect
import pickle
import warnings

import numpy as np
import pytest

import layerwise as lw
from layerwise import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.LayerwiseError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_one_except_catches_all(kind):
    assert issubclass(kind, lw.LayerwiseError)
    assert kind.__doc__


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind is not errors.LayerwiseError], ids=lambda k: k.__name__
)
def test_each_is_a_builtin_that_users_already_catch(kind):
    known = {base for base in kind.__mro__ if getattr(builtins, base.__name__, None) is base}
    assert known & {ValueError, RuntimeError, ArithmeticError, ImportError, OSError}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_comes_back_from_a_worker_process(kind):
    values = {
        "message": "what went wrong",
        "step": 3,
        "layer": "layer 1",
        "facts": "epochs differ",
        "names": ["epochs"],
    }
    own = [name for name in inspect.signature(kind.__init__).parameters if name in values] or ["message"]
    error = kind(*(values[name] for name in own))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_the_nearest_name():
    known = ["Sigmoid", "Softmax", "ReLU"]
    assert errors.nearest("Sigmiod", known) == "did you mean 'Sigmoid'?"
    assert errors.nearest("softmx", known) == "did you mean 'Softmax'?"
    assert errors.nearest("RELU", known) == "did you mean 'ReLU'?"
    assert errors.nearest("convolution", known) == "known: ReLU, Sigmoid, Softmax"


def test_a_missing_package_comes_with_the_command():
    error = errors.missing("rich", "cli", "the progress bar")
    assert isinstance(error, ImportError)
    assert "the progress bar needs the package 'rich'" in str(error)
    assert "pip install 'layerwise[cli]'" in str(error)


class TestDivergence:
    X = np.linspace(-1, 1, 40)[:, None]

    def diverge(self, rate, epochs=50, **options):
        net = lw.Network([lw.Dense(4), lw.Identity(), lw.Dense(1)], random_state=0)
        net.fit(self.X, 3 * self.X, optimizer=lw.SGD(0.01), epochs=1, batch_size=10, verbose=False)
        good = net.theta.copy()
        with pytest.raises(lw.DivergenceError) as caught:
            net.fit(self.X, 3 * self.X, optimizer=lw.SGD(rate), epochs=epochs, batch_size=10, verbose=False)
        return net, good, caught

    def test_step_and_layer_are_named_and_what_to_do(self):
        net, _, error = self.diverge(1e6)
        assert error.value.step == net.steps > 4
        assert error.match(rf"diverged at step {error.value.step} \(epoch \d+\)")
        assert error.match(r"layer \d \(Dense\(\d\)\) gave NaN or infinity|the loss")
        assert error.match("smaller learning rate than 1e\\+06, or scaled inputs")
        assert error.value.layer.startswith(("layer", "the loss"))

    def test_the_last_good_weights_are_kept(self):
        net, good, error = self.diverge(1e12)
        assert error.match("the start of this fit")
        np.testing.assert_array_equal(net.theta, good)
        assert np.isfinite(net.predict(self.X)).all()

    def test_it_is_found_within_the_first_epoch_at_which_it_happens(self):
        net, _, error = self.diverge(30.0)
        assert np.isfinite(net.theta).all()
        assert error.value.step < 4 + 50 * 4

    def test_training_can_go_on(self):
        net, _, _ = self.diverge(1e12)
        history = net.fit(self.X, 3 * self.X, optimizer=lw.SGD(0.05), epochs=100, batch_size=10, verbose=False)
        assert history["loss"][-1] < 1e-3


class TestNetworkArguments:
    @pytest.mark.parametrize(
        ("make", "error", "words"),
        [
            (lambda: lw.Network(lw.Dense(3)), TypeError, r"takes a list of layers: Network\(\[Dense\(3\), ...\]\)"),
            (lambda: lw.Network([lw.Dense(3), lw.ReLU]), TypeError, r"layer 1 is the class ReLU; give an instance"),
            (lambda: lw.Network([lw.Dense(3), "relu"]), TypeError, "layer 1 must be a Layer .*got 'relu'"),
            (lambda: lw.Network([]), lw.ShapeError, "at least one layer"),
            (lambda: lw.Network([lw.Dense(3)], dtype="float16"), lw.UnknownNameError, '"float32" or "float64"'),
            (lambda: lw.Network([lw.Dense(3)], random_state=-1), ValueError, "random_state must be a whole number"),
            (lambda: lw.Network([lw.Dense(3)], random_state=1.5), ValueError, "random_state must be a whole number"),
            (lambda: lw.Network([lw.Dense(3)]).get_parameters(), lw.NotBuiltError, "sizes are not known yet"),
            (lambda: lw.Network([lw.Dense(3)]).theta, lw.NotBuiltError, "call fit or forward with data"),
            (lambda: lw.Network([lw.Dense(3)]).build(0), ValueError, "n_in must be a whole number, at least 1"),
            (lambda: lw.Network([lw.Dense(3)]).build(2).build(4), lw.ShapeError, "takes 2 inputs; got 4"),
        ],
    )
    def test_malformed(self, make, error, words):
        with pytest.raises(error, match=words):
            make()

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"epochs": 0}, ValueError, "fit: epochs must be a whole number, at least 1; got 0"),
            ({"batch_size": 2.5}, ValueError, "fit: batch_size must be a whole number, at least 1; got 2.5"),
            ({"engine": "gpu"}, lw.UnknownNameError, "engine must be .*got 'gpu'"),
            ({"loss": "squared"}, lw.UnknownNameError, "loss='squared' is not known"),
            ({"optimizer": "adamm"}, lw.UnknownNameError, "did you mean 'Adam"),
            ({"optimizer": lw.Adam}, TypeError, r"give an instance: Adam\(\.\.\.\)"),
            ({"callbacks": [print]}, TypeError, "callbacks must be instances of Callback"),
            ({"metrics": "acuracy"}, lw.UnknownNameError, "did you mean 'accuracy'"),
        ],
    )
    def test_malformed_options_of_fit(self, options, error, words):
        net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
        with pytest.raises(error, match=words):
            net.fit(np.eye(2), [0, 1], verbose=False, **options)
        assert net.optimizer is None  # nothing has been changed

    def test_parameters_of_another_shape_change_nothing(self):
        net = lw.Network([lw.Dense(2)], random_state=0).build(3)
        before = net.theta.copy()
        with pytest.raises(lw.ShapeError, match=r"arrays of the shapes \[\(3, 2\), \(2,\)\]; got \[\(2, 3\), \(2,\)\]"):
            net.set_parameters([np.ones((2, 3)), np.ones(2)])
        with pytest.raises(lw.ShapeError):
            net.set_parameters([np.ones((3, 2))])
        with pytest.raises(lw.ShapeError, match=r"theta has shape \(8,\); got \(7,\)"):
            net.theta = np.ones(7)
        np.testing.assert_array_equal(net.theta, before)

    def test_a_column_that_the_history_lacks(self):
        net = lw.Network([lw.Dense(1)], random_state=0)
        history = net.fit(np.eye(2), [0.0, 1.0], epochs=1, verbose=False)
        with pytest.raises(KeyError, match="no column 'val_loss' in the history; there are loss, penalty"):
            history["val_loss"]


def _damaged_checkpoint(path):
    X, y = lw.datasets.load_iris()
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    options = {"epochs": 2, "verbose": False, "callbacks": [lw.Checkpoint(path / "run", keep=2)]}
    net.fit(X, y, **options)
    newest = max(path.iterdir(), key=lambda file: file.name)
    newest.write_bytes(newest.read_bytes()[:-8])
    lw.Network([lw.Dense(3), lw.Softmax()], random_state=0).fit(X, y, resume=True, **options)


def _early_stopping_of_lbfgs(path):
    lw.MLPClassifier(solver="lbfgs", early_stopping=True, max_iter=500, alpha=1.0).fit([[0.0], [1.0]], [0, 1])


def _large_batch(path):
    lw.MLPRegressor(batch_size=10, max_iter=400, tol=1.0).fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("call", [_damaged_checkpoint, _early_stopping_of_lbfgs, _large_batch])
def test_a_warning_names_the_line_that_called_layerwise(tmp_path, call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(tmp_path)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
