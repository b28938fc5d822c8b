"""What a column is: each rule with the cells that it is about, and what the user says instead."""

import datetime

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.kinds import kind_of
from layerwise.data.tables.statistics import Statistic


def kind(cells, name="a", **asked):
    return kind_of(name, Statistic.of(cells), **asked)


CITIES = ["Oslo", "Bergen", "Rome", "Oslo"]
DAYS = [f"2024-01-{day:02}" for day in range(1, 13)]


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("a", ["1.5", "2", "NA", "3"], "number"),
        ("a", ["$1,500", "$2", "3"], "number"),
        ("a", ["12%", "5%"], "number"),
        ("a", np.array([1.5, np.nan]), "number"),
        ("a", [str(i) for i in range(9)] + ["x"], "number"),  # nine tenths
        ("a", [str(i) for i in range(8)] + ["x", "y"], "id"),  # text, each once
        ("a", ["1", "2", "3", "1"], "number"),
        ("zip", ["12345", "54321"] * 9, "category"),
        ("In what ZIP code is your home?", ["12345", "54321"] * 9, "category"),
        ("Post Code", ["12345", "54321"] * 9, "category"),
        ("a", ["0101", "0202", "1303"] * 9, "category"),  # zeros in front
        ("a", ["0", "10", "20"] * 9, "number"),
        ("a", ["yes", "No", "", "YES"], "yes/no"),
        ("a", ["TRUE", "FALSE"] * 3, "yes/no"),
        ("a", np.array([True, False]), "yes/no"),
        ("a", ["f", "m"] * 3, "category"),  # f is no here only beside t
        ("a", DAYS, "date"),
        ("a", [*DAYS[:11], "soon"], "date"),
        ("a", np.array(["2024-01-01", "2024-01-02"], "M8[D]"), "date"),
        ("a", ["18:30", "9:15", "18:31"], "date"),
        ("day", ["20240101", "20240102", "20240103"], "date"),
        ("a", ["20240101", "20240103", "20240109"], "number"),
        ("year", ["1990", "1991", "1992"], "number"),
        ("a", CITIES, "category"),
        ("a", [f"city {i % 60}" for i in range(300)], "text"),
        ("a", [f"name {i}" for i in range(30)], "id"),
        ("a", [f"name {max(i, 1)}" for i in range(40)], "id"),  # nearly every row
        ("a", ["", "NA"], "empty"),
        ("a", np.array([np.nan]), "empty"),
        ("a", ["5", "5"], "constant"),
        ("a", ["x", "x"], "constant"),
        ("a", ["x", "", "x"], "category"),  # there or not
        # row numbers and ids
        ("", ["0", "1", "2"], "row number"),
        ("Unnamed: 0", ["0", "1", "2"], "row number"),
        ("rownames", ["1", "2", "3"], "row number"),
        ("a", [str(i) for i in range(1, 12)], "row number"),
        ("a", np.arange(12), "row number"),
        ("a", np.arange(12.0), "row number"),
        ("a", ["1", "2", "3"], "number"),  # too few to tell
        ("a", [str(i) for i in range(5, 17)], "number"),
        ("year", [str(i) for i in range(20)], "number"),
        ("time", [str(i) for i in range(20)], "number"),
        ("PassengerId", ["7", "3", "9", "4"], "id"),
        ("customer_id", ["7", "3", "9", "4"], "id"),
        ("customer_id", ["7", "3", "9", "7"], "number"),
        ("paid", ["7", "3", "9", "4"], "number"),
        ("id", ["7.25", "3.5", "9.125", "4.75"], "number"),  # a measurement
        ("a", ["7", "3", "9", "4", "70", "12"], "number"),  # all distinct, but no id by name
    ],
)
def test_decided(name, cells, expected):
    assert kind(cells, name).name == expected


def test_a_file_without_names_has_no_ids_by_name():
    assert kind(["7", "3", "9"], "id", has_name=False).name == "number"
    assert kind([str(i) for i in range(12)], "x1", has_name=False).name == "row number"


class TestDates:
    def test_day_and_month(self):
        both = ["03/04/2024", "05/06/2024"]
        assert (kind(both).how["format"], kind(both).is_ambiguous) == ("M/D/Y", True)
        assert (kind(both, dayfirst=True).how["format"], kind(both, dayfirst=True).is_ambiguous) == ("D/M/Y", False)
        found = kind(["03/04/2024", "13/04/2024"])
        assert (found.how["format"], found.is_ambiguous) == ("D/M/Y", False)
        # what the user says counts more, where nine tenths of the cells can be read so; the others are taken as missing
        assert kind(["03/04/2024"] * 12 + ["13/04/2024"], dayfirst=False).how["format"] == "M/D/Y"
        assert kind(["13/04/2024", "14/04/2024"], dayfirst=False).how["format"] == "D/M/Y"


class TestNotations:
    def test_decimal_commas(self):
        assert kind(["0,5", "1,25"]).how["notation"] == ","
        assert kind(["1,234", "5,678"]).how["notation"] == ".,"  # thousands
        assert kind(["1,234", "5,678"], decimal=",").how["notation"] == ","
        assert kind(["1,234", "5,6"]).how["notation"] == ","


class TestAsked:
    @pytest.mark.parametrize(
        ("cells", "asked", "expected"),
        [
            (["1", "2", "x", "y"], "number", "number"),
            (["1", "2"], "category", "category"),
            (["1", "2"], "text", "text"),
            ([f"name {i}" for i in range(30)], "category", "category"),
            (["20240101", "20240103"], "date", "date"),
            (["yes", "no"], "category", "category"),
            (["yes", "no"], "yes/no", "yes/no"),
            (["f", "m"], "yes/no", "category"),
            (["1", "2"], "id", "id"),
            (["5", "5"], "number", "number"),
        ],
    )
    def test_what_the_user_says(self, cells, asked, expected):
        found = kind(cells, asked=asked)
        assert (found.name, found.reason) == (expected, "as asked")

    def test_what_cannot_be(self):
        with pytest.raises(lw.DataError, match=r"column 'a' cannot be one of numbers: no cell is; it holds 'x', 'y'"):
            kind(["x", "y"], asked="number")
        with pytest.raises(lw.DataError, match=r"column 'a' cannot be one of dates: no cell is; it holds no value"):
            kind([""], asked="date")
        with pytest.raises(lw.UnknownNameError, match=r"column 'a': there is no kind 'numbr'; did you mean 'number'"):
            kind(["1"], asked="numbr")


def test_categories_that_are_whole_numbers():
    assert kind(["1", "1.0", "2.0", "2.0"], asked="category").how == {"whole": {"2": "2.0"}}
    assert kind(["1", "01"], asked="category").how == {}
    assert kind(["1", "1.10"], asked="category").how == {}
    assert kind(["1", "x"], asked="category").how == {}


def test_spellings_of_yes_and_no():
    assert kind(["yes", "No", "no", "NO", "no"]).how == {"spellings": {"no": "no", "yes": "yes"}}


def test_objects_of_python():
    from layerwise.data.tables.parsing import plain_column

    assert plain_column(["a", "b"]) == ["a", "b"]
    assert plain_column([True, None]) == ["True", ""]
    np.testing.assert_array_equal(plain_column([1, 2]), [1, 2])
    np.testing.assert_array_equal(plain_column([1, None, 2.5]), [1, np.nan, 2.5])
    np.testing.assert_array_equal(
        plain_column([datetime.date(2024, 1, 2), None]), np.array(["2024-01-02", "NaT"], "M8[us]")
    )
    assert plain_column(["a", 1, None, [2]]) == ["a", "1", "", "[2]"]
    assert plain_column([2**70, 1]).dtype == np.float64


def test_the_first_of_each_month_says_where_the_day_is():
    months = [f"01/{month:02}/20{year:02}" for year in range(10, 13) for month in range(1, 13)]
    assert kind(months, "day").how["format"] == "D/M/Y"
    assert kind([f"{cell[3:6]}{cell[:3]}{cell[6:]}" for cell in months], "day").how["format"] == "M/D/Y"
    assert kind(months, "day").is_ambiguous


def test_a_large_column_of_ids_is_one_though_its_values_are_not_kept():
    cells = [str(i * 7919 % 1_000_003) for i in range(1, 30_001)]
    kind = kind_of("order_id", Statistic.of(cells))
    assert (kind.name, kind.reason) == ("id", "its name, and no number is there twice")
    assert kind_of("order_id", Statistic.of([*cells, cells[0]])).name == "number"
    merged = Statistic.of(cells[:14_000]).merge(Statistic.of(cells[14_000:]))
    assert kind_of("order_id", merged).reason == "its name, and nearly all numbers are different"


@pytest.mark.parametrize("name", ["ID: Response", "Respondent: ID", "respondentId: Response"])
def test_a_joined_name_may_be_that_of_an_id(name):
    assert kind_of(name, Statistic.of([str(i) for i in range(1000, 1030)])).name == "row number"
    assert kind_of("Children: number", Statistic.of([str(i) for i in range(1000, 1030)])).name == "number"
