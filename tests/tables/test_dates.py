"""Dates in text: every format against Python's own, what is none, and what is ambiguous."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.data.tables.dates import FORMATS, first_of, formats_of, read_date, to_dates

START = datetime.datetime(1970, 1, 1)
WRITTEN = {
    "Y-M-D": ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"],
    "D/M/Y": ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"],
    "M/D/Y": ["%m/%d/%Y", "%m-%d-%Y"],
    "D mon Y": ["%d %b %Y", "%d-%B-%Y", "%a, %d %b %Y", "%A %d %B %Y"],
    "mon D Y": ["%b %d, %Y", "%B %d %Y"],
}
TIMES = {"": 0, " %H:%M": 60, "T%H:%M:%S": 1, " %I:%M:%S %p": 1, " %H:%M:%S.%f": 1e-6}
moments = st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(9999, 12, 31))


def as_datetime(cell, format):
    found = read_date(cell, format)
    return None if found is None else START + datetime.timedelta(microseconds=found)


@given(moments, st.sampled_from(sorted(WRITTEN)), st.sampled_from(sorted(TIMES)), st.sampled_from(["", "Z", "+02:00"]))
def test_as_python_writes_them(moment, format, clock, zone):
    kept = {0: datetime.datetime.combine(moment, datetime.time()), 60: moment.replace(second=0, microsecond=0)}
    kept |= {1: moment.replace(microsecond=0), 1e-6: moment}
    for pattern in WRITTEN[format]:
        cell = moment.strftime(pattern + clock) + (zone if clock else "")
        assert as_datetime(cell, format) == kept[TIMES[clock]], cell


@pytest.mark.parametrize(
    ("cell", "format", "expected"),
    [
        ("2024-3-1", "Y-M-D", (2024, 3, 1)),
        ("1.3.49", "D/M/Y", (2049, 3, 1)),
        ("1.3.50", "D/M/Y", (1950, 3, 1)),
        ("7/1/62", "M/D/Y", (1962, 7, 1)),
        ("March-24", "mon Y", (2024, 3, 1)),
        ("sept 2024", "mon Y", (2024, 9, 1)),
        ("2024-11", "Y-M", (2024, 11, 1)),
        ("20240229", "YMD", (2024, 2, 29)),
        ("18:30", "H:M", (1970, 1, 1, 18, 30)),
        ("12:05 am", "H:M", (1970, 1, 1, 0, 5)),
        ("12:05:09.25 P.M.", "H:M", (1970, 1, 1, 12, 5, 9, 250000)),
        ("2024-03-01 7:00 UTC", "Y-M-D", (2024, 3, 1, 7)),
    ],
)
def test_worked(cell, format, expected):
    assert as_datetime(cell, format) == datetime.datetime(*expected)


@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-29", "2024-13-01", "31/04/2024", "24:00", "13:00 pm", "0:30 am", "2024-03", "1.2.3", "12.5", "1,000",
        "", "soon", "1 Mai 2024", "1 Marsh 2024", "2024-03-01 25:00", "2024/03-01", "20241301", "18000101",
        "192.168.10.1", "555-12-3456", "٢٠٢٤-٠٣-٠١", "1-800-555", "May", "x" * 100 + "2024-03-01",
    ],
)  # fmt: skip
def test_what_is_no_day(cell):
    assert set(formats_of(cell)) <= {"Y-M"}
    assert bool(formats_of(cell)) == (cell == "2024-03")


def test_day_and_month():
    assert set(formats_of("03/04/2024")) == {"D/M/Y", "M/D/Y"}
    assert set(formats_of("2024-03-04 10:00")) == {"Y-M-D"}
    both = ["D/M/Y", "M/D/Y"]
    assert [first_of(both, asked) for asked in (None, False, True)] == ["M/D/Y", "M/D/Y", "D/M/Y"]


@given(st.text(max_size=20), st.sampled_from(FORMATS))
def test_no_text_fails(cell, format):
    found = read_date(cell, format)
    assert found is None or abs(found) < 2**62


def test_columns():
    cells = ["2024-03-01", "", "soon", "2024-03-02", "2024-03-01"]
    found, wrong = to_dates(cells, "Y-M-D", lambda cell: not cell)
    expected = np.array(["2024-03-01", "NaT", "NaT", "2024-03-02", "2024-03-01"], "M8[us]")
    np.testing.assert_array_equal(found, expected)
    assert wrong == [2]
