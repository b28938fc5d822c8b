"""The target: which column, as what, and what cannot be learned."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.kinds import Kind
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.target import choose, target_of


def target(cells, **asked):
    return target_of("t", Statistic.of(cells), **asked)


def whole(*counts):
    return [str(value) for value, n in enumerate(counts) for _ in range(n)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.5", "2.5", "3.5"], "t: a number, 3 different values"),
        (["1,5", "2,5", "3,5"], "t: a number, 3 different values"),
        (["1,3", "1,7", "2,0", "2,3"] * 20, "t: a number, 4 different values"),
        ([f"{i},125" for i in range(230)] + ["0,5"], "t: a number, 231 different values"),
        (["0,5", *["1,5"] * 20], "t: 2 classes, 0,5 (1), 1,5 (20)"),
        ([f"{i / 8}" for i in range(230)], "t: a number, 230 different values"),
        ([f"{i / 8}" for i in range(50)] + ["x"], "t: a number, 50 different values; 1 cell that is none"),
        ([*"12345" * 9, "x"], "t: 5 classes, 1 (9), 2 (9), 3 (9), 4 (9), 5 (9); 1 cell that is none"),
        ([*"1234" * 9, "x", "x"], "t: 5 classes, 1 (9), 2 (9), 3 (9), 4 (9), x (2)"),
        (["$5", "$6", "$5"], "t: a number, 2 different values"),
        (["5%", "6%"] * 9, "t: a number, 2 different values"),
        (["1,000", "2,000", "500"], "t: a number, 3 different values"),
        (["0.0", "1.0"] * 9, "t: 2 classes, 0.0 (9), 1.0 (9)"),
        (["0", "1.0", "0.0", "1.0", "0"], "t: 2 classes, 0 (3), 1.0 (2)"),
        (["0.5", "1"] * 9, "t: 2 classes, 0.5 (9), 1 (9)"),
        (["0101", "0202"] * 9, "t: 2 classes, 0101 (9), 0202 (9)"),
        ([f"{i:04}" for i in range(9)] * 2, None),
        (["NO", "no", "yes", "no"], "t: 2 classes, no (3), yes (1)"),
        (["setosa", "virginica", "versicolor"] * 3, "t: 3 classes, setosa (3), versicolor (3), virginica (3)"),
        (whole(9, 9, 9), "t: 3 classes, 0 (9), 1 (9), 2 (9)"),
        (whole(5, 1, 1), "t: a number, 3 different values"),
        (whole(*[20] * 10), None),
        (whole(*[20] * 26), "t: 26 classes, 0 (20), 1 (20), 2 (20), 3 (20), 4 (20), 5 (20), …"),
        (whole(15, 30, 25, 9, 15, 15, 30, 15, 15, 15, 20, 20), "t: a number, 12 different values"),
        ([str(10 * i) for i in range(26)] * 20, "t: a number, 26 different values"),
        (np.array([True, False]), "t: 2 classes, False (1), True (1)"),
        (np.array([0.0, 1.0]), "t: 2 classes, 0 (1), 1 (1)"),
    ],
)
def test_decided(cells, expected):
    found = target(cells)
    if expected is None:
        assert found.kind == "classes"
    else:
        assert found.sentence == expected


def test_one_stray_cell_never_turns_a_number_into_classes():
    for stray in ("x", "-", "about 5", "5..1"):
        assert target([f"{i / 8}" for i in range(50)] + [stray]).kind == "number"


def test_a_stray_cell_among_few_whole_numbers():
    found = target([*"12345" * 9, "x"])
    cells, wrong = found.read([*"12345" * 9, "x"], frozenset({""}))
    assert (found.kind, found.classes) == ("classes", (*"12345",))
    assert (cells[-1], wrong) == (None, [45])


def test_labels():
    for cells, expected in (
        (["3", "5", "3"], [3, 5, 3]),
        (["03", "5", "03"], ["03", "5", "03"]),
        (["0.0", "1.0", "1"], ["0.0", "1.0", "1.0"]),
        (["x", "5", "x"], ["x", "5", "x"]),
    ):
        found = target(cells, asked="category")
        read, wrong = found.read(cells, frozenset({""}))
        assert (found.values(read).tolist(), wrong) == (expected, [])
        assert found.values(read, alone=False).tolist() == [0, 1, 0] if cells[0] == "03" else True


def test_as_asked():
    assert target(whole(9, 9, 9), asked="number").kind == "number"
    assert target([str(i) for i in range(50)], asked="category").kind == "classes"
    with pytest.raises(lw.DataError, match=r"the target 't' cannot be a number: no cell is one; it holds 'a', 'b'"):
        target(["a", "b"], asked="number")
    with pytest.raises(lw.UnknownNameError, match="can be a number or a category, not 'date'"):
        target(["a", "b"], asked="date")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["", "NA"], "the target 't' has no value in any row"),
        (["a", "a"], "is 'a' in every row: one class; at least two are needed"),
        (["$5", "$5"], "is 5 in every row; there is nothing to learn"),
        (["1.5", "1.5"], "is '1.5' in every row: one class"),
        (["7", "7"], "is '7' in every row: one class"),
        ([f"2024-01-{i:02}" for i in range(1, 9)], "holds dates, such as '2024-01-01'"),
        (np.array(["2024-01-01", "2024-01-02"], "M8[D]"), "holds dates"),
        ([f"name {i}" for i in range(40)], "holds 40 different texts in 40 rows, such as 'name 0', 'name 1'"),
        ([f"name {i}" for i in range(20_000)], "different texts in 20,000 rows"),
    ],
)
def test_what_cannot_be_learned(cells, words):
    with pytest.raises(lw.DataError, match=words):
        target(cells)


class TestChoice:
    names = ("id", "class", "length", "note")
    kinds = tuple(map(Kind, ("id", "category", "number", "empty")))

    def test_by_default(self):
        assert choose(self.names[:3], self.kinds[:3], None) == ([2], "the last column; --target class takes 'class'")
        assert choose(self.names, self.kinds, None)[1].startswith("the last column that could be")
        assert choose(("a", "name"), (Kind("number"), Kind("text")), None)[0] == [0]
        with pytest.raises(lw.DataError, match="no column can be predicted: all are empty, have one value, or are"):
            choose(("id",), (Kind("id"),), None)

    def test_by_name(self):
        assert choose(self.names, self.kinds, "class") == ([1], "")
        assert choose(self.names, self.kinds, "class, length")[0] == [1, 2]
        assert choose(self.names, self.kinds, ["length"])[0] == [2]
        assert choose(("a,b", "a"), self.kinds[1:3], "a,b")[0] == [0]
        with pytest.raises(
            lw.UnknownNameError, match="there is no column 'lenght' for the target; did you mean 'length'"
        ):
            choose(self.names, self.kinds, "lenght")
        with pytest.raises(lw.DataError, match="'class' is named twice"):
            choose(self.names, self.kinds, "class,class")
