"""Columns of a frame are those of training, by name and in order, or are refused; arrays have no names."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.estimators.base import BaseMLP

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2
NAMES = ["age", "size", "weight"]
FRAMES = {
    "pandas": pandas.DataFrame,
    "Polars": lambda A, columns: polars.DataFrame(A, schema=list(columns)),
}


def network():
    return lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)


@pytest.fixture(params=FRAMES)
def frame(request):
    return FRAMES[request.param](X, columns=NAMES)


def trained(frame):
    net = network()
    net.fit(frame, Y, epochs=1, verbose=False)
    return net


USES = {
    "predict": lambda net, X: net.predict(X),
    "predict_proba": lambda net, X: net.predict_proba(X),
    "outputs": lambda net, X: net.outputs(X),
    "forward": lambda net, X: net.forward(X),
    "activations": lambda net, X: net.activations(X),
    "evaluate": lambda net, X: net.evaluate(X, Y),
    "fit": lambda net, X: net.fit(X, Y, epochs=1, verbose=False),
    "validation_data": lambda net, X: net.fit(np.asarray(X)[:, :3], Y, validation_data=(X, Y), epochs=1, verbose=False),
    "trace": lambda net, X: lw.trace(net, X),
    "gradcheck": lambda net, X: lw.gradcheck(net, X, Y),
    "diagnose": lambda net, X: lw.diagnose(net, X, Y),
    "calibrate": lambda net, X: lw.calibrate(net, X, Y),
    "learn_novelty": lambda net, X: lw.learn_novelty(net, X),
}


@pytest.mark.parametrize("use", USES)
class TestNetwork:
    def test_another_order(self, frame, use):
        net = trained(frame)
        before = net.theta.copy()
        with pytest.raises(lw.DataError, match=r"same order as they were in fit: column 0 was 'age', and is 'weight'"):
            USES[use](net, frame[NAMES[::-1]])
        np.testing.assert_array_equal(net.theta, before)

    def test_columns_of_other_names(self, frame, use):
        net = trained(frame)
        other = type(frame)({"age": X[:, 0], "height": X[:, 1], "width": X[:, 2]})
        with pytest.raises(lw.DataError) as error:
            USES[use](net, other)
        assert error.match("names unseen at fit time: 'height', 'width'.*now missing: 'size', 'weight'")
        assert error.match(r"Give the columns \['age', 'size', 'weight'\] in this order")


class TestTheSameNames:
    def test_are_taken(self, frame):
        net = trained(frame)
        assert net.columns == [{"name": name, "kind": "number"} for name in NAMES]
        np.testing.assert_array_equal(net.predict_proba(frame), net.predict_proba(X))
        net.fit(frame, Y, validation_data=(frame, Y), epochs=1, verbose=False)
        lw.trace(net, frame[:2], Y[:2])

    def test_of_the_other_library_are_the_same(self):
        nets = [trained(FRAMES[kind](X, columns=NAMES)) for kind in FRAMES]
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
        for net, kind in zip(nets, list(FRAMES)[::-1], strict=True):
            net.predict(FRAMES[kind](X, columns=NAMES))

    def test_one_column_too_many_or_too_few(self, frame):
        net = trained(frame)
        with pytest.raises(lw.DataError, match="now missing: 'weight'"):
            net.predict(frame[NAMES[:2]])
        more = FRAMES["pandas"](np.column_stack([X, X[:, 0]]), columns=[*NAMES, "id"])
        with pytest.raises(lw.DataError, match="unseen at fit time: 'id'"):
            net.predict(more)


def test_an_array_has_no_names_to_compare(frame):
    net = trained(frame)
    net.predict(X[:, ::-1])
    net = trained(X)
    assert net.columns is None
    net.predict(frame)
    assert net.columns is None


def test_numbers_are_no_names():
    net = trained(pandas.DataFrame(X))
    assert net.columns is None
    net.predict(pandas.DataFrame(X, columns=[2, 1, 0]))


def test_training_that_fails_leaves_no_names(frame):
    net = network()
    with pytest.raises(lw.ShapeError):
        net.fit(frame, Y[:5], verbose=False)
    assert net.columns is None


def test_validation_data_of_a_first_fit(frame):
    with pytest.raises(lw.DataError, match="X of validation_data: the column names should match"):
        network().fit(frame, Y, validation_data=(frame[NAMES[::-1]], Y), verbose=False)


def test_names_can_be_forgotten(frame):
    net = trained(frame)
    net.columns = None
    net.predict(frame[NAMES[::-1]])


def test_names_are_saved(frame, tmp_path):
    trained(frame).save(tmp_path / "model.safetensors")
    net = lw.load(tmp_path / "model.safetensors")
    net.predict(frame)
    with pytest.raises(lw.DataError, match="same order"):
        net.predict(frame[NAMES[::-1]])


def test_an_ensemble_has_the_names_of_its_networks(frame, tmp_path):
    ensemble = lw.Ensemble([lw.Dense(2), lw.Softmax()], size=2, random_state=0)
    ensemble.fit(frame, Y, epochs=1, verbose=False)
    ensemble.save(tmp_path / "ensemble.safetensors")
    for model in (ensemble, lw.load(tmp_path / "ensemble.safetensors")):
        for use in (model.predict, model.predict_proba, model.outputs, lambda X: model.evaluate(X, Y)):  # noqa: B023
            use(frame)
            with pytest.raises(lw.DataError, match="same order"):
                use(frame[NAMES[::-1]])


def test_an_encoder_finds_columns_by_their_names(frame):
    encoder = lw.TableEncoder().fit(frame)
    np.testing.assert_array_equal(encoder.transform(frame[NAMES[::-1]]), encoder.transform(frame))
    with pytest.raises(ValueError, match="weight"):
        encoder.transform(frame[NAMES[:2]])


@pytest.mark.filterwarnings("ignore:adam made|Stochastic")
@pytest.mark.parametrize("preset", [None, "tabular"])
class TestEstimators:
    """Errors and warnings are scikit-learn's."""

    def uses(self, model, X):
        yield lambda: model.predict(X)
        yield lambda: model.predict_proba(X)
        yield lambda: model.score(X, Y)
        yield lambda: model.partial_fit(X, Y)

    def test_another_order(self, frame, preset, tmp_path):
        fitted = lw.MLPClassifier(max_iter=1, preset=preset, ensemble=1, random_state=0).fit(frame, Y)
        fitted.save(tmp_path / "model.safetensors")
        for model in (fitted, lw.load(tmp_path / "model.safetensors")):
            assert isinstance(model, BaseMLP)
            assert model.feature_names_in_.tolist() == NAMES
            for use in self.uses(model, frame[NAMES[::-1]]):
                with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
                    use()
            with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing:\n- weight"):
                model.predict(frame[NAMES[:2]])

    def test_validation_data(self, frame, preset):
        model = lw.MLPClassifier(max_iter=1, preset=preset)
        with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
            model.fit(frame, Y, validation_data=(frame[NAMES[::-1]], Y))

    def test_no_names_where_there_were_some(self, frame, preset):
        model = lw.MLPClassifier(max_iter=1, preset=preset).fit(frame, Y)
        with pytest.warns(UserWarning, match="X does not have valid feature names, but MLPClassifier was fitted with"):
            model.predict(X)

    def test_the_network_knows_them_too(self, frame, preset):
        model = lw.MLPClassifier(max_iter=1, preset=preset).fit(frame, Y)
        assert model.network_.column_names == (NAMES if preset is None else None)


def test_the_package_lists_its_public_names_alone():
    assert [name for name in dir(lw) if not name.startswith("__")] == sorted(lw.__all__)
    assert {"__version__", "__all__"} <= set(dir(lw))


def test_all_of_the_errors_are_what_a_star_gives():
    kinds = [kind for kind in vars(lw.errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert sorted(kind.__name__ for kind in kinds) == lw.errors.__all__
