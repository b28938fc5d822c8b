"""Measure the page's engine beside Python's baseline: sizes, and an epoch's time as a ratio, on an idle machine.

$ python benchmarks/play.py      needs the built page (tools/build_page.py), Chromium and Playwright
"""

import contextlib
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

SITE = Path(__file__).parent.parent / "src/layerwise/app/play/site"
WORK = {
    "784-30-10, SGD, batch 10": (30, 10, {"type": "SGD", "learning_rate": 0.5}),
    "784-128-10, Adam, batch 32": (128, 32, {"type": "Adam"}),
}
ROWS = 20_000
TRAIN = """
async ([units, batch, optimizer, rows]) => {
  const lw = await import("./assets/layerwise.js");
  const engine = await lw.connect();
  const X = new Uint8Array(rows * 784), labels = new Int32Array(rows);
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647);
  for (let i = 0; i < rows; i++) {
    labels[i] = next() % 10;
    for (let k = 0; k < 150; k++) X[784 * i + ((next() % 500) + 20 * labels[i])] = next() % 256;
  }
  const layers = [{ type: "Dense", units }, { type: "Sigmoid" }, { type: "Dense", units: 10 }, { type: "Softmax" }];
  const training = { layers, random_state: 0, scaling: null, loss: { type: "CategoricalCrossEntropy" }, optimizer,
    penalties: [], schedule: null, epochs: 3, batch_size: batch, shuffle: true, clip_norm: null };
  const data = { X, n: rows, n_in: 784, task: "classification", labels, classes: [...Array(10).keys()] };
  const session = await engine.create(training, data);
  await session.run({ epochs: 1 });
  const { rows: ended, current } = await session.run({ epochs: 2 });
  session.close();
  return [...ended, current].at(-1).seconds;
}
"""
REGIONS = """
async () => {
  const lw = await import("./assets/layerwise.js");
  const engine = await lw.connect();
  const n = 128 * 128, X = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i));
  const layers = [{ type: "Dense", units: 64 }, { type: "ReLU" }, { type: "Dense", units: 3 }, { type: "Softmax" }];
  const training = { layers, random_state: 0, scaling: null, loss: { type: "CategoricalCrossEntropy" },
    optimizer: { type: "Adam" }, penalties: [], schedule: null, epochs: 1, batch_size: 32, shuffle: true,
    clip_norm: null };
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  const session = await engine.create(training, { X, n, n_in: 2, task: "classification", labels, classes: [0, 1, 2] });
  const times = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    await session.outputs({ X, n, n_in: 2 });
    times.push(performance.now() - began);
  }
  session.close();
  return times.sort((a, b) => a - b)[10];
}
"""


def in_python():
    """The seconds of an epoch in this process, on data like the page's."""
    import numpy as np

    import layerwise as lw

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, ROWS)
    X = np.zeros((ROWS, 784), np.uint8)
    places = rng.integers(0, 500, (ROWS, 150)) + 20 * labels[:, None]
    np.put_along_axis(X, places, rng.integers(0, 256, places.shape).astype(np.uint8), axis=1)
    found = {}
    for name, (units, batch, optimizer) in WORK.items():
        net = lw.Network([lw.Dense(units), lw.Sigmoid(), lw.Dense(10), lw.Softmax()], random_state=0)
        settings = {key: value for key, value in optimizer.items() if key != "type"}
        own = getattr(lw, optimizer["type"])(**settings)
        for _ in range(3):
            began = time.process_time()
            net.fit(X, labels, optimizer=own, epochs=1, batch_size=batch, n_threads=1, engine="native", verbose=False)
            found[name] = min(found.get(name, 1e9), time.process_time() - began)
    return found


@contextlib.contextmanager
def serving(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def main():
    wasm = (SITE / "engine.wasm").read_bytes()
    print(f"engine.wasm: {len(wasm):,} bytes, {len(gzip.compress(wasm, 9)):,} with gzip")
    all_files = [path for path in SITE.rglob("*") if path.suffix in (".html", ".js", ".css", ".wasm")]
    print(f"all code of the site: {sum(len(gzip.compress(p.read_bytes(), 9)) for p in all_files):,} bytes with gzip")
    own = [sys.executable, __file__, "--python"]
    environment = {**os.environ, "LAYERWISE_ISA": "baseline"}
    baseline = json.loads(subprocess.run(own, env=environment, check=True, capture_output=True).stdout)
    from playwright.sync_api import sync_playwright

    with serving(SITE) as address, sync_playwright() as playwright:
        chromium = os.environ.get("LAYERWISE_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(address)
        for name, (units, batch, optimizer) in WORK.items():
            seconds = page.evaluate(TRAIN, [units, batch, optimizer, ROWS])
            print(
                f"{name}: {seconds:.3f} s in the page, {baseline[name]:.3f} s in Python: {seconds / baseline[name]:.2f}"
            )
        print(f"regions of 128 x 128 points, 2-64-3: {page.evaluate(REGIONS):.1f} ms with the worker's messages")
        browser.close()


if __name__ == "__main__":
    if "--python" in sys.argv:
        print(json.dumps(in_python()))
    else:
        main()
