"""A table as it is understood: uses, notes, the arrays to learn from, and later tables by the same rules."""

import json

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.deciding import survey, understand
from layerwise.data.tables.features import Features
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.understanding import Understanding
from layerwise.datasets.reading import read_raw


def table(**columns):
    names = tuple(name.replace("_", " ") for name in columns)
    lists = [list(column) if isinstance(column, (tuple, range)) else column for column in columns.values()]
    return RawTable("t.csv", names, lists, np.arange(len(lists[0])) + 2)


@pytest.fixture
def people(rng):
    n = 60
    return table(
        row=[str(i) for i in range(n)],
        age=[str(a) for a in rng.integers(20, 80, n - 1)] + ["old"],
        city=rng.choice(["Oslo", "Rome", "Bern", ""], n).tolist(),
        born=[f"{1 + i % 28}.{1 + i % 12}.19{40 + i % 50}" for i in range(n)],
        member=rng.choice(["Yes", "no", "NO"], n, p=[0.4, 0.5, 0.1]).tolist(),
        height=[f"{h:.2f}".replace(".", ",") for h in rng.normal(1.7, 0.1, n)],
        unit=["cm"] * n,
        name=[f"person {i}" for i in range(n)],
        income=[f"${1000 + 7 * i:,}" for i in range(n - 2)] + ["", "n/a"],
    )


class TestDecisions:
    def test_all_of_it(self, people):
        found = understand(people)
        assert {c.name: (c.kind.name, c.use) for c in found.columns} == {
            "row": ("row number", "left out"),
            "age": ("number", "input"),
            "city": ("category", "input"),
            "born": ("date", "input"),
            "member": ("yes/no", "input"),
            "height": ("number", "input"),
            "unit": ("constant", "left out"),
            "name": ("id", "left out"),
            "income": ("number", "target"),
        }
        assert found.sentence == "income: a number, 58 different values; it is the last column"
        assert found.notes == [
            "2 rows have no target 'income' and are left out: line 60, line 61",
            "column 'row' is left out: consecutive numbers, 0 to 59",
            "column 'unit' is left out: every cell is 'cm'",
            "column 'name' is left out: a value of its own in every row",
        ]
        assert found.answers()[:2].tolist() == [1000, 1007]
        X = found.features()
        assert (X.shape, X.names) == ((58, 5), ["age", "city", "born", "member", "height"])
        assert [X.kind(j) for j in range(5)] == ["number", "text", "date", "text", "number"]
        assert found.encoder_arguments()["kinds"]["member"] == "category"

    def test_what_the_user_says(self, people):
        found = understand(
            people, "member", exclude=["name", "income"], id=["height"], kinds={"age": "category"}, na=["Bern"]
        )
        kinds = {c.name: (c.kind.name, c.use, c.reason) for c in found.columns}
        assert kinds["income"] == ("number", "left out", "as asked")
        assert kinds["height"] == ("id", "left out", "as asked")
        assert kinds["age"][:2] == ("category", "input")
        assert found.sentence.startswith("member: 2 classes, no (")
        assert "Bern" not in set(found.features().columns[1].tolist())

    def test_cells_that_cannot_be_read_are_named(self, people):
        people.columns[1][3:5] = ["x", "y"]
        found = understand(people, "member")
        assert "column 'age': 3 cells are no numbers and taken as missing: line 5 'x'; line 6 'y'; line 61 'old'" in (
            found.notes
        )
        assert np.isnan(found.features().columns[0][[3, 4]]).all()

    def test_ambiguous_dates_are_said(self):
        raw = table(day=["03/04/2024", "05/06/2024"] * 3, y=["1.5", "2", "3", "4", "5", "6"])
        assert understand(raw).notes == [
            "column 'day': '03/04/2024' is read with the month first; --dayfirst and --no-dayfirst say"
        ]
        days = [understand(raw, dayfirst=first).features().columns[0][0] for first in (False, True)]
        assert days == [np.datetime64("2024-03-04"), np.datetime64("2024-04-03")]

    def test_a_class_with_one_row_is_said(self):
        raw = table(a=[str(i / 7) for i in range(6)], y=["no", "no", "yes", "yes", "rare", "no"])
        assert understand(raw).notes == [
            "the class 'rare' has one row alone: nothing can be held out to tell how well it is known"
        ]

    def test_several_targets(self):
        raw = table(a=[str(i / 7) for i in range(6)], b=["1.5", "2.5", "", "4", "5", "6"], c=["y", "n", "y"] * 2)
        found = understand(raw, "a,b")
        assert found.answers().shape == (5, 2)
        assert found.kept.tolist() == [0, 1, 3, 4, 5]
        assert found.sentence == "a: a number, 6 different values; b: a number, 5 different values"
        with pytest.raises(lw.DataError, match="several targets must all be numbers, or all have two classes"):
            understand(raw, ["a", "c"])
        raw = table(a=[str(i / 7) for i in range(6)], b=["no", "yes"] * 3, c=["y", "n", "y"] * 2)
        assert understand(raw, ["b", "c"]).answers().tolist() == [[0, 1], [1, 0], [0, 1], [1, 1], [0, 0], [1, 1]]

    def test_columns_of_other_types(self):
        raw = table(
            a=np.array([1.5, np.nan, np.inf, 4.0] * 3), b=[True, None, False] * 4, c=np.arange(12) % 5 > 2,
            d=np.arange("2024-01-01", "2024-01-13", dtype="M8[D]"), e=[None, 1, 2, 1] * 3,
        )  # fmt: skip
        raw.lines = None
        found = understand(raw)
        assert [c.kind.name for c in found.columns[:4]] == ["number", "yes/no", "yes/no", "date"]
        assert found.sentence.startswith("e: 2 classes, 1 (6), 2 (3)")
        assert "3 rows have no target 'e' and are left out: row 1, row 5, row 9" in found.notes
        assert (
            "column 'a': 3 cells are no numbers and taken as missing: row 3 'inf'; row 7 'inf'; row 11 'inf'"
            in found.notes
        )

    def test_many_categories_get_a_budget(self, rng):
        columns = {f"c{i}": [f"v{v}" for v in rng.integers(0, 40, 400)] for i in range(8)}
        found = understand(table(**columns, y=[str(v) for v in rng.normal(size=400)]))
        assert [c.kind.name for c in found.inputs].count("category") == 6
        assert "the categories together would have more than 256 inputs" in found.columns[1].reason

    def test_row_numbers_alone_are_learned_from(self):
        found = understand(table(x=[str(i) for i in range(20)], y=[str(2.5 * i) for i in range(20)]))
        assert [c.use for c in found.columns] == ["input", "target"]
        assert "column 'x': consecutive numbers, but there is no other column" in found.notes


class TestMarks:
    """What 2,904 is: a file is written in one manner, and what stays open is said."""

    def read(self, tmp_path, text, **options):
        (tmp_path / "a.csv").write_text(text, "utf-8-sig")
        found = understand(read_raw(tmp_path / "a.csv"), **options)
        return found, [note for note in found.notes if "say so: --decimal=" in note]

    def test_another_column_shows_that_commas_are_before_decimals(self, tmp_path):
        rows = "".join(f"{i % 9 + 1},{(i * 37) % 900 + 100};0,{(i * 53) % 900 + 100}\n" for i in range(60))
        found, notes = self.read(tmp_path, "Gewicht;L\u00e4nge\n" + rows)
        weights = found.features().columns[0]
        assert notes == []
        assert weights[:2].tolist() == [1.1, 2.137]
        assert found.answers()[:2].tolist() == [0.1, 0.153]

    def test_what_stays_open_is_said_and_can_be_said(self, tmp_path):
        rows = "".join(f"{i % 9 + 1},{(i * 37) % 900 + 100};{'xy'[i % 2]}\n" for i in range(60))
        found, notes = self.read(tmp_path, "kg;t\n" + rows)
        assert notes == [
            "column 'kg': the comma in 1,100 is taken for the decimal mark; if it separates thousands, say so: "
            "--decimal=."
        ]
        assert found.columns[0].kind.how == {"notation": ","}
        found, notes = self.read(tmp_path, "kg;t\n" + rows, decimal=".")
        assert (found.columns[0].kind.how, notes) == ({"notation": ".,"}, [])
        found, notes = self.read(tmp_path, "kg|t\n" + rows.replace(";", "|"))
        assert notes == [
            "column 'kg': the comma in 1,100 is taken to separate thousands; if it is the decimal mark, say so: "
            "--decimal=,"
        ]
        assert found.columns[0].kind.how == {"notation": ".,"}


class TestRelations:
    @pytest.fixture
    def columns(self, rng):
        n = 100
        a = rng.normal(size=n).round(3)
        t = np.where(a > 0, "yes", "no")
        return {"a": a.astype(str).tolist(), "b": rng.integers(0, 9, n).astype(str).tolist(), "t": t.tolist()}

    def test_the_same_twice(self, columns):
        sexes = ["f", "m"] * 50
        columns = {"a": columns["a"], "a2": columns["a"], "sex": sexes, "gender": ["F", "M"] * 50, **columns}
        found = understand(table(**columns), "t")
        assert {c.name: c.reason for c in found.columns if c.use == "left out"} == {
            "a2": "the same as column 'a'",
            "gender": "the same as column 'sex'",
        }
        assert understand(table(**columns), "t", kinds={"a2": "number"}).columns[1].use == "input"

    def test_the_target_in_another_form(self, columns):
        leak = ["1" if t == "yes" else "0" for t in columns["t"]]
        found = understand(table(leak=leak, **columns))
        assert (found.columns[0].use, found.columns[0].reason) == ("left out", "the target 't' in another form")
        assert "column 'leak' is left out: the target 't' in another form" in found.notes
        kept = understand(table(leak=leak, **columns), kinds={"leak": "number"})
        assert kept.columns[0].use == "input"

    def test_nearly_the_target(self, columns):
        leak = ["1" if t == "yes" else "0" for t in columns["t"]]
        leak[7] = "0" if leak[7] == "1" else "1"
        found = understand(table(leak=leak, **columns))
        assert found.columns[0].use == "input"
        assert "column 'leak' tells the target 't' almost alone" in " ".join(found.notes)
        rare = ["1" if i == 7 else "0" for i in range(100)]  # says no more than the majority does
        assert not understand(table(rare=rare, b=columns["b"], t=["yes"] * 99 + ["no"])).notes[:-1]

    def test_numbers(self, rng):
        y = rng.normal(size=50).round(4)
        raw = table(pounds=(2.2 * y).round(5).astype(str).tolist(), same=y.astype(str).tolist(),
                    other=rng.normal(size=50).astype(str).tolist(), kilos=y.astype(str).tolist())  # fmt: skip
        found = understand(raw)
        assert [c.use for c in found.columns] == ["input", "left out", "input", "target"]
        assert "column 'pounds' tells the target 'kilos' almost alone" in " ".join(found.notes)


class TestLaterTables:
    def test_by_the_same_rules(self, people):
        found = understand(people, "income")
        rules = Understanding.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
        assert rules.to_dict() == found.to_dict()
        X = rules.rows(people).take(found.kept)
        for one, other in zip(X.columns, found.features().columns):
            np.testing.assert_array_equal(one, other)
        again, y, kept = rules.labelled_rows(people)
        np.testing.assert_array_equal(y, found.answers())
        np.testing.assert_array_equal(kept, found.kept)
        assert again.shape == (58, 5)
        with pytest.raises(RuntimeError, match=r"the rules alone, without a table: call rows\(raw\)"):
            rules.features()

    def test_columns_are_found_by_name(self, people):
        rules = understand(people, "income")
        new = table(height=["1,5", "x"], extra=["?", "!"], born=["1.2.1990", ""], member=["YES", "maybe"],
                    city=["Paris", ""], age=["30", "NA"])  # fmt: skip
        X = rules.rows(new)
        assert X.names == ["age", "city", "born", "member", "height"]
        assert [column.tolist() for column in X.columns[:2]] == [
            [30, pytest.approx(np.nan, nan_ok=True)],
            ["Paris", None],
        ]
        assert X.columns[2][0] == np.datetime64("1990-02-01")
        assert X.columns[3].tolist() == ["Yes", "maybe"]
        assert X.columns[4][0] == 1.5
        assert new.notes == ["column 'height': 1 cell is no number and taken as missing: line 3 'x'"]

    def test_columns_that_are_missing_are_named_together(self, people):
        rules = understand(people, "income")
        with pytest.raises(
            lw.DataError, match=r"t.csv has no columns 'born', 'member', 'height', which the model needs"
        ):
            rules.rows(table(age=["1"], city=["x"]))
        with pytest.raises(lw.DataError, match=r"no column 'age', which the model needs; did you mean 'Age'"):
            rules.rows(table(Age=["1"], city=["x"], born=[""], member=[""], height=[""]))

    def test_targets_that_the_model_does_not_know(self):
        raw = table(a=[str(i / 7) for i in range(6)], y=["no", "yes"] * 3)
        rules = understand(raw)
        later = table(a=["1", "2", "3"], y=["NO", "maybe", ""])
        X, y, kept = rules.labelled_rows(later)
        assert (X.shape, y.tolist(), kept.tolist()) == ((1, 1), ["no"], [0])
        assert later.notes == [
            "column 'y': 1 cell is no known class and taken as missing: line 3 'maybe'",
            "2 rows have no target 'y' and are left out: line 3, line 4",
        ]
        with pytest.raises(lw.DataError, match=r"t.csv: no row has a value of the target 'y'"):
            rules.labelled_rows(table(a=["1"], y=[""]))

    @pytest.mark.parametrize(
        "damage",
        [
            lambda d: d.pop("columns"),
            lambda d: d["columns"][0].pop("kind"),
            lambda d: d["columns"][0].update(name=3),
            lambda d: d["columns"][0]["how"].clear(),
            lambda d: d["columns"][0].update(kind="picture"),
            lambda d: d["targets"][0].update(classes=None),
            lambda d: d.update(missing=3),
            lambda d: d.update(missing=[3]),
            lambda d: d.update(targets=[]),
            lambda d: d["columns"][0]["how"].update(notation="x"),
            lambda d: d["targets"][0]["how"].update(notation=[]),
            lambda d: d["targets"][0].update(kind="picture"),
            lambda d: d["targets"][0]["how"].update(spellings={"no": 3}),
        ],
    )
    def test_damaged(self, damage):
        description = understand(table(a=["1.5", "2", "4"], y=["1", "2.5", "3"])).to_dict()
        damage(description)
        with pytest.raises(lw.FormatError, match="not the description of an Understanding"):
            Understanding.from_dict(description)


class TestErrors:
    @pytest.mark.parametrize(
        ("columns", "options", "error", "words"),
        [
            ({"a": ["1"], "y": ["2"]}, {}, lw.DataError, r"t\.csv has 1 rows of data; at least 2"),
            ({"y": ["1", "2"]}, {}, lw.DataError, "nothing to learn 'y' from: it is the only column"),
            (
                {"a": ["x", "x"], "y": ["1", "2"]},
                {},
                lw.DataError,
                "nothing to learn 'y' from: column 'a' is left out: every",
            ),
            ({"a": ["1", "2"], "y": ["1", ""]}, {"target": "y"}, lw.DataError, "'y' is '1' in every row: one class"),
            (
                {"a": ["1", "2"], "y": ["1", "2"]},
                {"exclude": ["b"]},
                lw.UnknownNameError,
                "exclude: t.csv has no column 'b'",
            ),
            (
                {"a": ["1", "2"], "y": ["1", "2"]},
                {"kinds": {"b": "number"}},
                lw.UnknownNameError,
                "kinds: t.csv has no",
            ),
            ({"a": ["1", "2"], "y": ["1", "2"]}, {"kinds": {"a": "numbr"}}, lw.UnknownNameError, "no kind 'numbr'"),
            (
                {"a": ["x", "y"], "b": ["u", "v"], "y": ["1", "2"]},
                {"kinds": {"a": "number", "b": "date"}},
                lw.DataError,
                "t.csv: column 'a' cannot be one of numbers: .*; column 'b' cannot be one of dates",
            ),
        ],
    )
    def test_said_before_training(self, columns, options, error, words):
        with pytest.raises(error, match=words):
            understand(table(**columns), **options)

    def test_columns_by_themselves(self):
        columns = survey(table(a=["x", "x"], y=["1", ""]))
        assert [(c.kind.name, c.use) for c in columns] == [("constant", "left out"), ("number", "input")]


class TestFeatures:
    def test_rows(self):
        X = Features(["a", "b"], [np.array([1.0, np.nan, 3.0]), np.array(["x", None, "y"], object)])
        assert (len(X), X.shape, X.take(np.array([True, False, True])).columns[1].tolist()) == (3, (3, 2), ["x", "y"])
        with pytest.raises(lw.DataError, match="at least one column, all of one length"):
            Features(["a", "b"], [np.zeros(2), np.zeros(3)])

    def test_an_estimator_takes_them(self, people, tmp_path):
        pytest.importorskip("sklearn")
        found = understand(people, "member")
        X, y = found.features(), found.answers()
        clf = lw.MLPClassifier(preset="tabular", max_iter=2, random_state=0, **found.encoder_arguments()).fit(X, y)
        assert clf.encoder_.kinds == ["number", "category", "date", "number", "number"]
        assert clf.predict(found.rows(people)).shape == (60,)
        clf.save(tmp_path / "m")
        np.testing.assert_array_equal(lw.load(tmp_path / "m").predict_proba(X), clf.predict_proba(X))
        with pytest.raises(ValueError, match="features"):
            clf.predict(Features(X.names[:2], X.columns[:2]))
