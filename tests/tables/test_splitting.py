"""Which rows of a table are held out: by chance with all classes, by time, by groups."""

from itertools import pairwise

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.splitting import split_folds, split_rows


def whole(parts, n):
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(n))
    return parts


def test_by_chance():
    parts = whole(split_rows(100, test=0.2, validation=0.25, seed=0), 100)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (60, 20, 20)
    assert split_rows(100, test=0.2, validation=0.25, seed=0).test.tolist() == parts.test.tolist()
    assert split_rows(100, test=0.2, validation=0.25, seed=1).test.tolist() != parts.test.tolist()
    assert len(split_rows(100, test=0.2, validation=0, seed=0).validation) == 0


def test_each_class_has_its_share():
    classes = np.array(["a"] * 80 + ["b"] * 15 + ["c"] * 4 + ["d"])
    parts = whole(split_rows(100, test=0.2, validation=0.25, seed=0, classes=classes), 100)
    counts = [[int((classes[rows] == c).sum()) for c in "abcd"] for rows in (parts.train, parts.validation, parts.test)]
    assert counts == [[48, 9, 2, 1], [16, 3, 1, 0], [16, 3, 1, 0]]


@pytest.mark.parametrize("times", [np.arange(20.0), np.datetime64("2024-01-01", "us") + np.arange(20)])
def test_by_time_the_newest_rows_test(times):
    order = np.random.default_rng(0).permutation(20)
    moments = times[order].copy()
    moments[3] = np.nan if moments.dtype.kind == "f" else np.datetime64("NaT")
    parts = whole(split_rows(20, test=0.2, validation=0.25, seed=0, times=moments), 20)
    assert 3 in parts.train
    early = moments[parts.train[parts.train != 3]]
    assert early.max() < moments[parts.validation].min()
    assert moments[parts.validation].max() < moments[parts.test].min()


def test_no_group_is_in_two_parts():
    groups = np.array([f"g{i % 11}" for i in range(60)])
    parts = whole(split_rows(60, test=0.2, validation=0.2, seed=0, groups=groups), 60)
    found = [set(groups[rows].tolist()) for rows in (parts.train, parts.validation, parts.test)]
    assert all(found)
    assert sum(map(len, found)) == 11


def test_what_cannot_be_split():
    with pytest.raises(lw.DataError, match=r"--test 0\.01 of 20 rows would hold out 0"):
        split_rows(20, test=0.01, validation=0.2, seed=0)
    with pytest.raises(lw.DataError, match=r"--validation 0\.99 of 16 rows"):
        split_rows(20, test=0.2, validation=0.99, seed=0)
    with pytest.raises(lw.DataError, match="--test takes whole groups, but there is only 1"):
        split_rows(20, test=0.2, validation=0.2, seed=0, groups=np.zeros(20))


def folds_of(n, folds, **by):
    found = split_folds(n, folds, validation=0.25, seed=0, **by)
    for parts in found:
        together = np.concatenate([parts.train, parts.validation, parts.test])
        assert len(set(together.tolist())) == len(together)
    return found


def test_each_row_tests_in_one_fold():
    classes = np.array(["a"] * 50 + ["b"] * 9 + ["c"] * 4)
    for by in ({}, {"classes": classes}, {"groups": np.arange(63) // 4}):
        found = folds_of(63, 4, **by)
        assert sorted(np.concatenate([parts.test for parts in found]).tolist()) == list(range(63))
        assert {len(parts.test) for parts in found} == {15, 16}
    for parts in folds_of(63, 4, classes=classes):
        counts = [int((classes[parts.test] == name).sum()) for name in "abc"]
        assert counts[0] in (12, 13)
        assert counts[1] in (2, 3)
        assert counts[2] == 1


def test_no_group_is_on_both_sides_of_a_fold():
    groups = np.array([f"g{i % 11}" for i in range(60)])
    for parts in folds_of(60, 5, groups=groups):
        found = [set(groups[rows].tolist()) for rows in (parts.train, parts.validation, parts.test)]
        assert all(found)
        assert sum(map(len, found)) == 11


@pytest.mark.parametrize("times", [np.arange(40.0) // 3, np.datetime64("2024-01-01", "us") + np.arange(40) // 3])
def test_each_fold_is_tested_on_what_comes_after(times):
    moments = times[np.random.default_rng(0).permutation(40)]
    found = folds_of(40, 4, times=moments)
    for parts in found:
        assert max(moments[parts.train].max(), moments[parts.validation].max()) < moments[parts.test].min()
    for before, after in pairwise(found):
        known = set(before.train.tolist()) | set(before.validation.tolist()) | set(before.test.tolist())
        assert known == set(after.train.tolist()) | set(after.validation.tolist())


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ({}, "--cv 7: there are only 6 rows"),
        ({"classes": np.array(list("aaaabb"))}, "tests rows of each class, and 'b' has only 2"),
        ({"groups": np.array(list("aaabbb"))}, "whole groups are tested together, and there are only 2"),
        ({"times": np.zeros(6)}, "the 6 rows with 1 different times do not give"),
        ({"times": np.full(6, np.nan)}, "the 6 rows with 1 different times do not give"),
    ],
)
def test_folds_that_there_are_not(by, message):
    with pytest.raises(lw.DataError, match=message):
        split_folds(6, 7 if not by else 3, validation=0.25, seed=0, **by)
