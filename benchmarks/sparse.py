"""Sparse rows: scikit-learn's MLPClassifier and layerwise's, with the same arguments, at several densities.

python benchmarks/sparse.py [--write]

Each cell is a process of its own, so that its peak memory is its own; both libraries take turns, and the least of the
times counts.
"""

import json
import re
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "benchmarks.md"
SHAPES = [(1_000, 200_000, 20), (1_000, 200_000, 100), (20_000, 10_000, 20), (20_000, 10_000, 100)]
DENSITIES = [0.0001, 0.001, 0.01, 0.03, 0.1]
EPOCHS, ROUNDS = 3, 2
PART = 2**18  # entries drawn together


def drawn(n, n_in, density):
    """A CSR matrix with as many entries in each row, and classes. Part by part: the peak is to be that of the work."""
    from scipy.sparse import csr_matrix

    rng, count = np.random.default_rng(0), max(1, round(n_in * density))
    width, rows = n_in // count, max(1, PART // count)
    values, columns = rng.random(n * count), np.empty((n, count), np.int32)
    for start in range(0, n, rows):
        part = columns[start : start + rows]
        part[:] = rng.integers(0, width, part.shape, np.int32)
        part += np.arange(count, dtype=np.int32) * np.int32(width)
    X = csr_matrix((values, columns.ravel(), np.arange(0, n * count + 1, count, np.int32)), shape=(n, n_in))
    return X, rng.integers(0, 5, n)


def measure(library, n, n_in, units, density):
    """Seconds of fit and predict, and the greatest memory of the process in MB."""
    if library == "scikit-learn":
        from sklearn.neural_network import MLPClassifier
    else:
        from layerwise import MLPClassifier
    warnings.simplefilter("ignore")
    X, y = drawn(n, n_in, density)
    begin = time.perf_counter()
    clf = MLPClassifier((units,), max_iter=EPOCHS, random_state=0).fit(X, y)
    middle = time.perf_counter()
    clf.predict(X)
    end = time.perf_counter()
    scale = 1024 if sys.platform != "darwin" else 1024**2
    return middle - begin, end - middle, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def cell(*arguments):
    """The same in a new process."""
    call = [sys.executable, __file__, "--cell", json.dumps(arguments)]
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def main(shapes=SHAPES, densities=DENSITIES, rounds=ROUNDS):
    """The table, as text."""
    lines = [
        "| rows × columns, units | density | fit, s: layerwise | scikit-learn | predict, ms: layerwise | scikit-learn "
        "| peak, MB: layerwise | scikit-learn |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for n, n_in, units in shapes:
        for density in densities:
            found = {"layerwise": [], "scikit-learn": []}
            for _ in range(rounds):
                for library, runs in found.items():
                    runs.append(cell(library, n, n_in, units, density))
            (fit, predict, peak), (their_fit, their_predict, their_peak) = (np.min(r, axis=0) for r in found.values())
            lines.append(
                f"| {n:,} × {n_in:,}, {units} | {density:.2%} | {fit:.2f} | {their_fit:.2f} | {predict * 1e3:.1f} | "
                f"{their_predict * 1e3:.1f} | {peak:,.0f} | {their_peak:,.0f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cell"]:
        print(json.dumps(measure(*json.loads(sys.argv[2]))))
        sys.exit()
    table = main()
    print(table)
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        pattern = r"(<!-- sparse -->\n).*?(\n<!-- /sparse -->)"
        PAGE.write_text(re.sub(pattern, lambda m: m[1] + table + m[2], text, flags=re.S), encoding="utf-8")
