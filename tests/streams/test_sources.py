"""Parquet, memory maps and Polars as streams; Zarr, Dask, PyTorch and Keras are in test_heavy.py."""

import numpy as np
import pytest

import layerwise as lw

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pl = pytest.importorskip("polars")

N = 503
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
NAMES = ["a", "b", "c", "d"]
PIXELS = np.random.default_rng(1).integers(0, 256, (N, 16)).astype(np.uint8)


def table(X=X, **columns):
    return pa.table({**{name: X[:, j] for j, name in enumerate(NAMES)}, **columns})


@pytest.fixture
def folder(tmp_path):
    for i, start in enumerate((0, 200, 400)):
        part = slice(start, start + 200)
        pq.write_table(table(X[part], y=Y[part]), tmp_path / f"part-{i}.parquet", row_group_size=50)
    return tmp_path


def fitted(X, y=None, **more):
    net = lw.Network([lw.Dense(6), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=2, batch_size=16, verbose=False, **more)
    return net


def blocks(*arrays, size=50):
    """The row groups of `folder`, as a list."""
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


def sources(folder):
    import pyarrow.dataset as ds

    return {
        "a folder": folder,
        "a pattern": str(folder / "part-*.parquet"),
        "a data set": ds.dataset(folder),
    }


@pytest.mark.parametrize("kind", ["a folder", "a pattern", "a data set"])
def test_parquet(folder, kind):
    source = sources(folder)[kind]
    whole = fitted(source, "y")
    assert (whole.theta == fitted(X, Y).theta).all()
    assert [column["name"] for column in whole.columns] == NAMES
    stream = fitted(source, "y", window=100)
    assert (stream.theta == fitted(blocks(X, Y), window=100).theta).all()
    assert stream.evaluate(source, "y")["loss"] == pytest.approx(stream.evaluate(X, Y)["loss"], rel=1e-6)
    assert (stream.predict(source) == stream.predict(X)).all()


def test_parquet_by_any_names_of_the_target(folder, tmp_path):
    pq.write_table(table(y=Y, z=X[:, 1] * 2), tmp_path / "two.parquet")
    net = lw.Network([lw.Dense(2)], random_state=0)
    net.fit(tmp_path / "two.parquet", ["y", "z"], epochs=1, window=100, verbose=False)
    assert net.task.columns == ("y", "z")
    text = np.array(["no", "yes"])[Y]
    pq.write_table(table(answer=text), tmp_path / "text.parquet", row_group_size=100)
    pq.write_table(table(answer=pa.array(text).dictionary_encode()), tmp_path / "coded.parquet", row_group_size=100)
    for name in ("text", "coded"):
        net = fitted(tmp_path / f"{name}.parquet", "answer", window=100)
        assert net.task.classes.tolist() == ["no", "yes"]


@pytest.mark.parametrize("kind", ["list", "bytes", "columns"])
def test_pixels(tmp_path, kind):
    path = tmp_path / "pixels.parquet"
    if kind == "list":
        columns = {"p": pa.FixedSizeListArray.from_arrays(pa.array(PIXELS.reshape(-1)), 16)}
    elif kind == "bytes":
        columns = {"p": pa.array([row.tobytes() for row in PIXELS], pa.binary(16))}
    else:
        columns = {f"p[{j}]": PIXELS[:, j] for j in range(16)}
    pq.write_table(pa.table({**columns, "y": Y}), path, row_group_size=50)
    net = fitted(path, "y", window=100)
    assert (net.theta == fitted(blocks(PIXELS, Y), window=100).theta).all()
    assert [column["name"] for column in net.columns] == [f"p[{j}]" for j in range(16)]
    assert repr(net.scaling) == repr(fitted(PIXELS, Y).scaling)
    assert (net.predict(path) == net.predict(PIXELS)).all()


def test_columns_of_several_types(tmp_path):
    mixed = pa.table({"a": X[:, 0], "b": np.arange(N), "c": X[:, 2] > 0, "y": Y})
    pq.write_table(mixed, tmp_path / "mixed.parquet", row_group_size=100)
    as_array = np.column_stack([X[:, 0], np.arange(N), X[:, 2] > 0])
    assert (fitted(tmp_path / "mixed.parquet", "y").theta == fitted(as_array, Y).theta).all()


def hive(folder, keys, name="year"):
    """Write Y's rows in folders of their key, 100 rows in each row group."""
    order = np.argsort(keys, kind="stable")
    for key in np.unique(keys):
        part = order[keys[order] == key]
        path = folder / f"{name}={key}"
        path.mkdir(parents=True, exist_ok=True)
        pq.write_table(table(X[part], y=Y[part]), path / "part.parquet", row_group_size=100)
    return order


def test_names_of_folders_are_columns(tmp_path):
    import pyarrow.dataset as ds

    years = np.arange(N) % 3 + 2020
    order = hive(tmp_path / "data", years)
    whole = ds.dataset(tmp_path / "data", partitioning="hive").to_table().drop_columns("y")
    expected = np.column_stack([whole[name].to_numpy() for name in whole.column_names])
    assert (expected == np.column_stack([X, years])[order]).all()
    given = {
        "a folder": tmp_path / "data",
        "a pattern": str(tmp_path / "data" / "year=*" / "*.parquet"),
        "a pattern of folders": str(tmp_path / "data" / "year=*"),
        "a data set": ds.dataset(tmp_path / "data", partitioning="hive"),
    }
    for source in given.values():
        net = fitted(source, "y")
        assert [column["name"] for column in net.columns] == [*NAMES, "year"]
        assert (net.theta == fitted(expected, Y[order]).theta).all()
        assert (
            fitted(source, "y", window=200).predict(source) == fitted(source, "y", window=200).predict(expected)
        ).all()
    one = fitted(tmp_path / "data" / "year=2020", "y")
    assert [column["name"] for column in one.columns] == NAMES  # only what lies below the folder that is given


def test_texts_of_folders_are_labels(tmp_path):
    kinds = np.array(["no", "a b"])[Y]
    order = hive(tmp_path, np.char.replace(kinds, " ", "%20"), "kind")
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(tmp_path, "kind", epochs=1, verbose=False)
    assert net.task.classes.tolist() == ["a b", "no"]
    assert net.evaluate(tmp_path, "kind") == net.evaluate(np.column_stack([X, Y])[order], kinds[order])
    with pytest.raises(lw.DataError, match=r"column 'kind' must hold numbers; its type is string: leave it out"):
        fitted(tmp_path, "y")
    (tmp_path / "kind=no").rename(tmp_path / "kind=__HIVE_DEFAULT_PARTITION__")
    with pytest.raises(lw.DataError, match=r"__/part.parquet, row group 0: the target 'kind', row 0 has no value"):
        net.fit(tmp_path, "kind", epochs=1, verbose=False)
    (tmp_path / "kind=__HIVE_DEFAULT_PARTITION__").rename(tmp_path / "other")
    with pytest.raises(lw.DataError, match=r"part.parquet has no column 'kind'"):
        net.fit(tmp_path, "kind", epochs=1, verbose=False)


def test_a_data_set_decides_on_columns_types_and_row_groups(folder):
    import pyarrow.dataset as ds

    chosen = pa.schema([("b", pa.float64()), ("a", pa.float32()), ("y", pa.int16())])
    net = fitted(ds.dataset(folder, schema=chosen), "y", window=100)
    assert [column["name"] for column in net.columns] == ["b", "a"]
    expected = np.column_stack([X[:, 1].astype(float), X[:, 0]])
    assert (net.theta == fitted(blocks(expected, Y), window=100).theta).all()
    fragments = list(ds.dataset(folder).get_fragments())
    some = ds.FileSystemDataset([fragments[0].subset(row_group_ids=[1, 3])], fragments[0].physical_schema,
                                fragments[0].format, fragments[0].filesystem)  # fmt: skip
    rows = np.r_[50:100, 150:200]
    assert (fitted(some, "y").theta == fitted(X[rows], Y[rows]).theta).all()
    with pytest.raises(lw.DataError, match=r"part-0.parquet has no column 'z', which the Dataset's schema has"):
        fitted(ds.dataset(folder, schema=pa.schema([*chosen, ("z", pa.int8())])), "y")
    with pytest.raises(lw.DataError, match=r"cannot be read by its row groups: .* a function that yields \(X, y\)"):
        fitted(ds.dataset(folder).filter(ds.field("a") > 0), "y")
    with pytest.raises(lw.DataError, match="the Dataset is of rows in memory, and only Parquet"):
        fitted(ds.dataset(table(y=Y)), "y")


def test_a_target_is_named_once(folder):
    for source in (folder, pl.scan_parquet(folder / "*.parquet")):
        with pytest.raises(lw.DataError, match="fit: y names the column 'y' twice"):
            fitted(source, ["y", "y"])


def damage(path):
    data = bytearray(path.read_bytes())
    place = pq.ParquetFile(path).metadata.row_group(2).column(1).data_page_offset
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(bytes(data))


def test_faults_of_parquet_name_file_row_group_and_column(folder):
    first = folder / "part-0.parquet"
    cases = {
        "has no column 'target', which y names; known: a, b": {"y": "target"},
        "must be the name of the column": {"y": Y},
    }
    for words, more in cases.items():
        with pytest.raises(lw.LayerwiseError, match=words):
            fitted(folder, **more)
    with pytest.raises(lw.DataError, match=r"there is no such file, folder or pattern"):
        fitted(str(folder / "other-*.parquet"), "y")
    (folder / "empty").mkdir()
    with pytest.raises(lw.DataError, match=r"the folder has no .parquet files"):
        fitted(folder / "empty", "y")
    lacking = pa.table({"a": X[:, 0], "c": X[:, 2], "d": X[:, 3], "y": Y})
    pq.write_table(lacking, folder / "part-9.parquet")
    with pytest.raises(lw.DataError, match=r"part-9.parquet has no column 'b', which .*part-0.parquet has"):
        fitted(folder, "y")
    pq.write_table(table(X.astype(float), y=Y), folder / "part-9.parquet")
    with pytest.raises(lw.ShapeError, match=r"part-9.parquet: column 'a' is of type double, and float in .*part-0"):
        fitted(folder, "y")
    (folder / "part-9.parquet").write_bytes(first.read_bytes()[:-30])
    with pytest.raises(lw.DataError, match=r"part-9.parquet cannot be read as Parquet"):
        fitted(folder, "y")
    (folder / "part-9.parquet").unlink()
    damage(first)
    with pytest.raises(lw.DataError, match=r"part-0.parquet, row group 2"):
        fitted(folder, "y")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array(["x"] * N), r"column 'a' must hold numbers; its type is string: .*TableEncoder"),
        (pa.array([[1.0]] * N), r"column 'a' must hold numbers; .* its lists may be of any length"),
        (pa.array([None if i == 77 else 1.0 for i in range(N)]), "row group 0: column 'a', row 77 has no value"),
        (pa.array([np.nan if i == 77 else 1.0 for i in range(N)]), r"row group 0: X: row 77, column 0 \(a\) is nan"),
    ],
)
def test_columns_that_are_no_numbers(tmp_path, column, words):
    pq.write_table(pa.table({"a": column, "y": Y}), tmp_path / "odd.parquet")
    for window in (None, 50):
        with pytest.raises(lw.DataError, match=words):
            fitted(tmp_path / "odd.parquet", "y", window=window)


def test_a_path_is_parquet(tmp_path):
    np.save(tmp_path / "X.npy", X)
    with pytest.raises(lw.DataError, match=r"X.npy is not a Parquet file: give np.load"):
        fitted(tmp_path / "X.npy", Y[:0])
    with pytest.raises(lw.DataError, match=r"X.npy is not a Parquet file: give np.load"):
        fitted(tmp_path / "X.npy", "y")


def test_a_list_of_paths_is_told_what_to_give(folder):
    paths = sorted(folder.glob("*.parquet"))
    for given in (paths, tuple(map(str, paths))):
        with pytest.raises(lw.DataError, match=r"fit: got a (list|tuple) of paths; give the folder or a pattern"):
            fitted(given, "y")


@pytest.mark.parametrize(
    "kind",
    ["a memory map", *(pytest.param(kind, marks=pytest.mark.heavy) for kind in ("a Zarr array", "a Dask array"))],
)
@pytest.mark.parametrize(("y", "words"), [("y", "the text 'y'"), (None, "None")])
def test_what_is_no_target_beside_an_array(tmp_path, kind, y, words):
    if kind == "a memory map":
        np.save(tmp_path / "X.npy", X)
        given = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif kind == "a Zarr array":
        given = pytest.importorskip("zarr").array(X, chunks=(50, 4))
    else:
        given = pytest.importorskip("dask.array").from_array(X, chunks=(50, 4))
    with pytest.raises(lw.DataError, match=f"fit: X is {kind}, so y must be an array of as many rows; got {words}"):
        fitted(given, y, window=100)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_memory_maps(tmp_path, dtype):
    data = X if dtype == "float32" else PIXELS
    np.save(tmp_path / "X.npy", data)
    np.save(tmp_path / "y.npy", Y)
    mapped, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("X", "y"))
    weights = np.random.default_rng(2).uniform(size=N)
    assert (fitted(mapped, y).theta == fitted(data, Y).theta).all()
    for window in (64, 300):
        stream = fitted(mapped, y, window=window)
        again = fitted(mapped, Y.tolist(), window=window, n_threads=1)
        assert (stream.theta == again.theta).all()
        assert stream.last_fit["rows"] == N
        fitted(mapped, y, window=window, sample_weight=weights, validation_data=(mapped, y, weights))
    np.testing.assert_allclose(stream.evaluate(mapped, y)["loss"], stream.evaluate(data, Y)["loss"], rtol=1e-6)
    with pytest.raises(lw.ShapeError, match="X has 503 rows and y 502"):
        fitted(mapped, y[:-1], window=64)


def test_a_map_is_read_in_runs_that_a_window_mixes(tmp_path):
    from layerwise.data.streams.opening import as_source

    wide = np.lib.format.open_memmap(tmp_path / "wide.npy", "w+", np.float32, (5000, 100))
    wide[:] = np.arange(5000)[:, None]
    source = as_source(wide, np.arange(5000), window=1000)
    assert sum(source.sizes) == 5000
    assert max(source.sizes) * wide[0].nbytes <= 2**19
    pieces = list(source.pieces([2, 0]))
    assert [piece.label for piece in pieces] == ["rows 2620 to 3929", "rows 0 to 1309"]
    assert (pieces[0].X[:, 0] == pieces[0].y).all()


def test_polars_lazy_frames(folder):
    lazy = pl.scan_parquet(folder / "*.parquet")
    assert (fitted(lazy, "y").theta == fitted(X, Y).theta).all()
    stream = fitted(lazy, "y", window=100)
    assert [column["name"] for column in stream.columns] == NAMES
    assert (stream.predict(lazy) == stream.predict(X)).all()
    with pytest.raises(lw.UnknownNameError, match="the LazyFrame has no column 'z'"):
        fitted(lazy, "z")
    with pytest.raises(lw.DataError, match=r"column 'a'.*is missing"):
        fitted(lazy.with_columns(a=pl.when(pl.col("b") > 0).then(pl.col("a"))), "y", window=100)


def test_validation_from_parquet(folder):
    net = fitted(folder, "y", window=100, validation_data=(folder, "y"))
    whole = fitted(folder, "y", window=100, validation_data=(X, Y))
    np.testing.assert_allclose(net.history["val_loss"], whole.history["val_loss"], rtol=1e-6)
    with pytest.raises(lw.DataError, match="column names should match"):
        fitted(folder, "y", window=100, validation_data=(pl.DataFrame(X, schema=["d", "c", "b", "a"]), Y))
