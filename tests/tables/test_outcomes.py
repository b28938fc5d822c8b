"""Small tables with one habit of real ones each: what each column is, what is learned, and from how many rows."""

import json
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.deciding import understand
from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading import read_raw

FOLDER = Path(__file__).parent.parent / "fixtures" / "tables"
TWO = ("a number, b number", "t: 2 classes, no (22), yes (18)", 40)
THREE = {"rare.csv": (22, 17), "rare1.csv": (21, 18), "rare_at_1.csv": (22, 17), "rare_at_4.csv": (22, 17)}
AS_OK = (
    "bom case_classes comment empty missing_- missing_NA missing_NaN missing_None missing_hNA missing_null missing_q "
    "ok currency percent pipe semicolon_decimal spaces tab_in_header thousands title_row total_row trailing_blank_rows "
    "trailing_delim units_row utf16"
)
NUMBERS = "a number, b number"
EVEN = (NUMBERS, "t: 2 classes, no (20), yes (20)", 40)
OUTCOMES = {
    **{f"{name}.csv": TWO for name in AS_OK.split()},
    **dict.fromkeys(("ok.csv.gz", "ok.csv.zip", "ok.jsonl"), TWO),
    **{
        f"{name}.csv": (NUMBERS, f"t: 3 classes, no ({no}), rare (1), yes ({yes})", 40)
        for name in ("rare", "rare1", *(f"rare_at_{i}" for i in range(8)))
        for no, yes in [THREE.get(f"{name}.csv", (21, 18))]
    },
    "bool.csv": ("flag yes/no, b number", TWO[1], 40),
    "category.csv": ("city category, b number", TWO[1], 40),
    "constant.csv": ("b number", TWO[1], 40),
    "count_target.csv": (NUMBERS, "children: a number, 12 different values", 200),
    "date.csv": ("day date, b number", TWO[1], 40),
    "dup.csv": ("a number, a_2 number", TWO[1], 40),
    "five_rows.csv": (NUMBERS, "t: 2 classes, no (2), yes (3)", 5),
    "float_classes.csv": (NUMBERS, "t: 2 classes, 0.0 (22), 1.0 (18)", 40),
    "imbalanced.csv": (NUMBERS, "t: 2 classes, 0 (980), 1 (20)", 1000),
    "index.csv": TWO,
    "latin1.csv": ("größe number, b number", TWO[1], 40),
    "leak.csv": ("b number", "t: 2 classes, no (103), yes (97)", 200),
    "many_int_classes.csv": (NUMBERS, "digit: 26 classes, 1 (31), 2 (31), 3 (31), 4 (31), 5 (31), 6 (31), …", 800),
    "nl.csv": ("b number", TWO[1], 40),
    "nohead.csv": ("x1 number, x2 number", "x3: 2 classes, no (103), yes (97)", 200),
    "nohead2.csv": ("x1 number, x2 number", "x4: 2 classes, no (103), yes (97)", 200),
    "noheader.csv": ("x1 number, x2 number", "x3: 2 classes, no (22), yes (18)", 40),
    "noheader_num.csv": ("x1 number, x2 number", "x3: 2 classes, 0 (22), 1 (18)", 40),
    "one_dash.csv": (NUMBERS, "price: a number, 49 different values", 239),
    "outlier.csv": (NUMBERS, "y: a number, 40 different values", 200),
    "price.csv": (NUMBERS, "price: a number, 109 different values; 1 cell that is none", 199),
    "price2.csv": (NUMBERS, "price: a number, 29 different values", 192),
    "rating_na.csv": (NUMBERS, "rating: 5 classes, 1 (30), 2 (44), 3 (44), 4 (47), 5 (27)", 192),
    "rating_nan.csv": (NUMBERS, "rating: 5 classes, 1 (30), 2 (44), 3 (44), 4 (47), 5 (27)", 192),
    "rownames.csv": ("b number", TWO[1], 40),
    "semicolon_comma_header.csv": ("weight, kg number, b number", TWO[1], 40),
    "short_row.csv": (NUMBERS, "t: 2 classes, no (22), yes (17)", 39),
    "sorted.csv": ("noise number", "t: 2 classes, no (31), yes (29)", 60),
    "target_currency.csv": (NUMBERS, "price: a number, 11 different values", 200),
    "target_empty.csv": (NUMBERS, "price: a number, 36 different values", 39),
    "target_na.csv": (NUMBERS, "price: a number, 36 different values", 39),
    "target_percent.csv": (NUMBERS, "rate: a number, 11 different values", 200),
    "target_thousands.csv": (NUMBERS, "price: a number, 40 different values", 200),
    "train.csv": (NUMBERS, "t: 2 classes, no (31), yes (29)", 60),
    "two_rows.csv": (NUMBERS, "t: 2 classes, no (1), yes (1)", 2),
    "zip_target.csv": (NUMBERS, "class: 2 classes, 0101 (22), 0202 (18)", 40),
    # Headers of several rows, or longer than the rows.
    "group_row.csv": (
        "patient: sex category, Size: upper number, Size: lower number", "Result: 2 classes, no (20), yes (20)", 40,
    ),
    "three_headers.csv": (
        "Bern: air: low number, Bern: air: high number, Bonn: air: low number",
        "Bonn: soil: high: a number, 40 different values", 40,
    ),
    "survey.csv": (
        "How old are you?: Response category, Which of these do you eat?: bread category, "
        "Which of these do you eat?: rice category", "Do you smoke?: Response: 2 classes, no (20), yes (20)", 40,
    ),
    "second_header.csv": ("colour category, size category", EVEN[1], 40),
    "year_header.csv": ("month category, 2019 number, 2020 number", "2021: a number, 40 different values", 40),
    "header_again.csv": EVEN,
    "long_header.csv": (NUMBERS, f"{EVEN[1]}; it is the last column that could be", 40),
    "flag_last.csv": ("a number, b number, note category", f"{EVEN[1]}; it is the last column that could be", 40),
    "shuffled_index.csv": EVEN,
    # Cells.
    "single_quotes.csv": ("a number, b number, word category", EVEN[1], 40),
    "magnitude.csv": EVEN,
    "top_coded.csv": EVEN,
    "one_word.csv": EVEN,
    "far_counts.csv": (NUMBERS, "injured: a number, 5 different values", 40),
    "finer_leak.csv": ("verdict category, b number", "t: 2 classes, no (96), yes (104)", 200),
    "mac_space.csv": EVEN,
    "korean.csv": ("길이 number, 너비 number", "등급: 2 classes, 낮음 (20), 높음 (20)", 40),
    "cyrillic.csv": ("длина number, ширина number", "класс: 2 classes, высокий (20), низкий (20)", 40),
    "far_number.csv": EVEN,
    "free_text.csv": ("message text, b number", EVEN[1], 40),
    "nohead_first.csv": ("x1 yes/no, x2 number", "x3: a number, 40 different values", 40),
}  # fmt: skip
REFUSED = {"letter.txt": "is prose, not a table", "baskets.csv": "no table: its rows have from 1 to 9 cells"}
TO_PREDICT_ON = {
    "nohead_first_new.csv",
    "new.csv",
    "noheader_new.csv",
    "noted.csv",
    "predict_unknown_missing.csv",
    "template.csv",
    "onecol.csv",
}


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_to_learn_from(name):
    found = understand(read_raw(FOLDER / name))
    inputs = ", ".join(f"{column.name} {column.kind.name}" for column in found.inputs)
    assert (inputs, found.sentence.removesuffix("; it is the last column"), len(found.kept)) == OUTCOMES[name]
    X, y = found.features(), found.answers()
    assert X.n_rows == len(y) == len(found.kept)
    left_out = [c.name for c in found.columns if c.use == "left out"]
    assert all(any(f"column {name!r} is left out" in note for note in found.notes) for name in left_out)


def test_every_file_has_an_outcome():
    names = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert names - OUTCOMES.keys() - TO_PREDICT_ON - REFUSED.keys() == set()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name):
    with pytest.raises(lw.DataError, match=REFUSED[name]):
        read_raw(FOLDER / name)


@pytest.mark.parametrize("name", ["README.md", "notes.rst"])
def test_a_file_of_prose_by_its_name(name, tmp_path):
    (tmp_path / name).write_text("A list, and more\n\nof the things, in order\n")
    with pytest.raises(lw.DataError, match="is prose, not a table"):
        read_raw(tmp_path / name)


def test_a_finer_column_that_tells_the_target_is_said():
    notes = understand(read_raw(FOLDER / "finer_leak.csv")).notes
    assert any("column 'verdict' tells the target 't' almost alone" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("far_number", "-200 stands far from the other numbers of column 'a', more than once"),
        ("free_text", "column 'message' is free text: its words are not learned"),
    ],
)
def test_what_may_mean_something_else_is_said(name, said):
    assert any(note.startswith(said) for note in understand(read_raw(FOLDER / f"{name}.csv")).notes)
    assert not any("far from" in note or "free text" in note for note in understand(read_raw(FOLDER / "ok.csv")).notes)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([1, 2, 3, 4, 5, -999], ["-999"]), ([1, 2, 9], ["9"]), ([1, 2, 98, 99], ["98", "99"]),
        ([1, 2, -8, -9], ["-9", "-8"]), ([*range(20), -998, -999], ["-999", "-998"]), ([1, 2, 3, 4, 5], []),
        ([1, 2, 3, 6], []), ([0, 1, 9, 12], []),
        ([18, 30, 60, 99], []), ([0, 9], []), ([1, 2, 100], []),
    ],
)  # fmt: skip
def test_codes_among_few_numbers_are_said(values, codes):
    def said(names, columns, target):
        notes = understand(RawTable("t.csv", names, columns), target).notes
        return [note.split()[0] for note in notes if "stands far" in note]

    cells = [str(value) for value in values] * 3
    words = [("u", "v")[i * i % 7 % 2] for i in range(len(cells))]
    assert said(("a", "t"), [cells, words], "t") == codes
    assert said(("t", "a"), [words, cells], "a") == codes  # also where they are the target
    assert said(("a", "t"), [cells[:-1], words[:-1]], "t") in ([], codes[:-1])  # the last one is there twice


def test_rows_without_a_header_and_without_a_target_that_is_not_last():
    rules = understand(read_raw(FOLDER / "nohead_first.csv"), "x1")
    raw = read_raw(FOLDER / "nohead_first_new.csv", how=rules.how)
    X = rules.rows(raw)
    assert X.names == ["x2", "x3"]
    assert [column.tolist() for column in X.columns] == [[float(cell) for cell in cells] for cells in raw.columns]


@pytest.mark.parametrize("encoding", ["cp949", "cp932", "gb18030", "cp1251", "cp1252", "mac-roman"])
def test_an_encoding_is_told_from_the_letters(encoding, tmp_path):
    text = {
        "cp949": "기간,행정구역별\n2014,서울특별시\n2015,부산광역시\n",
        "cp932": "年,都道府県\n2014,ひがし市\n2015,カタカナ町の店\n",
        "gb18030": "年份,人口数量\n2014,北京市\n2015,上海市区\n",
        "cp1251": "Год,Город\n2014,Москва\n2015,Санкт-Петербург\n",
    }.get(encoding, "größe,café\nfür,naïve\nseñor,Ähre\n")
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    raw = read_raw(tmp_path / "t.csv", header=True)
    assert raw.names == tuple(text.split("\n")[0].split(","))
    assert raw.how["encoding"] == encoding


@pytest.mark.parametrize(
    ("train", "file", "rows"),
    [("train", "new", 2), ("train", "template", 2), ("train", "noted", 2), ("ok", "predict_unknown_missing", 2),
     ("noheader", "noheader_new", 2)],
)  # fmt: skip
def test_to_predict_on(train, file, rows):
    rules = understand(read_raw(FOLDER / f"{train}.csv"))
    X = rules.rows(read_raw(FOLDER / f"{file}.csv", how=rules.how))
    assert X.shape == (rows, 2)
    assert [X.kind(j) for j in range(2)] == ["number", "number"]


def test_a_target_alone():
    with pytest.raises(lw.DataError, match="nothing to learn 't' from: it is the only column"):
        understand(read_raw(FOLDER / "onecol.csv"))


def test_a_column_whose_gaps_tell_the_target_is_said():
    answers = ["no", "yes", "yes"] * 20
    for cells in (
        [str(i) if t == "no" else "" for i, t in enumerate(answers)],
        ["1" if t == "no" else "" for t in answers],
    ):
        raw = RawTable("t.csv", ("x", "b", "t"), [cells, [str(i % 7) for i in range(60)], answers])
        found = understand(raw, "t")
        assert any("'x' tells the target" in note or "'x' is left out: the target 't'" in note for note in found.notes)


@pytest.mark.parametrize(("name", "values", "chosen"), [("num", 3, "num"), ("id", 60, "b"), ("nr", 40, "b")])
def test_a_column_called_as_an_id_is_the_target_only_with_few_values(name, values, chosen):
    raw = RawTable(
        "t.csv", ("a", "b", name),
        [[str(i / 7) for i in range(60)], ["u", "v", "w"] * 20, [str(i * 7 % values) for i in range(60)]],
    )  # fmt: skip
    assert understand(raw).targets[0].name == chosen


@pytest.mark.parametrize(
    "cells",
    [
        ["501", "94110", "07302"],
        np.array([501, 94110, 7302]),
        np.array([501.0, 94110.0, 7302.0]),
        np.array([501, 94110, None]),
    ],
    ids=["text", "whole", "floats", "objects"],
)
def test_codes_that_lost_their_zeros_are_known(cells):
    raw = RawTable("t.csv", ("zip", "t"), [["00501", "94110", "07302"] * 9, [str(i % 4 / 3) for i in range(27)]])
    rules = type(found := understand(raw, "t")).from_dict(json.loads(json.dumps(found.to_dict())))
    known = rules.rows(RawTable("new.csv", ("zip",), [cells])).columns[0].tolist()
    assert known[:2] == ["00501", "94110"]
    assert known[2] in ("07302", None)


def test_codes_of_several_widths_stay_as_they_are():
    raw = RawTable("t.csv", ("code", "t"), [["01", "001", "1"] * 9, [str(i % 4 / 3) for i in range(27)]])
    assert understand(raw, "t").rows(raw).columns[0].tolist()[:3] == ["01", "001", "1"]
