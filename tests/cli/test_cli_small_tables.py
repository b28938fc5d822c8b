"""`layerwise train` on small tables with one habit of real ones each: trained, or refused and why."""

from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "fixtures" / "tables"
REFUSED = {
    "baskets.csv": "is no table: its rows have from 1 to 9 cells",
    "letter.txt": "is prose, not a table",
    "five_rows.csv": "has 5 rows with a target; at least 10 are needed",
    "two_rows.csv": "has 2 rows with a target; at least 10 are needed",
}
TO_PREDICT_ON = {
    "new.csv", "noheader_new.csv", "noted.csv", "predict_unknown_missing.csv", "template.csv", "onecol.csv",
    "nohead_first_new.csv",
}  # fmt: skip
NUMBERS = {
    "count_target.csv", "one_dash.csv", "outlier.csv", "price.csv", "price2.csv", "target_currency.csv",
    "target_empty.csv", "target_na.csv", "target_percent.csv", "target_thousands.csv",
    "far_counts.csv", "nohead_first.csv", "three_headers.csv", "year_header.csv",
}  # fmt: skip
TRAINED = sorted(path.name for path in FOLDER.iterdir() if path.name not in {*REFUSED, *TO_PREDICT_ON})


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", TRAINED)
def test_trained(run, name):
    report = run(
        "train", FOLDER / name, "-e", "3", "--ensemble", "1", "--no-plot", "--json", "-o", "m.safetensors"
    ).json()
    tested, rows = report["test"], report["rows"]
    assert ("r2" in tested) == (name in NUMBERS)
    assert np.isfinite(tested["loss"])
    assert tested["samples"] == rows["test"] > 0
    answers = run("predict", FOLDER / name, "-m", "m.safetensors", "--json").json()
    assert len(answers) == sum(rows.values()) + report["left_out"]
    evaluated = run("evaluate", "m.safetensors", FOLDER / name, "--json").json()
    assert evaluated["samples"] == sum(rows.values())


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(run, tmp_path, name):
    result = run("train", FOLDER / name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert REFUSED[name] in result.stderr
    assert list(tmp_path.iterdir()) == []
