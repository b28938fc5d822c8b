"""Every Python block of the how-to pages runs: all blocks of a page in one namespace, in a folder of its own."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.handwriting import learning

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
pytestmark = pytest.mark.skipif(not PAGES.exists(), reason="the sources without their pages")
OWN = {  # pages whose tests look at more: tests/test_pages.py and tests/test_*_page.py
    "confidence.md", "custom-parts.md", "diagnose.md", "export.md", "from-scikit-learn.md", "import.md",
    "many-machines.md", "pictures.md", "scale.md", "searches.md", "tables.md", "trace.md", "training.md",
}  # fmt: skip
SLOW = {"own-digits.md"}  # a correction's few seconds: test_pages.py has one too
NAMES = [
    pytest.param(path.name, marks=pytest.mark.slow if path.name in SLOW else ())
    for path in sorted(PAGES.glob("*.md"))
    if path.name not in OWN
]


def blocks(name, *languages):
    fences = re.findall(
        r"^ *```(\w+)\n(.*?)^ *```", (PAGES / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [block for language, block in fences if language in (languages or ("python",))]


@pytest.fixture(scope="module")
def digits():
    """MNIST with 1,500 images to train, 300 to validate and 300 to test."""
    parts = zip(lw.datasets.load_mnist(), (1500, 300, 300), strict=True)
    return [(X[:n].copy(), y[:n].copy()) for (X, y), n in parts]


@pytest.fixture
def few_digits(digits, monkeypatch):
    monkeypatch.setattr(lw.datasets, "load_mnist", lambda: [(X.copy(), y.copy()) for X, y in digits])


def run(name, *languages):
    namespace = {"__name__": "__main__"}
    for number, block in enumerate(blocks(name, *languages), 1):
        short = block.replace("epochs=1000", "epochs=100")  # of from-nnfs.md
        exec(compile(short, f"{name}, block {number}", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", NAMES)
def test_the_python_of_a_page_runs(name, few_digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(learning, "STEPS", 10)  # of a correction: own-digits.md
    for package in ("sklearn", "PIL"):
        pytest.importorskip(package)
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    run(name)
    pyplot.close("all")


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")  # those of Keras and PyTorch about NumPy's newest versions
@pytest.mark.parametrize(("name", "package"), [("from-keras.md", "keras"), ("from-pytorch.md", "torch")])
def test_both_sides_of_a_page_run_and_end_alike(name, package, few_digits, tmp_path, monkeypatch):
    """The losses of two epochs from the same weights; Keras on whichever of its backends is installed."""
    backends = [backend for backend in ("jax", "torch", "tensorflow") if importlib.util.find_spec(backend)]
    if package == "keras" and not backends:
        pytest.skip("Keras has no backend")
    monkeypatch.setenv("KERAS_BACKEND", (backends or ["jax"])[0])
    pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    found = run(name, "python", "py")
    ours, theirs = ([float(loss) for loss in found[name]] for name in ("ours", "theirs"))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert found["ours"][-1] < found["ours"][0]


def test_every_page_is_in_the_index():
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    for path in PAGES.glob("*.md"):
        assert path.name == "index.md" or f"]({path.name})" in index, path.name


def test_a_fit_after_nnfs_init(monkeypatch):
    """from-nnfs.md: nnfs.init() makes float32 the default of NumPy's own zeros and eye."""
    X, y = lw.datasets.make_spiral()

    def trained():
        net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
        net.fit(X, y, epochs=2, verbose=False)
        return net.theta, net.evaluate(X, y)["loss"]

    theta, loss = trained()
    for name, plain in (("zeros", np.zeros), ("eye", np.eye)):

        def single(n, *args, plain=plain, **settings):
            return plain(n, *args, **({} if args else {"dtype": "float32"}) | settings)

        monkeypatch.setattr(np, name, single)
    again, same = trained()
    np.testing.assert_array_equal(again, theta)
    assert same == loss
