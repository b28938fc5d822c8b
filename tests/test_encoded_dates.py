"""Dates and times as inputs: worked figures, every type that holds them, and what does not vary."""

import datetime
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise as lw
from layerwise.data.encoded_dates import PARTS, part_of
from layerwise.data.tabular import TableEncoder

MOMENTS = [datetime.datetime(2024, 1, 31, 6), None, datetime.datetime(2024, 7, 1, 18), datetime.datetime(2025, 4, 2)]


def column(*values):
    return np.array(values, dtype=object).reshape(-1, 1)


class TestParts:
    @given(st.datetimes())
    def test_as_python_has_them(self, moment):
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        expected = {
            "elapsed": (moment - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1),
            "year": moment.year,
            "month": moment.month - 1,
            "day": moment.day - 1,
            "weekday": moment.weekday(),
            "hour": (moment - day) / datetime.timedelta(hours=1),
        }
        found = {part: part_of(part, np.array([moment, None], "M8[us]")) for part in PARTS}
        assert all(np.isnan(values[1]) for values in found.values())
        assert {part: values[0] for part, values in found.items()} == pytest.approx(expected, rel=1e-12, abs=1e-12)


class TestWorked:
    def test_a_week_of_days(self):
        # 2024-01-01 is a Monday; the days elapsed are 19723 … 19729: median 19726, quartiles ± 1.5, so z = (v - m) / 3
        encoder = TableEncoder()
        out = encoder.fit_transform(np.arange("2024-01-01", "2024-01-08", dtype="M8[D]")[:, None]).astype(float)
        names = ["elapsed", "day sin", "day cos", "weekday sin", "weekday cos"]
        assert encoder.output_names == [f"x0={name}" for name in names]
        assert out[:, 0].round(4).tolist() == [-0.9487, -0.6508, -0.3313, 0, 0.3313, 0.6508, 0.9487]
        np.testing.assert_allclose(out[:, 3], np.sin(2 * np.pi * np.arange(7) / 7), atol=1e-6)
        np.testing.assert_allclose(out[:, 2], np.cos(2 * np.pi * np.arange(7) / 31), atol=1e-6)

    def test_two_values_are_plain(self):
        encoder = TableEncoder(dates=["month"])
        out = encoder.fit_transform(np.array([["2024-03-01"], ["2024-11-01"]], "M8[D]"))
        assert encoder.output_names == ["x0=month"]  # 2 and 10: median 6, quartiles 4 and 8, z = ±1
        assert out.astype(float).round(4).tolist() == [[-0.9487], [0.9487]]

    def test_times_of_day(self):
        encoder = TableEncoder()
        out = encoder.fit_transform(column(datetime.time(0), datetime.time(6), datetime.time(12)))
        assert encoder.output_names == ["x0=elapsed", "x0=hour sin", "x0=hour cos"]
        np.testing.assert_allclose(out[:, 1:], [[0, 1], [1, 0], [0, -1]], atol=1e-6)

    def test_missing(self):
        encoder = TableEncoder(scale_categories=False)
        out = encoder.fit_transform(column(*MOMENTS))
        assert encoder.output_names[-1] == "x0=missing"
        assert out[:, -1].tolist() == [0, 1, 0, 0]
        assert not out[1, :-1].any()
        # in a column that had none missing, one is 0 in all outputs
        assert not TableEncoder().fit(column(*MOMENTS[2:])).transform(column(None)).any()

    def test_one_date_only(self):
        encoder = TableEncoder().fit([[datetime.date(2024, 1, 1), 1.0], [datetime.date(2024, 1, 1), 2.0]])
        assert (encoder.kinds, encoder.output_names) == (["date", "number"], ["x1"])


class TestTypes:
    @pytest.fixture
    def expected(self):
        return TableEncoder().fit_transform(column(*MOMENTS))

    def test_arrays(self, expected):
        for values in (
            np.array(MOMENTS, "M8[us]"),
            np.array(MOMENTS, "M8[s]"),
            np.array([None if moment is None else np.datetime64(moment) for moment in MOMENTS], object),
        ):
            np.testing.assert_array_equal(TableEncoder().fit_transform(values[:, None]), expected)

    def test_pandas(self, expected):
        pd = pytest.importorskip("pandas")
        plain = pd.Series(pd.to_datetime(MOMENTS))
        forms = [plain, plain.astype("datetime64[ns]"), plain.astype(object), plain.dt.tz_localize("Europe/Oslo")]
        if pytest.importorskip("pyarrow"):
            forms.append(plain.astype("timestamp[us][pyarrow]"))
        for series in forms:
            encoder = TableEncoder()
            np.testing.assert_array_equal(encoder.fit_transform(pd.DataFrame({"when": series})), expected)
            assert encoder.kinds == ["date"]
        days = pd.DataFrame({"when": plain.dt.date})
        assert TableEncoder().fit(days).output_names[0] == "when=elapsed"

    def test_polars(self, expected):
        pl = pytest.importorskip("polars")
        series = pl.Series(MOMENTS, dtype=pl.Datetime("us"))
        for some in (series, series.cast(pl.Datetime("ms")), series.dt.replace_time_zone("Europe/Oslo")):
            np.testing.assert_array_equal(TableEncoder().fit_transform(pl.DataFrame({"when": some})), expected)
        days = np.array(MOMENTS, "M8[D]")[:, None]
        np.testing.assert_array_equal(
            TableEncoder().fit_transform(pl.DataFrame({"when": series.dt.date()})), TableEncoder().fit_transform(days)
        )
        hours = [datetime.time(0), None, datetime.time(6, 30), datetime.time(12)]
        np.testing.assert_array_equal(
            TableEncoder().fit_transform(pl.DataFrame({"when": hours})), TableEncoder().fit_transform(column(*hours))
        )

    def test_a_network_still_refuses_them(self):
        pd = pytest.importorskip("pandas")
        net = lw.Network([lw.Dense(1)])
        with pytest.raises(lw.DataError, match="holds dates or times; turn it into numbers"):
            net.fit(pd.DataFrame({"when": pd.to_datetime(["2024-01-01"] * 4)}), [1.0, 2, 3, 4])


class TestFiles:
    def test_a_description_is_all_of_it(self):
        encoder = TableEncoder(dates=["elapsed", "weekday", "hour"]).fit(column(*MOMENTS))
        description = json.loads(json.dumps(encoder.to_dict(), allow_nan=False))
        assert description["columns"][0]["parts"][2] == {"part": "hour", "period": 24.0}
        twin = TableEncoder.from_dict(description)
        np.testing.assert_array_equal(twin.transform(column(*MOMENTS)), encoder.transform(column(*MOMENTS)))
        assert twin.to_dict() == encoder.to_dict()

    @pytest.mark.parametrize(
        "damage",
        [
            lambda c: c.pop("parts"),
            lambda c: c["parts"][0].update(part="age"),
            lambda c: c["parts"][0].update(factor=float("inf")),
            lambda c: c["parts"][1].update(period="7"),
            lambda c: c.update(missing=[1.0]),
        ],
    )
    def test_damaged(self, damage):
        description = TableEncoder(dates=["elapsed", "month"]).fit(column(*MOMENTS)).to_dict()
        damage(description["columns"][0])
        with pytest.raises(lw.FormatError, match="not the description of a TableEncoder"):
            TableEncoder.from_dict(description)


class TestErrors:
    def test_other_types_than_in_fit(self):
        with pytest.raises(lw.DataError, match=r"column 0 is one of dates, but row 1 holds 'x'; give datetime64"):
            TableEncoder().fit(column(*MOMENTS)).transform(column(None, "x"))
        with pytest.raises(lw.DataError, match=r"column 0 is one of numbers, but row 0 holds datetime"):
            TableEncoder().fit(column(1, 2)).transform(column(*MOMENTS))
        with pytest.raises(lw.DataError, match=r"column 0 holds dates or times"):
            TableEncoder(categorical=[0]).fit(column(*MOMENTS))

    def test_arguments(self):
        with pytest.raises(ValueError, match=r"dates must be some of elapsed, year, .*; got \['age'\]"):
            TableEncoder(dates=["age"])
