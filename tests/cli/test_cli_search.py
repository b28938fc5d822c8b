"""`layerwise train FILE --search MINUTES`: what is tried, what is kept, and how it ends."""

import itertools
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

import layerwise as lw
from layerwise.app.cli import search, table_training
from layerwise.app.cli.search import candidates
from layerwise.training.loop import Training

WORDS = ("-e", "16", "--no-plot", "--ensemble", "1")


@pytest.fixture
def numbers(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{z:.3f},{x - z * x:.3f}" for x, z in rng.normal(size=(60, 2))]
    (tmp_path / "numbers.csv").write_text("\n".join(["x,z,price", *rows]))
    return tmp_path / "numbers.csv"


@pytest.fixture
def clock(monkeypatch):
    """A clock that an epoch of any training moves on by a second, and nothing else; the epochs are its list."""
    epochs, run_epoch = [], Training.run_epoch

    def counted(self):
        epochs.append(self.epoch)
        return run_epoch(self)

    time = SimpleNamespace(perf_counter=lambda: float(len(epochs)))
    monkeypatch.setattr(Training, "run_epoch", counted)
    monkeypatch.setattr(search, "time", time)
    monkeypatch.setattr(table_training, "time", time)
    return epochs


def test_what_is_tried_and_kept(run, numbers, clock):
    report = run("train", numbers, *WORDS, "--search", "9", "--json").json()
    found, tried = report["search"], report["search"]["tried"]
    assert tried[0]["settings"] == {}
    assert [trial["epochs"] for trial in tried] == [16] + [1] * 15 + [4] * 5 + [16] * 2
    assert len(clock) == 16 + 15 + 20 + 32
    settings = [str(trial["settings"]) for trial in tried]
    assert len(set(settings[:16])) == 16
    best = sorted(range(1, 16), key=lambda i: tried[i]["score"])[:5]
    assert settings[16:21] == [settings[i] for i in best]
    best = sorted(range(16, 21), key=lambda i: tried[i]["score"])[:2]
    assert settings[21:] == [settings[i] for i in best]
    winner = tried[found["winner"]]
    assert winner["score"] == min(trial["score"] for trial in tried)
    model = lw.load("numbers.safetensors")
    assert model.network_.notes["search"] == found
    for name, value in winner["settings"].items():
        kept = getattr(model, name)
        assert (list(kept) if name == "hidden_layer_sizes" else kept) == value
    assert report["epochs"] == model.max_iter == winner["epochs"]


def test_the_same_seed_finds_the_same(run, numbers, clock):
    scores = []
    for name in ("a", "b"):
        words = ("--search", "9", "--seed", "3", "--json", "-o", f"{name}.safetensors")
        report = run("train", numbers, *WORDS, *words).json()
        scores.append([trial["score"] for trial in report["search"]["tried"]])
    assert scores[0] == scores[1]
    networks = [lw.load(f"{name}.safetensors").network_ for name in ("a", "b")]
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)


@pytest.mark.parametrize("target", ["price", "kind"])
def test_scores_are_those_of_the_winner_on_the_rows_to_validate(run, numbers, target):
    """The model that is saved, and the settings trained in Python, have the score that is told."""
    lines = numbers.read_text().split()
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    kinds = ["yes" if row[2] > 0 else "no" for row in rows]
    numbers.write_text("\n".join([f"{lines[0]},kind", *map(",".join, zip(lines[1:], kinds, strict=True))]))
    other = {"price": "kind", "kind": "price"}[target]
    report = run("train", numbers, *WORDS, "--target", target, "--exclude", other, "--search", "9", "--json").json()
    model = lw.load("numbers.safetensors")
    X, y = np.array(rows)[:, :2], np.array(rows)[:, 2] if target == "price" else np.array(kinds)
    parts = table_training.split_rows(
        60, test=0.2, validation=0.2, seed=42, classes=None if target == "price" else y
    )  # fmt: skip
    held, winner = parts.validation, report["search"]["tried"][report["search"]["winner"]]
    frame = pytest.importorskip("pandas").DataFrame({"x": X[:, 0], "z": X[:, 1]})
    kind = lw.MLPRegressor if target == "price" else lw.MLPClassifier
    again = kind(preset="tabular", ensemble=1, random_state=0, max_iter=winner["epochs"], **winner["settings"])
    again.fit(frame.iloc[parts.train], y[parts.train], validation_data=(frame.iloc[held], y[held]))
    np.testing.assert_array_equal(again.network_.theta, model.network_.theta)
    if target == "price":
        score = root_mean_squared_error(y[held], again.predict(frame.iloc[held]))
    else:
        shares = again.predict_proba(frame.iloc[held]).astype(float)
        score = log_loss(y[held], shares / shares.sum(axis=1, keepdims=True))
    assert winner["score"] == pytest.approx(score, rel=1e-5)


@pytest.mark.parametrize(("minutes", "epochs"), [(0.1, 16), (16 / 60, 16), (0.5, 31), (1, 61)])
def test_the_time_is_kept_to_within_an_epoch(run, numbers, clock, minutes, epochs):
    result = run("train", numbers, *WORDS, "-q", "--search", minutes)
    assert result.exit_code == 0
    assert len(clock) <= epochs
    model = lw.load("numbers.safetensors")
    found = model.network_.notes["search"]
    assert found["tried"][0]["epochs"] == 16
    assert found["tried"][found["winner"]]["outcome"] == "whole"
    assert all(trial["outcome"] == "whole" for trial in found["tried"][:-1])
    if minutes * 60 <= 16:
        assert "nothing else was tried" in result.stderr
        assert model.get_params()["hidden_layer_sizes"] == "auto"
    else:
        assert len(found["tried"]) > 1


def test_a_table_of_what_was_tried(run, numbers, undrawn):
    result = run("train", numbers, *WORDS, "--search", "9")
    lines = result.stdout.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("search: 23 trainings in "))
    assert "(9 minutes given), compared by the root mean squared error of 10 rows to validate" in lines[start]
    table = lines[start + 2 : start + 18]
    assert table[0].startswith("*")
    assert sum(line.endswith("  the preset's own") for line in table) == 1
    assert lines[start + 18] == ""
    assert "10 rows to validate are few to choose by" in result.stderr
    run("report", "numbers.safetensors", "--data", numbers)
    with open("numbers.html", encoding="utf-8") as file:
        page = file.read()
    assert "23 trainings in" in page
    assert "compared by the root mean squared error of 10 rows to validate" in page
    assert page.count(" (this model)</td>") == 1
    assert sum(line.startswith("search ") for line in lines) == 23


def test_ctrl_c_keeps_the_best_so_far(run, numbers, monkeypatch, ctrl_c):
    run_epoch, count = Training.run_epoch, itertools.count(1)

    def pressed(self):
        if next(count) == 16 + 15 + 6:
            signal.raise_signal(signal.SIGINT)
        return run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", pressed)
    result = run("train", numbers, *WORDS, "--search", "9")
    assert result.exit_code == 130
    assert "interrupted in the search: the best weights so far are kept in numbers.safetensors" in result.stderr
    found = lw.load("numbers.safetensors").network_.notes["search"]
    assert [trial["outcome"] for trial in found["tried"]] == ["whole"] * 17 + ["interrupted"]
    assert found["winner"] == int(np.argmin([trial["score"] for trial in found["tried"][:17]]))


def test_a_second_ctrl_c_saves_the_best_so_far(run, numbers, monkeypatch, ctrl_c):
    run_epoch, count = Training.run_epoch, itertools.count(1)

    def pressed(self):
        if next(count) == 20:
            raise KeyboardInterrupt
        return run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", pressed)
    result = run("train", numbers, *WORDS, "-q", "--search", "9")
    assert (result.exit_code, result.stderr) == (130, "interrupted: the model is saved in numbers.safetensors\n")
    assert len(lw.load("numbers.safetensors").network_.notes["search"]["tried"]) == 4


def test_candidates_that_diverge_are_left_behind(run, numbers, monkeypatch):
    run_epoch = Training.run_epoch

    def spoiled(self):
        if self.epochs < 16 and len(self.network.layers) < 9:
            self.parameters.theta[:] = np.nan
        return run_epoch(self)

    monkeypatch.setattr(Training, "run_epoch", spoiled)
    tried = run("train", numbers, *WORDS, "--search", "9", "--json").json()["search"]["tried"]
    outcomes = {trial["outcome"] for trial in tried[:16]}
    assert outcomes == {"whole", "diverged"}
    assert all(trial["score"] is None for trial in tried if trial["outcome"] == "diverged")
    assert all(trial["outcome"] == "whole" for trial in tried[16:])


def test_candidates_differ_from_the_preset_and_from_each_other():
    own = lw.MLPClassifier(preset="tabular")._settings(False)
    found = candidates(0, own, 1000, 60)
    assert candidates(0, own, 1000, 60) == found
    assert candidates(1, own, 1000, 60) != found
    assert len({str(sorted(each.items())) for each in found}) == 60
    for each in found:
        assert each
        assert all(getattr(own, name) != value for name, value in each.items())
        lw.MLPClassifier(preset="tabular", **each)._validate_params()
    assert not any("batch_size" in each and each["batch_size"] >= 50 for each in candidates(0, own, 50, 60))
    assert not any(
        "label_smoothing" in each for each in candidates(0, lw.MLPRegressor(preset="tabular")._settings(False), 50, 60)
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--search 0", 2, "a number above 0; got 0"),
        ("--search -2", 2, "a number above 0; got -2"),
        ("--search nan", 2, "a number above 0; got nan"),
        ("--search inf", 2, "a number above 0; got inf"),
        ("--search soon", 2, "unable to parse string as a number"),
        ("--search 1 --cv 3", 2, "not together with --cv"),
        ("--search 1 --watch", 2, "not together with --watch"),
        ("--search 1 --layers 8", 2, "not together with options of the network"),
        ("--search 1 --validation 0", 1, "there are none: see --validation"),
    ],
)
def test_searches_that_cannot_be(run, tmp_path, numbers, words, code, message):
    result = run("train", numbers, *words.split(), "--no-plot")
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.csv"]
