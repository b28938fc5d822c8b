"""Tables from anybody's file: what was found, what was left out, and what is refused."""

import codecs
import csv
import gzip
import io
import json
import sqlite3
import sys
import threading
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layerwise.datasets.reading import read_raw
from layerwise.errors import DataError, MissingDependencyError

TABLES = Path(__file__).parents[1] / "fixtures" / "tables"
NO_HEADER = {"nohead", "nohead2", "noheader", "noheader_new", "noheader_num", "nohead_first", "nohead_first_new"}
NO_TABLE = {"letter.txt", "baskets.csv"}


@pytest.fixture
def read(tmp_path):
    """Write text or bytes to a file, and read it."""

    def read(content, name="t.csv", **arguments):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_raw(path, **arguments)

    return read


def rows_of(table):
    return [list(row) for row in zip(*table.columns)]


@pytest.mark.parametrize(
    "path", sorted(path for path in TABLES.iterdir() if path.name not in NO_TABLE), ids=lambda path: path.name
)
def test_every_habit(path):
    table = read_raw(path)
    assert table.has_header == (path.name.split(".")[0] not in NO_HEADER)
    assert all(len(column) == table.n_rows for column in table.columns)
    assert len(set(table.names)) == len(table.names) == len(table.columns)
    json.dumps(table.how)
    if path.suffix != ".jsonl" and path.name.startswith(
        ("ok", "bom", "pipe", "spaces", "utf16", "title", "total", "trailing", "comment", "units")
    ):
        plain = read_raw(TABLES / "ok.csv")
        assert table.names == plain.names
        assert [list(map(str, column)) for column in table.columns] == plain.columns


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("comment.csv", "1 comment line before the table left out"), ("dup.csv", "column 2 is called a_2"),
        ("index.csv", "column 1 has no name; it is called x1"), ("latin1.csv", "Windows-1252"),
        ("ok.csv.zip", "ok.csv was read from the archive"), ("semicolon_decimal.csv", "decimal commas"),
        ("short_row.csv", "1 row left out for having other than 3 cells (line 7)"), ("noheader.csv", "taken for data"),
        ("title_row.csv", "1 title line left out (line 1)"), ("total_row.csv", "1 row of totals at the end left out"),
        ("trailing_blank_rows.csv", "2 rows left out as blank"), ("trailing_delim.csv", "1 column without a name"),
        ("units_row.csv", "a row of units left out (line 2: kg, m)"), ("pipe.csv", "a bar"),
    ],
)  # fmt: skip
def test_what_was_found_is_said(name, note):
    assert any(note in said for said in read_raw(TABLES / name).notes)


def test_lines_and_places():
    table = read_raw(TABLES / "nl.csv")
    assert table.lines.tolist()[:3] == [2, 4, 6]
    assert table.place(1, 2).endswith("nl.csv, line 6, column 'b'")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n", ("a", "b")),
        ("1,2\n3,4\n", None),
        ("id,2019,2020,2021\nx,1.5,2.5,3.5\ny,2.5,1.5,7\nz,1,2,9.5\n", ("id", "2019", "2020", "2021")),
        (",0,1,2\n0,1.5,2.5,3.5\n1,2.5,1.5,7\n", ("x1", "0", "1", "2")),
        ("p,x,s\ne,x,s\np,y,n\ne,y,s\n", None),
        ("city,colour\nOslo,red\nRome,blue\nOslo,blue\n", ("city", "colour")),
        ("vhigh,2,small,unacc\nlow,2,big,acc\nlow,4,big,acc\n", None),
        ("5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n", None),
        ("2024-01-01,5,x\n2024-01-02,6,y\n", None),
        ("2,3,big,small\n" + "1,2,3,4,5,6\n" * 3, None),
        ("0,1,2\na,x,5\nb,y,6\n", ("0", "1", "2")),
        ("a,b,c,d\nx,1,2\ny,1,2\nz,1,2,5\nw,1\nv,2,2\n", ("a", "b", "c", "d")),
        ("# id,x\n1,2\n3,4\n", ("id", "x")),
        ('"x" "y"\n"r1" 1 2\n"r2" 3 4\n', ("x1", "x", "y")),
        ("Source: a bureau\nYear: 2020,,\n\nname,height,age\nA,1.5,3\nB,2.5,4\n", ("name", "height", "age")),
    ],
)
def test_the_header_is_found(read, text, names):
    table = read(text)
    assert table.has_header == (names is not None)
    assert names is None or table.names == names


def test_the_header_can_be_given(read):
    text = "city,colour\nOslo,red\n"
    assert read(text, header=False).n_rows == 2
    assert read("1,2\n3,4\n", header=True).names == ("1", "2")


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)
CODINGS = [
    ("", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("", "utf-16-le"), ("", "utf-16-be"),
]  # fmt: skip
CELLS = st.text(st.sampled_from("abcxyzé0123456789.,;|\"' -\n#"), max_size=8).map(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.data(), DIALECTS, st.sampled_from(CODINGS))
def test_what_csv_writes_is_read_back(tmp_path, data, dialect, coding):
    width = data.draw(st.integers(2, 4))
    is_old_mac = dialect["lineterminator"] == "\r"  # where the writer puts no quotes around other line breaks
    row = st.lists(
        CELLS.map(lambda cell: cell.replace("\n", "")) if is_old_mac else CELLS, min_size=width, max_size=width
    ).filter(any)
    rows = data.draw(st.lists(row, min_size=1, max_size=12))
    file = io.StringIO()
    names = [f"name {j}" for j in range(width)]
    csv.writer(file, **dialect).writerows([names, *rows, ["x"] * width])
    mark, encoding = coding
    path = tmp_path / "t.csv"
    path.write_bytes((mark or b"") + file.getvalue().encode(encoding))
    table = read_raw(path, delimiter=dialect["delimiter"], header=True)
    units = any("units" in note or "second row of names" in note for note in table.notes)
    totals = any("totals" in note for note in table.notes)
    assert table.names == tuple(names)
    assert rows_of(table)[: len(rows)] == rows[units : len(rows)] or totals


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(0, 99), st.sampled_from(["yes", "no"])), min_size=3),
    DIALECTS,
    st.sampled_from(CODINGS),
    st.booleans(),
)
def test_delimiter_and_header_are_found(tmp_path, rows, dialect, coding, has_header):
    file = io.StringIO()
    csv.writer(file, **dialect).writerows([["width", "count", "class"]] * has_header + rows)
    mark, encoding = coding
    path = tmp_path / "t.csv"
    path.write_bytes((mark or b"") + file.getvalue().encode(encoding))
    table = read_raw(path)
    assert table.has_header == has_header
    assert rows_of(table) == [list(map(str, row)) for row in rows]


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman", "latin-1", "utf-8"])
@pytest.mark.parametrize("words", [["Größe", "Straße", "für"], ["élève", "garçon", "où"], ["señor", "niño", "año"]])
def test_encodings_of_one_byte(read, encoding, words):
    text = "name,x\n" + "".join(f"{word},{i}\n" for i, word in enumerate(words))
    assert read(text.encode(encoding)).columns[0] == words


def test_decimal_commas_between_commas_in_quotes(read):
    table = read('a,b\n"1,5",x\n"2,25",y\n')
    assert table.how["decimal"] == ","
    assert table.columns[0] == ["1,5", "2,25"]


@pytest.mark.parametrize(
    ("delimiter", "columns", "decimal", "unclear"),
    [
        (";", [["2,904", "8,965"], ["0,544", "0,913"]], ",", []),
        ("\t", [["2,904", "8,965"], ["1,5", "2,25"]], ",", []),
        ("|", [["2,904", "8,965"], ["12,3456", "1,2"]], ",", []),
        (";", [["2,904", "8,965"], ["0.5", "1.25"]], ".", []),
        (";", [["2,904", "8,965"], ["1,234,567", "7"]], ".", []),
        (";", [["2.904", "8.965"], ["1.234,5", "2.345,6"]], ",", []),
        (";", [["2.904", "8.965"], ["1.234.567", "7"]], ",", []),
        (";", [["2,904", "8,965"], ["1", "2"]], ",", [0]),
        (";", [["2.904", "8.965"], ["1", "2"]], ".", [0]),
        ("\t", [["2,904", "8,965"], ["2.904", "8.965"]], ".", [0, 1]),
        (",", [["2.904", "8.965"], ["1", "2"]], ".", []),  # a comma cannot be before the decimals of all cells here
        (";", [["2,904", "8,965"], ["1,5", "2,5"], ["1.5", "2.5"]], ",", [0]),
        (";", [["2,904", "8,965"], ["1.5", "2.5"], ["1.5", "2.5"], ["0,5", "1,5"]], ".", [0]),
        (";", [["2,904", "8,965"], ["a 0.5", "b 0.5"]], ",", [0]),
    ],
)
def test_a_file_has_one_decimal_mark(read, delimiter, columns, decimal, unclear):
    names = [f"c{j}" for j in range(len(columns))]
    table = read("\ufeff" + "".join(delimiter.join(cells) + "\n" for cells in [names, *zip(*columns)]))
    assert (table.how["decimal"], table.unclear) == (decimal, unclear)
    assert table.columns == columns


def test_commas_between_commas_in_quotes_may_be_either(read):
    table = read('a,b\n"1,234",x\n"2,345",y\n')
    assert (table.how["decimal"], table.unclear) == (".", [0])
    assert read('a,b\n"1,234",x\n"2,345",y\n', decimal=",").unclear == []


def test_a_late_row_shows_the_decimal_mark(read):
    rows = "2,904;8,965\n" * 3000
    table = read(f"a;b\n{rows}1,234,567;8,965\n")
    assert (table.how["decimal"], table.unclear) == (".", [])


def test_odd_bytes(read):
    table = read(b"a,b\r1,2\r3,\x004\r\x1a")
    assert rows_of(table) == [["1", "2"], ["3", "4"]]
    assert len(table.notes) == 2


def test_bad_quotes_harm_their_line_only(read):
    body = "".join(f'{i},"x, {i}"\n' for i in range(50))
    table = read(f'a,b\n1,"open\n2,"so" it is\n3,5" pipe\n{body}')
    assert table.columns[1][:3] == ['"open', "so it is", '5" pipe']
    assert table.n_rows == 53
    assert table.columns[1][-1] == "x, 49"
    assert any("line" in note and "quotes" in note for note in table.notes)


def test_backslashes_before_quotes(read):
    table = read('a,b\n1,"he said \\"no, never\\""\n2,"x"\n')
    assert table.columns[1] == ['he said "no, never"', "x"]


def test_short_rows_are_padded_where_no_cell_was_shifted(read):
    rows = "".join(f"{i},{i},z\n" for i in range(60))
    table = read(f"a,b,c\n{rows}1,2\n")
    assert table.columns[2][-1] == ""
    assert any("too few cells" in note and "line 62" in note for note in table.notes)


def test_na_and_skip(read):
    table = read("junk;x;y;z\na,b\n-999,2\n3,4\n", na=["-999"], skip=1)
    assert rows_of(table) == [["", "2"], ["3", "4"]]
    assert "1 cell taken for missing, as '-999' says" in table.notes
    assert table.lines.tolist() == [3, 4]


@pytest.mark.parametrize("earlier", ["latin-1", "mac-roman", "cp1251", "utf-16"])
@pytest.mark.parametrize("later", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_as_such_whatever_an_earlier_file_was(tmp_path, earlier, later):
    (tmp_path / "old.csv").write_bytes("city,n\nБонн é,1\n".encode(earlier, "ignore"))
    (tmp_path / "new.csv").write_bytes("city,n\nZürich,1\nMünchen,2\n".encode(later))
    how = read_raw(tmp_path / "old.csv", encoding=earlier).how
    assert read_raw(tmp_path / "new.csv", how=how).columns[0] == ["Zürich", "München"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-2022-jp", "latin-1"])
def test_ascii_is_read_as_such_after_a_file_of_another_encoding(tmp_path, encoding):
    (tmp_path / "old.csv").write_bytes("city,n\nBonn,1\n".encode(encoding))
    (tmp_path / "new.csv").write_bytes(b"city,n\nKiel,1\nUlm,22\n")
    how = read_raw(tmp_path / "old.csv", encoding=encoding).how
    assert read_raw(tmp_path / "new.csv", how=how).columns[0] == ["Kiel", "Ulm"]
    assert read_raw(tmp_path / "old.csv", how=how).columns[0] == ["Bonn"]


def test_another_file_is_read_likewise(read):
    how = read("a;b\n1,5;x\n2,5;y\n", na="y").how
    table = read("b;a\ny;3,500\n", "new.csv", how=how)
    assert table.names == ("b", "a")
    assert rows_of(table) == [["", "3,500"]]
    assert table.how["decimal"] == ","


def test_archives(read, tmp_path):
    inside = {"read me.md": "hi", "a.csv": "a,b\n1,2\n", "b.csv": "c,d\n3,4\n"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in inside.items():
            archive.writestr(name, text)
    with pytest.raises(DataError, match=r"holds 2 files: 'a.csv', 'b.csv'; choose one with sheet="):
        read(packed.getvalue(), "t.zip")
    assert read(packed.getvalue(), "t.zip", sheet="b.csv").names == ("c", "d")
    assert read(gzip.compress(b"a,b\n1,2\n"), "without an ending").names == ("a", "b")
    with pytest.raises(DataError, match="compressed, but damaged"):
        read(gzip.compress(b"a,b\n1,2\n" * 100)[:25], "t.gz")


def test_json(read):
    table = read('[{"a": 1, "b": {"c": "x"}}, {"a": 2.5, "b": {"c": null}}, {"b": {"c": "y"}}]')
    assert table.names == ("a", "b.c")
    np.testing.assert_array_equal(table.columns[0], [1, 2.5, np.nan])
    assert table.columns[1] == ["x", "", "y"]
    table = read('{"a": 1}\n\n{"a": 2}\n')
    assert table.columns[0].tolist() == [1, 2]
    assert table.lines.tolist() == [1, 3]
    with pytest.raises(DataError, match="line 2: expected a JSON object"):
        read('{"a": 1}\n{"a": \n')


def test_databases(tmp_path):
    path = tmp_path / "t.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE flowers (length REAL, species TEXT)")
        database.executemany("INSERT INTO flowers VALUES (?, ?)", [(1.5, "a"), (None, "b")])
    database.close()
    table = read_raw(path)
    assert table.names == ("length", "species")
    np.testing.assert_array_equal(table.columns[0], [1.5, np.nan])
    assert read_raw(path, query="SELECT species FROM flowers WHERE length > 1").columns == [["a"]]
    asked = read_raw(path, query="SELECT species FROM flowers")
    assert asked.notes == ["the rows are those of 'SELECT species FROM flowers', as asked"]
    assert read_raw(path, how=asked.how).names == ("species",)
    assert read_raw(path, how=asked.how, sheet="flowers").names == ("length", "species")
    assert read_raw(path, sheet="flowers").notes == ["the table 'flowers' was read, as asked"]
    with pytest.raises(DataError, match="readonly"):
        read_raw(path, query="DELETE FROM flowers")
    with pytest.raises(DataError, match="no such column"):
        read_raw(path, query="SELECT petals FROM flowers")


def test_arrays(tmp_path):
    np.save(tmp_path / "t.npy", np.arange(6.0).reshape(3, 2))
    assert read_raw(tmp_path / "t.npy").columns[1].tolist() == [1, 3, 5]
    np.savez(tmp_path / "t.npz", X=np.ones((2, 2)), Z=np.zeros((2, 3)))
    table = read_raw(tmp_path / "t.npz", sheet="Z")
    assert len(table.names) == 3
    assert "the array 'Z' of 2 was read, as asked" in table.notes
    with pytest.raises(DataError, match="holds 2: 'X', 'Z'"):
        read_raw(tmp_path / "t.npz")


@pytest.mark.parametrize("kind", ["parquet", "ipc"])
def test_typed_columns_stay_typed(tmp_path, kind):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"n": [1, 2], "x": [0.5, None], "s": ["a", None], "b": [True, False]})
    getattr(frame, f"write_{kind}")(tmp_path / "t", **({"compression": "uncompressed"} if kind == "ipc" else {}))
    table = read_raw(tmp_path / "t")
    assert table.columns[0].dtype == np.int64
    np.testing.assert_array_equal(table.columns[1], [0.5, np.nan])
    assert table.columns[2] == ["a", ""]
    assert table.columns[3].dtype == bool


@pytest.mark.parametrize("hidden", [(), ("polars",)], ids=["polars", "pandas"])
def test_the_index_of_a_pandas_frame_is_not_its_last_column(tmp_path, monkeypatch, hidden):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    for name in hidden or ["polars"]:
        pytest.importorskip(name)
    frame = pandas.DataFrame({"city": ["Oslo", None, "Bonn"], "size": [1.5, 2.5, 3.5], "price": [3, 4, 5]})
    frame.dropna().to_parquet(tmp_path / "unnamed")  # its index is 0 and 2
    frame.set_index("city").to_parquet(tmp_path / "named")
    frame.to_parquet(tmp_path / "plain")
    for name in hidden:
        monkeypatch.setitem(sys.modules, name, None)
    tables = {name: read_raw(tmp_path / name) for name in ("unnamed", "named", "plain")}
    assert {table.names for table in tables.values()} == {("city", "size", "price")}
    assert tables["unnamed"].n_rows == 2
    assert tables["plain"].notes == []


@pytest.mark.parametrize(
    ("content", "package"),
    [
        (b"PAR1 and so on", "polars"), (b"ARROW1 and so on", "polars"), (None, "openpyxl"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "fastexcel"),
    ],
)  # fmt: skip
def test_a_missing_library_and_its_extra_are_named(tmp_path, monkeypatch, content, package):
    if content is None:
        workbook(tmp_path / "t.xlsx")
        content = (tmp_path / "t.xlsx").read_bytes()
    for name in ("polars", "pandas", "pyarrow", "openpyxl", "fastexcel"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "t").write_bytes(content)
    words = rf"/t is an? (Parquet|Arrow|Excel) file: .* '{package}', .*pip install 'layerwise\[tables\]'$"
    with pytest.raises(MissingDependencyError, match=words):
        read_raw(tmp_path / "t")


def workbook(path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["A title"], ["n", "s", "day"], [1, "a", None], [2.5, "b", None]):
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize("reader", ["openpyxl", "fastexcel"])
def test_sheets(tmp_path, monkeypatch, reader):
    workbook(tmp_path / "t.xlsx")
    if reader == "fastexcel":
        pytest.importorskip("fastexcel")
        monkeypatch.setitem(sys.modules, "openpyxl", None)
    table = read_raw(tmp_path / "t.xlsx")
    assert table.names[:2] == ("n", "s")
    assert table.columns[0] == ["1", "2.5"]


def test_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert read_raw("-").source == "stdin"


class Answers(BaseHTTPRequestHandler):
    """Gives one table, and nothing else."""

    def do_GET(self):
        self.send_response(200 if self.path == "/t.csv" else 404)
        self.end_headers()
        self.wfile.write(b"a,b\n1,2\n")

    log_message = partial(lambda *_: None)


def test_addresses():
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            assert read_raw(f"{address}/t.csv").names == ("a", "b")
            with pytest.raises(DataError, match="answers 404"):
                read_raw(f"{address}/u.csv")
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(DataError, match="cannot be had"):
        read_raw(f"{address}/t.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"), (b"\n\n", "is empty"), (b"<!DOCTYPE html><p>", "is a web page"), (b"%PDF-1.4", "is a PDF"),
        (b"a,b\n" + b"1,2\n" * 20 + b"1,2,3\n" * 9, "line 22: expected 2 cells, as most rows have, but got 3"),
        (b"a,b,c,d\n" + b"1,2\n" * 9, "line 1: expected 2 names"), (b"PK\x03\x04 broken", "cannot be unpacked"),
        (bytes(range(256)) * 9, "neither text"), (b"version https://git-lfs", "git lfs"),
        (b'{"a": {}}', "nothing in them"), (b"[1, 2]", "expected a list of objects"),
        (b"a,b\n", "has names of columns, but no rows"), (b"# only\n# this\n", "no rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delimiter": "ab"}, "one character"), ({"decimal": ";"}, "'.' or ','"), ({"skip": -1}, "number of lines"),
        ({"encoding": "nonsense"}, "a name that Python knows"), ({"encoding": "ascii"}, "line 2: the byte 0xc3"),
        ({"header": "yes"}, "True, False or None"), ({"query": "SELECT 1"}, "for SQLite"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(read, arguments, message):
    with pytest.raises(DataError, match=message):
        read("a,b\né,1\n", **arguments)


def test_a_file_that_is_not_there():
    with pytest.raises(DataError, match="check the path"):
        read_raw("no such file.csv")


def test_many_columns_without_names_are_one_note(tmp_path):
    (tmp_path / "t.csv").write_text("a,b" + "," * 20 + "\n" + "\n".join("1," * 21 + "2" for _ in range(3)))
    notes = [note for note in read_raw(tmp_path / "t.csv", header=True).notes if "column" in note]
    assert len(notes) == 5
    assert notes[-1] == "16 more columns likewise"


def test_a_cell_too_long_for_the_reader_of_unquoted_lines(read):
    long = "x" * 200_000
    table = read(f"a,b\n1,2\n{long},3\n4,5\r\n6,7\n", header=True)
    assert table.columns == [["1", long, "4", "6"], ["2", "3", "5", "7"]]
    assert table.lines.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("cell", [" 1", "1 ", "\t1", "1\t", "\u20031", "1\x0b"])
@pytest.mark.parametrize("line", ["{},2", "2,{}", "{},2\r", '"{}",2'])
def test_spaces_around_cells_are_left_out(read, cell, line):
    table = read("a,b\n3,3\n" + line.format(cell) + "\n5,5", header=True)
    assert sorted(column[1] for column in table.columns) == ["1", "2"]


def test_the_sheet_of_an_earlier_workbook_is_read_again(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name in ("old", "new"):
        sheet = book.create_sheet(name)
        for row in (["a", "b"], [1, name], [2, name], [3, name]):
            sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_raw(tmp_path / "t.xlsx", sheet="new")
    assert "the sheet 'new' of 3 was read, as asked" in table.notes
    assert read_raw(tmp_path / "t.xlsx", how=table.how).columns[1] == ["new"] * 3
    with pytest.raises(DataError, match="choose one with sheet="):
        read_raw(tmp_path / "t.xlsx")
