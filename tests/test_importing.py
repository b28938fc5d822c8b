"""Networks of scikit-learn, PyTorch and Keras become networks with equal outputs, and training goes on.

The arrays of PyTorch and Keras are made here in their layouts; the outputs that are expected are worked out here in
float64, from those arrays and by the formulas of those libraries' documentation.
"""

import numpy as np
import pytest

import layerwise as lw
from export_onnx_networks import difference

DIGITS = {np.float32: 2e-6, np.float64: 1e-13}


# ---------------------------------------------------------------- scikit-learn


@pytest.fixture(scope="module")
def sklearn():
    return pytest.importorskip("sklearn.neural_network")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 5))
    return X, (X @ rng.normal(size=(5, 3)))


def targets(scores, kind):
    if kind == "binary":
        return np.array(["no", "yes"])[(scores[:, 0] > 0).astype(int)]
    if kind == "multiclass":
        return np.array([2, 5, 11])[scores.argmax(axis=1)]
    return (scores > 0).astype(int)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_a_classifier_of_scikit_learn(sklearn, data, kind, activation, solver, dtype):
    X, y = data[0].astype(dtype), targets(data[1], kind)
    clf = sklearn.MLPClassifier((8, 6), activation, solver=solver, alpha=0.01, max_iter=12, random_state=0).fit(X, y)
    net = lw.from_sklearn(clf)
    assert net.dtype == dtype
    assert (net.predict(X) == clf.predict(X)).all()
    assert net.predict(X).shape == clf.predict(X).shape
    assert difference(net.predict_proba(X), clf.predict_proba(X)) <= DIGITS[dtype]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"solver": "sgd", "nesterovs_momentum": False}])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "squared_error", "poisson"])
def test_training_goes_on_as_in_scikit_learn(sklearn, data, kind, settings):
    """The same loss, penalty, optimizer and optimizer's state: two more epochs give the same weights."""
    X, scores = data
    settings = {"max_iter": 5, "random_state": 0, "alpha": 0.1, "shuffle": False, "batch_size": 40, **settings}
    if kind in ("squared_error", "poisson"):
        y = np.abs(scores[:, 0])
        theirs = sklearn.MLPRegressor(kind, (7,), learning_rate_init=0.01, **settings).fit(X, y)
    else:
        y = targets(scores, kind)
        theirs = sklearn.MLPClassifier((7,), learning_rate_init=0.01, **settings).fit(X, y)
    net = lw.from_sklearn(theirs)
    before = net.theta.copy()
    net.fit(X, y, epochs=2, batch_size=40, shuffle=False, verbose=False)
    theirs.partial_fit(X, y).partial_fit(X, y)
    for own, other in zip(net.get_parameters()[::2], theirs.coefs_):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)
    assert np.abs(net.theta - before).max() > 1e-4


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_regressor_of_scikit_learn_with_its_scaler(sklearn, data, loss, outputs):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    X, y = 30 + 5 * data[0], np.abs(data[1][:, :outputs]).squeeze()
    for scaler in (StandardScaler(), StandardScaler(with_mean=False), MinMaxScaler((-1, 1)), "passthrough"):
        regr = sklearn.MLPRegressor(loss, (8,), max_iter=5, random_state=0)
        pipeline = make_pipeline(scaler, regr).fit(X, y)
        net = lw.from_sklearn(pipeline)
        assert net.predict(X).shape == pipeline.predict(X).shape
        assert difference(net.outputs(X), pipeline.predict(X).reshape(90, -1)) <= 1e-12


def test_what_is_no_network_of_scikit_learn(sklearn, data):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    with pytest.raises(lw.NotBuiltError, match="no weights yet"):
        lw.from_sklearn(sklearn.MLPClassifier())
    with pytest.raises(TypeError, match="got LogisticRegression"):
        lw.from_sklearn(LogisticRegression())
    with pytest.raises(TypeError, match="got PolynomialFeatures"):
        lw.from_sklearn(make_pipeline(PolynomialFeatures(), sklearn.MLPClassifier()))
    own = lw.MLPClassifier((3,), solver="lbfgs", max_iter=1000, random_state=0).fit(data[0], data[1].argmax(axis=1))
    with pytest.raises(TypeError, match="network_"):
        lw.from_sklearn(own)


# ---------------------------------------------------------------- PyTorch and Keras

LAYERS = [
    lw.Dense(8), lw.BatchNorm(epsilon=1e-3), lw.ReLU(), lw.Dropout(0.5), lw.Dense(6), lw.LayerNorm(1e-3), lw.Tanh(),
    lw.Dense(3), lw.Softmax(),
]  # fmt: skip


@pytest.fixture
def weights(rng):
    """A network's arrays, in the order that both libraries have; W is (in, out)."""

    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return {
        "W1": draw(5, 8), "b1": draw(8),
        "gamma1": draw(8), "beta1": draw(8), "mean": draw(8), "var": np.abs(draw(8)) + 0.5,
        "W2": draw(8, 6), "b2": draw(6),
        "gamma2": draw(6), "beta2": draw(6),
        "W3": draw(6, 3), "b3": draw(3),
    }  # fmt: skip


def expected(w, X):
    """The outputs in float64."""
    w = {name: array.astype(np.float64) for name, array in w.items()}
    z = X.astype(np.float64) @ w["W1"] + w["b1"]
    z = np.maximum(w["gamma1"] * (z - w["mean"]) / np.sqrt(w["var"] + 1e-3) + w["beta1"], 0) @ w["W2"] + w["b2"]
    centered = z - z.mean(axis=1, keepdims=True)
    z = w["gamma2"] * centered / np.sqrt((centered**2).mean(axis=1, keepdims=True) + 1e-3) + w["beta2"]
    e = np.exp(np.tanh(z) @ w["W3"] + w["b3"])
    return e / e.sum(axis=1, keepdims=True)


def torch_state(w):
    names = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight", "4.bias",
             "5.weight", "5.bias", "7.weight", "7.bias"]  # fmt: skip
    state = {name: np.ascontiguousarray(array.T) for name, array in zip(names, w.values())}
    return {**state, "1.num_batches_tracked": np.array(12)}


def keras_paths(w):
    paths = ["m/dense/kernel", "m/dense/bias", *(f"m/batch_normalization/{name}" for name in (
        "gamma", "beta", "moving_mean", "moving_variance")), "m/dense_1/kernel", "m/dense_1/bias",
        "m/layer_normalization/gamma", "m/layer_normalization/beta", "m/dense_2/kernel", "m/dense_2/bias"]  # fmt: skip
    return dict(zip(paths, w.values()))


def check(net, w, rng):
    X = rng.normal(size=(50, 5)).astype(np.float32)
    assert difference(net.outputs(X), expected(w, X)) <= 2e-6
    y = np.arange(50) % 3
    before = net.evaluate(X, y)["loss"]
    net.fit(X, y, epochs=5, optimizer=lw.Adam(0.01), verbose=False)
    assert net.evaluate(X, y)["loss"] < before


def test_a_state_of_pytorch(weights, rng, tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    state = torch_state(weights)
    check(lw.from_torch(state, LAYERS), weights, rng)
    save_file(state, tmp_path / "m.safetensors")
    check(lw.from_torch(tmp_path / "m.safetensors", LAYERS), weights, rng)


def test_modules_of_any_name(weights, rng, tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    new = {"0": "net.first", "1": "net.norm", "4": "net.second", "5": "net.another", "7": "head"}
    state = {new[name[0]] + name[1:]: array for name, array in torch_state(weights).items()}
    check(lw.from_torch(state, LAYERS), weights, rng)
    save_file(state, tmp_path / "m.safetensors")
    check(lw.from_torch(tmp_path / "m.safetensors", LAYERS, modules=list(new.values())), weights, rng)
    with pytest.raises(lw.FormatError, match=r"modules=\[…\], first to last, of .*net.first"):
        lw.from_torch(tmp_path / "m.safetensors", LAYERS)
    with pytest.raises(lw.FormatError, match=r"no module tail; it has .*head"):
        lw.from_torch(state, LAYERS, modules=["tail"])


def test_numbered_modules_are_sorted_as_numbers(rng, tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    state = {f"layers.{i}.weight": rng.normal(size=(4, 4)).astype(np.float32) for i in range(12)}
    save_file(state, tmp_path / "m.safetensors")
    for source in (tmp_path / "m.safetensors", dict(reversed(state.items()))):
        net = lw.from_torch(source, [lw.Dense(4) for _ in range(12)])
        for i, W in enumerate(net.get_parameters()[::2]):
            assert (W == state[f"layers.{i}.weight"].T).all()


def test_modules_without_biases_or_affine_parts(weights, rng):
    left_out = {"0.bias": 0, "1.weight": 1, "1.bias": 0, "7.bias": 0}
    state = {name: array for name, array in torch_state(weights).items() if name not in left_out}
    same = {**weights, **{name: 0 * weights[name] for name in ("b1", "b3", "beta1")}, "gamma1": np.ones(8)}
    check(lw.from_torch(state, LAYERS), same, rng)


def test_weights_of_keras(weights, rng, tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    arrays = list(weights.values())
    np.savez(tmp_path / "m.npz", *arrays)
    paths = keras_paths(weights)
    save_file(paths, tmp_path / "m.safetensors")
    modules = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
    for net in (
        lw.from_keras(arrays, LAYERS),
        lw.from_keras(dict(zip("abcdefghijkl", arrays)), LAYERS),
        lw.from_keras(tmp_path / "m.npz", LAYERS),
        lw.from_keras(paths, LAYERS),
        lw.from_keras(tmp_path / "m.safetensors", LAYERS, modules=modules),
    ):
        check(net, weights, rng)


def test_all_that_does_not_fit_is_said_at_once(weights):
    state = torch_state(weights)
    state["0.weight"] = state["0.weight"].T
    del state["1.running_var"], state["7.weight"]
    state["9.weight"], state["9.bias"] = np.ones((2, 3)), np.ones(2)
    with pytest.raises(lw.FormatError) as raised:
        lw.from_torch(state, LAYERS)
    message = str(raised.value)
    for part in (
        "layer 0 (Dense(8)) expects weight of shape (8, 8); 0.weight has (5, 8)",
        "layer 1 (BatchNorm(epsilon=0.001)) has no running_var, expected of shape (8,)",
        "layer 7 (Dense(3)) has no weight, expected of shape (3, 6)",
        "9.weight of shape (2, 3) is left over",
        "9.bias of shape (2,) is left over",
    ):
        assert part in message


@pytest.mark.parametrize("n", [1, 11, 13])
def test_too_few_or_too_many_arrays(weights, n):
    arrays = [*weights.values(), np.ones(3)][:n]
    with pytest.raises(lw.FormatError, match="left over" if n == 13 else "has no bias"):
        lw.from_keras(arrays, LAYERS)


def test_classes_may_stand_in_any_order(rng):
    W = rng.normal(size=(4, 3))
    names = ["ship", "cat", "dog"]
    net = lw.from_keras([W, np.zeros(3)], [lw.Dense(3), lw.Softmax()], classes=names)
    X = rng.normal(size=(30, 4))
    y = np.array(names)[(X @ W).argmax(axis=1)]
    assert net.dtype == np.float64
    assert (net.predict(X) == y).all()
    assert net.evaluate(X, y)["accuracy"] == 1
    with pytest.raises(lw.ShapeError, match="3 different labels"):
        lw.from_keras([W, np.zeros(3)], [lw.Dense(3), lw.Softmax()], classes=["ship", "cat"])


def test_pixels_are_taken_as_the_source_takes_them(rng):
    """What comes without a scaler has none: whole numbers are not taken for pixels to be scaled."""
    net = lw.from_torch({"0.weight": np.ones((1, 2)), "0.bias": np.zeros(1)}, [lw.Dense(1)])
    assert net.outputs(np.array([[200.0, 55.0]])).item() == 255
    with pytest.raises(lw.DataError, match="uint8"):
        net.outputs(np.array([[200, 55]], np.uint8))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.npz", b"PK no zip"),
        ("m.npz", b""),
        ("m.safetensors", b"\\x00" * 40),
        ("m.safetensors", b""),
        ("m.pt", b"PK"),
    ],
)
def test_files_that_are_none(tmp_path, name, content):
    pytest.importorskip("safetensors")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(lw.FormatError, match=name):
        lw.from_torch(tmp_path / name, [lw.Dense(2)])


def test_a_pickle_in_an_npz_is_not_opened(tmp_path):
    np.savez(tmp_path / "m.npz", np.array([{"a": 1}], dtype=object))
    with pytest.raises(lw.FormatError, match=r"m\.npz"):
        lw.from_keras(tmp_path / "m.npz", [lw.Dense(2)])


def test_what_holds_no_weights():
    with pytest.raises(FileNotFoundError):
        lw.from_torch("nowhere.safetensors", [lw.Dense(2)])
    with pytest.raises(TypeError, match=r"model\.state_dict\(\)"):
        lw.from_torch(object(), [lw.Dense(2)])
    with pytest.raises(TypeError, match="layer 0 must be a Layer"):
        lw.from_torch({"0.weight": np.ones((2, 2))}, ["dense"])
    with pytest.raises(lw.FormatError, match="holds no tensors"):
        lw.from_torch({}, [lw.Dense(2)])
    with pytest.raises(lw.FormatError, match="must hold numbers"):
        lw.from_torch({"0.weight": np.array(["a"])}, [lw.Dense(2)])
    with pytest.raises(lw.FormatError, match="NaN"):
        lw.from_torch({"0.weight": np.array([[np.nan]]), "0.bias": np.zeros(1)}, [lw.Dense(1)])


def test_layers_in_groups_behind_intervals(rng):
    """The first weights have a row for each input of a group; how many inputs there are follows from them."""
    layers = [lw.PiecewiseLinear([[0, 1, 2]]), lw.Dense(6, groups=2), lw.ReLU(), lw.Dense(3, groups=3)]
    net = lw.Network(layers, random_state=0).build(6)
    arrays = net.get_parameters()
    state = {
        f"{i}.{name}": a
        for i, at in enumerate((0, 2))
        for name, a in (("weight", arrays[at].T), ("bias", arrays[at + 1]))
    }
    X = rng.standard_normal((9, 6))
    for again in (lw.from_torch(state, layers), lw.from_keras(arrays, layers)):
        np.testing.assert_array_equal(again.outputs(X), net.outputs(X))
