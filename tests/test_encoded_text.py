"""Text with many values, and columns that are not used: worked figures, cross-fitting, the budget of inputs."""

import json
import zlib

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.encoded_text import MeanTargets, too_many
from layerwise.data.tabular import TableEncoder

CITIES = np.array(["Oslo", "Oslo", "Bern", "Bern", "Bern", "Rome", None], dtype=object)[:, None]
Y = np.array([1.5, 2.5, 4.0, 5.0, 6.5, 9.0, 1.0] * 3)


def encoder(**arguments):
    return TableEncoder(kinds={0: "text"}, **arguments)


class TestLevels:
    def test_worked(self):
        X = np.repeat(CITIES, 3, axis=0)
        X[-5:, 0] = ["Rome", "a", "b", None, None]  # Oslo 6, Bern 9, Rome 2: a and b once
        y = np.arange(21.0) + 0.5
        fitted = encoder().fit(X, y)
        assert fitted.output_names == ["x0=frequency", "x0=mean"]
        out = fitted.transform([["Oslo"], ["Bern"], ["Rome"], ["a"], [None], ["elsewhere"]])
        # (S + 10 m) / (n + 10), m = 10.5: Oslo 0.5 … 5.5, S = 18: 123 / 16; Bern 6.5 … 14.5, S = 94.5: 199.5 / 19
        means = np.array([123 / 16, 199.5 / 19, (15.5 + 16.5 + 10 * 10.5) / 12, 10.5, 10.5, 10.5])
        counts = np.log([6, 9, 2, 1, 1, 1])
        for found, raw in zip(out.T.astype(float), (counts, means)):
            z = found / np.sqrt(1 - found**2 / 9)  # before the clip
            np.testing.assert_allclose((z - z[0]) / (z[1] - z[0]), (raw - raw[0]) / (raw[1] - raw[0]), rtol=1e-4)

    def test_classes(self):
        X = np.repeat(CITIES[:6], 4, axis=0)
        assert encoder().fit(X, ["no", "yes"] * 12).output_names == ["x0=frequency", "x0=share of yes"]
        assert len(encoder().fit(X, ["a", "b", "c"] * 8).output_names) == 4
        several = np.column_stack([np.arange(24.0), np.arange(24.0)])
        assert encoder().fit(X, several).output_names == ["x0=frequency", "x0=mean 0", "x0=mean 1"]

    def test_signs_where_there_are_no_means(self):
        X = np.repeat(CITIES[:6], 4, axis=0)
        bits = [2.0 * (zlib.crc32(b"Oslo") >> i & 1) - 1 for i in range(8)]
        for y in (None, [str(i) for i in range(24)]):
            fitted = encoder().fit(X, y)
            assert fitted.output_names == ["x0=frequency", *(f"x0=sign {i}" for i in range(8))]
            assert fitted.transform([["Oslo"]])[0, 1:].tolist() == bits
            assert not fitted.transform([["elsewhere"]])[0, 1:].any()

    @pytest.mark.parametrize(
        ("y", "names"),
        [
            (None, None),
            ([1, 1, 1], None),
            ([1.0, np.nan, 2.0], None),
            (np.arange(11).astype(str), None),
            (np.arange(30), ("mean",)),
            ([0.5, 1.5, 0.5], ("mean",)),
            ([0, 1, 1], ("share of 1",)),
            ([True, False, True], ("share of True",)),
        ],
    )
    def test_what_means_are_taken_of(self, y, names):
        found = MeanTargets.of(y)
        assert (found and found.names) == names


class TestCrossFitting:
    def test_a_rare_value_does_not_tell_its_own_target(self, rng):
        X = np.array([f"order {i // 2}" for i in range(400)], dtype=object)[:, None]
        y = rng.normal(size=400)
        known = encoder().fit_transform(X, y)[:, 1]
        assert abs(np.corrcoef(known, y)[0, 1]) < 0.2
        assert np.corrcoef(encoder().fit(X, y).transform(X)[:, 1], y)[0, 1] > 0.6

    def test_rows_of_other_folds_alone(self):
        X = np.array(["a"] * 30 + ["b"] * 30, dtype=object)[:, None]
        y = np.arange(60.0)
        fitted = encoder()
        before = fitted.fit_transform(X, y)[:, 1]
        # the folds do not depend on y: a target that changes leaves the rows of its own fold as they were
        y[7] += 1000
        changed = encoder()
        raw = [e.fit_transform(X, t)[:, 1] for e, t in ((fitted, np.arange(60.0)), (changed, y))]
        np.testing.assert_array_equal(before, raw[0])
        assert len(np.unique(raw[1][:30].round(5))) <= 5  # a mean a fold
        assert raw[1][7] == min(raw[1][:30])  # the only fold without the new target

    def test_the_same_every_time(self):
        X = np.repeat(CITIES, 3, axis=0)
        np.testing.assert_array_equal(encoder().fit_transform(X, Y), encoder().fit_transform(X, Y))


class TestBudget:
    @pytest.mark.parametrize(
        ("sizes", "most", "left"),
        [({0: 3, 1: 4}, 7, set()), ({0: 3, 1: 4}, 6, {1}), ({0: 3, 1: 4, 2: 9}, 6, {1, 2}), ({0: 1, 1: 2}, 0, set())],
    )
    def test_the_largest_go_first(self, sizes, most, left):
        assert too_many(sizes, most, 2) == left

    def test_in_the_encoder(self):
        X = [[f"a{i % 30}", f"b{i % 5}", i % 7] for i in range(90)]
        fitted = TableEncoder(max_inputs=20).fit(X, Y.repeat(5)[:90])
        assert fitted.kinds == ["text", "category", "number"]
        assert TableEncoder().fit(X).kinds == ["category", "category", "number"]
        asked = TableEncoder(max_inputs=20, kinds={0: "category"}).fit(X)
        assert asked.kinds[0] == "category"


class TestUnused:
    def test_frames_need_not_have_them(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"id": ["x", "y", "z"], "a": [1.0, 2, 3], "list": [[1], [2], [3]]})
        fitted = TableEncoder(exclude=["id"], kinds={"list": "unused"}).fit(frame)
        assert fitted.kinds == ["unused", "number", "unused"]
        assert (fitted.columns, fitted.used_columns, fitted.output_names) == (["id", "a", "list"], ["a"], ["a"])
        np.testing.assert_array_equal(fitted.transform(frame[["a"]]), fitted.transform(frame))
        with pytest.raises(lw.DataError, match="X has no column 'a'"):
            fitted.transform(frame[["id"]])

    def test_by_places(self):
        fitted = TableEncoder(exclude=[-1]).fit([[1, "x"], [2, "y"]])
        assert fitted.transform([[1, None]]).shape == (1, 1)


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "error", "words"),
        [
            ({"exclude": "id"}, TypeError, r"exclude must be a list of columns: \['id'\]"),
            ({"exclude": ["id"]}, lw.UnknownNameError, "exclude names 'id', which X does not have"),
            ({"kinds": {"id": "text"}}, lw.UnknownNameError, "kinds names 'id', which X does not have"),
            ({"kinds": {0: "txt"}}, lw.UnknownNameError, "kinds has 'txt'; did you mean 'text'"),
            ({"kinds": "text"}, TypeError, "kinds must be a dict"),
            ({"max_inputs": -1}, ValueError, "max_inputs must be a whole number, at least 0"),
        ],
    )
    def test_refused(self, arguments, error, words):
        with pytest.raises(error, match=words):
            TableEncoder(**arguments).fit([[1, 2], [3, 4]])

    def test_in_files(self):
        X = np.repeat(CITIES, 3, axis=0)
        fitted = encoder(exclude=[0], dates=["year"], max_inputs=9).fit(X, Y)
        assert fitted.kinds == ["text"]  # what is said of one column counts more than a list
        twin = TableEncoder.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False)))
        assert repr(twin) == repr(fitted)
        assert twin.to_dict() == fitted.to_dict()
        np.testing.assert_array_equal(twin.transform(X), fitted.transform(X))
        damaged = fitted.to_dict()
        damaged["columns"][0]["levels"][0].pop()
        with pytest.raises(lw.FormatError, match="not the description"):
            TableEncoder.from_dict(damaged)

    def test_an_older_description(self):
        description = TableEncoder().fit([[1, "x"], [2, "y"]]).to_dict()
        description["config"] = {"categorical": None, "max_categories": None, "scale_categories": True}
        assert TableEncoder.from_dict(description).kinds == ["number", "category"]

    def test_targets_of_another_length(self):
        with pytest.raises(lw.ShapeError, match="y has 2 targets; X has 3 rows"):
            encoder().fit(CITIES[:3], [1.0, 2.5])


class TestEstimators:
    @pytest.fixture
    def table(self, rng):
        city = np.array([f"city {i}" for i in rng.integers(0, 40, 300)], dtype=object)
        return np.column_stack([city, rng.normal(size=300), np.arange(300)]).astype(object), rng.integers(0, 2, 300)

    def test_the_parameters_reach_the_encoder(self, table, tmp_path):
        base = pytest.importorskip("sklearn.base")
        X, y = table
        options = {"exclude": [2], "kinds": {0: "text"}, "max_categories": 5, "categorical": None}
        clf = base.clone(lw.MLPClassifier(preset="tabular", max_iter=2, random_state=0, **options)).fit(X, y)
        assert clf.encoder_.kinds == ["text", "number", "unused"]
        assert {name: clf.get_params()[name] for name in options} == options
        clf.save(tmp_path / "m")
        twin = lw.load(tmp_path / "m")
        assert twin.get_params()["kinds"] == {0: "text"}
        np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
        regr = lw.MLPRegressor(preset="tabular", max_iter=2, categorical=[2], max_categories=9).fit(X, X[:, 1])
        assert regr.encoder_.kinds == ["category", "number", "category"]
        assert len(regr.encoder_.output_names) == 19

    def test_without_the_preset(self, table):
        with pytest.raises(
            ValueError, match=r"MLPClassifier: exclude say how a table is encoded: give preset='tabular"
        ):
            lw.MLPClassifier(exclude=[0]).fit(table[0][:, 1:], table[1])
