"""Statistics of columns: merged from blocks, against counts by hand, and as JSON that another language can repeat."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.data.tables import statistics
from layerwise.data.tables.statistics import Statistic

GOLDEN = Path(__file__).parent.parent / "fixtures" / "statistics.json"
cells = st.sampled_from(
    ["", "NA", "?", "1", "2", "3", "007", "1.5", "-2e3", "1,000", "0,5", "$5", "12%", "yes", "No", "TRUE", "red",
     "2024-03-01", "03/04/2024", "13/04/2024", "18:30", "20240301", "0"]
) | st.text(max_size=3)  # fmt: skip


def both(one, other):
    return one + other if isinstance(one, list) else np.concatenate([one, other])


@st.composite
def blocks(draw):
    """Two blocks of one column, of any form."""
    kinds = {
        "text": lambda: draw(st.lists(cells, max_size=12)),
        "rows": lambda: [str(i) for i in range(start, start + draw(st.integers(0, 4)))],
        "float": lambda: np.array(draw(st.lists(st.floats(width=32) | st.sampled_from([1.0, 2.0]), max_size=8)), float),
        "int": lambda: np.array(draw(st.lists(st.integers(-5, 5), max_size=8)), np.int64),
        "bool": lambda: np.array(draw(st.lists(st.booleans(), max_size=8)), bool),
        "date": lambda: np.array(draw(st.lists(st.dates() | st.none(), max_size=8)), "M8[us]"),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    start = draw(st.integers(0, 3))
    one = kinds[kind]()
    start = start + len(one) + draw(st.integers(0, 1))
    return one, kinds[kind]()


class TestMerging:
    @settings(max_examples=150)
    @given(blocks(), st.sampled_from([3, 10_000]), st.sampled_from([2, 1024]))
    def test_of_two_blocks_it_is_that_of_both_together(self, pair, most, n_hashes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(statistics, "MOST_DISTINCT", most)
            patch.setattr(statistics, "N_HASHES", n_hashes)
            one, other = pair
            merged = Statistic.of(one).merge(Statistic.of(other))
            assert merged == Statistic.of(both(one, other))
            again = Statistic.from_dict(json.loads(json.dumps(merged.to_dict(), allow_nan=False)))
            assert again == merged

    @given(st.lists(cells, min_size=3, max_size=12), st.integers(0, 12), st.integers(0, 12))
    def test_in_any_grouping(self, column, i, j):
        i, j = sorted((i, j))
        a, b, c = (Statistic.of(part) for part in (column[:i], column[i:j], column[j:]))
        assert a.merge(b).merge(c) == a.merge(b.merge(c))


class TestCounts:
    def test_worked(self):
        s = Statistic.of(["1", "2.5", "NA", "", "$1,000", "red", "2.5", "0012"])
        assert (s.form, s.count, s.missing, s.present, s.n_distinct) == ("text", 8, 2, 6, 5)
        assert s.distinct == {"1": 1, "2.5": 2, "$1,000": 1, "red": 1, "0012": 1}
        assert s.numbers["."].count == 4
        point = s.numbers[".,"]
        assert (point.count, point.low, point.high, point.whole, point.padded, point.marked) == (5, 1, 1000, 3, 1, 1)
        assert (s.examples, s.longest, s.yes_no, s.run) == (("1", "2.5", "$1,000", "red", "0012"), 6, 0, None)

    def test_dates_and_answers(self):
        s = Statistic.of(["01/02/2024", "13/02/2024", "n/a"])
        assert {format: part.count for format, part in s.dates.items()} == {"D/M/Y": 2, "M/D/Y": 1}
        assert Statistic.of(["Yes", "no", "T", "maybe"]).yes_no == 3

    @pytest.mark.parametrize(
        ("column", "run"),
        [
            (["4", "5", "6"], (4, 6)),
            (["4", "6", "5"], None),
            (["4", "", "5"], (4, 5)),
            (["-1", "0", "1"], (-1, 1)),
            (["04", "05"], None),
            (["1.0", "2.0"], None),
            (["a"], None),
            (np.arange(3), (0, 2)),
            (np.array([1.0, 2.0, 3.0]), (1, 3)),
            (np.array([1.0, 2.5]), None),
        ],
    )
    def test_consecutive_numbers(self, column, run):
        assert Statistic.of(column).run == run

    def test_other_missing_tokens(self):
        s = Statistic.of(["x", "1", "X", "?"], {"x", ""})
        assert (s.missing, s.likely, s.present, s.n_distinct) == (1, 1, 3, 3)
        assert Statistic.of(np.array([1.0, np.nan])).missing == 1
        assert Statistic.of(np.array(["2024-01-01", "NaT"], "M8[D]")).missing == 1

    def test_no_values(self):
        for column in ([], ["", "NA"], np.array([np.nan])):
            s = Statistic.of(column)
            assert (s.form, s.present, s.n_distinct, s.examples) == ("", 0, 0, ())

    @pytest.mark.parametrize("n", [10_001, 60_000])
    def test_very_many_values(self, n):
        s = Statistic.of([f"order {i}" for i in range(n)])
        assert s.distinct is None
        assert len(s.hashes) == 1024
        assert (s.n_distinct, s.is_estimate, s.said_distinct) == (n, False, f"{n:,}")
        parts = [f"order {i % (n // 2)}" for i in range(n)]
        assert Statistic.of(parts).n_distinct == n // 2
        both = Statistic.of(parts[: n // 3]).merge(Statistic.of(parts[n // 3 :]))
        if both.distinct is None:
            assert both.n_distinct == pytest.approx(n // 2, rel=0.1)
            assert both.is_estimate
            assert re.fullmatch(r"about \d\d,\d00", both.said_distinct)

    def test_very_many_numbers_that_count_upwards_are_counted(self):
        first, second = ([str(i) for i in part] for part in (range(5, 9_000), range(9_000, 30_000)))
        both = Statistic.of(first).merge(Statistic.of(second))
        assert (both.n_distinct, both.is_estimate) == (29_995, False)

    def test_numbers_as_text(self):
        assert statistics.as_cells(np.array([1.0, 0.1, np.nan, 1e300, -0.0]))[1] == ["1", "0.1", "", "1e+300", "0"]


class TestFiles:
    def test_golden(self):
        """What another language must find, too; after a change on purpose: python tests/tables/test_statistics.py"""
        for case in json.loads(GOLDEN.read_text("utf-8")):
            found = Statistic.of(case["cells"]).to_dict()
            assert json.loads(json.dumps(found)) == case["statistic"]

    @pytest.mark.parametrize(
        "damage",
        [
            lambda d: d.pop("count"),
            lambda d: d.update(colour="red"),
            lambda d: d.update(numbers=[1]),
            lambda d: d["numbers"].update({".": {"count": 1}}),
            lambda d: d.update(run=[1]),
        ],
    )
    def test_damaged(self, damage):
        description = Statistic.of(["1", "2"]).to_dict()
        damage(description)
        with pytest.raises(lw.FormatError, match="not the description of a Statistic"):
            Statistic.from_dict(description)


COLUMNS = [
    ["1", "2", "3", "4"],
    ["1.5", "", "-2e3", "NA", "1.5", ".5"],
    ["1,000", "$2,500.50", "(300)", "12%", "€ 7"],
    ["0,5", "1.234,5", "7"],
    ["0101", "0202", "0101"],
    ["yes", "No", "YES", "?"],
    ["2024-03-01", "2024-03-01T18:30:05.25Z", "2024/3/2"],
    ["03/04/2024", "13/04/2024 7:05 pm", "1.2.99"],
    ["1 Mar 2024", "Mar 1, 2024", "Mar 2024", "18:30"],
    ["Oslo", "Bergen", "Oslo", "größe", "null"],
]


if __name__ == "__main__":
    GOLDEN.write_text(
        "[\n" + ",\n".join(
            json.dumps({"cells": column, "statistic": Statistic.of(column).to_dict()}, ensure_ascii=False)
            for column in COLUMNS
        ) + "\n]\n", "utf-8"
    )  # fmt: skip
