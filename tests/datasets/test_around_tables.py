"""What stands above and below a table in one file: totals, notes, and lines about the whole."""

import pytest

from layerwise.datasets.reading import read_raw

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
