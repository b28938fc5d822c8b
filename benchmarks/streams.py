"""Training on more data than memory holds: how much memory it takes, and how long an epoch is beside one from memory.

python benchmarks/streams.py memory [--gigabytes 10] [--kind map|parquet] [--folder DIR]
python benchmarks/streams.py speed [--works B C] [--rounds 3] [--folder DIR]

memory   writes rows of 784 bytes as a .npy file or as Parquet (one column of bytes), trains one epoch on them in a
         process of its own, and shows the most memory that it had resident beyond what it had before the fit; the file
         is removed. The window is the usual one of 256 MB, so the target is 256 + 300 MB.
speed    the works B and C on MNIST's rows, from memory and as streams with a window of 20,000 rows, in turns; the
         shortest epoch of each, and its ratio to that from memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import layerwise as lw

ROWS, GROUP, WINDOW = 50_000, 10_000, 20_000
WORKS = {"B": ([128], 32), "C": ([512, 512], 128)}


def rows():
    """MNIST's rows to train, once."""
    (X, y), _, _ = lw.datasets.load_mnist()
    return np.ascontiguousarray(X[:ROWS]), np.asarray(y[:ROWS])


def write(folder, kind, gigabytes):
    """Write the file; return what `fit` takes for X and y."""
    X, y = rows()
    times = max(1, round(gigabytes * 2**30 / X.nbytes))
    if kind == "map":
        path = folder / "X.npy"
        out = np.lib.format.open_memmap(path, "w+", X.dtype, (times * len(X), X.shape[1]))
        for i in range(times):
            out[i * len(X) : (i + 1) * len(X)] = np.roll(X, i, axis=0)
        out.flush()
        del out
        np.save(folder / "y.npy", np.concatenate([np.roll(y, i) for i in range(times)]).astype(np.uint8))
        return [str(path), str(folder / "y.npy")]
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("pixels", pa.binary(X.shape[1])), ("label", pa.uint8())])
    path = folder / "rows.parquet"
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for i in range(times):
            writer.write_table(as_table(np.roll(X, i, axis=0), np.roll(y, i), "bytes"), row_group_size=GROUP)
    return [str(path), "label"]


def as_table(X, y, kind):
    """Rows of bytes as a table of Arrow."""
    import pyarrow as pa

    if kind == "columns":
        columns = {f"p{j}": X[:, j] for j in range(X.shape[1])}
    elif kind == "list":
        columns = {"pixels": pa.FixedSizeListArray.from_arrays(pa.array(X.reshape(-1)), X.shape[1])}
    else:
        own = np.ascontiguousarray(X)
        buffers = [None, pa.py_buffer(own)]
        columns = {"pixels": pa.FixedSizeBinaryArray.from_buffers(pa.binary(X.shape[1]), len(own), buffers)}
    return pa.table({**columns, "label": np.asarray(y, np.uint8)})


def network(work):
    """The network of a work, and its batches."""
    hidden, batch_size = WORKS[work]
    layers = [layer for units in hidden for layer in (lw.Dense(units), lw.ReLU())]
    return lw.Network([*layers, lw.Dense(10), lw.Softmax()], random_state=0), batch_size


def resident(name):
    """What the process has resident now (VmRSS), or has had at most (VmHWM), in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no /proc/self/status here: the memory is measured on Linux")


def train(X, y):
    """Train an epoch, and print the memory."""
    import pyarrow.parquet  # noqa: F401  (is not what is measured)

    small = np.zeros((256, 784), np.uint8)
    small[:, 0] = 255
    network("B")[0].fit(small, np.arange(256) % 10, epochs=1, verbose=False)
    if X.endswith(".npy"):
        X, y = np.load(X, mmap_mode="r"), np.load(y, mmap_mode="r")
    Path("/proc/self/clear_refs").write_text("5")  # the most begins anew
    before = resident("VmRSS")
    net, batch_size = network("B")
    began = time.perf_counter()
    history = net.fit(X, y, epochs=1, batch_size=batch_size)
    most = resident("VmHWM")
    whole, epoch = time.perf_counter() - began, history["seconds"][0]
    print(f"{net.last_fit['rows']:,} rows; {whole:.1f} s, of which the epoch {epoch:.1f} s")
    print(f"resident: {before:.0f} MB before the fit, at most {most:.0f} MB in it: {most - before:.0f} MB more")


def memory(folder, gigabytes, kinds):
    """Write the data, train on them in another process, and remove them."""
    for kind in kinds:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            given = write(Path(own), kind, gigabytes)
            size = sum(path.stat().st_size for path in Path(own).iterdir())
            print(f"{kind}: {size / 2**30:.2f} GB", flush=True)
            subprocess.run([sys.executable, __file__, "train", *given], check=True)


def speed(folder, works, rounds):
    """Time epochs from memory and from files, in turns."""
    import pyarrow.parquet as pq

    X, y = rows()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        np.save(Path(own) / "X.npy", X)
        sources = {"memory": (X, y, None), "map": (np.load(Path(own) / "X.npy", mmap_mode="r"), y, WINDOW)}
        for kind in ("bytes", "list", "columns"):
            pq.write_table(as_table(X, y, kind), Path(own) / f"{kind}.parquet", row_group_size=GROUP)
            sources[f"Parquet, {kind}"] = (str(Path(own) / f"{kind}.parquet"), "label", WINDOW)
        for work in works:
            best = dict.fromkeys(sources, np.inf)
            for _ in range(rounds):
                for name, (X_, y_, window) in sources.items():
                    net, batch_size = network(work)
                    history = net.fit(X_, y_, epochs=3, batch_size=batch_size, window=window, verbose=False)
                    best[name] = min(best[name], *history["seconds"][1:])
            for name, seconds in best.items():
                print(f"{work} | {name} | {seconds:.3f} s | {seconds / best['memory']:.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "speed", "train"])
    parser.add_argument("data", nargs="*")
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--kind", nargs="*", default=["map", "parquet"])
    parser.add_argument("--works", nargs="*", default=["B", "C"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=os.environ.get("TMPDIR", tempfile.gettempdir()))
    asked = parser.parse_args()
    if asked.what == "train":
        train(*asked.data)
    elif asked.what == "memory":
        memory(asked.folder, asked.gigabytes, asked.kind)
    else:
        speed(asked.folder, asked.works, asked.rounds)
