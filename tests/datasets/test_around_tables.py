"""What stands above and below a table in one file: totals, notes, and lines about the whole."""

import pytest

from layerwise.datasets.reading import read_raw
from layerwise.errors import DataError

CUSTOMERS = [f"K{i:02};{town};{i % 7 + 1};{1000 + 37 * i}.{i:02}" for i, town in enumerate(["Oslo", "Hamar"] * 8)]
GERMAN = [f"K{i:02};{town};{i % 7 + 1};1.{100 + 37 * i},{i:02} €" for i, town in enumerate(["Köln", "Bonn"] * 8)]
MENGE, UMSATZ = 59, sum(1100 + 37 * i + i / 100 for i in range(16))


@pytest.fixture
def read(tmp_path):
    """Write lines to a file, and read it."""

    def read(lines, **arguments):
        path = tmp_path / "t.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_raw(path, **arguments)

    return read


def german(value):
    return f"{value:,.2f} €".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("below", "totals", "notes"),
    [
        (["Summe;;;X"], 1, 0), ([";;N;X"], 1, 0), ([";;N;X", "Summe;;;X"], 2, 0), (["Alle;;N;X"], 1, 0),
        (["Alle Kunden;;;X", "Quelle: Buchhaltung;;;"], 1, 1), (["Gesamtsumme:;;N;X", "Stand: gestern"], 1, 1),
        ([";;;X", "Mittelwert;;3,69;", "", "Quelle: Buchhaltung;;;", "Ende;;;"], 2, 2),
    ],
)  # fmt: skip
def test_totals_of_an_export_are_no_rows(read, below, totals, notes):
    filled = [line.replace("N", str(MENGE)).replace("X", german(UMSATZ)) for line in below]
    table = read(["Kunde;Ort;Menge;Umsatz", *GERMAN, *filled])
    assert table.n_rows == 16
    assert table.columns[0][-1] == "K15"
    assert any(note.startswith(f"{totals} row{'s' * (totals > 1)} of totals") for note in table.notes)
    assert any(note.startswith(f"{notes} row") and "single cell" in note for note in table.notes) == (notes > 0)


@pytest.mark.parametrize(
    "last",
    ["K99;Oslo;3;1234.00", "K99;;;1234.00", ";;3;", "K99;;59;1234.00", ";Oslo;;"],
    ids=["whole", "gaps", "another number", "one sum of two", "text"],
)
def test_a_last_row_with_gaps_is_a_row(read, last):
    gaps = ["K50;;;", ";Oslo;;", ";;4;"]  # rows with a single cell are usual in this table
    lines = ["customer;town;count;sales", *gaps, *CUSTOMERS, last]
    assert read(lines).n_rows == len(lines) - 1


def test_a_table_of_numbers_whose_last_row_is_a_sum_is_kept(read):
    above = ["1,2,3", "2,1,4", "3,2,5", "1,1,1", "2,2,2", "4,1,3"]
    assert read(["a,b,c", *above, "13,9,18"]).n_rows == 7


ACCOUNT = ["Day;Payee;Text;Amount;Kind"]
ACCOUNT += [f'{d:02}.01.2023;P{d % 3};"Ref {d}; x";-{d},50;{"food" if d % 2 else "rent"}' for d in range(1, 29)]


@pytest.mark.parametrize(
    "above",
    [
        ["Account;AB00 1234", "Period;01.01.2023 - 31.12.2023", ""], ["Account;AB00 1234", "Owner;Somebody"],
        ["Account;AB00 1234;;;", "Period;01.01.2023 - 31.12.2023;;;", ";;;;"], ["Account;AB00 1234;;;"],
        ["Account;AB00 1234;;;", "Owner;Somebody;;;"], ["Account:;Somebody;;;"],
        ["Balance;1.234,50", "As of;31.12.2023"], ["Statement", "", "Account;AB00 1234", "", "Balance;1.234,50"],
    ],
)  # fmt: skip
def test_lines_about_the_whole_are_titles(read, above):
    table = read([*above, *ACCOUNT])
    assert table.names == ("Day", "Payee", "Text", "Amount", "Kind")
    assert table.n_rows == 28
    written = [line for line in above if line.strip(";")]
    assert any(note.startswith(f"{len(written)} title line") for note in table.notes)


def test_groups_of_two_columns_are_still_groups(read):
    table = read(["Who;Answers;;", "name;tea;milk;juice", *[f"P{i};{i % 3};{i % 4};{i % 5}" for i in range(12)]])
    assert table.names == ("Who: name", "Answers: tea", "Answers: milk", "Answers: juice")


def test_lines_to_leave_out_are_counted_from_the_top(read):
    lines = ["about, this | and, that", "more | of, it", "a|b|c", *["1|x, y|3"] * 5]
    table = read(lines, skip=2)
    assert (table.names, table.n_rows, table.lines[0]) == (("a", "b", "c"), 5, 4)
    again = read(lines, how=table.how)
    assert again.columns == table.columns
    assert read(lines[2:], how=table.how).columns == table.columns  # without those lines, none is left out


@pytest.mark.parametrize("text", ['[{"a": 1, "b": 2}, {"a": 2, "b": 3}]', '[["a", "b"], [1, 2], [2, 3]]'])
def test_lines_of_what_has_none_cannot_be_left_out(tmp_path, text):
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(DataError, match="skip= is for lines of text"):
        read_raw(path, skip=1)


def test_an_error_names_the_option(read):
    with pytest.raises(DataError, match=r"how many lines to leave out first \(--skip, skip=\)"):
        read(["a;b;c;d", *["1;2;3;4;5;6;7"] * 9], delimiter=";")
