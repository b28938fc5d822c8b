"""Cells of text: numbers as people write them, and what stands for a missing value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.data.tables.cells import (
    COMMA,
    LIKELY_MISSING,
    POINT,
    SURELY_MISSING,
    Notation,
    find_notation,
    missing,
    read_number,
    read_numbers,
)

AMERICAN, GERMAN = Notation(".", ","), Notation(",", ".")


@pytest.mark.parametrize(
    ("cell", "notation", "number"),
    [
        ("12", POINT, 12), (".5", POINT, 0.5), ("5.", POINT, 5), ("-1.5e-3", POINT, -0.0015), ("+7", POINT, 7),
        ("−5", POINT, -5), ("13.4%", POINT, 13.4), ("13.4 %", POINT, 13.4), ("$5", POINT, 5), ("$-5", POINT, -5),
        ("-$5", POINT, -5), ("($5.10)", POINT, -5.1), ("kr 5", POINT, 5), ("5 kr.", POINT, 5), ("5 USD", POINT, 5),
        ("EUR 1e5", POINT, 1e5), ("€ 3", POINT, 3), ("1'234'567.5", POINT, 1234567.5), ("1 234", POINT, 1234),
        ("1\u00a0234\u00a0567,8", COMMA, 1234567.8), ("-3,5 €", COMMA, -3.5), (",5", COMMA, 0.5),
        ("1,5e3", COMMA, 1500), ("1.234", GERMAN, 1234), ("1.234.567,89", GERMAN, 1234567.89),
        ("$1,234.50", AMERICAN, 1234.5), ("(1,234)", AMERICAN, -1234), ("12,34,567", AMERICAN, 1234567),
        ("-inf", COMMA, -math.inf),
    ],
)  # fmt: skip
def test_a_number_as_people_write_it(cell, notation, number):
    assert read_number(cell, notation) == number


@pytest.mark.parametrize(
    ("cell", "notation"),
    [
        ("", POINT), ("-", POINT), ("$", POINT), ("%", POINT), ("1_000", POINT), ("1,5", POINT), ("1,234", POINT),
        ("1.5", COMMA), ("1.23", GERMAN), ("12345,678", AMERICAN), ("1,2,3", AMERICAN), ("(5", POINT), ("5)", POINT),
        ("(-5)", POINT), ("1 23", POINT), ("1 234'567", POINT), ("2024-01-01", POINT), ("12:30", POINT), ("e5", COMMA),
        ("5 kg", POINT), ("nan", POINT), ("1\x1f2", POINT), ("$$5", POINT), ("1.2.3", POINT), ("eur", POINT),
    ],
)  # fmt: skip
def test_what_is_no_number(cell, notation):
    assert read_number(cell, notation) is None


def written(number, notation):
    text = f"{number:,.2f}".replace(",", "t").replace(".", notation.decimal)
    return text.replace("t", notation.thousands)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1), st.sampled_from([POINT, COMMA, AMERICAN, GERMAN]), st.booleans())
def test_written_numbers_are_read_back(numbers, notation, with_text):
    cells = [written(number, notation) for number in numbers] + ["x"] * with_text
    expected = [round(number, 2) for number in numbers] + [math.nan] * with_text
    np.testing.assert_array_equal(read_numbers(cells, notation), expected)


@given(
    st.lists(st.text("0123456789.,-+$% eE()_\x1fx", max_size=8).map(str.strip)),
    st.sampled_from([POINT, COMMA, AMERICAN]),
)
def test_a_cell_is_read_alike_alone_and_among_others(cells, notation):
    together = read_numbers(cells, notation)
    np.testing.assert_array_equal(together, [read_numbers([cell], notation)[0] for cell in cells])


@pytest.mark.parametrize(
    ("cells", "notation"),
    [
        ([], POINT), (["x"], POINT), (["1.234"], POINT), (["0,134", "0,847"], COMMA), (["13,436", "1,5"], COMMA),
        (["13,436", "7"], AMERICAN), (["0.5", "1,234"], AMERICAN), (["1.234.567"], GERMAN), (["1.234", "1,5"], GERMAN),
        (["$1,234.5"], AMERICAN), (["1,234,567"], AMERICAN), (["-1,5 €", "NA"], COMMA), (["a,b", "1.5"], POINT),
    ],
)  # fmt: skip
def test_the_notation_is_found(cells, notation):
    assert find_notation(cells) == notation


def test_the_decimal_mark_can_be_given():
    assert find_notation(["1,234"], decimal=",") == COMMA
    assert find_notation(["1.234"], decimal=",") == GERMAN


@given(st.lists(st.floats(0.01, 1e9), min_size=1), st.sampled_from([AMERICAN, GERMAN]))
def test_the_notation_of_written_numbers_is_found(numbers, notation):
    cells = [written(number, notation) for number in numbers]
    np.testing.assert_array_equal(read_numbers(cells, find_notation(cells)), read_numbers(cells, notation))


def test_missing_cells():
    cells = ["", "NA", "none", "-", "x", "-999"]
    assert missing(cells).tolist() == [True, True, True, True, False, False]
    assert missing(cells, na=["-999"], likely=False).tolist() == [True, True, False, False, False, True]
    assert not SURELY_MISSING & LIKELY_MISSING
