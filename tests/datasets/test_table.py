import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.datasets import read_csv
from layerwise.datasets.table import Table, read_header
from layerwise.errors import DataError


@pytest.fixture
def csv_file(tmp_path):
    def write(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_last_column_is_the_target(csv_file):
    table = read_csv(csv_file("a,b,label\n1,2.5,0\n-3,4e2,1\n"))
    np.testing.assert_array_equal(table.X, [[1, 2.5], [-3, 400]])
    assert table.X.dtype == np.float64
    assert table.X.flags.writeable
    assert table.y.tolist() == [0, 1]
    assert table.feature_names == ("a", "b")
    assert table.target_name == "label"


def test_another_column_may_be_the_target(csv_file):
    X, y = read_csv(str(csv_file("a,b,c\n1,2,3\n4,5,6\n")), target="b")
    np.testing.assert_array_equal(X, [[1, 3], [4, 6]])
    assert y.tolist() == [2, 5]


@pytest.mark.parametrize(
    ("targets", "dtype", "class_names"),
    [
        (["3", "-1", "+7"], np.int64, ()),
        (["1", "2.5", "3"], np.float64, ()),
        (["1.0", "2.0", "3.0"], np.float64, ()),
        (["1e3", "2", "3"], np.float64, ()),
        (["100000000000000000000", "1", "2"], np.float64, ()),
        (["b", "a", "b"], np.str_, ("a", "b")),
        (["1", "none", "2"], np.str_, ("1", "2", "none")),
        (["1_0", "2", "3"], np.str_, ("1_0", "2", "3")),
        (["007", "7", "08"], np.str_, ("007", "08", "7")),
        (["01234", "90210", "+7"], np.str_, ("+7", "01234", "90210")),
    ],
)
def test_the_spelling_of_targets_decides_their_type(csv_file, targets, dtype, class_names):
    table = read_csv(csv_file("x,target\n" + "".join(f"0,{target}\n" for target in targets)))
    assert table.y.dtype.type == dtype
    assert table.y.tolist() == (targets if class_names else [float(target) for target in targets])
    assert table.class_names == class_names


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffa,b\n1,x\n2,y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\r1,x\r2,y\r",
        'a,"b"\n"1",x\n2,"y"\n',
        "a,b\n1,x\n2,y",
        "a,b\n1,x\n2,y\n\n\n",
        "\na,b\n1,x\n\n2,y\n  \n",
        " a , b\n 1, x\n2 ,y \n",
    ],
)
def test_every_common_way_to_write_the_same_table(csv_file, content):
    table = read_csv(csv_file(content))
    assert (*table.feature_names, table.target_name) == ("a", "b")
    assert table.X.tolist() == [[1], [2]]
    assert table.y.tolist() == ["x", "y"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_delimiters(csv_file, delimiter):
    content = "length,species\n1,x\n".replace(",", delimiter)
    assert read_csv(csv_file(content), delimiter=delimiter).feature_names == ("length",)


@pytest.mark.parametrize(
    ("header", "names"),
    [("a;b", ["a", "b"]), ("\ufeff\na\tb", ["a", "b"]), ("a,b", ["a", "b"]), ("a;x,b", ["a;x", "b"])],
)
def test_the_header_tells_the_delimiter(csv_file, header, names):
    delimiter = "," if "," in header else ";" if ";" in header else "\t"
    path = csv_file(f"{header}\n1{delimiter}2\n")
    table = read_csv(path, delimiter=None)
    assert [*table.feature_names, table.target_name] == read_header(path, None) == names
    assert (table.X.tolist(), table.y.tolist()) == ([[1]], [2])


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_breaks(csv_file):
    table = read_csv(csv_file('"a, b","say ""c"""\n1,"x\ny"\n'))
    assert table.feature_names == ("a, b",)
    assert table.target_name == 'say "c"'
    assert table.y.tolist() == ["x\ny"]


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(min_value=-(2**63), max_value=2**63 - 1),
        ),
        min_size=1,
    )
)
def test_numbers_come_back_exactly(rows, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text("x,y\n" + "".join(f"{x!r},{y}\n" for x, y in rows))
    X, y = read_csv(path)
    assert X[:, 0].tolist() == [x for x, _ in rows]
    assert y.tolist() == [y for _, y in rows]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b,a\n1,2,3\n", "more than one column is named 'a'"),
        (",a,b\n0,1,2\n", "column 1 has no name"),
        ("a,b,\n0,1,2\n", "column 3 has no name"),
        ("5.1,3.5,0\n4.9,3.0,0\n", "must begin with a header row"),
        ("a;b\n1;2\n", "has only the column 'a;b'.*delimiter"),
        ("a,b\n1,2\n3\n", "line 3: expected 2 cells, as the header has, but got 1"),
        ("a,b\n1,2,3\n", "line 2: expected 2 cells, as the header has, but got 3"),
        ("a,b\n1,2\n,3\n", "line 3, column 'a': the cell is empty"),
        ("a,b\n1,\n2,3\n", "line 2, column 'b': the cell is empty"),
        ("a,b\n1,2\n\nred,3\n", "line 4, column 'a': expected a number, but got 'red'"),
        ("a,b\n1_000,2\n", "line 2, column 'a': expected a number, but got '1_000'"),
        ("a,b\n1,2\nNaN,2\n", "line 3, column 'a': NaN cannot be learned from"),
        ("a,b\n1,-inf\n", "line 2, column 'b': -inf cannot be learned from"),
        ("a,b\n1e999,0\n", "line 2, column 'a': 1e999 cannot be learned from"),
        ("a,b\n1,nan\n2,x\n", "line 2, column 'b': nan cannot be learned from"),
        ('a,b\n"1\n",x\nred,y\n', "line 4, column 'a'"),
        ('a,b\n1,"x\n', "line 2: not valid CSV"),
        ('a,b\n1,"x"y\n', "line 2: not valid CSV"),
        (b"a,b\n1,caf\xe9\n", "not text in UTF-8: it has the byte 0xe9"),
        ("a,b\n1,2\n".encode("utf-16"), "not text in UTF-8"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(csv_file, content, message):
    with pytest.raises(DataError, match=rf"table\.csv.*{message}"):
        read_csv(csv_file(content))


def test_decimal_commas_are_told(csv_file):
    path = csv_file("x;y\n1,5;a\n2,5;b\n")
    with pytest.raises(DataError, match=r"got '1,5'; write decimal commas as points, '1,5' as 1\.5$"):
        read_csv(path, delimiter=";")
    path = csv_file("x;y\n1;0,5\n2;1\n")
    with pytest.warns(UserWarning, match=r"column 'y': '0,5' is taken for the name of a class; if it is a number, "):
        _, y = read_csv(path, delimiter=";")
    assert y.tolist() == ["0,5", "1"]
    read_csv(csv_file("x;y\n1;0,5\n2;red\n"), delimiter=";")  # names, without a warning
    with pytest.raises(DataError, match="got '1,234'; correct it"):  # may be a thousand
        read_csv(csv_file("x;y\n1,234;a\n"), delimiter=";")
    with pytest.raises(DataError, match=r"got '-0,688'; write decimal commas as points, '-0,688' as -0\.688$"):
        read_csv(csv_file("x;y\n-0,688;a\n"), delimiter=";")
    with pytest.raises(DataError, match=r"got '1,234'; write decimal commas as points, '2,5' as 2\.5$"):
        read_csv(csv_file("x;y\n1,234;a\n2,5;b\n"), delimiter=";")
    with pytest.raises(DataError, match="got '1,234'; correct it"):
        read_csv(csv_file("x;y\n1,234;a\n2,5 kg;b\n"), delimiter=";")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_without_a_header_separate_no_cells(csv_file, separator):
    lines = "0,942;-1396,578;ja\n1,5;2,25;nee\n".replace(";", separator)
    with pytest.raises(DataError, match=r"column '0,942': expected a number, but got '1,5'; write decimal commas"):
        read_csv(csv_file(lines), delimiter=None)


@pytest.mark.parametrize("lines", ["a;b,c\n1;2,3\n", "0,942;1,5,ja\n1,5;2,25,nee\n", "a,b;c\n1,x\n2,y\n"])
def test_other_separators_in_text_leave_the_comma(csv_file, lines):
    assert read_header(csv_file(lines), delimiter=None) == lines.partition("\n")[0].split(",")


def test_a_long_cell_is_quoted_in_short(csv_file):
    with pytest.raises(DataError) as caught:
        read_csv(csv_file(f"a,b\n{'x' * 100_000},1\n"))
    assert len(str(caught.value)) < 400


def test_an_unknown_target_suggests_the_nearest(csv_file):
    path = csv_file("length,width,species\n1,2,x\n")
    with pytest.raises(DataError, match="no column 'specis' for the target; did you mean 'species'"):
        read_csv(path, target="specis")
    with pytest.raises(DataError, match="no column 2"):
        read_csv(path, target=2)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", 5])
def test_a_delimiter_is_one_character(csv_file, delimiter):
    with pytest.raises(DataError, match="delimiter must be one character"):
        read_csv(csv_file("a,b\n1,2\n"), delimiter=delimiter)


def test_a_missing_file_or_a_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path)


def test_a_table_unpacks_and_cannot_be_rebound():
    X, y = table = Table(np.zeros((2, 1)), np.array([0, 1]), ("a",), "b")
    assert X is table.X
    assert y is table.y
    with pytest.raises(AttributeError):
        table.X = y
