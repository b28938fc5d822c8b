"""Tables of numbers and categories: worked figures, independent arithmetic, and every type of column there is."""

import datetime
import decimal
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.data.frames import read_columns
from layerwise.data.tabular import TableEncoder


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


@pytest.fixture
def pl():
    return pytest.importorskip("polars")


def column(*values):
    return np.array(values, dtype=object).reshape(-1, 1)


def encoded(X, **arguments):
    """X encoded after having been learned from, in float64 and rounded as the comments are."""
    return TableEncoder(**arguments).fit_transform(X).astype(np.float64).round(4).tolist()


def published(x):
    """The scaling and the clip as two lines of NumPy, for columns without missing values whose quartiles differ."""
    z = (x - np.median(x, axis=0)) / np.subtract(*np.quantile(x, [0.75, 0.25], axis=0))
    return z / np.sqrt(1 + (z / 3) ** 2)


class TestNumbers:
    def test_worked(self):
        # 1 2 3 4 9: q25 = 2, median 3, q75 = 4, so z = (x - 3) / 2 = -1, -0.5, 0, 0.5, 3
        # z / √(1 + (z/3)²): 1 / √(10/9) = 0.9487; 0.5 / √(37/36) = 0.4932; 3 / √2 = 2.1213
        assert encoded(column(1, 2, 3, 4, 9)) == [[-0.9487], [-0.4932], [0], [0.4932], [2.1213]]

    def test_quartiles_between_values(self):
        # 0 1 2 10: places 0.75, 1.5, 2.25 of 0…3: q25 = 0.75, median 1.5, q75 = 2 + 0.25·8 = 4; z = (x - 1.5) / 3.25
        # z = -0.4615, -0.1538, 0.1538, 2.6154; 2.6154 / √(1 + 0.7600) = 1.9714
        assert encoded(column(0, 1, 2, 10)) == [[-0.4562], [-0.1536], [0.1536], [1.9714]]

    def test_equal_quartiles(self):
        # 5 5 5 5 5 8: both quartiles are 5, so s = 2 / (8 - 5) and z = 0 and 2: 2 / √(1 + 4/9) = 1.6641
        assert encoded(column(5, 5, 5, 5, 5, 8))[4:] == [[0], [1.6641]]

    def test_a_constant_column_is_0_then_and_later(self):
        encoder = TableEncoder().fit(column(7.3, 7.3, 7.3))
        assert encoder.transform(column(7.3, -1e30, None)).tolist() == [[0], [0], [0]]

    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, ">f8", object])
    def test_against_numpy(self, dtype, rng):
        X = (rng.normal(10, 3, size=(200, 3)) ** 2).astype(np.uint8 if dtype == np.uint8 else np.float16).astype(dtype)
        out = TableEncoder().fit_transform(X)
        assert out.dtype == np.float32
        assert out.flags.c_contiguous
        np.testing.assert_allclose(out, published(X.astype(np.float64)), rtol=1e-6)

    def test_against_scikit_learn(self, rng):
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        X = rng.standard_t(2, size=(300, 4))
        z = preprocessing.RobustScaler().fit_transform(X)
        np.testing.assert_allclose(TableEncoder().fit_transform(X), z / np.sqrt(1 + z**2 / 9), rtol=1e-5, atol=1e-6)

    def test_the_training_data_alone_are_learned_from(self, rng):
        X = rng.normal(size=(50, 2))
        encoder = TableEncoder().fit(X)
        np.testing.assert_array_equal(encoder.transform(X[:1]), encoder.transform(X)[:1])
        np.testing.assert_allclose(encoder.transform(X + 1e6), 3, rtol=1e-6)

    @pytest.mark.parametrize("tiny", [1e-300, 5e-324, 1e-40])
    @pytest.mark.parametrize("huge", [0, 3e38])
    def test_the_ends_of_the_scale(self, tiny, huge):
        X = column(0.0, tiny, 2 * tiny, 3 * tiny, huge, -huge)
        out = TableEncoder().fit_transform(X)
        assert np.isfinite(out).all()
        assert (np.abs(out) <= 3).all()

    def test_wide_quartiles(self):
        # -3e38 -3e38 3e38 3e38: the median is 0, the quartiles ±3e38, so z = ±0.5
        assert encoded(column(-3e38, -3e38, 3e38, 3e38)) == [[-0.4932], [-0.4932], [0.4932], [0.4932]]


class TestMissingNumbers:
    def test_worked(self):
        # what is there: 1 2 3 4 9, as above. A missing one becomes the median, which is 0 in the output.
        # Missing or not: 0 0 0 0 0 1, both quartiles 0, so s = 2: z = 0 and 2, 2 / √(1 + 4/9) = 1.6641
        out = encoded(column(1, 2, 3, 4, 9, None))
        assert out == [[-0.9487, 0], [-0.4932, 0], [0, 0], [0.4932, 0], [2.1213, 0], [0, 1.6641]]
        assert TableEncoder().fit(column(1, None)).output_names == ["x0", "x0=missing"]

    def test_unscaled(self):
        assert encoded(column(1, 2, 3, 4, 9, None), scale_categories=False)[4:] == [[2.1213, 0], [0, 1]]

    def test_missing_only_later(self):
        encoder = TableEncoder().fit(column(1, 2, 3))
        assert encoder.transform(column(None, float("nan"))).tolist() == [[0], [0]]

    def test_a_column_without_numbers(self):
        encoder = TableEncoder().fit(np.array([[np.nan, 1], [np.nan, 2]]))
        assert encoder.output_names == ["x0", "x1"]
        assert encoder.transform([[5, 1.5], [np.nan, 1.5]]).tolist() == [[0, 0], [0, 0]]

    def test_masked_arrays(self):
        X = np.ma.array([[1, 2], [3, 4], [5, 6]], mask=[[0, 0], [1, 0], [0, 0]])
        expected = TableEncoder().fit_transform([[1, 2], [None, 4], [5, 6]])
        np.testing.assert_array_equal(TableEncoder().fit_transform(X), expected)


class TestCategories:
    def test_two(self):
        # no | yes in order of letters: -1 | 1; 4 no, 1 yes: quartiles -1, so s = 2 / 2 = 1: z = 0 and 2
        assert encoded(column("no", "no", "yes", "no", "no")) == [[0], [0], [1.6641], [0], [0]]
        assert encoded(column("no", "yes", None), scale_categories=False) == [[-1], [1], [0]]

    def test_two_and_missing(self):
        # -1 -1 0 1 1: quartiles ±1, median 0, s = 1/2: z = ±0.5, 0.5 / √(37/36) = 0.4932
        assert encoded(column("a", "b", None, "a", "b")) == [[-0.4932], [0.4932], [0], [-0.4932], [0.4932]]

    def test_three(self):
        X = column("red", "blue", "green", None)
        encoder = TableEncoder(scale_categories=False)
        assert encoder.fit_transform(X).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]]
        assert encoder.output_names == ["x0=blue", "x0=green", "x0=red"]
        # each: 0 0 0 1, place 2.25 of 0…3: q75 = 0.25, so s = 4: z = 4, 4 / √(1 + 16/9) = 2.4
        assert encoded(X)[0] == [0, 0, 2.4]

    def test_one(self):
        assert encoded(column("a", "a")) == [[0], [0]]  # constant
        assert encoded(column("a", "a"), scale_categories=False) == [[1], [1]]

    def test_none_beside_others(self):
        encoder = TableEncoder().fit([[None, 1.0], [None, 2.0], [None, 3.0]])
        assert (encoder.kinds, encoder.output_names) == (["category", "number"], ["x1"])
        assert encoder.transform([["a", 2]]).tolist() == [[0]]

    @pytest.mark.parametrize("counts", [(1, 1, 1), (9, 1, 1), (1, 9, 1), (3, 3, 2), (0, 4, 1), (50, 30, 21), (2, 5, 0)])
    def test_the_scaling_is_that_of_the_one_hot_columns(self, counts):
        X = column(*np.repeat(["a", "b", "c"], counts))
        raw = TableEncoder(scale_categories=False).fit_transform(X)
        np.testing.assert_allclose(TableEncoder().fit_transform(X), TableEncoder().fit_transform(raw), rtol=1e-6)

    def test_unknown_ones_are_as_missing_ones(self):
        for values in (["a", "b", None], ["a", "b", "c", None], ["a", None]):
            encoder = TableEncoder().fit(column(*values))
            np.testing.assert_array_equal(encoder.transform(column("?", "a")), encoder.transform(column(None, "a")))
        assert TableEncoder(scale_categories=False).fit(column(*"abc")).transform(column("d")).tolist() == [[0, 0, 0]]

    def test_numbers_that_are_said_to_be_categories(self):
        X = np.array([[10.0, 1], [20, 2], [np.nan, 3], [30, 4]])
        encoder = TableEncoder(categorical=[0], scale_categories=False).fit(X)
        assert encoder.output_names == ["x0=10", "x0=20", "x0=30", "x1"]
        assert encoder.transform(X)[:, :3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
        np.testing.assert_array_equal(encoder.transform(X.astype(object)), encoder.transform(X))

    @pytest.mark.parametrize("categorical", [[1], [-1], [False, True], np.array([False, True]), np.array([1])])
    def test_how_they_are_said(self, categorical):
        assert TableEncoder(categorical).fit([[1, 2], [3, 4]]).kinds == ["number", "category"]

    def test_the_most_frequent(self):
        X = column("a", "b", "b", "c", "c", "c", "d", "d")
        encoder = TableEncoder(max_categories=3, scale_categories=False).fit(X)
        assert encoder.output_names == ["x0=b", "x0=c", "x0=d"]
        assert encoder.transform(column("a", "b")).tolist() == [[0, 0, 0], [1, 0, 0]]
        assert TableEncoder(max_categories=2, scale_categories=False).fit(X).transform(
            column(*"abcd")).tolist() == [[0], [-1], [1], [0]]  # fmt: skip

    def test_names_and_numbers_of_orders(self):
        X = column(*(f"order {i}" for i in range(1001)))
        with pytest.raises(lw.DataError, match=r"X: column 0 has 1,001 categories.*give kinds=.*or max_categ"):
            TableEncoder().fit(X)
        assert TableEncoder(max_categories=1001).fit_transform(X).shape == (1001, 1001)

    def test_mixed_types(self):
        X = column("a", 2, 2.0, 1.5, True, decimal.Decimal(2), b"x", None)
        encoder = TableEncoder(scale_categories=False).fit(X)
        assert encoder.output_names == ["x0=True", "x0=1.5", "x0=2", "x0=a", "x0=b'x'"]  # True is 1
        assert encoder.transform(X).argmax(axis=1).tolist() == [3, 2, 2, 1, 0, 2, 4, 0]

    @pytest.mark.parametrize("dtype", ["U5", "S5", object, np.dtypes.StringDType()])
    def test_arrays_of_text(self, dtype):
        X = np.array([["a", "b"], ["c", "b"]], dtype)
        assert TableEncoder(scale_categories=False).fit_transform(X).tolist() == [[-1, 1], [1, 1]]

    def test_arrays_of_booleans(self):
        encoder = TableEncoder(scale_categories=False)
        assert encoder.fit_transform([[True, False], [False, False]]).tolist() == [[1, 1], [-1, 1]]
        assert encoder.kinds == ["category", "category"]
        assert encoder.transform(column(True, None).repeat(2, axis=1)).tolist() == [[1, 0], [0, 0]]


MISSING = {"float": [1.5, None, 3.0, 4.0, 4.5], "int": [1, None, 3, 4, 9], "bool": [True, None, False, True, True]}
TEXT = ["x", None, "y", "z", "x"]


class TestPandas:
    @pytest.mark.parametrize(
        ("values", "dtype"),
        [
            ("float", "float64"),
            ("float", "float32"),
            ("float", "Float64"),
            ("float", "object"),
            ("float", "double[pyarrow]"),
            ("int", "Int64"),
            ("int", "UInt8"),
            ("int", "object"),
            ("int", "int64[pyarrow]"),
            ("bool", "boolean"),
            ("bool", "object"),
            ("bool", "bool[pyarrow]"),
            ("text", "object"),
            ("text", "string"),
            ("text", "string[pyarrow]"),
            ("text", "string[python]"),
            ("text", "category"),
        ],
    )
    def test_every_type_as_an_array_of_objects(self, pd, values, dtype):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        plain = TEXT if values == "text" else MISSING[values]
        frame = pd.DataFrame({"a": pd.Series(plain, dtype=dtype)})
        encoder = TableEncoder()
        np.testing.assert_array_equal(encoder.fit_transform(frame), TableEncoder().fit_transform(column(*plain)))
        assert encoder.kinds == ["category" if values in ("bool", "text") else "number"]
        np.testing.assert_array_equal(encoder.transform(column(*plain)), encoder.transform(frame))

    def test_every_kind_of_missing(self, pd):
        values = [1.0, None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, decimal.Decimal("nan"), 3.0]
        frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
        assert TableEncoder(scale_categories=False).fit_transform(frame)[:, 1].tolist() == [0, 1, 1, 1, 1, 1, 1, 0]
        frame["a"] = pd.Series(["u", *values[1:-1], "v"], dtype=object)
        assert TableEncoder(scale_categories=False).fit_transform(frame)[:, 0].tolist() == [-1, 0, 0, 0, 0, 0, 0, 1]

    def test_levels_that_are_not_used(self, pd):
        dtype = pd.CategoricalDtype(["w", "v", "u"])
        frame = pd.DataFrame({"a": pd.Series(["u", "v", None], dtype=dtype)})
        encoder = TableEncoder(scale_categories=False).fit(frame)
        assert encoder.output_names == ["a=v"]
        assert encoder.transform(pd.DataFrame({"a": pd.Series(["w", "u"], dtype=dtype)})).tolist() == [[0], [-1]]

    def test_levels_that_are_numbers_or_intervals(self, pd):
        frame = pd.DataFrame({"a": pd.Categorical([30, 10, 10, 20]), "b": pd.cut([1, 2, 3, 4], [0, 2, 4])})
        encoder = TableEncoder().fit(frame)
        assert encoder.output_names == ["a=10", "a=20", "a=30", "b=(2, 4]"]
        np.testing.assert_array_equal(encoder.transform(frame.astype({"a": int})), encoder.transform(frame))

    def test_names_that_are_not_strings(self, pd):
        frame = pd.DataFrame([[1, 2, 3, 4], [3, 5, 4, 6]], columns=[10, 2.5, ("a", "b"), datetime.date(2026, 1, 2)])
        encoder = TableEncoder(categorical=[2.5]).fit(frame)
        assert encoder.output_names == ["10", "2.5=5", "('a', 'b')", "2026-01-02"]
        twin = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
        np.testing.assert_array_equal(twin.transform(frame.iloc[:, ::-1]), encoder.transform(frame))

    def test_an_index_does_not_matter(self, pd):
        frame = pd.DataFrame({"a": [1, 2, 4.0], "b": ["x", "y", "x"]})
        expected = TableEncoder().fit_transform(frame)
        np.testing.assert_array_equal(TableEncoder().fit_transform(frame.set_axis([5, 5, "z"])), expected)

    def test_the_frame_stays_as_it_was(self, pd):
        frame = pd.DataFrame({"a": [1.0, np.nan, 4.0], "b": [1.0, 2.0, 3.0]})
        before = frame.copy()
        TableEncoder().fit_transform(frame)
        pd.testing.assert_frame_equal(frame, before)

    @pytest.mark.parametrize("kind", ["timedelta", "period"])
    def test_durations(self, pd, kind):
        when = pd.Series(pd.to_datetime(["2026-01-02", None]))
        series = {"timedelta": when - when, "period": when.dt.to_period("D")}[kind]
        with pytest.raises(lw.DataError, match=r"X: column 'when' holds durations or periods; turn it into numbers"):
            TableEncoder().fit(pd.DataFrame({"when": series}))


class TestPolars:
    @pytest.mark.parametrize(
        ("values", "dtype"),
        [
            ("float", "Float64"),
            ("float", "Float32"),
            ("float", "Decimal"),
            ("int", "Int64"),
            ("int", "UInt8"),
            ("bool", "Boolean"),
            ("text", "String"),
            ("text", "Categorical"),
            ("text", "Enum"),
            ("text", "Object"),
        ],
    )
    def test_every_type_as_an_array_of_objects(self, pl, values, dtype):
        plain = TEXT if values == "text" else MISSING[values]
        dtypes = {"Enum": pl.Enum(["unused", "z", "y", "x"]), "Decimal": pl.Decimal(10, 1)}
        series = pl.Series(plain, dtype=None if dtype == "Decimal" else dtypes.get(dtype, getattr(pl, dtype)))
        frame = pl.DataFrame({"a": series.cast(dtypes[dtype]) if dtype == "Decimal" else series})
        for categorical in (None, ["a"]):
            encoder, other = TableEncoder(categorical), TableEncoder(categorical and [0])
            np.testing.assert_array_equal(encoder.fit_transform(frame), other.fit_transform(column(*plain)))
            np.testing.assert_array_equal(encoder.transform(column(*plain)), encoder.transform(frame))

    def test_null_and_nan(self, pl):
        frame = pl.DataFrame({"null": [None, None, None], "nan": [1.0, None, float("nan")]})
        encoder = TableEncoder(scale_categories=False)
        assert encoder.fit_transform(frame).tolist() == [[0, 0], [0, 1], [0, 1]]
        assert encoder.output_names == ["nan", "nan=missing"]
        assert TableEncoder(["nan"]).fit(frame).output_names == ["nan=1"]

    def test_what_cannot_be_read(self, pl):
        with pytest.raises(lw.DataError, match=r"X is a LazyFrame.*X\.collect\(\)"):
            TableEncoder().fit(pl.LazyFrame({"a": [1]}))
        with pytest.raises(lw.DataError, match=r"column 'when' holds durations or periods"):
            TableEncoder().fit(pl.DataFrame({"when": [datetime.timedelta(1)]}))
        with pytest.raises(lw.DataError, match=r"column 'a' holds values of type list"):
            TableEncoder().fit(pl.DataFrame({"a": [[1, 2]]}))


class TestColumnsAndNames:
    def frames(self, pd, pl):
        data = {
            "age": [20.0, None, 40.0, 31.0],
            "city": ["Oslo", "Rome", None, "Bern"],
            "is_new": [True, False, True, True],
        }
        return pd.DataFrame(data), pl.DataFrame(data)

    def test_frames_and_arrays_are_one(self, pd, pl):
        one, other = self.frames(pd, pl)
        encoder = TableEncoder().fit(one)
        expected = encoder.transform(one)
        assert encoder.columns == ["age", "city", "is_new"]
        assert encoder.kinds == ["number", "category", "category"]
        assert encoder.output_names == ["age", "age=missing", "city=Bern", "city=Oslo", "city=Rome", "is_new=True"]
        for X in (other, one.to_numpy(), one.to_numpy().tolist(), one[["is_new", "age", "city"]]):
            np.testing.assert_array_equal(encoder.transform(X), expected)
        for X in (other, one.to_numpy(), one.astype({"city": "category"})):
            np.testing.assert_array_equal(TableEncoder().fit_transform(X), expected)
        array = TableEncoder().fit(one.to_numpy())
        np.testing.assert_array_equal(array.transform(other), expected)
        assert array.columns == [0, 1, 2]

    def test_columns_that_are_not_there(self, pd, pl):
        for frame, dropped in zip(self.frames(pd, pl), ({"columns": "city"}, "city")):
            encoder = TableEncoder().fit(frame)
            fewer = frame.drop(**dropped) if isinstance(dropped, dict) else frame.drop(dropped)
            with pytest.raises(
                lw.DataError, match=r"X has no column 'city', which the encoder was fitted on; known: age"
            ):
                encoder.transform(fewer)
            with pytest.raises(lw.DataError, match=r"not fitted on: 'city'; give X\[encoder\.columns\]"):
                TableEncoder().fit(fewer).transform(frame)
            with pytest.raises(lw.ShapeError, match=r"expected 3 columns, as in fit; got 2"):
                encoder.transform(fewer.to_numpy())

    def test_a_name_that_was_mistyped(self, pd, pl):
        frame, _ = self.frames(pd, pl)
        with pytest.raises(lw.DataError, match=r"no column 'city'.*did you mean 'City'"):
            TableEncoder().fit(frame).transform(frame.rename(columns={"city": "City"}))
        with pytest.raises(lw.UnknownNameError, match=r"categorical names 'agee'.*did you mean 'age'"):
            TableEncoder(["agee"]).fit(frame)

    def test_two_of_one_name(self, pd):
        with pytest.raises(lw.ShapeError, match="two columns named 'a'"):
            TableEncoder().fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))


class TestErrors:
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinity(self, value):
        with pytest.raises(lw.DataError, match=r"X: column 1, row 2 is -?inf; remove the row or fill in a number"):
            TableEncoder().fit([[1, 2], [3, 4], [5, value]])
        with pytest.raises(lw.DataError, match=r"X: column 0, row 1 is -?inf"):
            TableEncoder().fit(column(1, 2)).transform(column(1, value, value))
        with pytest.raises(lw.DataError, match=r"column 0 holds -?inf, which is no category"):
            TableEncoder(categorical=[0]).fit(column(1, value))

    @pytest.mark.parametrize(
        ("X", "error", "words"),
        [
            ([[1e39], [1]], lw.DataError, "row 0 is 1e.39, too large for float32"),
            ([[10**400], [1]], lw.DataError, "whole number that is too large"),
            ([1, 2, 3], lw.ShapeError, r"its shape is \(3,\)\. Try np\.reshape\(X, \(-1, 1\)\) for one column"),
            ("text", lw.ShapeError, r"its shape is \(\)"),
            (np.zeros((2, 3, 4)), lw.ShapeError, r"its shape is \(2, 3, 4\)$"),
            (np.zeros((0, 3)), lw.DataError, r"X is empty: its shape is \(0, 3\)"),
            ([[1, 2], [3]], lw.DataError, "all rows of one length"),
            (np.zeros((2, 2), complex), lw.DataError, "its type is complex128"),
            (np.array([[3]], "m8[D]"), lw.DataError, "turn durations into numbers"),
            (column(datetime.timedelta(3)), lw.DataError, "holds durations or periods"),
            (column(datetime.date(2026, 1, 2), "x"), lw.DataError, "holds dates or times"),
            (column(1j, 2), lw.DataError, "values of type complex"),
            (column({}, None), lw.DataError, "values of type dict"),
            (column(None, None), lw.DataError, "no column has any value"),
        ],
    )
    def test_what_cannot_be_encoded(self, X, error, words):
        with pytest.raises(error, match=words):
            TableEncoder().fit(X)

    def test_sparse(self):
        sparse = pytest.importorskip("scipy.sparse")
        with pytest.raises(lw.DataError, match=r"X is sparse: give X\.toarray\(\)"):
            TableEncoder().fit(sparse.eye_array(3))

    def test_text_among_numbers_and_numbers_among_text(self):
        with pytest.raises(lw.DataError, match=r"column 0 is one of numbers, but row 1 holds '2'; give a number"):
            TableEncoder().fit(column(1, 2)).transform(column(None, "2"))
        with pytest.raises(
            lw.DataError, match=r"categories that are text, such as '1'; now it holds numbers, such as 2"
        ):
            TableEncoder().fit(column("1", "2")).transform(column(2))
        with pytest.raises(
            lw.DataError, match=r"categories that are numbers, such as 1; now it holds text, such as '2'"
        ):
            TableEncoder([0]).fit(column(1, 2)).transform(column("2"))

    def test_not_fitted(self):
        for ask in (lambda e: e.transform([[1]]), lambda e: e.output_names, lambda e: e.kinds, lambda e: e.columns):
            with pytest.raises(RuntimeError, match=r"TableEncoder\(\) has not seen any data yet: call fit\(X\) first"):
                ask(TableEncoder())

    def test_a_fit_that_fails_changes_nothing(self):
        encoder = TableEncoder().fit([[1, 2], [3, 4]])
        before = encoder.to_dict()
        with pytest.raises(lw.DataError):
            encoder.fit([[1, 2], [np.inf, 4]])
        assert encoder.to_dict() == before

    @pytest.mark.parametrize(
        ("arguments", "error", "words"),
        [
            ({"categorical": "city"}, TypeError, r"must be a list of columns: \['city'\]"),
            ({"max_categories": 0}, ValueError, "max_categories must be a whole number, at least 1"),
            ({"categorical": [2]}, lw.UnknownNameError, "categorical names 2, which X does not have; it has 2 columns"),
            ({"categorical": ["a"]}, lw.UnknownNameError, "categorical names 'a'"),
            ({"categorical": [True, 1]}, lw.UnknownNameError, "categorical names True"),
            (
                {"categorical": [True]},
                lw.ShapeError,
                "`categorical` must have an entry for each of 2 columns, got 1",
            ),
        ],
    )
    def test_arguments(self, arguments, error, words):
        with pytest.raises(error, match=words):
            TableEncoder(**arguments).fit([[1, 2], [3, 4]])


class TestAsADescription:
    def test_config(self):
        assert repr(TableEncoder()) == "TableEncoder()"
        encoder = TableEncoder(np.array([0, 2]), max_categories=5)
        assert repr(encoder) == "TableEncoder(categorical=[0, 2], max_categories=5)"
        assert TableEncoder(**encoder.config()).config() == encoder.config()

    def test_before_it_has_seen_data(self):
        twin = TableEncoder.from_dict(TableEncoder(["a"], scale_categories=False).to_dict())
        assert repr(twin) == "TableEncoder(categorical=['a'], scale_categories=False)"
        with pytest.raises(RuntimeError, match="has not seen any data"):
            twin.transform([[1]])

    @pytest.mark.parametrize(
        "damage",
        [
            lambda d: d.pop("config"),
            lambda d: d.pop("has_names"),
            lambda d: d["config"].update(colour="red"),
            lambda d: d["columns"][0].update(kind="picture"),
            lambda d: d["columns"][0].update(center="0"),
            lambda d: d["columns"][0].update(factor=float("nan")),
            lambda d: d["columns"][0].update(missing=[0.0]),
            lambda d: d["columns"][0].update(name=None),
            lambda d: d["columns"][1]["categories"].append("z"),
            lambda d: d["columns"][1]["categories"].__setitem__(0, ["x"]),
            lambda d: d["columns"][1]["levels"][0].pop(),
            lambda d: d.update(columns=[1]),
            lambda d: d.update(columns=None),
        ],
    )
    def test_damaged(self, damage):
        description = TableEncoder().fit([[1, "x"], [2, "y"], [None, None]]).to_dict()
        damage(description)
        with pytest.raises(lw.FormatError, match="not the description of a TableEncoder"):
            TableEncoder.from_dict(description)


finite = st.floats(-3e38, 3e38) | st.integers(-(2**70), 2**70) | st.sampled_from([0.0, 1.0, 1e-300, -1e30])
text = st.text(max_size=4) | st.sampled_from(["a", "b", "nan", "None", ""])
missing = st.sampled_from([None, float("nan")])


@st.composite
def tables(draw):
    """A table and another with the same columns, of numbers, text or booleans with missing values."""
    kinds = draw(st.lists(st.sampled_from([finite, text, st.booleans()]), min_size=1, max_size=4))
    rows = st.lists(st.tuples(*(kind | missing for kind in kinds)), min_size=1, max_size=12)
    return [[[None] * len(kinds) + [1.0], *([*row, 2.0] for row in draw(rows))] for _ in range(2)]


class TestProperties:
    @settings(max_examples=40)
    @given(tables(), st.booleans(), st.none() | st.integers(1, 3))
    def test_every_table(self, both, scale, most):
        X, other = (np.array(rows, dtype=object) for rows in both)
        encoder = TableEncoder(max_categories=most, scale_categories=scale).fit(X)
        twin = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))
        for rows in (X, other):
            out = encoder.transform(rows)
            assert out.shape == (len(rows), len(encoder.output_names))
            assert out.dtype == np.float32
            assert (np.abs(out) <= 3).all()  # false for NaN
            np.testing.assert_array_equal(twin.transform(rows), out)
        assert twin.to_dict() == encoder.to_dict()
        assert len(set(encoder.output_names)) == len(encoder.output_names)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
    def test_neither_unit_nor_origin_matters(self, values, unit, origin):
        x = np.array(values).round(2)[:, None]
        out = TableEncoder().fit_transform(x)
        np.testing.assert_allclose(TableEncoder().fit_transform(x * unit + origin), out, atol=1e-3)
        # values in order stay in order
        assert (np.diff(out[np.argsort(x[:, 0]), 0]) >= 0).all()

    @given(st.lists(text | st.none(), min_size=1, max_size=30))
    def test_one_hot(self, values):
        out = TableEncoder(scale_categories=False).fit_transform([[1.0, value] for value in values])[:, 1:]
        distinct = sorted({value for value in values if value is not None})
        width = 1 if len(distinct) == 2 else len(distinct)
        expected = np.zeros((len(values), width))
        for row, value in enumerate(values):
            if value is not None:
                i = distinct.index(value)
                expected[row, 0 if width == 1 else i] = 2 * i - 1 if len(distinct) == 2 else 1
        np.testing.assert_array_equal(out, expected)

    @settings(max_examples=25)
    @given(
        st.lists(st.tuples(st.floats(-1e9, 1e9) | st.none(), st.booleans() | st.none(), text | st.none()), min_size=1)
    )
    def test_frames_are_read_as_arrays_are(self, rows):
        pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
        rows = [(1.0, True, "a"), (2.0, False, "b"), *rows]
        numbers, flags, words = zip(*rows)
        expected = TableEncoder().fit_transform(np.array(rows, dtype=object))
        frame = {"numbers": pd.Series(numbers, dtype="Float64"), "flags": pd.Series(flags, dtype="boolean")}
        frame = pd.DataFrame({**frame, "words": pd.Series(words, dtype="string")})
        np.testing.assert_array_equal(TableEncoder().fit_transform(frame), expected)
        schema = {"numbers": pl.Float64, "flags": pl.Boolean, "words": pl.String}
        other = pl.DataFrame(dict(zip(schema, (numbers, flags, words))), schema=schema)
        np.testing.assert_array_equal(TableEncoder().fit_transform(other), expected)


def test_no_frame_library_is_imported():
    code = """
import sys
from layerwise.data.tabular import TableEncoder
TableEncoder().fit_transform([[1.0, "a"], [2.0, None]])
print([name for name in ("pandas", "polars", "sklearn", "scipy", "pyarrow") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_columns_of_categories_need_not_be_sorted():
    codes, values = read_columns(np.array([["b"], ["a"], ["b"]])).categories(0)
    assert [values[code] for code in codes] == ["b", "a", "b"]


def test_a_network_learns_from_it(rng):
    n = 400
    size, city = rng.normal(100, 30, n), rng.choice(["Oslo", "Rome", "Bern"], n)
    y = ((size > 100) ^ (city == "Rome")).astype(int)
    X = np.array([[None if i % 10 == 0 else s, c] for i, (s, c) in enumerate(zip(size, city))], dtype=object)
    inputs = TableEncoder().fit_transform(X)
    net = lw.Network([lw.Dense(32), lw.SELU(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(inputs, y, epochs=60, batch_size=32, optimizer=lw.Adam(0.01), verbose=False)
    assert net.evaluate(inputs, y, metrics="accuracy")["accuracy"] > 0.9
